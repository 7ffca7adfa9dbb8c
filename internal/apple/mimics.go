package apple

import (
	"strings"
	"sync"
)

// Lengths of names that Mimics compares. Names of four letters are all a
// letter apart from each other: fmfd, fmld, smd.
const (
	minMimic = 5
	maxMimic = 128
)

// Mimics returns the program of iOS whose name is imitated: a name that is not
// in the list and differs from one in it by one letter (one more, one less,
// another one, two swapped), by capitals, or by letters that look alike. Names
// that differ in a number alone belong to another model: appleh13camerad.
func Mimics(name string) (of string, ok bool) {
	if len(name) < minMimic || len(name) > maxMimic || ShipsWith(name) {
		return "", false
	}
	x := mimicIndex()
	if of = x.alike[lookAlike(name)]; of != "" && !onlyDigits(name, of) {
		return of, true
	}
	return x.oneEdit(name)
}

// An index finds names that are one edit apart without a look at all of them:
// two such names are equal once at most one letter of each is taken away.
type index struct {
	names []string
	alike map[string]string // how a name looks → the name
	whole map[uint64]int32  // hash of a name → its last entry
	less  map[uint64]int32  // hash of a name with one letter less → its last entry
	chain []entry
}

// entry is a name that has a hash, and the place of the entry before it, from
// one on: 0 is none.
type entry struct{ name, next int32 }

var mimicIndex = sync.OnceValue(func() *index {
	x := &index{alike: map[string]string{}, whole: map[uint64]int32{}, less: map[uint64]int32{}}
	for _, line := range dataLines(processesCSV) {
		name, _, _ := strings.Cut(line, ";")
		if len(name) >= minMimic {
			x.add(name)
		}
	}
	return x
})

// add puts a name and its variants into the index.
func (x *index) add(name string) {
	id := int32(len(x.names))
	x.names = append(x.names, name)
	x.alike[lookAlike(name)] = name
	x.put(x.whole, hash(name), id)
	for i := range len(name) {
		x.put(x.less, without(name, i), id)
	}
}

// put adds the entry of a name to those of a hash.
func (x *index) put(to map[uint64]int32, h uint64, id int32) {
	x.chain = append(x.chain, entry{id, to[h]})
	to[h] = int32(len(x.chain))
}

// oneEdit returns a name that is one edit away.
func (x *index) oneEdit(name string) (string, bool) {
	if of, ok := x.find(x.less[hash(name)], name); ok {
		return of, true // a letter less
	}
	for i := range len(name) {
		h := without(name, i)
		if of, ok := x.find(x.whole[h], name); ok {
			return of, true // a letter more
		}
		if of, ok := x.find(x.less[h], name); ok {
			return of, true // another letter, or two swapped
		}
	}
	return "", false
}

// find returns a name among the entries from a place on that is truly one edit
// away: hashes may be equal by chance.
func (x *index) find(place int32, name string) (string, bool) {
	for place != 0 {
		e := x.chain[place-1]
		if of := x.names[e.name]; isOneEdit(name, of) && !onlyDigits(name, of) {
			return of, true
		}
		place = e.next
	}
	return "", false
}

// isOneEdit reports whether two different texts are one edit apart.
func isOneEdit(a, b string) bool {
	if len(a) < len(b) {
		a, b = b, a
	}
	i := 0
	for i < len(b) && a[i] == b[i] {
		i++
	}
	switch rest := a[i:]; {
	case len(a) == len(b)+1:
		return rest[1:] == b[i:]
	case len(a) != len(b) || rest == "":
		return false
	case rest[1:] == b[i+1:]:
		return true
	default:
		return len(rest) > 1 && rest[0] == b[i+1] && rest[1] == b[i] && rest[2:] == b[i+2:]
	}
}

// onlyDigits reports whether two names are the same but for their numbers.
func onlyDigits(a, b string) bool { return noDigits(a) == noDigits(b) }

func noDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return -1
		}
		return r
	}, s)
}

// FNV-1a, the numbers of its authors.
const (
	fnvStart = 14695981039346656037
	fnvPrime = 1099511628211
)

func hash(s string) uint64 { return hashMore(fnvStart, s) }

// without hashes a text without the byte at i.
func without(s string, i int) uint64 { return hashMore(hashMore(fnvStart, s[:i]), s[i+1:]) }

func hashMore(h uint64, s string) uint64 {
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * fnvPrime
	}
	return h
}

// twins are letters that look like another: small and capital i, l and one;
// o and zero; and those of Cyrillic and Greek that look Latin.
var twins = strings.NewReplacer(
	"1", "l", "i", "l", "|", "l", "0", "o",
	"а", "a", "е", "e", "о", "o", "р", "p", "с", "c", "у", "y", "х", "x", "ѕ", "s", "і", "l", "ӏ", "l", "ј", "j",
	"ԁ", "d", "һ", "h", "к", "k", "м", "m", "т", "t", "в", "b", "н", "h", "ν", "v", "ο", "o", "α", "a", "ι", "l",
)

// lookAlike returns how a name looks: the same for names that a person takes
// for each other.
func lookAlike(name string) string { return twins.Replace(strings.ToLower(name)) }
