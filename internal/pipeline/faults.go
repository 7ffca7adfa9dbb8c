package pipeline

import (
	"cmp"
	"slices"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/rule"
)

// ruleFault is a rule that failed on records of an artifact, in all its files.
type ruleFault struct {
	rule.Fault
	path string // of the first file
}

// addFaults adds the faults of one file, one entry a rule.
func (s *artifactSum) addFaults(path string, faults []*rule.Fault) {
	for _, f := range faults {
		i := slices.IndexFunc(s.faults, func(have ruleFault) bool { return have.Rule == f.Rule })
		if i < 0 {
			s.faults = append(s.faults, ruleFault{*f, path})
			continue
		}
		s.faults[i].Count += f.Count
		s.faults[i].Stopped = s.faults[i].Stopped || f.Stopped
	}
}

// ruleProblems tells the rules that failed. They come before what could not be
// read: without them "nothing found" would say more than was looked at.
func (s *artifactSum) ruleProblems() []finding.Problem {
	slices.SortFunc(s.faults, func(a, b ruleFault) int { return cmp.Compare(a.Rule.ID, b.Rule.ID) })
	var list []finding.Problem
	for i := range s.faults {
		f := &s.faults[i]
		list = append(list, finding.Problem{Path: f.path, Rule: f.Rule.ID, Error: f.Error()})
	}
	return list
}
