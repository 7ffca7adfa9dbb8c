package account

import "fmt"

// Truth is the answer to a question about the facts: yes, no, or not known.
// The zero value is not known.
type Truth int8

// The three answers.
const (
	NotKnown Truth = iota
	No
	Yes
)

var truthNames = [...]string{"not_known", "not_met", "met"}

// String returns met, not_met or not_known.
func (t Truth) String() string { return truthNames[t] }

// MarshalText implements encoding.TextMarshaler.
func (t Truth) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (t *Truth) UnmarshalText(b []byte) error {
	for i, name := range truthNames {
		if name == string(b) {
			*t = Truth(i)
			return nil
		}
	}
	return fmt.Errorf("%w: %q is none of met, not_met, not_known", ErrInvalid, b)
}

// And is yes when both are, and no when one is.
func (t Truth) And(o Truth) Truth {
	switch {
	case t == No || o == No:
		return No
	case t == Yes && o == Yes:
		return Yes
	}
	return NotKnown
}

// Or is yes when one is, and no when both are.
func (t Truth) Or(o Truth) Truth { return t.Not().And(o.Not()).Not() }

// Not turns yes and no around.
func (t Truth) Not() Truth {
	switch t {
	case Yes:
		return No
	case No:
		return Yes
	}
	return NotKnown
}

// Is turns a bool into a Truth.
func Is(b bool) Truth {
	if b {
		return Yes
	}
	return No
}
