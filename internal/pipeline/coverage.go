package pipeline

import (
	"cmp"
	"slices"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/finding"
)

// coverage sums the outcomes up by artifact, for every parser there is: an
// artifact that the evidence lacks is said to be absent, and whether evidence of
// this kind ever has it. Those of another platform are left out.
func (c *check) coverage(kind string, outcomes []outcome) []finding.Coverage {
	list := make([]finding.Coverage, 0, len(c.opts.Parsers))
	platform := c.platform(kind)
	sums := make([]artifactSum, len(c.opts.Parsers))
	for i, t := range c.sel.tasks {
		sums[t.parser].add(t.entry.Path, &outcomes[i])
	}
	for i, p := range c.opts.Parsers {
		info := p.Info()
		cov := sums[i].coverage(info.Name)
		if cov.State == finding.Absent && !isOf(platform, &info) {
			continue // another kind of phone
		}
		cov.Elsewhere = cov.State == finding.Absent && !mayHold(kind, &info)
		list = append(list, cov)
	}
	slices.SortFunc(list, func(a, b finding.Coverage) int { return cmp.Compare(a.Artifact, b.Artifact) })
	return list
}

// artifactSum gathers the outcomes of one parser.
type artifactSum struct {
	states   map[finding.State]int
	files    []string
	cov      finding.Coverage
	errs     problems
	faults   []ruleFault
	took     time.Duration
	from, to time.Time
}

func (s *artifactSum) add(path string, o *outcome) {
	if path == artifact.ListingPath && o.state == finding.Absent {
		return // the list of files has nothing of it
	}
	if s.states == nil {
		s.states = map[finding.State]int{}
	}
	s.states[o.state]++
	s.files = append(s.files, path)
	s.cov.Records += o.records
	s.cov.Events += o.events
	s.cov.NotUnderstood += o.odd
	s.took += o.took
	s.errs.addAll(&o.errs)
	s.addFaults(path, o.faults)
	if !o.from.IsZero() && (s.from.IsZero() || o.from.Before(s.from)) {
		s.from = o.from
	}
	if o.to.After(s.to) {
		s.to = o.to
	}
}

func (s *artifactSum) coverage(name string) finding.Coverage {
	cov := s.cov
	cov.Artifact, cov.Files, cov.MS = name, s.files, s.took.Milliseconds()
	cov.State = s.state()
	cov.Errors, cov.Lost = append(s.ruleProblems(), s.errs.list...), s.errs.n
	if len(cov.Errors) > 0 {
		cov.Error = cov.Errors[0].Error
	}
	if cov.Files == nil {
		cov.Files = []string{}
	}
	if !s.from.IsZero() {
		cov.From, cov.To = &s.from, &s.to
	}
	return cov
}

// state is the common state of all files, or partial where they differ.
func (s *artifactSum) state() finding.State {
	switch len(s.states) {
	case 0:
		return finding.Absent
	case 1:
		for state := range s.states {
			return state
		}
	}
	return finding.Partial
}

// total counts the run.
func (c *check) total(run *finding.Run, outcomes []outcome) {
	t := &run.Totals
	counted := map[*digest]bool{}
	c.files.each(func(_ string, o *opened) {
		if !counted[o.digest] {
			counted[o.digest] = true
			t.Files++
			t.Bytes += o.size
		}
	})
	for i := range outcomes {
		t.Records += outcomes[i].records
		t.Events += outcomes[i].events
		for sev, n := range outcomes[i].findings {
			t.Findings += n
			t.BySeverity[sev.String()] += n
		}
	}
	for _, sev := range finding.Severities {
		t.BySeverity[sev.String()] += 0
	}
}
