package plist

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/amparo-project/amparo/internal/limit"
)

// node is an object of an XML list.
type node struct {
	kind  Kind
	neg   bool
	num   uint64 // an integer, or the bits of a Real or Date; truth of a Bool
	text  string
	data  []byte
	keys  []string
	items []*node
}

func (n *node) get(key string) Value {
	if n.kind != Dict {
		return Value{}
	}
	for i, k := range n.keys {
		if k == key {
			return Value{xml: n.items[i]}
		}
	}
	return Value{}
}

// Bounds of an XML list: far above what a phone writes.
const (
	maxXMLDepth = 512
	maxXMLNodes = 4_000_000
)

// xmlReader builds the tree with a stack of its own, so that depth costs a
// check and not the goroutine's stack.
type xmlReader struct {
	dec   *xml.Decoder
	nodes int
}

func parseXML(data []byte) (Value, error) {
	data, err := toUTF8(data)
	if err != nil {
		return Value{}, err
	}
	r := &xmlReader{dec: xml.NewDecoder(bytes.NewReader(data))} //nolint:gosec // G709: tokens alone are read, with bounds; nothing is made of their types
	r.dec.CharsetReader = func(charset string, in io.Reader) (io.Reader, error) {
		// toUTF8 has converted UTF-16; everything else Apple writes is UTF-8.
		if c := strings.ToLower(charset); strings.HasPrefix(c, "utf") || c == "us-ascii" {
			return in, nil
		}
		return nil, fmt.Errorf("%w: charset %.40q", limit.ErrUnsupported, charset)
	}
	root, err := r.document()
	if err != nil {
		return Value{}, fmt.Errorf("XML property list at byte %d: %w", r.dec.InputOffset(), err)
	}
	return Value{xml: root}, nil
}

func toUTF8(data []byte) ([]byte, error) {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(data, []byte{0xef, 0xbb, 0xbf}):
		return data[3:], nil
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}):
		order = binary.LittleEndian
	case bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		order = binary.BigEndian
	default:
		return data, nil
	}
	units := make([]uint16, 0, len(data)/2)
	for i := 2; i+1 < len(data); i += 2 {
		units = append(units, order.Uint16(data[i:]))
	}
	return []byte(string(utf16.Decode(units))), nil
}

// document reads up to the end of the element plist, or of a lone object.
func (r *xmlReader) document() (*node, error) {
	for {
		start, err := r.open()
		if err != nil {
			return nil, err
		}
		if start == nil {
			return nil, fmt.Errorf("%w: no object", limit.ErrCorrupt)
		}
		if start.Name.Local != "plist" {
			return r.object(*start)
		}
	}
}

// open returns the next start element, nil where an element ends instead.
func (r *xmlReader) open() (*xml.StartElement, error) {
	for {
		t, err := r.dec.Token()
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("%w: it ends early", limit.ErrCorrupt)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", limit.ErrCorrupt, err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			if r.nodes++; r.nodes > maxXMLNodes {
				return nil, fmt.Errorf("%w: more than %d elements", limit.ErrLimit, maxXMLNodes)
			}
			return &t, nil
		case xml.EndElement:
			return nil, nil //nolint:nilnil // documented
		}
	}
}

// frame is a container that is being read.
type frame struct {
	n      *node
	key    string
	hasKey bool
}

// object reads the object that start opens.
func (r *xmlReader) object(start xml.StartElement) (*node, error) {
	var stack []frame
	for {
		n, container, err := r.begin(start)
		switch {
		case err != nil:
			return nil, err
		case container:
			if len(stack) == maxXMLDepth {
				return nil, fmt.Errorf("%w: nested deeper than %d", limit.ErrLimit, maxXMLDepth)
			}
			stack = append(stack, frame{n: n})
		case len(stack) == 0:
			return n, nil
		default:
			if err := stack[len(stack)-1].put(n, start.Name.Local == "key"); err != nil {
				return nil, err
			}
		}
		next, done, err := r.next(&stack)
		if err != nil || done != nil {
			return done, err
		}
		start = *next
	}
}

// next closes the containers that end here, and returns the next element, or
// the outermost container once it has ended.
func (r *xmlReader) next(stack *[]frame) (*xml.StartElement, *node, error) {
	for {
		start, err := r.open()
		if err != nil || start != nil {
			return start, nil, err
		}
		s := *stack
		top := s[len(s)-1]
		*stack = s[:len(s)-1]
		if len(*stack) == 0 {
			return nil, top.n, nil
		}
		if err := (*stack)[len(*stack)-1].put(top.n, false); err != nil {
			return nil, nil, err
		}
	}
}

// put adds an element to a container.
func (f *frame) put(n *node, isKey bool) error {
	switch {
	case f.n.kind == Dict && isKey:
		f.key, f.hasKey = n.text, true
		return nil
	case isKey:
		return fmt.Errorf("%w: a key outside a dict", limit.ErrCorrupt)
	case f.n.kind == Dict && !f.hasKey:
		return fmt.Errorf("%w: a value without a key", limit.ErrCorrupt)
	case f.n.kind == Dict:
		f.n.keys = append(f.n.keys, f.key)
		f.hasKey = false
	}
	f.n.items = append(f.n.items, n)
	return nil
}

// begin reads a scalar whole, and says of a container that it begins.
func (r *xmlReader) begin(start xml.StartElement) (n *node, container bool, err error) {
	switch start.Name.Local {
	case "dict":
		return &node{kind: Dict}, true, nil
	case "array":
		return &node{kind: Array}, true, nil
	}
	text, err := r.text()
	if err != nil {
		return nil, false, err
	}
	n, err = scalar(start.Name.Local, text)
	return n, false, err
}

// text returns the characters up to the end of the element.
func (r *xmlReader) text() (string, error) {
	var b strings.Builder
	for {
		t, err := r.dec.Token()
		if err != nil {
			return "", fmt.Errorf("%w: %w", limit.ErrCorrupt, err)
		}
		switch t := t.(type) {
		case xml.CharData:
			b.Write(t)
		case xml.EndElement:
			return b.String(), nil
		case xml.StartElement:
			return "", fmt.Errorf("%w: element %.40q inside a scalar", limit.ErrCorrupt, t.Name.Local)
		}
	}
}

func scalar(element, text string) (*node, error) {
	switch element {
	case "string", "key":
		return &node{kind: String, text: text}, nil
	case "true":
		return &node{kind: Bool, num: 1}, nil
	case "false":
		return &node{kind: Bool}, nil
	case "integer":
		return integer(strings.TrimSpace(text))
	case "real":
		f, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if err != nil && !errors.Is(err, strconv.ErrRange) {
			return nil, fmt.Errorf("%w: real %.40q", limit.ErrCorrupt, text)
		}
		return &node{kind: Real, num: math.Float64bits(f)}, nil
	case "date":
		return date(strings.TrimSpace(text))
	case "data":
		return data(text)
	}
	return nil, fmt.Errorf("%w: element %.40q", limit.ErrCorrupt, element)
}

func integer(s string) (*node, error) {
	digits, neg := strings.CutPrefix(s, "-")
	u, err := strconv.ParseUint(strings.TrimPrefix(digits, "+"), 0, 64)
	if err != nil || neg && u > 1<<63 {
		return nil, fmt.Errorf("%w: integer %.40q", limit.ErrCorrupt, s)
	}
	if neg {
		return &node{kind: Int, num: -u, neg: u != 0}, nil
	}
	return &node{kind: Int, num: u}, nil
}

func date(s string) (*node, error) {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return nil, fmt.Errorf("%w: date %.40q", limit.ErrCorrupt, s)
	}
	return &node{kind: Date, num: math.Float64bits(float64(t.Unix() - macToUnix))}, nil
}

func data(s string) (*node, error) {
	s = strings.Map(func(r rune) rune {
		if r == ' ' || r == '\n' || r == '\t' || r == '\r' {
			return -1
		}
		return r
	}, s)
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		if b, err = base64.RawStdEncoding.DecodeString(strings.TrimRight(s, "=")); err != nil {
			return nil, fmt.Errorf("%w: data: %w", limit.ErrCorrupt, err)
		}
	}
	return &node{kind: Data, data: b}, nil
}
