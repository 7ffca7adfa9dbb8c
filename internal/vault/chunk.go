package vault

import (
	"errors"
	"io"
	"sync"

	"github.com/amparo-project/amparo/internal/limit"
)

// chunkSize is what is decrypted at once: a chunk of age's stream.
const chunkSize = 64 * limit.KiB

// keptChunks of a segment are kept: whoever reads rows of a database, or one
// record after the other, comes back to where they were.
const keptChunks = 4

// chunks reads a segment through the chunks of it that were decrypted last:
// age's reader takes memory for a chunk at each call. Long reads go past it.
type chunks struct {
	r    io.ReaderAt
	size int64

	mu   sync.Mutex
	kept [keptChunks]chunk // guarded by mu; the last used first
}

type chunk struct {
	n    int64 // which; it counts from 1, 0 is none
	data []byte
}

// ReadAt implements io.ReaderAt.
func (c *chunks) ReadAt(p []byte, off int64) (n int, err error) {
	if len(p) >= chunkSize || off < 0 || off >= c.size {
		return c.r.ReadAt(p, off)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for n < len(p) && off < c.size {
		data, err := c.chunk(off / chunkSize)
		if err != nil {
			return n, err
		}
		got := copy(p[n:], data[off%chunkSize:])
		n, off = n+got, off+int64(got)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// chunk returns a chunk, by its number from 0.
func (c *chunks) chunk(i int64) ([]byte, error) {
	at := keptChunks - 1 // the one that gives way
	for k := range c.kept {
		if c.kept[k].n == i+1 {
			at = k
			break
		}
	}
	got := c.kept[at]
	if got.n != i+1 {
		if got.data == nil {
			got.data = make([]byte, chunkSize)
		}
		size := min(chunkSize, c.size-i*chunkSize)
		got.data = got.data[:size] // it may have been the last, which is shorter
		n, err := c.r.ReadAt(got.data, i*chunkSize)
		if int64(n) < size {
			if err == nil || errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			c.kept[at] = chunk{}
			return nil, err
		}
		got.n = i + 1
	}
	copy(c.kept[1:at+1], c.kept[:at])
	c.kept[0] = got
	return got.data, nil
}
