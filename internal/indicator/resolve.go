package indicator

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// maxThreats bounds what one indicator belongs to.
const maxThreats = 32

// A bond is a list of things that indicators belong to. Indicators that
// belong to the same things share one.
type bond struct {
	things []uint32
	more   map[uint32]*bond // with one thing more
}

// resolve gives each indicator its threats and references, and the set its
// name. It takes one step for each link.
func (l *loader) resolve() {
	l.markAll()
	for _, k := range l.links {
		l.bind(k)
	}
	type origin struct {
		own  *about
		bond *bond
	}
	whole := map[origin]*about{}
	same := map[string]*about{}
	for i, b := range l.bonds {
		if b == l.free {
			continue
		}
		d := l.set.at(i)
		o := origin{d.about, b}
		a, ok := whole[o]
		if !ok {
			a = l.shared(same, l.join(o.own, o.bond))
			whole[o] = a
		}
		d.about = a
	}
	l.name()
	l.tellUnused()
}

// with returns the list b and t.
func (b *bond) with(t uint32) *bond {
	if slices.Contains(b.things, t) || len(b.things) >= maxThreats {
		return b
	}
	if next, ok := b.more[t]; ok {
		return next
	}
	next := &bond{things: append(b.things[:len(b.things):len(b.things)], t)}
	if b.more == nil {
		b.more = map[uint32]*bond{}
	}
	b.more[t] = next
	return next
}

// join adds to what an indicator says of itself what its things say.
func (l *loader) join(own *about, b *bond) *about {
	a := *own
	var threats, reports []string
	refs := slices.Clone(own.references)
	for _, n := range b.things {
		t := &l.names[n]
		switch {
		case t.name == "":
		case t.report:
			reports = append(reports, t.name)
		default:
			threats = append(threats, t.name)
		}
		refs = append(refs, t.references...)
		if t.report && len(t.references) == 0 && t.name != "" {
			refs = append(refs, Reference{Name: t.name})
		}
	}
	if len(threats) == 0 {
		threats = reports
	}
	slices.Sort(threats)
	a.threats = slices.Compact(threats)
	a.references = uniqueReferences(refs)
	return &a
}

// uniqueReferences leaves one of equal references: those of the indicator
// first, then in the order of their links.
func uniqueReferences(refs []Reference) []Reference {
	var kept []Reference
	for _, r := range refs {
		if len(kept) < maxReferences && !slices.Contains(kept, r) {
			kept = append(kept, r)
		}
	}
	slices.SortStableFunc(kept, func(a, b Reference) int { // links before mere names
		switch {
		case a.URL != "" && b.URL == "":
			return -1
		case a.URL == "" && b.URL != "":
			return 1
		}
		return 0
	})
	return kept
}

// shared returns one of equal abouts.
func (l *loader) shared(same map[string]*about, a *about) *about {
	key := fmt.Sprintf("%q %q %q %d %d", a.threats, a.references, a.description, a.confidence, a.tlp)
	if old, ok := same[key]; ok {
		return old
	}
	same[key] = a
	return a
}

// maxNamed is how many threats a set is named after.
const maxNamed = 3

// name names the set after its reports; else after its threats if they are
// few; else after its file.
func (l *loader) name() {
	if l.set.Name != "" {
		return // its form of publication says it
	}
	for _, report := range [...]bool{true, false} {
		var all []string
		for _, t := range l.names {
			if t.known && t.report == report && t.name != "" {
				all = append(all, t.name)
			}
		}
		slices.Sort(all)
		all = slices.Compact(all)
		if len(all) > 0 && len(all) <= maxNamed {
			l.set.Name = strings.Join(all, ", ")
			return
		}
	}
	l.set.Name = baseName(l.set.File)
	if f := l.set.Format; f == List || f == CSV { // "domains" says less than the folder it lies in
		if dir := filepath.Base(filepath.Dir(l.set.File)); dir != "." && dir != string(filepath.Separator) {
			l.set.Name = dir + "/" + l.set.Name
		}
	}
}

// tellUnused notes the objects that could have meant something.
func (l *loader) tellUnused() {
	for _, kind := range sortedKeys(l.other) {
		l.set.note("objects that are no indicators", "objects of type %s are no indicators and are not matched: %d", kind, l.other[kind])
	}
}
