package artifact

import (
	"encoding/binary"
	"unicode/utf8"
	"unsafe"
)

const hexDigits = "0123456789abcdef"

// plain marks the ASCII bytes that stand for themselves in a JSON text.
var plain = func() (t [utf8.RuneSelf]bool) {
	for i := range t {
		t[i] = i >= ' ' && i != '"' && i != '\\' && i != 0x7f
	}
	return t
}()

// AppendString appends s as a JSON text. Invalid UTF-8 becomes U+FFFD;
// control characters, and the line separators that JavaScript knows, are
// escaped so that a line stays a line everywhere.
func AppendString[T string | []byte](b []byte, s T) []byte {
	text := view(s)
	b = append(b, '"')
	if n := plainPrefix(text); n < len(text) {
		b = appendEscaped(b, text, n)
	} else {
		b = append(b, text...)
	}
	return append(b, '"')
}

// view returns the bytes of s without a copy: they are only read. A slice
// begins with the words that make a string.
func view[T string | []byte](s T) []byte {
	text := *(*string)(unsafe.Pointer(&s))
	return unsafe.Slice(unsafe.StringData(text), len(text))
}

// Eight bytes at a time: the masks of "has a byte below n" and "has a byte
// equal to n" of https://graphics.stanford.edu/~seander/bithacks.html. They
// may tell of a byte that is none behind one that is, never overlook one.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// special has a bit set if one of eight bytes does not stand for itself in a
// JSON text: it is a control character, a quote, a backslash, DEL, or not ASCII.
func special(w uint64) uint64 {
	quote, slash, del := w^(ones*'"'), w^(ones*'\\'), w^(ones*0x7f)
	return ((w - ones*' ') | (quote - ones) | (slash - ones) | (del - ones) | w) & highs
}

// plainPrefix returns how many bytes from the start surely stand for
// themselves: all of them, for most texts.
func plainPrefix(s []byte) int {
	i := 0
	for ; len(s)-i >= 8; i += 8 {
		if special(binary.LittleEndian.Uint64(s[i:])) != 0 {
			break
		}
	}
	if n := len(s) - 8; n > 0 && i > n && special(binary.LittleEndian.Uint64(s[n:])) == 0 {
		return len(s) // the last eight, of which some were seen already
	}
	for i < len(s) && s[i] < utf8.RuneSelf && plain[s[i]] {
		i++
	}
	return i
}

// appendEscaped appends s, of which the first i bytes stand for themselves.
func appendEscaped(b, s []byte, i int) []byte {
	start := 0
	for i < len(s) {
		if c := s[i]; c < utf8.RuneSelf {
			if plain[c] {
				i++
				if len(s)-i >= 8 && special(binary.LittleEndian.Uint64(s[i:])) == 0 {
					i += 8
				}
				continue
			}
			b = append(b, s[start:i]...)
			b = appendEscape(b, c)
			i++
			start = i
			continue
		}
		r, n := utf8.DecodeRune(s[i:])
		if (r != utf8.RuneError || n > 1) && r != '\u2028' && r != '\u2029' {
			i += n
			continue
		}
		b = append(b, s[start:i]...)
		b = appendEscapedRune(b, r)
		i += n
		start = i
	}
	return append(b, s[start:]...)
}

func appendEscape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\n':
		return append(b, `\n`...)
	case '\r':
		return append(b, `\r`...)
	case '\t':
		return append(b, `\t`...)
	default:
		return append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
	}
}

func appendEscapedRune(b []byte, r rune) []byte {
	switch r {
	case '\u2028':
		return append(b, `\u2028`...)
	case '\u2029':
		return append(b, `\u2029`...)
	default:
		return append(b, `\ufffd`...)
	}
}
