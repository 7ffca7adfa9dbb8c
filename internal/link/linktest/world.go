// Package linktest makes people with what lies on their phones, some of them
// targets of operators, to measure how well links tell them.
package linktest

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/amparo-project/amparo/internal/link"
)

// Options say how a world is.
type Options struct {
	People     int
	Hosts      int // distinct ones on each phone
	Operators  int
	Households int     // of two to four people
	Apps       int     // each with its hosts on the phones of some
	Events     int     // days on which some people look at the same pages
	Known      float64 // share of the operators' domains that are published
	Seed       uint64
}

// Usual is a world of a thousand phones.
func Usual(seed uint64) Options {
	return Options{People: 1000, Hosts: 3000, Operators: 12, Households: 150, Apps: 200, Events: 300, Known: 0.4, Seed: seed}
}

// World is people, and the truth about them.
type World struct {
	People  []link.Person
	Targets [][]int // of each operator: indexes of people
}

// item is one value on one phone.
type item struct {
	kind        link.Kind
	value       string
	first, last time.Time
}

type builder struct {
	o     Options
	r     *rand.Rand
	items [][]item // by person
	world World
}

var start = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// span is how long the phones look back, in days.
const span = 700

// Make makes a world.
func Make(o Options) *World {
	b := &builder{o: o, r: rand.New(rand.NewPCG(o.Seed, 1)), items: make([][]item, o.People)}
	for p := range b.items {
		b.ownLife(p)
	}
	for i := range o.Households {
		b.household(i)
	}
	for i := range o.Apps {
		b.app(i)
	}
	for i := range o.Events {
		b.event(i)
	}
	for i := range o.Operators {
		b.operator(i)
	}
	for p, items := range b.items {
		b.world.People = append(b.world.People, link.Person{
			ID: fmt.Sprintf("P-%05d", p), Case: fmt.Sprintf("C-%02d", p%20),
			Seen: func(_ context.Context, fn func(*link.Seen)) error {
				for i := range items {
					x := &items[i]
					fn(&link.Seen{Kind: x.kind, Value: []byte(x.value), First: x.first, Last: x.last})
				}
				return nil
			},
		})
	}
	return &b.world
}

func (b *builder) day() time.Time { return at(b.r.Float64() * span) }

func at(day float64) time.Time { return start.Add(time.Duration(day * 24 * float64(time.Hour))) }

func (b *builder) put(p int, k link.Kind, value string, first, last time.Time) {
	b.items[p] = append(b.items[p], item{k, value, first, last})
}

// hours moves a time by up to so many hours.
func (b *builder) hours(t time.Time, most float64) time.Time {
	return t.Add(time.Duration(b.r.Float64() * most * float64(time.Hour)))
}

// few is a number between from and to.
func (b *builder) few(from, to int) int { return from + b.r.IntN(to-from+1) }

func (b *builder) some(n int) []int { return b.r.Perm(b.o.People)[:min(n, b.o.People)] }

// ownLife: hosts by Zipf's law, of which the rarest are on two or three phones
// by chance, some of their own, contacts, and the processes that all have.
func (b *builder) ownLife(p int) {
	const all = 5_000_000
	for i := range b.o.Hosts {
		first := b.day()
		last := first
		if b.r.IntN(3) == 0 {
			last = b.hours(first, 24*200)
		}
		value := fmt.Sprintf("www.site-%d.example", int(math.Exp(b.r.Float64()*math.Log(all))))
		if i%5 == 0 {
			value = fmt.Sprintf("h%d.own-%d.example", i, p)
		}
		b.put(p, link.Host, value, first, last)
	}
	for i := range 100 {
		b.put(p, link.Process, fmt.Sprintf("daemon-%d", i), start, at(span))
	}
	for i := range 150 {
		b.put(p, link.Phone, fmt.Sprintf("+5255%d%04d", p, i), b.day(), at(span))
	}
}

// household shares a connection, pages, and people that it knows.
func (b *builder) household(n int) {
	members := b.some(b.few(2, 4))
	for i := range b.few(40, 300) {
		first := b.day()
		for _, p := range members {
			b.put(p, link.Host, fmt.Sprintf("home-%d-%d.example", n, i), b.hours(first, 72), b.hours(first, 24*60))
		}
	}
	for i := range b.few(5, 40) {
		first := b.day()
		for _, p := range members {
			b.put(p, link.Phone, fmt.Sprintf("+5281%d%04d", n, i), b.hours(first, 100), b.hours(first, 24*100))
		}
	}
}

// app is installed by few or many, and brings its hosts and certificate along.
func (b *builder) app(n int) {
	hosts := b.few(3, 40)
	for _, p := range b.some(b.few(2, 2+b.r.IntN(60))) {
		first := b.day()
		if b.r.IntN(3) == 0 { // a new app that people install in one week
			first = b.hours(at(float64(n%span)), 24*7)
		}
		for i := range hosts {
			b.put(p, link.Host, fmt.Sprintf("cdn%d.app-%d.example", i, n), first, b.hours(first, 24*90))
		}
		b.put(p, link.CertHash, fmt.Sprintf("%064d", n), first, first)
	}
}

// event is a day on which some people look at the same few pages.
func (b *builder) event(n int) {
	day := b.day()
	pages := b.few(1, 3)
	for _, p := range b.some(b.few(4, 15)) {
		for i := range pages {
			seen := b.hours(day, 30)
			b.put(p, link.Host, fmt.Sprintf("news-%d-%d.example", n, i), seen, seen)
		}
	}
}

// operator sends messages in waves, from senders and domains of its own, and
// infects some with its maker's program, which other operators have too.
func (b *builder) operator(n int) {
	targets := b.some(b.few(3, 12))
	slices.Sort(targets)
	b.world.Targets = append(b.world.Targets, targets)
	domains := b.few(4, 12)
	known := make([]bool, domains)
	for i := range known {
		known[i] = b.r.Float64() < b.o.Known
	}
	for range b.few(1, 3) {
		wave := b.r.Float64() * (span - 20)
		first, sender := b.r.IntN(domains), b.r.IntN(3)
		for _, p := range targets {
			for range b.few(1, 3) {
				b.message(p, n, (first+b.r.IntN(3))%domains, sender, at(wave+b.r.Float64()*10), known)
			}
			if b.r.IntN(2) == 0 {
				b.infect(p, n%3, at(wave+b.r.Float64()*12))
			}
		}
	}
}

func (b *builder) message(p, operator, domain, sender int, sent time.Time, known []bool) {
	name := fmt.Sprintf("op%d-domain%d.example", operator, domain)
	b.put(p, link.Host, fmt.Sprintf("x%d.%s", b.r.IntN(2), name), sent, sent)
	if b.r.IntN(2) == 0 {
		b.put(p, link.Phone, fmt.Sprintf("+1999%d%d", operator, sender), sent, sent)
	} else {
		b.put(p, link.Email, fmt.Sprintf("op%d.%d@mail.example", operator, sender), sent, sent)
	}
	if known[domain] {
		b.put(p, link.Indicator, "domain "+name, sent, sent)
	}
	if b.r.IntN(3) == 0 {
		b.put(p, link.Lure, name, sent, sent)
		b.put(p, link.Theme, "bank", sent, sent)
	}
}

func (b *builder) infect(p, maker int, when time.Time) {
	for i := range b.few(1, 2) {
		last := b.hours(when, 24*30)
		b.put(p, link.Process, fmt.Sprintf("implant-%d-%d", maker, i), when, last)
		if i == 0 {
			b.put(p, link.Indicator, fmt.Sprintf("process implant-%d-%d", maker, i), when, last)
		}
	}
}

// Measure compares the pairs of a graph with those of the truth: the share of
// what is linked that one operator reached, and the share of that which is
// linked.
func (w *World) Measure(g *link.Graph) (precision, recall float64) {
	truth := map[[2]string]bool{}
	for _, targets := range w.Targets {
		for i := range targets {
			for j := range i {
				truth[[2]string{w.People[targets[j]].ID, w.People[targets[i]].ID}] = true
			}
		}
	}
	told := map[[2]string]bool{}
	for i := range g.Clusters {
		ids := make([]string, 0, len(g.Clusters[i].People))
		for _, m := range g.Clusters[i].People {
			ids = append(ids, m.ID)
		}
		slices.Sort(ids)
		for i := range ids {
			for j := range i {
				told[[2]string{ids[j], ids[i]}] = true
			}
		}
	}
	right := 0
	for p := range told {
		if truth[p] {
			right++
		}
	}
	return float64(right) / float64(max(len(told), 1)), float64(right) / float64(max(len(truth), 1))
}
