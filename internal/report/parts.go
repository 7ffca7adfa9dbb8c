package report

import (
	"encoding/json"
	"math"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/message"
	"github.com/amparo-project/amparo/internal/rule"
)

// Shown is one finding as a page shows it, ready in one language: why it
// matters, how sure that is, and the walk to the bytes.
type Shown struct {
	ID, Severity, SeverityName, Symbol, Title string
	Time, TimeOf, Artifact                    string
	Recovered                                 string // where the row was found, of one that is no longer in its table
	Facts, Text                               []Pair
	Fields, Walk                              []Pair // of the record; steps, each with a command
	Hex                                       string // of the record's first bytes
	Private                                   bool   // an indicator that may not be passed on
}

// Show makes a finding of a run ready to be shown.
func Show(f *finding.Finding, run *finding.Run, p *message.Printer) (Shown, error) {
	rules, err := rulesOf(run)
	if err != nil {
		return Shown{}, err
	}
	v := &view{Printer: p, rules: rules, res: &Result{Run: *run}}
	g := v.group(&Group{Severity: f.Severity, Findings: []finding.Finding{*f}, Count: 1, First: f.Time, Last: f.Time})
	one := g.Findings[0]
	s := Shown{
		ID: f.ID, Severity: g.Severity, SeverityName: g.SeverityName, Symbol: g.Symbol, Title: g.Title, Time: one.Time,
		TimeOf: visible(f.TimeOf), Artifact: one.Artifact, Recovered: one.Recovered, Facts: g.Facts, Text: g.Text,
		Fields: one.Fields, Walk: one.Walk, Hex: one.Hex,
	}
	if f.Indicator != nil {
		s.Private = f.Indicator.Private
	}
	return s, nil
}

// Overview is what a run says as a whole, ready in one language.
type Overview struct {
	Class, Title      string // of the verdict
	Text              []string
	Device            []Pair
	Coverage          []CoverageLine
	Missing, Problems []string
	Run               []Pair
}

// CoverageLine is an artifact and how much of it was read.
type CoverageLine = coverageView

// Overlook makes the overview of a run.
func Overlook(run *finding.Run, p *message.Printer) (Overview, error) {
	rules, err := rulesOf(run)
	if err != nil {
		return Overview{}, err
	}
	v := &view{Printer: p, rules: rules, res: &Result{Run: *run}}
	v.coverage()
	v.proof()
	said := v.verdict()
	return Overview{said.Class, said.Title, said.Text, v.deviceFacts(), v.Coverage, v.Missing, v.Problems, v.Run}, nil
}

// Fields are the times and fields of a record, a line of records/NAME.jsonl,
// ready to be shown.
func Fields(record json.RawMessage, p *message.Printer) []Pair {
	return (&view{Printer: p, res: &Result{}}).fields(record)
}

// WholeFields is Fields with all of them, and with their values whole.
func WholeFields(record json.RawMessage, p *message.Printer) []Pair {
	return (&view{Printer: p, res: &Result{}}).fieldsOf(record, math.MaxInt, visible)
}

// ArtifactTitle is what people call an artifact.
func ArtifactTitle(p *message.Printer, name string) string { return visible(artifactTitle(p, name)) }

// TitleOf says in one line what a finding is of which only a list's columns
// are known.
func TitleOf(f *finding.Finding, p *message.Printer) string {
	rules, err := rule.Builtin()
	if err != nil {
		return visible(f.Title)
	}
	if f.Kind == finding.Lure && f.Lure == nil {
		return p.Text("lure.title_link")
	}
	return (&view{Printer: p, rules: rules, res: &Result{}}).title(f)
}

// Symbol is the sign of a severity, for who sees no colours.
func Symbol(s finding.Severity) string { return symbols[s] }
