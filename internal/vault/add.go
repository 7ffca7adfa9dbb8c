package vault

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

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

// storeAtOnce is how many operations of a store wait at once.
const storeAtOnce = 16

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

	ahead []*ahead // files that are read ahead of their turn
	held  int64    // what they may hold in memory, in bytes

	mu           sync.Mutex
	files, total int64 // guarded by mu
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
	defer a.dropAhead() // before root is closed
	err = fs.WalkDir(root.FS(), start, func(name string, e fs.DirEntry, err error) error {
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
	if err != nil {
		return err
	}
	return a.makeRoom(aheadBytes)
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
		return a.readAhead(root, f, info)
	}
	if known {
		f.Segments, f.State = old.Segments, old.State
	}
	if f.Size <= SegmentSize && len(f.Segments) == 0 {
		return a.readAhead(root, f, info)
	}
	if err := a.makeRoom(aheadBytes); err != nil { // those before it come first
		return err
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
	return a.done(f)
}

// done counts a file that is read.
func (a *adder) done(f File) error {
	a.batch = append(a.batch, f)
	a.mu.Lock()
	a.files++
	a.mu.Unlock()
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

// told counts bytes that were read. It may be called by several goroutines.
func (a *adder) told(n int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.total += n
	if a.o.Progress != nil {
		a.o.Progress(a.files, a.total)
	}
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
