package pipeline

import (
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/rule"
)

// TestMarksInOrder: which task ended first changes nothing.
func TestMarksInOrder(t *testing.T) {
	t.Parallel()
	set, err := rule.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	r := set.Combinations()[0]
	at := time.Date(2022, 9, 12, 17, 0, 0, 0, time.UTC)
	one := func(part int, of string, seconds int) marked {
		return marked{rule.Mark{Rule: r, Part: part, At: at.Add(time.Duration(seconds) * time.Second), Meaning: "modified", Of: of}, &sighting{artifact: "ios.manifest"}}
	}
	a, b, c := one(2, "a", 0), one(3, "b", 0), one(3, "c", 60)
	var texts []string
	for _, list := range [][]marked{{a, b, c}, {c, a, b}, {b, c, a}} {
		m := &marks{list: list}
		m.speakAgainst(&rule.Mark{Rule: r, Part: 1, At: at.Add(time.Hour)})
		text := ""
		for _, one := range m.of(r) {
			text += one.Of + one.At.String() + "\n"
		}
		texts = append(texts, text)
	}
	if texts[0] != texts[1] || texts[1] != texts[2] {
		t.Errorf("%q", texts)
	}
}

// TestTooManyMarks: what is left out is counted.
func TestTooManyMarks(t *testing.T) {
	t.Parallel()
	var all check
	m := &marks{dropped: 3}
	all.takeMarks(m)
	all.takeMarks(m)
	if all.marks.dropped != 6 {
		t.Errorf("%d", all.marks.dropped)
	}
}
