package sqlite

import (
	"strconv"
	"strings"
)

// Affinity is the type that a column prefers (https://sqlite.org/datatype3.html#type_affinity).
type Affinity uint8

// The affinities.
const (
	AffinityBlob Affinity = iota
	AffinityText
	AffinityNumeric
	AffinityInteger
	AffinityReal
)

// String names the affinity.
func (a Affinity) String() string {
	return [...]string{"BLOB", "TEXT", "NUMERIC", "INTEGER", "REAL"}[a%5]
}

// affinityOf returns the affinity of a declared type, by the rules of section
// 3.1 of https://sqlite.org/datatype3.html.
func affinityOf(decl string, strict bool) Affinity {
	d := lower(decl)
	has := func(s string) bool { return strings.Contains(d, s) }
	switch {
	case strict && d == "any":
		return AffinityBlob
	case has("int"):
		return AffinityInteger
	case has("char"), has("clob"), has("text"):
		return AffinityText
	case d == "", has("blob"):
		return AffinityBlob
	case has("real"), has("floa"), has("doub"): //nolint:misspell // as in "double"
		return AffinityReal
	}
	return AffinityNumeric
}

// convert applies the affinity to a value, as SQLite does before storing it.
func (a Affinity) convert(v Value) Value {
	switch a {
	case AffinityText:
		if s, ok := v.AsText(); ok {
			return textValue(s)
		}
	case AffinityNumeric, AffinityInteger:
		return numeric(v)
	case AffinityReal:
		v = numeric(v)
		if n, ok := v.Int(); ok {
			return floatValue(float64(n))
		}
	case AffinityBlob:
	}
	return v
}

func textValue(s string) Value { return Value{kind: Text, data: []byte(s)} }

// numeric turns a text that is a number into that number, and a Float that
// loses nothing by it into an Int.
func numeric(v Value) Value {
	if v.kind == Text {
		v = numericText(v)
	}
	if f, ok := v.Float(); ok {
		if n, ok := integral(f); ok && n > -(1<<51) && n < 1<<51 {
			return intValue(n)
		}
	}
	return v
}

func numericText(v Value) Value {
	s := strings.Trim(string(v.data), " \t\n\v\f\r")
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return intValue(n)
	}
	if strings.Trim(s, "+-.0123456789eE") != "" {
		return v // strconv knows forms that SQLite does not: 0x1p3, inf, 1_000
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		return floatValue(f)
	}
	return v
}
