package plist

import (
	"bytes"
	"fmt"

	"github.com/amparo-project/amparo/internal/limit"
)

const (
	binaryMagic = "bplist"
	trailerSize = 32
)

// A Doc is a binary property list over bytes that it does not copy. Reset
// makes it ready for the next without taking memory. The zero Doc is empty.
type Doc struct {
	data    []byte
	table   int // offset of the offset table
	offSize int // bytes of an offset
	refSize int // bytes of a reference
	count   int // objects
	root    int32
}

// object is a decoded marker: what an object is and where its content lies.
type object struct {
	kind Kind
	wide bool // a string in UTF-16
	pos  int  // of the content
	n    int  // bytes; elements or pairs of a container; truth of a Bool
}

// Reset makes d a view of data, whose trailer and offset table are checked.
func (d *Doc) Reset(data []byte) error {
	*d = Doc{}
	if !bytes.HasPrefix(data, []byte(binaryMagic)) || len(data) < 8+trailerSize {
		return fmt.Errorf("binary property list of %d bytes: %w: no header", len(data), limit.ErrCorrupt)
	}
	t := data[len(data)-trailerSize:]
	offSize, refSize := int(t[6]), int(t[7])
	count, root, table := beUint(t[8:16]), beUint(t[16:24]), beUint(t[24:32])
	room := uint64(len(data) - trailerSize)
	switch {
	case offSize < 1 || offSize > 8 || refSize < 1 || refSize > 8:
		return d.corrupt("trailer: offsets of %d and references of %d bytes", offSize, refSize)
	case table < 8 || table > room || count > (room-table)/uint64(offSize):
		return d.corrupt("trailer: %d objects, offset table at %d of %d bytes", count, table, len(data))
	case count == 0 || root >= count || count > 1<<31-1:
		return d.corrupt("trailer: root %d of %d objects", root, count)
	}
	*d = Doc{data: data, table: int(table), offSize: offSize, refSize: refSize, count: int(count), root: int32(root)}
	return nil
}

func (d *Doc) corrupt(format string, args ...any) error {
	return fmt.Errorf("binary property list: %w: %s", limit.ErrCorrupt, fmt.Sprintf(format, args...))
}

// Root returns the list's top object.
func (d *Doc) Root() Value {
	if d.count == 0 {
		return Value{}
	}
	return Value{doc: d, ref: d.root}
}

// Objects returns how many objects the list has. It bounds what a keyed
// archive may refer to.
func (d *Doc) Objects() int { return d.count }

// offset returns where object ref lies, -1 for a forged one.
func (d *Doc) offset(ref int32) int64 {
	if ref < 0 || int(ref) >= d.count {
		return -1
	}
	at := d.table + int(ref)*d.offSize
	off := beUint(d.data[at : at+d.offSize])
	if off < 8 || off >= uint64(d.table) {
		return -1
	}
	return int64(off)
}

// object decodes the marker of object ref and checks that its content lies
// before the offset table.
func (d *Doc) object(ref int32) (object, error) {
	off := d.offset(ref)
	if off < 0 {
		return object{}, d.corrupt("object %d lies outside", ref)
	}
	pos := int(off)
	marker := d.data[pos]
	pos++
	low := int(marker & 0x0f)
	switch marker >> 4 {
	case 0x0:
		return singleton(marker, pos)
	case 0x1:
		return d.content(ref, object{kind: Int, pos: pos, n: 1 << low}, low <= 4)
	case 0x2:
		return d.content(ref, object{kind: Real, pos: pos, n: 1 << low}, low == 2 || low == 3)
	case 0x3:
		return d.content(ref, object{kind: Date, pos: pos, n: 8}, low == 3)
	case 0x8:
		return d.content(ref, object{kind: UID, pos: pos, n: low + 1}, low < 8)
	}
	n, pos, ok := d.length(low, pos)
	if !ok {
		return object{}, d.corrupt("object %d at %d: length", ref, off)
	}
	o := object{pos: pos, n: n}
	switch marker >> 4 {
	case 0x4:
		o.kind = Data
		return d.content(ref, o, true)
	case 0x5, 0x7: // ASCII, and UTF-8 as newer versions write it
		o.kind = String
		return d.content(ref, o, true)
	case 0x6:
		o.kind, o.wide, o.n = String, true, 2*n
		return d.content(ref, o, true)
	case 0xA:
		o.kind = Array
		return d.container(ref, o, n)
	case 0xB, 0xC:
		o.kind = Set
		return d.container(ref, o, n)
	case 0xD:
		o.kind = Dict
		return d.container(ref, o, 2*n)
	}
	return object{}, d.corrupt("object %d at %d: marker %#02x", ref, off, marker)
}

func singleton(marker byte, pos int) (object, error) {
	switch marker {
	case 0x00:
		return object{kind: Null, pos: pos}, nil
	case 0x08:
		return object{kind: Bool, pos: pos}, nil
	case 0x09:
		return object{kind: Bool, pos: pos, n: 1}, nil
	}
	return object{}, fmt.Errorf("binary property list: %w: marker %#02x", limit.ErrCorrupt, marker)
}

// length reads the count of an object: in the marker, or in the integer behind it.
func (d *Doc) length(low, pos int) (n, next int, ok bool) {
	if low != 0x0f {
		return low, pos, true
	}
	if pos >= d.table {
		return 0, 0, false
	}
	marker := d.data[pos]
	size := 1 << (marker & 0x0f)
	if marker>>4 != 1 || marker&0x0f > 3 || pos+1+size > d.table {
		return 0, 0, false
	}
	u := beUint(d.data[pos+1 : pos+1+size])
	if u > uint64(d.table) {
		return 0, 0, false
	}
	return int(u), pos + 1 + size, true
}

func (d *Doc) content(ref int32, o object, known bool) (object, error) {
	if !known || o.n > d.table-o.pos {
		return object{}, d.corrupt("object %d: %s of %d bytes at %d", ref, o.kind, o.n, o.pos)
	}
	return o, nil
}

func (d *Doc) container(ref int32, o object, refs int) (object, error) {
	if refs > (d.table-o.pos)/d.refSize {
		return object{}, d.corrupt("object %d: %s of %d elements at %d", ref, o.kind, o.n, o.pos)
	}
	return o, nil
}

// reference returns the i-th object that container o refers to.
func (d *Doc) reference(o object, i int) Value {
	at := o.pos + i*d.refSize
	ref := beUint(d.data[at : at+d.refSize])
	if ref >= uint64(d.count) {
		return Value{err: d.corrupt("reference to object %d of %d", ref, d.count)}
	}
	return Value{doc: d, ref: int32(ref)}
}
