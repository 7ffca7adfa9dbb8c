package feed

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/limit"
)

// maxContent bounds what a stored file may expand to, in bytes.
const maxContent = 8 * limit.GiB

// load reads a compressed file as a set.
func (s *Store) load(path string, e *Entry) (*indicator.Set, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("installed indicators: %w", err)
	}
	defer f.Close()
	z, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20))
	if err != nil {
		return nil, fmt.Errorf("installed indicators: %w", err)
	}
	defer z.Close()
	set, err := indicator.LoadWith(io.LimitReader(z, maxContent), e.File, indicator.Options{Type: e.Type, Private: e.Private})
	if err != nil {
		return nil, err
	}
	describe(set, e)
	return set, nil
}

// Set reads the newest version of an entry; n counts back from it.
func (s *Store) Set(e *Entry, n int) (*indicator.Set, error) {
	i := len(e.Versions) - 1 - n
	if i < 0 {
		return nil, fmt.Errorf("installed indicators: %s has %d versions", e.ID, len(e.Versions))
	}
	v := &e.Versions[i]
	path := filepath.Join(s.dir, versionsDir, versionName(v))
	if err := checkFile(path, v.Stored, e.ID); err != nil {
		return nil, err
	}
	set, err := s.load(path, e)
	if err == nil && set.SHA256 != v.SHA256 {
		err = fmt.Errorf("%w: installed set %s is not what was published", limit.ErrCorrupt, e.ID)
	}
	return set, err
}

func checkFile(path, want, id string) error {
	sum, err := hashFile(path)
	if err != nil {
		return fmt.Errorf("installed set %s: %w", id, err)
	}
	if sum != want {
		return fmt.Errorf("%w: installed set %s: its file was changed since it was stored", limit.ErrCorrupt, id)
	}
	return nil
}

// Loaded is what a check matches against.
type Loaded struct {
	Sets     []*indicator.Set
	Matcher  *indicator.Matcher // nil if no set is installed
	Compiled bool               // from the compiled file
	Problems []error            // sets that could not be read
}

// Load returns all installed sets. The files in the store are hashed each
// time; where the compiled file was made of the same, it is taken, and else
// made anew. A set whose file was changed or is gone is not used, and told.
func (s *Store) Load() (*Loaded, error) {
	var out Loaded
	var sources []string
	var use []Entry
	for _, e := range s.Entries() {
		v := e.Current()
		if v == nil {
			continue
		}
		if err := checkFile(filepath.Join(s.dir, versionsDir, versionName(v)), v.Stored, e.ID); err != nil {
			out.Problems = append(out.Problems, err)
			continue
		}
		use = append(use, e)
		sources = append(sources, strings.Join(append([]string{
			v.SHA256, v.Stored, e.Name, e.File, e.Publisher, string(e.Type), fmt.Sprint(e.Private),
		}, e.References...), "\x00"))
	}
	loose, err := s.Loose()
	if err != nil {
		return nil, err
	}
	key := indicator.KeyOf(sources)
	if len(use) > 0 {
		out.Sets, out.Matcher, err = s.compiled(key)
		out.Compiled = err == nil
	}
	if !out.Compiled {
		s.read(&out, use)
		if len(out.Sets) > 0 {
			out.Matcher = indicator.NewMatcher(out.Sets)
			if len(out.Problems) == 0 {
				_ = s.compile(key, &out) // a store that cannot be written to works, only slower
			}
		}
	}
	if len(loose) > 0 {
		out.Sets = append(out.Sets, loose...)
		out.Matcher = indicator.NewMatcher(out.Sets)
	}
	return &out, nil
}

func (s *Store) read(out *Loaded, use []Entry) {
	for i := range use {
		set, err := s.Set(&use[i], 0)
		if err != nil {
			out.Problems = append(out.Problems, err)
			continue
		}
		out.Sets = append(out.Sets, set)
	}
}

// Loose reads files that people put into the folder by hand.
func (s *Store) Loose() ([]*indicator.Set, error) {
	files, err := os.ReadDir(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("installed indicators: %w", err)
	}
	var sets []*indicator.Set
	for _, f := range files {
		switch name := f.Name(); {
		case f.IsDir() || name == indexFile || name == compiledFile || name == lockFile || strings.HasSuffix(name, ".partial") || name[0] == '.':
			continue
		default:
			list, err := indicator.LoadPath(filepath.Join(s.dir, name))
			if err != nil && !errors.Is(err, limit.ErrUnsupported) {
				return nil, err
			}
			sets = append(sets, list...)
		}
	}
	return sets, nil
}

func (s *Store) compiled(key indicator.Key) ([]*indicator.Set, *indicator.Matcher, error) {
	f, err := os.Open(filepath.Join(s.dir, compiledFile))
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	return indicator.LoadCompiled(f, info.Size(), key)
}

func (s *Store) compile(key indicator.Key, l *Loaded) error {
	return writeFile(filepath.Join(s.dir, compiledFile), func(w io.Writer) error {
		return indicator.Compile(w, key, l.Sets, l.Matcher)
	})
}

// Verify reads everything again: each version's file, what it expands to, what
// it says; and makes the compiled file anew. It returns what is wrong.
func (s *Store) Verify() []error {
	var wrong []error
	for _, e := range s.Entries() {
		for n := range e.Versions {
			set, err := s.Set(&e, n)
			if err != nil {
				wrong = append(wrong, err)
				continue
			}
			v := &e.Versions[len(e.Versions)-1-n]
			if got := set.Describe().Count; got != v.Count {
				wrong = append(wrong, fmt.Errorf("installed set %s, version of %s: %d indicators are read, %d were when it was stored",
					e.ID, v.Added.Format("2006-01-02"), got, v.Count))
			}
		}
	}
	_ = os.Remove(filepath.Join(s.dir, compiledFile))
	l, err := s.Load()
	if err != nil {
		return append(wrong, err)
	}
	return append(wrong, l.Problems...)
}
