package feed

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/lockedfile"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/limit"
)

// Names within a store.
const (
	indexFile    = "store.json"
	versionsDir  = "versions"
	compiledFile = "compiled"
	lockFile     = "store.lock"
)

// maxVersions is how many versions of an entry are kept, the newest.
const maxVersions = 12

// maxIndex bounds store.json in bytes.
const maxIndex = 64 * limit.MiB

// An Entry is one installed set: a file that somebody added, or a feed.
type Entry struct {
	ID         string                  `json:"id"` // short, unique in the store
	Name       string                  `json:"name"`
	Publisher  string                  `json:"publisher,omitempty"`
	References []string                `json:"references,omitempty"`
	File       string                  `json:"file"`              // base name of what was published
	Address    string                  `json:"address,omitempty"` // "" of a file that was added by hand
	Type       artifact.ObservableType `json:"type,omitempty"`    // of the values of a list
	Private    bool                    `json:"private,omitempty"`
	ETag       string                  `json:"etag,omitempty"`
	Modified   string                  `json:"last_modified,omitempty"` // as the server says it
	Checked    time.Time               `json:"checked,omitzero"`        // when its address was last asked
	Versions   []Version               `json:"versions"`                // the oldest first
}

// A Version is the content of an entry from a time on.
type Version struct {
	SHA256 string         `json:"sha256"` // of the file as published
	Stored string         `json:"stored"` // SHA-256 of the compressed file in the store
	Bytes  int64          `json:"bytes"`  // as published
	Added  time.Time      `json:"added"`
	Format string         `json:"format"`
	Count  int            `json:"count"`
	ByType map[string]int `json:"by_type"`
}

// Current is the newest version; nil if there is none.
func (e *Entry) Current() *Version {
	if len(e.Versions) == 0 {
		return nil
	}
	return &e.Versions[len(e.Versions)-1]
}

// A Store is the folder of installed sets. It serves one goroutine.
type Store struct {
	dir     string
	index   index
	now     func() time.Time
	release func()
}

type index struct {
	Schema  int     `json:"schema"` // 1
	Entries []Entry `json:"entries"`
}

// ErrLocked says that another process changes the store.
var ErrLocked = errors.New("another process is changing the installed indicators")

// Open opens the store at dir to be read. A folder that is not there is empty.
func Open(dir string) (*Store, error) {
	s := &Store{dir: dir, now: time.Now, release: func() {}}
	data, err := readFile(filepath.Join(dir, indexFile), maxIndex)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return s, nil
	case err != nil:
		return nil, fmt.Errorf("installed indicators: %w", err)
	}
	if err := json.Unmarshal(data, &s.index); err != nil {
		return nil, fmt.Errorf("installed indicators: %w: %s: %w", limit.ErrCorrupt, indexFile, err)
	}
	if s.index.Schema != 1 {
		return nil, fmt.Errorf("installed indicators: %w: %s of schema %d", limit.ErrUnsupported, indexFile, s.index.Schema)
	}
	return s, nil
}

// patience is how long a process waits for another that changes the store.
const patience = 15 * time.Second

// OpenToChange opens the store at dir, makes it if need be, and keeps other
// processes from changing it until Close. The lock is the system's: a process
// that dies leaves none behind. now is the clock.
func OpenToChange(dir string, now func() time.Time) (*Store, error) {
	if err := os.MkdirAll(filepath.Join(dir, versionsDir), 0o700); err != nil {
		return nil, fmt.Errorf("installed indicators: %w", err)
	}
	unlock, err := lock(filepath.Join(dir, lockFile))
	if err != nil {
		return nil, err
	}
	s, err := Open(dir)
	if err != nil {
		unlock()
		return nil, err
	}
	s.now, s.release = now, unlock
	s.clean()
	return s, nil
}

// partial ends the names of files that are being written.
const partial = ".partial"

// clean removes what a process that died was writing.
func (s *Store) clean() {
	files, err := os.ReadDir(filepath.Join(s.dir, versionsDir))
	if err != nil {
		return // whoever needs the folder gets the error
	}
	for _, f := range files {
		if strings.HasSuffix(f.Name(), partial) {
			_ = os.Remove(filepath.Join(s.dir, versionsDir, f.Name()))
		}
	}
}

func lock(name string) (unlock func(), err error) {
	type result struct {
		unlock func()
		err    error
	}
	got := make(chan result, 1)
	go func() {
		unlock, err := lockedfile.MutexAt(name).Lock()
		got <- result{unlock, err}
	}()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case r := <-got:
		if r.err != nil {
			return nil, fmt.Errorf("installed indicators: %w", r.err)
		}
		return r.unlock, nil
	case <-timer.C:
		go func() { // whenever it comes
			if r := <-got; r.err == nil {
				r.unlock()
			}
		}()
		return nil, fmt.Errorf("%w (%s)", ErrLocked, name)
	}
}

// Close lets other processes change the store.
func (s *Store) Close() { s.release() }

// Dir is the folder of the store.
func (s *Store) Dir() string { return s.dir }

// Entries are the installed sets, in the order of their names.
func (s *Store) Entries() []Entry {
	all := slices.Clone(s.index.Entries)
	slices.SortFunc(all, func(a, b Entry) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// Entry returns the entry with the given id, name or address; nil for none.
func (s *Store) Entry(name string) *Entry {
	for i := range s.index.Entries {
		if e := &s.index.Entries[i]; e.ID == name || e.Address != "" && e.Address == name {
			return e
		}
	}
	for i := range s.index.Entries {
		if e := &s.index.Entries[i]; strings.EqualFold(e.Name, name) {
			return e
		}
	}
	return nil
}

// Remove takes an entry out of the store, with its history.
func (s *Store) Remove(id string) error {
	s.index.Entries = slices.DeleteFunc(s.index.Entries, func(e Entry) bool { return e.ID == id })
	return s.save()
}

// save writes store.json, and removes files that it no longer names.
func (s *Store) save() error {
	s.index.Schema = 1
	data, err := json.MarshalIndent(&s.index, "", "  ")
	if err != nil {
		return err
	}
	if err := writeFile(filepath.Join(s.dir, indexFile), func(w io.Writer) error { _, err := w.Write(data); return err }); err != nil {
		return fmt.Errorf("installed indicators: %w", err)
	}
	return s.sweep()
}

func (s *Store) sweep() error {
	named := map[string]bool{}
	for i := range s.index.Entries {
		for _, v := range s.index.Entries[i].Versions {
			named[versionName(&v)] = true
		}
	}
	files, err := os.ReadDir(filepath.Join(s.dir, versionsDir))
	if err != nil {
		return fmt.Errorf("installed indicators: %w", err)
	}
	for _, f := range files {
		if !named[f.Name()] && !strings.HasSuffix(f.Name(), partial) {
			_ = os.Remove(filepath.Join(s.dir, versionsDir, f.Name())) // what stays costs room alone
		}
	}
	return nil
}

func versionName(v *Version) string { return v.Stored + ".zst" }

// id returns a short name that no other entry has.
func (s *Store) id(name string) string {
	base := slug(name)
	for n := 1; ; n++ {
		id := base
		if n > 1 {
			id = fmt.Sprintf("%s-%d", base, n)
		}
		if !slices.ContainsFunc(s.index.Entries, func(e Entry) bool { return e.ID == id }) {
			return id
		}
	}
}

// slug makes a name of small letters, digits and hyphens.
func slug(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() >= 48 {
			break
		}
	}
	if id := strings.Trim(b.String(), "-"); id != "" {
		return id
	}
	return "set"
}

func readFile(name string, most int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return limit.ReadAll(f, most)
}

// writeFile writes a file that only its owner can read, under its name only
// once it is whole and on disk.
func writeFile(name string, fn func(io.Writer) error) (err error) {
	part := name + partial
	f, err := os.OpenFile(part, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if err = errors.Join(fn(f), f.Sync(), f.Close()); err != nil {
		_ = os.Remove(part)
		return err
	}
	return os.Rename(part, name)
}

func hashFile(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// describe sets what the store says of a loaded set.
func describe(set *indicator.Set, e *Entry) {
	set.File = e.File
	if e.Name != "" {
		set.Name = e.Name
	}
	set.Credit(indicator.Feed{Publishers: nonEmpty(e.Publisher), References: e.References})
}

func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}
