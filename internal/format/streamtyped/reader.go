package streamtyped

import (
	"bytes"
	"fmt"

	"github.com/amparo-project/amparo/internal/limit"
)

// Markers that stand where an integer could.
const (
	int16Marker    = 0x81
	int32Marker    = 0x82
	floatMarker    = 0x83
	newMarker      = 0x84
	nilMarker      = 0x85
	endMarker      = 0x86
	firstReference = 0x92
)

// Bounds of a stream. An attributed string has some four levels, and a few
// values for each run. Types are read again for each value, so that a long
// type, referred to by one byte, could cost any time: hence the steps.
const (
	maxDepth     = 64
	maxValues    = 1 << 18 // and objects, and names
	stepsPerByte = 8
	minSteps     = 1 << 16
)

const (
	littleHeader = "\x04\x0bstreamtyped"
	bigHeader    = "\x04\x0btypedstream"
)

// span is a place in the stream.
type span struct{ at, n int }

// Kinds of value, and of entry.
const (
	isNil    = iota
	isInt    // num
	isFloat  // num: its bits
	isBytes  // span
	isObject // num: entry
	isClass  // num: entry
)

// value is one value of a group.
type value struct {
	kind uint8
	num  int64
	span span
}

// entry is what a number may refer to: an object, a class, or a C string.
type entry struct {
	kind  uint8 // isObject, isClass, isBytes
	class int   // entry of an object's class; -1
	name  span  // of a class; a C string
	vals  span  // of an object, in values
}

type reader struct {
	data    []byte
	pos     int
	big     bool
	names   []span  // shared strings, by number
	entries []entry // by number
	values  []value // of the objects that are complete
	open    []value // of those that are not
	text    span    // the first text
	hasText bool
	damage  error // that reading went on after
	steps   int   // characters of types that may still be read
}

func (r *reader) fail(sentinel error, format string, args ...any) error {
	return fmt.Errorf("typed stream at byte %d: %w: %s", r.pos, sentinel, fmt.Sprintf(format, args...))
}

func (r *reader) header() error {
	switch {
	case bytes.HasPrefix(r.data, []byte(littleHeader)):
	case bytes.HasPrefix(r.data, []byte(bigHeader)):
		r.big = true
	default:
		return fmt.Errorf("typed stream: %w: no header", limit.ErrUnsupported)
	}
	r.pos = len(littleHeader)
	_, err := r.integer(false) // version of the system that wrote it
	return err
}

// top reads the groups of the stream.
func (r *reader) top() error {
	for r.pos < len(r.data) {
		if err := r.group(0); err != nil {
			return err
		}
	}
	return nil
}

// group reads a type string and the values it names.
func (r *reader) group(depth int) error {
	name, ok, err := r.name()
	if err != nil {
		return err
	}
	if !ok {
		return r.fail(limit.ErrCorrupt, "a group without types")
	}
	for types := r.bytesOf(name); len(types) > 0; {
		if types, err = r.value(types, depth); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) bytesOf(s span) []byte { return r.data[s.at : s.at+s.n] }

// keep adds a value to the innermost object that is open.
func (r *reader) keep(v value) error {
	if len(r.values)+len(r.open) >= maxValues {
		return r.fail(limit.ErrLimit, "more than %d values", maxValues)
	}
	r.open = append(r.open, v)
	return nil
}

// enter gives the next number to an object, a class or a C string.
func (r *reader) enter(e entry) error {
	if len(r.entries) >= maxValues {
		return r.fail(limit.ErrLimit, "more than %d objects and classes", maxValues)
	}
	r.entries = append(r.entries, e)
	return nil
}

// object reads an object, a reference to one, or nil.
func (r *reader) object(depth int) (value, error) {
	if depth > maxDepth {
		return value{}, r.fail(limit.ErrLimit, "objects nested deeper than %d", maxDepth)
	}
	fresh, ref, err := r.mark()
	if err != nil || !fresh {
		return value{kind: isObject, num: ref}.orNil(), err
	}
	no := len(r.entries)
	if err := r.enter(entry{kind: isObject, class: -1}); err != nil {
		return value{}, err
	}
	v := value{kind: isObject, num: int64(no)}
	class, err := r.class()
	if err != nil {
		return v, err
	}
	r.entries[no].class = class
	base := len(r.open)
	err = r.content(depth)
	// Also where the content is cut: what was read of it counts.
	r.entries[no].vals = span{len(r.values), len(r.open) - base}
	r.values = append(r.values, r.open[base:]...)
	r.open = r.open[:base]
	return v, err
}

// content reads groups up to the end of an object.
func (r *reader) content(depth int) error {
	for {
		b, err := r.peek()
		if err != nil {
			return err
		}
		if b == endMarker {
			r.pos++
			return nil
		}
		if err := r.group(depth); err != nil {
			return err
		}
	}
}

// class reads a class with its superclasses and returns its entry, -1 for nil.
func (r *reader) class() (int, error) {
	first := -1
	for range maxDepth {
		fresh, ref, err := r.mark()
		if err != nil {
			return -1, err
		}
		if !fresh {
			if first < 0 {
				first = int(ref)
			}
			return first, nil
		}
		name, _, err := r.name()
		if err != nil {
			return -1, err
		}
		if _, err := r.integer(true); err != nil { // version of the class
			return -1, err
		}
		if first < 0 {
			first = len(r.entries)
		}
		if err := r.enter(entry{kind: isClass, class: -1, name: name}); err != nil {
			return -1, err
		}
	}
	return first, r.fail(limit.ErrLimit, "more than %d superclasses", maxDepth)
}

// cString reads a C string, which is shared as objects are; its letters are
// shared as names are.
func (r *reader) cString() (value, error) {
	fresh, ref, err := r.mark()
	if err != nil {
		return value{}, err
	}
	if fresh {
		name, _, err := r.name()
		if err == nil {
			err = r.enter(entry{kind: isBytes, class: -1, name: name})
		}
		return value{kind: isBytes, span: name}, err
	}
	if ref < 0 {
		return value{}, nil
	}
	return value{kind: isBytes, span: r.entries[ref].name}, nil
}

// mark reads what stands before anything that is shared: whether it is new,
// else the number of an entry, -1 for nil.
func (r *reader) mark() (fresh bool, ref int64, err error) {
	b, err := r.peek()
	if err != nil {
		return false, -1, err
	}
	switch b {
	case newMarker:
		r.pos++
		return true, 0, nil
	case nilMarker:
		r.pos++
		return false, -1, nil
	}
	ref, err = r.reference(len(r.entries))
	return false, ref, err
}

// orNil makes nil of a reference to nothing.
func (v value) orNil() value {
	if v.num < 0 {
		return value{}
	}
	return v
}

// name reads a shared string: a type or a name. It is not ok where that is nil.
func (r *reader) name() (s span, ok bool, err error) {
	b, err := r.peek()
	if err != nil {
		return span{}, false, err
	}
	switch b {
	case nilMarker:
		r.pos++
		return span{}, false, nil
	case newMarker:
		r.pos++
		if s, err = r.counted(); err != nil {
			return span{}, false, err
		}
		if len(r.names) >= maxValues {
			return span{}, false, r.fail(limit.ErrLimit, "more than %d names", maxValues)
		}
		r.names = append(r.names, s)
		return s, true, nil
	}
	i, err := r.reference(len(r.names))
	if err != nil {
		return span{}, false, err
	}
	return r.names[i], true, nil
}

// reference reads a number that refers to one of n things.
func (r *reader) reference(n int) (int64, error) {
	// A reference of one byte is signed: 0x92 is -110, the first.
	i, err := r.integer(true)
	if err != nil {
		return -1, err
	}
	if i -= firstReference - 256; i < 0 || i >= int64(n) {
		return -1, r.fail(limit.ErrCorrupt, "reference to %d of %d", i, n)
	}
	return i, nil
}
