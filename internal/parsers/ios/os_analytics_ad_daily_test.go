package ios

import (
	"testing"
	"time"

	oracle "howett.net/plist"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

const adDailyPath = "HomeDomain/Library/Preferences/com.apple.osanalytics.addaily.plist"

func adDailySamples(tb testing.TB) []artifacttest.Sample {
	tb.Helper()
	at := time.Date(2023, 2, 3, 4, 5, 6, 0, time.UTC)
	return []artifacttest.Sample{
		listSample(tb, "usage", adDailyPath, oracle.BinaryFormat, map[string]any{"netUsageBaseline": map[string]any{
			"BackupAgent": []any{at, 1.0, 2.0, 3.0, 4.0}, "mDNSResponder/com.apple.mobilesafari": []any{at, 10.5, 0.0, 0.0, 0.0},
		}}),
		withBadValues(listSample(tb, "bad", adDailyPath, oracle.XMLFormat, map[string]any{"netUsageBaseline": map[string]any{
			"short": []any{at, 1.0}, "empty": []any{}, "text": "nothing", "odd": []any{"yesterday", "many", true, []any{1}, 4.0, 5.0}, "": []any{at},
		}, "other": 1})),
		listSample(tb, "none", adDailyPath, oracle.XMLFormat, map[string]any{"other": 1}),
	}
}

func TestOSAnalyticsADDaily(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, osAnalyticsADDaily{}, "testdata/os_analytics_ad_daily", adDailySamples(t)...)
}

func FuzzOSAnalyticsADDaily(f *testing.F) {
	artifacttest.Fuzz(f, osAnalyticsADDaily{}, adDailySamples(f)...)
}

func TestADDailyProcess(t *testing.T) {
	t.Parallel()
	recs, errs := artifacttest.Parse(t, osAnalyticsADDaily{}, adDailySamples(t)[0])
	if len(recs) != 2 || len(errs) != 0 {
		t.Fatalf("%d records, %v", len(recs), errs)
	}
	compareObserved(t, recs[0], []artifact.Observable{{Type: artifact.Process, Value: "BackupAgent", Field: "package"}})
}
