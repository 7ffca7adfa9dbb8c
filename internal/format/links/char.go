package links

import (
	"unicode"
	"unicode/utf8"
)

// class sorts characters by what they do to a link.
type class uint8

const (
	stop      class = iota // ends a link
	plain                  // part of it
	hosty                  // part of it, also of a host name
	opening                // a bracket
	closing                // ends a link that did not open it
	invisible              // zero-width or bidirectional control: no part of what it means
)

// asciiClass holds the classes of the first 128 characters.
var asciiClass = makeClasses()

func makeClasses() (t [utf8.RuneSelf]class) {
	for c := byte('!'); c < 0x7f; c++ {
		switch {
		case isAlnum(c), c == '-', c == '_':
			t[c] = hosty
		default:
			t[c] = plain
		}
	}
	for _, c := range "<>\"`|^" {
		t[c] = stop
	}
	for _, c := range "([{" {
		t[c] = opening
	}
	for _, c := range ")]}" {
		t[c] = closing
	}
	return t
}

func isAlnum(c byte) bool {
	return c-'0' < 10 || c|0x20-'a' < 26
}

func isDigit(c byte) bool { return c-'0' < 10 }

// classAt returns the class and the length of the character at i.
func classAt(text string, i int) (class, int) {
	if c := text[i]; c < utf8.RuneSelf {
		return asciiClass[c], 1
	}
	r, n := utf8.DecodeRuneInString(text[i:])
	return classOf(r, n), n
}

// classBefore returns the class and the length of the character before i.
func classBefore(text string, i int) (class, int) {
	if c := text[i-1]; c < utf8.RuneSelf {
		return asciiClass[c], 1
	}
	r, n := utf8.DecodeLastRuneInString(text[:i])
	return classOf(r, n), n
}

func classOf(r rune, n int) class {
	switch {
	case r == utf8.RuneError && n <= 1:
		return stop
	case isInvisible(r):
		return invisible
	case unicode.IsLetter(r), unicode.IsMark(r), unicode.IsDigit(r):
		return hosty
	case r == '…', r == '’', r == '‘', r == '—', r == '–', r == '·', r == '•':
		return plain // inside a path; trimEnd takes them off its end
	case r > 0xA0 && r < 0x2000 && !unicode.IsSpace(r) && !unicode.In(r, unicode.Pi, unicode.Pf):
		return plain
	default: // spaces, quotation marks, CJK punctuation, pictures, unassigned
		return stop
	}
}

// isInvisible reports whether r has no width: it may stand inside a host name
// without a reader, or a browser, seeing it.
func isInvisible(r rune) bool {
	switch {
	case r == 0xAD, r == 0x61C, r == 0x180E, r == 0xFEFF:
		return true
	case r >= 0x200B && r <= 0x200F, r >= 0x202A && r <= 0x202E:
		return true
	case r >= 0x2060 && r <= 0x206F:
		return true
	}
	return false
}

// unspaced reports whether r belongs to a script that is written without
// spaces, so that a word may touch a link.
func unspaced(r rune) bool {
	return r >= 0xE00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana,
		unicode.Hangul, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}
