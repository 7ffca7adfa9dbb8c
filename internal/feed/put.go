package feed

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/klauspost/compress/zstd"

	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/limit"
)

// A Draft is content that is not yet part of the store: fetched or read, kept
// beside the versions, and either put into an entry or discarded.
type Draft struct {
	store   *Store
	path    string
	version Version
	Set     *indicator.Set // what it says
}

// Draft reads content of at most most bytes into the store's folder and reads
// it as a set, by the file's name and the entry's type. On an error nothing is
// left behind.
func (s *Store) Draft(r io.Reader, e *Entry, most int64) (_ *Draft, err error) {
	d := &Draft{store: s, path: filepath.Join(s.dir, versionsDir, "draft.partial")}
	defer func() {
		if err != nil {
			d.Discard()
		}
	}()
	f, err := os.OpenFile(d.path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("installed indicators: %w", err)
	}
	err = d.compress(f, r, most)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, err
	}
	if d.Set, err = s.load(d.path, e); err != nil {
		return nil, err
	}
	if d.Set.SHA256 != d.version.SHA256 {
		return nil, fmt.Errorf("installed indicators: %w: %s changed while it was written", limit.ErrCorrupt, e.File)
	}
	about := d.Set.Describe()
	d.version.Format, d.version.Count, d.version.ByType, d.version.Added = about.Format, about.Count, about.ByType, s.now().UTC()
	return d, nil
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
func (d *Draft) Discard() { _ = os.Remove(d.path) }

// Same reports whether the draft is what e holds already.
func (d *Draft) Same(e *Entry) bool {
	v := e.Current()
	return v != nil && v.SHA256 == d.version.SHA256
}

// Put makes the draft the newest version of the entry, which is new where its
// ID is "". The entry in the store, and the file, change together or not at
// all.
func (s *Store) Put(d *Draft, e *Entry) error {
	if e.ID == "" {
		e.ID = s.id(e.Name)
	}
	if err := os.Rename(d.path, filepath.Join(s.dir, versionsDir, versionName(&d.version))); err != nil {
		return fmt.Errorf("installed indicators: %w", err)
	}
	e.Versions = append(slices.Clone(e.Versions), d.version)
	if more := len(e.Versions) - maxVersions; more > 0 {
		e.Versions = e.Versions[more:]
	}
	return s.Update(e)
}

// Update saves what changed of an entry.
func (s *Store) Update(e *Entry) error {
	if i := slices.IndexFunc(s.index.Entries, func(o Entry) bool { return o.ID == e.ID }); i >= 0 {
		s.index.Entries[i] = *e
	} else {
		s.index.Entries = append(s.index.Entries, *e)
	}
	return s.save()
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
