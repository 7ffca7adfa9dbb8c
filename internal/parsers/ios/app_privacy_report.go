package ios

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/limit"
)

// appPrivacyReport reads the report of what apps used and whom they talked
// to, which the owner can turn on and share.
type appPrivacyReport struct{}

var appPrivacyReportInfo = artifact.Info{
	Name:    "ios.app_privacy_report",
	Version: 1,
	Summary: "What apps used (camera, location, contacts…) and which domains they talked to, as the owner exported it.",
	Files:   []string{"**/App_Privacy_Report*.ndjson", "**/*app_privacy_report*.ndjson"},
	Kinds: []artifact.KindInfo{
		{
			Kind: "access",
			Doc:  "An app began or ended to use something, or used it once.",
			Fields: []artifact.FieldInfo{
				{Name: "bundle_id", Type: artifact.Text, Doc: "app, or path of the program"},
				{Name: "identifier_type", Type: artifact.Text, Doc: "what names it: bundleID or path"},
				{Name: "category", Type: artifact.Text, Doc: "what it used: camera, location, contacts"},
				{Name: "access", Type: artifact.Text, Doc: "intervalBegin, intervalEnd or event"},
				{Name: "identifier", Type: artifact.Text, Doc: "the same in the line of the beginning and that of the end"},
			},
			Times: []string{"access"},
		},
		{
			Kind: "network",
			Doc:  "A domain that an app talked to within seven days.",
			Fields: []artifact.FieldInfo{
				{Name: "bundle_id", Type: artifact.Text, Doc: "app"},
				{Name: "domain", Type: artifact.Text, Doc: "domain"},
				{Name: "context", Type: artifact.Text, Doc: "site that was shown in the app"},
				{Name: "owner", Type: artifact.Text, Doc: "who the domain belongs to, where Apple knows"},
				{Name: "initiated", Type: artifact.Text, Doc: "AppInitiated, or NonAppInitiated for a page shown in it"},
				{Name: "hits", Type: artifact.Int, Doc: "how often"},
				{Name: "domain_type", Type: artifact.Int, Doc: "kind of domain, as a number"},
			},
			Times: []string{"first", "last"},
		},
		{
			Kind: "other",
			Doc:  "A line of another type.",
			Fields: []artifact.FieldInfo{
				{Name: "type", Type: artifact.Text, Doc: "its type"},
				{Name: "content", Type: artifact.Text, Doc: "the line"},
			},
		},
	},
	Caveats: []string{
		"iOS keeps seven days, and only from when the owner turned the report on.",
		"What processes of the system do is not in the report.",
	},
	Refs: []string{
		"https://support.apple.com/102188 (About App Privacy Report)",
		"https://developer.apple.com/documentation/network/privacy_management/inspecting_app_activity_data",
	},
}

// Info implements artifact.Parser.
func (appPrivacyReport) Info() artifact.Info { return appPrivacyReportInfo }

// Parse implements artifact.Parser.
func (appPrivacyReport) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readLines(ctx, in, privacyLine, nil)
}

// A privacyEntry is one line. Fields are of any type, as one of another type
// must not cost the line.
type privacyEntry struct {
	Type, Category, Kind, Identifier any
	Accessor                         struct{ Identifier, IdentifierType any }
	TimeStamp, FirstTimeStamp        any
	BundleID, Domain, Context        any
	DomainOwner, InitiatedType       any
	Hits, DomainType                 any
}

func privacyLine(r *lineReading) error {
	if len(r.Line) == 0 {
		return nil
	}
	if r.WasCut() {
		return r.Problem(fmt.Errorf("%w: the line is longer than %d bytes", limit.ErrLimit, r.In.Limits.FieldLen))
	}
	var e privacyEntry
	if err := json.Unmarshal(r.Line, &e); err != nil {
		return r.Problem(fmt.Errorf("%w: %w", limit.ErrCorrupt, err))
	}
	switch e.Type {
	case "access":
		return privacyAccess(r, &e)
	case "networkActivity":
		return privacyNetwork(r, &e)
	}
	rec := r.Start("other")
	setJSON(rec, "type", e.Type)
	rec.Set("content", artifact.TextValue(string(r.Line)))
	rec.Summary = func(b []byte) []byte { return appendSummary(b, "line of another type: ", rec.Text("type")) }
	return r.Give()
}

func privacyAccess(r *lineReading, e *privacyEntry) error {
	rec := r.Start("access")
	setJSON(rec, "bundle_id", e.Accessor.Identifier)
	setJSON(rec, "identifier_type", e.Accessor.IdentifierType)
	setJSON(rec, "category", e.Category)
	setJSON(rec, "access", e.Kind)
	setJSON(rec, "identifier", e.Identifier)
	observeApp(rec, rec.Text("bundle_id"), "bundle_id")
	if rec.Text("identifier_type") == "path" {
		rec.Observe(artifact.FilePath, rec.Text("bundle_id"), "bundle_id")
	}
	whenJSON(rec, "access", e.TimeStamp)
	rec.Summary = func(b []byte) []byte {
		return appendSummary(b, rec.Text("bundle_id"), " used ", rec.Text("category"), " (", rec.Text("access"), ")")
	}
	return r.Give()
}

func privacyNetwork(r *lineReading, e *privacyEntry) error {
	rec := r.Start("network")
	setJSON(rec, "bundle_id", e.BundleID)
	setJSON(rec, "domain", e.Domain)
	setJSON(rec, "context", e.Context)
	setJSON(rec, "owner", e.DomainOwner)
	setJSON(rec, "initiated", e.InitiatedType)
	setJSON(rec, "hits", e.Hits)
	setJSON(rec, "domain_type", e.DomainType)
	observeApp(rec, rec.Text("bundle_id"), "bundle_id")
	rec.Observe(artifact.Domain, rec.Text("domain"), "domain")
	rec.Observe(artifact.Domain, rec.Text("context"), "context")
	whenJSON(rec, "first", e.FirstTimeStamp)
	whenJSON(rec, "last", e.TimeStamp)
	rec.Summary = func(b []byte) []byte {
		return appendSummary(b, rec.Text("bundle_id"), " talked to ", rec.Text("domain"), " ", rec.Text("context"))
	}
	return r.Give()
}

// setJSON sets a field to a value of JSON: a text, a truth or a number, whole
// where it is.
func setJSON(rec *artifact.Record, field string, v any) {
	switch v := v.(type) {
	case string:
		rec.Set(field, artifact.TextOrNull(v))
	case bool:
		rec.Set(field, artifact.BoolValue(v))
	case float64:
		if whole := int64(v); float64(whole) == v && whole < 1<<53 && whole > -1<<53 {
			rec.Set(field, artifact.IntValue(whole))
		} else {
			rec.Set(field, artifact.FloatValue(v))
		}
	case map[string]any, []any:
		rec.Set(field, artifact.TreeValue(v))
	}
}

// whenJSON sets a time that is written out, with its time zone.
func whenJSON(rec *artifact.Record, meaning string, v any) {
	s, ok := v.(string)
	if !ok || s == "" {
		return
	}
	if at, err := time.Parse(time.RFC3339, s); err == nil {
		rec.WhenAt(meaning, at)
	} else {
		rec.When(meaning, artifact.Calendar, artifact.TextValue(s))
	}
}
