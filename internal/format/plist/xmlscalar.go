package plist

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/amparo-project/amparo/internal/limit"
)

// characters is the text of a scalar.
type characters struct {
	text  []byte
	pos   int // in the list, or in xmlTree.extra
	form  form
	fault fault
}

// characters reads up to the end of the element. Text that holds references,
// comments or CDATA is put together in xmlTree.extra.
func (s *xmlScanner) characters(element []byte) (characters, error) {
	c := characters{pos: s.pos}
	start := len(s.tree.extra)
	for {
		i := bytes.IndexByte(s.data[s.pos:], '<')
		if i < 0 {
			return c, s.cut()
		}
		chunk := s.data[s.pos : s.pos+i]
		ends := bytes.HasPrefix(s.data[s.pos+i:], []byte("</"))
		if ends && c.form == plain && bytes.IndexByte(chunk, '&') < 0 {
			c.text = chunk
		} else {
			c.form, c.pos = rewritten, start
			if !s.unescape(chunk) {
				c.fault = badText
			}
		}
		s.pos += i
		if ends {
			break
		}
		if err := s.skipInText(); err != nil {
			return c, err
		}
	}
	end, err := s.readTag()
	if err == nil && !bytes.Equal(end.name, element) {
		err = fmt.Errorf("%w: the end of %.40q in %q", limit.ErrCorrupt, end.name, element)
	}
	if c.form == rewritten {
		c.text = s.tree.extra[start:]
	}
	return c, err
}

// skipInText takes what may stand within a text at pos: CDATA, a comment.
func (s *xmlScanner) skipInText() error {
	const open, end = "<![CDATA[", "]]>"
	if rest := s.data[s.pos:]; bytes.HasPrefix(rest, []byte(open)) {
		i := bytes.Index(rest, []byte(end))
		if i < 0 {
			return s.cut()
		}
		s.tree.extra = append(s.tree.extra, rest[len(open):i]...)
		s.pos += i + len(end)
		return nil
	}
	skipped, err := s.skipMarkup()
	if err == nil && !skipped {
		err = fmt.Errorf("%w: an element inside a scalar", limit.ErrCorrupt)
	}
	return err
}

// unescape appends a text to extra with its references resolved. One that is
// not known stays as it is, and the text is not ok.
func (s *xmlScanner) unescape(text []byte) (ok bool) {
	ok = true
	for {
		i := bytes.IndexByte(text, '&')
		if i < 0 {
			s.tree.extra = append(s.tree.extra, text...)
			return ok
		}
		s.tree.extra = append(s.tree.extra, text[:i]...)
		text = text[i:]
		const longest = 12
		end := bytes.IndexByte(text[:min(len(text), longest)], ';')
		r, known := rune(0), false
		if end > 0 {
			r, known = reference(text[1:end])
		}
		if !known {
			s.tree.extra = append(s.tree.extra, '&')
			text, ok = text[1:], false
			continue
		}
		s.tree.extra = utf8.AppendRune(s.tree.extra, r)
		text = text[end+1:]
	}
}

// reference returns the character of a reference: "lt", "#65", "#x41".
func reference(name []byte) (rune, bool) {
	switch string(name) {
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "amp":
		return '&', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	digits, isNumber := bytes.CutPrefix(name, []byte("#"))
	base := 10
	if hex, ok := bytes.CutPrefix(digits, []byte("x")); ok {
		digits, base = hex, 16
	}
	u, err := strconv.ParseUint(string(digits), base, 32)
	if !isNumber || err != nil || u > utf8.MaxRune || !utf8.ValidRune(rune(u)) {
		return 0, false
	}
	return rune(u), true
}

// scalars has how to read the elements that are no containers.
var scalars = map[string]func(*xmlScanner, characters) node{
	"string":  text,
	"key":     text,
	"integer": func(_ *xmlScanner, c characters) node { return integer(bytes.TrimSpace(c.text)) },
	"real":    func(_ *xmlScanner, c characters) node { return float(bytes.TrimSpace(c.text)) },
	"date":    func(_ *xmlScanner, c characters) node { return date(bytes.TrimSpace(c.text)) },
	"data":    (*xmlScanner).base64,
	"true":    func(*xmlScanner, characters) node { return node{kind: Bool, num: 1} },
	"false":   func(*xmlScanner, characters) node { return node{kind: Bool} },
	"null":    func(*xmlScanner, characters) node { return node{kind: Null} },
}

func text(_ *xmlScanner, c characters) node {
	if c.fault != sound {
		return node{fault: c.fault}
	}
	return node{kind: String, form: c.form, num: uint64(c.pos), n: uint32(len(c.text))}
}

// integer reads a decimal number, or a hexadecimal one, as CoreFoundation does.
func integer(b []byte) node {
	digits, neg := bytes.CutPrefix(b, []byte("-"))
	if !neg {
		digits = bytes.TrimPrefix(digits, []byte("+"))
	}
	base := 10
	if len(digits) > 2 && digits[0] == '0' && digits[1]|0x20 == 'x' {
		digits, base = digits[2:], 16
	}
	u, err := strconv.ParseUint(string(digits), base, 64)
	switch {
	case err != nil || neg && u > 1<<63:
		return node{fault: badInteger}
	case neg:
		return node{kind: Int, num: -u, neg: u != 0}
	}
	return node{kind: Int, num: u}
}

func float(b []byte) node {
	f, err := strconv.ParseFloat(string(b), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) { // beyond it: an infinity
		return node{fault: badReal}
	}
	return node{kind: Real, num: math.Float64bits(f)}
}

func date(b []byte) node {
	t, err := time.Parse(time.RFC3339, string(b))
	if err != nil {
		return node{fault: badDate}
	}
	seconds := float64(t.Unix()-macToUnix) + float64(t.Nanosecond())/1e9
	return node{kind: Date, num: math.Float64bits(seconds)}
}

// base64 decodes data into extra. Padding may be missing, white space is
// passed over.
func (s *xmlScanner) base64(c characters) node {
	letters := make([]byte, 0, len(c.text))
	for line := range bytes.FieldsSeq(c.text) {
		letters = append(letters, line...)
	}
	letters = bytes.TrimRight(letters, "=")
	start := len(s.tree.extra)
	extra, err := base64.RawStdEncoding.AppendDecode(s.tree.extra, letters)
	if err != nil {
		return node{fault: badData}
	}
	s.tree.extra = extra
	return node{kind: Data, form: rewritten, num: uint64(start), n: uint32(len(extra) - start)}
}
