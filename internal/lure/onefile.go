package lure

import (
	"bytes"
	"io/fs"
	"time"
)

// sharedName is the name of a file that lies in no folder.
const sharedName = "institutions.yaml"

// oneFile is a file system of the one file sharedName.
type oneFile []byte

// Open implements fs.FS.
func (o oneFile) Open(name string) (fs.File, error) {
	if name != sharedName {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &openFile{bytes.NewReader(o)}, nil
}

type openFile struct{ *bytes.Reader }

// Stat implements fs.File.
func (f *openFile) Stat() (fs.FileInfo, error) { return fileInfo(f.Size()), nil }

// Close implements fs.File.
func (f *openFile) Close() error { return nil }

// fileInfo is the size of the file; there is nothing else to say of it.
type fileInfo int64

func (i fileInfo) Name() string       { return sharedName }
func (i fileInfo) Size() int64        { return int64(i) }
func (i fileInfo) Mode() fs.FileMode  { return 0o400 }
func (i fileInfo) ModTime() time.Time { return time.Time{} }
func (i fileInfo) IsDir() bool        { return false }
func (i fileInfo) Sys() any           { return nil }
