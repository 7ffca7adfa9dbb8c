package ios

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/ips"
	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/parsers/input"
)

// versionHistory reads which version of iOS wrote each file of analytics.
type versionHistory struct{}

var versionHistoryInfo = artifact.Info{
	Name:    "ios.version_history",
	Version: 1,
	Summary: "Versions of iOS that the phone ran, as the files of its analytics tell.",
	Files:   []string{"**/Analytics-Journal-*.ips*", "**/Analytics-*.ips.ca*"},
	Kinds: []artifact.KindInfo{{
		Kind: "ios_version",
		Doc:  "A version of iOS, at the time when a file was begun.",
		Fields: []artifact.FieldInfo{
			{Name: "os_version", Type: artifact.Text, Doc: "version and build of iOS: iPhone OS 16.1 (20B82)"},
			{Name: "version", Type: artifact.Text, Doc: "version alone: 16.1"},
			{Name: "build", Type: artifact.Text, Doc: "build alone: 20B82"},
			{Name: "bug_type", Type: artifact.Text, Doc: "type of the file"},
			{Name: "incident_id", Type: artifact.Text, Doc: "identifier of the file"},
			{Name: "timestamp", Type: artifact.Text, Doc: "time of the file as it is written, with the offset of the phone's clock"},
		},
		Times: []string{"recorded"},
	}},
	Caveats: []string{"The first line of each file is read, and nothing else of it."},
	Refs:    []string{"https://docs.mvt.re/en/latest/ios/records/"},
}

// Info implements artifact.Parser.
func (versionHistory) Info() artifact.Info { return versionHistoryInfo }

// Parse implements artifact.Parser.
func (versionHistory) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readLines(ctx, in, readVersion, func(r *lineReading) error {
		return fmt.Errorf("read %s: %w: no line with a version", r.In.Path, limit.ErrCorrupt)
	})
}

// readVersion reads the first line that is not empty, and ends the reading.
func readVersion(r *lineReading) error {
	if len(strings.TrimSpace(string(r.Line))) == 0 {
		return nil
	}
	report, err := ips.Parse(r.Line)
	if err == nil && report.Header.Kind() != ips.Object {
		err = fmt.Errorf("%w: the first line is no header", limit.ErrUnsupported)
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", r.In.Path, err)
	}
	rec := r.Start("ios_version")
	full := report.Text("os_version")
	name, rest, _ := strings.Cut(full, " (")
	rec.Set("os_version", artifact.TextOrNull(full))
	rec.Set("version", artifact.TextOrNull(name[strings.LastIndexByte(name, ' ')+1:]))
	rec.Set("build", artifact.TextOrNull(strings.TrimSuffix(strings.TrimPrefix(rest, "Build "), ")")))
	rec.Set("bug_type", artifact.TextOrNull(report.Header.Get("bug_type").Plain()))
	rec.Set("incident_id", artifact.TextOrNull(report.Text("incident_id")))
	timestamp := report.Text("timestamp")
	rec.Set("timestamp", artifact.TextOrNull(timestamp))
	if t, ok := ips.Time(timestamp); ok {
		rec.WhenAt("recorded", t)
	} else if timestamp != "" {
		rec.When("recorded", artifact.Calendar, artifact.TextValue(timestamp))
	}
	rec.Summary = func(b []byte) []byte { return appendSummary(b, "the phone ran ", firstText(full, "?")) }
	if err := r.Give(); err != nil {
		return err
	}
	return input.ErrStopped
}
