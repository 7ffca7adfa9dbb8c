package vault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"time"
)

// A Store holds segments by name. What is there under its name is whole and
// never changes. Methods may be called by several processes at once.
type Store interface {
	// Create begins a segment. Nobody opens it before Commit of its writer.
	Create(ctx context.Context, id string) (Writer, error)
	// Open opens a segment. The error wraps fs.ErrNotExist.
	Open(ctx context.Context, id string) (Blob, error)
	// Delete removes a segment; one that is not there is no error.
	Delete(ctx context.Context, id string) error
	// List calls fn for each segment, in no order.
	List(ctx context.Context, fn func(id string, modified time.Time) error) error
	// CleanIncoming removes what interrupted processes left of segments that they
	// never committed, once it is older than any running one would leave it.
	CleanIncoming(ctx context.Context, before time.Time) error
	io.Closer
}

// A Writer takes the bytes of a new segment.
type Writer interface {
	io.Writer
	// Sync makes the bytes durable. It, and Commit, may be called from another
	// goroutine than Write, after the last of them, while others do it of others.
	Sync() error
	// Commit puts the segment under its name.
	Commit() error
	// Abort forgets it. After Commit it does nothing.
	Abort()
}

// A Blob is an open segment.
type Blob interface {
	io.ReaderAt
	io.Closer
	Size() int64
}

// Dir is a Store in a folder.
type Dir struct{ root *os.Root }

// Names in the folder.
const (
	tmpDir   = "incoming"
	segments = "segments"
)

var idPattern = regexp.MustCompile(`^S-[0-9a-z]{2}[0-9a-z]{10,30}$`)

// OpenDir opens, or creates, the store in the folder dir.
func OpenDir(dir string) (*Dir, error) {
	for _, sub := range []string{tmpDir, segments} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return nil, fmt.Errorf("vault: %w", err)
		}
	}
	_ = CleanScratch(dir) // the next check, which has to write here, tells why it cannot
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	return &Dir{root}, nil
}

// Close closes the folder.
func (d *Dir) Close() error { return d.root.Close() }

// Place is where a store keeps a segment: spread over folders by the first
// letters of the names. The error wraps ErrDamaged for what is no name of a
// segment.
func Place(id string) (string, error) {
	if !idPattern.MatchString(id) {
		return "", fmt.Errorf("%w: a segment called %q", ErrDamaged, id)
	}
	return segments + "/" + id[2:4] + "/" + id, nil
}

// dirWriter is a segment in the making.
type dirWriter struct {
	d    *Dir
	f    *os.File
	name string // while it is written
	to   string
}

// Create implements Store.
func (d *Dir) Create(_ context.Context, id string) (Writer, error) {
	to, err := Place(id)
	if err != nil {
		return nil, err
	}
	// Spread as they will be: a file system puts files of one folder together,
	// and looks ever longer for room there.
	dir := tmpDir + "/" + id[2:4]
	name := dir + "/" + NewID()
	var f *os.File
	err = d.within(dir, func() (err error) {
		f, err = d.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	return &dirWriter{d, f, name, to}, nil
}

// within does something in a folder, which it makes where there is none.
func (d *Dir) within(dir string, do func() error) error {
	err := do()
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := d.root.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return do()
}

func (w *dirWriter) Write(b []byte) (int, error) { return w.f.Write(b) }

// Sync implements Writer.
func (w *dirWriter) Sync() error { return errors.Join(w.f.Sync(), w.f.Close()) }

// Commit implements Writer. The folder is synced too, so that the name is as
// durable as the bytes.
func (w *dirWriter) Commit() error {
	dir := path.Dir(w.to)
	if err := w.d.within(dir, func() error { return w.d.root.Rename(w.name, w.to) }); err != nil {
		return fmt.Errorf("vault: %w", err)
	}
	w.name = ""
	return w.d.syncDir(dir)
}

// Abort implements Writer.
func (w *dirWriter) Abort() {
	if w.name != "" {
		_ = w.f.Close()             // Sync may have closed it
		_ = w.d.root.Remove(w.name) // what stays is cleaned up by its age
	}
}

func (d *Dir) syncDir(name string) error {
	f, err := d.root.Open(name)
	if err != nil {
		return fmt.Errorf("vault: %w", err)
	}
	defer f.Close()
	return ignoreUnsupported(f.Sync())
}

// Open implements Store.
func (d *Dir) Open(_ context.Context, id string) (Blob, error) {
	name, err := Place(id)
	if err != nil {
		return nil, err
	}
	f, err := d.root.Open(name)
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return dirBlob{f, info.Size()}, nil
}

type dirBlob struct {
	*os.File
	size int64
}

// Size implements Blob.
func (b dirBlob) Size() int64 { return b.size }

// Delete implements Store.
func (d *Dir) Delete(_ context.Context, id string) error {
	name, err := Place(id)
	if err != nil {
		return err
	}
	if err := d.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("vault: %w", err)
	}
	return nil
}

// List implements Store.
func (d *Dir) List(ctx context.Context, fn func(id string, modified time.Time) error) error {
	return fs.WalkDir(d.root.FS(), segments, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return errors.Join(err, context.Cause(ctx))
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		return fn(e.Name(), info.ModTime())
	})
}

// CleanIncoming implements Store.
func (d *Dir) CleanIncoming(ctx context.Context, before time.Time) error {
	return fs.WalkDir(d.root.FS(), tmpDir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return errors.Join(err, context.Cause(ctx))
		}
		if info, err := e.Info(); err == nil && info.ModTime().Before(before) {
			return d.root.Remove(name)
		}
		return nil
	})
}
