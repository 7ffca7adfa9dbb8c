package plist

import (
	"bytes"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Many references to one long text let a short list ask for any amount of
// memory and time. So the long ones that are made of a list may add up to so
// many times its size, far above what reading it some times over needs.
const (
	longText     = 1 << 10
	copiesOfList = 32
	minCopied    = 16 << 20
)

func (d *Doc) maxCopied() int64 { return minCopied + copiesOfList*int64(len(d.data)) }

// Str returns the text of a String. Bytes that are not UTF-8, and unpaired
// surrogates, become U+FFFD. It is not ok, and Err says why, where the texts
// that were asked for add up to many times the size of the list.
func (v Value) Str() (string, bool) {
	o := v.object()
	if o.kind != String {
		return "", false
	}
	if o.n > longText && v.doc.copied.Add(int64(o.n)) > v.doc.maxCopied() {
		return "", false
	}
	b := v.content(o)
	if o.form == utf16BE {
		return string(appendUTF16(make([]byte, 0, len(b)), b)), true
	}
	return strings.ToValidUTF8(string(b), "\ufffd"), true
}

// ASCII returns the bytes of a text that is stored one byte a character,
// without a copy: for comparing many small keys. It is nil for any other
// value, and for a text that is stored in UTF-16. The bytes must not be
// changed, and may be other than UTF-8 in a list that is damaged.
func (v Value) ASCII() []byte {
	if v.isBinary() {
		if b, ok := v.doc.shortText(v.ref); ok {
			return b
		}
	}
	o := v.object()
	if o.kind != String || o.form == utf16BE {
		return nil
	}
	return v.content(o)
}

// Is reports whether v is the text s, without making a string.
func (v Value) Is(s string) bool {
	if v.doc == nil || v.ref < 0 {
		return false
	}
	if v.doc.xml == nil {
		return v.doc.is(v.ref, s)
	}
	o := v.object()
	return o.kind == String && o.isText(v.content(o), s)
}

// isText reports whether the content of a String is s.
func (o object) isText(content []byte, s string) bool {
	if o.form != utf16BE {
		return string(content) == s
	}
	for len(content) > 0 {
		r, n := nextUTF16(content)
		content = content[n:]
		c, size := utf8.DecodeRuneInString(s)
		if c != r || size == 0 {
			return false
		}
		s = s[size:]
	}
	return s == ""
}

// appendUTF16 appends big-endian UTF-16 to out as UTF-8.
func appendUTF16(out, b []byte) []byte {
	for len(b) > 1 {
		r, n := nextUTF16(b)
		out = utf8.AppendRune(out, r)
		b = b[n:]
	}
	return out
}

// nextUTF16 returns the first character of at least two bytes, and its bytes.
func nextUTF16(b []byte) (rune, int) {
	r := rune(b[0])<<8 | rune(b[1])
	if !utf16.IsSurrogate(r) {
		return r, 2
	}
	if len(b) >= 4 {
		if pair := utf16.DecodeRune(r, rune(b[2])<<8|rune(b[3])); pair != utf8.RuneError {
			return pair, 4
		}
	}
	return utf8.RuneError, 2
}

// looksLikeXML reports whether data begins as an XML list, in UTF-8 or UTF-16.
func looksLikeXML(data []byte) bool {
	if _, ok := utf16Order(data); ok {
		return true
	}
	head := bytes.TrimPrefix(data[:min(len(data), 512)], []byte("\xef\xbb\xbf"))
	return bytes.HasPrefix(bytes.TrimLeft(head, " \t\r\n"), []byte("<"))
}

// utf16Order tells the byte order of a text in UTF-16, by its mark or by its
// first character, which is "<".
func utf16Order(data []byte) (little, ok bool) {
	switch {
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}), bytes.HasPrefix(data, []byte{'<', 0}):
		return true, true
	case bytes.HasPrefix(data, []byte{0xfe, 0xff}), bytes.HasPrefix(data, []byte{0, '<'}):
		return false, true
	}
	return false, false
}

// toUTF8 converts an XML list in UTF-16, and returns any other as it is.
func toUTF8(data []byte) []byte {
	little, ok := utf16Order(data)
	if !ok {
		return data
	}
	if little {
		swapped := make([]byte, len(data)&^1)
		for i := 0; i < len(swapped); i += 2 {
			swapped[i], swapped[i+1] = data[i+1], data[i]
		}
		data = swapped
	}
	return bytes.TrimPrefix(appendUTF16(make([]byte, 0, len(data)), data), []byte("\ufeff"))
}
