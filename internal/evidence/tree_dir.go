package evidence

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/limit"
)

// dirTree is a folder. os.Root keeps every name in it, also against links.
type dirTree struct{ root *os.Root }

// OpenDir opens a folder as a Tree.
func OpenDir(name string) (Tree, error) {
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	return &dirTree{root}, nil
}

func (t *dirTree) Problems() []finding.Problem { return nil }

func (t *dirTree) Close() error { return t.root.Close() }

func (t *dirTree) Sub(dir string) (Tree, error) {
	root, err := t.root.OpenRoot(dot(dir))
	if err != nil {
		return nil, err
	}
	return &dirTree{root}, nil
}

func (t *dirTree) Stat(name string) (int64, error) {
	if err := validName(name); err != nil {
		return 0, err
	}
	info, err := t.root.Lstat(name)
	if err != nil {
		return 0, err
	}
	return info.Size(), regular(name, info)
}

// dot is the name that os.Root has for itself.
func dot(dir string) string {
	if dir == "" {
		return "."
	}
	return dir
}

// maxDirEntries bounds what one folder may list. A backup spreads its files
// over 256 folders.
const maxDirEntries = 4_000_000

func (t *dirTree) ReadDir(ctx context.Context, dir string) ([]TreeEntry, error) {
	list := []TreeEntry{}
	err := t.each(ctx, dir, func(e fs.DirEntry) {
		list = append(list, entryOf(e))
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(list, func(a, b TreeEntry) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

func (t *dirTree) Details(ctx context.Context, dir string) ([]TreeDetail, error) {
	list := []TreeDetail{}
	err := t.each(ctx, dir, func(e fs.DirEntry) {
		d := TreeDetail{TreeEntry: entryOf(e)}
		if d.Regular {
			// A file that went away in between has nothing to tell.
			if info, err := e.Info(); err == nil {
				d.Size, d.Modified = info.Size(), info.ModTime().UTC()
			}
		}
		list = append(list, d)
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(list, func(a, b TreeDetail) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

func entryOf(e fs.DirEntry) TreeEntry {
	return TreeEntry{Name: e.Name(), Dir: e.IsDir(), Regular: e.Type().IsRegular()}
}

// each calls fn for each name in a folder, in no order.
func (t *dirTree) each(ctx context.Context, dir string, fn func(fs.DirEntry)) error {
	f, err := t.root.Open(dot(dir))
	if err != nil {
		return err
	}
	defer f.Close()
	for n := 0; ctx.Err() == nil; {
		some, err := f.ReadDir(4096)
		for _, e := range some {
			fn(e)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if n += len(some); n > maxDirEntries {
			return fmt.Errorf("list %s: %w: more than %d files in one folder", f.Name(), limit.ErrLimit, maxDirEntries)
		}
	}
	return context.Cause(ctx)
}

// Open looks before it opens: opening a pipe would wait for somebody to write.
func (t *dirTree) Open(_ context.Context, name string) (Blob, error) {
	if err := validName(name); err != nil {
		return nil, err
	}
	before, err := t.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if err := regular(name, before); err != nil {
		return nil, err
	}
	f, err := t.root.Open(name)
	if err != nil {
		return nil, err
	}
	after, err := f.Stat()
	if err == nil && !os.SameFile(before, after) {
		err = fmt.Errorf("%s: %w: it changed while it was opened", name, ErrIrregular)
	}
	if err == nil {
		err = regular(name, after)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return fileBlob{f, after.Size()}, nil
}

func regular(name string, info fs.FileInfo) error {
	switch {
	case info.Mode().IsRegular():
		return nil
	case info.Mode()&fs.ModeSymlink != 0:
		return fmt.Errorf("%s: %w: a symbolic link, which is not followed", name, ErrIrregular)
	}
	return fmt.Errorf("%s: %w", name, ErrIrregular)
}

// fileBlob is an open file of a size that was taken when it was opened.
type fileBlob struct {
	*os.File
	size int64
}

func (b fileBlob) Size() int64 { return b.size }
