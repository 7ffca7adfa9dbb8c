package vault

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"

	"github.com/amparo-project/amparo/internal/seal"
)

// WritePart stores what write writes as a segment by itself, encrypted for key,
// that no bundle names. It is durable when this returns; what an error leaves
// is no segment.
func WritePart(ctx context.Context, s Store, key seal.Identity, write func(io.Writer) error) (seg Segment, err error) {
	recipient, err := age.ParseX25519Recipient(key.Recipient())
	if err != nil {
		return seg, err
	}
	id := NewID()
	w, err := s.Create(ctx, id)
	if err != nil {
		return seg, err
	}
	defer func() {
		if err != nil {
			w.Abort()
		}
	}()
	buffered := bufio.NewWriterSize(w, 256<<10)
	stored := newHashing(buffered)
	enc, err := age.Encrypt(stored, recipient)
	if err != nil {
		return seg, err
	}
	clear := newHashing(enc)
	clear.h = nothing{} // the hash of what is stored is enough
	if err := errors.Join(write(clear), context.Cause(ctx)); err != nil {
		return seg, err
	}
	if err := errors.Join(enc.Close(), buffered.Flush()); err != nil {
		return seg, err
	}
	if err := w.Sync(); err != nil {
		return seg, err
	}
	if err := w.Commit(); err != nil {
		return seg, err
	}
	return Segment{ID: id, Size: clear.n, StoredSHA256: stored.sum(), StoredSize: stored.n, New: true}, nil
}

// nothing is a hash that is not asked for.
type nothing struct{}

func (nothing) Write(b []byte) (int, error) { return len(b), nil }
func (nothing) Sum(b []byte) []byte         { return b }

// ReadPart opens what WritePart stored, once its stored bytes are those that
// were written. The error wraps ErrDamaged where they are not, or are gone. The
// caller closes it.
func ReadPart(ctx context.Context, s Store, key seal.Identity, seg Segment) (io.ReadCloser, error) {
	blob, err := s.Open(ctx, seg.ID)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	r, err := readPart(ctx, blob, key, seg)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w: segment %s: %w", ErrDamaged, seg.ID, err), blob.Close())
	}
	return r, nil
}

func readPart(ctx context.Context, blob Blob, key seal.Identity, seg Segment) (io.ReadCloser, error) {
	if blob.Size() != seg.StoredSize {
		return nil, fmt.Errorf("%d bytes instead of %d", blob.Size(), seg.StoredSize)
	}
	h := sha256.New()
	if _, err := io.CopyBuffer(struct{ io.Writer }{h}, io.NewSectionReader(blob, 0, seg.StoredSize), make([]byte, 256<<10)); err != nil {
		return nil, err
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != seg.StoredSHA256 {
		return nil, errors.New("the stored bytes are not those that were written")
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	clear, err := age.Decrypt(bufio.NewReaderSize(io.NewSectionReader(blob, 0, seg.StoredSize), 256<<10), key.Age())
	if err != nil {
		return nil, err
	}
	return &part{io.LimitReader(clear, seg.Size), blob}, nil
}

type part struct {
	io.Reader
	io.Closer
}
