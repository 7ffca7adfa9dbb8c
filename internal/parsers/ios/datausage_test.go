package ios

import (
	"bytes"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
	"github.com/amparo-project/amparo/internal/format/sqlite"
)

const usagePath = "WirelessDomain/Library/Databases/DataUsage.sqlite"

const usageSchema = `
CREATE TABLE ZPROCESS (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZFIRSTTIMESTAMP TIMESTAMP, ZTIMESTAMP TIMESTAMP,
	ZBUNDLENAME VARCHAR, ZPROCNAME VARCHAR);
CREATE TABLE ZLIVEUSAGE (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZKIND INTEGER, ZMETADATA INTEGER, ZTAG INTEGER,
	ZHASPROCESS INTEGER, ZBILLCYCLEEND TIMESTAMP, ZTIMESTAMP TIMESTAMP, ZWIFIIN FLOAT, ZWIFIOUT FLOAT, ZWWANIN FLOAT, ZWWANOUT FLOAT);
`

func usageSamples(tb testing.TB) []artifacttest.Sample {
	modern := usageSchema + `
INSERT INTO ZPROCESS VALUES (1, 2, 1, 600000000.5, 600001000, 'com.example.app', 'mDNSResponder/com.example.app'),
	(2, 2, 1, 600000100, 600001100, NULL, 'bh'), (6, 2, 1, 600000200, 600001200, 'com.apple.mobilesafari', 'MobileSafari');
INSERT INTO ZLIVEUSAGE VALUES (1, 1, 1, 0, NULL, NULL, 1, NULL, 600001000, 0, 0, 100, 50), (2, 1, 1, 0, NULL, NULL, 2, NULL, 600001100, 0, 0, 1, 2),
	(3, 1, 1, 0, NULL, NULL, 4, NULL, 600001150.25, 0, 0, 7000, 9000), (4, 1, 1, 0, NULL, NULL, NULL, NULL, 600001160, 0, 0, 1, 1);
`
	bad := `
CREATE TABLE ZPROCESS (Z_PK INTEGER PRIMARY KEY, ZFIRSTTIMESTAMP, ZTIMESTAMP, ZBUNDLENAME, ZPROCNAME);
CREATE TABLE ZLIVEUSAGE (Z_PK INTEGER PRIMARY KEY, ZHASPROCESS, ZTIMESTAMP, ZWIFIIN, ZWWANIN);
INSERT INTO ZPROCESS VALUES (-9223372036854775808, 'x', NULL, NULL, NULL), (1, NULL, x'00', x'ff', 17), (2000000, 1e300, 'y', '', ''), (9223372036854775807, 1, 1, 'z', 'last');
INSERT INTO ZLIVEUSAGE VALUES (1, 'one', 'then', 'much', NULL), (2, 2000000, NULL, NULL, x'00');
`
	return []artifacttest.Sample{
		databaseSample(tb, "modern", usagePath, modern),
		withBadValues(databaseSample(tb, "bad", usagePath, bad)),
	}
}

func TestDataUsage(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, dataUsage{}, "testdata/datausage", usageSamples(t)...)
}

func FuzzDataUsage(f *testing.F) { artifacttest.Fuzz(f, dataUsage{}, usageSamples(f)...) }

func TestOneForgedNumberCostsNothing(t *testing.T) {
	t.Parallel()
	s := databaseSample(t, "forged", usagePath, usageSchema+"INSERT INTO ZPROCESS (Z_PK, ZPROCNAME) VALUES (1, 'a'), (2000000000000, 'b');")
	start := time.Now()
	recs, errs := artifacttest.Parse(t, dataUsage{}, s)
	if len(recs) != 4 || len(errs) != 0 || time.Since(start) > 20*time.Second {
		t.Errorf("%d records in %v, errors %v", len(recs), time.Since(start), errs)
	}
	if n, _ := recs[2].Get("missing").Int(); n != 1999999999998 {
		t.Errorf("missing %d", n)
	}
}

// TestDamageIsNoOrphan: where a page of the processes is broken, traffic of
// those on it is marked, and no number is called missing.
func TestDamageIsNoOrphan(t *testing.T) {
	t.Parallel()
	s := databaseSample(t, "damaged", usagePath, usageSchema+`
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
INSERT INTO ZPROCESS (Z_PK, ZPROCNAME) SELECT i, 'process' || i FROM n;
INSERT INTO ZLIVEUSAGE (Z_PK, ZHASPROCESS) SELECT Z_PK, Z_PK FROM ZPROCESS;
`)
	whole, errs := artifacttest.Parse(t, dataUsage{}, s)
	if len(whole) != 100 || errs != nil {
		t.Fatalf("%d records, errors %v", len(whole), errs)
	}
	page := processPage(t, s)
	broken := append([]byte(nil), s.Files[usagePath]...)
	copy(broken[(page-1)*512:page*512], bytes.Repeat([]byte{0xff}, 512))
	s.Files = map[string][]byte{usagePath: broken}
	recs, errs := artifacttest.Parse(t, dataUsage{}, s)
	orphans := 0
	for _, r := range recs {
		if r.Kind == "process_gap" || r.Kind == "process_gaps" {
			t.Errorf("a gap of a damaged page: %v", r.Fields)
		}
		if r.Kind == "orphan_usage" {
			orphans++
			if partial, _ := r.Get("processes_partial").Bool(); !partial {
				t.Error("an orphan of a damaged page is not marked")
			}
		}
	}
	if orphans == 0 || len(errs) == 0 {
		t.Errorf("%d orphans, errors %v", orphans, errs)
	}
}

// processPage returns the page of a process in the middle of the table.
func processPage(t *testing.T, s artifacttest.Sample) int64 {
	t.Helper()
	db, err := sqlite.Open(bytes.NewReader(s.Files[usagePath]), int64(len(s.Files[usagePath])), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	table, _ := db.Table("ZPROCESS")
	for row, err := range table.Scan(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if row.RowID() == 50 {
			return int64(row.Page())
		}
	}
	t.Fatal("no such process")
	return 0
}

// TestRealDataUsage: on a clean phone there are gaps and no orphans.
func TestRealDataUsage(t *testing.T) {
	t.Parallel()
	for _, elem := range [][]string{{"plaso", "ios", "DataUsage.sqlite"}, {"ios_backup_small", "0d", "0d609c54856a9bb2d56729df1d68f2958a88426b"}} {
		recs, errs := artifacttest.Parse(t, dataUsage{}, artifacttest.Sample{
			Path: usagePath, Files: map[string][]byte{usagePath: readEvidence(t, elem...)},
		})
		kinds := map[artifact.Kind]int{}
		for _, r := range recs {
			kinds[r.Kind]++
		}
		if kinds["usage"]+kinds["process"] == 0 || kinds["orphan_usage"] != 0 || len(errs) != 0 {
			t.Errorf("%v: %v, errors %v", elem, kinds, errs)
		}
	}
}

// TestRealTCC: the sample is of macOS, whose table is that of iOS 13.
func TestRealTCC(t *testing.T) {
	t.Parallel()
	recs, errs := artifacttest.Parse(t, tcc{}, artifacttest.Sample{
		Path: tccPath, Files: map[string][]byte{tccPath: readEvidence(t, "plaso", "macos", "TCC-test.db")},
	})
	if len(recs) == 0 || len(errs) != 0 {
		t.Fatalf("%d records, errors %v", len(recs), errs)
	}
	first := recs[0]
	if first.Text("service") != "kTCCServiceUbiquity" || first.Text("client") != "com.apple.weather" ||
		first.Text("allowed_value") != "allowed" || first.Times[0].At.Unix() != 1590754191 {
		t.Errorf("%v %v", first.Fields, first.Times)
	}
}

const tccPath = "HomeDomain/Library/TCC/TCC.db"

func tccSamples(tb testing.TB) []artifacttest.Sample {
	modern := `
CREATE TABLE access (service TEXT NOT NULL, client TEXT NOT NULL, client_type INTEGER NOT NULL, auth_value INTEGER NOT NULL, auth_reason INTEGER NOT NULL,
	auth_version INTEGER NOT NULL, csreq BLOB, policy_id INTEGER, indirect_object_identifier_type INTEGER, indirect_object_identifier TEXT NOT NULL DEFAULT 'UNUSED',
	indirect_object_code_identity BLOB, flags INTEGER, last_modified INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (service, client, client_type, indirect_object_identifier));
CREATE TABLE expired (service TEXT NOT NULL, client TEXT NOT NULL, client_type INTEGER NOT NULL, csreq BLOB, last_modified INTEGER NOT NULL,
	expired_at INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (service, client, client_type));
INSERT INTO expired VALUES ('kTCCServiceLocation', 'org.gone.app', 0, x'00', 1600000002, 1600000003);
INSERT INTO access VALUES ('kTCCServiceMicrophone', 'org.example.app', 0, 2, 2, 1, NULL, NULL, NULL, 'UNUSED', NULL, 0, 1600000000),
	('kTCCServiceCamera', '/private/var/tmp/hooker', 1, 3, 12, 1, x'0011', NULL, 0, 'UNUSED', NULL, 0, 1600000001);
`
	old := `
CREATE TABLE access (service TEXT NOT NULL, client TEXT NOT NULL, client_type INTEGER NOT NULL, allowed INTEGER NOT NULL, prompt_count INTEGER NOT NULL,
	csreq BLOB, policy_id INTEGER, CONSTRAINT key PRIMARY KEY (service, client, client_type));
INSERT INTO access VALUES ('kTCCServicePhotos', 'org.example.app', 0, 1, 2, NULL, NULL);
`
	bad := `
CREATE TABLE access (service, client, client_type, auth_value, auth_reason, allowed, last_modified);
INSERT INTO access VALUES (7, x'ff', 'x', 99, -1, 'yes', 'then'), (NULL, NULL, NULL, NULL, NULL, NULL, NULL);
`
	return []artifacttest.Sample{
		databaseSample(tb, "modern", tccPath, modern),
		databaseSample(tb, "old", tccPath, old),
		withBadValues(databaseSample(tb, "bad", tccPath, bad)),
	}
}

func TestTCC(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, tcc{}, "testdata/tcc", tccSamples(t)...)
}

func FuzzTCC(f *testing.F) { artifacttest.Fuzz(f, tcc{}, tccSamples(f)...) }
