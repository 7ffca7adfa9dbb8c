package publish

import (
	"cmp"
	"slices"
)

// Least is the smallest group of people of which a number is told.
const Least = 3

// A Person is counted, or named: one who is no part of the numbers is not here.
type Person struct {
	ID   string
	Role string // in which the person is counted: one
	Name string // where the person consented to be named, "" else
}

// Numbers are the people by role, so that no number and no difference of
// numbers tells of fewer than Least who did not consent to be named.
type Numbers struct {
	On    string `json:"on"` // the day on which they were counted
	Cells []Cell `json:"cells"`
	Other int    `json:"other,omitempty"` // together in all other roles
	// Few says that there are people, and fewer than Least: no number is told.
	Few bool `json:"few,omitempty"`
}

// A Cell is a role with its number.
type Cell struct {
	Role string `json:"role"`
	N    int    `json:"n"`
}

// Count counts each person once. Roles with fewer than Least are put together;
// where even that is fewer, the smallest other role joins them, for else the
// difference to the whole would tell. Those who are named are not counted: a
// number less the names beside it would tell of the rest.
func Count(people []Person, on string) Numbers {
	byRole := map[string]int{}
	for _, p := range people {
		if p.Name == "" {
			byRole[p.Role]++
		}
	}
	n := Numbers{On: on, Cells: []Cell{}}
	for role, count := range byRole {
		if count >= Least && role != "" {
			n.Cells = append(n.Cells, Cell{role, count})
		} else {
			n.Other += count
		}
	}
	slices.SortFunc(n.Cells, func(a, b Cell) int { return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Role, b.Role)) })
	for n.Other > 0 && n.Other < Least && len(n.Cells) > 0 {
		last := len(n.Cells) - 1
		n.Other += n.Cells[last].N
		n.Cells = n.Cells[:last]
	}
	if n.Other > 0 && n.Other < Least {
		n.Other, n.Few = 0, true
	}
	return n
}

// Renew returns the numbers to publish after those that were published before:
// the new ones only where nobody learns from the difference of a change that
// fewer than Least people made.
func Renew(before *Numbers, now Numbers) Numbers {
	if before == nil || !tells(*before, now) {
		return now
	}
	return *before
}

// tells reports whether a difference of two publications is of fewer than
// Least people.
func tells(a, b Numbers) bool {
	small := func(x, y int) bool { return x != y && max(x-y, y-x) < Least }
	if a.Few != b.Few || small(a.Other, b.Other) {
		return true
	}
	total := func(n Numbers) int {
		sum := n.Other
		for _, c := range n.Cells {
			sum += c.N
		}
		return sum
	}
	if small(total(a), total(b)) {
		return true
	}
	in := func(n Numbers, role string) int {
		for _, c := range n.Cells {
			if c.Role == role {
				return c.N
			}
		}
		return 0
	}
	for _, c := range slices.Concat(a.Cells, b.Cells) {
		if small(in(a, c.Role), in(b, c.Role)) {
			return true
		}
	}
	return false
}

// Band rounds a number of people down to a multiple of Least, 0 for fewer:
// what is told of overlapping groups, whose differences would tell else.
func Band(n int) int { return n / Least * Least }
