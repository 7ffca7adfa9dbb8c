package rule

import (
	"slices"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/finding"
)

// For returns an engine for one artifact, nil where no rule looks at it.
func (s *Set) For(name string) *Engine {
	e := &Engine{}
	for _, r := range s.rules {
		if slices.Contains(r.Artifacts, name) {
			e.rules = append(e.rules, r)
		}
	}
	if len(e.rules) == 0 {
		return nil
	}
	e.subject = newSubject(s.refs, s.names)
	e.faults = make([]Fault, len(e.rules))
	return e
}

// An Engine applies the rules of one artifact. It keeps what failed, and
// serves one goroutine.
type Engine struct {
	rules   []*Rule
	subject *Subject
	faults  []Fault // by rule
}

// A Match is a rule that fired.
type Match struct {
	Rule     *Rule
	Severity finding.Severity // the rule's, or lower
	Reason   string           // what the rule saw, in values
}

// A Fault is a rule that could not tell of some records.
type Fault struct {
	Rule  *Rule
	Count int64
	Err   error // of the first
}

// Eval appends the rules that fire on r.
func (e *Engine) Eval(r *artifact.Record, dst []Match) []Match {
	e.subject.Set(r)
	for i, rule := range e.rules {
		m, fired, err := rule.eval(e.subject)
		if err != nil {
			e.fault(i, err)
		}
		if fired {
			dst = append(dst, m)
		}
	}
	return dst
}

func (e *Engine) fault(i int, err error) {
	f := &e.faults[i]
	if f.Count == 0 {
		f.Rule, f.Err = e.rules[i], err
	}
	f.Count++
}

// Faults returns the rules that failed on some record.
func (e *Engine) Faults() []Fault {
	return slices.DeleteFunc(slices.Clone(e.faults), func(f Fault) bool { return f.Count == 0 })
}

// eval applies the rule to a record. An error beside a
// match is of its reason or severity alone: the trace is there all the same.
func (r *Rule) eval(s *Subject) (m Match, fired bool, err error) {
	if !slices.Contains(r.Kinds, s.record.Kind) {
		return m, false, nil
	}
	m = Match{Rule: r, Severity: r.Severity}
	if r.check != nil {
		reason, sev, ok := r.check(s.record)
		if sev != 0 {
			m.Severity = sev
		}
		m.Reason = reason
		return m, ok, nil
	}
	if fired, err = r.when.Holds(s); err != nil || !fired {
		return m, false, err
	}
	return m, true, r.describe(s, &m)
}

// describe completes a match with its reason and severity.
func (r *Rule) describe(s *Subject, m *Match) (err error) {
	if r.reason != nil {
		if m.Reason, err = r.reason.String(s); err != nil {
			return err
		}
	}
	for i := range r.SeverityWhen {
		low := &r.SeverityWhen[i]
		holds, err := low.when.Holds(s)
		if err != nil {
			return err
		}
		if holds {
			m.Severity = low.Severity
			return nil
		}
	}
	return nil
}
