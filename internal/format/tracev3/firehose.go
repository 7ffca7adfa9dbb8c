package tracev3

import (
	"encoding/binary"
	"fmt"

	"github.com/amparo-project/amparo/internal/limit"
)

// Flags of an entry of a firehose chunk.
const (
	flagActivity  = 0x0001
	flagUniquePID = 0x0010
	flagLarge     = 0x0020
	flagPrivate   = 0x0100
	flagSubsystem = 0x0200 // of an activity: another activity
	flagRules     = 0x0400
	flagDataRef   = 0x0800
	flagName      = 0x8000

	flagsSource       = 0x000e
	sourceShared      = 0x0004
	sourceAbsolute    = 0x0008
	sourceRelative    = 0x000a
	sourceLargeShared = 0x000c
)

const (
	firehoseHeader = 32
	entryHeader    = 24
	// noPrivate is the virtual offset of private data where there is none: the
	// end of the buffer of 4 KiB that a process fills from both ends.
	noPrivate = 0x1000
)

// A cursor takes numbers from the start of a text of bytes.
type cursor struct {
	b   []byte
	bad bool // the bytes ended too soon
}

func (c *cursor) take(n int) []byte {
	if n > len(c.b) {
		c.bad, c.b = true, nil
		return make([]byte, n)
	}
	b := c.b[:n]
	c.b = c.b[n:]
	return b
}

func (c *cursor) u8() uint8   { return c.take(1)[0] }
func (c *cursor) u16() uint16 { return binary.LittleEndian.Uint16(c.take(2)) }
func (c *cursor) u32() uint32 { return binary.LittleEndian.Uint32(c.take(4)) }
func (c *cursor) u64() uint64 { return binary.LittleEndian.Uint64(c.take(8)) }

// A firehose is the buffer of one process.
type firehose struct {
	proc    *Process
	base    uint64 // continuous time that entries count from
	ttl     uint8
	entries []byte
	at      int64 // of entries in the content of the set
	private []byte
	virtual int // offset that private data has for entries
}

// parseFirehose reads the body of a firehose chunk that lies at an offset of
// its set.
func (s *scanner) parseFirehose(b []byte, at int64) (firehose, error) {
	if len(b) < firehoseHeader {
		return firehose{}, fmt.Errorf("%w: firehose chunk of %d bytes", limit.ErrCorrupt, len(b))
	}
	f := firehose{
		proc: s.process(procID{binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint32(b[8:])}),
		ttl:  b[12], base: binary.LittleEndian.Uint64(b[24:]),
		virtual: int(binary.LittleEndian.Uint16(b[18:])), at: at + firehoseHeader,
	}
	// The size of the public data counts the 16 bytes from itself on.
	public := int(binary.LittleEndian.Uint16(b[16:])) - 16
	body := b[firehoseHeader:]
	if public < 0 || public > len(body) {
		return f, fmt.Errorf("%w: %d of %d bytes are public", limit.ErrCorrupt, public, len(body))
	}
	f.entries = body[:public]
	if n := noPrivate - f.virtual; n > 0 && n <= len(body) {
		f.private = body[len(body)-n:]
	}
	return f, nil
}

// entry reads the entry at the start of the public data that is left, into e.
// It reports false at the end.
func (s *scanner) entry(f *firehose, e *Entry) (bool, error) {
	if len(f.entries) < entryHeader || f.entries[0] == 0 {
		return false, nil // what is left was never written
	}
	b := f.entries
	size := int(binary.LittleEndian.Uint16(b[22:]))
	e.Inner = f.at
	if size > len(b)-entryHeader {
		return false, fmt.Errorf("%w: entry of %d bytes, %d are left", limit.ErrCorrupt, size, len(b)-entryHeader)
	}
	next := min(len(b), (entryHeader+size+7)&^7)
	f.entries, f.at = b[next:], f.at+int64(next)
	e.Type, e.Code, e.flags = Type(b[0]), b[1], binary.LittleEndian.Uint16(b[2:])
	e.Ticks = f.base + uint64(binary.LittleEndian.Uint32(b[16:])) + uint64(binary.LittleEndian.Uint16(b[20:]))<<32
	e.Process, e.Thread, e.TTL = f.proc, binary.LittleEndian.Uint64(b[8:]), f.ttl
	c := cursor{b: b[entryHeader : entryHeader+size]}
	ref := binary.LittleEndian.Uint32(b[4:])
	switch e.Type {
	case Activity:
		e.activity(&c, ref)
	case Trace:
		e.source(&c, ref)
		e.args = c.b
	case Log:
		e.log(&c, f, ref)
	case Signpost:
		e.signpost(&c, f, ref)
	case Loss:
		c.take(16)
		e.Lost = c.u64()
	default:
		return true, fmt.Errorf("%w: entry of type %d", limit.ErrUnsupported, e.Type)
	}
	if c.bad {
		return true, fmt.Errorf("%w: %v entry of %d bytes", limit.ErrCorrupt, e.Type, size)
	}
	return true, nil
}

func (e *Entry) activity(c *cursor, ref uint32) {
	const userAction = 3
	if e.flags&flagActivity != 0 {
		e.Activity = c.u64()
	}
	if e.flags&flagUniquePID != 0 {
		c.u64()
	}
	if e.flags&flagSubsystem != 0 {
		e.Parent = c.u64()
	}
	if e.Code != userAction {
		e.New = c.u64()
	}
	e.source(c, ref)
	e.args = nil
}

func (e *Entry) log(c *cursor, f *firehose, ref uint32) {
	e.head(c, f, ref)
	e.tail(c)
	e.args = c.b
}

func (e *Entry) signpost(c *cursor, f *firehose, ref uint32) {
	e.head(c, f, ref)
	e.Signpost = c.u64()
	e.tail(c)
	if e.flags&flagName != 0 {
		e.nameRef = uint64(c.u32()&0x7fffffff) | e.ref&^0x7fffffff
		if e.flags&flagsSource == sourceLargeShared && e.ref > 0x7fffffff {
			c.u16() // the same upper bits again
		}
	}
	e.args = c.b
}

// head reads what logs and signposts have in common before their own.
func (e *Entry) head(c *cursor, f *firehose, ref uint32) {
	if e.flags&flagActivity != 0 {
		e.Activity = c.u64()
	}
	if e.flags&flagPrivate != 0 {
		off, size := int(c.u16()), int(c.u16())
		e.private = f.privateData(off, size)
	}
	e.source(c, ref)
	if e.flags&flagSubsystem != 0 {
		e.sub = c.u16()
	}
}

func (e *Entry) tail(c *cursor) {
	if e.flags&flagRules != 0 {
		e.TTL = c.u8()
	}
	if e.flags&flagDataRef != 0 {
		e.dataRef = c.u16()
	}
}

// privateData returns the private data of one entry, nil where it was not
// kept.
func (f *firehose) privateData(off, size int) []byte {
	off -= f.virtual
	if off < 0 || off > len(f.private) {
		return nil
	}
	return f.private[off:min(len(f.private), off+size)]
}

// source reads where the code and the format string of the entry lie. Both
// are offsets of 31 bits, or of more where the flags say so.
func (e *Entry) source(c *cursor, ref uint32) {
	e.pc = uint64(c.u32())
	var high uint64
	if e.flags&flagLarge != 0 {
		high = uint64(c.u16())
	}
	switch e.flags & flagsSource {
	case sourceAbsolute:
		e.pc |= uint64(c.u16()) << 32
	case sourceRelative:
		e.image = UUID(c.take(16))
	case sourceLargeShared:
		high = uint64(c.u16())
		e.pc |= high << 31
	}
	e.dynamic = ref&0x80000000 != 0 && high == 0
	e.ref = uint64(ref&0x7fffffff) | high<<31
}
