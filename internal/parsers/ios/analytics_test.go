package ios

import (
	"encoding/hex"
	"strings"
	"testing"

	oracle "howett.net/plist"

	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

const analyticsPath = "private/var/Keychains/Analytics/trust_analytics.db"

// analyticsSchema is that of SFAnalytics in Apple's published Security
// framework (see Refs), without its triggers.
const analyticsSchema = `
CREATE TABLE hard_failures (id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp REAL, data BLOB);
CREATE TABLE soft_failures (id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp REAL, data BLOB);
CREATE TABLE notes (id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp REAL, data BLOB);
CREATE TABLE samples (id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp REAL, name STRING, value REAL);
CREATE TABLE success_count (event_type STRING PRIMARY KEY, success_count INTEGER, hard_failure_count INTEGER, soft_failure_count INTEGER);
`

// listHex is a property list as a literal of SQL.
func listHex(tb testing.TB, v any) string {
	tb.Helper()
	b, err := oracle.Marshal(v, oracle.BinaryFormat)
	if err != nil {
		tb.Fatal(err)
	}
	return "x'" + hex.EncodeToString(b) + "'"
}

func analyticsSamples(tb testing.TB) []artifacttest.Sample {
	first := listHex(tb, map[string]any{
		"eventType": "PinningEvent", "eventClass": 1, "build": "18D52", "product": "iPhone OS", "process": "bh",
		"host": "bad.example.org", "url": "https://bad.example.org/x", "file": "/private/var/tmp/hooker",
		"chain": []any{map[string]any{"deep": true}}, "rate": 0.5, "source_table": "taken",
	})
	later := listHex(tb, map[string]any{"eventType": "CloudServicesEvent", "build": "18E199"})
	modern := analyticsSchema + "INSERT INTO hard_failures VALUES (1, 1612254621.5, " + first + ");\n" +
		"INSERT INTO soft_failures VALUES (1, 1619254621.5, " + later + "), (2, 1612254000, " + first + "), (3, NULL, " + later + ");\n" +
		"INSERT INTO notes VALUES (1, 1612254621.5, NULL);\n"
	bad := `
CREATE TABLE all_events (id INTEGER PRIMARY KEY, timestamp, data);
INSERT INTO all_events VALUES (1, 'then', x'00'), (2, 1e300, 'text'), (3, 0, ` + listHex(tb, []any{1}) + `), (4, 1, ` +
		listHex(tb, map[string]any{"": 1, "build": 7, "_": "x"}) + `);
`
	return []artifacttest.Sample{
		databaseSample(tb, "modern", analyticsPath, modern),
		withBadValues(databaseSample(tb, "bad", "private/var/Keychains/Analytics/ckks_analytics.db", bad)),
	}
}

func TestAnalytics(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, analytics{}, "testdata/analytics", analyticsSamples(t)...)
}

func FuzzAnalytics(f *testing.F) { artifacttest.Fuzz(f, analytics{}, analyticsSamples(f)...) }

func TestAnalyticsIOSVersions(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, analyticsVersions{}, "testdata/analytics_ios_versions", analyticsSamples(t)...)
}

func FuzzAnalyticsIOSVersions(f *testing.F) {
	artifacttest.Fuzz(f, analyticsVersions{}, analyticsSamples(f)...)
}

func versionSamples() []artifacttest.Sample {
	const path = "private/var/db/analyticsd/Analytics-Journal-Daily-60D0.ips"
	return []artifacttest.Sample{
		fileSample("journal", path, `{"bug_type":"211","timestamp":"2022-11-20 03:04:48.00 +0000","os_version":"iPhone OS 16.1 (20B82)","roots_installed":0,"incident_id":"A0"}`+"\n{\"_marker\":\"<metadata-begin>\"}\n"),
		fileSample("core", "Analytics-2021-02-02-003021.ips.ca.synced", "\n"+`{"bug_type":"211","timestamp":"yesterday","os_version":"16.1"}`),
		withBadValues(fileSample("odd", path, `{"bug_type":211,"timestamp":7,"os_version":["x"]}`)),
	}
}

func TestVersionHistory(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, versionHistory{}, "testdata/version_history", versionSamples()...)
}

func FuzzVersionHistory(f *testing.F) { artifacttest.Fuzz(f, versionHistory{}, versionSamples()...) }

func TestNoVersion(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"", "\n\n", "text\n", "{\"cut"} {
		recs, errs := artifacttest.Parse(t, versionHistory{}, fileSample("none", "Analytics-Journal-1.ips", in))
		if len(recs) != 0 || len(errs) != 1 || !strings.Contains(errs[0].Error(), "Analytics-Journal-1.ips") {
			t.Errorf("%q: %d records, errors %v", in, len(recs), errs)
		}
	}
}
