package vault

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
)

// TestChunks reads in all ways what a plain reader reads.
func TestChunks(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for _, size := range []int{0, 1, chunkSize - 1, chunkSize, chunkSize + 1, 9*chunkSize + 77} {
		data := make([]byte, size)
		for i := range data {
			data[i] = byte(r.Uint32())
		}
		plain := bytes.NewReader(data)
		c := &chunks{r: bytes.NewReader(data), size: int64(size)}
		for range 600 {
			off := r.Int64N(int64(size) + 10)
			n := r.IntN(300)
			if r.IntN(10) == 0 {
				n = r.IntN(3 * chunkSize)
			}
			want, got := make([]byte, n), make([]byte, n)
			wn, werr := plain.ReadAt(want, off)
			gn, gerr := c.ReadAt(got, off)
			if n > 0 && (gn != wn || !errors.Is(gerr, werr) || !bytes.Equal(got, want)) {
				t.Fatalf("%d bytes at %d of %d: %d %v, want %d %v", n, off, size, gn, gerr, wn, werr)
			}
		}
	}
}

// failing fails until it is told not to.
type failing struct {
	io.ReaderAt
	err error
}

func (f *failing) ReadAt(p []byte, off int64) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	return f.ReaderAt.ReadAt(p, off)
}

// TestChunksThatFail gives a failed read as an error, and keeps nothing of it.
func TestChunksThatFail(t *testing.T) {
	t.Parallel()
	data := bytes.Repeat([]byte("0123456789"), chunkSize)
	bad := errors.New("bad disk")
	f := &failing{bytes.NewReader(data), bad}
	c := &chunks{r: f, size: int64(len(data))}
	got := make([]byte, 10)
	for _, err := range []error{bad, nil, nil, bad} {
		f.err = err
		off := int64(0)
		if err != nil {
			off = 3 * chunkSize // not read before
		}
		if _, gerr := c.ReadAt(got, off); !errors.Is(gerr, err) {
			t.Errorf("%v, want %v", gerr, err)
		}
	}
}
