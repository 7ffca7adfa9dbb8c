package rule

import (
	"fmt"
	"slices"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/finding"
)

// An Example is a record on which the rule must fire, or must not.
type Example struct {
	Kind   artifact.Kind  `yaml:"kind" json:"kind,omitempty"` // the rule's first where it is left out
	Path   string         `yaml:"path" json:"path,omitempty"`
	Record map[string]any `yaml:"record" json:"record"`
	// Records are those of a combination.
	Records []Event `yaml:"records" json:"records,omitempty"`
	Fires   bool    `yaml:"fires" json:"fires"`
	// Severity and Reason are what the match must have, where they are given.
	Severity finding.Severity `yaml:"severity" json:"severity,omitempty"`
	Reason   *string          `yaml:"reason" json:"reason,omitempty"`
}

// record makes the record of the example.
func (x *Example) record(r *Rule) *artifact.Record {
	rec := &artifact.Record{Kind: x.Kind}
	if rec.Kind == "" {
		rec.Kind = r.Kinds[0]
	}
	rec.Loc.Path = x.Path
	for name, v := range x.Record {
		rec.Set(name, exampleValue(v))
	}
	return rec
}

// exampleValue returns a value of YAML as the field that a parser would set.
func exampleValue(v any) artifact.Value {
	switch v := v.(type) {
	case string:
		return artifact.TextValue(v)
	case bool:
		return artifact.BoolValue(v)
	case int:
		return artifact.IntValue(int64(v))
	case float64:
		return artifact.FloatValue(v)
	case []any:
		if texts, ok := allTexts(v); ok {
			return artifact.StringsValue(texts)
		}
	}
	return artifact.TreeValue(v)
}

func allTexts(list []any) ([]string, bool) {
	texts := make([]string, len(list))
	for i, v := range list {
		text, ok := v.(string)
		if !ok {
			return nil, false
		}
		texts[i] = text
	}
	return texts, true
}

// RunExamples applies the rule to its examples and returns an error for each
// that turned out otherwise.
func (s *Set) RunExamples(r *Rule) []error {
	var faults []error
	subject := newSubject(s.refs, s.names)
	for i := range r.Examples {
		x := &r.Examples[i]
		run := func() error { return x.run(r, subject) }
		if r.Combine != nil {
			run = func() error { return x.runTogether(s, r) }
		}
		if err := run(); err != nil {
			faults = append(faults, fmt.Errorf("example %d: %w", i+1, err))
		}
	}
	return faults
}

// run applies the rule as the engine does, and without the fast form: both
// must say the same.
func (x *Example) run(r *Rule, s *Subject) error {
	rec := x.record(r)
	s.Set(rec)
	if !slices.Contains(r.Kinds, rec.Kind) {
		return x.compare(Match{}, false)
	}
	for _, v := range []verdict{r.quick(s), unsure} {
		m, fired, err := Match{}, false, error(nil)
		if v != no {
			m, fired, err = r.eval(s, v)
		}
		if err == nil {
			err = x.compare(m, fired)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (x *Example) compare(m Match, fired bool) error {
	switch {
	case fired != x.Fires:
		return fmt.Errorf("fires is %t, not %t", fired, x.Fires)
	case fired && x.Severity != 0 && m.Severity != x.Severity:
		return fmt.Errorf("the severity is %s, not %s", m.Severity, x.Severity)
	case fired && x.Reason != nil && m.Reason != *x.Reason:
		return fmt.Errorf("the reason is %q, not %q", m.Reason, *x.Reason)
	}
	return nil
}
