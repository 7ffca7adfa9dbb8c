package report

import (
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/message"
	"github.com/amparo-project/amparo/internal/rule"
)

// chainView is one course of events.
type chainView struct {
	ID, Class, Grade, Text, Span, Threats, Why string
	Stages                                     []stageView
	Reasons                                    []string
}

// stageView is one stage of it: what was found, or why nothing was.
type stageView struct {
	Name, State, Symbol, Class string
	Traces                     []traceView
	More                       string
}

type traceView struct{ Time, Text, Artifact, ID string }

// maxShownChains keeps the page usable; run.json has all.
const maxShownChains = 10

// gradeClasses colour a grade as the findings of like weight.
var gradeClasses = map[finding.Grade]string{
	finding.Conclusive: "critical", finding.ProbablyInfected: "critical", finding.Exploited: "high", finding.Targeted: "medium",
}

var seenSymbols = map[finding.Seen]string{finding.Found: "●", finding.NotFound: "○", finding.NotVisible: "?"}

func (v *view) chains() {
	list := v.res.Run.Chains
	for i := range list[:min(len(list), maxShownChains)] {
		v.Chains = append(v.Chains, v.chain(&list[i], i))
	}
	if more := len(list) - len(v.Chains); more > 0 {
		v.MoreChains = v.Count("chain.more", int64(more))
	}
}

func (v *view) chain(c *finding.Chain, n int) chainView {
	out := chainView{
		ID: "chain-" + v.Lang() + "-" + v.Number(int64(n+1)), Class: gradeClasses[c.Grade],
		Grade: v.known("chain.grade", string(c.Grade)), Threats: short(strings.Join(c.Threats, ", "), 300),
	}
	if id := "chain.grade_text." + string(c.Grade); v.Has(id) {
		out.Text = v.Text(id)
	}
	out.Span, out.Why = chainSpan(c), v.Text("chain.why")
	for _, code := range c.Reasons[:min(len(c.Reasons), 20)] {
		out.Reasons = append(out.Reasons, v.known("chain.reason", code))
	}
	for i := range c.Stages[:min(len(c.Stages), 20)] {
		out.Stages = append(out.Stages, v.stage(&c.Stages[i]))
	}
	return out
}

func chainSpan(c *finding.Chain) string {
	switch {
	case c.From == nil || c.To == nil:
		return ""
	case c.From.Equal(*c.To):
		return minute(*c.From)
	}
	return minute(*c.From) + " – " + minute(*c.To)
}

func (v *view) stage(s *finding.Stage) stageView {
	out := stageView{Name: v.known("chain.stage", s.ID), Symbol: seenSymbols[s.State], Class: string(s.State)}
	if !slices.Contains([]finding.Seen{finding.Found, finding.NotFound, finding.NotVisible}, s.State) {
		out.Class = ""
	}
	out.State = stageState(v.Printer, s)
	for i := range s.Traces[:min(len(s.Traces), maxShownTraces)] {
		t := &s.Traces[i]
		row := traceView{Text: short(traceTitle(v.Printer, t, v.rules), 200), Artifact: artifactTitle(v.Printer, t.Artifact), ID: short(t.Finding, 40)}
		if t.Time != nil {
			row.Time = t.Time.UTC().Format("2006-01-02 15:04:05 UTC")
		}
		out.Traces = append(out.Traces, row)
	}
	if more := s.More + int64(len(s.Traces)-len(out.Traces)); more > 0 {
		out.More = v.Count("chain.more_traces", more)
	}
	return out
}

// maxShownTraces of a stage are shown.
const maxShownTraces = 8

// stageState says in words what a stage is.
func stageState(p *message.Printer, s *finding.Stage) string {
	switch s.State {
	case finding.Found:
		return p.Text("chain.found")
	case finding.NotFound:
		if len(s.Unread) > 0 {
			return p.Text("chain.not_found_partly", "List", titles(p, s.Read), "Unread", titles(p, s.Unread))
		}
		return p.Text("chain.not_found", "List", titles(p, s.Read))
	case finding.NotVisible:
		return p.Text("chain.not_visible", "List", titles(p, s.Unread))
	}
	return ""
}

func titles(p *message.Printer, names []string) string {
	list := make([]string, 0, len(names))
	for _, name := range names[:min(len(names), 20)] {
		list = append(list, short(artifactTitle(p, name), 80))
	}
	return strings.Join(list, "; ")
}

// traceTitle says what was found, in the person's language.
func traceTitle(p *message.Printer, t *finding.Trace, rules *rule.Set) string {
	if t.Value != "" {
		return p.Text("chain.published", "Value", short(t.Value, 100))
	}
	if rules != nil {
		if r := rules.Rule(t.Rule); r != nil {
			return r.Title.In(p.Lang())
		}
	}
	return t.Title
}

// chains tells the gravest course of events in the terminal: what it is
// called, what that means, and which stages are there; the report has the rest.
func (s *summary) chains() {
	if len(s.run.Chains) == 0 {
		return
	}
	c := &s.run.Chains[0]
	head := s.Text("chain.heading", "Grade", strings.ToUpper(s.Or("chain.grade.", visible(string(c.Grade)))))
	if span := chainSpan(c); span != "" {
		head += "  " + span
	}
	s.line(head)
	if id := "chain.grade_text." + string(c.Grade); s.Has(id) {
		s.wrap(s.Text(id))
	}
	by := map[finding.Seen][]string{}
	for i := range c.Stages {
		by[c.Stages[i].State] = append(by[c.Stages[i].State], s.Or("chain.stage.", visible(c.Stages[i].ID)))
	}
	for _, part := range []struct {
		state finding.Seen
		id    string
	}{{finding.Found, "chain.stages_found"}, {finding.NotFound, "chain.stages_missing"}, {finding.NotVisible, "chain.stages_unseen"}} {
		if list := by[part.state]; len(list) > 0 {
			s.wrap(s.Text(part.id, "List", strings.Join(list, "; ")))
		}
	}
	if more := len(s.run.Chains) - 1; more > 0 {
		s.line(s.Count("chain.more", int64(more)))
	}
	s.line("")
}
