package indicator

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A loader builds a set from the objects of its file. What names an indicator
// may stand before or behind it, so relationships are resolved at the end, in
// one pass over each.
type loader struct {
	set    *Set
	count  *counter
	object object
	stix   bool // something was STIX

	text    arena
	forms   map[[2]string]*form
	nothing *about            // of indicators that say nothing of themselves
	plain   map[string]*about // those of other indicators, by content
	byID    *idTable
	oddIDs  map[string][16]byte

	things map[string]uint32 // what indicators indicate, and reports, by ID
	names  []thing
	bonds  []*bond        // of the indicators, by number; may be shorter
	free   *bond          // of no thing
	links  []link         // of indicators that come later
	other  map[string]int // objects that are not used, by type
}

// A thing gives an indicator its threat, or is the report that lists it.
type thing struct {
	name       string
	references []Reference
	report     bool
	known      bool // its object was read
}

// A link says that an indicator belongs to a thing.
type link struct {
	from [16]byte
	to   uint32
}

func newLoader(file string) *loader {
	set := &Set{File: file}
	return &loader{
		set:     set,
		forms:   map[[2]string]*form{},
		nothing: &about{},
		plain:   map[string]*about{},
		byID:    newIDTable(set),
		oddIDs:  map[string][16]byte{},
		things:  map[string]uint32{},
		free:    &bond{},
		other:   map[string]int{},
	}
}

// Limits of one file.
const (
	maxIndicators = 20_000_000
	maxLinks      = 40_000_000
	maxThings     = 1_000_000
)

// take adds one object.
func (l *loader) take(o *object) {
	l.stix = true
	switch o.kind {
	case "indicator":
		l.takeIndicator(o)
	case "relationship":
		if o.relation == "indicates" && !o.revoked && strings.HasPrefix(o.source, idPrefix) {
			l.link(o.source, o.target)
		}
	case "report", "grouping":
		l.takeThing(o, o.kind == "report" || o.name != "")
		for _, ref := range o.refs {
			l.link(ref, o.id)
		}
	case "malware", "campaign", "intrusion-set", "threat-actor", "tool":
		l.takeThing(o, false)
	case "identity", "marking-definition", "attack-pattern", "vulnerability", "course-of-action", "bundle", "extension-definition":
		// They say nothing that a phone could show.
	default:
		if len(l.other) < 100 {
			l.other[clip(o.kind, 60)]++
		}
	}
}

func (l *loader) takeThing(o *object, report bool) {
	n, ok := l.thing(o.id)
	if !ok {
		return
	}
	t := &l.names[n]
	t.name, t.report, t.known = strings.Clone(clip(o.name, maxName)), report, true
	t.references = cloneReferences(o.references)
}

// thing returns the number of the thing with the given ID.
func (l *loader) thing(id string) (uint32, bool) {
	if n, ok := l.things[id]; ok {
		return n, true
	}
	if len(l.names) >= maxThings {
		l.set.note("too many threats and reports", "more than %d", maxThings)
		return 0, false
	}
	l.things[strings.Clone(id)] = uint32(len(l.names))
	l.names = append(l.names, thing{})
	return uint32(len(l.names) - 1), true
}

// link notes that an indicator belongs to the thing of the given ID.
func (l *loader) link(indicator, to string) {
	n, ok := l.thing(to)
	if !ok {
		return
	}
	k := link{l.key(indicator), n}
	if l.bind(k) {
		return
	}
	if len(l.links) >= maxLinks {
		l.set.note("too many relationships", "more than %d", maxLinks)
		return
	}
	l.links = append(l.links, k)
}

// bind carries out a link, and reports whether its indicator was there.
func (l *loader) bind(k link) bool {
	first, end := l.byID.find(k.from)
	for i := first; i < end; i++ {
		b := l.bond(i)
		*b = (*b).with(k.to)
	}
	return first < end
}

// key returns what stands for the ID of an indicator: its UUID, or a number
// for another kind of ID.
func (l *loader) key(id string) [16]byte {
	if uuid, ok := parseUUID(strings.TrimPrefix(id, idPrefix)); ok && len(id) > len(idPrefix) && uuid[15]|uuid[14]|uuid[13]|uuid[12] != 0 {
		return uuid
	}
	if k, ok := l.oddIDs[id]; ok {
		return k
	}
	n := len(l.set.ids)
	k := [16]byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)}
	id = strings.Clone(clip(id, maxName))
	l.set.ids = append(l.set.ids, id)
	l.oddIDs[id] = k
	return k
}

// takeIndicator reads the pattern of an indicator and adds its alternatives.
func (l *loader) takeIndicator(o *object) {
	if l.set.total >= maxIndicators {
		l.set.note("too many indicators", "more than %d", maxIndicators)
		return
	}
	k := l.key(o.id)
	bond, newer := l.newer(k, o)
	if !newer {
		return
	}
	first := l.set.total
	l.addPattern(o, k)
	if l.set.total == first {
		return
	}
	l.byID.put(first)
	for i := first; bond != l.free && i < l.set.total; i++ {
		*l.bond(i) = bond
	}
}

// bond returns where the bond of the i-th indicator is.
func (l *loader) bond(i int) **bond {
	for len(l.bonds) <= i {
		l.bonds = append(l.bonds, l.free)
	}
	return &l.bonds[i]
}

// newer reports whether o is not an earlier version of an object that was
// read. Of two versions it takes the indicators of the earlier out of use, and
// returns what they belong to.
func (l *loader) newer(k [16]byte, o *object) (*bond, bool) {
	first, end := l.byID.find(k)
	if first == end {
		return l.free, true
	}
	if toUnix(o.modified) <= l.set.at(first).modified {
		return nil, false
	}
	for i := first; i < end; i++ {
		l.set.at(i).flags |= replaced
	}
	return *l.bond(first), true
}

func (l *loader) addPattern(o *object, k [16]byte) {
	if o.patternType != "" && o.patternType != "stix" {
		l.set.problem(o.id, o.pattern, "pattern of type "+clip(o.patternType, 60))
		return
	}
	if t, ok := simple(o.pattern); ok {
		l.addTerms(o, k, []term{t}, l.aboutOf(o))
		return
	}
	n, err := parsePattern(o.pattern)
	if err != nil {
		l.set.problem(o.id, o.pattern, err.Error())
		return
	}
	r := read(&n)
	for _, reason := range r.reasons {
		l.set.problem(o.id, o.pattern, reason)
	}
	about := l.aboutOf(o)
	var seen map[string]bool // of several
	if len(r.alternatives) > 1 {
		seen = map[string]bool{}
	}
	for _, terms := range r.alternatives {
		if len(terms) == 0 {
			l.set.problem(o.id, o.pattern, "names no value")
			continue
		}
		terms = distinct(terms)
		if seen != nil {
			same := identity(terms)
			if seen[same] {
				continue
			}
			seen[same] = true
		}
		l.addTerms(o, k, terms, about)
	}
}

// identity is equal for alternatives that match the same.
func identity(terms []term) string {
	var b strings.Builder
	for _, t := range terms {
		fmt.Fprintf(&b, "%d%q", t.kind, t.key)
	}
	return b.String()
}

// addTerms adds one alternative of an indicator's pattern.
func (l *loader) addTerms(o *object, k [16]byte, terms []term, about *about) {
	d := l.set.add()
	d.id, d.about = k, about
	d.from, d.until, d.modified = toUnix(o.validFrom), toUnix(o.validUntil), toUnix(o.modified)
	if _, odd := l.oddIDs[o.id]; odd {
		d.flags |= oddID
	}
	if o.revoked {
		d.flags |= revoked
	}
	if len(terms) > 1 {
		d.kind, d.value = kindAllOf, allText(terms)
		d.form = &form{whole: strings.Clone(o.pattern), terms: cloneTerms(terms)}
		return
	}
	t := terms[0]
	d.kind, d.flags = t.kind, d.flags|t.flags
	d.value = l.text.keep(t.value)
	if d.key = d.value; t.key != t.value {
		d.key = l.text.keep(t.key)
	}
	d.form = l.formOf(o.pattern, d.value)
	if t.flags&wholeOnly != 0 {
		l.set.note("so broad that only the value itself matches, not what is below", "%s is so broad that only the value itself matches, not what is below", clip(d.value, 80))
	}
}

// formOf finds what stands around the value in the pattern.
func (l *loader) formOf(pattern, value string) *form {
	i := strings.Index(pattern, value)
	if i < 0 || len(l.forms) > 1000 {
		return &form{whole: strings.Clone(pattern)}
	}
	around := [2]string{pattern[:i], pattern[i+len(value):]}
	if f, ok := l.forms[around]; ok {
		return f
	}
	around[0], around[1] = strings.Clone(around[0]), strings.Clone(around[1])
	f := &form{before: around[0], after: around[1]}
	l.forms[around] = f
	return f
}

func toUnix(t time.Time) uint32 {
	if s := t.Unix(); s > 0 && s < 1<<32 {
		return uint32(s)
	}
	return 0
}

// distinct leaves one of equal terms.
func distinct(terms []term) []term {
	if len(terms) == 1 {
		return terms
	}
	var kept []term
	for _, t := range terms {
		if !slices.ContainsFunc(kept, func(k term) bool { return k.kind == t.kind && k.key == t.key }) {
			kept = append(kept, t)
		}
	}
	return kept
}

func cloneTerms(terms []term) []term {
	all := slices.Clone(terms)
	for i := range all {
		all[i].key, all[i].value = strings.Clone(all[i].key), strings.Clone(all[i].value)
	}
	return all
}

func cloneReferences(refs []Reference) []Reference {
	if len(refs) == 0 {
		return nil
	}
	all := slices.Clone(refs)
	for i := range all {
		all[i] = Reference{Name: strings.Clone(all[i].Name), URL: strings.Clone(all[i].URL)}
	}
	return all
}

// aboutOf returns what o says of itself, without threats.
func (l *loader) aboutOf(o *object) *about {
	if o.description == "" && o.confidence == 0 && len(o.references) == 0 {
		return l.nothing
	}
	description := clip(o.description, maxDescription)
	key := fmt.Sprintf("%q %d %q", description, o.confidence, o.references)
	if a, ok := l.plain[key]; ok {
		return a
	}
	a := &about{
		description: strings.Clone(description),
		confidence:  min(max(o.confidence, 0), 100),
		references:  cloneReferences(o.references),
	}
	l.plain[key] = a
	return a
}

// An arena keeps many small texts in few pieces of memory.
type arena struct{ b strings.Builder }

func (a *arena) keep(s string) string {
	const piece = 64 << 10
	if len(s) > piece/4 {
		return strings.Clone(s)
	}
	if a.b.Cap()-a.b.Len() < len(s) {
		a.b = strings.Builder{}
		a.b.Grow(piece)
	}
	from := a.b.Len()
	a.b.WriteString(s)
	return a.b.String()[from:]
}
