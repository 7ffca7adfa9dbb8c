package tracev3

import (
	"encoding/binary"
)

// Kinds of arguments, the upper half of their type byte
// (clang/include/clang/AST/OSLog.h).
const (
	kindScalar  = 0
	kindCount   = 1 // the precision of the argument that follows
	kindString  = 2
	kindData    = 3
	kindObject  = 4
	kindWide    = 5
	kindErrno   = 6
	kindMask    = 7      // how the argument that follows is masked
	maskedBit   = 8      // a hash stands for the value
	privateBit  = 1      // of the lower half
	privateSize = 0x8000 // of a private scalar that was not kept
)

// An item is one argument of an entry.
type item struct {
	kind    byte
	masked  bool
	private bool // and not kept
	data    []byte
}

// scalar returns the bits of a number, and how many bytes it had.
func (it *item) scalar() (uint64, int) {
	switch d := it.data; {
	case len(d) >= 8:
		return binary.LittleEndian.Uint64(d), 8
	case len(d) >= 4:
		return uint64(binary.LittleEndian.Uint32(d)), 4
	case len(d) >= 2:
		return uint64(binary.LittleEndian.Uint16(d)), 2
	case len(d) == 1:
		return uint64(d[0]), 1
	}
	return 0, 0
}

// signed is scalar with the sign that its own size gives it.
func (it *item) signed() int64 {
	v, n := it.scalar()
	switch n {
	case 1:
		return int64(int8(v))
	case 2:
		return int64(int16(v))
	case 4:
		return int64(int32(v))
	}
	return int64(v)
}

// arguments decodes the arguments of the entry into s.items.
func (e *Entry) arguments() []item {
	items := e.s.items[:0]
	args, private := e.args, e.private
	if e.dataRef != 0 {
		o := e.s.oversize[oversizeID{e.Process, e.dataRef}]
		args, private = o.public, o.private
	}
	switch e.Type {
	case Log, Signpost:
		items = packed(items, args, private)
	case Trace:
		items = traced(items, args)
	}
	e.s.items = items
	return items
}

// packed reads arguments as os_log writes them: a header for each, in which
// numbers lie, and behind them the data that the others point to, which may
// begin with a backtrace.
func packed(items []item, b, private []byte) []item {
	if len(b) < 2 {
		return items
	}
	count := int(b[1])
	heads := b[2:]
	data := heads
	for range count {
		if len(data) < 2 || int(data[1]) > len(data)-2 {
			break
		}
		data = data[2+int(data[1]):]
	}
	for len(items) < count && len(heads) >= 2 && int(heads[1]) <= len(heads)-2 {
		value := heads[2 : 2+int(heads[1])]
		items = append(items, newItem(heads[0], value, data, private))
		heads = heads[2+len(value):]
	}
	return items
}

func newItem(kind byte, value, data, kept []byte) item {
	it := item{kind: kind >> 4 & 7, masked: kind>>4&maskedBit != 0}
	private := kind&privateBit != 0
	if it.kind == kindCount || it.kind == kindErrno || it.kind == kindScalar && !private {
		it.data = value
		return it
	}
	if it.kind == kindMask && !it.masked {
		it.data = value
		return it
	}
	if len(value) < 4 {
		it.private = private
		return it
	}
	off, size := int(binary.LittleEndian.Uint16(value)), int(binary.LittleEndian.Uint16(value[2:]))
	if private {
		data = kept
	}
	if private && (size == privateSize || size == 0 || data == nil) {
		it.private = true
		return it
	}
	if off > len(data) {
		it.private = private
		return it
	}
	it.data = data[off:min(len(data), off+size)]
	return it
}

// traced reads the arguments of a trace entry: values, then the size of each,
// then how many there are.
func traced(items []item, b []byte) []item {
	if len(b) == 0 {
		return items
	}
	count := int(b[len(b)-1])
	b = b[:len(b)-1]
	if count > len(b) {
		return items
	}
	sizes := b[len(b)-count:]
	b = b[:len(b)-count]
	for _, n := range sizes {
		if int(n) > len(b) {
			break
		}
		items = append(items, item{data: b[:n]})
		b = b[n:]
	}
	return items
}
