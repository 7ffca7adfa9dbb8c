package link

import (
	"cmp"
	"maps"
	"slices"
)

// Somebody whom two operators reached is tied to the targets of both. So people
// are not joined, but values: two values are one operator's where somebody has
// both within two weeks, and all who are tied by them are a cluster. Clusters
// that have most of their people in common are one: they were reached again.
const (
	oneCampaign = 14 * 24 * 3600 * 1e6 // microseconds
	samePersons = 3                    // in common, and half of the smaller cluster
)

// What tells that a value is an operator's own: not a trifle, and not the name
// of a program that many operators have from one maker.
const (
	tellingWeight   = 0.1
	tellingStrength = 0.5
)

func (t *tie) tells(b *bond) bool {
	own := t.value.strength() >= tellingStrength
	if t.bundle {
		own = t.value.kind != Process && t.value.kind != Theme
	}
	return own && t.left(b) >= tellingWeight
}

// telling returns the ties of a pair by which clusters are made: where none
// tells, the weightiest.
func (b *bond) telling() (list []*tie) {
	for i := range b.ties {
		if b.ties[i].tells(b) {
			list = append(list, &b.ties[i])
		}
	}
	if len(list) == 0 && len(b.ties) > 0 {
		list = append(list, &b.ties[0])
	}
	return list
}

// clustersOf groups what ties pairs. The ties of a pair are sorted.
func (w *weigher) clustersOf(tied []pair) []*cluster {
	number := map[*value]int32{}
	var values []*value
	var members []map[int32]bool // of each value
	for _, p := range tied {
		for _, t := range w.pairs[p].telling() {
			i, ok := number[t.value]
			if !ok {
				i = int32(len(values))
				number[t.value], values = i, append(values, t.value)
				members = append(members, map[int32]bool{})
			}
			members[i][p.a], members[i][p.b] = true, true
		}
	}
	g := newGroups(len(values))
	joinByTime(g, values, members)
	joinByPeople(g, members)
	clusters := map[int32]*cluster{}
	for _, p := range tied {
		b := w.pairs[p]
		for _, t := range b.telling() {
			root := g.root(number[t.value])
			if clusters[root] == nil {
				clusters[root] = &cluster{people: map[int32]bool{}, values: map[*value]float64{}}
			}
			clusters[root].add(p, b, func(v *value) bool {
				i, ok := number[v]
				return !ok || g.root(i) == root
			})
		}
	}
	var out []*cluster
	for _, root := range slices.Sorted(maps.Keys(clusters)) {
		out = append(out, clusters[root])
	}
	return out
}

// had is when a person had a value.
type had struct {
	first int64
	value int32
}

func joinByTime(g groups, values []*value, members []map[int32]bool) {
	of := map[int32][]had{}
	for i, v := range values {
		for _, h := range v.holders {
			if h.dated && members[i][h.person] {
				of[h.person] = append(of[h.person], had{h.first, int32(i)})
			}
		}
	}
	for _, list := range of {
		slices.SortFunc(list, func(a, b had) int { return cmp.Compare(a.first, b.first) })
		for i := 1; i < len(list); i++ {
			if list[i].first-list[i-1].first <= oneCampaign {
				g.join(list[i].value, list[i-1].value)
			}
		}
	}
}

// joinByPeople joins groups that have most people in common, until none has.
func joinByPeople(g groups, members []map[int32]bool) {
	for joined := true; joined; {
		joined = false
		all := map[int32]map[int32]bool{}
		for i := range members {
			root := g.root(int32(i))
			if all[root] == nil {
				all[root] = map[int32]bool{}
			}
			maps.Copy(all[root], members[i])
		}
		roots := slices.Sorted(maps.Keys(all))
		for i, a := range roots {
			for _, b := range roots[:i] {
				if most(all[a], all[b]) && g.root(a) != g.root(b) {
					g.join(a, b)
					joined = true
				}
			}
		}
	}
}

// most reports whether two groups have all people, or most of the smaller, in
// common.
func most(a, b map[int32]bool) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	n := 0
	for person := range a {
		if b[person] {
			n++
		}
	}
	return n >= samePersons && 2*n >= len(a) || n == len(a) && n == len(b)
}
