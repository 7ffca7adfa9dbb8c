// Package rule holds the rules of behaviour: traces that need no indicator.
//
// A rule is a file heuristics/<id>.yaml with its severity, its texts in
// English and Spanish and its sources, and a Go function of the same id that
// looks at one record. Start with Builtin, then Set.For.
package rule

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/finding"
)

//go:embed heuristics/*.yaml
var heuristics embed.FS

// A Text is the same text in each language of the catalogue.
type Text struct {
	EN string `yaml:"en"`
	ES string `yaml:"es"`
}

// In returns the text in a language, English for one that is not there.
func (t Text) In(lang string) string {
	if lang == "es" {
		return t.ES
	}
	return t.EN
}

// A Rule says which behaviour is worth a finding, and what it means.
type Rule struct {
	ID        string           `yaml:"id"`
	Severity  finding.Severity `yaml:"severity"`
	Artifacts []string         `yaml:"artifacts"` // names of parsers
	Kinds     []artifact.Kind  `yaml:"kinds"`     // kinds of record

	Title   Text `yaml:"title"`
	Meaning Text `yaml:"meaning"`
	// OtherExplanations says what harmless things leave the same trace.
	OtherExplanations Text `yaml:"other_explanations"`
	NextStep          Text `yaml:"next_step"`
	// Measured says how often the rule fires on clean phones, and on which.
	Measured Text     `yaml:"measured"`
	Sources  []string `yaml:"sources"`

	SHA256 string `yaml:"-"` // of the rule's file
	check  Check
}

// A Check looks at one record. Reason is what it saw, in values and in no
// language; it may be empty where the record says all. A severity of 0 is
// that of the rule; a check that is less sure of this record gives a lower one.
type Check func(r *artifact.Record) (reason string, sev finding.Severity, ok bool)

// A Set is all rules of a run.
type Set struct{ rules []*Rule }

var builtin = sync.OnceValues(func() (*Set, error) { return load(heuristics) })

// Builtin returns the rules that come with Amparo.
func Builtin() (*Set, error) { return builtin() }

func load(fsys fs.FS) (*Set, error) {
	names, err := fs.Glob(fsys, "heuristics/*.yaml")
	if err != nil {
		return nil, err
	}
	s := new(Set)
	for _, name := range names {
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		r, err := parse(data)
		if err != nil {
			return nil, fmt.Errorf("rule %s: %w", name, err)
		}
		if path.Base(name) != r.ID+".yaml" {
			return nil, fmt.Errorf("rule %s calls itself %q", name, r.ID)
		}
		s.rules = append(s.rules, r)
	}
	return s, nil
}

func parse(data []byte) (*Rule, error) {
	r := new(Rule)
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(r); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	r.SHA256 = hex.EncodeToString(sum[:])
	if r.check = checks[r.ID]; r.check == nil {
		return nil, errors.New("no check of this id")
	}
	return r, r.complete()
}

// complete refuses a rule with a part missing: a person would read a gap.
func (r *Rule) complete() error {
	if r.Severity == 0 || len(r.Artifacts) == 0 || len(r.Kinds) == 0 || len(r.Sources) == 0 {
		return errors.New("severity, artifacts, kinds and sources are needed")
	}
	for name, t := range map[string]Text{
		"title": r.Title, "meaning": r.Meaning, "other_explanations": r.OtherExplanations, "next_step": r.NextStep, "measured": r.Measured,
	} {
		if strings.TrimSpace(t.EN) == "" || strings.TrimSpace(t.ES) == "" {
			return fmt.Errorf("%s needs en and es", name)
		}
	}
	return nil
}

// Rules returns the rules by id.
func (s *Set) Rules() []*Rule { return slices.Clone(s.rules) }

// Rule returns the rule with the id, nil where there is none.
func (s *Set) Rule(id string) *Rule {
	for _, r := range s.rules {
		if r.ID == id {
			return r
		}
	}
	return nil
}

// Refs names the rules for run.json.
func (s *Set) Refs() []finding.RuleRef {
	refs := make([]finding.RuleRef, len(s.rules))
	for i, r := range s.rules {
		refs[i] = finding.RuleRef{ID: r.ID, SHA256: r.SHA256}
	}
	return refs
}

// For returns the engine for one artifact, nil where no rule looks at it.
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
	return e
}

// An Engine applies the rules of one artifact. It holds no state.
type Engine struct{ rules []*Rule }

// A Match is a rule that fired.
type Match struct {
	Rule     *Rule
	Severity finding.Severity // the rule's, or lower
	Reason   string           // what the check saw, in values
}

// Eval appends the rules that fire on r.
func (e *Engine) Eval(r *artifact.Record, dst []Match) []Match {
	for _, rule := range e.rules {
		if !slices.Contains(rule.Kinds, r.Kind) {
			continue
		}
		if reason, sev, ok := rule.check(r); ok {
			if sev == 0 {
				sev = rule.Severity
			}
			dst = append(dst, Match{rule, sev, reason})
		}
	}
	return dst
}
