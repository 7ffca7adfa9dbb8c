package compare

import (
	"maps"
	"slices"
	"strconv"

	"github.com/amparo-project/amparo/internal/finding"
)

// Basis is by what two checks were made, as far as it differs, and how much they
// read and found.
type Basis struct {
	Parsers    Things            `json:"parsers"`    // by name; of results in a folder they are not known
	Indicators Things            `json:"indicators"` // sets, by name
	Rules      Things            `json:"rules"`      // rules, their data, and what lures are known by
	Totals     [2]finding.Totals `json:"totals"`
}

func (b *Basis) equal() bool {
	return len(b.Parsers.Differ)+len(b.Indicators.Differ)+len(b.Rules.Differ) == 0
}

// Things are what two checks were made by, of one kind.
type Things struct {
	Differ []Thing `json:"differ"` // by name
	Same   int     `json:"same"`
}

// A Thing is in one of the checks alone, or another in each.
type Thing struct {
	Name   string `json:"name"`
	Change Change `json:"change"`
	A      string `json:"a,omitempty"` // its version, or SHA-256
	B      string `json:"b,omitempty"`
}

func basis(a, b *Side) Basis {
	return Basis{
		Parsers: parsers(a.Parsers, b.Parsers), Indicators: things(setsOf(a.Run), setsOf(b.Run)), Rules: things(rulesOf(a.Run), rulesOf(b.Run)),
		Totals: [2]finding.Totals{a.Run.Totals, b.Run.Totals},
	}
}

// parsers compares versions. A parser that read something in one check alone is
// among the artifacts.
func parsers(a, b map[string]int) Things {
	x, y := []Thing{}, []Thing{}
	for name, version := range a {
		if now, ok := b[name]; ok {
			x = append(x, Thing{Name: name, A: strconv.Itoa(version)})
			y = append(y, Thing{Name: name, A: strconv.Itoa(now)})
		}
	}
	return things(x, y)
}

func setsOf(run *finding.Run) (list []Thing) {
	for i := range run.Indicators {
		list = append(list, Thing{Name: run.Indicators[i].Name, A: run.Indicators[i].SHA256})
	}
	return list
}

func rulesOf(run *finding.Run) (list []Thing) {
	for _, refs := range [][]finding.RuleRef{run.Rules, run.RuleData, run.LureData} {
		for i := range refs {
			list = append(list, Thing{Name: refs[i].ID, A: refs[i].SHA256})
		}
	}
	return list
}

// things compares two lists, of which each thing has its mark in A. Several may
// have one name: those of one mark are the same, the others are paired in order.
func things(a, b []Thing) Things {
	out := Things{Differ: []Thing{}}
	before, after := byName(a), byName(b)
	names := slices.Collect(maps.Keys(before))
	for name := range after {
		if before[name] == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		x, y := before[name], after[name]
		for i := 0; i < len(x); {
			if j := slices.Index(y, x[i]); j >= 0 {
				x, y = slices.Delete(x, i, i+1), slices.Delete(y, j, j+1)
				out.Same++
				continue
			}
			i++
		}
		for i := range max(len(x), len(y)) {
			t := Thing{Name: name, Change: Changed}
			if i < len(x) {
				t.A = x[i]
			}
			if i < len(y) {
				t.B = y[i]
			}
			switch {
			case i >= len(x):
				t.Change = New
			case i >= len(y):
				t.Change = Gone
			}
			out.Differ = append(out.Differ, t)
		}
	}
	return out
}

func byName(list []Thing) map[string][]string {
	out := map[string][]string{}
	for _, t := range list {
		out[t.Name] = append(out[t.Name], t.A)
	}
	for _, marks := range out {
		slices.Sort(marks)
	}
	return out
}
