package ios

import (
	"testing"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

const kikPath = "AppDomain-com.kik.chat/Documents/kik.sqlite"

// kikSchema is that of the app in 2015 (tables read here, without indexes).
const kikSchema = `
CREATE TABLE ZKIKATTACHMENT ( Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZFLAGS INTEGER, ZINTERNALID INTEGER, ZRETRYCOUNT INTEGER, ZSTATE INTEGER, ZTYPE INTEGER, ZEXTRA INTEGER, ZMESSAGE INTEGER, ZLASTACCESSTIMESTAMP TIMESTAMP, ZTIMESTAMP TIMESTAMP, ZCONTENT VARCHAR );
CREATE TABLE ZKIKMESSAGE ( Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZFLAGS INTEGER, ZINTERNALID INTEGER, ZSTATE INTEGER, ZSYSTEMSTATE INTEGER, ZTYPE INTEGER, ZCHATEXTRA INTEGER, ZDRAFTMESSAGECHAT INTEGER, ZLASTMESSAGECHAT INTEGER, ZLASTMESSAGEUSER INTEGER, ZUSER INTEGER, ZRECEIVEDTIMESTAMP TIMESTAMP, ZTIMESTAMP TIMESTAMP, ZBODY VARCHAR, ZSTANZAID VARCHAR, ZRENDERINSTRUCTIONSET BLOB );
CREATE TABLE ZKIKUSER ( Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZADDRESSBOOKID INTEGER, ZFLAGS INTEGER, ZINTERNALID INTEGER, ZPRESENCE INTEGER, ZTYPE INTEGER, ZCHATUSER INTEGER, ZEXTRA INTEGER, ZLASTMESSAGE INTEGER, ZDISPLAYNAME VARCHAR, ZDISPLAYNAMEASCII VARCHAR, ZEMAIL VARCHAR, ZFIRSTNAME VARCHAR, ZGROUPTAG VARCHAR, ZJID VARCHAR, ZLASTNAME VARCHAR, ZPPTIMESTAMP VARCHAR, ZPPURL VARCHAR, ZSTATUS VARCHAR, ZUSERNAME VARCHAR, ZCONTENTLINKSPROTODATA BLOB );
`

func kikSamples(tb testing.TB) []artifacttest.Sample {
	return []artifacttest.Sample{
		databaseSample(tb, "chats", kikPath, kikSchema+`
INSERT INTO ZKIKUSER (Z_PK, ZTYPE, ZDISPLAYNAME, ZDISPLAYNAMEASCII, ZEMAIL, ZJID, ZPPURL, ZUSERNAME) VALUES
 (2, 1, 'Ana Ñ', 'Ana N', 'ana@example.org', 'ana_x1@talk.kik.com', 'http://profilepics.example.com/x', 'ana'), (3, 2, NULL, NULL, NULL, '1_g@groups.kik.com', NULL, NULL);
INSERT INTO ZKIKMESSAGE (Z_PK, ZSTATE, ZTYPE, ZUSER, ZRECEIVEDTIMESTAMP, ZTIMESTAMP, ZBODY) VALUES
 (1, 16, 1, 2, 457260374.492353, 457260372.024, 'mira https://evil.example.com/a?b=1 y news[.]example[.]net'),
 (2, 30, 2, 2, 457273571.5, 457273571.5, 'gracias'), (3, 0, 3, 3, 457280195.2, 457280194.9, 'You started a group'), (4, 16, 1, 99, NULL, NULL, NULL);
INSERT INTO ZKIKATTACHMENT (Z_PK, ZTYPE, ZMESSAGE, ZCONTENT) VALUES (1, 1, 1, 'a7160843-c595-4afb-a359-4151dcd79157');`),
		withBadValues(databaseSample(tb, "bad", kikPath, `CREATE TABLE ZKIKMESSAGE (ZTYPE, ZUSER, ZBODY, ZTIMESTAMP);
CREATE TABLE ZKIKUSER (ZJID, ZEMAIL, ZPPURL); INSERT INTO ZKIKUSER VALUES (5, x'ff', 7);
INSERT INTO ZKIKMESSAGE VALUES ('x', 1, x'fffe', 'then'), (NULL, NULL, 8, 1e300);`)),
	}
}

func TestKik(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, kik{}, "testdata/kik", kikSamples(t)...)
}

func FuzzKik(f *testing.F) { artifacttest.Fuzz(f, kik{}, kikSamples(f)...) }

// TestKikReal reads the chats of a test phone.
func TestKikReal(t *testing.T) {
	t.Parallel()
	s := artifacttest.Sample{Path: kikPath, Files: map[string][]byte{kikPath: readEvidence(t, "plaso", "ios", "kik.sqlite")}}
	recs, errs := artifacttest.Parse(t, kik{}, s)
	if len(errs) != 0 {
		t.Fatal(errs)
	}
	directions, links := map[string]int{}, 0
	for _, r := range recs {
		if r.Kind != "message" {
			continue
		}
		directions[r.Text("direction")]++
		links += len(r.Observed)
		if r.Text("chat") == "" || len(r.Times) != 2 || r.Times[0].At.Year() != 2015 {
			t.Errorf("%v: %v %v", r.Loc, r.Fields, r.Times)
		}
	}
	if directions["received"] != 31 || directions["sent"] != 24 || directions[""] != 5 || links == 0 {
		t.Errorf("%v, %d observables", directions, links)
	}
	compareObserved(t, recs[6], []artifact.Observable{
		{Type: artifact.URL, Value: "http://www.johnlewis.com/oxo-good-grips-cold-brew-coffee-maker/p2029500", Field: "links"},
	})
}
