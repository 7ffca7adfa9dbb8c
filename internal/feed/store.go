package feed

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

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
	Asked      *Asked                  `json:"asked,omitempty"`         // by a job, when it last was
}

// Asked is what came of an entry's address when a job asked it. It is stored with
// what came, all or nothing: another attempt of the job does not ask again.
type Asked struct {
	By       string   `json:"by"`    // id of the job
	State    string   `json:"state"` // fetch.State
	Added    int      `json:"added,omitempty"`
	Removed  int      `json:"removed,omitempty"`
	Examples []string `json:"new,omitempty"`
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
	// Kept is the name by which a shelf has the file; "" in a folder, where
	// Stored names it.
	Kept string `json:"kept,omitempty"`
}

// Current is the newest version; nil if there is none.
func (e *Entry) Current() *Version {
	if len(e.Versions) == 0 {
		return nil
	}
	return &e.Versions[len(e.Versions)-1]
}

// A Store holds the installed sets: in a folder of this machine, or on a shelf
// that several machines share. It serves one goroutine.
type Store struct {
	dir     string // "" on a shelf
	shelf   shelf
	cache   *Cache // nil: nothing is kept in memory
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
	s := &Store{dir: dir, shelf: folder{dir}, now: time.Now, release: func() {}}
	return s, s.read()
}

// read reads the list of entries.
func (s *Store) read() error {
	data, err := s.shelf.List()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("installed indicators: %w", err)
	}
	s.index, err = parseIndex(data)
	return err
}

func parseIndex(data []byte) (x index, err error) {
	if len(data) == 0 {
		return x, nil
	}
	if err := json.Unmarshal(data, &x); err != nil {
		return x, fmt.Errorf("installed indicators: %w: %s: %w", limit.ErrCorrupt, indexFile, err)
	}
	if x.Schema != 1 {
		return x, fmt.Errorf("installed indicators: %w: %s of schema %d", limit.ErrUnsupported, indexFile, x.Schema)
	}
	return x, nil
}

// Close lets other processes change the store.
func (s *Store) Close() { s.release() }

// Dir is the folder of the store, "" on a shelf.
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
	return s.change(func(x *index) error {
		x.Entries = slices.DeleteFunc(x.Entries, func(e Entry) bool { return e.ID == id })
		return nil
	})
}

// change changes the list of entries, and removes files that it no longer
// names. fn gets the list as it is now: of a shelf others may have changed it
// since it was read.
func (s *Store) change(fn func(*index) error) error {
	var gone []string
	err := s.shelf.Change(func(old []byte) ([]byte, error) {
		x, err := parseIndex(old)
		if err != nil {
			return nil, err
		}
		before := x.files()
		x.Entries = slices.Clone(x.Entries)
		if err := fn(&x); err != nil {
			return nil, err
		}
		x.Schema = 1
		data, err := json.MarshalIndent(&x, "", "  ")
		if err != nil {
			return nil, err
		}
		after := x.files()
		gone = slices.DeleteFunc(before, func(name string) bool { return slices.Contains(after, name) })
		s.index = x
		return data, nil
	})
	if err != nil {
		return fmt.Errorf("installed indicators: %w", err)
	}
	s.shelf.Remove(gone) // what stays costs room alone
	return nil
}

// files names the files of all versions.
func (x *index) files() (names []string) {
	for i := range x.Entries {
		for k := range x.Entries[i].Versions {
			names = append(names, x.Entries[i].Versions[k].file())
		}
	}
	return names
}

// file is the name of the version's file.
func (v *Version) file() string {
	if v.Kept != "" {
		return v.Kept
	}
	return v.Stored + ".zst"
}

// id returns a short name that no other entry has.
func (x *index) id(name string) string {
	base := slug(name)
	for n := 1; ; n++ {
		id := base
		if n > 1 {
			id = fmt.Sprintf("%s-%d", base, n)
		}
		if !slices.ContainsFunc(x.Entries, func(e Entry) bool { return e.ID == id }) {
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
