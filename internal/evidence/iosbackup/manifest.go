package iosbackup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/format/sqlite"
	"github.com/amparo-project/amparo/internal/limit"
)

// What an Entry's Ref is: the name of a file of the backup itself, the rowid
// of a file in the manifest, or the fileID of one that only a list names.
type (
	rootRef string
	rowRef  int64
	idRef   string
)

// The kinds of rows: column flags.
const (
	flagFile    = 1
	flagFolder  = 2
	flagSymlink = 4
)

// manifest is an open Manifest.db.
type manifest struct {
	stored evidence.Blob // as it lies there
	plain  io.ReaderAt   // decrypted view of it
	size   int64         // of plain
	db     *sqlite.DB
	files  *sqlite.Table
}

// openManifest opens Manifest.db, decrypting it where there is a key. That it
// cannot be read is a problem of the evidence and no error, unless the evidence
// turns out to be encrypted.
func (s *Source) openManifest(ctx context.Context, key []byte) error {
	m, err := readManifest(ctx, s.tree, key)
	switch {
	case err == nil:
		s.manifest = m
		if info := m.db.Info(); info.HeaderPages > info.FilePages {
			s.note(manifestFile, "", fmt.Errorf("%w: it is cut: %d of %d pages are there", limit.ErrCorrupt, info.FilePages, info.HeaderPages))
		}
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case key != nil && errors.Is(err, limit.ErrEncrypted):
		err = fmt.Errorf("%w: what its key makes of it is no database", limit.ErrCorrupt)
	case errors.Is(err, limit.ErrEncrypted):
		return fmt.Errorf("%w; %s, which holds the keys, is missing, damaged or says that nothing is encrypted", err, keysFile)
	case errors.Is(err, fs.ErrPermission):
		return err
	case errors.Is(err, fs.ErrNotExist):
		err = errors.New("it is missing: only files that a built-in list can name are read")
	}
	s.note(manifestFile, "", err)
	return nil
}

func readManifest(ctx context.Context, tree evidence.Tree, key []byte) (*manifest, error) {
	stored, err := tree.Open(ctx, manifestFile)
	if err != nil {
		return nil, err
	}
	m := &manifest{stored: stored, plain: stored, size: stored.Size()}
	if err := m.open(ctx, tree, key); err != nil {
		stored.Close()
		return nil, fmt.Errorf("read %s: %w", manifestFile, err)
	}
	return m, nil
}

func (m *manifest) open(ctx context.Context, tree evidence.Tree, key []byte) (err error) {
	var o sqlite.Options
	if key != nil {
		m.size -= m.size % 16 // it is not padded: a database is made of pages
		if m.plain, err = newCBC(m.stored, m.size, key); err != nil {
			return err
		}
	} else if wal, err := tree.Open(ctx, manifestFile+"-wal"); err == nil {
		defer wal.Close()
		data, err := limit.ReadFull(wal, wal.Size(), maxLogBytes)
		if err != nil {
			return fmt.Errorf("its log: %w", err)
		}
		o.WAL, o.WALSize = strings.NewReader(string(data)), int64(len(data))
	}
	if m.db, err = sqlite.Open(m.plain, m.size, o); err != nil {
		return err
	}
	var ok bool
	if m.files, ok = m.db.Table("Files"); !ok || !m.files.Has("fileID") {
		return fmt.Errorf("%w: it has no table of files", limit.ErrCorrupt)
	}
	return nil
}

// maxLogBytes bounds the write-ahead log of a manifest: one is left only where
// somebody opened the database.
const maxLogBytes = 64 * limit.MiB

// list yields the files. It returns which known files it met, whether the
// whole table could be read, and whether the consumer wants more.
func (m *manifest) list(ctx context.Context, yield func(evidence.Entry, error) bool) (seen map[string]bool, whole, more bool) {
	seen, whole = map[string]bool{}, true
	known := knownFiles()
	for row, err := range m.files.Scan(ctx, "fileID", "domain", "relativePath", "flags") {
		var damage *sqlite.DamageError
		if err != nil && !errors.As(err, &damage) {
			yield(evidence.Entry{}, fmt.Errorf("list %s: %w", manifestFile, err))
			return seen, whole, false
		}
		if row == nil || row.Value(0).Lost() || row.Value(1).Lost() || row.Value(2).Lost() || row.Value(3).Lost() {
			whole = false
			if !yield(evidence.Entry{}, &evidence.EntryError{Path: manifestFile, Err: err}) {
				return seen, whole, false
			}
			continue
		}
		e, id, err := entry(row)
		if errors.Is(err, errNoFile) {
			continue
		}
		if _, ok := known[string(id)]; ok && err == nil {
			seen[string(id)] = true
		}
		if !yield(e, err) {
			return seen, whole, false
		}
	}
	return seen, whole, true
}

// other is a folder or a symbolic link that the manifest lists.
type other struct {
	path     string
	link     bool
	target   string
	modified time.Time
}

// others calls fn for each folder and link. What is damaged was told by list.
func (m *manifest) others(ctx context.Context, fn func(other) error) error {
	for row, err := range m.files.Scan(ctx, "domain", "relativePath", "flags", "file") {
		var damage *sqlite.DamageError
		if err != nil && !errors.As(err, &damage) {
			return fmt.Errorf("list %s: %w", manifestFile, err)
		}
		if row == nil {
			continue
		}
		flags, _ := row.Value(2).AsInt()
		if flags != flagFolder && flags != flagSymlink {
			continue
		}
		o := other{path: string(row.Value(0).Bytes()), link: flags == flagSymlink}
		if rel := row.Value(1).Bytes(); len(rel) > 0 {
			o.path += "/" + string(rel)
		}
		if len(o.path) > maxPathBytes || !safePath(o.path) {
			continue
		}
		if meta, err := parseMeta(row.Value(3).Bytes()); err == nil {
			o.modified, o.target = meta.modified, meta.target
		}
		if err := fn(o); err != nil {
			return err
		}
	}
	return nil
}

// errNoFile says that a row is of a folder or a link.
var errNoFile = errors.New("not a file")

// entry makes an entry of a row of fileID, domain, relativePath and flags. The
// id is valid until the next row.
func entry(row *sqlite.Row) (e evidence.Entry, id []byte, err error) {
	flags, ok := row.Value(3).AsInt()
	if ok && (flags == flagFolder || flags == flagSymlink) {
		return e, nil, errNoFile
	}
	id = row.Value(0).Bytes()
	name, err := logicalPath(row.Value(1).Bytes(), row.Value(2).Bytes())
	switch {
	case err != nil:
	case !ok || flags != flagFile:
		err = fmt.Errorf("%w: neither file nor folder nor link", limit.ErrCorrupt)
	case !isFileID(id):
		err = fmt.Errorf("%w: its fileID is not 40 hexadecimal digits", limit.ErrCorrupt)
	}
	if err != nil {
		return e, nil, &evidence.EntryError{Path: name, Err: err}
	}
	return evidence.Entry{Path: name, Ref: rowRef(row.RowID())}, id, nil
}

// maxPathBytes bounds a logical path; that of a file system is 1024.
const maxPathBytes = 4096

// logicalPath joins domain and path. Where they cannot be trusted it returns
// what to show of them, and an error.
func logicalPath(domain, rel []byte) (string, error) {
	if len(domain)+len(rel) >= maxPathBytes {
		return string(domain[:min(len(domain), 100)]) + "/…", fmt.Errorf("%w: a path of %d bytes", limit.ErrLimit, len(domain)+len(rel))
	}
	name := string(domain) + "/" + string(rel)
	if len(domain) == 0 || len(rel) == 0 || strings.IndexByte(name, '/') != len(domain) || !safePath(name) {
		return name, fmt.Errorf("%w: a path that leads elsewhere or nowhere", limit.ErrCorrupt)
	}
	return name, nil
}

// safePath reports whether a name is clean and relative however a system
// separates names. A backslash within a name is unusual but no trick.
func safePath(name string) bool {
	if !fs.ValidPath(name) || strings.IndexByte(name, 0) >= 0 {
		return false
	}
	return strings.IndexByte(name, '\\') < 0 || fs.ValidPath(strings.ReplaceAll(name, `\`, "/"))
}

func isFileID(id []byte) bool {
	if len(id) != 40 {
		return false
	}
	for _, c := range id {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
			return false
		}
	}
	return true
}
