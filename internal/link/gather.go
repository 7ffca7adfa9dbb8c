package link

import (
	"bytes"
	"cmp"
	"context"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// holder is a person who has a value, and when.
type holder struct {
	person      int32
	dated       bool
	first, last int64 // microseconds
}

// value is a value that several people have.
type value struct {
	kind    Kind
	text    string
	holders []holder // by person
	// above are the holders of indicators and lures that name the value's domain,
	// or one above it: between two of them the value is not counted once more.
	above []map[int32]bool
}

// counted reports whether something that weighs more says the same of a pair.
func (v *value) counted(a, b holder) bool {
	return slices.ContainsFunc(v.above, func(of map[int32]bool) bool { return of[a.person] && of[b.person] })
}

// counters estimate how many people have a value: one of 8 bits for each of
// many hashes. Values that share a counter are taken for more common than
// they are, never for rarer.
type counters []uint8

// countersOf holds a thousand phones of twenty thousand values with few meeting.
const countersOf = 1 << 26

func (c counters) add(hash uint64) {
	if at := &c[hash%uint64(len(c))]; *at < 255 {
		*at++
	}
}

// hashOf is FNV-1a, and a mix at the end.
func hashOf(k Kind, text []byte) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(k) {
		h = (h ^ uint64(k[i])) * 1099511628211
	}
	h *= 1099511628211
	for _, c := range text {
		h = (h ^ uint64(c)) * 1099511628211
	}
	h ^= h >> 32
	h *= 0x9E3779B97F4A7C15
	return h ^ h>>29
}

// always says that a value is kept however many people have it.
func always(k Kind) bool { return k == Indicator || k == Lure }

// mostHolders is how many people may have a value that no finding rests on:
// what more of them have says nothing.
func mostHolders(people int) int { return min(max(8, people/50), 200) }

// gather returns the values that several people have and not too many, in a
// fixed order. People are read twice: what one person alone has, nearly all,
// is counted and not kept.
func gather(ctx context.Context, people []Person) ([]value, error) {
	size := min(countersOf, 1<<16*max(len(people), 1))
	c := make(counters, size)
	var mu sync.Mutex
	err := each(ctx, people, func(ctx context.Context, i int) error {
		var hashes []uint64
		if err := people[i].Seen(ctx, func(s *Seen) { hashes = append(hashes, hashOf(s.Kind, s.Value)) }); err != nil {
			return err
		}
		slices.Sort(hashes)
		hashes = slices.Compact(hashes)
		mu.Lock()
		defer mu.Unlock()
		for _, h := range hashes {
			c.add(h)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	kept := make([]map[key]holder, len(people))
	most := uint8(mostHolders(len(people)))
	err = each(ctx, people, func(ctx context.Context, i int) error {
		kept[i] = map[key]holder{}
		return people[i].Seen(ctx, func(s *Seen) {
			if n := c[hashOf(s.Kind, s.Value)%uint64(len(c))]; n > 1 && n <= most || always(s.Kind) {
				keep(kept[i], s, int32(i))
			}
		})
	})
	if err != nil {
		return nil, err
	}
	return join(kept, int(most)), nil
}

// each runs fn for every person, on all cores.
func each(ctx context.Context, people []Person, fn func(context.Context, int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i := range people {
		g.Go(func() error { return fn(ctx, i) })
	}
	return g.Wait()
}

type key struct {
	kind Kind
	text string
}

func keep(all map[key]holder, s *Seen, person int32) {
	k := key{s.Kind, string(s.Value)}
	h, ok := all[k]
	if !ok {
		h.person = person
	}
	if !s.First.IsZero() {
		first, last := s.First.UnixMicro(), max(s.First.UnixMicro(), s.Last.UnixMicro())
		if h.dated {
			first, last = min(h.first, first), max(h.last, last)
		}
		h.dated, h.first, h.last = true, first, last
	}
	all[k] = h
}

// join brings together who has each value.
func join(kept []map[key]holder, most int) []value {
	at := map[key]int{}
	var values []value
	for _, of := range kept {
		for k, h := range of {
			i, ok := at[k]
			if !ok {
				i = len(values)
				at[k], values = i, append(values, value{kind: k.kind, text: k.text})
			}
			values[i].holders = append(values[i].holders, h)
		}
	}
	values = slices.DeleteFunc(values, func(v value) bool {
		return len(v.holders) < 2 || !always(v.kind) && len(v.holders) > most
	})
	slices.SortFunc(values, func(a, b value) int { return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.text, b.text)) })
	d := domainsOf(values)
	for i := range values {
		d.over(&values[i])
	}
	return values
}

// domains are those that indicators and lures name, with their holders.
type domains map[string][]*value

func domainsOf(values []value) domains {
	d := domains{}
	for i := range values {
		v := &values[i]
		switch kind, text, _ := strings.Cut(v.text, " "); {
		case v.kind == Lure:
			d[v.text] = append(d[v.text], v)
		case v.kind == Indicator && kind == "domain":
			d[text] = append(d[text], v)
		}
	}
	return d
}

// over sets what lies above hosts and lures.
func (d domains) over(v *value) {
	if v.kind != Host && v.kind != Lure {
		return
	}
	for host := v.text; host != "" && len(d) > 0; _, host, _ = strings.Cut(host, ".") {
		for _, o := range d[host] {
			if o.kind == v.kind {
				continue
			}
			of := map[int32]bool{}
			for _, h := range o.holders {
				of[h.person] = true
			}
			v.above = append(v.above, of)
		}
	}
}

// timeOf turns microseconds into a time.
func timeOf(micros int64) time.Time { return time.UnixMicro(micros).UTC() }

// samePeople is a key of the people who have a value.
func samePeople(holders []holder) string {
	var b bytes.Buffer
	for _, h := range holders {
		b.Write([]byte{byte(h.person), byte(h.person >> 8), byte(h.person >> 16), byte(h.person >> 24)})
	}
	return b.String()
}
