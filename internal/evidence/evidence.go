// Package evidence opens what people bring, read-only, and lists its files by
// their logical path ("HomeDomain/Library/SMS/sms.db"), whatever they are
// called on disk, packed or encrypted.
//
// A Source is one device's evidence. Nothing here ever writes beside it.
package evidence

import (
	"context"
	"io"
	"iter"
	"time"

	"github.com/amparo-project/amparo/internal/finding"
)

// A Source is opened evidence. Its methods may be called from several
// goroutines at once. Memory does not grow with the evidence.
type Source interface {
	// Evidence returns what is known of it as a whole: kind, device,
	// encryption, and the problems met so far.
	Evidence() finding.Evidence

	// Files yields all files of the evidence in a fixed order. A
	// problem of one entry comes as an error that wraps
	// *EntryError, after which the sequence goes on; any other error ends it.
	Files(ctx context.Context) iter.Seq2[Entry, error]

	// Open opens an entry that Files yielded.
	Open(ctx context.Context, e Entry) (File, error)

	// Close releases what the source holds. Files opened from it are closed
	// by whoever opened them, before.
	Close() error
}

// An Entry is one file of a source.
type Entry struct {
	// Path is the logical path, clean, slash-separated, never absolute.
	Path string
	// Ref is the source's own handle for it.
	Ref any
	// Of is the entry of the file that this one is a stretch of, nil for a file
	// of the evidence itself. The file opened from a stretch is a Part.
	Of *Entry
	// Lines are those of a stretch of text.
	Lines int64
}

// A Part is a File that is a stretch of another file of the evidence, shown by
// itself: a section of a long report. Its Stored is that of the whole.
type Part interface {
	File
	// Whole returns the logical path of the file that it lies in, the name of
	// the stretch there, and where in it the stretch begins, in bytes.
	Whole() (path, section string, offset int64)
}

// A Lister is a Source whose list of files says something by itself: that of a
// phone's file system.
type Lister interface {
	// Listing yields each file with what the list says of it, in a fixed
	// order. Its errors are those of Files.
	Listing(ctx context.Context) iter.Seq2[Listed, error]
}

// Listed is one file of a list.
type Listed struct {
	Path     string // as Entry has it
	Size     int64  // bytes
	Modified time.Time
}

// A File is one opened file of the evidence, as its logical content.
type File interface {
	io.ReaderAt
	io.Closer
	// Size is that of the logical (decrypted) content in bytes.
	Size() int64
	// Stored gives the file as it lies in the evidence, before decryption:
	// its name there, and its bytes from the first to the last, for hashing.
	// The caller closes the reader.
	Stored() (name string, size int64, open func() (io.ReadCloser, error))
}

// An EntryError tells of one entry that cannot be used.
type EntryError struct {
	Path string // as the evidence names it
	Err  error
}

func (e *EntryError) Error() string { return e.Path + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *EntryError) Unwrap() error { return e.Err }

// A Prefetcher is a Source that opens files faster when it knows beforehand
// which: one that reads a compressed archive, where each file costs a pass.
type Prefetcher interface {
	// Prefetch makes the entries ready for Open. An entry that cannot be
	// had is no error here: its Open tells.
	Prefetch(ctx context.Context, entries []Entry) error
}
