package sqlite

import (
	"math"
	"strconv"
	"strings"
)

// Kind is the storage class of a value.
type Kind uint8

// The storage classes of SQLite (https://sqlite.org/datatype3.html).
const (
	Null  Kind = iota
	Int        // signed, 64 bits
	Float      // IEEE 754, 64 bits
	Text       // UTF-8, whatever the encoding of the database is
	Blob       // raw bytes
)

// String names the storage class as the SQL function typeof does.
func (k Kind) String() string {
	switch k {
	case Null:
		return "null"
	case Int:
		return "integer"
	case Float:
		return "real"
	case Text:
		return "text"
	case Blob:
		return "blob"
	}
	return "unknown"
}

// A Value is one column of one row. Its bytes belong to the row: they are
// valid until the next row is asked for. The zero Value is Null.
type Value struct {
	kind Kind
	lost bool
	num  uint64 // bits of an Int or a Float
	data []byte // of a Text or a Blob; in another kind it means nothing
}

func intValue(v int64) Value     { return Value{kind: Int, num: uint64(v)} }
func floatValue(v float64) Value { return Value{kind: Float, num: math.Float64bits(v)} }

// Kind returns the storage class of v.
func (v Value) Kind() Kind { return v.kind }

// IsNull reports whether v is Null, stored as such or for want of anything better.
func (v Value) IsNull() bool { return v.kind == Null }

// Lost reports whether v is Null only because its bytes could not be read.
func (v Value) Lost() bool { return v.lost }

// Int returns the integer, and whether v is an Int.
func (v Value) Int() (int64, bool) {
	if v.kind != Int {
		return 0, false
	}
	return int64(v.num), true
}

// Float returns the number, and whether v is a Float.
func (v Value) Float() (float64, bool) {
	if v.kind != Float {
		return 0, false
	}
	return math.Float64frombits(v.num), true
}

// Text returns a copy of the text, and the empty string when v is not a Text.
// Bytes that are not valid UTF-8 are returned as they are.
func (v Value) Text() string {
	if v.kind != Text {
		return ""
	}
	return string(v.data)
}

// Bytes returns the bytes of a Text or a Blob, nil for another value. They
// are not a copy: they are valid until the next row, and must not be changed.
func (v Value) Bytes() []byte {
	if v.kind < Text {
		return nil
	}
	return v.data
}

// AsInt returns v as an integer: an Int, a Float with an integral value, or a
// Text that is a decimal integer. It reports whether v is one of them.
func (v Value) AsInt() (int64, bool) {
	switch v.kind {
	case Int:
		return v.Int()
	case Float:
		return integral(math.Float64frombits(v.num))
	case Text:
		n, err := strconv.ParseInt(strings.TrimSpace(string(v.data)), 10, 64)
		return n, err == nil
	}
	return 0, false
}

// integral returns f as an integer, and whether it is one that int64 holds.
func integral(f float64) (int64, bool) {
	if f != math.Trunc(f) || f < -(1<<63) || f >= 1<<63 {
		return 0, false
	}
	return int64(f), true
}

// AsFloat returns v as a number: an Int, a Float, or a Text that is a finite
// decimal number. It reports whether v is one of them.
func (v Value) AsFloat() (float64, bool) {
	switch v.kind {
	case Int:
		return float64(int64(v.num)), true
	case Float:
		return v.Float()
	case Text:
		f, err := strconv.ParseFloat(strings.TrimSpace(string(v.data)), 64)
		return f, err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
	}
	return 0, false
}

// AsText returns v as a text: a Text, or an Int or a Float written as SQLite
// writes it. It reports whether v is one of them.
func (v Value) AsText() (string, bool) {
	switch v.kind {
	case Text:
		return string(v.data), true
	case Int:
		return strconv.FormatInt(int64(v.num), 10), true
	case Float:
		return formatFloat(math.Float64frombits(v.num)), true
	}
	return "", false
}

// formatFloat writes f as the printf format %!.15g of SQLite does: always with
// a decimal point (https://sqlite.org/printf.html).
func formatFloat(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "Inf"
	case math.IsInf(f, -1):
		return "-Inf"
	}
	s := strconv.FormatFloat(f, 'g', 15, 64)
	mantissa, exp, hasExp := strings.Cut(s, "e")
	if !strings.Contains(mantissa, ".") {
		mantissa += ".0"
	}
	if !hasExp {
		return mantissa
	}
	return mantissa + "e" + exp
}
