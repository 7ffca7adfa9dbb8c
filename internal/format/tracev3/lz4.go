package tracev3

import (
	"encoding/binary"
	"fmt"

	"github.com/amparo-project/amparo/internal/limit"
)

// Apple's framing of LZ4: blocks, each with its marker, up to an end marker
// (https://developer.apple.com/documentation/compression/compression_lz4).
const (
	lz4Compressed = "bv41"
	lz4Stored     = "bv4-"
	lz4End        = "bv4$"
	lzBitmap      = "ZBM"
)

// maxSet is the largest content of a chunk set: logd writes 64 KiB.
const maxSet = 16 * limit.MiB

// unpack appends the content of a chunk set to dst. What was unpacked before
// damage is returned with the error.
func unpack(dst, src []byte) ([]byte, error) {
	for {
		if len(src) < 4 {
			return dst, fmt.Errorf("%w: the blocks do not end", limit.ErrCorrupt)
		}
		var err error
		switch string(src[:4]) {
		case lz4End:
			return dst, nil
		case lz4Compressed:
			dst, src, err = unpackBlock(dst, src)
		case lz4Stored:
			dst, src, err = copyBlock(dst, src)
		default:
			err = unknownBlock(src)
		}
		if err != nil {
			return dst, err
		}
	}
}

func unknownBlock(src []byte) error {
	if string(src[:3]) == lzBitmap {
		return fmt.Errorf("%w: blocks compressed by LZBITMAP", limit.ErrUnsupported)
	}
	return fmt.Errorf("%w: block of type %q", limit.ErrCorrupt, src[:4])
}

// unpackBlock appends the compressed block at the start of src, whose header
// is the marker, the size of its content and its own.
func unpackBlock(dst, src []byte) (out, rest []byte, err error) {
	const header = 12
	if len(src) < header {
		return dst, nil, fmt.Errorf("%w: block cut short", limit.ErrCorrupt)
	}
	size, packed := binary.LittleEndian.Uint32(src[4:]), binary.LittleEndian.Uint32(src[8:])
	src = src[header:]
	if uint64(packed) > uint64(len(src)) {
		return dst, nil, fmt.Errorf("%w: block of %d bytes, %d are left", limit.ErrCorrupt, packed, len(src))
	}
	if uint64(size) > maxSet-uint64(len(dst)) {
		return dst, nil, fmt.Errorf("%w: chunk set of more than %d bytes", limit.ErrLimit, maxSet)
	}
	start := len(dst)
	dst = grow(dst, int(size))
	n, ok := lz4Block(dst, start, src[:packed])
	if !ok || n != len(dst) {
		return dst[:n], nil, fmt.Errorf("%w: LZ4 block", limit.ErrCorrupt)
	}
	return dst, src[packed:], nil
}

func copyBlock(dst, src []byte) (out, rest []byte, err error) {
	const header = 8
	if len(src) < header {
		return dst, nil, fmt.Errorf("%w: block cut short", limit.ErrCorrupt)
	}
	size := binary.LittleEndian.Uint32(src[4:])
	src = src[header:]
	if uint64(size) > uint64(len(src)) {
		return dst, nil, fmt.Errorf("%w: block of %d bytes, %d are left", limit.ErrCorrupt, size, len(src))
	}
	if uint64(size) > maxSet-uint64(len(dst)) {
		return dst, nil, fmt.Errorf("%w: chunk set of more than %d bytes", limit.ErrLimit, maxSet)
	}
	return append(dst, src[:size]...), src[size:], nil
}

// grow makes b longer by n bytes of any value.
func grow(b []byte, n int) []byte {
	if cap(b)-len(b) >= n {
		return b[:len(b)+n]
	}
	return append(b, make([]byte, n)...)
}

// lz4Block fills dst from d on with what the block src holds, and returns
// where it stopped and whether that was the block's end. Matches may reach
// back before d, into the blocks before
// (https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md).
func lz4Block(dst []byte, d int, src []byte) (end int, ok bool) {
	s := 0
	for s < len(src) {
		token := src[s]
		s++
		n, next := lz4Length(src, s, int(token>>4))
		if next < 0 || n > len(src)-next || n > len(dst)-d {
			return d, false
		}
		s = next
		if n <= 16 && len(dst)-d >= 16 && len(src)-s >= 16 {
			copy((*[16]byte)(dst[d:])[:], (*[16]byte)(src[s:])[:]) // a copy of fixed length costs no call
		} else {
			copy(dst[d:], src[s:s+n])
		}
		d, s = d+n, s+n
		if s == len(src) {
			return d, true // the last sequence has no match
		}
		if s+2 > len(src) {
			return d, false
		}
		back := int(src[s]) | int(src[s+1])<<8
		n, next = lz4Length(src, s+2, int(token&15))
		if n += minMatch; next < 0 || back == 0 || back > d || n > len(dst)-d {
			return d, false
		}
		s = next
		copyMatch(dst, d, back, n)
		d += n
	}
	return d, false
}

const minMatch = 4

// lz4Length completes a length whose four bits are n, and returns where what
// follows it starts, -1 where src ends too soon.
func lz4Length(src []byte, s, n int) (length, next int) {
	if n < 15 {
		return n, s
	}
	for s < len(src) {
		b := src[s]
		s++
		n += int(b)
		if b != 255 {
			return n, s
		}
	}
	return 0, -1
}

// copyMatch copies n bytes to d from back bytes before it. A match that
// overlaps itself repeats: each round copies what the one before completed.
func copyMatch(dst []byte, d, back, n int) {
	if back >= 8 && n <= 16 && len(dst)-d >= 16 {
		// Most matches are short: two words, the second of which may be of what
		// the first wrote. What lies behind the match is written later.
		from := d - back
		binary.LittleEndian.PutUint64(dst[d:], binary.LittleEndian.Uint64(dst[from:]))
		binary.LittleEndian.PutUint64(dst[d+8:], binary.LittleEndian.Uint64(dst[from+8:]))
		return
	}
	for from := d - back; n > 0; {
		c := copy(dst[d:d+n], dst[from:d])
		d, n = d+c, n-c
	}
}
