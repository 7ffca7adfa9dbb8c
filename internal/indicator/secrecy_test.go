package indicator

import (
	"strings"
	"testing"
)

// TestSecrecy: it is of the values that only private sets list, in whatever
// order and beside whichever public ones.
func TestSecrecy(t *testing.T) {
	t.Parallel()
	set := func(text string) *Set {
		s, err := Load(strings.NewReader(text), "domains.txt")
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	of := func(sets ...*Set) string { return NewMatcher(sets).Secrecy() }
	public, more := set("evil.example\n"), set("evil.example\nanother.example\n")
	private, both := set("# TLP:AMBER\nours.example\n"), set("# TLP:RED\nours.example\nevil.example\n")
	if (*Matcher)(nil).Secrecy() != "" || of(public) != "" {
		t.Error("public indicators have secrets")
	}
	one := of(private)
	if one == "" || of(public, private) != one || of(private, more) != one {
		t.Error("public indicators change what is private")
	}
	if of(public, both) != one || of(both) == one {
		t.Error("a value that is public too counts as private, or one that is private does not")
	}
	if of(private, set("ours.example\n")) != "" {
		t.Error("a value that was published counts as private")
	}
	if of(set("# TLP:AMBER\nbelow.ours.example\n"), set("ours.example\n")) != "" {
		t.Error("a value below a public domain counts as private")
	}
}
