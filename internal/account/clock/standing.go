package clock

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/account/term"
)

// Record is what was entered of a case.
type Record struct {
	Promises []Promise
	Requests []Request
	Answers  []Answer
}

func (r *Record) request(id string) *Request {
	i := slices.IndexFunc(r.Requests, func(q Request) bool { return q.ID == id })
	if i < 0 {
		return nil
	}
	return &r.Requests[i]
}

func (r *Record) promise(id string) *Promise {
	i := slices.IndexFunc(r.Promises, func(p Promise) bool { return p.ID == id })
	if i < 0 {
		return nil
	}
	return &r.Promises[i]
}

// States of requests and promises on a day.
const (
	Open      = "open"      // the term runs, or there is none
	Overdue   = "overdue"   // the term has passed without an answer
	Done      = "answered"  // or kept
	Refused   = "refused"   // or broken
	InAppeal  = "appealed"  // a decision is awaited
	PartWay   = "partial"   // something came, not all
	Disputed  = "disputed"  // entries contradict each other
	NotTermed = "no_term"   // no law and nobody named a day
	Settled   = "decided"   // the appeal was decided
	Undated   = "not_dated" // a term cannot be counted from what was entered
)

// Standing is how everything stands on a day.
type Standing struct {
	On             time.Time       `json:"on"`
	Silence        []Silence       `json:"silence"`
	Requests       []RequestState  `json:"requests"`
	Promises       []PromiseState  `json:"promises"`
	Contradictions []Contradiction `json:"contradictions"`
	Timeline       []Event         `json:"timeline"`
	Dates          []Date          `json:"dates"`
}

// RequestState is a request with what came of it.
type RequestState struct {
	Request
	State   string      `json:"state"`
	Part    bool        `json:"part,omitempty"` // something came, not all
	Count   *term.Count `json:"count,omitempty"`
	Ends    string      `json:"ends,omitempty"` // last day of the term
	Late    int         `json:"late,omitempty"` // days since Ends
	Left    int         `json:"left,omitempty"` // days until Ends
	Answers []Answer    `json:"answers"`
	Appeal  string      `json:"appeal,omitempty"` // last day on which one can appeal
	Problem string      `json:"problem,omitempty"`
}

// PromiseState is a promise with what came of it.
type PromiseState struct {
	Promise
	State   string   `json:"state"`
	Part    bool     `json:"part,omitempty"` // something came, not all
	Late    int      `json:"late,omitempty"`
	Age     int      `json:"age"` // days since it was made
	AtLeast bool     `json:"at_least,omitempty"`
	Answers []Answer `json:"answers"`
}

// Saying names the state in words: it is the end of an id of the catalogue.
// What is overdue and was answered in part says both.
func (s *RequestState) Saying() string { return saying(s.State, s.Part) }

// Saying is like that of a request; a promise is kept or broken where a request
// is answered or refused.
func (s *PromiseState) Saying() string {
	switch s.State {
	case Done:
		return Kept
	case Refused:
		return Broken
	}
	return saying(s.State, s.Part)
}

func saying(state string, part bool) string {
	if state == Overdue && part {
		return "overdue_in_part"
	}
	return state
}

// A Contradiction is what two entries cannot both be right about.
type Contradiction struct {
	Kind string   `json:"kind"`
	IDs  []string `json:"ids"`
	Text string   `json:"text,omitempty"`
}

// Kinds of contradictions.
const (
	KeptAndBroken = "kept_and_broken"
	TwoDays       = "two_days"       // one file number with two days
	LateExtension = "late_extension" // it came when the term had passed
	TwoVersions   = "two_versions"   // the same words promised on two days
)

// At counts how everything stands at the end of a day. What was entered of
// later days is left out. The order of entries does not matter.
func (r *Record) At(on time.Time, terms *term.Set) *Standing {
	s := &Standing{
		On: on, Silence: []Silence{}, Requests: []RequestState{}, Promises: []PromiseState{}, Contradictions: []Contradiction{},
		Timeline: []Event{}, Dates: []Date{},
	}
	known := r.until(on)
	for i := range known.Requests {
		s.Requests = append(s.Requests, known.requestAt(&known.Requests[i], on, terms))
	}
	for i := range known.Promises {
		s.Promises = append(s.Promises, known.promiseAt(&known.Promises[i], on))
	}
	s.Contradictions = append(s.Contradictions, known.contradictions(s)...)
	s.Silence = append(s.Silence, known.silence(on)...)
	s.Timeline = append(s.Timeline, known.timeline(s)...)
	s.Dates = append(s.Dates, s.dates()...)
	return s
}

// until returns what had happened by the end of a day, in order of time.
func (r *Record) until(on time.Time) *Record {
	out := &Record{}
	for _, p := range r.Promises {
		if d, err := span(p.Made); err == nil && !d.from.After(on) {
			out.Promises = append(out.Promises, p)
		}
	}
	for _, q := range r.Requests {
		if d, err := span(q.Sent); err == nil && !d.from.After(on) {
			out.Requests = append(out.Requests, q)
		}
	}
	for _, a := range r.Answers {
		if d, err := span(a.On); err == nil && !d.from.After(on) && r.belongs(a) {
			out.Answers = append(out.Answers, a)
		}
	}
	slices.SortFunc(out.Promises, func(a, b Promise) int { return cmp.Or(cmp.Compare(a.Made, b.Made), cmp.Compare(a.ID, b.ID)) })
	slices.SortFunc(out.Requests, func(a, b Request) int { return cmp.Or(cmp.Compare(a.Sent, b.Sent), cmp.Compare(a.ID, b.ID)) })
	slices.SortFunc(out.Answers, func(a, b Answer) int { return cmp.Or(cmp.Compare(a.On, b.On), cmp.Compare(a.ID, b.ID)) })
	return out
}

// Open returns what may be shown to everybody. Of an answer that is not public
// only its kind, day and authority are left, and only where it belongs to what
// is public, or ends a silence: so no clock runs longer than the truth.
func (r *Record) Open() *Record {
	out := &Record{}
	for _, p := range r.Promises {
		if p.Public {
			out.Promises = append(out.Promises, p)
		}
	}
	for _, q := range r.Requests {
		if q.Public {
			out.Requests = append(out.Requests, q)
		}
	}
	for _, a := range r.Answers {
		if !r.belongs(a) {
			continue
		}
		authority := r.authorityOf(a)
		known := a.To != "" && (out.request(a.To) != nil || out.promise(a.To) != nil)
		switch {
		case a.Public && (known || a.To == ""):
		case known:
			a = Answer{ID: a.ID, To: a.To, Kind: a.Kind, On: a.On, From: a.From, Until: a.Until, Days: a.Days, New: a.New}
		case a.New:
			a = Answer{ID: a.ID, Kind: Statement, On: a.On, New: true}
		default:
			continue
		}
		a.Authority = authority
		out.Answers = append(out.Answers, a)
	}
	return out
}

// belongs reports whether what an answer is to is there still: an entry that
// was withdrawn takes its answers with it.
func (r *Record) belongs(a Answer) bool {
	return a.To == "" || r.request(a.To) != nil || r.promise(a.To) != nil
}

func (r *Record) answersTo(id string) []Answer {
	out := []Answer{}
	for _, a := range r.Answers {
		if a.To == id {
			out = append(out, a)
		}
	}
	return out
}

// requestAt counts the term of a request and says how it stands.
func (r *Record) requestAt(q *Request, on time.Time, terms *term.Set) RequestState {
	s := RequestState{Request: *q, State: Open, Answers: r.answersTo(q.ID)}
	ends, err := s.ends(terms)
	switch {
	case err != nil:
		s.State, s.Problem = Undated, err.Error()
	case ends.IsZero():
		s.State = NotTermed
	default:
		s.Ends = ends.Format(time.DateOnly)
		if on.After(ends) {
			s.State, s.Late = Overdue, between(ends, on)
		} else {
			s.Left = between(on, ends)
		}
	}
	for _, a := range s.Answers {
		s.take(a, terms)
	}
	if s.State != Overdue && s.State != Open && s.State != PartWay { // the term runs on for the rest
		s.Late, s.Left = 0, 0
	}
	if s.State == InAppeal {
		s.decision(on, terms)
	}
	return s
}

// appealed is the answer that tells of the first appeal, nil where there is
// none.
func (s *RequestState) appealed() *Answer {
	i := slices.IndexFunc(s.Answers, func(a Answer) bool { return a.Kind == Appealed })
	if i < 0 {
		return nil
	}
	return &s.Answers[i]
}

// decision counts the term in which an appeal must be decided.
func (s *RequestState) decision(on time.Time, terms *term.Set) {
	a := s.appealed()
	d, err := span(a.On)
	if s.Term == nil || s.Term.Decision == nil || err != nil || !d.exact() {
		s.Ends, s.Count = "", nil
		return
	}
	c, err := s.Term.Decision.Count(d.from, s.rules(terms, true))
	if err != nil {
		s.Problem = err.Error()
		return
	}
	s.Count, s.Ends = &c, c.Due.Format(time.DateOnly)
	if on.After(c.Due) {
		s.Late = between(c.Due, on)
	} else {
		s.Left = between(on, c.Due)
	}
}

// rules gathers what moves a term: the extension that came before the appeal,
// or the one of the decision after it, and suspensions.
func (s *RequestState) rules(terms *term.Set, ofDecision bool) term.Rules {
	rules := term.Rules{Calendar: terms.Calendars[s.Term.Calendar]}
	appeal := s.appealed()
	for _, a := range s.Answers {
		switch a.Kind {
		case Extended:
			d, err := span(a.On)
			if after := appeal != nil && a.On >= appeal.On; err == nil && rules.Extension == nil && after == ofDecision {
				rules.Extension = &term.Extension{On: d.from, Days: a.Days}
			}
		case Suspended:
			from, err1 := span(a.From)
			until, err2 := span(a.Until)
			if err1 == nil && err2 == nil {
				rules.Closures = append(rules.Closures, term.Closure{From: from.from, To: until.to})
			}
		}
	}
	return rules
}

// take moves the state by one answer.
func (s *RequestState) take(a Answer, terms *term.Set) {
	switch a.Kind {
	case Answered, Deed:
		s.State = Done
	case Refusal:
		s.State = Refused
	case Appealed:
		s.State, s.Appeal = InAppeal, ""
	case Decided:
		s.State = Settled
	case Partial:
		if s.Part = true; s.State != Overdue {
			s.State = PartWay
		}
	}
	if s.Term == nil || s.Term.Appeal == nil || (a.Kind != Answered && a.Kind != Refusal && a.Kind != Partial) {
		return
	}
	d, err := span(a.On)
	if err != nil || !d.exact() {
		return // the day of the notification is not known: no term is told
	}
	if c, err := s.Term.Appeal.Count(d.from, term.Rules{Calendar: terms.Calendars[s.Term.Calendar], Ours: true}); err == nil {
		s.Appeal = c.Due.Format(time.DateOnly)
	}
}

// ends returns the last day of the term, zero where there is none.
func (s *RequestState) ends(terms *term.Set) (time.Time, error) {
	if s.Due != "" {
		return term.ParseDay(s.Due, time.UTC)
	}
	if s.Term == nil {
		return time.Time{}, nil
	}
	sent, err := term.ParseDay(s.Sent, time.UTC)
	if err != nil {
		return sent, err
	}
	c, err := s.Term.Count(sent, s.rules(terms, false))
	if err != nil {
		return time.Time{}, err
	}
	s.Count = &c
	return c.Due, nil
}

func (r *Record) promiseAt(p *Promise, on time.Time) PromiseState {
	s := PromiseState{Promise: *p, State: Open, Answers: r.answersTo(p.ID)}
	if made, err := span(p.Made); err == nil {
		// From the end of an inexact day: never more than is known.
		s.Age, s.AtLeast = between(minDay(made.to, on), on), !made.exact()
	}
	if due, err := span(p.Due); p.Due != "" && err == nil && on.After(due.to) {
		s.State, s.Late = Overdue, between(due.to, on)
	}
	for _, a := range s.Answers {
		switch a.Kind {
		case Kept, Answered:
			s.State = later(s.State, Done, Refused)
		case Broken, Refusal:
			s.State = later(s.State, Refused, Done)
		case Partial, Deed:
			if s.Part = true; s.State == Open {
				s.State = PartWay
			}
		}
	}
	if s.State == Done {
		s.Late = 0
	}
	return s
}

// later returns the next state, or that the two are at odds.
func later(now, next, opposite string) string {
	if now == opposite || now == Disputed {
		return Disputed
	}
	return next
}

// contradictions finds entries that cannot both be right.
func (r *Record) contradictions(s *Standing) []Contradiction {
	var out []Contradiction
	for i := range s.Promises {
		if p := &s.Promises[i]; p.State == Disputed {
			ids := []string{p.ID}
			for _, a := range p.Answers {
				if slices.Contains([]string{Kept, Broken, Answered, Refusal}, a.Kind) {
					ids = append(ids, a.ID)
				}
			}
			out = append(out, Contradiction{Kind: KeptAndBroken, IDs: ids})
		}
	}
	for i := range s.Requests {
		if q := &s.Requests[i]; q.Count != nil && q.Count.Late {
			out = append(out, Contradiction{Kind: LateExtension, IDs: []string{q.ID}, Text: q.Ends})
		}
	}
	requests := map[string]*Request{}
	for i := range r.Requests {
		q := &r.Requests[i]
		key := fold(q.Authority) + "\x00" + q.Reference
		if old := requests[key]; q.Reference != "" && old != nil && old.Sent != q.Sent {
			out = append(out, Contradiction{Kind: TwoDays, IDs: []string{old.ID, q.ID}, Text: q.Reference})
		}
		requests[key] = q
	}
	promises := map[string]*Promise{}
	for i := range r.Promises {
		p := &r.Promises[i]
		key := fold(p.Authority) + "\x00" + fold(p.Words)
		if old := promises[key]; old != nil && old.Made != p.Made {
			out = append(out, Contradiction{Kind: TwoVersions, IDs: []string{old.ID, p.ID}, Text: fmt.Sprintf("%s, %s", old.Made, p.Made)})
		}
		promises[key] = p
	}
	return out
}

// fold makes names comparable: case and runs of blanks do not matter.
func fold(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }

// between counts days.
func between(from, to time.Time) int { return int(to.Sub(from).Hours() / 24) }

func minDay(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
