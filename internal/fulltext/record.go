package fulltext

import (
	"bytes"
	"strconv"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth bounds how deep a record is read.
const maxDepth = 64

// record is what the index needs of a line of records/NAME.jsonl: the values
// of its data, one a line, and its first time.
type record struct {
	text  []byte
	at    int64 // milliseconds since 1970
	dated bool

	b   []byte // the rest of the line
	key []byte // the last that was read
	bad bool
}

var (
	keyData  = []byte("data")
	keyTimes = []byte("times")
	keyAt    = []byte("at")
)

// read takes a line apart. ok is false where it is no record.
func (r *record) read(line []byte) (ok bool) {
	r.text, r.dated, r.at, r.b, r.bad = r.text[:0], false, 0, line, false
	r.object(func() {
		switch {
		case bytes.Equal(r.key, keyData):
			r.value(0, r.keep)
		case bytes.Equal(r.key, keyTimes):
			r.value(0, r.time)
		default:
			r.value(0, nil)
		}
	})
	r.space()
	return !r.bad && len(r.b) == 0
}

// keep adds a value to the text.
func (r *record) keep(value []byte, quoted bool) {
	if !quoted && (value[0] == 't' || value[0] == 'f' || value[0] == 'n') {
		return // true, false, null say nothing by themselves
	}
	if quoted {
		r.text = unquote(r.text, value)
	} else {
		r.text = append(r.text, value...)
	}
	r.text = append(r.text, '\n')
}

// time takes the first time that there is.
func (r *record) time(value []byte, quoted bool) {
	if r.dated || !quoted || !bytes.Equal(r.key, keyAt) {
		return
	}
	if t, err := time.Parse(time.RFC3339Nano, string(value)); err == nil {
		r.at, r.dated = t.UnixMilli(), true
	}
}

func (r *record) space() {
	for len(r.b) > 0 && (r.b[0] == ' ' || r.b[0] == '\n' || r.b[0] == '\r' || r.b[0] == '\t') {
		r.b = r.b[1:]
	}
}

// take takes one byte if it is next.
func (r *record) take(c byte) bool {
	r.space()
	if len(r.b) > 0 && r.b[0] == c {
		r.b = r.b[1:]
		return true
	}
	return false
}

// object reads an object; member reads the value of r.key.
func (r *record) object(member func()) {
	if !r.take('{') {
		r.bad = true
		return
	}
	if r.take('}') {
		return
	}
	for !r.bad {
		r.space()
		r.key = r.quoted()
		if !r.take(':') {
			r.bad = true
			return
		}
		member()
		if r.take('}') {
			return
		}
		if !r.take(',') {
			r.bad = true
		}
	}
}

// value reads a value; each is called with what it holds, strings without their
// quotation marks.
func (r *record) value(depth int, each func(value []byte, quoted bool)) {
	r.space()
	switch {
	case r.bad || len(r.b) == 0 || depth > maxDepth:
		r.bad = true
	case r.b[0] == '{':
		r.object(func() { r.value(depth+1, each) })
	case r.b[0] == '[':
		r.list(depth, each)
	case r.b[0] == '"':
		if s := r.quoted(); !r.bad && each != nil {
			each(s, true)
		}
	default:
		if s := r.plain(); !r.bad && each != nil {
			each(s, false)
		}
	}
}

func (r *record) list(depth int, each func([]byte, bool)) {
	r.b = r.b[1:]
	if r.take(']') {
		return
	}
	for !r.bad {
		r.value(depth+1, each)
		if r.take(']') {
			return
		}
		if !r.take(',') {
			r.bad = true
		}
	}
}

// quoted reads a string, as it is written.
func (r *record) quoted() []byte {
	if len(r.b) == 0 || r.b[0] != '"' {
		r.bad = true
		return nil
	}
	for from := 1; ; {
		i := bytes.IndexByte(r.b[from:], '"')
		if i < 0 {
			r.bad = true
			return nil
		}
		end := from + i
		slashes := 0
		for end-1-slashes >= 1 && r.b[end-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 1 {
			from = end + 1
			continue
		}
		s := r.b[1:end]
		r.b = r.b[end+1:]
		return s
	}
}

// plain reads a number, true, false or null.
func (r *record) plain() []byte {
	n := 0
	for n < len(r.b) && (r.b[n] >= '0' && r.b[n] <= '9' || r.b[n] >= 'a' && r.b[n] <= 'z' || r.b[n] == 'E' || r.b[n] == '-' || r.b[n] == '+' || r.b[n] == '.') {
		n++
	}
	if n == 0 {
		r.bad = true
		return nil
	}
	s := r.b[:n]
	r.b = r.b[n:]
	return s
}

// unquote appends a string of JSON without its escapes. One that cannot be read
// stays as it is.
func unquote(dst, s []byte) []byte {
	for {
		i := bytes.IndexByte(s, '\\')
		if i < 0 || i+1 >= len(s) {
			return append(dst, s...)
		}
		dst = append(dst, s[:i]...)
		c := s[i+1]
		s = s[i+2:]
		switch c {
		case 'n', 'r', 't', 'b', 'f':
			dst = append(dst, ' ')
		case 'u':
			var c rune
			c, s = escaped(s)
			dst = utf8.AppendRune(dst, c)
		default:
			dst = append(dst, c)
		}
	}
}

// escaped reads the digits after \u, and those of a second half.
func escaped(s []byte) (rune, []byte) {
	c, ok := hex4(s)
	if !ok {
		return utf8.RuneError, s
	}
	s = s[4:]
	if utf16.IsSurrogate(c) && len(s) >= 6 && s[0] == '\\' && s[1] == 'u' {
		if low, ok := hex4(s[2:]); ok {
			if whole := utf16.DecodeRune(c, low); whole != utf8.RuneError {
				return whole, s[6:]
			}
		}
	}
	return c, s
}

func hex4(s []byte) (rune, bool) {
	if len(s) < 4 {
		return 0, false
	}
	n, err := strconv.ParseUint(string(s[:4]), 16, 16)
	return rune(n), err == nil
}
