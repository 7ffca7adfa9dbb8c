package ios

import (
	"testing"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

const knowledgePath = "private/var/mobile/Library/CoreDuet/Knowledge/knowledgeC.db"

// knowledgeSchema is that of iOS 13, most columns of metadata left out.
const knowledgeSchema = `
CREATE TABLE ZOBJECT (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZUUIDHASH INTEGER, ZSOURCE INTEGER, ZHASSTRUCTUREDMETADATA INTEGER, ZSECONDSFROMGMT INTEGER,
	ZVALUEINTEGER INTEGER, ZSTRUCTUREDMETADATA INTEGER, ZCREATIONDATE TIMESTAMP, ZENDDATE TIMESTAMP, ZSTARTDATE TIMESTAMP, ZVALUEDOUBLE FLOAT,
	ZUUID VARCHAR, ZSTREAMNAME VARCHAR, ZVALUESTRING VARCHAR, ZMETADATA BLOB);
CREATE TABLE ZSOURCE (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZUSERID INTEGER, ZBUNDLEID VARCHAR, ZDEVICEID VARCHAR, ZGROUPID VARCHAR, ZITEMID VARCHAR, ZSOURCEID VARCHAR);
CREATE TABLE ZSTRUCTUREDMETADATA (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, Z_DKAPPLICATIONMETADATAKEY__PROCESSIDENTIFIER INTEGER,
	Z_DKAPPINSTALLMETADATAKEY__ISINSTALL INTEGER, Z_DKAPPINSTALLMETADATAKEY__TITLE VARCHAR, Z_DKAPPLICATIONMETADATAKEY__LAUNCHREASON VARCHAR,
	Z_DKDIGITALHEALTHMETADATAKEY__WEBDOMAIN VARCHAR, Z_DKDIGITALHEALTHMETADATAKEY__WEBPAGEURL VARCHAR, Z_DKSAFARIHISTORYMETADATAKEY__TITLE VARCHAR,
	Z_DKNOTIFICATIONUSAGEMETADATAKEY__BUNDLEID VARCHAR, Z_DKINTENTMETADATAKEY__INTENTCLASS VARCHAR, Z_DKINTENTMETADATAKEY__INTENTVERB VARCHAR,
	Z_DKBLUETOOTHMETADATAKEY__ADDRESS VARCHAR, Z_DKBLUETOOTHMETADATAKEY__NAME VARCHAR, Z_DKINTENTMETADATAKEY__SERIALIZEDINTERACTION BLOB, ZMETADATAHASH VARCHAR UNIQUE);
`

func knowledgeSamples(tb testing.TB) []artifacttest.Sample {
	modern := knowledgeSchema + `
INSERT INTO ZSOURCE VALUES (1, 12, 1, NULL, 'com.apple.MobileSMS', 'A1B2', 'group', 'item', 'intents');
INSERT INTO ZSTRUCTUREDMETADATA (Z_PK, Z_DKAPPLICATIONMETADATAKEY__LAUNCHREASON, Z_DKAPPLICATIONMETADATAKEY__PROCESSIDENTIFIER, ZMETADATAHASH) VALUES (1, 'com.apple.SpringBoard.transitionReason.homescreen', 321, 'a');
INSERT INTO ZSTRUCTUREDMETADATA (Z_PK, Z_DKDIGITALHEALTHMETADATAKEY__WEBDOMAIN, Z_DKDIGITALHEALTHMETADATAKEY__WEBPAGEURL, ZMETADATAHASH) VALUES (2, 'lure.example.org', 'https://lure.example.org/x', 'b');
INSERT INTO ZSTRUCTUREDMETADATA (Z_PK, Z_DKINTENTMETADATAKEY__INTENTCLASS, Z_DKINTENTMETADATAKEY__INTENTVERB, Z_DKINTENTMETADATAKEY__SERIALIZEDINTERACTION, ZMETADATAHASH) VALUES (3, 'INSendMessageIntent', 'SendMessage', x'0011', 'c');
INSERT INTO ZSTRUCTUREDMETADATA (Z_PK, Z_DKBLUETOOTHMETADATAKEY__ADDRESS, Z_DKBLUETOOTHMETADATAKEY__NAME, ZMETADATAHASH) VALUES (4, '00:11:22:33:44:55', 'Car', 'd');
INSERT INTO ZSTRUCTUREDMETADATA (Z_PK, Z_DKNOTIFICATIONUSAGEMETADATAKEY__BUNDLEID, ZMETADATAHASH) VALUES (5, 'net.whatsapp.WhatsApp', 'e');
INSERT INTO ZOBJECT VALUES (1, 11, 1, 7, NULL, 1, 7200, 3872323583427967481, 1, 600000100.25, 600000060, 600000000, 3872323583427967481, 'U1', '/app/inFocus', 'org.example.app', NULL),
	(2, 11, 1, 7, NULL, 1, 7200, 5, 2, 600000200, 600000160, 600000100, 5, 'U2', '/app/webUsage', 'com.apple.mobilesafari', NULL),
	(3, 11, 1, 7, 1, 1, 7200, 0, 3, 600000300, 600000300, 600000300, 0, 'U3', '/app/intents', 'com.apple.MobileSMS', NULL),
	(4, 11, 1, 7, NULL, 0, 7200, 1, NULL, 600000400, 600000500, 600000400, 1, 'U4', '/device/isLocked', NULL, NULL),
	(5, 11, 1, 7, NULL, 1, -18000, 1, 4, 600000400, 600000500, 600000400, 1, 'U5', '/bluetooth/isConnected', NULL, NULL),
	(6, 11, 1, 7, NULL, 1, 7200, 9, 5, 600000600, 600000600, 600000600, 9, 'U6', '/notification/usage', 'Receive', NULL),
	(7, 11, 1, 7, NULL, 0, 7200, 9, 77, 600000700, 600000700, 600000700, 9, 'U7', '/safari/history', 'http://old.example.org/', NULL),
	(8, 3, 1, 7, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'U8', NULL, NULL, NULL);
`
	bad := `
CREATE TABLE ZOBJECT (Z_PK INTEGER PRIMARY KEY, ZSOURCE, ZSTREAMNAME, ZVALUESTRING, ZVALUEINTEGER, ZVALUEDOUBLE, ZSTRUCTUREDMETADATA, ZSTARTDATE, ZENDDATE, ZCREATIONDATE, ZSECONDSFROMGMT, ZUUID);
CREATE TABLE ZSTRUCTUREDMETADATA (Z_PK INTEGER PRIMARY KEY, Z_DKDIGITALHEALTHMETADATAKEY__WEBPAGEURL, Z_DKDIGITALHEALTHMETADATAKEY__WEBDOMAIN);
INSERT INTO ZSTRUCTUREDMETADATA VALUES (1, 7, x'ff'), (2, '', '.');
INSERT INTO ZOBJECT VALUES (1, 'x', '/app/inFocus', 17, 'n', 'd', 1, 'then', x'00', 1e300, 'gmt', 5), (2, NULL, x'2f78', '', NULL, x'00', 2, NULL, NULL, NULL, NULL, NULL),
	(3, 1, 7, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
`
	return []artifacttest.Sample{
		databaseSample(tb, "modern", knowledgePath, modern),
		withBadValues(databaseSample(tb, "bad", knowledgePath, bad)),
	}
}

func TestKnowledgeC(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, knowledgeC{}, "testdata/knowledgec", knowledgeSamples(t)...)
}

func FuzzKnowledgeC(f *testing.F) { artifacttest.Fuzz(f, knowledgeC{}, knowledgeSamples(f)...) }

func TestKnowledgeCObserves(t *testing.T) {
	t.Parallel()
	recs, errs := artifacttest.Parse(t, knowledgeC{}, knowledgeSamples(t)[0])
	if len(errs) != 0 || len(recs) != 7 {
		t.Fatalf("%d records, errors %v", len(recs), errs)
	}
	compareObserved(t, recs[1], []artifact.Observable{
		{Type: artifact.Process, Value: "com.apple.mobilesafari", Field: "value"},
		{Type: artifact.AppID, Value: "com.apple.mobilesafari", Field: "value"},
		{Type: artifact.Domain, Value: "lure.example.org", Field: "web_domain"},
		{Type: artifact.URL, Value: "https://lure.example.org/x", Field: "url"},
	})
	compareObserved(t, recs[6], []artifact.Observable{{Type: artifact.URL, Value: "http://old.example.org/", Field: "value"}})
}

// TestRealKnowledgeC: the sample is of macOS 10.13, whose tables are those of
// iOS 11.
func TestRealKnowledgeC(t *testing.T) {
	t.Parallel()
	data := readEvidence(t, "plaso", "macos", "knowledgec-10.13.db")
	recs, errs := artifacttest.Parse(t, knowledgeC{}, artifacttest.Sample{Path: knowledgePath, Files: map[string][]byte{knowledgePath: data}})
	streams := map[string]int{}
	for _, r := range recs {
		streams[r.Text("stream")]++
	}
	if streams["/app/inFocus"] != 17 || streams["/display/isBacklit"] != 2 || streams["/activity/level"] != 2 || len(recs) != 21 || len(errs) != 0 {
		t.Errorf("%v, errors %v", streams, errs)
	}
	if recs[0].Text("value") != "com.apple.Installer-Progress" || recs[0].Times[0].At.Unix() != 1549817997 {
		t.Errorf("%v %v", recs[0].Fields, recs[0].Times)
	}
}
