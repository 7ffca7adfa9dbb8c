package publish

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func people(counts map[string]int) []Person {
	var out []Person
	for role, n := range counts {
		for i := range n {
			out = append(out, Person{ID: fmt.Sprint(role, i), Role: role})
		}
	}
	return out
}

func TestCount(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		counts map[string]int
		want   Numbers
	}{
		{"nobody", nil, Numbers{Cells: []Cell{}}},
		{"one", map[string]int{"minor": 1}, Numbers{Cells: []Cell{}, Few: true}},
		{"two_of_two_roles", map[string]int{"minor": 1, "lawyer": 1}, Numbers{Cells: []Cell{}, Few: true}},
		{"three_of_two_roles", map[string]int{"minor": 1, "lawyer": 2}, Numbers{Cells: []Cell{}, Other: 3}},
		{"enough", map[string]int{"journalist": 4, "lawyer": 3}, Numbers{Cells: []Cell{{"journalist", 4}, {"lawyer", 3}}}},
		// Told as 4, 3 and a rest, the rest of one would be told.
		{"complement", map[string]int{"journalist": 4, "lawyer": 3, "minor": 1}, Numbers{Cells: []Cell{{"journalist", 4}}, Other: 4}},
		{"complement_of_all", map[string]int{"journalist": 4, "minor": 2}, Numbers{Cells: []Cell{}, Other: 6}},
		{"no_role", map[string]int{"": 5, "journalist": 3}, Numbers{Cells: []Cell{{"journalist", 3}}, Other: 5}},
	} {
		if diff := cmp.Diff(tt.want, Count(people(tt.counts), "")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	// A number beside names would tell of the one who is not named.
	named := people(map[string]int{"journalist": 3})
	named[0].Name, named[1].Name = "A", "B"
	if got := Count(named, ""); !got.Few || len(got.Cells) != 0 {
		t.Errorf("one of three is not named: %+v", got)
	}
}

// TestNothingSmallIsTold holds every number, the whole less any numbers, and
// every difference of two publications to at least three people.
func TestNothingSmallIsTold(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string) Numbers {
			counts := rapid.MapOf(rapid.SampledFrom([]string{"a", "b", "c", "d", "e", ""}), rapid.IntRange(1, 8)).Draw(t, label)
			return Count(people(counts), label)
		}
		before, now := draw("before"), draw("now")
		for _, n := range []Numbers{before, now} {
			if n.Few && (n.Other != 0 || len(n.Cells) != 0) {
				t.Fatalf("few and yet numbers: %+v", n)
			}
			for _, c := range append(n.Cells, Cell{"other", n.Other}) {
				if c.N != 0 && c.N < Least {
					t.Fatalf("%+v", n)
				}
			}
		}
		got := Renew(&before, now)
		if got.On == now.On && tells(before, now) {
			t.Fatalf("from %+v to %+v", before, now)
		}
		if Band(now.Other)%Least != 0 || Band(now.Other) > now.Other {
			t.Fatal("band")
		}
	})
}

func TestRenew(t *testing.T) {
	t.Parallel()
	old := Count(people(map[string]int{"journalist": 4, "lawyer": 3}), "2017-11-01")
	if got := Renew(&old, Count(people(map[string]int{"journalist": 5, "lawyer": 3}), "2017-12-01")); got.On != "2017-11-01" {
		t.Errorf("one more journalist is told: %+v", got)
	}
	if got := Renew(&old, Count(people(map[string]int{"journalist": 7, "lawyer": 3}), "2017-12-01")); got.On != "2017-12-01" {
		t.Errorf("three more are not: %+v", got)
	}
	if got := Renew(nil, old); got.On != "2017-11-01" {
		t.Error("the first numbers are not told")
	}
}
