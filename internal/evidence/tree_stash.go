package evidence

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/amparo-project/amparo/internal/limit"
)

// stash holds the expanded contents of an archive's files: small ones in
// memory, others in a temporary file that is encrypted under a key which only
// memory holds. So nothing of the evidence is ever on disk in clear, and
// nothing at all beside it.
type stash struct {
	b bounds

	mu    sync.Mutex
	files map[int64]*stashed // guarded by mu; by item.off, which is unique
	mem   int64              // guarded by mu: bytes in memory
	spool *spool             // guarded by mu; nil: none yet
	live  int                // guarded by mu: files in the spool
}

func newStash(b bounds) *stash { return &stash{b: b, files: map[int64]*stashed{}} }

// stashed is the content of one file.
type stashed struct {
	data  []byte // in memory
	spool *spool // or there, at off
	off   int64
	size  int64
	refs  int // open blobs
}

// get opens the content of an item, nil if it is not here.
func (s *stash) get(it *item) Blob {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.files[it.off]
	if f == nil {
		return nil
	}
	f.refs++
	return &stashBlob{f: f, s: s}
}

// put reads the content of an item from r. What is read before an error is
// kept, and the error returned with it; where that is limit.ErrLimit, of the
// machine or of ctx, nothing is kept.
func (s *stash) put(ctx context.Context, it *item, r io.Reader) error {
	head, err := s.readHead(ctx, r)
	f := &stashed{data: head, size: int64(len(head))}
	switch {
	case err == nil:
		f, err = s.spill(ctx, it, head, r)
	case errors.Is(err, io.EOF):
		err = nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	if f == nil || errors.Is(err, limit.ErrLimit) {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.files[it.off] != nil { // somebody else was as fast
		return err
	}
	s.files[it.off] = f
	s.mem += int64(len(f.data))
	if f.spool != nil {
		s.live++
	}
	return err
}

// readHead reads what may stay in memory. Its error is io.EOF where that is
// all, and nil where more follows.
func (s *stash) readHead(ctx context.Context, r io.Reader) ([]byte, error) {
	s.mu.Lock()
	room := max(min(s.b.memEntry, s.b.memTotal-s.mem), 0)
	s.mu.Unlock()
	var data []byte
	for int64(len(data)) < room {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if len(data) == cap(data) {
			grown := make([]byte, len(data), min(max(2*int64(cap(data)), 32<<10), room))
			copy(grown, data)
			data = grown
		}
		n, err := r.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		if err != nil {
			return data, err
		}
	}
	return data, nil
}

// spill writes head and the rest of r to the spool. nothing is returned where
// that could not be written.
func (s *stash) spill(ctx context.Context, it *item, head []byte, r io.Reader) (*stashed, error) {
	sp, off, err := s.region(it.size)
	if err != nil {
		return nil, err
	}
	var werr error
	f := &stashed{spool: sp, off: off}
	w := newBehind(sp.writer(off))
	err = copyInto(ctx, w, head, r)
	f.size, werr = w.close(off)
	switch {
	case werr != nil:
		return nil, werr
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	}
	return f, err
}

// copyInto hands head and the rest of r to w, until r or w has enough.
func copyInto(ctx context.Context, w *behind, head []byte, r io.Reader) error {
	ok := w.write(head)
	for ok && ctx.Err() == nil {
		buf := w.buffer()
		n, err := fill(r, buf)
		ok = w.write(buf[:n])
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// fill reads until buf is full or r ends or fails, with the error of r itself.
func fill(r io.Reader, buf []byte) (int, error) {
	n := 0
	for n < len(buf) {
		m, err := r.Read(buf[n:])
		n += m
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// region reserves room for size bytes. Readers are bounded to the size that an
// entry claims, so no region runs into the next; a claim that is too large
// costs nothing, as the file has holes.
func (s *stash) region(size int64) (*spool, int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.spool == nil {
		sp, err := newSpool()
		if err != nil {
			return nil, 0, err
		}
		s.spool = sp
	}
	off := s.spool.end
	s.spool.end += (size + aes.BlockSize - 1) / aes.BlockSize * aes.BlockSize
	return s.spool, off, nil
}

// drop forgets what nobody has open and keep does not want.
func (s *stash) drop(keep map[int64]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, f := range s.files {
		if f.refs == 0 && !keep[id] {
			s.forget(id, f)
		}
	}
	if s.live == 0 && s.spool != nil {
		s.spool.close() // the next one has a key of its own
		s.spool = nil
	}
}

// forget needs mu.
func (s *stash) forget(id int64, f *stashed) {
	delete(s.files, id)
	s.mem -= int64(len(f.data))
	if f.spool != nil {
		s.live--
	}
}

func (s *stash) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.files)
	if s.spool != nil {
		s.spool.close()
		s.spool = nil
	}
}

// stashBlob is an open file of a stash.
type stashBlob struct {
	f    *stashed
	s    *stash
	once sync.Once
}

func (b *stashBlob) Size() int64 { return b.f.size }

func (b *stashBlob) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("read before the start of the file")
	}
	if off >= b.f.size {
		return 0, io.EOF
	}
	part := p[:min(int64(len(p)), b.f.size-off)]
	var err error
	if b.f.spool == nil {
		copy(part, b.f.data[off:])
	} else {
		err = b.f.spool.readAt(part, b.f.off+off)
	}
	if err == nil && len(part) < len(p) {
		err = io.EOF
	}
	return len(part), err
}

func (b *stashBlob) Close() error {
	b.once.Do(func() {
		b.s.mu.Lock()
		b.f.refs--
		b.s.mu.Unlock()
	})
	return nil
}

// spool is the temporary file: AES in counter mode, where the counter is the
// number of the block, so that any part can be read. It lies in the system's
// folder for temporary files and has no name where the system allows that.
type spool struct {
	f     *os.File
	block cipher.Block
	end   int64 // guarded by stash.mu
	gone  bool  // it has no name any more
}

func newSpool() (*spool, error) {
	var key [32]byte
	if _, err := rand.Read(key[:]); err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key[:])
	clear(key[:])
	if err != nil {
		return nil, err
	}
	f, err := os.CreateTemp("", "amparo-*") //nolint:forbidigo // its home: what an archive expands to, encrypted
	if err != nil {
		return nil, fmt.Errorf("temporary file: %w", err)
	}
	return &spool{f: f, block: block, gone: os.Remove(f.Name()) == nil}, nil
}

func (s *spool) close() {
	s.f.Close()
	if !s.gone {
		_ = os.Remove(s.f.Name()) // Windows removes no open file
	}
}

// stream returns the key stream for a place in the file.
func (s *spool) stream(off int64) cipher.Stream {
	var iv, skip [aes.BlockSize]byte
	binary.BigEndian.PutUint64(iv[8:], uint64(off/aes.BlockSize))
	ctr := cipher.NewCTR(s.block, iv[:])
	ctr.XORKeyStream(skip[:off%aes.BlockSize], skip[:off%aes.BlockSize])
	return ctr
}

// readAt fills p, which lies within what was written.
func (s *spool) readAt(p []byte, off int64) error {
	if _, err := s.f.ReadAt(p, off); err != nil {
		clear(p)
		return fmt.Errorf("temporary file: %w", err)
	}
	s.stream(off).XORKeyStream(p, p)
	return nil
}

// spoolWriter writes one region from its start on.
type spoolWriter struct {
	s   *spool
	at  int64
	ctr cipher.Stream
	buf []byte
}

func (s *spool) writer(off int64) *spoolWriter {
	return &spoolWriter{s: s, at: off, ctr: s.stream(off)}
}

func (w *spoolWriter) write(p []byte) error {
	if len(p) == 0 {
		return nil
	}
	if cap(w.buf) < len(p) {
		w.buf = make([]byte, len(p))
	}
	out := w.buf[:len(p)]
	w.ctr.XORKeyStream(out, p)
	if _, err := w.s.f.WriteAt(out, w.at); err != nil {
		return fmt.Errorf("temporary file: %w", err)
	}
	w.at += int64(len(p))
	return nil
}
