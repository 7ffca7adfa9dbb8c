package iosbackup

import (
	"context"
	"crypto/aes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/format/sqlite"
	"github.com/amparo-project/amparo/internal/limit"
)

// file is one open file of the backup.
type file struct {
	io.ReaderAt // the logical content
	size        int64
	stored      evidence.Blob
	name        string // in the backup
	owned       bool   // the file closes stored
}

func (f *file) Size() int64 { return f.size }

func (f *file) Close() error {
	if !f.owned {
		return nil
	}
	return f.stored.Close()
}

// Stored implements evidence.File.
func (f *file) Stored() (string, int64, func() (io.ReadCloser, error)) {
	return f.name, f.stored.Size(), func() (io.ReadCloser, error) {
		return io.NopCloser(io.NewSectionReader(f.stored, 0, f.stored.Size())), nil
	}
}

// Open opens a file that Files yielded. Its error wraps fs.ErrNotExist where
// the manifest names a file that the backup lacks.
func (s *Source) Open(ctx context.Context, e evidence.Entry) (evidence.File, error) {
	f, err := s.openEntry(ctx, e)
	if err != nil {
		return nil, err // not f: a nil file must not become an interface
	}
	return f, nil
}

func (s *Source) openEntry(ctx context.Context, e evidence.Entry) (*file, error) {
	switch ref := e.Ref.(type) {
	case rootRef:
		return s.openRoot(ctx, string(ref))
	case idRef:
		stored, name, err := s.openStored(ctx, string(ref), e.Path)
		if err != nil {
			return nil, err
		}
		return &file{stored, stored.Size(), stored, name, true}, nil
	case rowRef:
		id, meta, err := s.row(e.Path, ref, s.keys != nil)
		if err != nil {
			return nil, err
		}
		return s.openRow(ctx, e.Path, id, meta)
	}
	return nil, fmt.Errorf("%s: not an entry of this backup", e.Path)
}

// openWithMeta opens an entry and returns what the manifest says of it, nil
// where that is nothing.
func (s *Source) openWithMeta(ctx context.Context, e evidence.Entry) (*file, *fileMeta, error) {
	ref, ok := e.Ref.(rowRef)
	if !ok {
		f, err := s.openEntry(ctx, e)
		return f, nil, err
	}
	id, meta, err := s.row(e.Path, ref, true)
	if err != nil {
		return nil, nil, err
	}
	f, err := s.openRow(ctx, e.Path, id, meta)
	return f, meta, err
}

func (s *Source) openRoot(ctx context.Context, name string) (*file, error) {
	if m := s.manifest; m != nil && name == manifestFile {
		return &file{m.plain, m.size, m.stored, name, false}, nil
	}
	stored, err := s.tree.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	return &file{stored, stored.Size(), stored, name, true}, nil
}

// openRow opens the file that one row of the manifest names.
func (s *Source) openRow(ctx context.Context, path, id string, meta *fileMeta) (*file, error) {
	stored, name, err := s.openStored(ctx, id, path)
	if err != nil {
		return nil, err
	}
	f := &file{stored, stored.Size(), stored, name, true}
	if s.keys != nil {
		if err := s.decrypting(f, path, meta); err != nil {
			stored.Close()
			return nil, err
		}
	}
	return f, nil
}

// row reads the fileID of a row, and, if asked for, what the manifest says of
// the file, without which one that is encrypted cannot be read.
func (s *Source) row(path string, ref rowRef, described bool) (id string, meta *fileMeta, err error) {
	if s.manifest == nil {
		return "", nil, fmt.Errorf("%s: not an entry of this backup", path)
	}
	row, err := s.manifest.files.Find(int64(ref), "fileID", "domain", "relativePath", "flags", "file")
	var damage *sqlite.DamageError
	if err != nil && (row == nil || !errors.As(err, &damage)) {
		return "", nil, fmt.Errorf("row %d of %s: %w", ref, manifestFile, err)
	}
	e, rawID, entryErr := entry(row)
	if entryErr != nil || e.Path != path {
		return "", nil, fmt.Errorf("row %d of %s: %w: it is not that of %s", ref, manifestFile, limit.ErrCorrupt, path)
	}
	id = string(rawID)
	if !described {
		return id, nil, nil
	}
	if !row.Value(4).Lost() {
		meta, err = parseMeta(row.Value(4).Bytes())
	}
	if err != nil && s.keys != nil {
		return "", nil, fmt.Errorf("row %d of %s, which holds the key: %w", ref, manifestFile, err)
	}
	return id, meta, nil
}

// storedName says where the content of an entry lies in the tree.
func (s *Source) storedName(e evidence.Entry) (string, error) {
	switch ref := e.Ref.(type) {
	case rootRef:
		return string(ref), nil
	case idRef:
		return hashedName(string(ref)), nil
	case rowRef:
		if s.manifest == nil {
			return "", fs.ErrNotExist
		}
		row, err := s.manifest.files.Find(int64(ref), "fileID")
		if err != nil {
			return "", err
		}
		if id := row.Value(0).Bytes(); isFileID(id) {
			return hashedName(string(id)), nil
		}
	}
	return "", fmt.Errorf("%s: not an entry of this backup", e.Path)
}

// hashedName is where a file lies: in a folder of the first two digits.
func hashedName(id string) string { return id[:2] + "/" + id }

// openStored opens the content of a fileID. Some tools, like iOS before 10,
// put all files into one folder; Decrypt puts them where their paths say.
func (s *Source) openStored(ctx context.Context, id, path string) (evidence.Blob, string, error) {
	name := hashedName(id)
	b, err := s.tree.Open(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		for _, other := range []string{id, portable(path)} {
			if b, err := s.tree.Open(ctx, other); err == nil {
				return b, other, nil
			}
		}
		err = fmt.Errorf("%s: named by the manifest but not in the backup: %w", name, fs.ErrNotExist)
	}
	return b, name, err
}

// unwrap unwraps a key that has its class before it, as four bytes, the lowest
// first.
func (s *Source) unwrap(wrapped []byte) ([]byte, error) {
	if len(wrapped) < 4 {
		return nil, fmt.Errorf("%w: a wrapped key of %d bytes", limit.ErrCorrupt, len(wrapped))
	}
	return s.keys.FileKey(binary.LittleEndian.Uint32(wrapped), wrapped[4:])
}

// decrypting makes f give the decrypted content. A file without a key lies in
// the backup as it is.
func (s *Source) decrypting(f *file, path string, meta *fileMeta) error {
	if len(meta.key) == 0 {
		return nil
	}
	key, err := s.unwrap(meta.key)
	if err != nil {
		return fmt.Errorf("the key of %s: %w", path, err)
	}
	defer clear(key)
	whole := f.stored.Size() / aes.BlockSize * aes.BlockSize
	c, err := newCBC(f.stored, whole, key)
	if err != nil {
		return err
	}
	size, err := trueSize(c, f.stored.Size(), meta.size)
	if err != nil {
		s.note(path, "", err)
	}
	c.size = size
	f.ReaderAt, f.size = c, size
	return nil
}

// trueSize says how much of the decrypted content is the file. The manifest
// gives its size, which holds where it fits the stored bytes (padding adds 1 to
// 16); otherwise the padding is believed, if it is one. The error tells what
// was lost, and the size holds all the same.
func trueSize(c *cbcReader, stored, claimed int64) (int64, error) {
	whole := c.size
	if stored == whole && claimed >= 0 && claimed <= whole && whole-claimed <= aes.BlockSize {
		return claimed, nil
	}
	if stored == whole && whole > 0 {
		if pad, err := padding(c); err != nil {
			return 0, err
		} else if pad > 0 {
			return whole - pad, nil // the file changed while it was backed up
		}
	}
	if claimed >= 0 && claimed <= whole {
		return claimed, nil
	}
	return whole, fmt.Errorf("%w: it is cut: %d bytes are there, the manifest says %d", limit.ErrCorrupt, whole, claimed)
}

// padding returns how many bytes PKCS #7 added at the end, 0 if what is there
// is no padding.
func padding(c *cbcReader) (int64, error) {
	var last [aes.BlockSize]byte
	if err := c.decrypt(last[:], c.size-aes.BlockSize); err != nil {
		return 0, err
	}
	n := int(last[aes.BlockSize-1])
	if n == 0 || n > aes.BlockSize {
		return 0, nil
	}
	for _, b := range last[aes.BlockSize-n:] {
		if int(b) != n {
			return 0, nil
		}
	}
	return int64(n), nil
}
