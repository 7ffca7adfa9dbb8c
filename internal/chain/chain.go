// Package chain sets the findings of one phone against the published course of
// an attack: what belongs together in time, which stage each finding is a trace
// of, what is missing, and how far the attack came as far as that tells.
//
// Start with Builder.
package chain

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/finding"
)

// maxTraces bounds what a Builder keeps. Findings come with the gravest
// first, so what is left out is the least.
const maxTraces = 50_000

// A Builder takes the findings of one run and makes chains of them. The zero
// value is ready to use.
type Builder struct{ traces []trace }

// trace is a finding with its place in the course.
type trace struct {
	finding.Trace
	stage     int
	published bool
	threats   []string
}

// Add takes one finding. Those that belong to no stage are left alone.
func (b *Builder) Add(f *finding.Finding) {
	at := published().stageOf(f)
	if at < 0 || len(b.traces) == maxTraces {
		return
	}
	t := trace{stage: at, Trace: finding.Trace{
		Finding: f.ID, Time: f.Time, Artifact: f.Artifact, Severity: f.Severity, Title: f.Title, Rule: f.Rule,
	}}
	if m := f.Indicator; m != nil {
		t.published, t.threats, t.Value = true, m.Threats, m.Value
	}
	b.traces = append(b.traces, t)
}

// Chains returns the courses of events, the gravest first, then by time. The
// same findings give the same chains. Coverage says which artifacts were read.
func (b *Builder) Chains(coverage []finding.Coverage) []finding.Chain {
	c := published()
	chains := []finding.Chain{}
	var attempts []trace
	for _, group := range c.groups(b.traces) {
		grade, reasons, ok := grade(group)
		switch {
		case !ok:
		case grade == finding.Targeted:
			// Attempts go on for months: as one course they say more than as many.
			attempts = append(attempts, group...)
		default:
			chains = append(chains, c.chain(group, grade, reasons, coverage))
		}
	}
	if grade, reasons, ok := grade(attempts); ok {
		chains = append(chains, c.chain(attempts, grade, reasons, coverage))
	}
	slices.SortStableFunc(chains, func(x, y finding.Chain) int {
		return cmp.Or(
			cmp.Compare(slices.Index(finding.Grades, x.Grade), slices.Index(finding.Grades, y.Grade)),
			compareTimes(x.From, y.From),
		)
	})
	return chains
}

// compareTimes orders times, none after all.
func compareTimes(a, b *time.Time) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	return a.Compare(*b)
}

// groups puts together what happened within a window of something else of the
// group, and what has no date into a group of its own; that joins the only
// other one, if there is but one.
func (c *course) groups(traces []trace) [][]trace {
	sorted := slices.Clone(traces)
	slices.SortStableFunc(sorted, func(a, b trace) int {
		return cmp.Or(compareTimes(a.Time, b.Time), cmp.Compare(a.stage, b.stage), cmp.Compare(a.Finding, b.Finding))
	})
	dated := slices.IndexFunc(sorted, func(t trace) bool { return t.Time == nil })
	if dated < 0 {
		dated = len(sorted)
	}
	var groups [][]trace
	for i := 0; i < dated; {
		j := i + 1
		for j < dated && sorted[j].Time.Sub(*sorted[j-1].Time) <= c.window() {
			j++
		}
		groups = append(groups, sorted[i:j:j])
		i = j
	}
	undated := sorted[dated:]
	groups = slices.DeleteFunc(groups, func(g []trace) bool { return !serious(g) })
	switch {
	case len(undated) == 0:
	case len(groups) == 1:
		groups[0] = append(groups[0], undated...)
	case serious(undated):
		groups = append(groups, undated)
	}
	return groups
}

// serious reports whether a group has more in it than what is ordinary: those
// that do not make no chain.
func serious(g []trace) bool {
	return slices.ContainsFunc(g, func(t trace) bool { return t.Severity >= finding.Medium })
}

// maxListed is how many traces of a stage a chain lists.
const maxListed = 20

// chain describes a group, which is in the order of time.
func (c *course) chain(group []trace, grade finding.Grade, reasons []string, coverage []finding.Coverage) finding.Chain {
	out := finding.Chain{Grade: grade, Reasons: reasons, Threats: []string{}}
	for i := range c.Stages {
		out.Stages = append(out.Stages, c.Stages[i].view(i, group, coverage))
	}
	for _, t := range group {
		for _, name := range t.threats {
			if !slices.Contains(out.Threats, name) && len(out.Threats) < maxListed {
				out.Threats = append(out.Threats, name)
			}
		}
		if t.Time == nil {
			continue
		}
		if out.From == nil {
			out.From = t.Time
		}
		out.To = t.Time
	}
	slices.Sort(out.Threats)
	return out
}

// view says what is there of a stage, and where else it could have shown.
func (s *stage) view(number int, group []trace, coverage []finding.Coverage) finding.Stage {
	out := finding.Stage{ID: s.ID, State: finding.NotVisible, Traces: []finding.Trace{}}
	for _, name := range s.SeenIn {
		if otherPlatform(coverage, name) {
			continue
		}
		if wasRead(coverage, name) {
			out.Read = append(out.Read, name)
			out.State = finding.NotFound
		} else {
			out.Unread = append(out.Unread, name)
		}
	}
	for _, t := range group {
		if t.stage != number {
			continue
		}
		out.State = finding.Found
		if len(out.Traces) == maxListed {
			out.More++
			continue
		}
		out.Traces = append(out.Traces, t.Trace)
	}
	return out
}

// otherPlatform reports whether an artifact is one of phones of another make:
// the coverage, which has every artifact of this one, has none of theirs.
func otherPlatform(coverage []finding.Coverage, name string) bool {
	platform, _, _ := strings.Cut(name, ".")
	return len(coverage) > 0 && !slices.ContainsFunc(coverage, func(c finding.Coverage) bool {
		return strings.HasPrefix(c.Artifact, platform+".")
	})
}

func wasRead(coverage []finding.Coverage, name string) bool {
	return slices.ContainsFunc(coverage, func(c finding.Coverage) bool {
		return c.Artifact == name && (c.State == finding.Read || c.State == finding.Partial)
	})
}
