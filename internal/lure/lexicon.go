package lure

import (
	"slices"
	"strings"
)

// A lexicon finds phrases among the words of a text. A phrase is one word or
// several in a row; a word that ends in "*" stands for all that begin so.
type lexicon struct {
	exact   map[string][]phrase // by the first word
	stems   map[string][]phrase
	lengths []int // of stems, ascending
}

type phrase struct {
	first target
	rest  []token // what follows the first word
	stem  bool
}

type token struct {
	text string
	stem bool
}

// target is what a phrase stands for.
type target struct {
	group int // of words, -1 for none
	name  int // of names, -1 for none
}

// hit is a phrase that was found.
type hit struct {
	target
	pos, n int
}

func newLexicon() *lexicon {
	return &lexicon{exact: map[string][]phrase{}, stems: map[string][]phrase{}}
}

// tokens reads a phrase as it stands in the data.
func tokens(s string) []token {
	var list []token
	for part := range strings.FieldsSeq(s) {
		stem := strings.HasSuffix(part, "*")
		for _, w := range appendWords(nil, strings.TrimSuffix(part, "*")) {
			list = append(list, token{text: w.text})
		}
		if stem && len(list) > 0 {
			list[len(list)-1].stem = true
		}
	}
	return list
}

func (l *lexicon) add(s string, to target) {
	list := tokens(s)
	if len(list) == 0 {
		return
	}
	p := phrase{first: to, rest: list[1:], stem: list[0].stem}
	if !p.stem {
		l.exact[list[0].text] = append(l.exact[list[0].text], p)
		return
	}
	l.stems[list[0].text] = append(l.stems[list[0].text], p)
	if n := len(list[0].text); !slices.Contains(l.lengths, n) {
		l.lengths = append(l.lengths, n)
		slices.Sort(l.lengths)
	}
}

// find appends the phrases in words to dst.
func (l *lexicon) find(words []word, dst []hit) []hit {
	for i := range words {
		text := words[i].text
		dst = among(l.exact[text], words, i, dst)
		for _, n := range l.lengths {
			if n > len(text) {
				break
			}
			dst = among(l.stems[text[:n]], words, i, dst)
		}
	}
	return dst
}

func among(list []phrase, words []word, i int, dst []hit) []hit {
	for j := range list {
		p := &list[j]
		if p.follows(words[i+1:]) {
			dst = append(dst, hit{p.first, i, 1 + len(p.rest)})
		}
	}
	return dst
}

func (p *phrase) follows(words []word) bool {
	if len(words) < len(p.rest) {
		return false
	}
	for i := range p.rest {
		t := &p.rest[i]
		if t.stem {
			if !strings.HasPrefix(words[i].text, t.text) {
				return false
			}
		} else if words[i].text != t.text {
			return false
		}
	}
	return true
}
