// Package rule holds the rules of behaviour: traces that need no indicator.
//
// A rule is a file heuristics/<id>.yaml with its severity, its condition in
// CEL, its texts in English and Spanish, its sources and examples; docs/rules.md
// describes it. What CEL cannot say is a Go function of the same id.
// Start with Builtin or Load, then Set.For.
package rule

import (
	"errors"
	"fmt"

	"go.yaml.in/yaml/v3"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/finding"
)

// A Text is the same text in each language of the catalogue.
type Text struct {
	EN string `yaml:"en" json:"en"`
	ES string `yaml:"es" json:"es"`
}

// In returns the text in a language, the other where it is not there.
func (t Text) In(lang string) string {
	if lang == "es" && t.ES != "" || t.EN == "" {
		return t.ES
	}
	return t.EN
}

// A Rule says which behaviour is worth a finding, and what it means.
type Rule struct {
	ID        string           `yaml:"id" json:"id"`
	Severity  finding.Severity `yaml:"severity" json:"severity"`
	Artifacts []string         `yaml:"artifacts" json:"artifacts"` // names of parsers
	Kinds     []artifact.Kind  `yaml:"kinds" json:"kinds"`         // kinds of record

	// When is the condition. Code says that a Go function of this package is
	// the condition, or makes the records that When looks at.
	When Source `yaml:"when" json:"when,omitzero"`
	Code bool   `yaml:"code" json:"code,omitempty"`
	// Combine is the condition of a rule that looks at several records
	// together; its parts say in which artifacts and kinds.
	Combine *Combination `yaml:"combine" json:"combine,omitempty"`
	// Reason makes what the rule saw, in values and in no language; without
	// one the record says all.
	Reason Source `yaml:"reason" json:"reason,omitzero"`
	// SeverityWhen lowers the severity where the rule is less sure: the first
	// whose condition holds counts.
	SeverityWhen []Lowered `yaml:"severity_when" json:"severity_when,omitempty"`

	Title   Text `yaml:"title" json:"title"`
	Meaning Text `yaml:"meaning" json:"meaning"`
	// OtherExplanations says what harmless things leave the same trace.
	OtherExplanations Text `yaml:"other_explanations" json:"other_explanations"`
	NextStep          Text `yaml:"next_step" json:"next_step"`
	// Measured says how often the rule fires on clean phones, and on which.
	Measured Text `yaml:"measured" json:"measured"`
	// Rate is what a test counted; nil for a rule that is not Amparo's.
	Rate    *Rate    `yaml:"-" json:"rate,omitempty"`
	Sources []string `yaml:"sources" json:"sources"`

	Examples []Example `yaml:"examples" json:"examples,omitempty"`

	SHA256  string `yaml:"-" json:"sha256"` // of the rule's file
	Builtin bool   `yaml:"-" json:"builtin"`

	check  Check
	when   *Condition
	reason *TextExpression
}

// Lowered is a severity for the records on which When holds.
type Lowered struct {
	When     Source           `yaml:"when" json:"when"`
	Severity finding.Severity `yaml:"severity" json:"severity"`

	when *Condition
}

// A Check is a condition in Go. Reason is what it saw, in values and in no
// language. A severity of 0 is that of the rule.
type Check func(r *artifact.Record) (reason string, sev finding.Severity, ok bool)

// A Source is an expression as written, with its place in the rule's file.
type Source struct {
	Text string
	Line int // from 1
}

// UnmarshalYAML keeps the line on which the expression begins.
func (s *Source) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind != yaml.ScalarNode || node.Tag != "!!str" {
		return fmt.Errorf("line %d: an expression is a text: put it in quotes", node.Line)
	}
	s.Text, s.Line = node.Value, node.Line
	if node.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		s.Line++
	}
	return nil
}

// MarshalJSON writes the expression alone.
func (s Source) MarshalJSON() ([]byte, error) { return marshalText(s.Text) }

// IsZero reports that there is no expression.
func (s Source) IsZero() bool { return s.Text == "" }

// complete refuses a rule with a part missing: a person would read a gap.
func (r *Rule) complete() error {
	if r.Combine != nil {
		if err := r.completeCombination(); err != nil {
			return err
		}
	}
	if r.ID == "" || r.Severity == 0 || len(r.Artifacts) == 0 || len(r.Kinds) == 0 || len(r.Sources) == 0 {
		return errors.New("id, severity, artifacts, kinds and sources are needed")
	}
	if r.When.IsZero() && !r.Code && r.Combine == nil {
		return errors.New("when is needed: the condition")
	}
	for _, part := range []struct {
		name string
		text Text
	}{
		{"title", r.Title},
		{"meaning", r.Meaning},
		{"other_explanations", r.OtherExplanations},
		{"next_step", r.NextStep},
		{"measured", r.Measured},
	} {
		if part.text.languages() < r.languages() {
			return fmt.Errorf("%s needs en and es", part.name)
		}
	}
	for i := range r.SeverityWhen {
		if low := r.SeverityWhen[i].Severity; low == 0 || low >= r.Severity {
			return errors.New("severity_when needs a severity below that of the rule")
		}
	}
	return nil
}

// languages is how many languages the texts must be in: a team's own rule may
// speak the team's alone.
func (r *Rule) languages() int {
	if r.Builtin {
		return 2
	}
	return 1
}

// languages counts the languages that the text is in.
func (t Text) languages() int { return len(t.byLanguage()) }

// compile compiles what the rule says in CEL.
func (r *Rule) compile(c *Compiler) (err error) {
	if err := r.compileCondition(c); err != nil {
		return err
	}
	if !r.Reason.IsZero() {
		if r.reason, err = c.Text(r.Reason.Text); err != nil {
			return placed("reason", r.Reason, err)
		}
	}
	for i := range r.SeverityWhen {
		low := &r.SeverityWhen[i]
		if low.when, err = c.Condition(low.When.Text); err != nil {
			return placed("severity_when", low.When, err)
		}
	}
	return nil
}

// compileCondition compiles what makes the rule fire.
func (r *Rule) compileCondition(c *Compiler) (err error) {
	switch {
	case r.Combine != nil:
		return r.Combine.compile(c)
	case !r.When.IsZero():
		if r.when, err = c.Condition(r.When.Text); err != nil {
			return placed("when", r.When, err)
		}
	default:
		if r.check = checks[r.ID]; r.check == nil {
			return errors.New("code without a check of this id, and no when")
		}
	}
	return nil
}

// completeCombination completes a combination with what its parts say.
func (r *Rule) completeCombination() error {
	if !r.When.IsZero() || r.Code || len(r.Artifacts)+len(r.Kinds) > 0 {
		return errors.New("combine stands alone: without when, code, artifacts and kinds")
	}
	r.Artifacts, r.Kinds = r.Combine.looksAt()
	return r.Combine.complete()
}

// placed gives an error of an expression its line in the file.
func placed(what string, s Source, err error) error {
	line := s.Line
	var syntax *SyntaxError
	if errors.As(err, &syntax) {
		line += syntax.Line - 1
	}
	return &lineError{line, fmt.Errorf("%s: %w", what, err)}
}

// A lineError has a line of the rule's file.
type lineError struct {
	line int
	err  error
}

func (e *lineError) Error() string { return fmt.Sprintf("line %d: %v", e.line, e.err) }
func (e *lineError) Unwrap() error { return e.err }
