package lure

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/limit"
)

//go:embed data/*.yaml data/institutions/*.yaml
var data embed.FS

// Knowledge is all that messages are read with. It does not change, and may be
// used by several goroutines.
type Knowledge struct {
	institutions []*Institution
	byID         map[string]*Institution
	official     map[string]int // domain → institution
	brands       brandIndex
	shorteners   map[string]string // host → who runs it
	service      serviceWords
	lexicon      *lexicon
	names        []named
	groups       map[string]int
	words        map[string][]string // of the groups
	themes       []theme
	voice        int
	refs         []finding.RuleRef
}

// named is a name that a text can have, and whose it is.
type named struct {
	institution int // -1: only the kind is named
	kind        Kind
	acronym     bool // only in capitals, or where a message begins with it
	careful     bool
	// domain says that the name is a domain as people write it.
	domain bool
}

// ErrInstitutions says that a folder of institutions cannot be used as it is.
var ErrInstitutions = errors.New("institutions that cannot be used")

var builtin = sync.OnceValues(func() (*Knowledge, error) { return Load() })

// Builtin returns what comes with Amparo.
func Builtin() (*Knowledge, error) { return builtin() }

// maxFile bounds a file of data.
const maxFile = 4 * limit.MiB

// wordFile is data/words.yaml.
type wordFile struct {
	Source     string              `yaml:"source"`
	Shorteners map[string][]string `yaml:"shorteners"` // who runs it → hosts
	Service    struct {
		Core   []string `yaml:"core"`
		Filler []string `yaml:"filler"`
	} `yaml:"service"`
	Ordinary []string          `yaml:"ordinary"`
	KindName map[Kind][]string `yaml:"kind_names"`
	Suffixes []string          `yaml:"suffixes"`
}

// institutionFile is one of data/institutions/*.yaml, or of a team's folder.
type institutionFile struct {
	Source       string         `yaml:"source"`
	AsOf         string         `yaml:"as_of"`
	Institutions []*Institution `yaml:"institutions"`
}

// Load returns the built-in knowledge and, with it, the institutions of a
// team: the *.yaml of each folder, in the form of data/institutions/*.yaml. An
// entry with the id of a built-in one takes its place. One file that cannot be
// used refuses all: an institution that is silently missing looks like one
// that nobody pretends to be.
func Load(dirs ...string) (*Knowledge, error) { return LoadWith(nil, dirs...) }

// LoadWith is Load, with the institutions of a file besides.
func LoadWith(file []byte, dirs ...string) (*Knowledge, error) {
	k := &Knowledge{byID: map[string]*Institution{}, lexicon: newLexicon(), groups: map[string]int{}}
	if err := k.addInstitutions(data, "data/institutions/*.yaml", "lure/"); err != nil {
		return nil, err
	}
	if len(file) > 0 {
		if err := k.addInstitutions(oneFile(file), sharedName, "team/"); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrInstitutions, err)
		}
	}
	for _, dir := range dirs {
		info, err := os.Stat(dir)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrInstitutions, err)
		}
		if !info.IsDir() {
			return nil, fmt.Errorf("%w: %s is not a folder", ErrInstitutions, dir)
		}
		if err := k.addInstitutions(os.DirFS(dir), "*.yaml", "team/"); err != nil {
			return nil, fmt.Errorf("%w in %s: %w", ErrInstitutions, filepath.Clean(dir), err)
		}
	}
	var words wordFile
	if err := k.readFile(data, "data/words.yaml", "lure/", &words); err != nil {
		return nil, err
	}
	var themes themeFile
	if err := k.readFile(data, "data/themes.yaml", "lure/", &themes); err != nil {
		return nil, err
	}
	k.index(&words)
	return k, k.addThemes(&themes)
}

// readFile reads a YAML file, notes its hash and refuses fields that it does
// not know.
func (k *Knowledge) readFile(fsys fs.FS, name, prefix string, into any) error {
	f, err := fsys.Open(name)
	if err != nil {
		return err
	}
	raw, err := limit.ReadAll(f, maxFile)
	f.Close()
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	dec.KnownFields(true)
	if err := dec.Decode(into); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: %w", name, err)
	}
	sum := sha256.Sum256(raw)
	base := strings.TrimSuffix(filepath.Base(name), ".yaml")
	k.refs = append(k.refs, finding.RuleRef{ID: prefix + base, SHA256: hex.EncodeToString(sum[:])})
	return nil
}

func (k *Knowledge) addInstitutions(fsys fs.FS, pattern, prefix string) error {
	files, err := fs.Glob(fsys, pattern)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("no file %s", pattern)
	}
	here := map[string]bool{}
	for _, name := range files {
		var f institutionFile
		if err := k.readFile(fsys, name, prefix, &f); err != nil {
			return err
		}
		if len(f.Institutions) == 0 {
			return fmt.Errorf("%s: %w", name, errEmpty)
		}
		for i, in := range f.Institutions {
			if in == nil {
				return limit.At(limit.Because(fmt.Errorf("%s: institution %d is empty", name, i+1), "institution_empty"), "institutions", i)
			}
			if in.Source == "" {
				in.Source = f.Source
			}
			if err := k.put(in, here); err != nil {
				return limit.At(fmt.Errorf("%s: %w", name, err), "institutions", i)
			}
		}
	}
	return nil
}

func (k *Knowledge) put(in *Institution, here map[string]bool) error {
	if err := in.check(); err != nil {
		return err
	}
	if in.Source == "" {
		return because(fmt.Errorf("%s: no source says where its domains are stated", in.ID), "source", in.ID)
	}
	if here[in.ID] {
		return because(fmt.Errorf("%s is there twice", in.ID), "twice", in.ID, "id")
	}
	here[in.ID] = true
	if old := k.byID[in.ID]; old != nil {
		k.institutions[slices.Index(k.institutions, old)] = in
	} else {
		k.institutions = append(k.institutions, in)
	}
	k.byID[in.ID] = in
	return nil
}

// index makes what is looked up from what is written.
func (k *Knowledge) index(w *wordFile) {
	k.official = map[string]int{}
	k.shorteners = map[string]string{}
	for _, who := range slices.Sorted(maps.Keys(w.Shorteners)) {
		for _, h := range w.Shorteners[who] {
			k.shorteners[h] = who
		}
	}
	k.service = newServiceWords(w)
	k.brands = newBrandIndex()
	for i, in := range k.institutions {
		for _, d := range in.Domains {
			if _, taken := k.official[d]; !taken {
				k.official[d] = i
			}
		}
		k.brands.add(i, in)
		k.addNames(i, in)
	}
	k.brands.finish(w.Ordinary)
	for _, kind := range slices.Sorted(maps.Keys(w.KindName)) {
		for _, name := range w.KindName[kind] {
			k.addName(name, named{institution: -1, kind: kind})
		}
	}
}

func (k *Knowledge) addNames(i int, in *Institution) {
	seen := map[string]bool{}
	for _, lang := range slices.Sorted(maps.Keys(in.Names)) {
		for _, name := range in.Names[lang] {
			if seen[name] {
				continue
			}
			seen[name] = true
			k.addName(name, named{
				institution: i, kind: in.Kind, careful: in.Careful,
				acronym: len(name) <= 5 && name == strings.ToUpper(name),
			})
		}
	}
	for _, d := range in.Domains {
		k.addName(d, named{institution: i, kind: in.Kind, domain: true})
	}
}

func (k *Knowledge) addName(name string, n named) {
	k.lexicon.add(name, target{-1, len(k.names)})
	k.names = append(k.names, n)
}

func (k *Knowledge) addThemes(f *themeFile) error {
	k.words = f.Groups
	for _, name := range slices.Sorted(maps.Keys(f.Groups)) {
		n := len(k.groups)
		k.groups[name] = n
		for _, p := range f.Groups[name] {
			k.lexicon.add(p, target{n, -1})
		}
	}
	for _, needed := range []string{voiceGroup, kinGroup} {
		if _, ok := k.groups[needed]; !ok {
			return fmt.Errorf("themes.yaml: no group %q", needed)
		}
	}
	k.voice = k.groups[voiceGroup]
	for i := range f.Themes {
		if err := k.compile(&f.Themes[i]); err != nil {
			return fmt.Errorf("themes.yaml: %w", err)
		}
	}
	k.themes = f.Themes
	slices.SortStableFunc(k.themes, func(a, b theme) int { return b.Gravity - a.Gravity })
	return nil
}

// Institutions returns all institutions, in the order of their files.
func (k *Knowledge) Institutions() []*Institution { return slices.Clone(k.institutions) }

// Institution returns the institution with the id, nil where there is none.
func (k *Knowledge) Institution(id string) *Institution { return k.byID[id] }

// Themes returns the ids of all themes, the gravest first.
func (k *Knowledge) Themes() []string {
	ids := make([]string, len(k.themes))
	for i := range k.themes {
		ids[i] = k.themes[i].ID
	}
	return ids
}

// Refs returns the files that the knowledge is made of, by SHA-256.
func (k *Knowledge) Refs() []finding.RuleRef { return slices.Clone(k.refs) }
