package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/message"
)

// made makes the page of a result that no folder of ours holds.
func made(t *testing.T, res *Result) string {
	t.Helper()
	var b bytes.Buffer
	if err := HTML(&b, res, Options{Lang: "en"}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// forged is a result with hostile text in every field that is a text.
func forged() *Result {
	const h = hostile
	run := sampleRun()
	run.Tool, run.Version = h, h
	run.Evidence.Kind, run.Evidence.Path, run.Evidence.Root = h, h, h
	run.Evidence.Problems = []finding.Problem{{Path: h, Place: h, Error: h}}
	outdated := true
	run.Evidence.Device = finding.Device{
		Name: h, Model: h, ModelName: h, OS: h, Version: h, Build: h, Serial: h, UDID: h, IMEI: []string{h}, ICCID: h,
		PhoneNumber: h, Outdated: &outdated, NewestKnown: h, VersionsAsOf: h,
	}
	run.Rules = []finding.RuleRef{{ID: h, SHA256: h}}
	run.Indicators = []finding.IndicatorSet{{Name: h, File: h, SHA256: h, Count: 1, NotUnderstood: []finding.Unread{{ID: h, Pattern: h, Reason: h}}}}
	run.Coverage = []finding.Coverage{{Artifact: h, State: h, Errors: []finding.Problem{{Path: h, Place: h, Error: h}}}}
	f := sampleFindings()[0]
	f.ID, f.Title, f.Artifact, f.TimeOf, f.Rule, f.Reason = h, h, h, h, h, h
	f.Indicator = &finding.Matched{
		Type: h, Value: h, Threats: []string{h}, Threat: h, Set: h, SetSHA256: h, ID: h, Reference: h, Match: h, Observed: h, Field: h, Expired: true,
	}
	f.Where.Path, f.Where.Stored, f.Where.SHA256, f.Where.Table, f.Where.State, f.Where.Bytes = h, h, h, h, h, []byte(h)
	q, _ := json.Marshal(h)
	f.Record = fmt.Appendf(nil, `{"kind":%s,"times":[{"meaning":%[1]s,"raw":%[1]s}],"data":{%[1]s:%[1]s,"list":[%[1]s,"\u202e"]}}`, q)
	byRule := f
	byRule.ID, byRule.Indicator = "F-2", nil
	group := func(key string, f finding.Finding) Group {
		return Group{Severity: f.Severity, Key: key, Count: 1, Findings: []finding.Finding{f}, First: f.Time, Last: f.Time}
	}
	return &Result{
		Run: run, Groups: []Group{group("g1", f), group("g2", byRule)},
		Activity: []Day{{"2021-03-04", map[string]int64{h: 3}}, {h, nil}}, Manifest: []Hash{{h, h}}, ManifestMore: 1,
	}
}

func TestNoFieldReachesThePageAsItIs(t *testing.T) {
	t.Parallel()
	page := made(t, forged())
	for _, bad := range []string{"\x1b", "\u202e", "\u200b", "<script>alert"} {
		if i := strings.Index(page, bad); i >= 0 {
			t.Errorf("%q reaches the page: …%q", bad, page[max(0, i-100):i+20])
		}
	}
}

// TestPageOfOddResults: a result folder may be empty, of a later version, or
// forged. None of them may end the program.
func TestPageOfOddResults(t *testing.T) {
	t.Parallel()
	deep := sampleFindings()[0]
	deep.Record = json.RawMessage(strings.Repeat("[", 20_000))
	long := sampleFindings()[0]
	long.Where.Path, long.Where.Table = strings.Repeat("p", 1<<20), strings.Repeat("t", 1<<20)
	one := func(f finding.Finding) []Group {
		return []Group{{Severity: f.Severity, Key: "g1", Count: 1, Findings: []finding.Finding{f}}}
	}
	later := sampleRun()
	later.Coverage[0].State = "guessed"
	for _, tt := range []struct {
		name string
		res  Result
		want string
	}{
		{"empty", Result{}, "The check is not complete"},
		{"later_state", Result{Run: later}, "guessed"},
		{"no_severity", Result{Run: sampleRun(), Groups: one(finding.Finding{})}, "</html>"},
		{"group_without_findings", Result{Run: sampleRun(), Groups: []Group{{Key: "g1", Severity: finding.Low}}}, "</html>"},
		{"deep_record", Result{Run: sampleRun(), Groups: one(deep)}, "</html>"},
		{"long_place", Result{Run: sampleRun(), Groups: one(long)}, "(cut: it has"},
		{"any_year", Result{Run: sampleRun(), Activity: []Day{{"0001-01-01", map[string]int64{"ios.sms": 2}}, {"9999-12-31", map[string]int64{"ios.sms": 1}}}}, "&lt; 9961"},
	} {
		page := made(t, &tt.res)
		if !strings.Contains(page, tt.want) {
			t.Errorf("%s: %q is missing", tt.name, tt.want)
		}
		if len(page) > 200_000 {
			t.Errorf("%s: a page of %d bytes", tt.name, len(page))
		}
	}
}

// TestManyGroups: what has no place on the page is counted there.
func TestManyGroups(t *testing.T) {
	t.Parallel()
	res := &Result{Run: sampleRun()}
	for i := range 5000 {
		g := Group{Severity: finding.Medium, Key: fmt.Sprintf("g%d", i), Count: 1, Findings: sampleFindings()[:1]}
		g.Findings[0].ID = fmt.Sprintf("F-%d", i)
		res.Groups = append(res.Groups, g)
	}
	res.Activity = []Day{{"2021-03-04", map[string]int64{"ios.sms": 5000}}}
	page := made(t, res)
	for _, want := range []string{"4,500 more groups of findings", "400 of 5,000 findings have a circle"} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is missing", want)
		}
	}
}

// TestVerdictSaysNoMoreThanWasLookedFor: comfort needs a whole check against
// published indicators.
func TestVerdictSaysNoMoreThanWasLookedFor(t *testing.T) {
	t.Parallel()
	clean := "Nothing in what was read is a published trace"
	published := []Group{{Severity: finding.High, Key: "g1", Count: 1, Findings: sampleFindings()[:1]}}
	for _, tt := range []struct {
		name     string
		severity string
		change   func(*Result)
		title    string
		not      string
	}{
		{"whole", "info", func(*Result) {}, "No traces were found in what was read", "were not looked for"},
		{"no_sets", "info", func(r *Result) { r.Run.Indicators = nil }, "Published traces were not looked for", clean},
		{"empty_sets", "info", func(r *Result) { r.Run.Indicators[0].Count = 0 }, "Published traces were not looked for", clean},
		{"part", "info", func(r *Result) { r.Run.Complete = false }, "The check is not complete", "No traces were found"},
		{"unusual_no_sets", "high", func(r *Result) { r.Run.Indicators = nil }, "Unusual things were found", "is a published trace"},
		{"unusual_published", "high", func(r *Result) { r.Groups = published }, "fits a published trace", "Nothing in this backup is"},
	} {
		res := &Result{Run: sampleRun()}
		res.Run.Totals.BySeverity = map[string]int64{tt.severity: 1}
		tt.change(res)
		v := newView(res, message.New("en"), nil).Verdict
		text := v.Title + "\n" + strings.Join(v.Text, "\n")
		if !strings.Contains(text, tt.title) || strings.Contains(text, tt.not) {
			t.Errorf("%s: %s", tt.name, text)
		}
	}
}

func BenchmarkHTML(b *testing.B) {
	res := forged()
	b.ReportAllocs()
	for b.Loop() {
		if err := HTML(io.Discard, res, Options{Lang: "en"}); err != nil {
			b.Fatal(err)
		}
	}
}
