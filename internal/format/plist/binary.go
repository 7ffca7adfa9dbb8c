package plist

import (
	"bytes"
	"fmt"
	"math"
	"sync/atomic"

	"github.com/amparo-project/amparo/internal/limit"
)

const (
	binaryMagic = "bplist0" // and a digit; bplist1x is another format
	headerSize  = 8
	trailerSize = 32
)

// A Doc is a property list over bytes that it does not copy. Reset makes it
// ready for the next without taking memory. The zero Doc is empty. A Doc may
// be read by several goroutines; it must not be copied.
type Doc struct {
	data    []byte
	table   int // offset of the offset table
	offSize int // bytes of an offset
	refSize int // bytes of a reference
	count   int // objects
	root    int64
	xml     *xmlTree     // of an XML list
	copied  atomic.Int64 // bytes of long texts that were made into strings
}

// Reset makes d a view of data, a binary property list, whose trailer and
// offset table are checked. Errors wrap limit.ErrCorrupt or limit.ErrUnsupported.
func (d *Doc) Reset(data []byte) error {
	d.clear()
	switch {
	case len(data) >= headerSize && bytes.HasPrefix(data, []byte("bplist")) && !bytes.HasPrefix(data, []byte(binaryMagic)):
		return fmt.Errorf("binary property list: %w: version %q", limit.ErrUnsupported, data[6:headerSize])
	case !bytes.HasPrefix(data, []byte(binaryMagic)) || len(data) < headerSize+trailerSize:
		return fmt.Errorf("binary property list of %d bytes: %w: no header", len(data), limit.ErrCorrupt)
	}
	t := data[len(data)-trailerSize:]
	offSize, refSize := int(t[6]), int(t[7])
	count, root, table := beUint(t[8:16]), beUint(t[16:24]), beUint(t[24:32])
	room := uint64(len(data) - trailerSize)
	switch {
	case offSize < 1 || offSize > 8 || refSize < 1 || refSize > 8:
		return corruptTrailer(data, "offsets of %d and references of %d bytes", offSize, refSize)
	case table < headerSize || table > room || count > (room-table)/uint64(offSize):
		return corruptTrailer(data, "%d objects, offset table at byte %d of %d", count, table, len(data))
	case count == 0 || root >= count || count > math.MaxInt32:
		return corruptTrailer(data, "root %d of %d objects", root, count)
	}
	d.data, d.table, d.offSize, d.refSize = data, int(table), offSize, refSize
	d.count, d.root = int(count), int64(root)
	return nil
}

func (d *Doc) clear() {
	d.data, d.xml, d.count = nil, nil, 0
	d.copied.Store(0)
}

func corruptTrailer(data []byte, format string, args ...any) error {
	return fmt.Errorf("binary property list: trailer at byte %d: %w: %s",
		len(data)-trailerSize, limit.ErrCorrupt, fmt.Sprintf(format, args...))
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
func (d *Doc) offset(ref int64) int {
	at := d.table + int(ref)*d.offSize
	off := beUint(d.data[at : at+d.offSize])
	if off < headerSize || off >= uint64(d.table) {
		return -1
	}
	return int(off)
}

// object decodes object ref and checks that its content lies before the
// offset table.
func (d *Doc) object(ref int64) object {
	off := d.offset(ref)
	if off < 0 {
		return object{fault: badOffset}
	}
	marker := d.data[off]
	low := int(marker & 0x0f)
	switch marker >> 4 {
	case 0x0:
		return singleton(marker)
	case 0x1, 0x2, 0x3, 0x8:
		return d.number(marker, off+1)
	}
	n, pos, ok := d.length(low, off+1)
	if !ok {
		return object{fault: badLength}
	}
	o := object{pos: pos, n: n}
	size := n
	switch marker >> 4 {
	case 0x4:
		o.kind = Data
	case 0x5, 0x7: // ASCII, and UTF-8 as newer versions write it
		o.kind = String
	case 0x6:
		size = 2 * n
		o.kind, o.form, o.n = String, utf16BE, size
	case 0xA:
		size = n * d.refSize
		o.kind = Array
	case 0xB, 0xC:
		size = n * d.refSize
		o.kind = Set
	case 0xD:
		size = 2 * n * d.refSize
		o.kind = Dict
	default:
		return object{fault: badMarker}
	}
	if size > d.table-pos {
		return object{fault: badContent}
	}
	return o
}

func singleton(marker byte) object {
	switch marker {
	case 0x00:
		return object{kind: Null}
	case 0x08:
		return object{kind: Bool}
	case 0x09:
		return object{kind: Bool, num: 1}
	}
	return object{fault: badMarker}
}

// number decodes what has a size in its marker.
func (d *Doc) number(marker byte, pos int) object {
	o := object{pos: pos, n: 1 << (marker & 0x0f)}
	known := false
	switch marker >> 4 {
	case 0x1:
		o.kind, known = Int, o.n <= 16
	case 0x2:
		o.kind, known = Real, o.n == 4 || o.n == 8
	case 0x3:
		o.kind, known = Date, o.n == 8
	case 0x8:
		o.n = int(marker&0x0f) + 1
		o.kind, known = UID, o.n <= 8
	}
	switch {
	case !known:
		return object{fault: badMarker}
	case o.n > d.table-pos:
		return object{fault: badContent}
	}
	b := d.data[pos : pos+o.n]
	switch {
	case o.n == 16:
		o.wideInt(b)
	case o.kind == Real && o.n == 4:
		o.num = math.Float64bits(float64(math.Float32frombits(uint32(beUint(b)))))
	default:
		o.num = beUint(b)
		// Eight bytes are signed, fewer are not.
		o.neg = o.kind == Int && o.n == 8 && b[0] >= 0x80
	}
	return o
}

// wideInt takes sixteen bytes: an unsigned value above the signed range, or a
// sign-extended negative one; the rest does not fit.
func (o *object) wideInt(b []byte) {
	high, low := beUint(b[:8]), beUint(b[8:])
	o.num = low
	switch {
	case high == 0:
	case high == math.MaxUint64 && low >= 1<<63:
		o.neg = true
	default:
		o.form = wide
	}
}

// length reads the count of an object: in the marker, or in the integer behind
// it. It is at most the bytes that are there.
func (d *Doc) length(low, pos int) (n, next int, ok bool) {
	if low != 0x0f {
		return low, pos, true
	}
	if pos >= d.table {
		return 0, 0, false
	}
	marker := d.data[pos]
	size := 1 << (marker & 0x0f)
	if marker>>4 != 1 || size > 8 || size > d.table-pos-1 {
		return 0, 0, false
	}
	next = pos + 1 + size
	// A length that cannot be becomes one that is refused as too long.
	return int(min(beUint(d.data[pos+1:next]), uint64(d.table))), next, true
}

// reference returns the i-th object that container o refers to.
func (d *Doc) reference(o object, i int) Value {
	at := o.pos + i*d.refSize
	ref := beUint(d.data[at : at+d.refSize])
	if ref >= uint64(d.count) {
		return Value{doc: d, ref: ^int64(at)}
	}
	return Value{doc: d, ref: int64(ref)}
}

// is reports whether object ref is the text s.
func (d *Doc) is(ref int64, s string) bool {
	if b, ok := d.shortText(ref); ok {
		return string(b) == s
	}
	o := d.object(ref)
	return o.kind == String && o.isText(d.data[o.pos:o.pos+o.n], s)
}

// shortText returns an ASCII text of less than 15 characters, as nearly all
// keys are, without decoding it as any object.
func (d *Doc) shortText(ref int64) ([]byte, bool) {
	off := d.offset(ref)
	if off < 0 {
		return nil, false
	}
	n := int(d.data[off]) - 0x50
	if n < 0 || n >= 0x0f || n >= d.table-off {
		return nil, false
	}
	return d.data[off+1 : off+1+n], true
}

// shortInt returns an integer of one to four bytes, as most are, likewise.
func (d *Doc) shortInt(ref int64) (int64, bool) {
	off := d.offset(ref)
	if off < 0 {
		return 0, false
	}
	size := 1 << (d.data[off] & 0x0f)
	if d.data[off]>>4 != 1 || size > 4 || size >= d.table-off {
		return 0, false
	}
	return int64(beUint(d.data[off+1 : off+1+size])), true
}
