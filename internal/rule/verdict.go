package rule

import (
	"math"

	"github.com/amparo-project/amparo/internal/artifact"
)

// A verdict is what the fast form of a condition can say of a record. It never
// says no or yes where CEL would say something else.
type verdict uint8

const (
	unsure verdict = iota // only CEL can tell
	no
	yes
	failed // CEL gives an error
)

func verdictOf(b bool) verdict {
	if b {
		return yes
	}
	return no
}

// A test is the fast form of a condition, nil where it could say nothing.
type test func(s *Subject) verdict

// and is the && of CEL: a no decides, whatever failed before it.
func and(tests []test) test {
	return func(s *Subject) verdict {
		result := yes
		for _, t := range tests {
			v := unsure
			if t != nil {
				v = t(s)
			}
			if v == no {
				return no
			}
			result = weaker(result, v)
		}
		return result
	}
}

// or is the || of CEL: a yes decides, whatever failed before it.
func or(tests []test) test {
	return func(s *Subject) verdict {
		result := no
		for _, t := range tests {
			v := unsure
			if t != nil {
				v = t(s)
			}
			if v == yes {
				return yes
			}
			result = weaker(result, v)
		}
		return result
	}
}

// weaker combines verdicts none of which decides: what is not known outweighs
// an error, and an error what is known.
func weaker(a, b verdict) verdict {
	switch {
	case a == unsure || b == unsure:
		return unsure
	case a == failed || b == failed:
		return failed
	}
	return a
}

func not(t test) test {
	if t == nil {
		return nil
	}
	return func(s *Subject) verdict {
		switch v := t(s); v {
		case no:
			return yes
		case yes:
			return no
		default:
			return v
		}
	}
}

// scalarKind is the type of a scalar.
type scalarKind uint8

const (
	opaque scalarKind = iota // only CEL can tell
	fault                    // CEL gives an error
	boolean
	integer
	double
	text
)

// A scalar is a value that fast tests compare.
type scalar struct {
	kind scalarKind
	num  uint64 // a boolean, an integer or the bits of a double
	str  string
}

// A reader is the fast form of an expression that is no condition, nil where
// it could say nothing.
type reader func(s *Subject) scalar

func textScalar(s string) scalar    { return scalar{kind: text, str: s} }
func intScalar(n int64) scalar      { return scalar{kind: integer, num: uint64(n)} }
func doubleScalar(f float64) scalar { return scalar{kind: double, num: math.Float64bits(f)} }

func boolScalar(b bool) scalar {
	if b {
		return scalar{kind: boolean, num: 1}
	}
	return scalar{kind: boolean}
}

// scalarOf returns a field's value.
func scalarOf(v *artifact.Value) scalar {
	switch v.Kind() {
	case artifact.Text:
		s, _ := v.Str()
		return textScalar(s)
	case artifact.Int:
		n, _ := v.Int()
		return intScalar(n)
	case artifact.Bool:
		b, _ := v.Bool()
		return boolScalar(b)
	case artifact.Float:
		f, _ := v.Float()
		return doubleScalar(f)
	case artifact.Tree:
		return goScalar(v.Tree())
	}
	return scalar{}
}

// goScalar returns a scalar of a property list or of a literal.
func goScalar(v any) scalar {
	switch v := v.(type) {
	case string:
		return textScalar(v)
	case int64:
		return intScalar(v)
	case bool:
		return boolScalar(v)
	case float64:
		return doubleScalar(v)
	}
	return scalar{}
}

// truth is the scalar as an operand of && and its like.
func (v scalar) truth() verdict {
	switch v.kind {
	case opaque:
		return unsure
	case boolean:
		return verdictOf(v.num != 0)
	}
	return failed
}

// equal is the == of CEL, which calls values of different types different but
// compares numbers of any type.
func equal(a, b scalar) verdict {
	switch {
	case a.kind == fault || b.kind == fault:
		return failed
	case a.kind == opaque || b.kind == opaque:
		return unsure
	case a.kind == double || b.kind == double:
		return unsure
	case a.kind != b.kind:
		return no
	case a.kind == text:
		return verdictOf(a.str == b.str)
	}
	return verdictOf(a.num == b.num)
}

// less is the < of CEL for integers and texts.
func less(a, b scalar) verdict {
	switch {
	case a.kind == fault || b.kind == fault:
		return failed
	case a.kind == integer && b.kind == integer:
		return verdictOf(int64(a.num) < int64(b.num))
	case a.kind == text && b.kind == text:
		return verdictOf(a.str < b.str)
	}
	return unsure
}
