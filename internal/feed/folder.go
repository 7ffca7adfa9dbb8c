package feed

import (
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

	"github.com/amparo-project/amparo/internal/limit"
)

// folder keeps a store in a folder of this machine: store.json is its list.
type folder struct{ dir string }

func (f folder) List() ([]byte, error) { return readFile(filepath.Join(f.dir, indexFile), maxIndex) }

// Change writes the list. Whoever changes the store holds its lock.
func (f folder) Change(fn func(old []byte) ([]byte, error)) error {
	old, err := f.List()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	data, err := fn(old)
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(f.dir, indexFile), func(w io.Writer) error { _, err := w.Write(data); return err })
}

func (f folder) path(name string) string { return filepath.Join(f.dir, versionsDir, name) }

func (f folder) Open(name string) (io.ReadCloser, error) { return os.Open(f.path(name)) }

func (f folder) Remove(names []string) {
	for _, name := range names {
		_ = os.Remove(f.path(name)) // what stays costs room alone
	}
}

func (f folder) draft(part string) (draftFile, error) {
	name := f.path(part + partial)
	file, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("installed indicators: %w", err)
	}
	return &folderDraft{File: file, in: f, name: name}, nil
}

type folderDraft struct {
	*os.File
	in   folder
	name string
}

func (d *folderDraft) Close() error { return errors.Join(d.Sync(), d.File.Close()) }

func (d *folderDraft) Open() (io.ReadCloser, error) { return os.Open(d.name) }

func (d *folderDraft) keep(v *Version) error { return os.Rename(d.name, d.in.path(v.file())) }

func (d *folderDraft) discard() {
	_ = d.File.Close()    // it may be closed
	_ = os.Remove(d.name) // what stays is removed when the store is next changed
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

// clean removes what a process that died was writing, or had written and not
// named.
func (s *Store) clean() {
	files, err := os.ReadDir(filepath.Join(s.dir, versionsDir))
	if err != nil {
		return // whoever needs the folder gets the error
	}
	named := s.index.files()
	for _, f := range files {
		if strings.HasSuffix(f.Name(), partial) || !slices.Contains(named, f.Name()) {
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
