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
	"time"

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

func (t *dirTree) Modified(name string) time.Time {
	if validName(name) != nil {
		return time.Time{}
	}
	info, err := t.root.Lstat(name)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime().UTC()
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
	f, err := t.root.Open(dot(dir))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var list []TreeEntry
	for ctx.Err() == nil {
		some, err := f.ReadDir(4096)
		for _, e := range some {
			list = append(list, TreeEntry{Name: e.Name(), Dir: e.IsDir(), Regular: e.Type().IsRegular()})
		}
		if errors.Is(err, io.EOF) {
			slices.SortFunc(list, func(a, b TreeEntry) int { return strings.Compare(a.Name, b.Name) })
			return list, nil
		}
		if err != nil {
			return nil, err
		}
		if len(list) > maxDirEntries {
			return nil, fmt.Errorf("list %s: %w: more than %d files in one folder", f.Name(), limit.ErrLimit, maxDirEntries)
		}
	}
	return nil, context.Cause(ctx)
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
