package feed

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/klauspost/compress/zstd"

	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/limit"
)

// A Draft is content that is not yet part of the store: fetched or read, kept
// beside the versions, and either put into an entry or discarded.
type Draft struct {
	store   *Store
	file    draftFile
	version Version
	Set     *indicator.Set // what it says
}

// Draft reads content of at most most bytes to where the store lies and reads
// it as a set, by the file's name and the entry's type. On an error nothing is
// left behind.
func (s *Store) Draft(r io.Reader, e *Entry, most int64) (_ *Draft, err error) {
	d := &Draft{store: s}
	if d.file, err = s.shelf.draft("draft"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			d.Discard()
		}
	}()
	err = d.compress(d.file, r, most)
	if err = errors.Join(err, d.file.Close()); err != nil {
		return nil, err
	}
	if err := d.load(e); err != nil {
		return nil, err
	}
	if d.Set.SHA256 != d.version.SHA256 {
		return nil, fmt.Errorf("installed indicators: %w: %s changed while it was written", limit.ErrCorrupt, e.File)
	}
	about := d.Set.Describe()
	d.version.Format, d.version.Count, d.version.ByType, d.version.Added = about.Format, about.Count, about.ByType, s.now().UTC()
	return d, nil
}

// load reads the draft as a set.
func (d *Draft) load(e *Entry) error {
	f, err := d.file.Open()
	if err != nil {
		return fmt.Errorf("installed indicators: %w", err)
	}
	defer f.Close()
	d.Set, err = d.store.load(f, e)
	return err
}

func (d *Draft) compress(f io.Writer, r io.Reader, most int64) error {
	plain, stored := sha256.New(), sha256.New()
	out := bufio.NewWriterSize(io.MultiWriter(f, stored), 1<<20)
	z, err := zstd.NewWriter(out, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return err
	}
	n, err := io.Copy(io.MultiWriter(z, plain), io.LimitReader(r, most+1))
	if err == nil && n > most {
		err = fmt.Errorf("%w: more than %d bytes", limit.ErrLimit, most)
	}
	if err = errors.Join(err, z.Close(), out.Flush()); err != nil {
		return err
	}
	d.version.Bytes = n
	d.version.SHA256, d.version.Stored = hex.EncodeToString(plain.Sum(nil)), hex.EncodeToString(stored.Sum(nil))
	return nil
}

// Discard removes the draft. The store is as it was.
func (d *Draft) Discard() { d.file.discard() }

// Same reports whether the draft is what e holds already.
func (d *Draft) Same(e *Entry) bool {
	v := e.Current()
	return v != nil && v.SHA256 == d.version.SHA256
}

// Put makes the draft the newest version of the entry, which is new where its
// ID is "". The entry in the store, and the file, change together or not at
// all. Where another process put the same content meanwhile, that stays. On an
// error the file stays: the list may name it, and only the answer was lost.
func (s *Store) Put(d *Draft, e *Entry) error {
	if err := d.file.keep(&d.version); err != nil {
		return fmt.Errorf("installed indicators: %w", err)
	}
	added := false
	err := s.change(func(x *index) error {
		i := -1
		if e.ID == "" {
			e.ID = x.id(e.Name)
		} else {
			i = x.find(e.ID)
		}
		if i >= 0 {
			e.Versions = x.Entries[i].Versions
		}
		if v := e.Current(); v == nil || v.SHA256 != d.version.SHA256 {
			e.Versions, added = append(slices.Clone(e.Versions), d.version), true
		}
		if more := len(e.Versions) - maxVersions; more > 0 {
			e.Versions = e.Versions[more:]
		}
		x.set(i, e)
		return nil
	})
	if err == nil && !added && d.version.Kept != "" {
		s.shelf.Remove([]string{d.version.Kept})
	}
	return err
}

// Update saves what changed of an entry, except its versions.
func (s *Store) Update(e *Entry) error {
	return s.change(func(x *index) error {
		i := x.find(e.ID)
		if i >= 0 {
			e.Versions = x.Entries[i].Versions
		}
		x.set(i, e)
		return nil
	})
}

func (x *index) find(id string) int {
	return slices.IndexFunc(x.Entries, func(o Entry) bool { return o.ID == id })
}

// set puts an entry in the place of the i-th, or at the end where i is -1.
func (x *index) set(i int, e *Entry) {
	if i < 0 {
		x.Entries = append(x.Entries, *e)
		return
	}
	x.Entries[i] = *e
}

// Has returns the entry that holds the same content, nil for none.
func (s *Store) Has(sha256 string) *Entry {
	for i := range s.index.Entries {
		if v := s.index.Entries[i].Current(); v != nil && v.SHA256 == sha256 {
			return &s.index.Entries[i]
		}
	}
	return nil
}

// Take copies all entries of another store that this one lacks, with their
// history, and returns how many.
func (s *Store) Take(from *Store) (int, error) {
	n := 0
	for _, e := range from.Entries() {
		if v := e.Current(); v == nil || s.Has(v.SHA256) != nil || e.Address != "" && s.Entry(e.Address) != nil {
			continue
		}
		if err := s.takeEntry(from, &e); err != nil {
			return n, fmt.Errorf("installed set %s: %w", e.ID, err)
		}
		n++
	}
	return n, nil
}

func (s *Store) takeEntry(from *Store, e *Entry) (err error) {
	var drafts []*Draft
	defer func() {
		for _, d := range drafts {
			if err != nil {
				d.Discard()
			}
		}
	}()
	copied := *e
	copied.Versions = nil
	for i := range e.Versions {
		v := &e.Versions[i]
		if err := from.check(v, e.ID); err != nil {
			return err
		}
		d := &Draft{store: s, version: *v}
		d.version.Kept = ""
		if d.file, err = s.shelf.draft(fmt.Sprintf("copy-%d", i)); err != nil {
			return err
		}
		drafts = append(drafts, d)
		f, err := from.shelf.Open(v.file())
		if err != nil {
			return err
		}
		_, err = io.Copy(d.file, f)
		if err = errors.Join(err, f.Close(), d.file.Close()); err != nil {
			return err
		}
		if err := d.load(e); err != nil {
			return err
		}
		if d.Set.SHA256 != v.SHA256 {
			return fmt.Errorf("%w: it is not what was published", limit.ErrCorrupt)
		}
	}
	for _, d := range drafts {
		if err := d.file.keep(&d.version); err != nil {
			return err
		}
		copied.Versions = append(copied.Versions, d.version)
	}
	return s.change(func(x *index) error {
		if x.find(copied.ID) >= 0 {
			copied.ID = x.id(copied.ID)
		}
		x.set(-1, &copied)
		return nil
	})
}

// Hashes lists the SHA-256 of the newest versions that a list of entries names,
// in order: what a check goes by.
func Hashes(list []byte) ([]string, error) {
	x, err := parseIndex(list)
	if err != nil {
		return nil, err
	}
	out := []string{}
	for i := range x.Entries {
		if v := x.Entries[i].Current(); v != nil {
			out = append(out, v.SHA256)
		}
	}
	slices.Sort(out)
	return out, nil
}
