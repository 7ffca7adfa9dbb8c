package ips

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"strconv"
	"strings"

	"github.com/amparo-project/amparo/internal/limit"
)

// A Value is one value of JSON, as its bytes. It is cheap to copy; the zero
// Value is none. What it holds is looked at when it is asked for, so a value
// may turn out to be damaged only then.
type Value struct {
	raw    []byte
	offset int64
}

// A Kind is the type of a value, as its first byte tells it.
type Kind uint8

// The kinds of values.
const (
	None Kind = iota // no value at all
	Null
	Bool
	Number
	String
	Array
	Object
)

// ValueAt returns the value that begins at data[at], after white space. The
// error wraps limit.ErrCorrupt where none does, or where it does not end.
func ValueAt(data []byte, at int) (Value, error) {
	for at < len(data) && isSpace(data[at]) {
		at++
	}
	if at >= len(data) || kindOf(data[at]) == None {
		return Value{}, fmt.Errorf("%w: no value at byte %d", limit.ErrCorrupt, at)
	}
	end := skip(data, at)
	if end < 0 {
		return Value{}, fmt.Errorf("%w: the value at byte %d does not end", limit.ErrCorrupt, at)
	}
	return Value{data[at:end], int64(at)}, nil
}

// Kind returns the type of v.
func (v Value) Kind() Kind {
	if len(v.raw) == 0 {
		return None
	}
	return kindOf(v.raw[0])
}

// Offset returns where v begins, in the bytes that Parse was given.
func (v Value) Offset() int64 { return v.offset }

// Length returns the number of bytes of v.
func (v Value) Length() int64 { return int64(len(v.raw)) }

// Text returns the text of a String, with what is not UTF-8 replaced, and ""
// for another kind.
func (v Value) Text() string {
	if v.Kind() != String {
		return ""
	}
	inner := v.raw[1 : len(v.raw)-1]
	var s string
	if bytes.IndexByte(inner, '\\') < 0 || json.Unmarshal(v.raw, &s) != nil {
		// Control characters within a text break JSON's rules, not its sense.
		return strings.ToValidUTF8(string(inner), "\ufffd")
	}
	return s
}

// Plain returns the text of a String and the digits of a Number, "" for
// another kind: reports write some identifiers now as one, now as the other.
func (v Value) Plain() string {
	if v.Kind() == Number {
		return string(v.raw)
	}
	return v.Text()
}

// Int returns a whole number, also one that is written as a text, and whether
// v is one.
func (v Value) Int() (int64, bool) {
	s := v.Plain()
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, true
	}
	// Addresses of 64 bits stand there without a sign.
	n, err := strconv.ParseUint(s, 10, 64)
	return int64(n), err == nil
}

// Float returns the number of a Number, and whether v is one that is finite.
func (v Value) Float() (float64, bool) {
	if v.Kind() != Number {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(v.raw), 64)
	return f, err == nil && !math.IsInf(f, 0)
}

// Bool reports whether v is true, or a number but 0: both are used for flags.
func (v Value) Bool() bool {
	if n, ok := v.Int(); ok {
		return n != 0
	}
	return string(v.raw) == "true"
}

// Get returns the first member of an Object that has that name, the zero
// Value where there is none.
func (v Value) Get(name string) Value {
	for key, member := range v.Members() {
		if key == name {
			return member
		}
	}
	return Value{}
}

// maxMembers bounds Map. A crash report has about fifty.
const maxMembers = 4096

// Map returns the first members of an Object by name, where many of them are
// wanted of a large one: each Get reads it from its beginning.
func (v Value) Map() map[string]Value {
	m := map[string]Value{}
	for key, member := range v.Members() {
		if _, twice := m[key]; !twice {
			m[key] = member
		}
		if len(m) == maxMembers {
			break
		}
	}
	return m
}

// Members yields the members of an Object, in their order, as far as they can
// be read. Err tells whether that was to the end.
func (v Value) Members() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		if v.Kind() == Object {
			v.each(true, func(key, member Value) bool { return yield(key.Text(), member) })
		}
	}
}

// Elements yields the elements of an Array, as far as they can be read.
func (v Value) Elements() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		if v.Kind() == Array {
			v.each(false, func(_, element Value) bool { return yield(element) })
		}
	}
}

// Err returns an error that wraps limit.ErrCorrupt where an Object or Array
// cannot be read to its end. Values inside of it have errors of their own.
func (v Value) Err() error {
	if k := v.Kind(); k != Object && k != Array {
		return nil
	}
	if at := v.each(v.Kind() == Object, func(_, _ Value) bool { return true }); at >= 0 {
		return fmt.Errorf("%w: JSON breaks off or breaks its rules at byte %d", limit.ErrCorrupt, v.offset+int64(at))
	}
	return nil
}

// each walks what is directly inside of v. It returns the place where that
// cannot be read on, -1 where it can or f wants no more.
func (v Value) each(members bool, f func(key, value Value) bool) int {
	b := v.raw
	at := space(b, 1)
	for at < len(b) && b[at] != ']' && b[at] != '}' {
		var key, value Value
		if members {
			if key, at = v.next(at); at >= len(b) || key.Kind() != String || b[at] != ':' {
				return at
			}
			at++
		}
		if value, at = v.next(at); value.Kind() == None {
			return at
		}
		if !f(key, value) {
			return -1
		}
		if at < len(b) && b[at] == ',' {
			at = space(b, at+1)
		} else if at < len(b) && b[at] != ']' && b[at] != '}' {
			return at
		}
	}
	if at >= len(b) {
		return at
	}
	return -1
}

// next returns the value that begins at v.raw[at], none where it is damaged,
// and the place of what follows it.
func (v Value) next(at int) (Value, int) {
	at = space(v.raw, at)
	if at >= len(v.raw) || kindOf(v.raw[at]) == None {
		return Value{}, at
	}
	end := skip(v.raw, at)
	if end < 0 {
		return Value{}, at
	}
	return Value{v.raw[at:end], v.offset + int64(at)}, space(v.raw, end)
}

func kindOf(c byte) Kind {
	switch {
	case c == '{':
		return Object
	case c == '[':
		return Array
	case c == '"':
		return String
	case c == 't', c == 'f':
		return Bool
	case c == 'n':
		return Null
	case c == '-', c >= '0' && c <= '9':
		return Number
	default:
		return None
	}
}

// skip returns the end of the value at b[at], -1 where it has none.
func skip(b []byte, at int) int {
	switch b[at] {
	case '"':
		return skipString(b, at)
	case '{', '[':
		return skipNested(b, at)
	}
	for at < len(b) && !isSpace(b[at]) && b[at] != ',' && b[at] != ']' && b[at] != '}' && b[at] != ':' {
		at++
	}
	return at
}

// skipNested counts brackets, whichever kind they are: that one closes what
// another opened is found when the inside is read.
func skipNested(b []byte, at int) int {
	depth := 0
	for at < len(b) {
		switch b[at] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return at + 1
			}
		case '"':
			if at = skipString(b, at); at < 0 {
				return -1
			}
			continue
		}
		at++
	}
	return -1
}

func skipString(b []byte, at int) int {
	at++
	quote := -1 // the next one at or after at, looked for once
	for at < len(b) {
		if quote < at {
			n := bytes.IndexByte(b[at:], '"')
			if n < 0 {
				return -1
			}
			quote = at + n
		}
		escape := bytes.IndexByte(b[at:quote], '\\')
		if escape < 0 {
			return quote + 1
		}
		at += escape + 2
	}
	return -1
}

func space(b []byte, at int) int {
	for at < len(b) && isSpace(b[at]) {
		at++
	}
	return at
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }
