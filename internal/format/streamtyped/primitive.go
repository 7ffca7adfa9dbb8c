package streamtyped

import (
	"bytes"
	"encoding/binary"
	"math"

	"github.com/amparo-project/amparo/internal/limit"
)

// value reads one value and returns the types that are left. A type is an
// Objective-C encoding (https://gcc.gnu.org/onlinedocs/gcc/Type-encoding.html),
// with "+" for bytes that are not shared.
func (r *reader) value(types []byte, depth int) (rest []byte, err error) {
	if r.steps--; r.steps < 0 {
		return nil, r.fail(limit.ErrLimit, "types too long for so few values")
	}
	rest = types[1:]
	v := value{kind: isInt}
	switch types[0] {
	case '@':
		v, err = r.object(depth + 1)
	case '#':
		var no int
		no, err = r.class()
		v = value{kind: isClass, num: int64(no)}.orNil()
	case '+':
		v, err = r.bytes()
	case '*':
		v, err = r.cString()
	case '%', ':': // an NXAtom, a selector
		v.kind = isBytes
		v.span, _, err = r.name()
	case 'c', 'C', 'B':
		v.num, err = r.char(types[0] == 'c')
	case 's', 'i', 'l', 'q':
		v.num, err = r.integer(true)
	case 'S', 'I', 'L', 'Q':
		v.num, err = r.integer(false)
	case 'f', 'd':
		v, err = r.float(types[0] == 'd')
	case '!': // passed over by who wrote it
		return rest, nil
	case '[':
		return r.array(types, depth)
	case '{':
		return r.structure(types, depth)
	default:
		return nil, r.fail(limit.ErrUnsupported, "type %.20q", types)
	}
	// An object that is cut, or what is left of a text, counts.
	if kept := r.keep(v); err == nil {
		err = kept
	}
	return rest, err
}

// array reads "[12c]": bytes as they lie there, or as many values.
func (r *reader) array(types []byte, depth int) (rest []byte, err error) {
	n, elem, rest, ok := r.splitArray(types)
	if !ok {
		return nil, r.fail(limit.ErrUnsupported, "type %.20q", types)
	}
	if n > len(r.data)-r.pos {
		return nil, r.fail(limit.ErrCorrupt, "array of %d where %d bytes are left", n, len(r.data)-r.pos)
	}
	if len(elem) == 1 && (elem[0] == 'c' || elem[0] == 'C') {
		err = r.keep(value{kind: isBytes, span: span{r.pos, n}})
		r.pos += n
		return rest, err
	}
	if depth >= maxDepth {
		return nil, r.fail(limit.ErrLimit, "types nested deeper than %d", maxDepth)
	}
	for range n {
		before := r.pos
		for left := elem; len(left) > 0; {
			if left, err = r.value(left, depth+1); err != nil {
				return nil, err
			}
		}
		if r.pos == before {
			return nil, r.fail(limit.ErrCorrupt, "array of %d values without a byte", n)
		}
	}
	return rest, nil
}

// splitArray takes "[12c]…" apart.
func (r *reader) splitArray(types []byte) (n int, elem, rest []byte, ok bool) {
	i := 1
	for ; i < len(types) && types[i] >= '0' && types[i] <= '9'; i++ {
		if n = n*10 + int(types[i]-'0'); n > math.MaxInt32 {
			return 0, nil, nil, false
		}
	}
	end := r.closing(types)
	if i == 1 || end <= i {
		return 0, nil, nil, false
	}
	return n, types[i:end], types[end+1:], true
}

// structure reads "{name=ifd}": its members one after the other.
func (r *reader) structure(types []byte, depth int) (rest []byte, err error) {
	end := r.closing(types)
	if end < 0 {
		return nil, r.fail(limit.ErrUnsupported, "type %.20q", types)
	}
	if depth >= maxDepth {
		return nil, r.fail(limit.ErrLimit, "types nested deeper than %d", maxDepth)
	}
	members := types[1:end]
	if i := bytes.IndexByte(members, '='); i >= 0 {
		members = members[i+1:]
	}
	for len(members) > 0 {
		if members, err = r.value(members, depth+1); err != nil {
			return nil, err
		}
	}
	return types[end+1:], nil
}

// closing returns where the bracket that types begins with is closed, or -1.
func (r *reader) closing(types []byte) int {
	depth := 0
	for i, c := range types {
		r.steps--
		switch c {
		case '[', '{', '(':
			depth++
		case ']', '}', ')':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// bytes reads a text. Where its length passes the end of the stream, it ends
// at the markers that follow a text, and reading goes on there.
func (r *reader) bytes() (value, error) {
	b, err := r.peek()
	if err != nil {
		return value{}, err
	}
	if b == nilMarker {
		r.pos++
		return value{}, nil
	}
	start := r.pos
	s, err := r.counted()
	if err != nil {
		s = span{r.pos, bytes.Index(r.data[r.pos:], []byte{endMarker, newMarker})}
		if s.n < 0 || r.pos == start {
			return value{}, err
		}
		r.pos += s.n
		if r.damage == nil {
			r.damage = err
		}
	}
	if !r.hasText {
		r.text, r.hasText = s, true
	}
	return value{kind: isBytes, span: s}, nil
}

// counted reads a length and as many bytes.
func (r *reader) counted() (span, error) {
	n, err := r.integer(false)
	if err != nil {
		return span{}, err
	}
	if n > int64(len(r.data)-r.pos) {
		return span{}, r.fail(limit.ErrCorrupt, "%d bytes where %d are left", n, len(r.data)-r.pos)
	}
	s := span{r.pos, int(n)}
	r.pos += s.n
	return s, nil
}

// char reads a byte, which has no markers.
func (r *reader) char(signed bool) (int64, error) {
	b, err := r.take(1)
	if err != nil {
		return 0, err
	}
	if signed {
		return int64(int8(b[0])), nil
	}
	return int64(b[0]), nil
}

// integer reads a number of one byte, or of the two or four behind a marker.
func (r *reader) integer(signed bool) (int64, error) {
	head, err := r.take(1)
	if err != nil {
		return 0, err
	}
	size := 0
	switch head[0] {
	case int16Marker:
		size = 2
	case int32Marker:
		size = 4
	case floatMarker, newMarker, nilMarker, endMarker:
		r.pos--
		return 0, r.fail(limit.ErrCorrupt, "marker %#02x where an integer should be", head[0])
	default:
		if signed {
			return int64(int8(head[0])), nil
		}
		return int64(head[0]), nil
	}
	b, err := r.take(size)
	if err != nil {
		return 0, err
	}
	u := int64(r.unsigned(b))
	if bits := 8 * size; signed && u >= 1<<(bits-1) {
		u -= 1 << bits
	}
	return u, nil
}

// float reads a floating-point number, or one that was written as an integer.
func (r *reader) float(double bool) (value, error) {
	b, err := r.peek()
	if err != nil {
		return value{}, err
	}
	if b != floatMarker {
		n, err := r.integer(true)
		return value{kind: isFloat, num: int64(math.Float64bits(float64(n)))}, err
	}
	r.pos++
	size := 4
	if double {
		size = 8
	}
	raw, err := r.take(size)
	if err != nil {
		return value{}, err
	}
	u := r.unsigned(raw)
	if !double {
		u = math.Float64bits(float64(math.Float32frombits(uint32(u))))
	}
	return value{kind: isFloat, num: int64(u)}, nil
}

// unsigned returns the number in two, four or eight bytes.
func (r *reader) unsigned(b []byte) uint64 {
	var order binary.ByteOrder = binary.LittleEndian
	if r.big {
		order = binary.BigEndian
	}
	switch len(b) {
	case 2:
		return uint64(order.Uint16(b))
	case 4:
		return uint64(order.Uint32(b))
	default:
		return order.Uint64(b)
	}
}

func (r *reader) peek() (byte, error) {
	if r.pos >= len(r.data) {
		return 0, r.fail(limit.ErrCorrupt, "it ends early")
	}
	return r.data[r.pos], nil
}

func (r *reader) take(n int) ([]byte, error) {
	if n > len(r.data)-r.pos {
		return nil, r.fail(limit.ErrCorrupt, "it ends early")
	}
	b := r.data[r.pos : r.pos+n]
	r.pos += n
	return b, nil
}
