package examine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/feed"
	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/workspace"
)

// Indicators opens the sets that are installed in the workspace, for all its
// servers and workers. The error wraps workspace.ErrNotFound where it has none
// of its own: then those of each machine count. cache may be nil.
func (s *Space) Indicators(ctx context.Context, cache *feed.Cache) (*feed.Store, error) {
	if _, _, err := s.Shared(ctx, workspace.SharedIndicators); err != nil {
		return nil, err
	}
	return s.shelf(ctx, cache)
}

func (s *Space) shelf(ctx context.Context, cache *feed.Cache) (*feed.Store, error) {
	index, key, err := s.SharedIndex(ctx)
	if err != nil {
		return nil, err
	}
	return feed.OpenShelf(&shelf{ctx, s, index, key}, time.Now, cache)
}

// ShareIndicators has the workspace keep its indicators from now on, beginning
// with the sets of the store that is given, which may be nil, with their
// history. What is there already stays. It returns how many sets came.
func (s *Space) ShareIndicators(ctx context.Context, from *feed.Store) (int, error) {
	err := s.ChangeShared(ctx, workspace.SharedIndicators, func(old []byte) ([]byte, map[string]any, error) {
		if old != nil {
			return old, nil, nil
		}
		return []byte{}, map[string]any{"sets": 0}, nil
	})
	if err != nil || from == nil {
		return 0, err
	}
	to, err := s.shelf(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer to.Close()
	return to.Take(from)
}

// shelf is the workspace as a store of indicators: the list is a row of the
// database, the files are bundles of the vault, both sealed for members and
// workers. Nothing of it is ever on the disk of this machine.
type shelf struct {
	ctx   context.Context //nolint:containedctx // of the one store, which serves one call
	space *Space
	index vault.Index
	key   seal.Identity
}

// setFile is the one file of a bundle.
const setFile = "set.zst"

// List implements feed.Shelf.
func (f *shelf) List() ([]byte, error) {
	data, _, err := f.space.Shared(f.ctx, workspace.SharedIndicators)
	return data, err
}

// Change implements feed.Shelf. An act is what changes the sets: when a feed
// was last asked is none.
func (f *shelf) Change(fn func(old []byte) ([]byte, error)) error {
	return f.space.ChangeShared(f.ctx, workspace.SharedIndicators, func(old []byte) ([]byte, map[string]any, error) {
		data, err := fn(old)
		if err != nil {
			return nil, nil, err
		}
		before, err1 := feed.Hashes(old)
		after, err2 := feed.Hashes(data)
		if err := errors.Join(err1, err2); err != nil || slices.Equal(before, after) {
			return data, nil, err
		}
		return data, map[string]any{
			"sets": len(after), "sha256": sumOf(after), "added": without(after, before), "removed": without(before, after),
		}, nil
	})
}

// maxTold bounds the sets that an act names.
const maxTold = 100

// without are the first texts of a list that another lacks.
func without(list, other []string) []string {
	out := slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(other, s) })
	return out[:min(len(out), maxTold)]
}

// sumOf is the SHA-256 over the lines of a list.
func sumOf(list []string) string {
	h := sha256.New()
	for _, s := range list {
		fmt.Fprintln(h, s)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Open implements feed.Shelf.
func (f *shelf) Open(name string) (io.ReadCloser, error) {
	line := &line{Store: f.space.Vault}
	b, err := vault.Open(f.ctx, line, f.index, name, f.key)
	if err != nil {
		return nil, line.why(err)
	}
	file, err := b.OpenFile(f.ctx, setFile)
	if err != nil {
		return nil, line.why(err)
	}
	return &shelfFile{io.NewSectionReader(file, 0, file.Size()), file, line}, nil
}

// line is the store on the way of one file. It remembers why it could not be
// read: the vault calls evidence damaged whatever the cause.
type line struct {
	vault.Store
	err error
}

// Open implements vault.Store.
func (l *line) Open(ctx context.Context, id string) (vault.Blob, error) {
	b, err := l.Store.Open(ctx, id)
	if err != nil {
		l.failed(err)
		return nil, err
	}
	return &lineBlob{b, l}, nil
}

func (l *line) failed(err error) {
	if !errors.Is(err, io.EOF) && !errors.Is(err, fs.ErrNotExist) {
		l.err = err
	}
}

type lineBlob struct {
	vault.Blob
	l *line
}

// ReadAt implements io.ReaderAt.
func (b *lineBlob) ReadAt(p []byte, off int64) (int, error) {
	n, err := b.Blob.ReadAt(p, off)
	if err != nil {
		b.l.failed(err)
	}
	return n, err
}

// why is the error of the line, if it is to blame, or else what err means.
func (l *line) why(err error) error {
	if err != nil && l.err != nil {
		return fmt.Errorf("vault: %w", l.err)
	}
	return damaged(err)
}

// damaged tells what is not what was stored from a network that is down.
func damaged(err error) error {
	if errors.Is(err, vault.ErrDamaged) || errors.Is(err, vault.ErrElsewhere) { // of one set it is the same
		return fmt.Errorf("%w: %w", limit.ErrCorrupt, err)
	}
	return err
}

type shelfFile struct {
	io.Reader
	io.Closer
	line *line
}

// Read implements io.Reader.
func (r *shelfFile) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err == nil || errors.Is(err, io.EOF) {
		return n, err
	}
	return n, r.line.why(err)
}

// Create implements feed.Shelf.
func (f *shelf) Create() (feed.ShelfWriter, error) {
	r, w := io.Pipe()
	d := &shelfWriter{PipeWriter: w, shelf: f, bundle: f.space.SharedBundle(), done: make(chan error, 1)}
	go func() {
		err := vault.Put(f.ctx, f.space.Vault, f.index, vault.AddOptions{Bundle: d.bundle, Key: f.key}, func(store func(string, io.Reader) error) error {
			return store(setFile, r)
		})
		r.CloseWithError(err) // never fails; who writes on gets the error
		d.done <- err
	}()
	return d, nil
}

type shelfWriter struct {
	*io.PipeWriter
	shelf  *shelf
	bundle string
	done   chan error
}

// errDiscarded ends a file that is not wanted.
var errDiscarded = errors.New("discarded")

// Close implements feed.ShelfWriter.
func (d *shelfWriter) Close() (string, error) {
	err := errors.Join(d.PipeWriter.Close(), d.end())
	return d.bundle, err
}

// end waits until what was written is stored, or given up.
func (d *shelfWriter) end() error {
	err, open := <-d.done
	if open {
		close(d.done)
	}
	return err
}

// Discard implements feed.ShelfWriter.
func (d *shelfWriter) Discard() {
	d.CloseWithError(errDiscarded) // never fails
	_ = d.end()                    // it was given up
	d.shelf.Remove([]string{d.bundle})
}

// Remove implements feed.Shelf, and removes what processes left that are gone.
func (f *shelf) Remove(names []string) {
	ctx := context.WithoutCancel(f.ctx)
	data, err := f.List()
	if err != nil {
		return
	}
	list := string(data) // names of bundles are in it and are like nothing else
	old, err := f.space.LeftShared(ctx, func(bundle string) bool { return strings.Contains(list, bundle) })
	if err != nil {
		old = nil
	}
	segments, err := f.space.ForgetShared(ctx, append(old, names...))
	if err != nil {
		return // what stays costs room alone, and is removed another time
	}
	for _, id := range segments {
		if err := f.space.Vault.Delete(ctx, id); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return // "vault verify --clean" removes it
		}
	}
}
