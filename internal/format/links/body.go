package links

import (
	"strings"
	"unicode/utf8"
)

// bodyEnd returns where the path, query and fragment that start at i end, and
// where to go on scanning: the same place unless limit cut the link. A closing
// bracket ends a link that did not open it; so does quote, unless it is 0.
func bodyEnd(text string, i, limit int, quote byte) (end, resume int) {
	var open [3]int
	cut := -1
	for i < len(text) {
		c, n := classAt(text, i)
		if c == stop || quote != 0 && text[i] == quote {
			break
		}
		if c == opening {
			open[bracket(text[i])]++
		}
		if c == closing {
			kind := bracket(text[i])
			if open[kind] == 0 {
				break
			}
			open[kind]--
		}
		if cut < 0 && i+n > limit {
			cut = i
		}
		i += n
	}
	if cut >= 0 {
		return cut, i
	}
	return i, i
}

// bracket numbers the kind of a bracket.
func bracket(c byte) int {
	switch c {
	case '(', ')':
		return 0
	case '[', ']':
		return 1
	}
	return 2
}

// trimEnd takes from text[start:end] what belongs to the sentence: closing
// punctuation, brackets that were opened and not closed, invisible characters, and
// the mark of emphasis that also stands before the link. It returns the new end.
func trimEnd(text string, start, end int, before byte) int {
	for end > start {
		c, n := classBefore(text[:end], end)
		last := text[end-n : end]
		switch {
		case c == invisible, c == opening:
		case n == 1 && strings.IndexByte(".,;:!?'", last[0]) >= 0:
		case n == 1 && last[0] == before && strings.IndexByte("*_~", before) >= 0:
		case n > 1 && strings.Contains("…’‘—–·•¿¡", last) && utf8.ValidString(last):
		default:
			return end
		}
		end -= n
	}
	return end
}
