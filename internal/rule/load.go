package rule

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

//go:embed heuristics/*.yaml reference/*.yaml
var files embed.FS

// A Set is all rules of a run, by id.
type Set struct {
	rules []*Rule
	refs  References
	names *names
}

var builtin = sync.OnceValues(func() (*Set, error) { return loadBuiltin(files) })

// Builtin returns the rules that come with Amparo.
func Builtin() (*Set, error) { return builtin() }

func loadBuiltin(fsys fs.FS) (*Set, error) {
	s, err := (&Set{names: new(names)}).with(fsys, "heuristics/*.yaml", true)
	if err != nil {
		return nil, err
	}
	return s.withRates()
}

// ErrRules says that a folder of rules cannot be used as it is.
var ErrRules = errors.New("rules that cannot be used")

// Load returns the built-in rules and, with them, those of a team: the *.yaml
// of each folder, with reference data in its folder reference. One file that
// cannot be used refuses all: a rule that is silently missing looks like one
// that found nothing.
func Load(dirs ...string) (*Set, error) {
	s, err := Builtin()
	if err != nil {
		return nil, err
	}
	for _, dir := range dirs {
		if info, err := os.Stat(dir); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrRules, err)
		} else if !info.IsDir() {
			return nil, fmt.Errorf("%w: %s is not a folder", ErrRules, dir)
		}
		if s, err = s.with(os.DirFS(dir), "*.yaml", false); err != nil {
			return nil, fmt.Errorf("%w in %s: %w", ErrRules, filepath.Clean(dir), err)
		}
	}
	return s, nil
}

// with returns the set with the rules of a folder added.
func (s *Set) with(fsys fs.FS, pattern string, builtin bool) (*Set, error) {
	refs, err := loadReferences(s.refs, fsys, "reference/*.yaml")
	if err != nil {
		return nil, err
	}
	compiler, err := newCompiler(refs, s.names)
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(fsys, pattern)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, errors.New("there is no rule: a rule is a file <id>.yaml")
	}
	all := &Set{slices.Clone(s.rules), refs, s.names}
	var faults []error
	for _, name := range names {
		r, err := all.read(compiler, fsys, name, builtin)
		if err != nil {
			faults = append(faults, inFile(name, err))
			continue
		}
		all.rules = append(all.rules, r)
	}
	slices.SortFunc(all.rules, func(a, b *Rule) int { return strings.Compare(a.ID, b.ID) })
	return all, errors.Join(faults...)
}

// inFile gives an error its file, and its line where it has one.
func inFile(name string, err error) error {
	var at *lineError
	if errors.As(err, &at) {
		return fmt.Errorf("%s:%d: %w", name, at.line, at.err)
	}
	return fmt.Errorf("%s: %w", name, err)
}

func (s *Set) read(c *Compiler, fsys fs.FS, name string, builtin bool) (*Rule, error) {
	data, err := readFile(fsys, name)
	if err != nil {
		return nil, err
	}
	r := new(Rule)
	if err := decode(data, r); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	r.SHA256, r.Builtin = hex.EncodeToString(sum[:]), builtin
	if err := r.complete(); err != nil {
		return nil, err
	}
	if path.Base(name) != r.ID+".yaml" {
		return nil, fmt.Errorf("calls itself %q: the file must be %s.yaml", r.ID, r.ID)
	}
	if s.Rule(r.ID) != nil {
		return nil, fmt.Errorf("there is a rule %s already", r.ID)
	}
	if r.Code && !builtin {
		return nil, errors.New("code is for rules that come with Amparo")
	}
	return r, r.compile(c)
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

func marshalText(s string) ([]byte, error) { return json.Marshal(s) }
