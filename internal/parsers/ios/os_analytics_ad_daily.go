package ios

import (
	"context"
	"fmt"
	"iter"
	"strconv"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/plist"
)

// osAnalyticsADDaily reads how much each process used the network, as the
// phone's own analytics remember it.
type osAnalyticsADDaily struct{}

var osAnalyticsADDailyInfo = artifact.Info{
	Name:    "ios.os_analytics_ad_daily",
	Version: 1,
	Summary: "Network use of processes and apps, as the phone's analytics add it up.",
	Files:   onPhone("HomeDomain/Library/Preferences/com.apple.osanalytics.addaily.plist"),
	Kinds: []artifact.KindInfo{{
		Kind: "usage",
		Doc:  "Network use of one process or app.",
		Fields: []artifact.FieldInfo{
			{Name: "package", Type: artifact.Text, Doc: "process, with the app that it works for after a slash"},
			{Name: "wifi_in", Type: artifact.Float, Doc: "bytes received over Wi-Fi"},
			{Name: "wifi_out", Type: artifact.Float, Doc: "bytes sent over Wi-Fi"},
			{Name: "wwan_in", Type: artifact.Float, Doc: "bytes received over the mobile network"},
			{Name: "wwan_out", Type: artifact.Float, Doc: "bytes sent over the mobile network"},
			{Name: "values", Type: artifact.Tree, Doc: "the entry as it stands there, where it has another form"},
		},
		Times: []string{"counted"},
	}},
	Caveats: []string{"Only sums since the last time that the phone reported them: no history."},
	Refs: []string{
		"https://docs.mvt.re/en/latest/ios/records/",
		"https://github.com/KasperskyLab/triangle_check (use of com.apple.osanalytics.addaily.plist)",
	},
}

// Info implements artifact.Parser.
func (osAnalyticsADDaily) Info() artifact.Info { return osAnalyticsADDailyInfo }

// Parse implements artifact.Parser.
func (osAnalyticsADDaily) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readPropertyList(ctx, in, func(r *listReading) error {
		for name, v := range r.root.Get("netUsageBaseline").All() {
			if err := r.netUsage(name, v); err != nil {
				return err
			}
		}
		return nil
	})
}

// usageColumns are the fields of an entry after its time.
var usageColumns = []string{"wifi_in", "wifi_out", "wwan_in", "wwan_out"}

// netUsage gives one entry. One that has fewer values gives those.
func (r *listReading) netUsage(name string, v plist.Value) error {
	path := "netUsageBaseline/" + name
	rec := r.start("usage", path, v)
	rec.Set("package", artifact.TextOrNull(r.Cut(name)))
	rec.Observe(artifact.Process, r.Cut(name), "package")
	if v.Kind() == plist.Array {
		r.when("counted", v.At(0))
		for i, field := range usageColumns {
			if i+1 >= v.Len() {
				break
			}
			if err := r.set(field, path+"/"+strconv.Itoa(i+1), v.At(i+1)); err != nil {
				return err
			}
		}
	} else {
		tree, err := plist.Any(v, treeLimits)
		if err != nil {
			return r.problem(path, fmt.Errorf("network use: %w", err))
		}
		rec.Set("values", artifact.TreeValue(tree))
	}
	rec.Summary = r.summarizeNetUsage
	return r.Give()
}

func (r *listReading) summarizeNetUsage(b []byte) []byte {
	return appendSummary(b, "network use of ", firstText(r.Rec.Text("package"), "a process without a name"))
}
