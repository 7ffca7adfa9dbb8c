package chain

import (
	"slices"

	"github.com/amparo-project/amparo/internal/finding"
)

// The stages of course.yaml by their number.
const (
	delivery = iota
	exploitation
	execution
	activity
	cleaning
)

// weight is the gravest trace of a stage, and of what kind.
type weight struct {
	top        finding.Severity // of all traces
	published  bool             // a published indicator, at critical
	artifacts  []string         // that have such an indicator
	behaviour  finding.Severity // the gravest finding of a rule
	indicators bool             // any finding of an indicator
}

func weigh(group []trace) (w [cleaning + 1]weight) {
	for _, t := range group {
		s := &w[t.stage]
		s.top = max(s.top, t.Severity)
		if !t.published {
			s.behaviour = max(s.behaviour, t.Severity)
			continue
		}
		s.indicators = true
		if t.Severity == finding.Critical {
			s.published = true
			if !slices.Contains(s.artifacts, t.Artifact) {
				s.artifacts = append(s.artifacts, t.Artifact)
			}
		}
	}
	return w
}

// grade says how far the attack came, and why. Cleaning alone, or an app from
// an unusual source alone, are findings that stand for themselves: no chain.
//
// Conclusive needs a published program that ran or used the network, and a
// second trace: of it in another artifact, or of another stage.
func grade(group []trace) (finding.Grade, []string, bool) {
	w := weigh(group)
	reasons := reasonsOf(&w)
	ran := w[execution].published || w[activity].published
	switch {
	case ran && corroborated(&w):
		return finding.Conclusive, append(reasons, "corroborated", order(group)), true
	case ran:
		return finding.ProbablyInfected, append(reasons, "alone"), true
	case max(w[execution].behaviour, w[activity].behaviour) >= finding.High:
		return finding.ProbablyInfected, append(reasons, "not_published", order(group)), true
	case w[cleaning].top >= finding.High && max(w[delivery].top, w[exploitation].top) >= finding.Medium:
		return finding.ProbablyInfected, append(reasons, "not_published", order(group)), true
	case w[exploitation].top >= finding.Medium,
		w[exploitation].top > 0 && w[delivery].top >= finding.Medium:
		return finding.Exploited, append(reasons, "no_program", order(group)), true
	case w[delivery].top >= finding.Medium:
		return finding.Targeted, append(reasons, "no_effect"), true
	}
	return "", nil, false
}

// corroborated reports whether a published program has a second trace.
func corroborated(w *[cleaning + 1]weight) bool {
	places := slices.Concat(w[execution].artifacts, w[activity].artifacts)
	slices.Sort(places)
	if len(slices.Compact(places)) >= 2 {
		return true
	}
	for _, other := range []int{delivery, exploitation, cleaning} {
		if w[other].top >= finding.Medium {
			return true
		}
	}
	return false
}

// reasonsOf names each stage that was found, and by what.
func reasonsOf(w *[cleaning + 1]weight) []string {
	var list []string
	for i, s := range published().Stages {
		switch {
		case w[i].top == 0:
		case w[i].indicators:
			list = append(list, s.ID+"_published")
		default:
			list = append(list, s.ID+"_behaviour")
		}
	}
	return list
}

// order says whether the stages begin in the order of the course, as far as
// their traces are dated.
func order(group []trace) string {
	last, stages := -1, 0
	seen := map[int]bool{}
	for _, t := range group { // in order of time
		at := t.stage
		if at == activity {
			at = execution // a program that runs uses the network from then on
		}
		if t.Time == nil || seen[at] {
			continue
		}
		seen[at] = true
		if at < last {
			return "order_differs"
		}
		last = at
		stages++
	}
	if stages < 2 {
		return "order_unknown"
	}
	return "order_fits"
}
