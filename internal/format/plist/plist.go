package plist

import (
	"bytes"
	"fmt"

	"github.com/amparo-project/amparo/internal/limit"
)

// Parse reads a property list, binary or XML, and returns its root. The value
// refers to data, which must not change while it is in use.
func Parse(data []byte) (Value, error) {
	if bytes.HasPrefix(data, []byte(binaryMagic)) {
		d := new(Doc)
		if err := d.Reset(data); err != nil {
			return Value{}, err
		}
		return d.Root(), d.Root().Err()
	}
	if looksLikeXML(data) {
		return parseXML(data)
	}
	if len(data) == 0 {
		return Value{}, fmt.Errorf("property list: %w: the file is empty", limit.ErrCorrupt)
	}
	return Value{}, fmt.Errorf("property list: %w: neither binary nor XML", limit.ErrUnsupported)
}

func looksLikeXML(data []byte) bool {
	if bytes.HasPrefix(data, []byte{0xff, 0xfe}) || bytes.HasPrefix(data, []byte{0xfe, 0xff}) {
		return true
	}
	head := bytes.TrimPrefix(data[:min(len(data), 512)], []byte{0xef, 0xbb, 0xbf})
	return bytes.HasPrefix(bytes.TrimLeft(head, " \t\r\n"), []byte("<"))
}

// Limits bound what Any makes of a list.
type Limits struct {
	Depth int   // nesting
	Nodes int   // objects made, shared ones counted each time
	Bytes int64 // of text and data
}

// DefaultLimits suit the lists of a phone.
var DefaultLimits = Limits{Depth: 128, Nodes: 1_000_000, Bytes: 64 << 20}

// Any makes Go values of a list: map[string]any, []any, string, bool, int64,
// uint64 above the signed range, float64, []byte, time.Time, UIDs as uint64,
// and nil. A list that refers to itself, or grows past the limits by shared
// references, gives an error that wraps limit.ErrLimit, and no value.
func Any(v Value, lim Limits) (any, error) {
	w := walker{lim}
	return w.value(v, lim.Depth)
}

type walker struct{ left Limits }

func (w *walker) value(v Value, depth int) (any, error) {
	if w.left.Nodes--; w.left.Nodes < 0 || depth <= 0 {
		return nil, fmt.Errorf("property list: %w: too many objects, or nested too deeply", limit.ErrLimit)
	}
	switch v.Kind() {
	case Dict:
		return w.dict(v, depth)
	case Array, Set:
		list := make([]any, 0, min(v.Len(), 1024))
		for e := range v.Items() {
			x, err := w.value(e, depth-1)
			if err != nil {
				return nil, err
			}
			list = append(list, x)
		}
		return list, nil
	default:
		return w.scalar(v)
	}
}

func (w *walker) dict(v Value, depth int) (any, error) {
	m := make(map[string]any, min(v.Len(), 1024))
	for k, e := range v.All() {
		if err := w.spend(len(k)); err != nil {
			return nil, err
		}
		x, err := w.value(e, depth-1)
		if err != nil {
			return nil, err
		}
		m[k] = x
	}
	return m, nil
}

func (w *walker) scalar(v Value) (any, error) {
	switch v.Kind() {
	case Bool:
		b, _ := v.Bool()
		return b, nil
	case Int:
		if i, ok := v.Int(); ok {
			return i, nil
		}
		u, _ := v.Uint()
		return u, nil
	case Real:
		f, _ := v.Real()
		return f, nil
	case UID:
		u, _ := v.UID()
		return u, nil
	case Date:
		if t, ok := v.Time(); ok {
			return t, nil
		}
		f, _ := v.MacTime()
		return f, nil
	case Data:
		b, _ := v.Bytes()
		return b, w.spend(len(b))
	case String:
		s, _ := v.Str()
		return s, w.spend(len(s))
	case Null:
		return nil, nil
	default:
		return nil, v.Err()
	}
}

func (w *walker) spend(n int) error {
	if w.left.Bytes -= int64(n); w.left.Bytes < 0 {
		return fmt.Errorf("property list: %w: too much text and data", limit.ErrLimit)
	}
	return nil
}
