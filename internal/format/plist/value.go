package plist

import (
	"fmt"
	"iter"
	"math"
	"time"

	"github.com/amparo-project/amparo/internal/limit"
)

// A Value is one object of a property list. The zero value is Invalid. Values
// of a Doc are valid until its next Reset.
type Value struct {
	doc *Doc
	// ref is the number of the object or, where it refers to none, the
	// complement of the offset of that reference.
	ref int64
}

// object decodes the object. It is Invalid for a value that is absent.
func (v Value) object() object {
	switch {
	case v.doc == nil:
		return object{}
	case v.ref < 0:
		return object{fault: badReference}
	case v.doc.xml != nil:
		return v.doc.xml.object(v.ref)
	}
	return v.doc.object(v.ref)
}

// isBinary reports whether v is the number of an object in a binary list.
func (v Value) isBinary() bool { return v.doc != nil && v.ref >= 0 && v.doc.xml == nil }

// content returns the bytes of a String, Data or wide Int.
func (v Value) content(o object) []byte {
	b := v.doc.data
	if o.form == rewritten {
		b = v.doc.xml.extra
	}
	return b[o.pos : o.pos+o.n : o.pos+o.n]
}

// Err says why a value is Invalid, or why a text is not given. It wraps
// limit.ErrCorrupt or limit.ErrLimit, and is nil for a value that is merely absent.
func (v Value) Err() error {
	o := v.object()
	switch {
	case o.fault != sound:
		return fmt.Errorf("property list at byte %d: %w: %s", v.place(), limit.ErrCorrupt, faultTexts[o.fault])
	case o.kind == String && o.n > longText && v.doc.copied.Load() > v.doc.maxCopied():
		return fmt.Errorf("property list at byte %d: %w: the same texts again and again", v.place(), limit.ErrLimit)
	}
	return nil
}

// place returns where to look for what is wrong with v.
func (v Value) place() int64 {
	switch {
	case v.ref < 0:
		return ^v.ref
	case v.doc.xml != nil:
		return int64(v.doc.xml.nodes[v.ref].at)
	}
	if off := v.doc.offset(v.ref); off >= 0 {
		return int64(off)
	}
	return int64(v.doc.table) + v.ref*int64(v.doc.offSize)
}

// Kind returns the kind of v.
func (v Value) Kind() Kind { return v.object().kind }

// Offset returns the byte offset of the marker of v in a binary list; -1 for a
// value that is absent or that lies nowhere, and in an XML list.
func (v Value) Offset() int64 {
	if v.doc == nil || v.ref < 0 || v.doc.xml != nil {
		return -1
	}
	return int64(v.doc.offset(v.ref))
}

// Int returns the integer, and whether v is one that fits.
func (v Value) Int() (int64, bool) {
	if v.isBinary() {
		if i, ok := v.doc.shortInt(v.ref); ok {
			return i, true
		}
	}
	o := v.object()
	if o.kind != Int || o.form == wide || !o.neg && o.num > math.MaxInt64 {
		return 0, false
	}
	return int64(o.num), true
}

// Uint returns the integer, and whether v is one that is not negative and fits.
func (v Value) Uint() (uint64, bool) {
	o := v.object()
	if o.kind != Int || o.form == wide || o.neg {
		return 0, false
	}
	return o.num, true
}

// Bool returns the truth, and whether v is a Bool.
func (v Value) Bool() (val, ok bool) {
	o := v.object()
	return o.kind == Bool && o.num != 0, o.kind == Bool
}

// Real returns the number, and whether v is a Real or an Int. Integers above
// 2^53 are rounded.
func (v Value) Real() (float64, bool) {
	o := v.object()
	switch {
	case o.kind == Real:
		return math.Float64frombits(o.num), true
	case o.kind != Int || o.form == wide:
		return 0, false
	case o.neg:
		return float64(int64(o.num)), true
	}
	return float64(o.num), true
}

// MacTime returns the seconds since 2001-01-01 UTC of a Date, as they are stored.
func (v Value) MacTime() (float64, bool) {
	o := v.object()
	if o.kind != Date {
		return 0, false
	}
	return math.Float64frombits(o.num), true
}

const (
	// macToUnix is the number of seconds from 1970 to 2001.
	macToUnix = 978_307_200
	// firstSecond and lastSecond bound the years 0 to 9999, which RFC 3339 can
	// write, in seconds since 2001.
	firstSecond = -62_167_219_200 - macToUnix
	lastSecond  = 253_402_300_799 - macToUnix
)

// Time returns the instant of a Date to the microsecond, which is as exact as
// the format is, and whether v is one in the years 0 to 9999.
func (v Value) Time() (time.Time, bool) {
	f, ok := v.MacTime()
	if !ok {
		return time.Time{}, false
	}
	return MacDate(f)
}

// MacDate returns the instant that lies so many seconds after 2001-01-01 UTC,
// to the microsecond, and whether it is one in the years 0 to 9999.
func MacDate(seconds float64) (time.Time, bool) {
	if !(seconds >= firstSecond && seconds < lastSecond) { // NaN is neither
		return time.Time{}, false
	}
	sec, frac := math.Modf(seconds)
	return time.Unix(int64(sec)+macToUnix, int64(math.Round(frac*1e6))*1000).UTC(), true
}

// UID returns the number of a UID, by which keyed archives refer to objects.
// An XML list writes one as a dictionary with the single key CF$UID.
func (v Value) UID() (uint64, bool) {
	o := v.object()
	if o.kind != UID {
		return 0, false
	}
	return o.num, true
}

// Bytes returns the bytes of a Data without a copy. They must not be changed.
func (v Value) Bytes() ([]byte, bool) {
	o := v.object()
	if o.kind != Data {
		return nil, false
	}
	return v.content(o), true
}

// Len returns how many elements an Array or Set, or pairs a Dict has.
func (v Value) Len() int {
	if o := v.object(); o.kind == Array || o.kind == Set || o.kind == Dict {
		return o.n
	}
	return 0
}

// At returns element i of an Array or Set, or the value of pair i of a Dict;
// Invalid outside.
func (v Value) At(i int) Value {
	o := v.object()
	if i < 0 || i >= o.n {
		return Value{}
	}
	switch o.kind {
	case Array, Set:
		return v.element(o, i)
	case Dict:
		return v.pairValue(o, i)
	}
	return Value{}
}

// Key returns the key of pair i of a Dict; Invalid outside.
func (v Value) Key(i int) Value {
	o := v.object()
	if o.kind != Dict || i < 0 || i >= o.n {
		return Value{}
	}
	return v.pairKey(o, i)
}

// element returns what container o refers to i-th.
func (v Value) element(o object, i int) Value {
	if v.doc.xml != nil {
		return Value{doc: v.doc, ref: int64(v.doc.xml.kids[o.pos+i])}
	}
	return v.doc.reference(o, i)
}

// A binary dictionary has its keys before its values, an XML one in turn.
func (v Value) pairKey(o object, i int) Value {
	if v.doc.xml != nil {
		return v.element(o, 2*i)
	}
	return v.doc.reference(o, i)
}

func (v Value) pairValue(o object, i int) Value {
	if v.doc.xml != nil {
		return v.element(o, 2*i+1)
	}
	return v.doc.reference(o, o.n+i)
}

// Get returns the value of a key of a Dict, the first where it has several;
// Invalid where it has none.
func (v Value) Get(key string) Value {
	o := v.object()
	if o.kind != Dict {
		return Value{}
	}
	for i := range o.n {
		if v.pairKey(o, i).Is(key) {
			return v.pairValue(o, i)
		}
	}
	return Value{}
}

// Pairs yields the pairs of a Dict as they lie there, in stored order.
func (v Value) Pairs() iter.Seq2[Value, Value] {
	return func(yield func(Value, Value) bool) {
		o := v.object()
		if o.kind != Dict {
			return
		}
		for i := range o.n {
			if !yield(v.pairKey(o, i), v.pairValue(o, i)) {
				return
			}
		}
	}
}

// All yields the pairs of a Dict in stored order. A key that is an integer is
// written as one; any other that is no text, or one that Str refuses, is named
// by its kind in brackets.
func (v Value) All() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		for k, e := range v.Pairs() {
			if !yield(k.keyText(), e) {
				return
			}
		}
	}
}

// keyText returns a key as text.
func (v Value) keyText() string {
	if s, ok := v.Str(); ok {
		return s
	}
	if i, ok := v.Int(); ok {
		return fmt.Sprint(i)
	}
	return "(" + v.Kind().String() + ")"
}

// Items yields the elements of an Array or Set.
func (v Value) Items() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		o := v.object()
		if o.kind != Array && o.kind != Set {
			return
		}
		for i := range o.n {
			if !yield(v.element(o, i)) {
				return
			}
		}
	}
}

// Extent returns where the bytes of a value lie in a binary list: its marker,
// its length and its content; of a container the references, for what it holds
// lies elsewhere. ok is false for what is absent or damaged, and in an XML list.
func (v Value) Extent() (offset, length int64, ok bool) {
	if !v.isBinary() {
		return 0, 0, false
	}
	at, o := v.doc.offset(v.ref), v.object()
	if at < 0 || o.kind == Invalid {
		return 0, 0, false
	}
	end := at + 1
	switch o.kind {
	case Null, Bool:
	case Array, Set:
		end = o.pos + o.n*v.doc.refSize
	case Dict:
		end = o.pos + 2*o.n*v.doc.refSize
	default:
		end = o.pos + o.n
	}
	return int64(at), int64(end - at), true
}

// Find returns the object of the same binary list whose bytes begin at an
// offset, an absent value where none does. It looks at all objects.
func (v Value) Find(offset int64) Value {
	if !v.isBinary() {
		return Value{}
	}
	for ref := range int64(v.doc.count) {
		if int64(v.doc.offset(ref)) == offset {
			return Value{doc: v.doc, ref: ref}
		}
	}
	return Value{}
}
