package rule

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"go.yaml.in/yaml/v3"

	"github.com/amparo-project/amparo/internal/limit"
)

// A Reference is a named list or map of facts that rules compare with, such as
// the processes that a published attack crashed.
type Reference struct {
	Name    string         `yaml:"-"`
	Doc     string         `yaml:"doc"`
	Sources []string       `yaml:"sources"`
	List    []string       `yaml:"list"`
	Map     map[string]any `yaml:"map"`
	SHA256  string         `yaml:"-"` // of the file that holds it
}

// References is all reference data of a run: "ref" in expressions.
type References struct {
	byName map[string]*Reference
	values traits.Mapper
}

// maxFile bounds a file of rules or of reference data.
const maxFile = 4 * limit.MiB

// loadReferences adds the files that match pattern to what is there.
func loadReferences(base References, fsys fs.FS, pattern string) (References, error) {
	names, err := fs.Glob(fsys, pattern)
	if err != nil {
		return References{}, err
	}
	all := map[string]*Reference{}
	for name, r := range base.byName {
		all[name] = r
	}
	for _, name := range names {
		data, err := readFile(fsys, name)
		if err != nil {
			return References{}, err
		}
		if err := addReferences(all, data); err != nil {
			return References{}, fmt.Errorf("%s: %w", name, err)
		}
	}
	return newReferences(all), nil
}

func readFile(fsys fs.FS, name string) (data []byte, err error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return limit.ReadAll(f, maxFile)
}

func addReferences(all map[string]*Reference, data []byte) error {
	var list map[string]*Reference
	if err := decode(data, &list); err != nil {
		return err
	}
	sum := sha256.Sum256(data)
	for name, r := range list {
		switch {
		case r == nil || (r.List == nil) == (r.Map == nil):
			return fmt.Errorf("%s needs a list or a map", name)
		case len(r.Sources) == 0:
			return fmt.Errorf("%s needs its sources", name)
		case all[name] != nil:
			return fmt.Errorf("%s is there already", name)
		}
		r.Name, r.SHA256 = name, hex.EncodeToString(sum[:])
		all[name] = r
	}
	return nil
}

// decode reads one YAML document and refuses fields that it does not know.
func decode(data []byte, into any) error {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(into); err != nil {
		if errors.Is(err, io.EOF) {
			return errors.New("the file is empty")
		}
		return err
	}
	return nil
}

func newReferences(all map[string]*Reference) References {
	values := make(map[string]any, len(all))
	for name, r := range all {
		if r.List != nil {
			values[name] = newTextSet(r.List)
		} else {
			values[name] = types.NewStringInterfaceMap(types.DefaultTypeAdapter, r.Map)
		}
	}
	return References{all, types.NewStringInterfaceMap(types.DefaultTypeAdapter, values)}
}

// Get returns the reference data called name, nil where there is none.
func (r References) Get(name string) *Reference { return r.byName[name] }

// Entries returns the list, or the keys of the map in order.
func (r *Reference) Entries() []string {
	if r.List != nil {
		return slices.Clone(r.List)
	}
	return slices.Sorted(maps.Keys(r.Map))
}

// Data returns the reference data called name, nil where there is none.
func (s *Set) Data(name string) *Reference { return s.refs.Get(name) }

// textSet is a list of texts that knows at once whether it has one.
type textSet struct {
	traits.Lister
	has map[string]bool
}

func newTextSet(list []string) *textSet {
	s := &textSet{types.NewStringList(types.DefaultTypeAdapter, slices.Clip(list)), make(map[string]bool, len(list))}
	for _, text := range list {
		s.has[text] = true
	}
	return s
}

// Contains reports whether the list has the text.
func (s *textSet) Contains(v ref.Val) ref.Val {
	text, ok := v.(types.String)
	return types.Bool(ok && s.has[string(text)])
}
