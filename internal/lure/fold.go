package lure

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mtibben/confusables"
	"golang.org/x/text/unicode/norm"
)

// A word is one word of a text, folded: small letters, no accents, letters of
// other alphabets that look Latin made Latin in a word that mixes them.
type word struct {
	text string
	// upper says that it was written in capitals alone, colon that a colon,
	// slash or dash followed it: "SAT: ", "USEMBASSY.GOV/".
	upper, colon bool
}

// maxText bounds how much of a text is looked at: a lure says what it is in
// its first lines, and a link at the end is among Links.
const maxText = 16 << 10

// invisible reports marks that are not seen and can split a word or turn its
// direction: zero-width, soft hyphen, direction controls, tags, variation
// selectors.
func invisible(r rune) bool {
	return r != '\n' && r != '\t' && unicode.In(r, unicode.Cf, unicode.Variation_Selector) || r == '\u034f' || r == '\u115f' || r == '\u3164'
}

// turns reports marks that turn the direction of reading.
func turns(r rune) bool {
	return r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}

// appendWords appends the words of a text. Links are left out: they are read
// apart.
func appendWords(dst []word, text string) []word {
	if len(text) > maxText {
		text = text[:maxText]
	}
	for i := 0; i < len(text); {
		start := i
		for i < len(text) && wordByte(text[i]) {
			i++
		}
		if i < len(text) && text[i] >= utf8.RuneSelf {
			dst, i = appendRareWord(dst, text, start)
			continue
		}
		if i == start {
			i++
			continue
		}
		if end := linkEnd(text, start, i); end > i {
			i = end
			continue
		}
		dst = append(dst, plainWord(text, start, i))
	}
	return dst
}

// linkEnd returns where the link ends whose scheme, or "www", is
// text[start:end]; end where it is no such thing.
func linkEnd(text string, start, end int) int {
	switch strings.ToLower(text[start:end]) {
	case "http", "https":
		if !strings.HasPrefix(text[end:], "://") {
			return end
		}
	case "www":
		if !strings.HasPrefix(text[end:], ".") {
			return end
		}
	default:
		return end
	}
	if n := strings.IndexAny(text[end:], " \t\r\n"); n >= 0 {
		return end + n
	}
	return len(text)
}

func wordByte(c byte) bool { return c|0x20-'a' < 26 || c-'0' < 10 }

func plainWord(text string, start, end int) word {
	w := word{text: text[start:end]}
	small, letters := true, false
	w.upper = true
	for i := start; i < end; i++ {
		switch c := text[i]; {
		case c-'A' < 26:
			small, letters = false, true
		case c-'a' < 26:
			w.upper, letters = false, true
		}
	}
	if !small {
		w.text = strings.ToLower(w.text)
	}
	w.upper = w.upper && letters
	w.colon = end < len(text) && (text[end] == ':' || text[end] == '/')
	return w
}

// appendRareWord reads a word that has letters beyond ASCII in it.
func appendRareWord(dst []word, text string, start int) ([]word, int) {
	end, mixed := start, false
	latin := false
	for end < len(text) {
		r, n := utf8.DecodeRuneInString(text[end:])
		switch {
		case invisible(r):
		case r == utf8.RuneError && n <= 1, !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r):
			if end == start {
				return dst, start + n
			}
			return finishRare(dst, text, start, end, mixed && latin), end
		case unicode.Is(unicode.Latin, r):
			latin = true
		case !unicode.In(r, unicode.Common, unicode.Inherited):
			mixed = true
		}
		end += n
	}
	return finishRare(dst, text, start, end, mixed && latin), end
}

func finishRare(dst []word, text string, start, end int, mixed bool) []word {
	raw := strings.Map(dropInvisible, text[start:end])
	w := word{text: fold(raw, mixed), upper: raw == strings.ToUpper(raw) && raw != strings.ToLower(raw)}
	w.colon = end < len(text) && (text[end] == ':' || text[end] == '/')
	if w.text == "" {
		return dst
	}
	return append(dst, w)
}

func dropInvisible(r rune) rune {
	if invisible(r) {
		return -1
	}
	return r
}

// fold makes small letters without accents. Letters that look Latin become so
// where the word mixes alphabets.
func fold(s string, mixed bool) string {
	if mixed {
		s = skeleton(s)
	}
	s = norm.NFKD.String(strings.ToLower(s))
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r):
			return -1
		case r == 'ı':
			return 'i'
		}
		return unicode.ToLower(r)
	}, s)
}

// skeleton maps each letter to the one that it looks like (Unicode TR 39), as
// far as that is a Latin letter or a digit: the tables map "m" to "rn" and "0"
// to "O", which would make other words of ordinary ones.
func skeleton(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if r < utf8.RuneSelf {
			b.WriteRune(r)
			continue
		}
		b.WriteString(strings.ToLower(confusables.Skeleton(string(r))))
	}
	return b.String()
}

// foldLabel folds a label of a host name: small letters, digits and hyphens.
func foldLabel(label string) string {
	return fold(label, true)
}
