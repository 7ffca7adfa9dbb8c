package trade

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode"

	"github.com/agnivade/levenshtein"
	"golang.org/x/text/unicode/norm"

	"github.com/amparo-project/amparo/internal/account"
)

// Least is the score from which a match is shown, of 100.
const Least = 85

// A Match is an entry of a list whose name is like that of a party.
type Match struct {
	Form  string `json:"form"`
	Party string `json:"party"` // the name of the register that is like it
	Alias string `json:"alias"` // the name or alias of the list
	Score int    `json:"score"` // of 100; 100: the same words
	Entry Entry  `json:"entry"`
}

// forms are words of a company's legal form: they tell nothing of who it is.
var forms = map[string]bool{
	"ltd": true, "limited": true, "inc": true, "llc": true, "corp": true, "corporation": true, "co": true, "company": true, "gmbh": true, "ag": true,
	"sa": true, "srl": true, "sarl": true, "sas": true, "bv": true, "nv": true, "plc": true, "doo": true, "ad": true, "zrt": true, "kft": true,
	"de": true, "cv": true, "rl": true, "spa": true, "oy": true, "ab": true, "as": true, "pte": true, "the": true, "and": true, "y": true,
}

// words are the words of a name that tell who it is: in small letters, without
// accents and legal forms. A name of legal forms alone keeps them.
func words(name string) []string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(name) {
		switch {
		case unicode.Is(unicode.Mn, r), r == '.', r == '\'', r == '’':
		case unicode.IsLetter(r), unicode.IsDigit(r):
			b.WriteRune(unicode.ToLower(r))
		default:
			b.WriteByte(' ')
		}
	}
	all := strings.Fields(b.String())
	var out []string
	for _, w := range all {
		if !forms[w] {
			out = append(out, w)
		}
	}
	if len(out) == 0 {
		return all
	}
	return out
}

// maxWords bounds the words of a name that are compared.
const maxWords = 16

// Score is how alike two names are, of 100: each word of the name with more
// words is set against the word of the other that is most like it, each used
// once, by the share of letters that need not be changed (Levenshtein); the
// score is the mean, weighed by the length of the words. Order of words does
// not matter; a word too many costs its weight.
func Score(a, b string) int { return score(words(a), words(b)) }

func score(a, b []string) int {
	if len(a) == 0 || len(b) == 0 || len(a) > maxWords || len(b) > maxWords {
		return 0
	}
	if len(a) < len(b) {
		a, b = b, a
	}
	a = slices.SortedFunc(slices.Values(a), func(x, y string) int { return cmp.Or(len(y)-len(x), strings.Compare(x, y)) })
	used := make([]bool, len(b))
	var sum, weight float64
	for _, w := range a {
		best, at := 0.0, -1
		for i, v := range b {
			if s := likeness(w, v); !used[i] && s > best {
				best, at = s, i
			}
		}
		if at >= 0 {
			used[at] = true
		}
		n := float64(len([]rune(w)))
		sum, weight = sum+best*n, weight+n
	}
	return int(math.Floor(100 * sum / weight))
}

// maxLetters bounds a word that is compared letter by letter.
const maxLetters = 60

// likeness is the share of letters that two words have in common, 0 below a half.
func likeness(a, b string) float64 {
	if a == b {
		return 1
	}
	n := max(len([]rune(a)), len([]rune(b)))
	if n > maxLetters || 2*min(len(a), len(b)) < max(len(a), len(b)) {
		return 0
	}
	s := 1 - float64(levenshtein.ComputeDistance(a, b))/float64(n)
	if s < 0.5 {
		return 0
	}
	return s
}

// Matches finds the entries of a list whose names are like a party's, the most
// alike first.
func Matches(p *account.Party, l *List) []Match {
	names := p.Names()
	own := make([][]string, len(names))
	for i, n := range names {
		own[i] = words(n)
	}
	var out []Match
	for _, e := range l.Entries {
		best := Match{Form: l.Form, Entry: e}
		for _, alias := range append([]string{e.Name}, e.Aliases...) {
			theirs := words(alias)
			for i := range own {
				if s := score(own[i], theirs); s > best.Score {
					best.Score, best.Alias, best.Party = s, alias, names[i]
				}
			}
		}
		if best.Score >= Least {
			out = append(out, best)
		}
	}
	slices.SortStableFunc(out, func(a, b Match) int { return b.Score - a.Score })
	return out
}
