// Package term counts the time in which an authority must answer: business
// days of its country, extensions, suspensions. Laws, terms and calendars are
// data (terms.yaml, and a file of a team's own); the arithmetic of holidays is
// that of a library.
//
// Start with Load and Set.For, then Term.Count. A count says how it came to
// its day, so that it can be checked with a calendar on the wall.
package term

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/amparo-project/amparo/internal/limit"
)

//go:embed terms.yaml
var builtIn []byte

// Units in which a term is counted.
const (
	Business = "business" // days on which the authority works
	Days     = "days"     // of the calendar
	Months   = "months"
)

// ErrUnknown says that no term has that name, or none fits.
var ErrUnknown = errors.New("no such term")

// A Term is how long an authority has, by which law.
type Term struct {
	ID       string `yaml:"id" json:"id"`
	Calendar string `yaml:"calendar" json:"calendar,omitempty"` // "" where only days are counted
	Request  string `yaml:"request" json:"request"`             // kind of request
	Name     Text   `yaml:"name" json:"name"`
	From     string `yaml:"from" json:"from"`             // first day on which the law held
	Until    string `yaml:"until" json:"until,omitempty"` // last one
	Span     `yaml:",inline"`
	Appeal   *Span `yaml:"appeal" json:"appeal,omitempty"`     // in which a person may appeal
	Decision *Span `yaml:"decision" json:"decision,omitempty"` // in which the appeal must be decided
}

// A Span is a length of time by a law.
type Span struct {
	Days      int    `yaml:"days" json:"days"`                     // in Unit
	Unit      string `yaml:"unit" json:"unit,omitempty"`           // "": Business
	Extension int    `yaml:"extension" json:"extension,omitempty"` // by which it may be extended once, in Unit
	Law       string `yaml:"law" json:"law"`
}

// Set is all terms and calendars that are known.
type Set struct {
	Calendars map[string]*Calendar `yaml:"calendars"`
	Terms     []Term               `yaml:"terms"`
}

// maxFile bounds a file of terms in bytes.
const maxFile = 1 << 20

// Load returns the built-in terms, and those of a team's own file where own is
// not nil. A term or calendar of an own file stands in place of one with the
// same name.
func Load(own []byte) (*Set, error) {
	s, err := parse(builtIn)
	if err != nil {
		return nil, err
	}
	if own == nil {
		return s, s.check()
	}
	mine, err := parse(own)
	if err != nil {
		return nil, err
	}
	maps.Copy(s.Calendars, mine.Calendars)
	for i := range mine.Terms {
		t := mine.Terms[i]
		s.Terms = slices.DeleteFunc(s.Terms, func(old Term) bool { return old.ID == t.ID })
		s.Terms = append(s.Terms, t)
	}
	return s, s.check()
}

func parse(data []byte) (*Set, error) {
	if len(data) > maxFile {
		return nil, limit.Because(fmt.Errorf("terms: more than %d bytes", maxFile), "size", "Most", maxFile)
	}
	s := &Set{Calendars: map[string]*Calendar{}}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(s); err != nil {
		return nil, fmt.Errorf("terms: %w", err)
	}
	for _, id := range slices.Sorted(maps.Keys(s.Calendars)) {
		c := s.Calendars[id]
		if c == nil {
			return nil, limit.At(limit.Because(fmt.Errorf("terms: calendar %s is empty", id), "calendar_empty", "Name", id), "calendars", id)
		}
		if err := c.build(id); err != nil {
			return nil, limit.At(fmt.Errorf("terms: %w", err), "calendars", id)
		}
	}
	for i := range s.Terms {
		t := &s.Terms[i]
		if err := t.complete(i); err != nil {
			return nil, limit.At(err, "terms", i)
		}
	}
	return s, nil
}

// complete holds a term of a file, counted from 0, to what every one has.
func (t *Term) complete(i int) error {
	_, from := time.Parse(time.DateOnly, t.From)
	_, until := time.Parse(time.DateOnly, t.Until)
	switch {
	case t.ID == "" || t.Request == "" || t.Law == "" || from != nil:
		err := fmt.Errorf("terms: term %d (%s): id, request, law and from are needed", i+1, t.ID)
		return limit.Because(err, "term_needs", "Name", t.ID)
	case t.Until != "" && until != nil:
		err := fmt.Errorf("terms: term %d (%s): until is no day: %q", i+1, t.ID, t.Until)
		return limit.At(limit.Because(err, "term_until", "Name", t.ID, "Value", t.Until), "until")
	}
	return nil
}

// check holds each term to what counting needs.
func (s *Set) check() error {
	for i := range s.Terms {
		t := &s.Terms[i]
		if t.unit() == Business && s.Calendars[t.Calendar] == nil {
			err := fmt.Errorf("terms: term %s: no calendar %q", t.ID, t.Calendar)
			return limit.At(limit.Because(err, "calendar", "Name", t.ID, "Value", t.Calendar), "terms", t.ID, "calendar")
		}
		for _, part := range []struct {
			key string // in the term; "": the term itself
			*Span
		}{{"", &t.Span}, {"appeal", t.Appeal}, {"decision", t.Decision}} {
			if err := part.check(t.ID); err != nil {
				return limit.At(err, "terms", t.ID, part.key)
			}
		}
	}
	return nil
}

// check holds a span of a term to what can be counted.
func (s *Span) check(term string) error {
	if s == nil || s.Days >= 1 && s.Days <= maxSpan && s.Extension >= 0 && s.Extension <= maxSpan &&
		slices.Contains([]string{Business, Days, Months}, s.unit()) {
		return nil
	}
	err := fmt.Errorf("terms: term %s: %d %s, extension %d", term, s.Days, s.unit(), s.Extension)
	return limit.Because(err, "span", "Name", term, "Days", s.Days, "Unit", s.unit(), "Extension", s.Extension, "Most", maxSpan)
}

// maxSpan bounds a span, and what it is extended by, in its unit.
const maxSpan = 3650

func (s *Span) unit() string {
	if s.Unit == "" {
		return Business
	}
	return s.Unit
}

// Counted is the unit that the span is counted in.
func (s *Span) Counted() string { return s.unit() }

// Term returns the term of a name that held on a day. The error wraps
// ErrUnknown.
func (s *Set) Term(id string, day time.Time) (Term, error) {
	for i := range s.Terms {
		if t := &s.Terms[i]; t.ID == id {
			if !t.held(day) {
				return Term{}, fmt.Errorf("%w: %s held from %s to %s, not on %s", ErrUnknown, id, t.From, t.Until, day.Format(time.DateOnly))
			}
			return *t, nil
		}
	}
	return Term{}, fmt.Errorf("%w: %s", ErrUnknown, id)
}

// For returns the term of a kind of request in a country that held on a day.
func (s *Set) For(request, calendar string, day time.Time) (Term, bool) {
	for i := range s.Terms {
		if t := &s.Terms[i]; t.Request == request && (t.Calendar == calendar || t.Calendar == "") && t.held(day) {
			return *t, true
		}
	}
	return Term{}, false
}

func (t *Term) held(day time.Time) bool {
	d := day.Format(time.DateOnly)
	return t.From <= d && (t.Until == "" || d <= t.Until)
}
