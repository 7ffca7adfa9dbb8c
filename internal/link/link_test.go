package link_test

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/amparo-project/amparo/internal/link"
	"github.com/amparo-project/amparo/internal/link/linktest"
)

func find(t testing.TB, people []link.Person) *link.Graph {
	t.Helper()
	g, err := link.Find(t.Context(), people, link.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// BenchmarkLinks measures the time, and how well operators are told apart, in
// worlds of a thousand phones: with published domains, and with none.
func BenchmarkLinks(b *testing.B) {
	for _, tt := range []struct {
		name  string
		known float64
	}{{"known40", 0.4}, {"known0", 0}} {
		b.Run(tt.name, func(b *testing.B) {
			var worlds []*linktest.World
			for seed := range uint64(5) {
				o := linktest.Usual(seed)
				o.Known = tt.known
				worlds = append(worlds, linktest.Make(o))
			}
			var precision, recall float64
			n := 0
			for b.Loop() {
				w := worlds[n%len(worlds)]
				p, r := w.Measure(find(b, w.People))
				precision, recall = precision+p, recall+r
				n++
			}
			b.ReportMetric(precision/float64(n), "precision")
			b.ReportMetric(recall/float64(n), "recall")
		})
	}
}

// seen is a value of a test, on a day of 2025; day 0 is undated.
type seen struct {
	kind  link.Kind
	value string
	day   float64
}

func person(id string, items ...seen) link.Person {
	return link.Person{ID: id, Case: "C-1", Seen: func(_ context.Context, fn func(*link.Seen)) error {
		for _, x := range items {
			s := link.Seen{Kind: x.kind, Value: []byte(x.value)}
			if x.day > 0 {
				s.First = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(x.day * 24 * float64(time.Hour)))
				s.Last = s.First
			}
			fn(&s)
		}
		return nil
	}}
}

func hosts(n int, prefix string, day float64) (list []seen) {
	for i := range n {
		list = append(list, seen{link.Host, fmt.Sprintf("%s%d.example", prefix, i), day})
	}
	return list
}

// TestWhatTies says by examples what ties two people and what does not.
func TestWhatTies(t *testing.T) {
	t.Parallel()
	evil := func(day float64) seen { return seen{link.Indicator, "domain evil.example", day} }
	for _, tt := range []struct {
		name string
		a, b []seen
		want bool
	}{
		{"one published domain within days", []seen{evil(1)}, []seen{evil(4)}, true},
		{"one published domain a year apart", []seen{evil(1)}, []seen{evil(360)}, false},
		{"two published domains a year apart", []seen{evil(1), {link.Indicator, "domain bad.example", 1}}, []seen{evil(360), {link.Indicator, "domain bad.example", 360}}, true},
		{"the name of one program", []seen{{link.Indicator, "process bh", 1}}, []seen{{link.Indicator, "process bh", 1}}, false},
		{"one lure", []seen{{link.Lure, "evil.example", 1}}, []seen{{link.Lure, "evil.example", 1}}, true},
		{"one rare host", hosts(1, "rare", 1), hosts(1, "rare", 1), false},
		{"hosts of one page", hosts(4, "rare", 1), hosts(4, "rare", 1), false},
		{"hosts of a household", hosts(300, "home", 1), hosts(300, "home", 1), false},
		{"a household that was reached", append(hosts(300, "home", 1), evil(1)), append(hosts(300, "home", 1), evil(2)), true},
		{"nothing", nil, nil, false},
	} {
		g := find(t, []link.Person{person("P-a", tt.a...), person("P-b", tt.b...)})
		if got := len(g.Clusters) == 1 && len(g.Edges) == 1; got != tt.want {
			t.Errorf("%s: %v, %+v", tt.name, got, g.Edges)
		}
	}
}

// TestRareWeighsMore: what many have weighs less, and what clean phones have
// weighs nothing.
func TestRareWeighsMore(t *testing.T) {
	t.Parallel()
	weight := func(others int, o link.Options) float64 {
		people := []link.Person{person("P-a", seen{link.Indicator, "domain evil.example", 1}), person("P-b", seen{link.Indicator, "domain evil.example", 1})}
		for i := range 300 {
			var items []seen
			if i < others {
				items = []seen{{link.Indicator, "domain evil.example", 1}}
			}
			people = append(people, person(fmt.Sprintf("P-x%03d", i), items...))
		}
		g, err := link.Find(t.Context(), people, o)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range g.Edges {
			if e.A == "P-a" && e.B == "P-b" {
				return e.Score
			}
		}
		return 0
	}
	rare, common := weight(0, link.Options{}), weight(40, link.Options{})
	clean := weight(0, link.Options{Clean: func(link.Kind, string) (int, int) { return 1000, 1000 }})
	if rare <= common || common == 0 || clean != 0 {
		t.Errorf("rare %v, common %v, on clean phones %v", rare, common, clean)
	}
}

// TestOneOfTwoOperators: somebody whom two operators reached is in both
// clusters, and does not make one of them.
func TestOneOfTwoOperators(t *testing.T) {
	t.Parallel()
	one := func(day float64) []seen {
		return []seen{{link.Indicator, "domain one.example", day}, {link.Host, "x.one.example", day}}
	}
	two := func(day float64) []seen { return []seen{{link.Indicator, "domain two.example", day}} }
	g := find(t, []link.Person{
		person("P-a", one(1)...), person("P-b", one(2)...), person("P-c", slices.Concat(one(3), two(200))...),
		person("P-d", two(201)...), person("P-e", two(202)...),
	})
	var got []string
	for _, c := range g.Clusters {
		var ids []string
		for _, m := range c.People {
			ids = append(ids, m.ID)
		}
		got = append(got, strings.Join(ids, " ")+": "+c.Values[0].Value)
	}
	slices.Sort(got)
	if d := cmp.Diff([]string{"P-a P-b P-c: domain one.example", "P-c P-d P-e: domain two.example"}, got); d != "" {
		t.Error(d)
	}
}

// TestOrderChangesNothing: the same sightings give the same bytes, in any order
// of people and of values, split over any number of calls.
func TestOrderChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		n := rapid.IntRange(0, 12).Draw(r, "people")
		items := make([][]seen, n)
		for p := range items {
			for range rapid.IntRange(0, 12).Draw(r, "values") {
				items[p] = append(items[p], seen{
					rapid.SampledFrom([]link.Kind{link.Host, link.Indicator, link.Lure, link.Phone}).Draw(r, "kind"),
					rapid.SampledFrom([]string{"domain a.example", "b.example", "c.example", "d.example", "e.example", "process x"}).Draw(r, "value"),
					float64(rapid.IntRange(0, 20).Draw(r, "day")),
				})
			}
		}
		write := func(order []int) string {
			people := make([]link.Person, n)
			for at, p := range order {
				own := slices.Clone(items[p])
				rand.New(rand.NewPCG(uint64(at), 1)).Shuffle(len(own), func(i, j int) { own[i], own[j] = own[j], own[i] })
				people[at] = person(fmt.Sprintf("P-%02d", p), own...)
			}
			var b bytes.Buffer
			g := find(t, people)
			if err := g.WriteJSON(&b); err != nil {
				r.Fatal(err)
			}
			if err := g.WriteGraphML(&b); err != nil {
				r.Fatal(err)
			}
			return b.String()
		}
		order := make([]int, n)
		for i := range order {
			order[i] = i
		}
		want := write(order)
		if d := cmp.Diff(want, write(rapid.Permutation(order).Draw(r, "order"))); d != "" {
			r.Fatal(d)
		}
	})
}

// TestOperatorsAreFound holds the measure of a small world: what a change of
// the weights may not lose.
func TestOperatorsAreFound(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a world takes some seconds under the race detector")
	}
	var precision, recall float64
	const worlds = 3
	for seed := range uint64(worlds) {
		o := linktest.Usual(100 + seed)
		o.People, o.Hosts, o.Operators, o.Households, o.Apps, o.Events = 200, 1500, 5, 30, 40, 60
		w := linktest.Make(o)
		p, r := w.Measure(find(t, w.People))
		precision, recall = precision+p/worlds, recall+r/worlds
	}
	t.Logf("precision %.2f, recall %.2f", precision, recall)
	if precision < 0.9 || recall < 0.7 {
		t.Errorf("precision %.2f, recall %.2f", precision, recall)
	}
}

// TestGraphML reads back what was written, hostile values among it.
func TestGraphML(t *testing.T) {
	t.Parallel()
	evil := seen{link.Indicator, "url https://evil.example/?a=<b>&c\x00\x1b\xff", 1}
	g := find(t, []link.Person{person("P-a", evil), person("P-b", evil)})
	var b bytes.Buffer
	if err := g.WriteGraphML(&b); err != nil {
		t.Fatal(err)
	}
	var read struct {
		Graph struct {
			Nodes []struct {
				ID string `xml:"id,attr"`
			} `xml:"node"`
			Edges []struct {
				Source string `xml:"source,attr"`
				Target string `xml:"target,attr"`
			} `xml:"edge"`
		} `xml:"graph"`
	}
	if err := xml.Unmarshal(b.Bytes(), &read); err != nil {
		t.Fatal(err)
	}
	if len(read.Graph.Nodes) != 3 || len(read.Graph.Edges) != 2 {
		t.Errorf("%+v", read)
	}
	g.Withhold(func(link.Kind, string) bool { return true }, "(withheld)")
	b.Reset()
	if err := g.WriteJSON(&b); err != nil || strings.Contains(b.String(), "evil") {
		t.Error(err, b.String())
	}
}
