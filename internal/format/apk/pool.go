package apk

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf16"

	"github.com/amparo-project/amparo/internal/limit"
)

// The chunks of binary XML and of the table of resources.
const (
	chunkPool     = 0x0001
	chunkTable    = 0x0002
	chunkXML      = 0x0003
	chunkStart    = 0x0102
	chunkEnd      = 0x0103
	chunkMap      = 0x0180
	chunkPackage  = 0x0200
	chunkType     = 0x0201
	chunkHeadSize = 8
)

// A chunk is the frame of everything in both formats.
type chunk struct {
	typ  uint16
	head []byte // with the eight bytes that all have
	data []byte // all of it, head included
}

// nextChunk returns the chunk at the start of b.
func nextChunk(b []byte) (c chunk, err error) {
	if len(b) < chunkHeadSize {
		return c, fmt.Errorf("%w: a chunk is cut off", limit.ErrCorrupt)
	}
	head, size := int64(binary.LittleEndian.Uint16(b[2:])), int64(binary.LittleEndian.Uint32(b[4:]))
	if head < chunkHeadSize || head > size || size > int64(len(b)) {
		return c, fmt.Errorf("%w: a chunk of %d bytes with a head of %d, in %d", limit.ErrCorrupt, size, head, len(b))
	}
	return chunk{binary.LittleEndian.Uint16(b), b[:head], b[:size]}, nil
}

// u32 returns the number at b[at], 0 where b ends before.
func u32(b []byte, at int) uint32 {
	if at < 0 || at+4 > len(b) {
		return 0
	}
	return binary.LittleEndian.Uint32(b[at:])
}

func u16(b []byte, at int) uint16 {
	if at < 0 || at+2 > len(b) {
		return 0
	}
	return binary.LittleEndian.Uint16(b[at:])
}

// A pool is a table of texts. Texts are decoded when they are asked for.
type pool struct {
	offsets []byte
	texts   []byte
	count   int
	utf8    bool
}

const poolUTF8 = 1 << 8

// readPool reads the table in a chunk. A wrong count or start, which some
// packages have to break readers, gives an empty table as it does on a phone.
func readPool(c chunk) (p pool) {
	count, flags, start := u32(c.head, 8), u32(c.head, 16), u32(c.head, 20)
	p.utf8 = flags&poolUTF8 != 0
	body := c.data[len(c.head):]
	if int64(start) > int64(len(c.data)) {
		return pool{}
	}
	p.count = int(min(int64(count), int64(len(body)/4)))
	p.offsets = body[:4*p.count]
	p.texts = c.data[start:]
	return p
}

// maxText bounds one text of a table.
const maxText = 64 << 10

// at returns a text, "" for one that is not there.
func (p *pool) at(i uint32) string {
	if int64(i) >= int64(p.count) {
		return ""
	}
	offset := u32(p.offsets, 4*int(i))
	if int64(offset) >= int64(len(p.texts)) {
		return ""
	}
	if p.utf8 {
		return utf8Text(p.texts[offset:])
	}
	return utf16Text(p.texts[offset:])
}

// utf8Text reads a text that is preceded by its length in characters and in
// bytes, of one or two bytes each.
func utf8Text(b []byte) string {
	_, n := shortLength(b)
	length, m := shortLength(b[n:])
	b = b[n+m:]
	return strings.ToValidUTF8(string(b[:min(length, len(b), maxText)]), "\ufffd")
}

func shortLength(b []byte) (length, n int) {
	switch {
	case len(b) == 0:
		return 0, 0
	case b[0]&0x80 == 0 || len(b) == 1:
		return int(b[0] & 0x7f), 1
	default:
		return int(b[0]&0x7f)<<8 | int(b[1]), 2
	}
}

func utf16Text(b []byte) string {
	length, n := int(u16(b, 0)), 2
	if length&0x8000 != 0 {
		length, n = (length&0x7fff)<<16|int(u16(b, 2)), 4
	}
	if n > len(b) {
		return ""
	}
	b = b[n:]
	length = min(length, len(b)/2, maxText)
	units := make([]uint16, length)
	for i := range units {
		units[i] = u16(b, 2*i)
	}
	return string(utf16.Decode(units))
}

// Types of values in both formats.
const (
	typeReference = 0x01
	typeText      = 0x03
	typeInt       = 0x10
	typeHex       = 0x11
	typeBool      = 0x12
)
