package lure

import (
	"slices"
	"strings"
)

// A brandIndex finds the brand that a label looks like.
type brandIndex struct {
	strong map[string]int   // label → institution
	weak   map[string][]int // label → institutions
	// deletions leads from a strong brand with one letter left out to the
	// brand: two words that differ by one letter share one (SymSpell).
	deletions map[string][]string
	ordinary  map[string]bool // words that look like a brand by chance
	anySuffix map[int]bool
	kinds     map[int]Kind
	own       map[int]map[string]bool // the labels of its own domains
}

// minTypo is the shortest brand whose misspellings are told: shorter words
// have too many neighbours.
const minTypo = 6

func newBrandIndex() brandIndex {
	return brandIndex{
		strong: map[string]int{}, weak: map[string][]int{}, deletions: map[string][]string{},
		ordinary: map[string]bool{}, anySuffix: map[int]bool{}, kinds: map[int]Kind{}, own: map[int]map[string]bool{},
	}
}

func (b *brandIndex) add(i int, in *Institution) {
	strong, weak := in.brands()
	for _, s := range strong {
		if _, taken := b.strong[s]; !taken {
			b.strong[s] = i
		}
	}
	for _, w := range weak {
		b.weak[w] = append(b.weak[w], i)
	}
	b.own[i] = map[string]bool{}
	for _, d := range in.Domains {
		b.own[i][registeredLabel(d)] = true
	}
	b.anySuffix[i] = in.AnySuffix
	b.kinds[i] = in.Kind
}

func (b *brandIndex) finish(ordinary []string) {
	for _, w := range ordinary {
		b.ordinary[w] = true
	}
	for s := range b.strong {
		if len(s) < minTypo || len(s) < minEnding && endsOrdinary(s) {
			continue
		}
		for i := range len(s) {
			key := s[:i] + s[i+1:]
			b.deletions[key] = append(b.deletions[key], s)
		}
	}
	for key := range b.deletions {
		slices.Sort(b.deletions[key]) // the order of maps is no order
	}
}

// ordinaryEndings are words that many names end in: what stands before them in
// a short brand is too little to tell a misspelling by.
var ordinaryEndings = []string{"news", "bank", "post", "times", "cloud", "today", "pass", "mobile", "press", "hub", "online", "senate", "house"}

// minEnding is the shortest brand with an ordinary ending whose misspellings are told.
const minEnding = 10

func endsOrdinary(s string) bool {
	return slices.ContainsFunc(ordinaryEndings, func(e string) bool { return strings.HasSuffix(s, e) })
}

// misspelt returns the strong brand that s is one slip of the finger away
// from: a letter too many, too few, another, or two in the wrong order.
func (b *brandIndex) misspelt(s string) (string, bool) {
	if len(s) < minTypo-1 || b.ordinary[s] {
		return "", false
	}
	for _, brand := range b.deletions[s] {
		if brand[0] == s[0] {
			return brand, true
		}
	}
	for i := range len(s) {
		key := s[:i] + s[i+1:]
		// The first letter is the one that people see: few slips change it.
		if _, ok := b.strong[key]; ok && i > 0 && len(key) >= minTypo && (len(key) >= minEnding || !endsOrdinary(key)) {
			return key, true
		}
		for _, brand := range b.deletions[key] {
			if brand[0] == s[0] && slip(s, brand) {
				return brand, true
			}
		}
	}
	return "", false
}

// slip reports whether two words of one length differ in one letter, or by
// two neighbours that changed places.
func slip(a, b string) bool {
	if len(a) != len(b) || a == b {
		return false
	}
	i := 0
	for a[i] == b[i] {
		i++
	}
	if a[i+1:] == b[i+1:] {
		return true
	}
	return i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}

// digitLetters are the letters that digits stand for.
var digitLetters = strings.NewReplacer("0", "o", "1", "l", "3", "e", "4", "a", "5", "s", "7", "t", "8", "b", "9", "g")

// digitOther is another reading of the digit that has two.
var digitOther = strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "8", "b", "9", "g")

// twins are letters that look like another together.
var twins = strings.NewReplacer("rn", "m", "vv", "w", "cl", "d")

// serviceWords are the words that made-up names of services are put together of.
type serviceWords struct {
	core, filler map[string]bool
	longest      int
	suffixes     map[string]bool // that cost little and are often abused
}

func newServiceWords(w *wordFile) serviceWords {
	s := serviceWords{core: map[string]bool{}, filler: map[string]bool{}, suffixes: map[string]bool{}}
	for _, list := range [][]string{w.Service.Core, w.Service.Filler} {
		for _, word := range list {
			s.longest = max(s.longest, len(word))
		}
	}
	for _, word := range w.Service.Core {
		s.core[word] = true
	}
	for _, word := range w.Service.Filler {
		s.filler[word] = true
	}
	for _, suffix := range w.Suffixes {
		s.suffixes[suffix] = true
	}
	return s
}

// only reports whether a text is put together of such words and digits alone;
// core and all count the words.
func (s *serviceWords) only(text string) (core, all int, ok bool) {
	if len(text) > 40 {
		return 0, 0, false
	}
	type best struct{ core, all int }
	reach := make([]*best, len(text)+1)
	reach[0] = &best{}
	for i := range len(text) {
		from := reach[i]
		if from == nil {
			continue
		}
		if c := text[i]; c-'0' < 10 || c == '-' {
			if reach[i+1] == nil || reach[i+1].core < from.core {
				reach[i+1] = &best{from.core, from.all}
			}
			continue
		}
		for n := 2; n <= s.longest && i+n <= len(text); n++ {
			part := text[i : i+n]
			isCore := s.core[part]
			if !isCore && !s.filler[part] {
				continue
			}
			next := best{from.core, from.all + 1}
			if isCore {
				next.core++
			}
			if old := reach[i+n]; old == nil || old.core < next.core {
				reach[i+n] = &next
			}
		}
	}
	end := reach[len(text)]
	if end == nil {
		return 0, 0, false
	}
	return end.core, end.all, true
}
