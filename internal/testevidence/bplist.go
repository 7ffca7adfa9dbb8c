package testevidence

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"
	"unicode/utf16"
)

// A dict is a dictionary of a property list; its keys keep their order.
type dict []entry

// An entry is one key of a dict and its value: a string, bool, int, int64,
// float64, []byte, time.Time, uid, dict or []any.
type entry struct {
	key   string
	value any
}

// A uid is a reference of NSKeyedArchiver.
type uid uint64

// macEpoch is the zero of Apple's absolute time, 2001-01-01 UTC, in Unix
// seconds.
const macEpoch = 978307200

// macTime returns t as Apple's absolute time in seconds.
func macTime(t time.Time) float64 {
	return float64(t.Unix()-macEpoch) + float64(t.Nanosecond())/1e9
}

// A plistWriter writes binary property lists (bplist00) as CFBinaryPlist.c of
// Apple's CoreFoundation lays them out. Strings and numbers that occur twice
// are written once, as there. It may be used again for the next list.
type plistWriter struct {
	objects []object
	strings map[string]int
	ints    map[int64]int
	out     []byte
	offsets []int
}

// An object is one value, with the numbers of what it holds.
type object struct {
	value any
	refs  []int
}

// binaryPlist returns root as a binary property list.
func binaryPlist(root any) []byte {
	var w plistWriter
	return w.encode(root)
}

// encode returns root as a binary property list that the caller owns.
func (w *plistWriter) encode(root any) []byte {
	w.objects, w.offsets, w.out = w.objects[:0], w.offsets[:0], make([]byte, 0, 512)
	if w.strings == nil {
		w.strings, w.ints = map[string]int{}, map[int64]int{}
	}
	clear(w.strings)
	clear(w.ints)
	w.add(root)
	refSize := intSize(uint64(len(w.objects)))
	w.out = append(w.out, "bplist00"...)
	for _, o := range w.objects {
		w.offsets = append(w.offsets, len(w.out))
		w.object(o, refSize)
	}
	return w.trailer(refSize)
}

func (w *plistWriter) trailer(refSize int) []byte {
	table := len(w.out)
	offSize := intSize(uint64(table))
	for _, off := range w.offsets {
		w.out = appendUint(w.out, uint64(off), offSize)
	}
	w.out = append(w.out, 0, 0, 0, 0, 0, 0, byte(offSize), byte(refSize))
	w.out = binary.BigEndian.AppendUint64(w.out, uint64(len(w.objects)))
	w.out = binary.BigEndian.AppendUint64(w.out, 0)
	return binary.BigEndian.AppendUint64(w.out, uint64(table))
}

// add numbers v and all that it holds, and returns its number.
func (w *plistWriter) add(v any) int {
	switch v := v.(type) {
	case string:
		if n, ok := w.strings[v]; ok {
			return n
		}
		w.strings[v] = len(w.objects)
	case int:
		return w.add(int64(v))
	case int64:
		if n, ok := w.ints[v]; ok {
			return n
		}
		w.ints[v] = len(w.objects)
	}
	n := len(w.objects)
	w.objects = append(w.objects, object{value: v})
	var refs []int
	switch v := v.(type) {
	case dict:
		for _, e := range v {
			refs = append(refs, w.add(e.key))
		}
		for _, e := range v {
			refs = append(refs, w.add(e.value))
		}
	case []any:
		for _, e := range v {
			refs = append(refs, w.add(e))
		}
	}
	w.objects[n].refs = refs
	return n
}

func (w *plistWriter) object(o object, refSize int) {
	switch v := o.value.(type) {
	case bool:
		w.out = append(w.out, 0x08+btoi(v))
	case int64:
		w.integer(v)
	case float64:
		w.out = append(w.out, 0x23)
		w.out = binary.BigEndian.AppendUint64(w.out, math.Float64bits(v))
	case time.Time:
		w.out = append(w.out, 0x33)
		w.out = binary.BigEndian.AppendUint64(w.out, math.Float64bits(macTime(v)))
	case uid:
		n := intSize(uint64(v))
		w.out = appendUint(append(w.out, 0x80|byte(n-1)), uint64(v), n)
	case []byte:
		w.marker(0x40, len(v))
		w.out = append(w.out, v...)
	case string:
		w.text(v)
	case []any:
		w.marker(0xa0, len(v))
		w.references(o.refs, refSize)
	case dict:
		w.marker(0xd0, len(v))
		w.references(o.refs, refSize)
	default:
		panic(fmt.Sprintf("testevidence: no property list type for %T", o.value))
	}
}

func (w *plistWriter) references(refs []int, size int) {
	for _, r := range refs {
		w.out = appendUint(w.out, uint64(r), size)
	}
}

// marker writes the type and the count of what follows.
func (w *plistWriter) marker(kind byte, n int) {
	if n < 15 {
		w.out = append(w.out, kind|byte(n))
		return
	}
	w.out = append(w.out, kind|0x0f)
	w.integer(int64(n))
}

// integer writes the smallest of 1, 2, 4 and 8 bytes; only 8 have a sign.
func (w *plistWriter) integer(v int64) {
	size, power := 8, byte(3)
	switch {
	case v < 0:
	case v < 1<<8:
		size, power = 1, 0
	case v < 1<<16:
		size, power = 2, 1
	case v < 1<<32:
		size, power = 4, 2
	}
	w.out = appendUint(append(w.out, 0x10|power), uint64(v), size)
}

// text writes ASCII where it can and UTF-16 where it must.
func (w *plistWriter) text(s string) {
	ascii := true
	for i := range len(s) {
		ascii = ascii && s[i] < 0x80
	}
	if ascii {
		w.marker(0x50, len(s))
		w.out = append(w.out, s...)
		return
	}
	units := utf16.Encode([]rune(s))
	w.marker(0x60, len(units))
	for _, u := range units {
		w.out = binary.BigEndian.AppendUint16(w.out, u)
	}
}

// intSize returns how many bytes, 1, 2, 4 or 8, hold v.
func intSize(v uint64) int {
	switch {
	case v < 1<<8:
		return 1
	case v < 1<<16:
		return 2
	case v < 1<<32:
		return 4
	}
	return 8
}

func appendUint(b []byte, v uint64, size int) []byte {
	for i := size - 1; i >= 0; i-- {
		b = append(b, byte(v>>(8*i)))
	}
	return b
}

func btoi(b bool) byte {
	if b {
		return 1
	}
	return 0
}
