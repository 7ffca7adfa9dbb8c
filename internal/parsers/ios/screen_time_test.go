package ios

import (
	"testing"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

const screenTimePath = "private/var/mobile/Library/Application Support/com.apple.remotemanagementd/RMAdminStore-Local.sqlite"

// screenTimeSchema has the columns that plaso's plug-in and APOLLO's modules name.
const screenTimeSchema = `
CREATE TABLE ZUSAGETIMEDITEM (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZTOTALTIMEINSECONDS INTEGER, ZUSAGETRUSTED INTEGER, ZCATEGORY INTEGER, ZBUNDLEIDENTIFIER VARCHAR, ZDOMAIN VARCHAR);
CREATE TABLE ZUSAGECOUNTEDITEM (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZNUMBEROFNOTIFICATIONS INTEGER, ZNUMBEROFPICKUPS INTEGER, ZBLOCK INTEGER, ZBUNDLEIDENTIFIER VARCHAR);
CREATE TABLE ZUSAGECATEGORY (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZTOTALTIMEINSECONDS INTEGER, ZBLOCK INTEGER, ZIDENTIFIER VARCHAR);
CREATE TABLE ZUSAGEBLOCK (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZDURATIONINMINUTES INTEGER, ZUSAGE INTEGER, ZSTARTDATE TIMESTAMP);
CREATE TABLE ZUSAGE (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZDEVICE INTEGER, ZUSER INTEGER);
CREATE TABLE ZCOREDEVICE (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZPLATFORM INTEGER, ZIDENTIFIER VARCHAR, ZNAME VARCHAR);
CREATE TABLE ZCOREUSER (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZAPPLEID VARCHAR, ZFAMILYNAME VARCHAR, ZGIVENNAME VARCHAR);
`

func screenTimeSamples(tb testing.TB) []artifacttest.Sample {
	modern := screenTimeSchema + `
INSERT INTO ZCOREDEVICE VALUES (1, 2, 1, 2, 'A1B2', 'iPhone de Ana');
INSERT INTO ZCOREUSER VALUES (1, 3, 1, 'ana@example.org', 'López', 'Ana');
INSERT INTO ZUSAGE VALUES (1, 4, 1, 1, 1), (2, 4, 1, 9, NULL);
INSERT INTO ZUSAGEBLOCK VALUES (1, 5, 1, 60, 1, 600000000), (2, 5, 1, 60, 2, 600003600);
INSERT INTO ZUSAGECATEGORY VALUES (1, 6, 1, 99, 1, 'DH1002'), (2, 6, 1, 9, 2, NULL);
INSERT INTO ZUSAGETIMEDITEM VALUES (1, 7, 1, 90, 1, 1, 'com.apple.mobilesafari', 'lure.example.org'), (2, 7, 1, 9, 1, 2, 'org.example.app', NULL), (3, 7, 1, 1, 0, 77, NULL, NULL);
INSERT INTO ZUSAGECOUNTEDITEM VALUES (1, 8, 1, 4, 0, 1, 'net.whatsapp.WhatsApp');
`
	bad := `
CREATE TABLE ZUSAGETIMEDITEM (Z_PK INTEGER PRIMARY KEY, ZTOTALTIMEINSECONDS, ZCATEGORY, ZBUNDLEIDENTIFIER, ZDOMAIN);
CREATE TABLE ZUSAGECATEGORY (Z_PK INTEGER PRIMARY KEY, ZBLOCK, ZIDENTIFIER);
CREATE TABLE ZUSAGEBLOCK (Z_PK INTEGER PRIMARY KEY, ZUSAGE, ZSTARTDATE);
INSERT INTO ZUSAGETIMEDITEM VALUES (1, 'long', 1, 7, x'ff'), (2, NULL, 'x', NULL, NULL);
INSERT INTO ZUSAGECATEGORY VALUES (1, 1, x'00');
INSERT INTO ZUSAGEBLOCK VALUES (1, 'x', 'then');
`
	return []artifacttest.Sample{
		databaseSample(tb, "modern", screenTimePath, modern),
		withBadValues(databaseSample(tb, "bad", screenTimePath, bad)),
	}
}

func TestScreenTime(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, screenTime{}, "testdata/screen_time", screenTimeSamples(t)...)
}

func FuzzScreenTime(f *testing.F) { artifacttest.Fuzz(f, screenTime{}, screenTimeSamples(f)...) }

func TestScreenTimeObserves(t *testing.T) {
	t.Parallel()
	recs, errs := artifacttest.Parse(t, screenTime{}, screenTimeSamples(t)[0])
	if len(recs) != 4 || len(errs) != 0 {
		t.Fatalf("%d records, errors %v", len(recs), errs)
	}
	compareObserved(t, recs[0], []artifact.Observable{
		{Type: artifact.AppID, Value: "com.apple.mobilesafari", Field: "bundle_id"},
		{Type: artifact.Domain, Value: "lure.example.org", Field: "domain"},
		{Type: artifact.Email, Value: "ana@example.org", Field: "apple_id"},
	})
	// No hour of one item may remain for the next.
	if len(recs[2].Times) != 0 || recs[2].Text("category") != "" || recs[1].Text("device") != "" {
		t.Errorf("%v %v", recs[1].Fields, recs[2].Times)
	}
}
