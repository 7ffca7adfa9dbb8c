// Package jbig2 reads the segments of pictures in JBIG2 as a PDF embeds them,
// and decodes none of them.
//
// FORCEDENTRY (CVE-2021-30860) was a text region that referred to symbol
// dictionaries so often that the number of their symbols did not fit into 32
// bits, followed by more than 70,000 segments that computed with the memory
// beyond. Both show in the headers alone.
//
// Sources: ITU-T T.88, 7.2 to 7.4.3 (segments);
// https://googleprojectzero.blogspot.com/2021/12/a-deep-dive-into-nso-zero-click.html
// (the overflow, and the number of segments); ISO 32000-1, 7.4.7 (how a PDF
// embeds them).
//
// Start with Scan; Segments reads one stream.
package jbig2

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/amparo-project/amparo/internal/limit"
)

// A Report says what the streams of a file hold.
type Report struct {
	Streams  int // in JBIG2
	Segments int // the most in one stream
	// Refinements are the generic refinement regions of the stream with the
	// most of them: the operations of FORCEDENTRY.
	Refinements int
	// Symbols is the largest number of symbols that a text region refers to.
	Symbols uint64
	// Overflow says that it does not fit into 32 bits.
	Overflow bool
	// Partial says that a limit left a part unread.
	Partial bool
}

// Types of segments (T.88, 7.3).
const (
	symbolDictionary = 0
	textRegion       = 4 // and 6, 7
	refinement       = 40
)

// Limits of one file.
const (
	maxSegments = 1 << 20
	maxRefs     = 1 << 26 // in all
)

// A Reader reads the streams of one file: dictionaries of one may be used in
// another.
type Reader struct {
	out     Report
	symbols map[uint32]uint64 // exported by a dictionary
	refs    int
}

// Report returns what was read so far.
func (r *Reader) Report() Report { return r.out }

// Segments reads the segments of one stream. An error says where it stopped
// making sense; what came before counts.
func (r *Reader) Segments(data []byte) error {
	if r.symbols == nil {
		r.symbols = map[uint32]uint64{}
	}
	r.out.Streams++
	n, refinements := 0, 0
	for len(data) > 0 {
		if n++; n > maxSegments {
			r.out.Partial = true
			break
		}
		s, rest, err := r.segment(data)
		r.out.Segments = max(r.out.Segments, n)
		if err != nil {
			return fmt.Errorf("segment %d: %w", n, err)
		}
		if s.kind&^3 == refinement {
			refinements++
		}
		r.out.Refinements = max(r.out.Refinements, refinements)
		data = rest
	}
	return nil
}

// segment is what matters of a header.
type segment struct {
	number uint32
	kind   byte
}

var errEnd = errors.New("it ends early")

// segment reads one segment and returns what follows it.
func (r *Reader) segment(data []byte) (s segment, rest []byte, err error) {
	if len(data) < 6 {
		return s, nil, errEnd
	}
	s.number, s.kind = binary.BigEndian.Uint32(data), data[4]&0x3f
	count, at := int(data[5]>>5), 6
	switch {
	case count == 7: // the long form
		if len(data) < 9 {
			return s, nil, errEnd
		}
		count = int(binary.BigEndian.Uint32(data[5:]) & 0x1fffffff)
		at = 9 + (count+8)/8
	case count > 4:
		return s, nil, fmt.Errorf("%w: a count of references that there is not", limit.ErrCorrupt)
	}
	width := refWidth(s.number)
	end := at + count*width
	if end > len(data) || at > len(data) {
		return s, nil, errEnd
	}
	refs := data[at:end]
	at = end + 1 + 3*int(data[4]>>6&1) // the page
	if at+4 > len(data) {
		return s, nil, errEnd
	}
	length := binary.BigEndian.Uint32(data[at:])
	body := data[at+4:]
	if s.kind == textRegion || s.kind == textRegion+2 || s.kind == textRegion+3 {
		r.count(refs, width)
	}
	if length == math.MaxUint32 {
		r.out.Partial = true // only its decoder knows where it ends
		return s, nil, nil
	}
	if s.kind == symbolDictionary {
		r.dictionary(s.number, body[:min(int64(len(body)), int64(length))])
	}
	if int64(length) > int64(len(body)) {
		return s, nil, errEnd
	}
	return s, body[length:], nil
}

// refWidth is how many bytes a reference of a segment takes.
func refWidth(number uint32) int {
	switch {
	case number <= 256:
		return 1
	case number <= 65536:
		return 2
	}
	return 4
}

// count adds up the symbols of the dictionaries that a text region refers to,
// each as often as it is referred to.
func (r *Reader) count(refs []byte, width int) {
	if r.refs += len(refs) / width; r.refs > maxRefs {
		r.out.Partial = true
		return
	}
	total := uint64(0)
	for i := 0; i+width <= len(refs); i += width {
		var number uint32
		for _, b := range refs[i : i+width] {
			number = number<<8 | uint32(b)
		}
		total += r.symbols[number]
	}
	r.out.Symbols = max(r.out.Symbols, total)
	r.out.Overflow = r.out.Overflow || total > math.MaxUint32
}

// dictionary notes how many symbols a dictionary exports (T.88, 7.4.2.1).
func (r *Reader) dictionary(number uint32, body []byte) {
	if len(body) < 2 {
		return
	}
	flags, at := binary.BigEndian.Uint16(body), 2
	if flags&1 == 0 { // arithmetic coding has adaptive pixels
		if at += 2; flags>>10&3 == 0 {
			at += 6
		}
	}
	if flags&2 != 0 && flags>>12&1 == 0 {
		at += 4 // those of the refinement
	}
	if len(body) >= at+4 && len(r.symbols) < maxSegments {
		r.symbols[number] = uint64(binary.BigEndian.Uint32(body[at:]))
	}
}
