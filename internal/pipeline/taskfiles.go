package pipeline

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"sync"
	"sync/atomic"
)

// taskFiles are the files of the evidence as one task sees them. It remembers
// which were opened, and whether the machine failed at one: of such a task
// nothing is kept, for another time it may read more.
type taskFiles struct {
	*files
	mu     sync.Mutex
	used   map[string]bool // guarded by mu
	failed atomic.Bool
}

func (f *files) forTask() *taskFiles { return &taskFiles{files: f, used: map[string]bool{}} }

// get is files.get.
func (f *taskFiles) get(ctx context.Context, path string) (*opened, error) {
	o, err := f.files.get(ctx, path)
	switch {
	case err == nil:
		f.mu.Lock()
		f.used[path] = true
		f.mu.Unlock()
	case !errors.Is(err, fs.ErrNotExist):
		f.failed.Store(true)
	}
	return o, err
}

// reader is the file as parsers read it.
func (f *taskFiles) reader(o *opened) io.ReaderAt { return noting{o.file, &f.failed} }

// noting notes that a read failed.
type noting struct {
	io.ReaderAt
	failed *atomic.Bool
}

// ReadAt implements io.ReaderAt.
func (n noting) ReadAt(b []byte, off int64) (int, error) {
	got, err := n.ReaderAt.ReadAt(b, off)
	if err != nil && !errors.Is(err, io.EOF) {
		n.failed.Store(true)
	}
	return got, err
}
