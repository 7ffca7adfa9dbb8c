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
	misp   bool // something was MISP
	events int  // names of events in what may be the contents of a MISP feed

	text    arena
	forms   map[form4]*form
	noform  *form             // of values that stand alone
	nothing *about            // of indicators that say nothing of themselves
	plain   map[string]*about // those of other indicators, by content
	byID    *idTable
	changed []uint32 // when the indicators were modified, by number; may be shorter
	oddIDs  map[string][16]byte
	levels  map[string]TLP // of marking definitions of the file

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
		forms:   map[form4]*form{},
		noform:  &form{},
		nothing: &about{set: set},
		levels:  map[string]TLP{},
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
	case "marking-definition":
		if level := max(o.tlp, parseTLP(o.name)); len(l.levels) < maxThings {
			l.levels[strings.Clone(o.id)] = level
		}
	case "identity", "attack-pattern", "vulnerability", "course-of-action", "bundle", "extension-definition":
		// They say nothing that a phone could show.
	default:
		if len(l.other) < 100 {
			l.other[strings.Clone(clip(o.kind, 60))]++
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
	if toUnix(o.modified) <= l.modified(first) {
		return nil, false
	}
	for i := first; i < end; i++ {
		l.set.at(i).flags |= replaced
	}
	return *l.bond(first), true
}

// modified returns when the i-th indicator was modified, 0 if not said.
func (l *loader) modified(i int) uint32 {
	if i < len(l.changed) {
		return l.changed[i]
	}
	return 0
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
	l.addReading(o, k, read(&n), l.aboutOf(o))
}

// addNode adds the alternatives of what one record must say.
func (l *loader) addNode(o *object, k [16]byte, n *node, about *about) {
	var r reading
	r.alternatives = r.expression(n)
	l.addReading(o, k, r, about)
}

func (l *loader) addReading(o *object, k [16]byte, r reading, about *about) {
	for _, reason := range r.reasons {
		l.set.problem(o.id, o.pattern, reason)
	}
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
	d.from, d.until = toUnix(o.validFrom), toUnix(o.validUntil)
	if at := toUnix(o.modified); at != 0 {
		for len(l.changed) < l.set.total {
			l.changed = append(l.changed, 0)
		}
		l.changed[l.set.total-1] = at
	}
	d.flags |= o.flags
	if o.bareIndicator() {
		if _, odd := l.oddIDs[o.id]; odd {
			d.flags |= oddID
		}
	}
	if o.revoked {
		d.flags |= revoked
	}
	if len(terms) > 1 {
		d.kind = kindAllOf
		d.form = &form{value: allText(terms), whole: strings.Clone(o.pattern), terms: cloneTerms(terms)}
		return
	}
	t := terms[0]
	d.kind, d.flags = t.kind, d.flags|t.flags
	d.key = l.text.keep(t.key)
	d.form = l.formOf(o.pattern, t)
	if d.dead() {
		return
	}
	if t.flags&wholeOnly != 0 {
		l.set.broad = appendFew(l.set.broad, l.set.total-1)
	} else if isPopular(t.kind, t.key) {
		d.flags |= popular
		l.set.shared = appendFew(l.set.shared, l.set.total-1)
	}
}

// appendFew appends i to a list that serves as an example.
func appendFew(list []int, i int) []int {
	if len(list) < 10_000 {
		list = append(list, i)
	}
	return list
}

// form4 is what tells forms apart: head, tail, pre and post.
type form4 [4]string

// formOf finds what stands around the key in the value, and around the value
// in the pattern.
func (l *loader) formOf(pattern string, t term) *form {
	if t.key == t.value && pattern == "" {
		return l.noform
	}
	var around form4
	at := strings.Index(pattern, t.value)
	in, upper := strings.Index(t.value, t.key), false
	if in < 0 && strings.ToUpper(t.key) == t.value {
		in, upper = 0, true
	}
	if at < 0 || in < 0 || len(l.forms) > 1000 {
		return &form{whole: strings.Clone(pattern), value: strings.Clone(t.value)}
	}
	if pattern != "" {
		around[0], around[1] = pattern[:at], pattern[at+len(t.value):]
	}
	if !upper {
		around[2], around[3] = t.value[:in], t.value[in+len(t.key):]
	}
	ask := around
	if upper {
		ask[2] = "\x00upper" // no value begins so
	}
	if f, ok := l.forms[ask]; ok {
		return f
	}
	for i := range around {
		around[i], ask[i] = strings.Clone(around[i]), strings.Clone(ask[i])
	}
	f := &form{head: around[0], tail: around[1], pre: around[2], post: around[3], upper: upper}
	l.forms[ask] = f
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
	if o.description == "" && o.confidence == 0 && len(o.references) == 0 && len(o.markings) == 0 {
		return l.nothing
	}
	description := clip(o.description, maxDescription)
	key := fmt.Sprintf("%q %d %q %q", description, o.confidence, o.references, o.markings)
	if a, ok := l.plain[key]; ok {
		return a
	}
	a := &about{
		set:         l.set,
		description: strings.Clone(description),
		confidence:  min(max(o.confidence, 0), 100),
		references:  cloneReferences(o.references),
	}
	for _, m := range o.markings {
		a.markings = append(a.markings, strings.Clone(clip(m, maxName)))
	}
	l.plain[key] = a
	return a
}

// markAll resolves the markings of what indicators say of themselves: their
// definitions may stand behind them.
func (l *loader) markAll() {
	unknown := map[string]int{}
	for _, a := range l.plain {
		for _, id := range a.markings {
			level, ok := l.levels[id]
			if standard, known := tlpMarkings[id]; known {
				level, ok = max(level, standard), true
			}
			a.tlp = max(a.tlp, level)
			if !ok {
				unknown[id]++
			}
		}
		a.markings = nil
	}
	for _, id := range sortedKeys(unknown) {
		l.set.note("markings that are not defined", "the file does not say what %s allows", clip(id, 80))
	}
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
