// Package plist reads Apple property lists, binary and XML, as evidence:
// bounded against cycles, depth, shared-reference bombs and forged lengths.
//
// Start with Parse, or with Doc where many small lists are read in a row. A
// binary list is not turned into a tree: a Value is a place in the bytes, and
// what it refers to is decoded when it is asked for. So a list that refers to
// itself costs nothing until somebody walks it, and Any, which walks, has a
// budget.
//
// The binary format is described in CFBinaryPList.c of Apple's open source
// CoreFoundation (https://github.com/apple-oss-distributions/CF), the XML one
// by https://www.apple.com/DTDs/PropertyList-1.0.dtd. The old text format is
// not read.
package plist

import (
	"iter"
	"math"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// Kind is the type of a value.
type Kind uint8

// The kinds of value.
const (
	Invalid Kind = iota // absent, or damaged: see Value.Err
	Null
	Bool
	Int
	Real
	Date
	Data
	String
	UID
	Array
	Set
	Dict
)

var kindNames = [...]string{"invalid", "null", "bool", "int", "real", "date", "data", "string", "uid", "array", "set", "dict"}

// String names the kind.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown"
}

// A Value is one object of a property list. The zero value is Invalid. Values
// of a Doc are valid until its next Reset.
type Value struct {
	doc *Doc  // binary: where to look
	ref int32 // binary: object number
	xml *node // XML
	err error // why it is Invalid, nil for a value that is absent
}

// Err says why a value is Invalid. It is nil for one that is merely absent.
func (v Value) Err() error {
	if v.err != nil || v.doc == nil {
		return v.err
	}
	_, err := v.doc.object(v.ref)
	return err
}

// object returns the decoded marker of a binary value.
func (v Value) object() object {
	if v.doc == nil {
		return object{}
	}
	o, err := v.doc.object(v.ref)
	if err != nil {
		return object{}
	}
	return o
}

// Kind returns the kind of v.
func (v Value) Kind() Kind {
	if v.xml != nil {
		return v.xml.kind
	}
	return v.object().kind
}

// Offset returns the byte offset of v in a binary list, -1 for XML.
func (v Value) Offset() int64 {
	if v.doc == nil {
		return -1
	}
	return v.doc.offset(v.ref)
}

// Int returns the integer, and whether v is one that fits.
func (v Value) Int() (int64, bool) {
	u, neg, ok := v.integer()
	if !ok || !neg && u > math.MaxInt64 {
		return 0, false
	}
	return int64(u), true
}

// Uint returns the integer, and whether v is one that is not negative.
func (v Value) Uint() (uint64, bool) {
	u, neg, ok := v.integer()
	return u, ok && !neg
}

func (v Value) integer() (u uint64, neg, ok bool) {
	if v.xml != nil {
		return v.xml.num, v.xml.neg, v.xml.kind == Int
	}
	o := v.object()
	if o.kind != Int {
		return 0, false, false
	}
	b := v.doc.data[o.pos : o.pos+o.n]
	if o.n == 16 {
		// Sixteen bytes hold an unsigned value above the signed range, or a
		// sign-extended negative one.
		high := beUint(b[:8])
		return beUint(b[8:]), high == math.MaxUint64, high == 0 || high == math.MaxUint64
	}
	u = beUint(b)
	// Eight bytes are signed, fewer are not.
	return u, o.n == 8 && int64(u) < 0, true
}

// Bool returns the truth, and whether v is a Bool.
func (v Value) Bool() (val, ok bool) {
	if v.xml != nil {
		return v.xml.num != 0, v.xml.kind == Bool
	}
	o := v.object()
	return o.n != 0, o.kind == Bool
}

// Real returns the number, and whether v is a Real or an Int.
func (v Value) Real() (float64, bool) {
	if i, ok := v.Int(); ok {
		return float64(i), true
	}
	if v.xml != nil {
		return math.Float64frombits(v.xml.num), v.xml.kind == Real
	}
	o := v.object()
	return v.float(o), o.kind == Real
}

func (v Value) float(o object) float64 {
	if o.kind != Real && o.kind != Date {
		return 0
	}
	u := beUint(v.doc.data[o.pos : o.pos+o.n])
	if o.n == 4 {
		return float64(math.Float32frombits(uint32(u)))
	}
	return math.Float64frombits(u)
}

// MacTime returns the seconds since 2001 of a Date.
func (v Value) MacTime() (float64, bool) {
	if v.xml != nil {
		return math.Float64frombits(v.xml.num), v.xml.kind == Date
	}
	o := v.object()
	return v.float(o), o.kind == Date
}

// macToUnix is the number of seconds from 1970 to 2001.
const macToUnix = 978_307_200

// maxSeconds keeps dates within the years that time.Time can write.
const maxSeconds = 250_000_000_000

// Time returns the instant of a Date, and whether v is one that a calendar has.
func (v Value) Time() (time.Time, bool) {
	f, ok := v.MacTime()
	if !ok || math.IsNaN(f) || math.Abs(f) > maxSeconds {
		return time.Time{}, false
	}
	sec, frac := math.Modf(f)
	return time.Unix(int64(sec)+macToUnix, int64(math.Round(frac*1e6))*1000).UTC(), true
}

// UID returns the number of a UID, by which keyed archives refer to objects.
// An XML list writes one as a dictionary with the single key CF$UID.
func (v Value) UID() (uint64, bool) {
	if v.xml != nil {
		if v.xml.kind == Dict && len(v.xml.items) == 1 && v.xml.keys[0] == "CF$UID" {
			return v.Get("CF$UID").Uint()
		}
		return 0, false
	}
	o := v.object()
	if o.kind != UID {
		return 0, false
	}
	return beUint(v.doc.data[o.pos : o.pos+o.n]), true
}

// Bytes returns the bytes of a Data without a copy.
func (v Value) Bytes() ([]byte, bool) {
	if v.xml != nil {
		return v.xml.data, v.xml.kind == Data
	}
	o := v.object()
	if o.kind != Data {
		return nil, false
	}
	return v.doc.data[o.pos : o.pos+o.n : o.pos+o.n], true
}

// Str returns the text of a String. Unpaired surrogates become U+FFFD.
func (v Value) Str() (string, bool) {
	if v.xml != nil {
		return v.xml.text, v.xml.kind == String
	}
	o := v.object()
	if o.kind != String {
		return "", false
	}
	b := v.doc.data[o.pos : o.pos+o.n]
	if !o.wide {
		return string(b), true
	}
	return fromUTF16(b), true
}

func fromUTF16(b []byte) string {
	out := make([]byte, 0, len(b))
	for i := 0; i+1 < len(b); i += 2 {
		r := rune(b[i])<<8 | rune(b[i+1])
		if utf16.IsSurrogate(r) && i+3 < len(b) {
			if pair := utf16.DecodeRune(r, rune(b[i+2])<<8|rune(b[i+3])); pair != utf8.RuneError {
				r = pair
				i += 2
			}
		}
		out = utf8.AppendRune(out, r)
	}
	return string(out)
}

// Len returns how many elements an Array or Set, or pairs a Dict has.
func (v Value) Len() int {
	if v.xml != nil {
		return len(v.xml.items)
	}
	if o := v.object(); o.kind == Array || o.kind == Set || o.kind == Dict {
		return o.n
	}
	return 0
}

// At returns element i of an Array or Set, or the value of pair i of a Dict;
// Invalid outside.
func (v Value) At(i int) Value {
	if i < 0 || i >= v.Len() {
		return Value{}
	}
	if v.xml != nil {
		return Value{xml: v.xml.items[i]}
	}
	o := v.object()
	if o.kind == Dict {
		i += o.n
	}
	return v.doc.reference(o, i)
}

// Key returns the key of pair i of a Dict, Invalid outside.
func (v Value) Key(i int) Value {
	if v.Kind() != Dict || i < 0 || i >= v.Len() {
		return Value{}
	}
	if v.xml != nil {
		return Value{xml: &node{kind: String, text: v.xml.keys[i]}}
	}
	return v.doc.reference(v.object(), i)
}

// Get returns the value of a key of a Dict, Invalid where there is none.
func (v Value) Get(key string) Value {
	if v.xml != nil {
		return v.xml.get(key)
	}
	o := v.object()
	if o.kind != Dict {
		return Value{}
	}
	for i := range o.n {
		if v.doc.reference(o, i).Is(key) {
			return v.doc.reference(o, o.n+i)
		}
	}
	return Value{}
}

// Is reports whether v is the text s, without making a string.
func (v Value) Is(s string) bool {
	if v.xml != nil {
		return v.xml.kind == String && v.xml.text == s
	}
	o := v.object()
	if o.kind != String {
		return false
	}
	b := v.doc.data[o.pos : o.pos+o.n]
	if o.wide {
		return len(b) <= 4*len(s) && len(b) >= 2 && fromUTF16(b) == s
	}
	return string(b) == s
}

// ASCII returns the bytes of a text that is stored as such, without a copy:
// for comparing many small keys. It is nil for any other value, and for a text
// that is stored in UTF-16.
func (v Value) ASCII() []byte {
	o := v.object()
	if o.kind != String || o.wide {
		return nil
	}
	return v.doc.data[o.pos : o.pos+o.n]
}

// All yields the pairs of a Dict in stored order. A key that is no text is
// named by its kind.
func (v Value) All() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		if v.Kind() != Dict {
			return
		}
		for i := range v.Len() {
			if !yield(v.keyText(i), v.At(i)) {
				return
			}
		}
	}
}

func (v Value) keyText(i int) string {
	if v.xml != nil {
		return v.xml.keys[i]
	}
	k := v.Key(i)
	if s, ok := k.Str(); ok {
		return s
	}
	return "(" + k.Kind().String() + ")"
}

// Pairs yields the pairs of a binary Dict as they lie there. It looks at the
// dictionary once, where Key and At look at it each time.
func (v Value) Pairs() iter.Seq2[Value, Value] {
	return func(yield func(Value, Value) bool) {
		o := v.object()
		if o.kind != Dict {
			return
		}
		for i := range o.n {
			if !yield(v.doc.reference(o, i), v.doc.reference(o, o.n+i)) {
				return
			}
		}
	}
}

// Items yields the elements of an Array or Set.
func (v Value) Items() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		if k := v.Kind(); k != Array && k != Set {
			return
		}
		for i := range v.Len() {
			if !yield(v.At(i)) {
				return
			}
		}
	}
}

func beUint(b []byte) (u uint64) {
	for _, c := range b {
		u = u<<8 | uint64(c)
	}
	return u
}
