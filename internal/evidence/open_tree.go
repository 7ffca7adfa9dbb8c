package evidence

import (
	"bytes"
	"context"
	"fmt"
	"os"

	"github.com/amparo-project/amparo/internal/limit"
)

// OpenTree opens a folder or an archive (.zip, .tar, .tar.gz, .tar.zst), which
// is known by its content and not by its name. early says of a file in a
// compressed archive that it will be wanted first: it is kept while the
// archive is listed. nil: none.
//
// The error wraps ErrNotEvidence for a file that is no archive, and
// limit.ErrUnsupported for an archive of a kind that is not read.
func OpenTree(ctx context.Context, name string, early func(name string) bool) (Tree, error) {
	return openTree(ctx, name, early, defaultBounds)
}

// OpenArchive opens an archive that is at hand as a Blob, which it takes over.
// Its errors are those of OpenTree.
func OpenArchive(ctx context.Context, name string, b Blob, early func(name string) bool) (Tree, error) {
	return newArchive(ctx, name, b, b.Size(), early, defaultBounds)
}

func openTree(ctx context.Context, name string, early func(string) bool, b bounds) (Tree, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return OpenDir(name)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: %w", name, ErrIrregular)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	if info, err = f.Stat(); err != nil {
		f.Close()
		return nil, err
	}
	return newArchive(ctx, name, f, info.Size(), early, b)
}

// newArchive takes f over.
func newArchive(ctx context.Context, name string, f archiveFile, size int64, early func(string) bool, b bounds) (Tree, error) {
	a := &archive{path: name, file: f, size: size, bounds: b, early: early, stash: newStash(b)}
	if err := a.open(ctx); err != nil {
		a.release()
		return nil, err
	}
	a.refs.Store(1)
	return &archiveTree{a: a}, nil
}

// sniffBytes is how much of a file tells what it is: one block of a tar.
const sniffBytes = 512

func (a *archive) open(ctx context.Context) error {
	head := make([]byte, min(sniffBytes, a.size))
	if _, err := a.file.ReadAt(head, 0); err != nil {
		return fmt.Errorf("read %s: %w", a.path, err)
	}
	if len(head) == 0 {
		return &NotEvidenceError{Path: a.path, Reason: "the file is empty"}
	}
	var err error
	switch k := sniff(head); k {
	case kindZip:
		a.format = &zipFormat{a: a}
		err = a.format.index(ctx)
	case kindTar:
		a.format = &tarFormat{a: a}
		err = a.format.index(ctx)
	case kindGzip, kindZstd:
		a.format = &packedFormat{a: a, kind: k}
		err = a.format.index(ctx)
	case "":
		return &NotEvidenceError{Path: a.path, Reason: "it is neither a folder nor a zip or tar archive"}
	default:
		return fmt.Errorf("%s: %w: %s; unpack it and give the folder", a.path, limit.ErrUnsupported, k)
	}
	if err != nil {
		return fmt.Errorf("list %s: %w", a.path, err)
	}
	a.sort()
	return nil
}

// The kinds of archives that are read. Others have a description.
const (
	kindZip  = "zip"
	kindTar  = "tar"
	kindGzip = "gzip"
	kindZstd = "zstd"
)

// magics are the first bytes of archives.
var magics = []struct{ magic, kind string }{
	{"PK\x03\x04", kindZip},
	{"PK\x05\x06", kindZip}, // without entries
	{"\x1f\x8b", kindGzip},
	{"\x28\xb5\x2f\xfd", kindZstd},
	{"PK\x07\x08", "a zip archive in several parts"},
	{"7z\xbc\xaf\x27\x1c", "a 7z archive"},
	{"Rar!\x1a\x07", "a rar archive"},
	{"\xfd7zXZ\x00", "an xz archive"},
	{"BZh", "a bzip2 archive"},
}

// sniff says what archive starts with head, "" if none does.
func sniff(head []byte) string {
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.magic)) {
			return m.kind
		}
	}
	if isTarHeader(head) {
		return kindTar
	}
	return ""
}

// isTarHeader checks the sum over a header, which every kind of tar has: the
// bytes of the block, with those of the sum itself taken as blanks.
func isTarHeader(b []byte) bool {
	if len(b) < sniffBytes {
		return false
	}
	var want, sum int64
	digits := bytes.Trim(b[148:156], " \x00")
	for _, c := range digits {
		if c < '0' || c > '7' {
			return false
		}
		want = want*8 + int64(c-'0')
	}
	for i, c := range b[:sniffBytes] {
		if i >= 148 && i < 156 {
			c = ' '
		}
		sum += int64(c)
	}
	return len(digits) > 0 && sum == want && b[0] != 0
}

// OpenTreeIn opens an archive that is itself a file of some evidence, and
// takes b over. Its errors are those of OpenTree.
func OpenTreeIn(ctx context.Context, name string, b Blob) (Tree, error) {
	return newArchive(ctx, name, b, b.Size(), nil, defaultBounds)
}
