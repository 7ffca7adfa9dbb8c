// Package fulltext finds words in the records of a check. At the end of a check
// an index of them is made: files of SQLite with FTS5, built in memory and
// stored where the result is stored, encrypted under the same key. They are
// opened where they lie, and read by the page.
//
// A word is found whatever its case and its accents; "two words" in quotation
// marks are found beside each other; word* finds what begins so.
//
// Start with Build, Parse and Open.
package fulltext

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Bounds of what a person asks for.
const (
	maxQuery = 2000 // bytes
	maxTerms = 32
)

// A Query is what to look for: all of its terms.
type Query struct {
	terms []term
}

// A term is words that stand beside each other.
type term struct {
	words  []string // folded
	prefix bool     // of the last
}

// Parse reads what a person typed. Characters that are in no word part words:
// an address of e-mail is its parts beside each other.
func Parse(text string) Query {
	text = text[:min(len(text), maxQuery)]
	var q Query
	for len(q.terms) < maxTerms {
		text = strings.TrimLeftFunc(text, unicode.IsSpace)
		if text == "" {
			break
		}
		var part string
		if text[0] == '"' {
			var closed bool
			part, text, closed = strings.Cut(text[1:], `"`)
			if closed && strings.HasPrefix(text, "*") {
				part, text = part+"*", text[1:]
			}
		} else {
			end := strings.IndexFunc(text, func(r rune) bool { return unicode.IsSpace(r) || r == '"' })
			if end < 0 {
				end = len(text)
			}
			part, text = text[:end], text[end:]
		}
		t := term{prefix: strings.HasSuffix(part, "*")}
		for w := range words(part) {
			t.words = append(t.words, w.folded)
		}
		if len(t.words) > 0 {
			q.terms = append(q.terms, t)
		}
	}
	return q
}

// Empty reports whether there is nothing to look for.
func (q Query) Empty() bool { return len(q.terms) == 0 }

// Together reports whether the words of a term, by its number, must stand
// beside each other.
func (q Query) Together(term int) bool { return len(q.terms[term].words) > 1 }

// match is the query as FTS5 reads it. Folded words hold no quotation mark.
func (q Query) match() string {
	var b strings.Builder
	for i, t := range q.terms {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(`"` + strings.Join(t.words, " ") + `"`)
		if t.prefix {
			b.WriteByte('*')
		}
	}
	return b.String()
}

// word is a word of a text.
type word struct {
	from, to int // bytes
	folded   string
}

// isWord reports whether a character is of a word, as the tokenizer unicode61
// of FTS5 has it: letters, digits and private use.
func isWord(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.Is(unicode.Co, r)
}

// words yields the words of a text.
func words(s string) func(func(word) bool) {
	return func(yield func(word) bool) {
		for i := 0; i < len(s); {
			r, size := utf8.DecodeRuneInString(s[i:])
			if !isWord(r) {
				i += size
				continue
			}
			end := i
			for end < len(s) {
				r, size := utf8.DecodeRuneInString(s[end:])
				if !isWord(r) && !unicode.Is(unicode.Mn, r) {
					break
				}
				end += size
			}
			if !yield(word{i, end, fold(s[i:end])}) {
				return
			}
			i = end
		}
	}
}

// fold is a word without case and accents.
func fold(s string) string {
	ascii := true
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			ascii = false
			break
		}
	}
	if ascii {
		return strings.ToLower(s)
	}
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFD.String(s))
}

// Marks returns where in a text the query's terms are, as pairs of bytes that do
// not overlap, and which of the terms were found.
func (q Query) Marks(s string) (at [][2]int, found []bool) {
	var list []word
	for w := range words(s) {
		list = append(list, w)
	}
	found = make([]bool, len(q.terms))
	for i := 0; i < len(list); {
		longest := 0
		for n := range q.terms {
			if t := &q.terms[n]; t.at(list[i:]) {
				found[n] = true
				longest = max(longest, len(t.words))
			}
		}
		if longest > 0 {
			at = append(at, [2]int{list[i].from, list[i+longest-1].to})
		}
		i += max(1, longest)
	}
	return at, found
}

// at reports whether words begin with the term.
func (t *term) at(list []word) bool {
	if len(list) < len(t.words) {
		return false
	}
	last := len(t.words) - 1
	for i, w := range t.words {
		if list[i].folded != w && (i != last || !t.prefix || !strings.HasPrefix(list[i].folded, w)) {
			return false
		}
	}
	return true
}
