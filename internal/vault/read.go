package vault

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"filippo.io/age"

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/seal"
)

// A Bundle is a stored evidence, open for reading at any offset.
type Bundle struct {
	s        Store
	key      seal.Identity
	files    map[string]*File
	dirs     map[string][]evidence.TreeDetail
	segments map[string]Segment
	notes    []finding.Problem

	mu     sync.Mutex
	lost   error       // guarded by mu; see Lost
	onLost func(error) // guarded by mu
}

// Open reads the list of a bundle.
func Open(ctx context.Context, s Store, x Index, bundle string, key seal.Identity) (*Bundle, error) {
	list, _, err := files(ctx, x, bundle, key)
	if err != nil {
		return nil, err
	}
	segs, err := x.Segments(ctx, bundle)
	if err != nil {
		return nil, err
	}
	b := &Bundle{s: s, key: key, files: map[string]*File{}, dirs: map[string][]evidence.TreeDetail{"": nil}, segments: segs}
	for i := range list {
		b.take(&list[i])
	}
	for _, d := range b.dirs {
		slices.SortFunc(d, func(a, b evidence.TreeDetail) int { return strings.Compare(a.Name, b.Name) })
	}
	return b, nil
}

// take files one file under its folders.
func (b *Bundle) take(f *File) {
	if !fs.ValidPath(f.Path) || f.Path == "." {
		b.notes = append(b.notes, finding.Problem{Path: f.Path, Error: "unusable name"})
		return
	}
	d := evidence.TreeDetail{TreeEntry: evidence.TreeEntry{Name: path.Base(f.Path), Regular: f.SHA256 != ""}, Size: f.Size}
	d.Modified, _ = time.Parse(time.RFC3339Nano, f.Modified)
	switch {
	case f.Note != "":
		b.notes = append(b.notes, finding.Problem{Path: f.Path, Error: f.Note})
	case f.SHA256 == "":
		b.notes = append(b.notes, finding.Problem{Path: f.Path, Error: "not stored whole"})
	default:
		b.files[f.Path] = f
	}
	for name := f.Path; ; {
		dir := path.Dir(name)
		if dir == "." {
			dir = ""
		}
		_, known := b.dirs[dir]
		b.dirs[dir] = append(b.dirs[dir], d)
		if known {
			return
		}
		name, d = dir, evidence.TreeDetail{TreeEntry: evidence.TreeEntry{Name: path.Base(dir), Dir: true}}
	}
}

// Files yields the files that are stored whole, by path.
func (b *Bundle) Files() []File {
	list := make([]File, 0, len(b.files))
	for _, f := range b.files {
		list = append(list, *f)
	}
	slices.SortFunc(list, func(x, y File) int { return strings.Compare(x.Path, y.Path) })
	return list
}

// Mark stands for what a path consists of as it is stored: the file of that name
// or, where it lies in an archive, the archive. It is another as soon as the list
// has another hash or other segments for the file, or the index another hash of a
// stored segment. It says nothing of what lies in the store now. "" is a path
// that the bundle does not have.
func (b *Bundle) Mark(name string) string {
	for f := b.files[name]; ; f = b.files[name] {
		if f != nil {
			return b.mark(f)
		}
		if name = path.Dir(name); name == "." || name == "/" {
			return ""
		}
	}
}

func (b *Bundle) mark(f *File) string {
	h := sha256.New()
	fmt.Fprintf(h, "%q %d %s\n", f.Path, f.Size, f.SHA256)
	for _, id := range f.Segments {
		s := b.segments[id]
		fmt.Fprintf(h, "%s %s %d %s %d\n", id, s.SHA256, s.Size, s.StoredSHA256, s.StoredSize)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Tree shows the bundle as evidence lies in a folder.
func (b *Bundle) Tree() evidence.Tree { return &tree{b: b} }

// OpenFile opens one file. The error wraps fs.ErrNotExist.
func (b *Bundle) OpenFile(ctx context.Context, name string) (evidence.Blob, error) {
	f := b.files[name]
	if f == nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &file{ctx: ctx, b: b, f: f, open: make([]*segment, len(f.Segments))}, nil
}

// file reads across segments, each opened when it is first wanted.
type file struct {
	ctx  context.Context //nolint:containedctx // io.ReaderAt has none
	b    *Bundle
	f    *File
	mu   sync.Mutex
	open []*segment // guarded by mu
}

type segment struct {
	blob  Blob
	clear io.ReaderAt
	size  int64
}

// Size implements evidence.Blob.
func (r *file) Size() int64 { return r.f.Size }

// ReadAt implements io.ReaderAt.
func (r *file) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, fs.ErrInvalid
	}
	for n < len(p) {
		if off >= r.f.Size {
			return n, io.EOF
		}
		s, err := r.segment(int(off / SegmentSize))
		if err != nil {
			return n, err
		}
		in := off % SegmentSize
		want := min(int64(len(p)-n), s.size-in)
		if want <= 0 {
			return n, fmt.Errorf("%w: a segment is too short", ErrDamaged)
		}
		got, err := s.clear.ReadAt(p[n:int64(n)+want], in)
		n, off = n+got, off+int64(got)
		if err != nil && !errors.Is(err, io.EOF) {
			return n, fmt.Errorf("%w: %s: %w", ErrDamaged, r.f.Path, err)
		}
		if got == 0 {
			return n, io.ErrUnexpectedEOF
		}
	}
	return n, nil
}

func (r *file) segment(i int) (*segment, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if i >= len(r.open) {
		return nil, fmt.Errorf("%w: %s has too few segments", ErrDamaged, r.f.Path)
	}
	if r.open[i] != nil {
		return r.open[i], nil
	}
	s, err := r.b.openSegment(r.ctx, r.f.Segments[i])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.f.Path, err)
	}
	r.open[i] = s
	return s, nil
}

// Close implements io.Closer.
func (r *file) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var err error
	for i, s := range r.open {
		if s != nil {
			err = errors.Join(err, s.blob.Close())
			r.open[i] = nil
		}
	}
	return err
}

func (b *Bundle) openSegment(ctx context.Context, id string) (*segment, error) {
	row, ok := b.segments[id]
	if !ok {
		return nil, fmt.Errorf("%w: segment %s is not known", ErrDamaged, id)
	}
	blob, err := b.s.Open(ctx, id)
	if err != nil {
		return nil, b.explain(ctx, id, err)
	}
	blob = &told{blob, ctx, b, id}
	s, err := b.decrypt(blob, row)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w: segment %s: %w", ErrDamaged, id, err), blob.Close())
	}
	return s, nil
}

func (b *Bundle) decrypt(blob Blob, row Segment) (*segment, error) {
	if blob.Size() != row.StoredSize {
		return nil, fmt.Errorf("%d bytes instead of %d", blob.Size(), row.StoredSize)
	}
	id := b.key.Age()
	if len(row.Wrapped) > 0 {
		fileKey, err := seal.Open(b.key, row.Wrapped)
		if err != nil {
			return nil, err
		}
		id = age.NewInjectedFileKeyIdentity(fileKey)
	}
	clear, size, err := age.DecryptReaderAt(blob, blob.Size(), id)
	if err != nil {
		return nil, err
	}
	if size != row.Size {
		return nil, fmt.Errorf("%d bytes in clear instead of %d", size, row.Size)
	}
	return &segment{blob, &chunks{r: clear, size: size}, size}, nil
}

// maxHeader bounds the header of a segment: it has one recipient.
const maxHeader = 4096

// fileKeyOf returns the file key of a segment.
func fileKeyOf(blob Blob, seg Segment, key seal.Identity) ([]byte, error) {
	if len(seg.Wrapped) > 0 {
		return seal.Open(key, seg.Wrapped)
	}
	head := make([]byte, min(maxHeader, blob.Size()))
	if _, err := blob.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	header, err := age.ExtractHeader(bytes.NewReader(head))
	if err != nil {
		return nil, err
	}
	return age.DecryptHeader(header, key.Age())
}

// A Damage names what is wrong with a stored file.
type Damage struct {
	Path    string `json:"path"`
	Segment string `json:"segment,omitempty"`
	Error   string `json:"error"`
}

// Verify reads all of a bundle again: each stored byte against the hash that
// was taken when it was written, each file against the hash that was taken
// when it came. progress, if any, is told the bytes. A store that cannot say what
// it holds is no damage but the error.
func (b *Bundle) Verify(ctx context.Context, progress func(bytes int64)) ([]Damage, error) {
	var bad []Damage
	for _, f := range b.Files() {
		if ctx.Err() != nil {
			return bad, context.Cause(ctx)
		}
		d := b.verifyFile(ctx, &f)
		if err := b.Lost(); err != nil && !errors.Is(err, ErrElsewhere) {
			return bad, err
		}
		if d != nil {
			bad = append(bad, *d)
		}
		if progress != nil {
			progress(f.Size)
		}
	}
	return bad, nil
}

func (b *Bundle) verifyFile(ctx context.Context, f *File) *Damage {
	sum := sha256.New()
	for _, id := range f.Segments {
		if err := b.verifySegment(ctx, id, sum); err != nil {
			return &Damage{f.Path, id, err.Error()}
		}
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != f.SHA256 {
		return &Damage{Path: f.Path, Error: "its SHA-256 is " + got + " and was " + f.SHA256}
	}
	return nil
}

func (b *Bundle) verifySegment(ctx context.Context, id string, sum io.Writer) error {
	s, err := b.openSegment(ctx, id)
	if err != nil {
		return err
	}
	defer s.blob.Close()
	stored := newHashing(io.Discard)
	if _, err := io.Copy(stored, io.NewSectionReader(s.blob, 0, s.blob.Size())); err != nil {
		return err
	}
	if row := b.segments[id]; stored.sum() != row.StoredSHA256 {
		return fmt.Errorf("%w: the stored bytes are not those that were written", ErrDamaged)
	}
	_, err = io.Copy(sum, io.NewSectionReader(s.clear, 0, s.size))
	return err
}

// tree implements evidence.Tree.
type tree struct {
	b   *Bundle
	dir string
}

func (t *tree) full(name string) string {
	if t.dir == "" {
		return name
	}
	if name == "" {
		return t.dir
	}
	return t.dir + "/" + name
}

// Details implements evidence.Tree.
func (t *tree) Details(_ context.Context, dir string) ([]evidence.TreeDetail, error) {
	list, ok := t.b.dirs[t.full(dir)]
	if !ok {
		return nil, &fs.PathError{Op: "list", Path: dir, Err: fs.ErrNotExist}
	}
	return slices.Clone(list), nil
}

// ReadDir implements evidence.Tree.
func (t *tree) ReadDir(ctx context.Context, dir string) ([]evidence.TreeEntry, error) {
	list, err := t.Details(ctx, dir)
	out := make([]evidence.TreeEntry, len(list))
	for i := range list {
		out[i] = list[i].TreeEntry
	}
	return out, err
}

// Open implements evidence.Tree.
func (t *tree) Open(ctx context.Context, name string) (evidence.Blob, error) {
	if _, err := t.Stat(name); err != nil {
		return nil, err
	}
	return t.b.OpenFile(ctx, t.full(name))
}

// Stat implements evidence.Tree.
func (t *tree) Stat(name string) (int64, error) {
	if f := t.b.files[t.full(name)]; f != nil {
		return f.Size, nil
	}
	if _, ok := t.b.dirs[t.full(name)]; ok {
		return 0, fmt.Errorf("%s: %w", name, evidence.ErrIrregular)
	}
	return 0, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// Sub implements evidence.Tree.
func (t *tree) Sub(dir string) (evidence.Tree, error) {
	if _, ok := t.b.dirs[t.full(dir)]; !ok {
		return nil, &fs.PathError{Op: "open", Path: dir, Err: fs.ErrNotExist}
	}
	return &tree{t.b, t.full(dir)}, nil
}

// Problems implements evidence.Tree.
func (t *tree) Problems() []finding.Problem { return slices.Clone(t.b.notes) }

// Close implements evidence.Tree.
func (t *tree) Close() error { return nil }
