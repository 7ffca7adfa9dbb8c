// Package concern holds legal concerns, and the conditions of the trade, as
// rules: data in YAML with elements in CEL. Of each event a rule says of each
// element whether it is met, not met, or not known, from which facts and which
// evidence, and what is missing to know. It states facts and elements of the
// law, and never that somebody broke it.
//
// Start with Load and Set.Judge.
package concern

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"
	"go.yaml.in/yaml/v3"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/limit"
)

//go:embed concerns/*.yaml conditions/*.yaml
var files embed.FS

// ErrRules says that a folder of rules cannot be read.
var ErrRules = errors.New("rules that cannot be used")

// Text is a text in both languages.
type Text struct {
	EN string `yaml:"en" json:"en"`
	ES string `yaml:"es" json:"es"`
}

// In returns the text in a language.
func (t Text) In(lang string) string {
	if lang == "es" {
		return t.ES
	}
	return t.EN
}

func (t Text) complete() bool { return strings.TrimSpace(t.EN) != "" && strings.TrimSpace(t.ES) != "" }

// A Rule is one concern, or one condition of a deal.
type Rule struct {
	ID      string    `yaml:"id" json:"id"`
	Title   Text      `yaml:"title" json:"title"`
	Meaning Text      `yaml:"meaning" json:"meaning"`
	Law     []Law     `yaml:"law" json:"law"`
	Element []Element `yaml:"elements" json:"elements"`
	// Params are those of a condition where the deal gives none.
	Params   map[string][]string `yaml:"params" json:"params,omitempty"`
	Examples []Example           `yaml:"examples" json:"examples"`

	SHA256    string `yaml:"-" json:"sha256"` // of its file
	Builtin   bool   `yaml:"-" json:"builtin"`
	Condition bool   `yaml:"-" json:"condition"` // held against deals
}

// Law is where an element comes from.
type Law struct {
	Name Text   `yaml:"name" json:"name"`
	Says Text   `yaml:"says" json:"says"` // in our words
	URL  string `yaml:"url" json:"url,omitempty"`
}

// An Element is one thing that the law asks for.
type Element struct {
	ID      string `yaml:"id" json:"id"`
	Text    Text   `yaml:"text" json:"text"`
	When    string `yaml:"when" json:"when"`       // CEL
	Missing Text   `yaml:"missing" json:"missing"` // what would make it known

	program cel.Program
}

// An Example is an event and facts, and what the rule must answer.
type Example struct {
	Name   string              `yaml:"name" json:"name"`
	Event  exampleEvent        `yaml:"event" json:"event"`
	Facts  []exampleFact       `yaml:"facts" json:"facts"`
	Params map[string][]string `yaml:"params" json:"params,omitempty"`
	Deal   *exampleDeal        `yaml:"deal" json:"deal,omitempty"`
	Answer string              `yaml:"answer" json:"answer"` // met, not_met, not_known
}

// A Set is rules by id.
type Set struct{ rules []*Rule }

// A Fault is a rule that cannot be used, and why.
type Fault struct {
	Rule  string `json:"rule"` // its file or id
	Error string `json:"error"`
}

var builtin = sync.OnceValues(func() (*Set, error) {
	s := new(Set)
	var faults []Fault
	for pattern, condition := range map[string]bool{"concerns/*.yaml": false, "conditions/*.yaml": true} {
		faults = append(faults, s.add(files, pattern, condition, true)...)
	}
	if len(faults) > 0 {
		return nil, fmt.Errorf("%w: %s: %s", ErrRules, faults[0].Rule, faults[0].Error)
	}
	return s, nil
})

// Load returns the built-in rules and those of folders: the *.yaml of each, and
// conditions in its folder conditions. A rule that cannot be used is a fault;
// the others are loaded. An error is a folder that cannot be read.
func Load(dirs ...string) (*Set, []Fault, error) {
	base, err := builtin()
	if err != nil {
		return nil, nil, err
	}
	s := &Set{slices.Clone(base.rules)}
	var faults []Fault
	for _, dir := range dirs {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return nil, nil, fmt.Errorf("%w: %s: %w", ErrRules, dir, errors.Join(err, errNoFolder))
		}
		before := len(s.rules)
		faults = append(faults, s.add(os.DirFS(dir), "*.yaml", false, false)...)
		faults = append(faults, s.add(os.DirFS(dir), "conditions/*.yaml", true, false)...)
		if len(s.rules) == before && len(faults) == 0 {
			return nil, nil, fmt.Errorf("%w: %s: there is no rule: a rule is a file <id>.yaml", ErrRules, dir)
		}
	}
	return s, faults, nil
}

var errNoFolder = errors.New("a folder is wanted")

// maxRules bounds the rules of a folder, and maxRule the bytes of one.
const (
	maxRules = 1000
	maxRule  = 256 << 10
)

// add loads the rules that a pattern names, and tells of those that it cannot.
func (s *Set) add(fsys fs.FS, pattern string, condition, builtin bool) (faults []Fault) {
	names, err := fs.Glob(fsys, pattern)
	if err != nil {
		return []Fault{{pattern, err.Error()}}
	}
	if len(names) > maxRules {
		return []Fault{{pattern, fmt.Sprintf("%d rules are more than %d", len(names), maxRules)}}
	}
	for _, name := range names {
		r, err := read(fsys, name)
		if err == nil && s.Rule(r.ID) != nil {
			err = fmt.Errorf("there is a rule %s already", r.ID)
		}
		if err != nil {
			faults = append(faults, Fault{name, err.Error()})
			continue
		}
		r.Builtin, r.Condition = builtin, condition
		s.rules = append(s.rules, r)
	}
	slices.SortFunc(s.rules, func(a, b *Rule) int { return strings.Compare(a.ID, b.ID) })
	return faults
}

func read(fsys fs.FS, name string) (*Rule, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := limit.ReadAll(f, maxRule)
	if err != nil {
		return nil, err
	}
	r := new(Rule)
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(r); err != nil {
		return nil, err
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("a file is one rule")
	}
	sum := sha256.Sum256(data)
	r.SHA256 = hex.EncodeToString(sum[:])
	if path.Base(name) != r.ID+".yaml" {
		return nil, fmt.Errorf("it calls itself %q: the file must be %s.yaml", r.ID, r.ID)
	}
	return r, r.complete()
}

var idPattern = regexp.MustCompile(`^[a-z][a-z0-9_]{2,40}$`)

// maxElementsOfRule bounds the elements of one rule.
const maxElementsOfRule = 20

func (r *Rule) complete() error {
	switch {
	case !idPattern.MatchString(r.ID):
		return fmt.Errorf("id %q: small letters, digits and low lines", r.ID)
	case !r.Title.complete() || !r.Meaning.complete():
		return errors.New("title and meaning: both languages, en and es")
	case len(r.Element) == 0 || len(r.Element) > maxElementsOfRule:
		return fmt.Errorf("it has %d elements; between 1 and %d", len(r.Element), maxElementsOfRule)
	case len(r.Law) == 0:
		return errors.New("law: where it comes from")
	}
	for _, l := range r.Law {
		if !l.Name.complete() || !l.Says.complete() {
			return errors.New("law: name and says in both languages")
		}
	}
	for i := range r.Element {
		e := &r.Element[i]
		if !idPattern.MatchString(e.ID) || !e.Text.complete() || !e.Missing.complete() {
			return fmt.Errorf("element %q: id, and text and missing in both languages", e.ID)
		}
		var err error
		if e.program, err = compile(e.When); err != nil {
			return fmt.Errorf("element %s: when: %w", e.ID, err)
		}
	}
	for _, e := range r.Examples {
		if err := new(account.Truth).UnmarshalText([]byte(e.Answer)); err != nil {
			return fmt.Errorf("example %s: answer: %w", e.Name, err)
		}
	}
	return nil
}

// Rules returns the rules by id: concerns, or conditions.
func (s *Set) Rules(conditions bool) []*Rule {
	var out []*Rule
	for _, r := range s.rules {
		if r.Condition == conditions {
			out = append(out, r)
		}
	}
	return out
}

// Rule returns the rule with the id, nil where there is none.
func (s *Set) Rule(id string) *Rule {
	for _, r := range s.rules {
		if r.ID == id {
			return r
		}
	}
	return nil
}
