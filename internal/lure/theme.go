package lure

import (
	"fmt"
	"strings"
)

// A theme is a way of pressing the reader, told by words that stand together.
type theme struct {
	ID string `yaml:"id"`
	// Gravity orders themes: of several that fit, the gravest says what a
	// message is about. From 2 on a theme makes people act before they think.
	Gravity int `yaml:"gravity"`
	// Pretends is whom a message of this theme speaks for, where it names
	// nobody: "colleague" of what comes from somebody who knows the reader. An
	// institution it is only where it speaks as one.
	Pretends Kind        `yaml:"pretends"`
	Rules    []themeRule `yaml:"rules"`
}

// A themeRule fits where each group of All has a word within a stretch of
// Within words, and none of None has one anywhere.
type themeRule struct {
	All       []string `yaml:"all"`
	None      []string `yaml:"none"`
	Within    int      `yaml:"within"`
	all, none []int
}

// defaultWithin is how many words apart the words of a rule may stand.
const defaultWithin = 12

// themeFile is data/themes.yaml.
type themeFile struct {
	Source string `yaml:"source"`
	// Groups are words and phrases that mean much the same.
	Groups map[string][]string `yaml:"groups"`
	Themes []theme             `yaml:"themes"`
}

// groups of themes.yaml that have a meaning of their own.
const (
	voiceGroup = "voice" // the way an institution speaks to its client
	kinGroup   = "kin"
)

// scratch is the memory of one reading.
type scratch struct {
	words  []word
	hits   []hit
	places [][]int // by group: where its words stand
	used   []int   // groups that have places
}

func (s *scratch) reset(groups int) {
	if len(s.places) < groups {
		s.places = make([][]int, groups)
	}
	for _, g := range s.used {
		s.places[g] = s.places[g][:0]
	}
	s.used, s.words, s.hits = s.used[:0], s.words[:0], s.hits[:0]
}

func (s *scratch) index() {
	for _, h := range s.hits {
		if h.group < 0 {
			continue
		}
		if len(s.places[h.group]) == 0 {
			s.used = append(s.used, h.group)
		}
		s.places[h.group] = append(s.places[h.group], h.pos)
	}
}

// fits reports whether a rule fits the words at hand.
func (r *themeRule) fits(s *scratch) bool {
	for _, g := range r.all {
		if len(s.places[g]) == 0 {
			return false
		}
	}
	for _, g := range r.none {
		if len(s.places[g]) > 0 {
			return false
		}
	}
	if len(r.all) == 1 {
		return true
	}
	for _, at := range s.places[r.all[0]] {
		if r.near(s, at) {
			return true
		}
	}
	return false
}

// near reports whether each other group has a word near the one at.
func (r *themeRule) near(s *scratch, at int) bool {
	for _, g := range r.all[1:] {
		found := false
		for _, p := range s.places[g] {
			if d := p - at; d != 0 && d <= r.Within && -d <= r.Within {
				found = true
				break
			}
		}
		if !found {
			return false
		}
	}
	return true
}

// compile gives groups their numbers. A group that is not named is a list of
// words between bars: "pay|settle".
func (k *Knowledge) compile(t *theme) error {
	if !idPattern.MatchString(t.ID) || len(t.Rules) == 0 {
		return fmt.Errorf("theme %q: it needs an id and rules", t.ID)
	}
	for i := range t.Rules {
		r := &t.Rules[i]
		if r.Within == 0 {
			r.Within = defaultWithin
		}
		if len(r.All) == 0 {
			return fmt.Errorf("theme %s: a rule without words", t.ID)
		}
		var err error
		if r.all, err = k.groupNumbers(r.All); err != nil {
			return fmt.Errorf("theme %s: %w", t.ID, err)
		}
		if r.none, err = k.groupNumbers(r.None); err != nil {
			return fmt.Errorf("theme %s: %w", t.ID, err)
		}
	}
	return nil
}

func (k *Knowledge) groupNumbers(list []string) ([]int, error) {
	var numbers []int
	for _, name := range list {
		if g, ok := strings.CutPrefix(name, "$"); ok && !strings.Contains(name, "|") {
			n, known := k.groups[g]
			if !known {
				return nil, fmt.Errorf("no group is called %q", g)
			}
			numbers = append(numbers, n)
			continue
		}
		n, known := k.groups[name]
		if !known {
			n = len(k.groups)
			k.groups[name] = n
			if err := k.fill(n, name); err != nil {
				return nil, err
			}
		}
		numbers = append(numbers, n)
	}
	return numbers, nil
}

// fill adds the words of an unnamed group: "pay|settle|$debt" has those of debt too.
func (k *Knowledge) fill(n int, list string) error {
	for p := range strings.SplitSeq(list, "|") {
		g, named := strings.CutPrefix(p, "$")
		if !named {
			k.lexicon.add(p, target{n, -1})
			continue
		}
		words, known := k.words[g]
		if !known {
			return fmt.Errorf("no group is called %q", g)
		}
		for _, w := range words {
			k.lexicon.add(w, target{n, -1})
		}
	}
	return nil
}
