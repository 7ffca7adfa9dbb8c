package streamtyped

import (
	"encoding/binary"
	"math"
	"slices"
)

// writer makes typed streams as NSArchiver does: names, types and classes in
// full where they are new, by number after that.
type writer struct {
	order   binary.AppendByteOrder
	b       []byte
	names   []string
	classes map[string]int // entry of a class
	entries int
}

func newWriter(order binary.AppendByteOrder) *writer {
	w := &writer{order: order, classes: map[string]int{}}
	w.b = append(w.b, bigHeader...)
	if order == binary.AppendByteOrder(binary.LittleEndian) {
		w.b = append(w.b[:0], littleHeader...)
	}
	w.int(1000)
	return w
}

// int writes a number in as few bytes as the format allows.
func (w *writer) int(n int64) {
	switch {
	case n >= -110 && n <= math.MaxInt8:
		w.b = append(w.b, byte(n))
	case n >= math.MinInt16 && n <= math.MaxInt16:
		w.b = w.order.AppendUint16(append(w.b, int16Marker), uint16(n))
	default:
		w.b = w.order.AppendUint32(append(w.b, int32Marker), uint32(n))
	}
}

func (w *writer) counted(s string) {
	w.int(int64(len(s)))
	w.b = append(w.b, s...)
}

func (w *writer) name(s string) {
	if i := slices.Index(w.names, s); i >= 0 {
		w.int(int64(i) + firstReference - 256)
		return
	}
	w.names = append(w.names, s)
	w.b = append(w.b, newMarker)
	w.counted(s)
}

// begin writes the type of an object and its classes, which end in NSObject.
func (w *writer) begin(classes ...string) {
	w.name("@")
	w.b = append(w.b, newMarker)
	w.entries++
	for _, c := range append(classes, "NSObject") {
		if no, ok := w.classes[c]; ok {
			w.int(int64(no) + firstReference - 256)
			return
		}
		w.b = append(w.b, newMarker)
		w.name(c)
		w.int(0)
		w.classes[c] = w.entries
		w.entries++
	}
	w.b = append(w.b, nilMarker)
}

func (w *writer) end() { w.b = append(w.b, endMarker) }

func (w *writer) string(s string) {
	w.begin("NSString")
	w.name("+")
	w.counted(s)
	w.end()
}

// number writes an NSNumber: the letter of its type as a C string, its value.
func (w *writer) number(letter string, value func()) {
	w.begin("NSNumber", "NSValue")
	w.name("*")
	w.b = append(w.b, newMarker)
	w.entries++
	w.name(letter)
	w.name(letter)
	value()
	w.end()
}

func (w *writer) count(n int) {
	w.name("i")
	w.int(int64(n))
}

// value writes what Attribute.Value may be.
func (w *writer) value(v any) {
	switch v := v.(type) {
	case nil:
		w.name("@")
		w.b = append(w.b, nilMarker)
	case string:
		w.string(v)
	case int64:
		w.number("q", func() { w.int(v) })
	case float64:
		w.number("d", func() { w.b = w.order.AppendUint64(append(w.b, floatMarker), math.Float64bits(v)) })
	case []byte:
		w.begin("NSMutableData", "NSData")
		w.count(len(v))
		w.name("[" + string(rune('0'+len(v))) + "c]") // up to nine bytes
		w.b = append(w.b, v...)
		w.end()
	case []any:
		w.begin("NSArray")
		w.count(len(v))
		for _, e := range v {
			w.value(e)
		}
		w.end()
	case map[string]any:
		w.begin("NSDictionary")
		w.count(len(v))
		for k, e := range v {
			w.string(k)
			w.value(e)
		}
		w.end()
	}
}

func (w *writer) url(s string) {
	w.begin("NSURL")
	w.name("c")
	w.b = append(w.b, 0)
	w.string(s)
	w.end()
}

// attributed writes an attributed string. Runs that share their attributes
// refer to them by number.
func (w *writer) attributed(a Attributed) []byte {
	w.begin("NSMutableAttributedString", "NSAttributedString")
	w.string(a.Text)
	var known []*Attribute
	for _, run := range a.Runs {
		first := &run.Attributes[0]
		no := slices.Index(known, first) + 1
		w.name("iI")
		if no > 0 {
			w.int(int64(no))
			w.int(int64(run.Len))
			continue
		}
		known = append(known, first)
		w.int(int64(len(known)))
		w.int(int64(run.Len))
		w.begin("NSDictionary")
		w.count(len(run.Attributes))
		for _, attr := range run.Attributes {
			w.string(attr.Name)
			if attr.Class == "NSURL" {
				w.url(attr.Value.(string))
			} else {
				w.value(attr.Value)
			}
		}
		w.end()
	}
	w.end()
	return w.b
}
