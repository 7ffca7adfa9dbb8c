// Package streamtyped reads the typed streams of NeXT and Apple (NSArchiver),
// as iMessage keeps the body of a message in the column attributedBody.
//
// Start with Decode, or with Text where only the text is wanted. A typed
// stream is a list of groups, each a type string and values of those types;
// objects, classes and strings that were written once are later referred to by
// number. The layout is that of the NeXTSTEP typedstream as described at
// https://github.com/dgelessus/python-typedstream and
// https://chrissardegna.com/blog/reverse-engineering-apples-typedstream-format/.
package streamtyped

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/amparo-project/amparo/internal/limit"
)

// Attributed is an NSAttributedString.
type Attributed struct {
	Text       string
	Links      []string // URLs of its attributes, in order, each once
	Attributes []string // names of its attributes, in order, each once
}

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

// maxDepth bounds nested objects; an attributed string has four levels.
const maxDepth = 64

// object is what is kept of an object, a class or a C string.
type object struct {
	class    string
	text     []byte // of a string, or of the first string in it
	children []int  // object numbers; -1: nil
}

type reader struct {
	data    []byte
	pos     int
	order   binary.ByteOrder
	types   []string // shared strings, by number
	objects []object // shared objects and classes, by number
}

// Decode reads an attributed string, or a plain NSString. What an unknown
// class holds is passed over; a stream that is cut gives what came before,
// with an error that wraps limit.ErrCorrupt.
func Decode(data []byte) (Attributed, error) {
	r := &reader{data: data}
	if err := r.header(); err != nil {
		return Attributed{}, err
	}
	err := r.groups(nil, 0)
	a := r.attributed()
	if err != nil {
		return a, fmt.Errorf("typed stream at byte %d: %w", r.pos, err)
	}
	return a, nil
}

// attributed gathers the text and the attributes from the objects.
func (r *reader) attributed() (a Attributed) {
	for i := range r.objects {
		switch o := &r.objects[i]; o.class {
		case "NSAttributedString", "NSMutableAttributedString":
			if len(o.children) > 0 && a.Text == "" {
				a.Text = string(r.textOf(o.children[0]))
			}
		case "NSString", "NSMutableString":
			if a.Text == "" && len(o.text) > 0 {
				a.Text = string(o.text)
			}
		case "NSDictionary", "NSMutableDictionary":
			r.attributes(o, &a)
		}
	}
	return a
}

func (r *reader) attributes(dict *object, a *Attributed) {
	for i := 0; i+1 < len(dict.children); i += 2 {
		name := string(r.textOf(dict.children[i]))
		a.Attributes = appendOnce(a.Attributes, name)
		value := dict.children[i+1]
		if value >= 0 && r.objects[value].class == "NSURL" || name == "__kIMLinkAttributeName" {
			a.Links = appendOnce(a.Links, string(r.textOf(value)))
		}
	}
}

func appendOnce(list []string, s string) []string {
	if s == "" {
		return list
	}
	for _, have := range list {
		if have == s {
			return list
		}
	}
	return append(list, s)
}

func (r *reader) textOf(i int) []byte {
	if i < 0 {
		return nil
	}
	return r.objects[i].text
}

func (r *reader) header() error {
	switch {
	case bytes.HasPrefix(r.data, []byte("\x04\x0bstreamtyped")):
		r.order = binary.LittleEndian
	case bytes.HasPrefix(r.data, []byte("\x04\x0btypedstream")):
		r.order = binary.BigEndian
	default:
		return fmt.Errorf("typed stream: %w: no header", limit.ErrUnsupported)
	}
	r.pos = 13
	_, err := r.integer() // version of the system that wrote it
	return err
}

// groups reads groups of values until the end of the object that holds them,
// or of the stream at the top.
func (r *reader) groups(into *object, depth int) error {
	for {
		if r.pos == len(r.data) && into == nil {
			return nil
		}
		b, err := r.peek()
		if err != nil {
			return err
		}
		if b == endMarker {
			r.pos++
			if into != nil {
				return nil
			}
			continue
		}
		types, err := r.sharedString()
		if err != nil {
			return err
		}
		if err := r.values(types, into, depth); err != nil {
			return err
		}
	}
}

// values reads one group.
func (r *reader) values(types string, into *object, depth int) error {
	for i := 0; i < len(types); {
		n, err := r.value(types[i:], into, depth)
		if err != nil {
			return err
		}
		i += n
	}
	return nil
}

// value reads one value and returns how many characters its type took.
func (r *reader) value(t string, into *object, depth int) (int, error) {
	switch t[0] {
	case '@':
		child, err := r.object(depth + 1)
		if err == nil && into != nil {
			into.adopt(r, child)
		}
		return 1, err
	case '+':
		text, err := r.bytes()
		if err != nil {
			text = r.cutText()
		}
		if into != nil && into.text == nil {
			into.text = text
		}
		return 1, err
	case '*', '%', ':', '#':
		return 1, r.skipString()
	case 'c', 'C', 'B', 's', 'S', 'i', 'I', 'l', 'L', 'q', 'Q':
		_, err := r.integer()
		return 1, err
	case 'f', 'd':
		return 1, r.float(t[0])
	case '[':
		return r.array(t)
	case '{', '}', '=', '"':
		return 1, nil
	}
	return 0, fmt.Errorf("%w: type %.20q", limit.ErrUnsupported, t)
}

// adopt makes child a part of o; the first text in it becomes o's own.
func (o *object) adopt(r *reader, child int) {
	o.children = append(o.children, child)
	if o.text == nil {
		o.text = r.textOf(child)
	}
}

// object reads an object, a reference to one, or nil (-1).
func (r *reader) object(depth int) (int, error) {
	if depth > maxDepth {
		return 0, fmt.Errorf("%w: objects nested deeper than %d", limit.ErrLimit, maxDepth)
	}
	b, err := r.peek()
	if err != nil {
		return 0, err
	}
	switch b {
	case nilMarker:
		r.pos++
		return -1, nil
	case newMarker:
		r.pos++
	default:
		return r.reference(len(r.objects))
	}
	no := len(r.objects)
	r.objects = append(r.objects, object{})
	class, err := r.class()
	if err != nil {
		return no, err
	}
	o := object{class: class}
	err = r.groups(&o, depth)
	r.objects[no] = o
	return no, err
}

// class reads the class of an object with its superclasses, and returns its name.
func (r *reader) class() (string, error) {
	name := ""
	for range maxDepth {
		b, err := r.peek()
		if err != nil {
			return name, err
		}
		switch b {
		case nilMarker:
			r.pos++
			return name, nil
		case newMarker:
			r.pos++
		default:
			no, err := r.reference(len(r.objects))
			if err == nil && name == "" {
				name = r.objects[no].class
			}
			return name, err
		}
		one, err := r.sharedString()
		if err != nil {
			return name, err
		}
		if _, err := r.integer(); err != nil { // version of the class
			return name, err
		}
		r.objects = append(r.objects, object{class: one})
		if name == "" {
			name = one
		}
	}
	return name, fmt.Errorf("%w: more than %d superclasses", limit.ErrLimit, maxDepth)
}

// reference reads a number that refers to one of n things.
func (r *reader) reference(n int) (int, error) {
	i, err := r.integer()
	if err != nil {
		return 0, err
	}
	// A single byte is signed: 0x92 is -110.
	i -= firstReference - 256
	if i < 0 || i >= int64(n) {
		return 0, fmt.Errorf("%w: reference %d of %d", limit.ErrCorrupt, i, n)
	}
	return int(i), nil
}

func (r *reader) sharedString() (string, error) {
	b, err := r.peek()
	if err != nil {
		return "", err
	}
	switch b {
	case nilMarker:
		r.pos++
		return "", nil
	case newMarker:
		r.pos++
		text, err := r.bytes()
		if err != nil {
			return "", err
		}
		r.types = append(r.types, known(text))
		return r.types[len(r.types)-1], nil
	}
	i, err := r.reference(len(r.types))
	if err != nil {
		return "", err
	}
	return r.types[i], nil
}

// known returns the string of a name, without memory for the usual ones.
func known(b []byte) string {
	switch string(b) {
	case "@":
		return "@"
	case "+":
		return "+"
	case "iI":
		return "iI"
	case "i":
		return "i"
	case "NSString":
		return "NSString"
	case "NSObject":
		return "NSObject"
	case "NSAttributedString":
		return "NSAttributedString"
	case "NSDictionary":
		return "NSDictionary"
	}
	return string(b)
}

// skipString passes over a C string, which is shared as objects are.
func (r *reader) skipString() error {
	b, err := r.peek()
	if err != nil {
		return err
	}
	switch b {
	case nilMarker:
		r.pos++
		return nil
	case newMarker:
		r.pos++
		if _, err := r.sharedString(); err != nil {
			return err
		}
		r.objects = append(r.objects, object{})
		return nil
	}
	_, err = r.integer()
	return err
}

func (r *reader) peek() (byte, error) {
	if r.pos >= len(r.data) {
		return 0, fmt.Errorf("%w: it ends early", limit.ErrCorrupt)
	}
	return r.data[r.pos], nil
}

func (r *reader) take(n int) ([]byte, error) {
	if n < 0 || n > len(r.data)-r.pos {
		return nil, fmt.Errorf("%w: %d bytes where %d are left", limit.ErrCorrupt, n, len(r.data)-r.pos)
	}
	b := r.data[r.pos : r.pos+n]
	r.pos += n
	return b, nil
}

func (r *reader) integer() (int64, error) {
	b, err := r.take(1)
	if err != nil {
		return 0, err
	}
	switch b[0] {
	case int16Marker:
		b, err := r.take(2)
		if err != nil {
			return 0, err
		}
		return int64(int16(r.order.Uint16(b))), nil //nolint:gosec // signed by the format
	case int32Marker:
		b, err := r.take(4)
		if err != nil {
			return 0, err
		}
		return int64(int32(r.order.Uint32(b))), nil //nolint:gosec // signed by the format
	}
	return int64(int8(b[0])), nil //nolint:gosec // signed by the format
}

// bytes reads a length, which is not negative, and as many bytes.
func (r *reader) bytes() ([]byte, error) {
	b, err := r.peek()
	if err != nil {
		return nil, err
	}
	n, err := r.integer()
	if err != nil {
		return nil, err
	}
	if n < 0 && b == int16Marker {
		n &= 0xffff
	} else if n < 0 && b != int32Marker {
		n &= 0xff
	}
	if n > int64(len(r.data)) {
		return nil, fmt.Errorf("%w: text of %d bytes", limit.ErrCorrupt, n)
	}
	return r.take(int(n))
}

// cutText returns what stands where a text of a forged or damaged length
// begins, up to the markers that end it.
func (r *reader) cutText() []byte {
	rest := r.data[r.pos:]
	if at := bytes.Index(rest, []byte{endMarker, newMarker}); at >= 0 {
		return rest[:at]
	}
	return nil
}

func (r *reader) float(t byte) error {
	b, err := r.peek()
	if err != nil {
		return err
	}
	if b != floatMarker {
		_, err := r.integer()
		return err
	}
	size := 1 + 4
	if t == 'd' {
		size = 1 + 8
	}
	_, err = r.take(size)
	return err
}

// array passes over an array of bytes or numbers: "[12c]".
func (r *reader) array(t string) (int, error) {
	n, i := 0, 1
	for ; i < len(t) && t[i] >= '0' && t[i] <= '9'; i++ {
		if n = n*10 + int(t[i]-'0'); n > len(r.data) {
			return 0, fmt.Errorf("%w: array of %d elements", limit.ErrCorrupt, n)
		}
	}
	if i+1 >= len(t) || t[i+1] != ']' {
		return 0, fmt.Errorf("%w: type %.20q", limit.ErrUnsupported, t)
	}
	if t[i] == 'c' || t[i] == 'C' {
		_, err := r.take(n)
		return i + 2, err
	}
	for range n {
		if _, err := r.value(t[i:i+1], nil, maxDepth-1); err != nil {
			return 0, err
		}
	}
	return i + 2, nil
}
