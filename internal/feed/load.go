package feed

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/limit"
)

// maxContent bounds what a stored file may expand to, in bytes.
const maxContent = 8 * limit.GiB

// load reads a compressed file as a set. A file that cannot be read is told from
// one that is not what it should be.
func (s *Store) load(f io.Reader, e *Entry) (*indicator.Set, error) {
	r := &reading{r: f}
	set, err := s.loadFrom(r, e)
	if r.err != nil {
		return nil, fmt.Errorf("installed set %s: %w", e.ID, r.err)
	}
	return set, err
}

// reading remembers why it ended, which readers of formats do not tell.
type reading struct {
	r   io.Reader
	err error // nil: at the end of the file, or not yet
}

// Read implements io.Reader.
func (r *reading) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}

func (s *Store) loadFrom(f io.Reader, e *Entry) (*indicator.Set, error) {
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
	if err := s.check(v, e.ID); err != nil {
		return nil, err
	}
	f, err := s.shelf.Open(v.file())
	if err != nil {
		return nil, fmt.Errorf("installed set %s: %w", e.ID, err)
	}
	defer f.Close()
	set, err := s.load(f, e)
	if err == nil && set.SHA256 != v.SHA256 {
		err = fmt.Errorf("%w: installed set %s is not what was published", limit.ErrCorrupt, e.ID)
	}
	return set, err
}

// check reports that a file is not what was stored. What lies on a shelf is
// sealed: reading it shows that.
func (s *Store) check(v *Version, id string) error {
	if s.dir == "" {
		return nil
	}
	_, sum, err := s.measure(v)
	if err != nil {
		return fmt.Errorf("installed set %s: %w", id, err)
	}
	if sum != v.Stored {
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

// A Cache keeps in memory what Load of a store on a shelf made, as long as what
// is installed stays the same. It may be used from several goroutines.
type Cache struct {
	mu   sync.Mutex
	key  indicator.Key // guarded by mu
	kept *Loaded       // guarded by mu
}

// of returns what was made of the same, nil where something else was.
func (c *Cache) of(key indicator.Key) *Loaded {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept == nil || c.key != key {
		return nil
	}
	return c.kept
}

func (c *Cache) keep(key indicator.Key, l *Loaded) {
	if c == nil || len(l.Problems) > 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.key, c.kept = key, l
}

// Load returns all installed sets. A set whose file was changed or is gone is
// not used, and told. On a shelf any other error is one of the network, and
// ends it: a check must not go without a set because a line is down.
//
// The files in a folder are hashed each time; where the compiled file was made
// of the same, it is taken, and else made anew. Of a shelf nothing lies on the
// disk of this machine.
func (s *Store) Load() (*Loaded, error) {
	for try := 0; ; try++ {
		out, err := s.loadAll()
		if err != nil || len(out.Problems) == 0 || s.dir != "" || try == 2 {
			return out, err
		}
		// It may have been removed, or replaced, since the list was read.
		if err := s.read(); err != nil {
			return nil, err
		}
	}
}

func (s *Store) loadAll() (*Loaded, error) {
	var out Loaded
	var sources []string
	var use []Entry
	for _, e := range s.Entries() {
		v := e.Current()
		if v == nil {
			continue
		}
		if err := s.check(v, e.ID); err != nil {
			out.Problems = append(out.Problems, err)
			continue
		}
		use = append(use, e)
		sources = append(sources, strings.Join(append([]string{
			v.SHA256, v.Stored, e.Name, e.File, e.Publisher, string(e.Type), fmt.Sprint(e.Private),
		}, e.References...), "\x00"))
	}
	key := indicator.KeyOf(sources)
	if s.dir == "" {
		return s.loadShared(key, use)
	}
	loose, err := s.Loose()
	if err != nil {
		return nil, err
	}
	if len(use) > 0 {
		out.Sets, out.Matcher, err = s.compiled(key)
		out.Compiled = err == nil
	}
	if !out.Compiled {
		for i := range use {
			out.add(s.Set(&use[i], 0))
		}
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

// loadShared reads the sets of a shelf, unless the cache has them.
func (s *Store) loadShared(key indicator.Key, use []Entry) (*Loaded, error) {
	if l := s.cache.of(key); l != nil {
		return l, nil
	}
	out := &Loaded{}
	for i := range use {
		set, err := s.Set(&use[i], 0)
		if err != nil && !errors.Is(err, limit.ErrCorrupt) && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		out.add(set, err)
	}
	if len(out.Sets) > 0 {
		out.Matcher = indicator.NewMatcher(out.Sets)
	}
	s.cache.keep(key, out)
	return out, nil
}

func (l *Loaded) add(set *indicator.Set, err error) {
	if err != nil {
		l.Problems = append(l.Problems, err)
		return
	}
	l.Sets = append(l.Sets, set)
}

// Loose reads files that people put into the folder by hand.
func (s *Store) Loose() ([]*indicator.Set, error) {
	if s.dir == "" {
		return nil, nil
	}
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
	if s.dir != "" {
		_ = os.Remove(filepath.Join(s.dir, compiledFile))
	}
	l, err := s.Load()
	if err != nil {
		return append(wrong, err)
	}
	return append(wrong, l.Problems...)
}
