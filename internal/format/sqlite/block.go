package sqlite

import (
	"errors"
	"fmt"
	"io"
	"sync"
)

// blockSize is what one read asks for. A reader may decrypt or inflate: few
// large reads cost less than many small ones.
const blockSize = 64 << 10

// A blockReader reads a file in blocks and keeps the last ones that were used.
// It is safe for concurrent use.
type blockReader struct {
	name string // for errors
	r    io.ReaderAt
	size int64

	mu     sync.Mutex
	max    int // blocks kept
	blocks map[int64]*block
	newest *block
	oldest *block
}

// A block is a piece of a file, in a list from the last used to the first.
type block struct {
	no          int64
	data        []byte
	newer, less *block // less: the one that was used before this one
}

func newBlockReader(name string, r io.ReaderAt, size, cache int64) *blockReader {
	return &blockReader{
		name: name, r: r, size: size,
		max:    max(int(cache/blockSize), 4),
		blocks: make(map[int64]*block),
	}
}

// read copies what the file has at off into p, and returns how many bytes
// that are: fewer than p holds at the end of the file, and where the reader
// ends before the size that was given for it.
func (b *blockReader) read(p []byte, off int64) (n int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for n < len(p) && off < b.size {
		blk, err := b.block(off / blockSize)
		if err != nil {
			return n, err
		}
		from := int(off % blockSize)
		if from >= len(blk.data) {
			break
		}
		c := copy(p[n:], blk.data[from:])
		n += c
		off += int64(c)
	}
	return n, nil
}

// block returns the block with that number, from memory or from the file.
func (b *blockReader) block(no int64) (*block, error) {
	if b.newest != nil && b.newest.no == no {
		return b.newest, nil
	}
	if blk := b.blocks[no]; blk != nil {
		b.unlink(blk)
		b.link(blk)
		return blk, nil
	}
	blk := b.take()
	if err := b.fill(blk, no); err != nil {
		return nil, err
	}
	blk.no = no
	b.blocks[no] = blk
	b.link(blk)
	return blk, nil
}

// take returns a block to fill: a new one, or the one that was not used for longest.
func (b *blockReader) take() *block {
	if len(b.blocks) < b.max {
		return &block{}
	}
	blk := b.oldest
	b.unlink(blk)
	delete(b.blocks, blk.no)
	return blk
}

func (b *blockReader) fill(blk *block, no int64) error {
	off := no * blockSize
	n := int(min(blockSize, b.size-off))
	if cap(blk.data) < n {
		blk.data = make([]byte, n)
	}
	blk.data = blk.data[:n]
	got, err := b.r.ReadAt(blk.data, off)
	if err != nil && got < n && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("read %s at %d: %w", b.name, off, err)
	}
	blk.data = blk.data[:max(0, min(got, n))]
	return nil
}

func (b *blockReader) link(blk *block) {
	blk.newer, blk.less = nil, b.newest
	if b.newest != nil {
		b.newest.newer = blk
	}
	b.newest = blk
	if b.oldest == nil {
		b.oldest = blk
	}
}

func (b *blockReader) unlink(blk *block) {
	if blk.newer != nil {
		blk.newer.less = blk.less
	} else {
		b.newest = blk.less
	}
	if blk.less != nil {
		blk.less.newer = blk.newer
	} else {
		b.oldest = blk.newer
	}
	blk.newer, blk.less = nil, nil
}
