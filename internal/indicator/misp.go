package indicator

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/limit"
)

// A mispEvent is an event of MISP while it is read. What it says of itself may
// stand behind its attributes, so that is given to them at its end.
//
// https://www.misp-project.org/datamodels/, https://www.misp-standard.org/rfc/misp-standard-core.html
type mispEvent struct {
	*loader
	info, org  string
	tlp        TLP
	threats    []string
	references []Reference
	abouts     map[string]*about
}

// A mispAttribute is what we read of one attribute.
type mispAttribute struct {
	typ, category, value, comment, uuid string
	toIDs, deleted                      bool
	at, first                           time.Time
	tlp                                 TLP
	info                                string // of its event, where a search gives attributes alone
}

// members reads the object that the stream stands before, and calls member for each key with the stream before its value.
func (l *loader) members(s *stream, member func(key string) error) error {
	if !s.take('{') {
		return s.unexpected()
	}
	if s.take('}') {
		return nil
	}
	for {
		raw, err := s.value()
		if err != nil {
			return err
		}
		key := strings.Trim(string(raw), `"`)
		if !s.take(':') {
			return fmt.Errorf("%w: expected a colon", limit.ErrCorrupt)
		}
		if err := member(key); err != nil {
			return err
		}
		if s.take('}') {
			return nil
		}
		if !s.take(',') {
			return s.unexpected()
		}
	}
}

// items calls item for each item of the list that the stream stands before.
func (l *loader) items(s *stream, item func(n int) error) error {
	if !s.take('[') {
		return s.skip()
	}
	if s.take(']') {
		return nil
	}
	for n := 1; ; n++ {
		if err := item(n); err != nil {
			return err
		}
		if s.take(']') {
			return nil
		}
		if !s.take(',') {
			return s.unexpected()
		}
	}
}

// skip skips a value of any size.
func (s *stream) skip() error {
	_, err := s.value()
	if errors.Is(err, limit.ErrLimit) {
		return nil
	}
	return err
}

// response reads what MISP answers: a list of events, or an object that holds
// attributes or one event.
func (l *loader) response(s *stream) error {
	l.misp = true
	if s.peek() == '[' {
		return l.items(s, func(int) error {
			if s.peek() != '{' {
				return s.skip()
			}
			return l.response(s)
		})
	}
	if s.peek() != '{' {
		return s.skip()
	}
	return l.members(s, func(key string) error {
		if key == "Event" || key == "Attribute" {
			return l.mispMember(s, key)
		}
		return s.skip()
	})
}

// mispMember reads the event, or the attributes, that the stream stands before.
func (l *loader) mispMember(s *stream, key string) error {
	l.misp = true
	e := &mispEvent{loader: l, abouts: map[string]*about{}}
	var err error
	switch {
	case key == "Attribute" && s.peek() == '[':
		err = e.attributes(s)
	case key == "Event" && s.peek() == '{':
		err = l.members(s, func(key string) error { return e.member(s, key) })
	default:
		err = s.skip()
	}
	e.close()
	return err
}

func (e *mispEvent) member(s *stream, key string) error {
	switch key {
	case "Attribute":
		return e.attributes(s)
	case "Object":
		return e.items(s, func(n int) error { return e.object(s, n) })
	case "info", "Orgc", "Tag", "Galaxy":
	default:
		return s.skip()
	}
	raw, err := s.value()
	if err != nil {
		if errors.Is(err, limit.ErrLimit) {
			return nil
		}
		return err
	}
	v := &value{b: string(raw)}
	switch key {
	case "info":
		e.info, _ = v.optional()
	case "Orgc":
		e.org = member(v, "name")
	case "Tag":
		_ = each(v, func() { e.tag(member(v, "name")) }) // what is broken in it costs itself
	case "Galaxy":
		_ = each(v, func() { e.galaxy(v) })
	}
	return nil
}

// each calls item for each item of a list; other values are skipped.
func each(v *value, item func()) error {
	if v.next() != '[' {
		return v.skip()
	}
	return v.list(func() error {
		at := v.i
		item()
		if v.i == at {
			return v.skip()
		}
		return nil
	})
}

// member returns the text of one member of an object.
func member(v *value, name string) (text string) {
	if v.next() != '{' {
		return ""
	}
	_ = v.object(func(key string) (err error) { // a broken object has no such member
		if key == name && v.next() == '"' {
			text, err = v.text()
			return err
		}
		return v.skip()
	})
	return text
}

// tag reads what a tag says: a level, or the name of a threat as MISP's
// galaxies give it.
func (e *mispEvent) tag(name string) {
	e.tlp = max(e.tlp, parseTLP(name))
	for _, prefix := range mispThreats {
		if rest, ok := strings.CutPrefix(name, "misp-galaxy:"+prefix+"="); ok {
			e.threats = append(e.threats, strings.Clone(clip(strings.Trim(rest, `"`), maxName)))
		}
	}
}

var mispThreats = [...]string{"mitre-malware", "malpedia", "tool", "threat-actor", "mitre-intrusion-set", "surveillance-vendor", "android", "ransomware", "rat"}

// galaxy reads the names of the threats that a galaxy links to.
func (e *mispEvent) galaxy(v *value) {
	if v.next() != '{' {
		return
	}
	typ, names := "", []string(nil)
	_ = v.object(func(key string) (err error) {
		switch {
		case key == "type" && v.next() == '"':
			typ, err = v.text()
			return err
		case key == "GalaxyCluster":
			return each(v, func() { names = append(names, member(v, "value")) })
		}
		return v.skip()
	})
	if !slices.Contains(mispThreats[:], typ) {
		return
	}
	for _, n := range names {
		if n != "" && len(e.threats) < maxThreats {
			e.threats = append(e.threats, strings.Clone(clip(n, maxName)))
		}
	}
}

func (e *mispEvent) attributes(s *stream) error {
	return e.items(s, func(n int) error {
		raw, err := s.value()
		if errors.Is(err, limit.ErrLimit) {
			e.set.problem(fmt.Sprintf("attribute %d", n), "", err.Error())
			return nil
		}
		if err != nil {
			return err
		}
		v := value{b: string(raw)}
		e.attribute(&v, fmt.Sprintf("attribute %d", n))
		return nil
	})
}

// object reads the attributes of an object of MISP.
func (e *mispEvent) object(s *stream, n int) error {
	raw, err := s.value()
	if errors.Is(err, limit.ErrLimit) {
		e.set.problem(fmt.Sprintf("object %d", n), "", err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	v := &value{b: string(raw)}
	if v.next() != '{' {
		return nil
	}
	err = v.object(func(key string) error {
		if key != "Attribute" || v.next() != '[' {
			return v.skip()
		}
		i := 0
		return v.list(func() error {
			i++
			e.attribute(v, fmt.Sprintf("object %d, attribute %d", n, i))
			return nil
		})
	})
	if err != nil {
		e.set.problem(fmt.Sprintf("object %d", n), "", err.Error())
	}
	return nil
}

// attribute reads one attribute and adds its values.
func (e *mispEvent) attribute(v *value, place string) {
	a := mispAttribute{toIDs: true}
	start := v.i
	if err := a.read(v); err != nil {
		e.set.problem(place, "", err.Error())
		v.i = start
		_ = v.skip() // the rest goes on where that is possible
		return
	}
	e.take(&a, place)
}

func (a *mispAttribute) read(v *value) error {
	return v.object(func(key string) (err error) {
		switch key {
		case "type":
			a.typ, err = v.optional()
		case "category":
			a.category, err = v.optional()
		case "value":
			a.value, err = anyText(v)
		case "comment":
			a.comment, err = v.optional()
		case "uuid":
			a.uuid, err = v.optional()
		case "to_ids":
			a.toIDs, err = truth(v)
		case "deleted":
			a.deleted, err = truth(v)
		case "timestamp":
			a.at, err = mispTime(v)
		case "first_seen":
			a.first, err = mispTime(v)
		case "Tag":
			return each(v, func() { a.tlp = max(a.tlp, parseTLP(member(v, "name"))) })
		case "Event":
			if v.next() == '{' {
				a.info = member(v, "info")
				return nil
			}
			return v.skip()
		default:
			return v.skip()
		}
		return err
	})
}

// anyText reads a string, or a number as it is written.
func anyText(v *value) (string, error) {
	if v.next() == '"' || v.null() {
		if v.next() != '"' {
			return "", nil
		}
		return v.text()
	}
	if s := v.scalar(); s != "" {
		return s, nil
	}
	return "", v.skip()
}

// truth reads true, false, "1" or "0".
func truth(v *value) (bool, error) {
	s, err := anyText(v)
	return s == "true" || s == "1", err
}

// mispTime reads seconds since 1970, or a time as text.
func mispTime(v *value) (time.Time, error) {
	s, err := anyText(v)
	if n, perr := strconv.ParseInt(s, 10, 64); perr == nil && n > 0 && n < 1<<33 {
		return time.Unix(n, 0).UTC(), err
	}
	return publishedTime(s), err
}

// take adds the values of one attribute.
func (e *mispEvent) take(a *mispAttribute, place string) {
	parts, known := mispKinds(a.typ, a.value)
	switch {
	case a.typ == "link" || a.typ == "url" && !a.toIDs && a.category == "External analysis":
		if len(e.references) < maxReferences {
			e.references = append(e.references, Reference{URL: strings.Clone(clip(a.value, maxDescription))})
		}
		return
	case !known:
		e.set.count(&e.set.unused, a.typ)
		return
	case !a.toIDs:
		e.set.count(&e.set.quiet, a.typ)
		return
	}
	from := a.first
	if from.IsZero() {
		from = a.at
	}
	about := e.aboutOf(a)
	for _, p := range parts {
		id := a.uuid
		if id == "" {
			id = place
		}
		if err := e.put(listing{id: id, kind: p.kind, value: p.value, from: from, revoked: a.deleted}, about); err != nil {
			e.set.problem(place, a.value, err.Error())
		}
	}
}

// aboutOf returns what attributes with the same words have in common.
func (e *mispEvent) aboutOf(a *mispAttribute) *about {
	key := fmt.Sprintf("%q %q %d", a.comment, a.info, a.tlp)
	if old, ok := e.abouts[key]; ok {
		return old
	}
	b := &about{set: e.set, description: strings.Clone(clip(a.comment, maxDescription)), tlp: a.tlp}
	if a.info != "" {
		b.threats = []string{strings.Clone(clip(a.info, maxName))}
	}
	if len(e.abouts) < maxThings {
		e.abouts[key] = b
	}
	return b
}

// close gives the event's own words to its attributes.
func (e *mispEvent) close() {
	threats := e.threats
	if info := strings.Clone(clip(e.info, maxName)); len(threats) == 0 && info != "" {
		threats = []string{info}
	}
	slices.Sort(threats)
	threats = slices.Compact(threats)
	for _, a := range e.abouts {
		a.tlp = max(a.tlp, e.tlp)
		a.references = e.references
		if len(a.threats) == 0 {
			a.threats = threats
		}
	}
	if e.info != "" {
		e.names = append(e.names, thing{name: strings.Clone(clip(e.info, maxName)), report: true, known: true})
	}
	switch org := strings.Clone(clip(e.org, maxName)); {
	case org == "" || e.set.Publisher == org:
	case e.set.Publisher == "":
		e.set.Publisher = org
	default:
		e.set.note("publishers", "also from %s", org)
	}
}
