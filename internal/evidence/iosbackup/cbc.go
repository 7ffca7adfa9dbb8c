package iosbackup

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"io"
	"sync"
)

// A read of at least directBytes is decrypted into the caller's buffer. Smaller
// ones are served from chunks, so that reading on decrypts nothing twice.
const (
	directBytes = 16 << 10
	chunkBytes  = 64 << 10
	chunkCount  = 2
)

// cbcReader decrypts AES-CBC with a zero IV at any offset: a block needs no
// more than itself and the block before it. ReadAt may be called from several
// goroutines at once.
type cbcReader struct {
	r     io.ReaderAt
	size  int64 // of the plain text, in bytes
	block cipher.Block

	mu     sync.Mutex
	chunks [chunkCount]chunk
	last   int // the chunk that was used last
}

// chunk is a decrypted part of the file; data is nil until it is used.
type chunk struct {
	off  int64
	data []byte
}

// newCBC decrypts r under key. r must hold size bytes rounded up to blocks.
func newCBC(r io.ReaderAt, size int64, key []byte) (*cbcReader, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return &cbcReader{r: r, size: size, block: block}, nil
}

// ReadAt implements io.ReaderAt.
func (c *cbcReader) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("read before the start of the file")
	}
	if off >= c.size {
		return 0, io.EOF
	}
	part := p[:min(int64(len(p)), c.size-off)]
	read := c.direct
	if len(part) < directBytes {
		read = c.cached
	}
	n, err := read(part, off)
	if err == nil && n < len(p) {
		err = io.EOF
	}
	return n, err
}

// direct decrypts into p, which ends within the file.
func (c *cbcReader) direct(p []byte, off int64) (n int, err error) {
	if off%aes.BlockSize != 0 {
		if n, err = c.edge(p, off); err != nil {
			return 0, err
		}
	}
	whole := (len(p) - n) / aes.BlockSize * aes.BlockSize
	if err := c.decrypt(p[n:n+whole], off+int64(n)); err != nil {
		return n, err
	}
	n += whole
	if n == len(p) {
		return n, nil
	}
	tail, err := c.edge(p[n:], off+int64(n))
	return n + tail, err
}

// edge copies what p takes of the one block that holds off.
func (c *cbcReader) edge(p []byte, off int64) (int, error) {
	var buf [aes.BlockSize]byte
	skip := off % aes.BlockSize
	if err := c.decrypt(buf[:], off-skip); err != nil {
		return 0, err
	}
	return copy(p, buf[skip:]), nil
}

// decrypt fills p with whole blocks from off on.
func (c *cbcReader) decrypt(p []byte, off int64) error {
	if len(p) == 0 {
		return nil
	}
	var iv [aes.BlockSize]byte
	if off > 0 {
		if err := c.fill(iv[:], off-aes.BlockSize); err != nil {
			return err
		}
	}
	if err := c.fill(p, off); err != nil {
		return err
	}
	cipher.NewCBCDecrypter(c.block, iv[:]).CryptBlocks(p, p)
	return nil
}

// fill reads all of p: the size of the stored file was checked, so an early
// end means that it shrank.
func (c *cbcReader) fill(p []byte, off int64) error {
	n, err := c.r.ReadAt(p, off)
	if n == len(p) {
		return nil
	}
	clear(p) // it holds cipher text, which must not pass for content
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("read %d bytes at %d: %w", len(p), off, err)
}

// cached serves a small read from chunks.
func (c *cbcReader) cached(p []byte, off int64) (n int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for n < len(p) {
		ch, err := c.chunk((off + int64(n)) / chunkBytes * chunkBytes)
		if err != nil {
			return n, err
		}
		n += copy(p[n:], ch.data[off+int64(n)-ch.off:])
	}
	return n, nil
}

// chunk returns the chunk that starts at off, which is within the file.
func (c *cbcReader) chunk(off int64) (*chunk, error) {
	for i := range c.chunks {
		if ch := &c.chunks[i]; ch.off == off && len(ch.data) > 0 {
			c.last = i
			return ch, nil
		}
	}
	i := (c.last + 1) % chunkCount
	ch := &c.chunks[i]
	blocks := (min(c.size-off, chunkBytes) + aes.BlockSize - 1) / aes.BlockSize
	if cap(ch.data) < int(blocks)*aes.BlockSize {
		ch.data = make([]byte, blocks*aes.BlockSize)
	}
	ch.off, ch.data = off, ch.data[:blocks*aes.BlockSize]
	if err := c.decrypt(ch.data, off); err != nil {
		ch.data = ch.data[:0]
		return nil, err
	}
	c.last = i
	return ch, nil
}
