package tracev3

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/amparo-project/amparo/internal/limit"
)

// The tags of chunks: the first three make up a file, the others the content
// of chunk sets.
const (
	tagHeader   = 0x1000
	tagCatalog  = 0x600b
	tagSet      = 0x600d
	tagFirehose = 0x6001
	tagOversize = 0x6002
	tagState    = 0x6003
	tagSimple   = 0x6004
)

const (
	chunkHeader = 16
	// maxChunk is the largest chunk of a file: a catalog is addressed by 16
	// bits, a chunk set holds 64 KiB.
	maxChunk = maxSet
)

// A ChunkError tells of a chunk, or a part of one, that could not be read.
type ChunkError struct {
	Offset int64 // of the chunk in the file
	Inner  int64 // of the part in the chunk's unpacked content, 0 for all of it
	Err    error
}

func (e *ChunkError) Error() string {
	if e.Inner > 0 {
		return fmt.Sprintf("chunk at %d, unpacked byte %d: %v", e.Offset, e.Inner, e.Err)
	}
	return fmt.Sprintf("chunk at %d: %v", e.Offset, e.Err)
}

// Unwrap returns the cause.
func (e *ChunkError) Unwrap() error { return e.Err }

// A chunk is one piece of a file or of a chunk set.
type chunk struct {
	tag, sub uint32
	offset   int64
	body     []byte
}

// chunkAt splits a header of a chunk.
func chunkAt(b []byte) (tag, sub uint32, length uint64) {
	return binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:]), binary.LittleEndian.Uint64(b[8:])
}

// chunks reads the chunks of a file one after another.
type chunks struct {
	r    io.ReaderAt
	size int64
	off  int64 // of the next

	window []byte
	from   int64 // where the window lies in the file
}

// windowSize is how much of a file is read at once: some chunk sets.
const windowSize = 512 * limit.KiB

// next returns the next chunk, whose body is valid until the one after it. It
// returns io.EOF at the end, a *ChunkError after which the next chunk may be
// asked for, or an error of the file itself.
func (c *chunks) next() (chunk, error) {
	if c.size-c.off < chunkHeader {
		return chunk{}, c.rest()
	}
	h, err := c.at(c.off, chunkHeader)
	if err != nil {
		return chunk{}, err
	}
	tag, sub, length := chunkAt(h)
	if !plausible(tag, length) || length > uint64(c.size-c.off-chunkHeader) {
		return chunk{}, c.resync(tag, length)
	}
	body, err := c.at(c.off+chunkHeader, int(length))
	if err != nil {
		return chunk{}, err
	}
	ch := chunk{tag, sub, c.off, body}
	c.off = min(c.size, (c.off+chunkHeader+int64(length)+7)&^7)
	return ch, nil
}

// rest tells of bytes at the end that are no chunk.
func (c *chunks) rest() error {
	left := c.size - c.off
	if left <= 0 {
		return io.EOF
	}
	off := c.off
	c.off = c.size
	b, err := c.at(off, int(left))
	if err != nil {
		return err
	}
	if allZero(b) {
		return io.EOF
	}
	return &ChunkError{Offset: off, Err: fmt.Errorf("%w: %d bytes at the end are no chunk", limit.ErrCorrupt, left)}
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

func plausible(tag uint32, length uint64) bool {
	switch tag {
	case tagHeader, tagCatalog, tagSet, tagFirehose, tagOversize, tagState, tagSimple:
		return length <= maxChunk
	}
	return false
}

// resync moves on to the next place that looks like a chunk of a file, and
// tells of what is wrong here.
func (c *chunks) resync(tag uint32, length uint64) error {
	off := c.off
	why := fmt.Errorf("%w: no chunk has the tag %#x", limit.ErrCorrupt, tag)
	if plausible(tag, 0) {
		why = fmt.Errorf("%w: chunk of %d bytes, %d are left", limit.ErrCorrupt, length, c.size-off-chunkHeader)
	}
	blank := true
	for c.off += 8; c.size-c.off >= chunkHeader; c.off += 8 {
		h, err := c.at(c.off, chunkHeader)
		if err != nil {
			return err
		}
		blank = blank && allZero(h)
		tag, sub, length := chunkAt(h)
		top := tag == tagHeader || tag == tagCatalog || tag == tagSet
		if top && sub < 1<<16 && plausible(tag, length) && length <= uint64(c.size-c.off-chunkHeader) {
			return &ChunkError{Offset: off, Err: why}
		}
	}
	c.off = c.size
	if tag == 0 && length == 0 && blank {
		return io.EOF // a file that was made larger than what was written to it
	}
	return &ChunkError{Offset: off, Err: why}
}

// at returns n bytes of the file, which the caller knows to be there.
func (c *chunks) at(off int64, n int) ([]byte, error) {
	if i := off - c.from; i >= 0 && i+int64(n) <= int64(len(c.window)) {
		return c.window[i : i+int64(n)], nil
	}
	want := int(min(max(windowSize, int64(n)), c.size-off))
	if cap(c.window) < want {
		c.window = make([]byte, want)
	}
	c.window, c.from = c.window[:want], off
	got, err := c.r.ReadAt(c.window, off)
	if got == want {
		return c.window[:n], nil
	}
	c.window = c.window[:0]
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return nil, fmt.Errorf("read %d bytes at %d: %w", want, off, err)
}
