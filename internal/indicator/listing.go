package indicator

import (
	"fmt"
	"strings"
	"time"
)

// A listing is one value of a form that has no patterns.
type listing struct {
	id      string // "" for that of its line
	line    int
	kind    kind
	value   string
	from    time.Time
	until   time.Time
	revoked bool
}

// put adds a listed value, and reports why it cannot be one.
func (l *loader) put(e listing, a *about) error {
	if l.set.total >= maxIndicators {
		l.set.note("too many indicators", "more than %d", maxIndicators)
		return nil
	}
	if len(e.value) > maxPattern {
		return fmt.Errorf("a value of %d bytes, at most %d are read", len(e.value), maxPattern)
	}
	t, err := typed(e.kind, e.value)
	if err != nil {
		return err
	}
	o := &l.object
	o.clear()
	o.validFrom, o.validUntil, o.revoked = e.from, e.until, e.revoked
	var k [16]byte
	if e.id == "" {
		k, o.flags = numbered(e.line), lineID
	} else {
		k = l.bareKey(e.id, o)
	}
	l.addTerms(o, k, []term{t}, a)
	return nil
}

// bareKey keeps an identifier that is a UUID, with or without a word before it
// (":indicator-5820…"), or any other one.
func (l *loader) bareKey(id string, o *object) [16]byte {
	if len(id) >= 36 {
		if uuid, ok := parseUUID(strings.ToLower(id[len(id)-36:])); ok {
			o.flags |= bareID
			return uuid
		}
	}
	o.flags |= oddID
	return l.key(id)
}

// aboutFor returns what listings with the same words have in common.
func (l *loader) aboutFor(key string, fill func(*about)) *about {
	if a, ok := l.plain[key]; ok {
		return a
	}
	if len(l.plain) >= maxThings {
		return l.nothing
	}
	a := &about{set: l.set}
	fill(a)
	l.plain[strings.Clone(key)] = a
	return a
}

// publishedTime reads a time as publishers write them; zero if it is none.
func publishedTime(s string) time.Time {
	s = strings.TrimSpace(s)
	if len(s) < 8 || len(s) > 40 {
		return time.Time{}
	}
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

var timeLayouts = [...]string{
	time.RFC3339, time.DateOnly, "2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04:05 MST", "20060102", "2006/01/02",
	"January 2, 2006", "2 January 2006", "02.01.2006",
}
