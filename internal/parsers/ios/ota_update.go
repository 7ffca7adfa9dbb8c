package ios

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/limit"
)

// otaUpdate reads the logs of updates and restores of the system.
type otaUpdate struct{}

var otaUpdateInfo = artifact.Info{
	Name:    "ios.ota_update",
	Version: 1,
	Summary: "Updates and restores of iOS: from which build to which, when, and how they went.",
	Files: []string{
		"**/MobileSoftwareUpdate/*.log", "**/restore.log", "**/restore.log.*", "**/OTAUpdate*.log", "**/OTAUpdate*.txt",
		"**/OTAUpdateLogs/*.log", "**/OTAUpdateLogs/*.txt", "**/softwareupdate*.log", "**/softwareupdate*.log.*",
	},
	Kinds: []artifact.KindInfo{
		{
			Kind: "update",
			Doc:  "A step of an update, as it was reported to Apple (the list events of a line with JSON).",
			Fields: []artifact.FieldInfo{
				{Name: "event", Type: artifact.Text, Doc: "what happened"},
				{Name: "build_from", Type: artifact.Text, Doc: "build of iOS before"},
				{Name: "build", Type: artifact.Text, Doc: "build of iOS after"},
				{Name: "device_model", Type: artifact.Text, Doc: "model of the mainboard"},
				{Name: "device_class", Type: artifact.Text, Doc: "kind of device: iPhone"},
				{Name: "battery_level", Type: artifact.Text, Doc: "charge of the battery"},
				{Name: "details", Type: artifact.Tree, Doc: "all else that the step tells"},
			},
			Times: []string{"updated"},
		},
		{
			Kind: "entry",
			Doc:  "An entry of the log.",
			Fields: slices.Concat([]artifact.FieldInfo{
				{Name: "message", Type: artifact.Text, Doc: "what was written, further lines included"},
				{Name: "clock", Type: artifact.Text, Doc: "time of day, where the log has no date"},
			}, namedFields),
			Times: []string{"logged"},
		},
		{
			Kind:   "line",
			Doc:    "A line without a time.",
			Fields: slices.Concat([]artifact.FieldInfo{{Name: "message", Type: artifact.Text, Doc: "the line"}}, namedFields),
		},
	},
	Caveats: []string{
		"A step that was reported is no proof that the update came to its end.",
		"The clock of a phone that is being restored may be wrong; most lines then have no date.",
	},
	Refs: []string{"https://github.com/abrignoni/iLEAPP/blob/main/scripts/artifacts/restoreLog.py"},
}

// Info implements artifact.Parser.
func (otaUpdate) Info() artifact.Info { return otaUpdateInfo }

// Parse implements artifact.Parser.
func (otaUpdate) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	o := &otaReading{}
	o.log = textLog{describe: o.describe, plain: plainLine}
	return readLines(ctx, in, o.line, o.log.last)
}

// An otaReading reads entries, and the steps among their lines.
type otaReading struct{ log textLog }

// describe sets the time of day of an entry without a date.
func (o *otaReading) describe(rec *artifact.Record, _ string) {
	if o.log.at.at.IsZero() {
		rec.Set("clock", artifact.TextOrNull(o.log.at.raw))
	}
}

// stepMark stands before the JSON of a step.
const stepMark = "data = "

func (o *otaReading) line(r *lineReading) error {
	_, data, ok := strings.Cut(string(r.Line), stepMark)
	if ok && strings.HasPrefix(data, "{") && strings.Contains(data, `"originalOSVersion"`) {
		// The steps come after the entry that is open, and replace their own line.
		o.log.r = r
		if err := o.log.flush(); err != nil {
			return err
		}
		return o.steps(r, data)
	}
	return o.log.line(r)
}

// steps gives the events of a line.
func (o *otaReading) steps(r *lineReading, data string) error {
	var report struct {
		Events []map[string]any `json:"events"`
	}
	if err := json.Unmarshal([]byte(data), &report); err != nil {
		return r.Problem(fmt.Errorf("%w: the report of an update is no JSON that is known", limit.ErrCorrupt))
	}
	for i, event := range report.Events {
		if i == maxList {
			return r.Problem(fmt.Errorf("%w: %d steps in a line", limit.ErrLimit, len(report.Events)))
		}
		if err := o.step(r, event); err != nil {
			return err
		}
	}
	return nil
}

// stepFields are the keys of a step that have a field of their own.
var stepFields = map[string]string{
	"event": "event", "originalOSVersion": "build_from", "currentOSVersion": "build", "deviceModel": "device_model",
	"deviceClass": "device_class", "batteryLevel": "battery_level",
}

func (o *otaReading) step(r *lineReading, event map[string]any) error {
	rec := r.Start("update")
	details := map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(event)) {
		field, known := stepFields[key]
		if text := jsonText(event[key]); known && text != "" {
			rec.Set(field, artifact.TextValue(text))
		} else {
			details[key] = event[key]
		}
	}
	if len(details) > 0 {
		rec.Set("details", artifact.TreeValue(details))
	}
	if ms, err := strconv.ParseFloat(jsonText(event["eventTime"]), 64); err == nil && ms-ms == 0 {
		raw := artifact.FloatValue(ms)
		rec.When("updated", storeEpoch(raw), raw)
	}
	rec.Summary = func(b []byte) []byte {
		return appendSummary(b, "update of iOS from ", rec.Text("build_from"), " to ", rec.Text("build"), ": ", rec.Text("event"))
	}
	return r.Give()
}

// jsonText returns a text or a number of JSON as a text.
func jsonText(v any) string {
	switch v := v.(type) {
	case string:
		return strings.ToValidUTF8(v, "\ufffd")
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	default:
		return ""
	}
}
