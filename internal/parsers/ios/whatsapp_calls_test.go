package ios

import (
	"testing"

	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

const whatsAppCallsPath = whatsAppGroup + "CallHistory.sqlite"

// whatsAppCallsSchema is that of the app in 2023 (iLEAPP's test data,
// josh_ios15_ffs), without indexes.
const whatsAppCallsSchema = `
CREATE TABLE ZWAAGGREGATECALLEVENT ( Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZINCOMING INTEGER, ZMISSED INTEGER, ZMISSEDREASON INTEGER, ZVIDEO INTEGER, ZFIRSTDATE TIMESTAMP, ZLINKTOKEN VARCHAR );
CREATE TABLE ZWACDCALLEVENT ( Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZBYTESRECEIVED INTEGER, ZBYTESSENT INTEGER, ZOUTCOME INTEGER, Z1CALLEVENTS INTEGER, Z_FOK_1CALLEVENTS INTEGER, ZDATE TIMESTAMP, ZDURATION FLOAT, ZGROUPCALLCREATORUSERJIDSTRING VARCHAR, ZGROUPJIDSTRING VARCHAR, ZSCHEDULEDID VARCHAR );
CREATE TABLE ZWACDCALLEVENTPARTICIPANT ( Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZOUTCOME INTEGER, Z1PARTICIPANTS INTEGER, Z_FOK_1PARTICIPANTS INTEGER, ZJIDSTRING VARCHAR );
`

func whatsAppCallsSamples(tb testing.TB) []artifacttest.Sample {
	return []artifacttest.Sample{
		databaseSample(tb, "calls", whatsAppCallsPath, whatsAppCallsSchema+`
INSERT INTO ZWAAGGREGATECALLEVENT VALUES (1, 1, 1, 0, 0, 1, 0, 704736730.06, NULL), (2, 1, 1, 1, 1, 1, 1, 704736906.43, 'kT0k3n');
INSERT INTO ZWACDCALLEVENT VALUES (1, 2, 1, 121551, 39611, 0, 1, 2048, 704736730.06, 95.1, '15550100001@s.whatsapp.net', NULL, NULL),
 (2, 2, 1, 0, 0, 1, 2, 2048, 704736906.43, 0, '15550100002@s.whatsapp.net', '15550100002-1600000000@g.us', NULL), (3, 2, 1, NULL, NULL, NULL, 9, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO ZWACDCALLEVENTPARTICIPANT VALUES (1, 3, 1, 0, 1, 2048, '15550100002@s.whatsapp.net'), (2, 3, 1, 0, 2, 2048, '15550100002@s.whatsapp.net'), (3, 3, 1, 0, 2, 2048, '99887766@lid');`),
		withBadValues(databaseSample(tb, "bad", whatsAppCallsPath, `CREATE TABLE ZWACDCALLEVENT (Z1CALLEVENTS, ZDATE, ZDURATION, ZGROUPJIDSTRING);
CREATE TABLE ZWAAGGREGATECALLEVENT (ZINCOMING, ZMISSED, ZVIDEO, ZLINKTOKEN); INSERT INTO ZWAAGGREGATECALLEVENT VALUES ('x', 7, NULL, x'ff');
INSERT INTO ZWACDCALLEVENT VALUES (1, 'then', 'long', x'fffe'), ('y', 1e300, -1, 5);`)),
		// A database that lacks the other tables.
		databaseSample(tb, "fewer_tables", whatsAppCallsPath, `CREATE TABLE ZWACDCALLEVENT (Z_PK INTEGER PRIMARY KEY, ZDATE TIMESTAMP, ZDURATION FLOAT, ZGROUPCALLCREATORUSERJIDSTRING VARCHAR);
INSERT INTO ZWACDCALLEVENT VALUES (1, 579000000.5, 3, '15550100003@s.whatsapp.net');`),
	}
}

func TestWhatsAppCalls(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, whatsAppCalls{}, "testdata/whatsapp_calls", whatsAppCallsSamples(t)...)
}

func FuzzWhatsAppCalls(f *testing.F) {
	artifacttest.Fuzz(f, whatsAppCalls{}, whatsAppCallsSamples(f)...)
}

// TestWhatsAppCallsReal reads the calls of a test phone.
func TestWhatsAppCallsReal(t *testing.T) {
	t.Parallel()
	data := unzipEvidence(t, "testdata.whatsApp.whatsAppCallHistory.josh_ios15_ffs.zip")["CallHistory.sqlite"]
	recs, errs := artifacttest.Parse(t, whatsAppCalls{}, artifacttest.Sample{Path: whatsAppCallsPath, Files: map[string][]byte{whatsAppCallsPath: data}})
	if len(errs) != 0 || len(recs) != 4 {
		t.Fatalf("%d records, %v", len(recs), errs)
	}
	for _, r := range recs {
		if r.Text("direction") == "" || len(r.Observed) < 2 || len(r.Times) != 1 || r.Times[0].At.Year() != 2023 || len(r.Get("participants").Strings()) != 1 {
			t.Errorf("%v: %v %v %v", r.Loc, r.Fields, r.Times, r.Observed)
		}
	}
}
