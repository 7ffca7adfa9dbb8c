package rule

import (
	"errors"
	"fmt"
	"slices"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/finding"
)

// For returns an engine for one artifact, nil where no rule looks at it.
func (s *Set) For(name string) *Engine {
	e := &Engine{kinds: map[artifact.Kind][]*applied{}, marks: map[artifact.Kind][]*marking{}}
	for _, r := range s.rules {
		if !slices.Contains(r.Artifacts, name) {
			continue
		}
		if r.Combine != nil {
			e.combine(r, name)
			continue
		}
		a := &applied{rule: r}
		e.rules = append(e.rules, a)
		for _, kind := range r.Kinds {
			e.kinds[kind] = append(e.kinds[kind], a)
		}
	}
	if len(e.rules)+len(e.marks) == 0 {
		return nil
	}
	e.subject = newSubject(s.refs, s.names)
	return e
}

// combine adds the parts of a combination that look at the artifact.
func (e *Engine) combine(r *Rule, name string) {
	for i := range r.Combine.Parts {
		p := &r.Combine.Parts[i]
		if !slices.Contains(p.Artifacts, name) {
			continue
		}
		m := &marking{applied{rule: r}, i}
		for _, kind := range p.Kinds {
			e.marks[kind] = append(e.marks[kind], m)
		}
		e.parts = append(e.parts, m)
	}
}

// An Engine applies the rules of one artifact to one file. It keeps what
// failed, and serves one goroutine.
type Engine struct {
	rules   []*applied
	kinds   map[artifact.Kind][]*applied
	marks   map[artifact.Kind][]*marking // parts of combinations
	parts   []*marking
	kind    artifact.Kind // of the last record
	those   []*applied    // the rules for that kind
	subject *Subject
}

// applied is a rule with what became of it in one file.
type applied struct {
	rule  *Rule
	spent uint64 // units of cost
	fault Fault
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
	Err   error // of the first of them
	// Stopped says that the rule took too long and was not applied any more;
	// Count has the records that it did not see.
	Stopped bool
}

func (f *Fault) Error() string {
	if f.Stopped {
		return fmt.Sprintf("rule %s took too long and was stopped: %d records are not told (%v)", f.Rule.ID, f.Count, f.Err)
	}
	return fmt.Sprintf("rule %s failed on %d records: %v", f.Rule.ID, f.Count, f.Err)
}

// Unwrap returns the cause.
func (f *Fault) Unwrap() error { return f.Err }

// Eval appends the rules that fire on r.
func (e *Engine) Eval(r *artifact.Record, dst []Match) []Match {
	if r.Kind != e.kind {
		e.kind, e.those = r.Kind, e.kinds[r.Kind]
	}
	if len(e.those) == 0 {
		return dst
	}
	e.subject.Set(r)
	for _, a := range e.those {
		v := a.rule.quick(e.subject)
		if v == no {
			continue
		}
		if m, fired := a.eval(e.subject, v); fired {
			dst = append(dst, m)
		}
	}
	return dst
}

// eval applies a rule to a record on which it may fire.
func (a *applied) eval(s *Subject, v verdict) (m Match, fired bool) {
	if a.fault.Stopped || v == failed && a.fault.Count > 0 {
		a.fault.Count++
		return m, false
	}
	before := s.spent
	m, fired, err := a.rule.eval(s, v)
	a.spent += s.spent - before
	if err == nil && a.spent > maxSpent {
		err = errSpent
	}
	if err != nil {
		a.fail(err)
	}
	return m, fired
}

var errSpent = errors.New("the cost of all its evaluations is over the limit")

func (a *applied) fail(err error) {
	f := &a.fault
	if f.Count == 0 {
		f.Rule, f.Err = a.rule, err
	}
	f.Count++
	f.Stopped = a.spent > maxSpent
}

// Faults returns the rules that failed on some record.
func (e *Engine) Faults() []*Fault {
	var list []*Fault
	for _, a := range e.rules {
		if a.fault.Count > 0 {
			list = append(list, &a.fault)
		}
	}
	for _, m := range e.parts {
		if m.fault.Count > 0 {
			list = append(list, &m.fault)
		}
	}
	return list
}

// quick tells what can be told of a record of one of the rule's kinds without
// CEL.
func (r *Rule) quick(s *Subject) verdict {
	if r.check != nil {
		return unsure
	}
	return r.when.quick(s)
}

// eval applies the rule where quick did not say no. An error beside a match is
// of its reason or severity alone: the trace is there all the same.
func (r *Rule) eval(s *Subject, v verdict) (m Match, fired bool, err error) {
	m = Match{Rule: r, Severity: r.Severity}
	if r.check != nil {
		reason, sev, ok := r.check(s.record)
		if sev != 0 {
			m.Severity = sev
		}
		m.Reason = reason
		return m, ok, nil
	}
	if v != yes {
		if fired, err = r.when.holds(s); err != nil || !fired {
			return m, false, err
		}
	}
	return m, true, r.describe(s, &m)
}

// describe completes a match with its reason and severity.
func (r *Rule) describe(s *Subject, m *Match) error {
	var errs []error
	if r.reason != nil {
		reason, err := r.reason.String(s)
		m.Reason = reason
		errs = append(errs, err)
	}
	for i := range r.SeverityWhen {
		low := &r.SeverityWhen[i]
		holds, err := low.when.Holds(s)
		errs = append(errs, err)
		if holds {
			m.Severity = low.Severity
			break
		}
	}
	return errors.Join(errs...)
}
