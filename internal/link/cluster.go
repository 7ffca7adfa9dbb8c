package link

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// graph keeps the pairs that are tied, and groups people by them.
func (w *weigher) graph(people []Person) *Graph {
	g := &Graph{People: len(people), Clusters: []Cluster{}, Edges: []Edge{}}
	var tied []pair
	for p, b := range w.pairs {
		if b.score() >= Threshold {
			tied = append(tied, p)
			slices.SortFunc(b.ties, func(x, y tie) int {
				return cmp.Or(cmp.Compare(y.left(b), x.left(b)), cmp.Compare(x.value.kind, y.value.kind), cmp.Compare(x.value.text, y.value.text))
			})
		}
	}
	slices.SortFunc(tied, func(a, b pair) int { return cmp.Or(cmp.Compare(a.a, b.a), cmp.Compare(a.b, b.b)) })
	for _, p := range tied { // in the order of their ids, as people are
		g.Edges = append(g.Edges, edge(people, p, w.pairs[p]))
	}
	for _, c := range w.clustersOf(tied) {
		g.Clusters = append(g.Clusters, c.finish(people))
	}
	slices.SortFunc(g.Clusters, func(a, b Cluster) int {
		return cmp.Or(cmp.Compare(len(b.People), len(a.People)), cmp.Compare(a.ID, b.ID))
	})
	return g
}

// left is what the household leaves of a tie.
func (t *tie) left(b *bond) float64 {
	if t.bundle {
		return t.weight * b.together()
	}
	return t.weight
}

func edge(people []Person, p pair, b *bond) Edge {
	e := Edge{A: people[p.a].ID, B: people[p.b].ID, Score: round(b.score()), Shared: b.shared, Ties: []Tie{}}
	for i := range b.ties {
		t := &b.ties[i]
		if len(e.Ties) == maxTies {
			e.More = len(b.ties) - maxTies
			break
		}
		e.Ties = append(e.Ties, Tie{t.value.kind, t.value.text, round(t.left(b)), round(t.days)})
	}
	return e
}

// round keeps the digits that say something, and makes numbers that differ by
// the order of a sum the same.
func round(f float64) float64 { return math.Round(f*1000) / 1000 }

type cluster struct {
	people map[int32]bool
	values map[*value]float64
}

// add adds what ties a pair, of the values that belong to the cluster.
func (c *cluster) add(p pair, b *bond, belongs func(*value) bool) {
	c.people[p.a], c.people[p.b] = true, true
	for i := range b.ties {
		t := &b.ties[i]
		if left := round(t.left(b)); left > 0 && belongs(t.value) {
			c.values[t.value] = max(c.values[t.value], left)
		}
	}
}

func (c *cluster) finish(people []Person) Cluster {
	var out Cluster
	for i := range c.people {
		out.People = append(out.People, Member{ID: people[i].ID, Case: people[i].Case})
	}
	slices.SortFunc(out.People, func(a, b Member) int { return cmp.Or(cmp.Compare(a.Case, b.Case), cmp.Compare(a.ID, b.ID)) })
	ids := make([]string, len(out.People))
	for i, p := range out.People {
		ids[i] = p.ID
	}
	sum := sha256.Sum256([]byte(strings.Join(ids, "\x00")))
	out.ID = "L-" + hex.EncodeToString(sum[:6])
	for v, weight := range c.values {
		out.Values = append(out.Values, c.value(people, v, weight))
	}
	slices.SortFunc(out.Values, func(a, b Value) int {
		return cmp.Or(cmp.Compare(b.Weight*float64(len(b.People)), a.Weight*float64(len(a.People))), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Value, b.Value))
	})
	for i := range out.Values {
		out.First, out.Last = earlier(out.First, out.Values[i].First), later(out.Last, out.Values[i].Last)
	}
	if len(out.Values) > maxValues {
		out.More, out.Values = len(out.Values)-maxValues, out.Values[:maxValues]
	}
	return out
}

func (c *cluster) value(people []Person, v *value, weight float64) Value {
	out := Value{Kind: v.kind, Value: v.text, Weight: weight}
	for _, h := range v.holders {
		if !c.people[h.person] {
			continue
		}
		out.People = append(out.People, people[h.person].ID)
		if h.dated {
			out.First, out.Last = earlier(out.First, timeOf(h.first)), later(out.Last, timeOf(h.last))
		}
	}
	slices.Sort(out.People)
	return out
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// groups joins people into sets (union and find).
type groups []int32

func newGroups(n int) groups {
	g := make(groups, n)
	for i := range g {
		g[i] = int32(i)
	}
	return g
}

func (g groups) root(i int32) int32 {
	for g[i] != i {
		g[i] = g[g[i]]
		i = g[i]
	}
	return i
}

func (g groups) join(a, b int32) {
	a, b = g.root(a), g.root(b)
	g[max(a, b)] = min(a, b)
}

// Touching keeps the clusters that have somebody of a case, and their edges.
func (g *Graph) Touching(caseID string) {
	kept := map[string]bool{}
	g.Clusters = slices.DeleteFunc(g.Clusters, func(c Cluster) bool {
		if !slices.ContainsFunc(c.People, func(m Member) bool { return m.Case == caseID }) {
			return true
		}
		for _, m := range c.People {
			kept[m.ID] = true
		}
		return false
	})
	g.Edges = slices.DeleteFunc(g.Edges, func(e Edge) bool { return !kept[e.A] })
}

// IDs of all people in clusters, in order.
func (g *Graph) IDs() []string {
	all := map[string]bool{}
	for i := range g.Clusters {
		for _, m := range g.Clusters[i].People {
			all[m.ID] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}
