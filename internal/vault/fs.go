package vault

import (
	"context"
	"io"
	"io/fs"
	"path"
	"time"

	"github.com/amparo-project/amparo/internal/evidence"
)

// FS shows the files of a bundle as a file system that opens files by name;
// folders are not listed. Its files implement io.ReaderAt and io.Seeker.
func (b *Bundle) FS(ctx context.Context) fs.FS { return bundleFS{ctx, b} }

type bundleFS struct {
	ctx context.Context //nolint:containedctx // fs.FS has no place for it
	b   *Bundle
}

// Open implements fs.FS.
func (f bundleFS) Open(name string) (fs.File, error) {
	blob, err := f.b.OpenFile(f.ctx, name)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return &bundleFile{io.NewSectionReader(blob, 0, blob.Size()), blob, path.Base(name)}, nil
}

type bundleFile struct {
	*io.SectionReader
	blob evidence.Blob
	name string
}

// Close implements fs.File.
func (f *bundleFile) Close() error { return f.blob.Close() }

// Stat implements fs.File.
func (f *bundleFile) Stat() (fs.FileInfo, error) { return bundleInfo{f.name, f.Size()}, nil }

type bundleInfo struct {
	name string
	size int64
}

// Name, Size and the others implement fs.FileInfo.
func (i bundleInfo) Name() string     { return i.name }
func (i bundleInfo) Size() int64      { return i.size }
func (bundleInfo) Mode() fs.FileMode  { return 0o400 }
func (bundleInfo) ModTime() time.Time { return time.Time{} }
func (bundleInfo) IsDir() bool        { return false }
func (bundleInfo) Sys() any           { return nil }
