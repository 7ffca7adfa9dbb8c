package vault

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"filippo.io/age"
	"golang.org/x/sync/errgroup"

	"github.com/amparo-project/amparo/internal/seal"
)

// AddOptions says what to store, and under which key.
type AddOptions struct {
	Bundle string // its name in the index
	Case   string // identical segments are looked for in it
	Key    seal.Identity
	Path   string // a file, or a folder with all below it
	// Progress is told the bytes read so far; nil: nobody is.
	Progress func(files, bytes int64)
}

// Bounds of a batch: what an interruption costs at most.
const (
	batchBytes    = SegmentSize
	batchSegments = 512
)

// NewID returns a random name of a segment.
func NewID() string {
	b := make([]byte, 16)
	rand.Read(b) // it never fails, by its documentation
	return "S-" + hex.EncodeToString(b[:13])
}

// Add stores what lies at Path and returns the list of its files. Where an
// earlier Add of the same bundle was interrupted, it goes on from there: a
// file whose size and time are the same is not read again.
//
// The error wraps ErrChanged for a file that changed while it was read; what
// was stored so far stays.
func Add(ctx context.Context, s Store, x Index, o AddOptions) ([]File, error) {
	list, parts, err := files(ctx, x, o.Bundle, o.Key)
	if err != nil {
		return nil, err
	}
	a := &adder{ctx: ctx, s: s, x: x, o: o, part: parts, have: make(map[string]File, len(list))}
	defer a.abort()
	for _, f := range list {
		a.have[f.Path] = f
	}
	if err := a.walk(); err != nil {
		return nil, err
	}
	if err := a.flush(); err != nil {
		return nil, err
	}
	list, _, err = files(ctx, x, o.Bundle, o.Key)
	return list, err
}

// adder is one Add.
type adder struct {
	ctx  context.Context //nolint:containedctx // of the one call
	s    Store
	x    Index
	o    AddOptions
	have map[string]File // by path: what the index has
	part int

	batch    []File
	segments []Segment
	writers  []Writer // of the new among segments, nil for the others
	bytes    int64    // of the batch
	pending  map[string]Segment

	files, total int64
}

func (a *adder) abort() {
	for _, w := range a.writers {
		if w != nil {
			w.Abort()
		}
	}
}

// walk stores each regular file. Nothing is opened that lies outside Path.
func (a *adder) walk() error {
	info, err := os.Stat(a.o.Path)
	if err != nil {
		return fmt.Errorf("evidence: %w", err)
	}
	dir, start := a.o.Path, "."
	if !info.IsDir() {
		dir, start = filepath.Split(a.o.Path)
		if dir == "" {
			dir = "."
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("evidence: %w", err)
	}
	defer root.Close()
	return fs.WalkDir(root.FS(), start, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("evidence: %w", err)
		}
		if a.ctx.Err() != nil {
			return context.Cause(a.ctx)
		}
		if e.IsDir() {
			return nil
		}
		return a.add(root, name, e)
	})
}

func (a *adder) add(root *os.Root, name string, e fs.DirEntry) error {
	info, err := e.Info()
	if err != nil {
		return fmt.Errorf("evidence: %s: %w", name, err)
	}
	f := File{Path: name, Size: info.Size(), Modified: info.ModTime().UTC().Format(time.RFC3339Nano)}
	old, known := a.have[name]
	known = known && old.Size == f.Size && old.Modified == f.Modified
	if known && old.whole() {
		a.told(f.Size)
		return nil
	}
	if !e.Type().IsRegular() {
		f.Size, f.Note = 0, "not stored: "+typeName(e.Type())
		a.batch = append(a.batch, f)
		return nil
	}
	if known {
		f.Segments, f.State = old.Segments, old.State
	}
	file, err := root.Open(name)
	if err != nil {
		return fmt.Errorf("evidence: %w", err)
	}
	defer file.Close()
	if err := a.read(file, f, info); err != nil {
		return fmt.Errorf("evidence: %s: %w", name, err)
	}
	return nil
}

func typeName(m fs.FileMode) string {
	switch {
	case m&fs.ModeSymlink != 0:
		return "a symbolic link"
	case m&fs.ModeNamedPipe != 0:
		return "a pipe"
	case m&fs.ModeSocket != 0:
		return "a socket"
	}
	return "a device"
}

// read stores a file from where f stands.
func (a *adder) read(file *os.File, f File, before fs.FileInfo) error {
	sum, err := f.hash()
	if err != nil { // it is read from its beginning
		f.Segments, f.State, sum = nil, nil, sha256.New()
	}
	done := f.stored()
	if _, err := file.Seek(done, io.SeekStart); err != nil {
		return err
	}
	a.told(done)
	if _, err := a.rest(&f, sum, file); err != nil {
		return err
	}
	if err := same(file, before); err != nil {
		return err
	}
	a.batch = append(a.batch, f)
	a.files++
	a.told(0)
	if a.bytes >= batchBytes || len(a.segments) >= batchSegments {
		return a.flush()
	}
	return nil
}

// stored is how much of a file that is not whole is stored, in bytes.
func (f *File) stored() int64 { return int64(len(f.Segments)) * SegmentSize }

// hash is that over what is stored of a file that is not whole.
func (f *File) hash() (hash.Hash, error) {
	sum := sha256.New()
	if f.State != nil {
		if err := sum.(encoding.BinaryUnmarshaler).UnmarshalBinary(f.State); err != nil {
			return nil, fmt.Errorf("%w: state of the hash: %w", ErrDamaged, err)
		}
	}
	return sum, nil
}

// rest writes what is not stored of a file, segment by segment, each but the last
// durable before the next. r goes on from there, and sum with it. It returns how
// much is durable, in bytes, also beside an error; f is whole beside none.
func (a *adder) rest(f *File, sum hash.Hash, r io.Reader) (durable int64, err error) {
	durable = f.stored()
	for done := durable; done < f.Size; {
		n := min(f.Size-done, SegmentSize)
		seg, err := a.segment(io.TeeReader(io.LimitReader(r, n), sum), n)
		if err != nil {
			return durable, err
		}
		f.Segments = append(f.Segments, seg.ID)
		if done += n; done < f.Size {
			if err := a.partial(*f, sum); err != nil {
				return durable, err
			}
			durable = done
		}
	}
	f.SHA256, f.State = hex.EncodeToString(sum.Sum(nil)), nil
	return durable, nil
}

// partial commits a large file as far as it is read.
func (a *adder) partial(f File, sum hash.Hash) error {
	state, err := sum.(encoding.BinaryMarshaler).MarshalBinary()
	if err != nil {
		return err
	}
	f.State = state
	a.batch = append(a.batch, f)
	return a.flush()
}

// same compares a file with what it was before it was read.
func same(file *os.File, before fs.FileInfo) error {
	after, err := file.Stat()
	if err != nil {
		return err
	}
	if after.Size() != before.Size() || !after.ModTime().Equal(before.ModTime()) {
		return ErrChanged
	}
	return nil
}

func (a *adder) told(n int64) {
	a.total += n
	if a.o.Progress != nil {
		a.o.Progress(a.files, a.total)
	}
}

// segment encrypts n bytes of r, unless the case has them already.
func (a *adder) segment(r io.Reader, n int64) (Segment, error) {
	id := NewID()
	w, err := a.s.Create(a.ctx, id)
	if err != nil {
		return Segment{}, err
	}
	seg, err := a.encrypt(w, id, r, n)
	if err == nil {
		var kept bool
		if seg, kept, err = a.reuse(seg); err == nil && !kept {
			a.segments, a.writers = append(a.segments, seg), append(a.writers, w)
			if a.pending == nil {
				a.pending = map[string]Segment{}
			}
			a.pending[seg.SHA256] = seg
			a.bytes += n
			return seg, nil
		}
	}
	w.Abort()
	return seg, err
}

func (a *adder) encrypt(w io.Writer, id string, r io.Reader, n int64) (Segment, error) {
	recipient, err := age.ParseX25519Recipient(a.o.Key.Recipient())
	if err != nil {
		return Segment{}, err
	}
	buffered := bufio.NewWriterSize(w, 256<<10)
	stored := newHashing(buffered)
	enc, err := age.Encrypt(stored, recipient)
	if err != nil {
		return Segment{}, err
	}
	clear := newHashing(enc)
	for clear.n < n {
		got, err := io.CopyN(clear, r, min(n-clear.n, 4<<20))
		a.told(got)
		if errors.Is(err, io.EOF) {
			return Segment{}, ErrChanged
		}
		if err != nil {
			return Segment{}, err
		}
		if a.ctx.Err() != nil {
			return Segment{}, context.Cause(a.ctx)
		}
	}
	if err := errors.Join(enc.Close(), buffered.Flush()); err != nil {
		return Segment{}, err
	}
	return Segment{ID: id, SHA256: clear.sum(), Size: n, StoredSHA256: stored.sum(), StoredSize: stored.n, New: true}, nil
}

// reuse looks for the same bytes in this batch, then in the case.
func (a *adder) reuse(seg Segment) (Segment, bool, error) {
	if had, ok := a.pending[seg.SHA256]; ok {
		return had, true, nil
	}
	old, key, err := a.x.Same(a.ctx, a.o.Case, seg.SHA256)
	if err != nil || old.ID == "" || key.Zero() {
		return seg, false, err
	}
	if old.Wrapped, err = a.rewrap(old, key); err != nil {
		// Damaged or gone: these bytes are stored again, and whole.
		return seg, false, nil //nolint:nilerr // vault verify tells of it
	}
	old.New = false
	a.segments, a.writers = append(a.segments, old), append(a.writers, nil)
	if a.pending == nil {
		a.pending = map[string]Segment{}
	}
	a.pending[seg.SHA256] = old
	return old, true, nil
}

// rewrap seals the file key of a segment for this bundle.
func (a *adder) rewrap(seg Segment, key seal.Identity) ([]byte, error) {
	b, err := a.s.Open(a.ctx, seg.ID)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	if b.Size() != seg.StoredSize {
		return nil, ErrDamaged
	}
	fileKey, err := fileKeyOf(b, seg, key)
	if err != nil {
		return nil, err
	}
	return seal.Seal(a.o.Key.Recipient(), fileKey)
}

// flush makes the batch durable, then known.
func (a *adder) flush() error {
	if len(a.batch) == 0 {
		return nil
	}
	var g errgroup.Group
	g.SetLimit(16)
	for _, w := range a.writers {
		if w != nil {
			g.Go(w.Sync)
		}
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for _, w := range a.writers {
		if w == nil {
			continue
		}
		if err := w.Commit(); err != nil {
			return err
		}
	}
	for len(a.batch) > 0 {
		if err := a.commitPart(); err != nil {
			return err
		}
	}
	a.writers, a.pending, a.bytes = nil, nil, 0
	return nil
}

// commitPart stores as much of the batch as one part of the list takes. The
// segments go with the first.
func (a *adder) commitPart() error {
	n, size := 0, int64(0)
	for n < len(a.batch) && (n == 0 || size < maxPart) {
		size += int64(len(a.batch[n].Path)+len(a.batch[n].Segments)*40) + 300
		n++
	}
	data, err := json.Marshal(a.batch[:n])
	if err != nil {
		return err
	}
	sealed, err := seal.Seal(a.o.Key.Recipient(), data)
	if err != nil {
		return err
	}
	if err := a.x.Commit(a.ctx, a.o.Bundle, a.o.Case, a.part, sealed, a.segments); err != nil {
		return err
	}
	a.part, a.batch, a.segments = a.part+1, a.batch[n:], nil
	return nil
}

// Inside reports whether path is dir or lies in it: evidence is not taken from
// the vault itself.
func Inside(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// Resolve resolves the links of path as far as it exists.
func Resolve(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	for rest := ""; ; {
		if resolved, err := filepath.EvalSymlinks(abs); err == nil {
			return filepath.Join(resolved, rest), nil
		}
		up := filepath.Dir(abs)
		if up == abs {
			return filepath.Join(abs, rest), nil
		}
		rest = filepath.Join(filepath.Base(abs), rest)
		abs = up
	}
}
