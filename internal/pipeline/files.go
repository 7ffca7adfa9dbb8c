package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"sync"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/evidence"
)

// files opens each wanted file of the evidence once, for as many parsers as
// read it, and remembers its hash.
type files struct {
	src     evidence.Source
	entries map[string]evidence.Entry

	mu   sync.Mutex
	open map[string]*opened
	sums map[string]*digest // by stored name
}

// opened is one file, or why it could not be opened.
type opened struct {
	once sync.Once
	file evidence.File
	err  error

	stored  string // name in the evidence
	size    int64  // as stored
	*digest        // shared by all that lie in the same stored file
}

// digest is the hash of a stored file.
type digest struct {
	hashing sync.Once
	sum     string // SHA-256 of the stored bytes, once hashed
	sumErr  error
}

func newFiles(src evidence.Source, entries map[string]evidence.Entry) *files {
	return &files{src: src, entries: entries, open: map[string]*opened{}, sums: map[string]*digest{}}
}

// get opens the file with the logical path. Its error wraps fs.ErrNotExist
// where the evidence has none.
func (f *files) get(ctx context.Context, path string) (*opened, error) {
	entry, ok := f.entries[path]
	if !ok {
		return nil, fmt.Errorf("%s: %w", path, fs.ErrNotExist)
	}
	f.mu.Lock()
	o := f.open[path]
	if o == nil {
		o = &opened{digest: new(digest)}
		f.open[path] = o
	}
	f.mu.Unlock()
	o.once.Do(func() {
		if o.file, o.err = f.src.Open(ctx, entry); o.err == nil {
			o.stored, o.size, _ = o.file.Stored()
			o.digest = f.digest(o.stored)
		}
	})
	return o, o.err
}

// digest returns the hash that all files of one stored file share.
func (f *files) digest(stored string) *digest {
	f.mu.Lock()
	defer f.mu.Unlock()
	d := f.sums[stored]
	if d == nil {
		d = new(digest)
		f.sums[stored] = d
	}
	return d
}

// opened returns the file where it was opened, nil otherwise.
func (f *files) opened(path string) *opened {
	f.mu.Lock()
	defer f.mu.Unlock()
	if o := f.open[path]; o != nil && o.err == nil && o.file != nil {
		return o
	}
	return nil
}

// find returns the wanted files that fit a pattern, sorted.
func (f *files) find(pattern string) []string {
	var found []string
	for path := range f.entries {
		if artifact.Match(pattern, path) {
			found = append(found, path)
		}
	}
	slices.Sort(found)
	return found
}

// each calls fn with every file that was opened without error.
func (f *files) each(fn func(path string, o *opened)) {
	for path, o := range f.open {
		if o.err == nil && o.file != nil {
			fn(path, o)
		}
	}
}

func (f *files) close() {
	f.each(func(_ string, o *opened) { _ = o.file.Close() })
}

// hash reads the stored bytes of o and keeps their SHA-256.
func (o *opened) hash(ctx context.Context) { o.hashing.Do(func() { o.read(ctx) }) }

func (o *opened) read(ctx context.Context) {
	_, _, open := o.file.Stored()
	r, err := open()
	if err != nil {
		o.sumErr = err
		return
	}
	defer r.Close()
	h := sha256.New()
	if _, err := io.CopyBuffer(struct{ io.Writer }{h}, readerUntil{ctx, r}, make([]byte, 256<<10)); err != nil {
		o.sumErr = err
		return
	}
	o.sum = hex.EncodeToString(h.Sum(nil))
}

// readerUntil reads r until ctx ends.
type readerUntil struct {
	ctx context.Context //nolint:containedctx // it lives as long as one copy
	r   io.Reader
}

func (r readerUntil) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.r.Read(p)
}
