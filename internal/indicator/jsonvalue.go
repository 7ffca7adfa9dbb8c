package indicator

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/amparo-project/amparo/internal/limit"
)

// maxNesting bounds lists and objects within an object of a bundle.
const maxNesting = 64

var errJSON = errors.New("not JSON")

// A value reads one JSON value of which all bytes are at hand. Strings that
// need no decoding share its memory.
type value struct {
	b     string
	i     int
	depth int
}

func (v *value) fail(want string) error {
	return fmt.Errorf("%w: at byte %d: expected %s", errJSON, v.i, want)
}

func (v *value) space() {
	for v.i < len(v.b) && (v.b[v.i] == ' ' || v.b[v.i] == '\n' || v.b[v.i] == '\t' || v.b[v.i] == '\r') {
		v.i++
	}
}

// next returns the next byte that is no white space, 0 at the end.
func (v *value) next() byte {
	v.space()
	if v.i >= len(v.b) {
		return 0
	}
	return v.b[v.i]
}

func (v *value) take(c byte) bool {
	if v.next() != c {
		return false
	}
	v.i++
	return true
}

// object calls field for each member, with v standing before its value. field
// reads or skips the value.
func (v *value) object(field func(key string) error) error {
	if !v.take('{') {
		return v.fail("{")
	}
	return v.members('}', func() error {
		key, err := v.text()
		if err != nil {
			return err
		}
		if !v.take(':') {
			return v.fail(":")
		}
		return field(key)
	})
}

// list calls item for each value of a list, with v standing before it.
func (v *value) list(item func() error) error {
	if !v.take('[') {
		return v.fail("[")
	}
	return v.members(']', item)
}

func (v *value) members(end byte, member func() error) error {
	if v.depth++; v.depth > maxNesting {
		return fmt.Errorf("%w: nested more than %d deep", limit.ErrLimit, maxNesting)
	}
	defer func() { v.depth-- }()
	if v.take(end) {
		return nil
	}
	for {
		if err := member(); err != nil {
			return err
		}
		if v.take(end) {
			return nil
		}
		if !v.take(',') {
			return v.fail(", or " + string(end))
		}
	}
}

// skip skips any value.
func (v *value) skip() error {
	switch c := v.next(); c {
	case '"':
		_, err := v.raw()
		return err
	case '{':
		return v.object(func(string) error { return v.skip() })
	case '[':
		return v.list(v.skip)
	case 0:
		return v.fail("a value")
	}
	if v.scalar() == "" {
		return v.fail("a value")
	}
	return nil
}

// scalar reads a number or a word, as written.
func (v *value) scalar() string {
	v.space()
	start := v.i
	for v.i < len(v.b) && strings.IndexByte(",]}: \t\r\n\"[{", v.b[v.i]) < 0 {
		v.i++
	}
	return v.b[start:v.i]
}

// null takes null, if it is next.
func (v *value) null() bool {
	v.space()
	if strings.HasPrefix(v.b[v.i:], "null") {
		v.i += len("null")
		return true
	}
	return false
}

// boolean reads true or false.
func (v *value) boolean() (bool, error) {
	switch v.scalar() {
	case "true":
		return true, nil
	case "false", "null":
		return false, nil
	}
	return false, v.fail("true or false")
}

// integer reads a number without its fraction.
func (v *value) integer() (int, error) {
	s := v.scalar()
	if s == "null" {
		return 0, nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f < -1e9 || f > 1e9 {
		return 0, v.fail("a number")
	}
	return int(f), nil
}

// text reads a string. Bytes that are no UTF-8 become U+FFFD.
func (v *value) text() (string, error) {
	raw, err := v.raw()
	if err != nil {
		return "", err
	}
	if strings.IndexByte(raw, '\\') >= 0 {
		raw = unescape(raw)
	}
	if !utf8.ValidString(raw) {
		raw = strings.ToValidUTF8(raw, "\uFFFD")
	}
	return raw, nil
}

// optional reads a string, or null as "".
func (v *value) optional() (string, error) {
	if v.null() {
		return "", nil
	}
	return v.text()
}

// raw reads a string as written between its quotation marks.
func (v *value) raw() (string, error) {
	if v.next() != '"' {
		return "", v.fail("a string")
	}
	start := v.i + 1
	for i := start; ; {
		end := strings.IndexByte(v.b[i:], '"')
		if end < 0 {
			return "", v.fail("a string that ends")
		}
		back := strings.IndexByte(v.b[i:i+end], '\\')
		if back < 0 {
			v.i = i + end + 1
			return v.b[start : i+end], nil
		}
		if i += back + 2; i > len(v.b) {
			return "", v.fail("a string that ends")
		}
	}
}

// unescape decodes the escapes of a JSON string; unknown ones stay.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 >= len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		if at := strings.IndexByte(`"\/bfnrt`, s[i]); at >= 0 {
			b.WriteByte("\"\\/\b\f\n\r\t"[at])
			continue
		}
		r, n := escapedRune(s[i:])
		if n == 0 {
			b.WriteByte('\\')
			b.WriteByte(s[i])
			continue
		}
		b.WriteRune(r)
		i += n - 1
	}
	return b.String()
}

// escapedRune reads "u00e9", or both halves of a pair of surrogates. n is the
// length of what it read, 0 if that is none.
func escapedRune(s string) (r rune, n int) {
	first, ok := fourHex(s)
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(first) {
		return first, 5
	}
	if len(s) >= 11 && s[5] == '\\' {
		if second, ok := fourHex(s[6:]); ok {
			if r := utf16.DecodeRune(first, second); r != utf8.RuneError {
				return r, 11
			}
		}
	}
	return utf8.RuneError, 5
}

func fourHex(s string) (rune, bool) {
	if len(s) < 5 || s[0] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(s[1:5], 16, 16)
	return rune(n), err == nil
}
