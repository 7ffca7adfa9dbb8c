package feed

import (
	"fmt"
	"io"
	"time"
)

// A Shelf keeps a store in another place than a folder of this machine: where
// several machines share it. Names are what its drafts were given by it.
type Shelf interface {
	// List returns the list of entries as Change left it. The error wraps
	// fs.ErrNotExist, or the list is empty, where there is none yet.
	List() ([]byte, error)
	// Change replaces the list by what fn makes of it, all or nothing, and one
	// change at a time of all processes.
	Change(fn func(old []byte) ([]byte, error)) error
	// Open opens a file. The error wraps fs.ErrNotExist, or limit.ErrCorrupt where
	// it is not what was written.
	Open(name string) (io.ReadCloser, error)
	// Create begins a file, which is on no list.
	Create() (ShelfWriter, error)
	// Remove removes files that no list names any more, as far as it can.
	Remove(names []string)
}

// A ShelfWriter takes the bytes of a new file.
type ShelfWriter interface {
	io.Writer
	// Close makes them durable, and names the file.
	Close() (name string, err error)
	// Discard removes the file.
	Discard()
}

// OpenShelf opens the store on a shelf, to be read or changed. now is the
// clock; cache keeps what Load made, for the next store that is given it, and
// may be nil.
func OpenShelf(on Shelf, now func() time.Time, cache *Cache) (*Store, error) {
	s := &Store{shelf: onShelf{on}, cache: cache, now: now, release: func() {}}
	return s, s.read()
}

// shelf is where a store lies.
type shelf interface {
	List() ([]byte, error)
	Change(fn func(old []byte) ([]byte, error)) error
	Open(name string) (io.ReadCloser, error)
	Remove(names []string)
	// draft begins the file of a version.
	draft(part string) (draftFile, error)
}

// draftFile is the file of a version that is in no list yet.
type draftFile interface {
	io.Writer
	// Close makes its bytes durable. After that it can be opened.
	Close() error
	Open() (io.ReadCloser, error)
	// keep gives it the name that its version has from then on.
	keep(v *Version) error
	discard()
}

type onShelf struct{ Shelf }

func (o onShelf) draft(string) (draftFile, error) {
	w, err := o.Create()
	if err != nil {
		return nil, fmt.Errorf("installed indicators: %w", err)
	}
	return &shelfDraft{on: o.Shelf, ShelfWriter: w}, nil
}

type shelfDraft struct {
	ShelfWriter
	on   Shelf
	name string
	kept bool
}

func (d *shelfDraft) Close() (err error) {
	d.name, err = d.ShelfWriter.Close()
	return err
}

func (d *shelfDraft) Open() (io.ReadCloser, error) { return d.on.Open(d.name) }

func (d *shelfDraft) keep(v *Version) error {
	v.Kept, d.kept = d.name, true
	return nil
}

func (d *shelfDraft) discard() {
	if !d.kept {
		d.Discard()
	}
}
