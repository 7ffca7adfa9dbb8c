package artifact

// ValueKind is the type of a field.
type ValueKind uint8

// The types of fields.
const (
	Null    ValueKind = iota
	Bool              // true or false
	Int               // signed, 64 bits
	Float             // IEEE 754, 64 bits
	Text              // UTF-8; invalid bytes are written as U+FFFD
	Bytes             // raw bytes, written in base64
	Strings           // a list of texts
	Tree              // nested maps, lists and scalars, from a property list
)

var kindNames = [...]string{"null", "bool", "int", "float", "text", "bytes", "list of text", "tree"}

// String names the type as the reference page does.
func (k ValueKind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown"
}

// A Value is the typed value of a field. The zero value is Null.
type Value struct {
	kind ValueKind
	num  uint64 // bits of a Bool, Int or Float
	str  string
	ref  any // []byte, []string or a tree
}

// BoolValue returns a Bool.
func BoolValue(v bool) Value {
	if v {
		return Value{kind: Bool, num: 1}
	}
	return Value{kind: Bool}
}

// IntValue returns an Int.
func IntValue(v int64) Value { return Value{kind: Int, num: uint64(v)} }

// FloatValue returns a Float.
func FloatValue(v float64) Value { return Value{kind: Float, num: floatBits(v)} }

// TextValue returns a Text.
func TextValue(s string) Value { return Value{kind: Text, str: s} }

// TextOrNull returns a Text, or Null for the empty text.
func TextOrNull(s string) Value {
	if s == "" {
		return Value{}
	}
	return TextValue(s)
}

// BytesValue returns Bytes. It keeps b.
func BytesValue(b []byte) Value { return Value{kind: Bytes, ref: b} }

// StringsValue returns Strings, or Null for an empty list. It keeps s.
func StringsValue(s []string) Value {
	if len(s) == 0 {
		return Value{}
	}
	return Value{kind: Strings, ref: s}
}

// TreeValue returns a Tree, or Null for nil. The tree is made of
// map[string]any, []any, string, bool, int64, uint64, float64, []byte,
// time.Time and nil.
func TreeValue(v any) Value {
	if v == nil {
		return Value{}
	}
	return Value{kind: Tree, ref: v}
}

// Kind returns the type of v.
func (v Value) Kind() ValueKind { return v.kind }

// Int returns the integer, and whether v is an Int or a Bool.
func (v Value) Int() (int64, bool) {
	return int64(v.num), v.kind == Int || v.kind == Bool
}

// Bool returns the truth of v, and whether v is a Bool.
func (v Value) Bool() (val, ok bool) { return v.num != 0, v.kind == Bool }

// Float returns the number, and whether v is a Float or an Int.
func (v Value) Float() (float64, bool) {
	if v.kind == Int {
		return float64(int64(v.num)), true
	}
	return floatFrom(v.num), v.kind == Float
}

// Str returns the text, and whether v is a Text.
func (v Value) Str() (string, bool) { return v.str, v.kind == Text }

// Bytes returns the bytes of a Bytes value, nil for another.
func (v Value) Bytes() []byte {
	b, _ := v.ref.([]byte)
	return b
}

// Strings returns the texts of a Strings value, nil for another.
func (v Value) Strings() []string {
	s, _ := v.ref.([]string)
	return s
}

// Tree returns the tree of a Tree value, nil for another.
func (v Value) Tree() any {
	if v.kind != Tree {
		return nil
	}
	return v.ref
}
