package feed

import (
	"fmt"

	"github.com/amparo-project/amparo/internal/indicator"
)

// A Change says how a set differs from its version before.
type Change struct {
	Before, After int // indicators
	Added         int
	Removed       int
	Examples      []string // of those added, none of private ones
}

// maxExamples is how many new values are named.
const maxExamples = 5

// Compare returns how after differs from before, which may be nil.
func Compare(before, after *indicator.Set) Change {
	var c Change
	known := map[string]bool{}
	if before != nil {
		for d := range before.All() {
			known[identity(d)] = true
		}
		c.Before = len(known)
	}
	now := map[string]bool{}
	for d := range after.All() {
		id := identity(d)
		if now[id] {
			continue
		}
		now[id] = true
		if known[id] {
			continue
		}
		c.Added++
		if len(c.Examples) < maxExamples && before != nil && !d.Private() {
			c.Examples = append(c.Examples, string(d.Type())+" "+d.Value())
		}
	}
	c.After = len(now)
	c.Removed = c.Before - (c.After - c.Added)
	return c
}

func identity(d *indicator.Indicator) string { return string(d.Type()) + "\x00" + d.Value() }

// Suspicious says why a new version should not take the place of the one
// before, "" if nothing speaks against it: a feed that loses most of what it
// listed, or ends in the middle, is more often broken than right.
func Suspicious(c Change, after *indicator.Set) string {
	switch damage := after.Damage(); {
	case damage != "":
		return damage
	case c.After == 0 && c.Before > 0:
		return "no indicator is left in it"
	case c.Before >= 20 && 2*c.After < c.Before:
		return fmt.Sprintf("%d of %d indicators are gone", c.Removed, c.Before)
	}
	return ""
}
