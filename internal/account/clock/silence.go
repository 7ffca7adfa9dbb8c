package clock

import (
	"cmp"
	"slices"
	"time"

	"github.com/amparo-project/amparo/internal/account"
)

// Silence is how long an authority has given nothing new.
type Silence struct {
	Authority string `json:"authority"`
	Days      int    `json:"days"`
	AtLeast   bool   `json:"at_least,omitempty"` // the day it is counted from is known by its month or year only
	Since     string `json:"since"`
	// Never says that the authority gave nothing since the promise or request
	// that it is counted from.
	Never bool   `json:"never"`
	From  string `json:"from"` // the entry that it is counted from
	// Open is how many promises and requests wait for it.
	Open int `json:"open"`
}

// silence counts from the last entry of each authority that gave new
// information, or else from the first promise or request. An authority that
// owes nothing has no clock.
func (r *Record) silence(on time.Time) []Silence {
	byName := map[string]*Silence{}
	get := func(name string) *Silence {
		s := byName[fold(name)]
		if s == nil {
			s = &Silence{Authority: name, Never: true}
			byName[fold(name)] = s
		}
		return s
	}
	start := func(name, id, day string) {
		s := get(name)
		s.Open++
		if s.Since == "" || day < s.Since {
			s.Since, s.From = day, id
		}
	}
	for _, p := range r.Promises {
		start(p.Authority, p.ID, p.Made)
	}
	for _, q := range r.Requests {
		start(q.Authority, q.ID, q.Sent)
	}
	for _, a := range r.Answers {
		if !a.New {
			continue
		}
		s := byName[fold(r.authorityOf(a))]
		// What came before the first promise or request ended no silence.
		if s == nil || newer(s.Since, a.On) {
			continue
		}
		s.Since, s.From, s.Never = a.On, a.ID, false
	}
	var out []Silence
	for _, s := range byName {
		if d, err := span(s.Since); err == nil {
			s.Days, s.AtLeast = between(minDay(d.to, on), on), !d.exact()
			out = append(out, *s)
		}
	}
	slices.SortFunc(out, func(a, b Silence) int {
		return cmp.Or(cmp.Compare(b.Days, a.Days), cmp.Compare(a.Authority, b.Authority))
	})
	return out
}

// newer reports whether day a ends after day b.
func newer(a, b string) bool {
	x, err1 := span(a)
	y, err2 := span(b)
	return err1 == nil && err2 == nil && x.to.After(y.to)
}

// authorityOf is who gave an answer: the one that was asked, where no other is
// named.
func (r *Record) authorityOf(a Answer) string {
	if a.Authority != "" {
		return a.Authority
	}
	if q := r.request(a.To); q != nil {
		return q.Authority
	}
	if p := r.promise(a.To); p != nil {
		return p.Authority
	}
	return ""
}

// An Event is a line of the timeline.
type Event struct {
	Day       string           `json:"day"` // as it was entered
	Kind      string           `json:"kind"`
	Authority string           `json:"authority"`
	ID        string           `json:"id"`
	To        string           `json:"to,omitempty"`
	Text      string           `json:"text,omitempty"`
	Side      string           `json:"side"` // Asked: of the people who ask; Given: of the authority
	Public    bool             `json:"public,omitempty"`
	Sources   []account.Source `json:"sources,omitempty"`
}

// Kinds of events that are no kind of answer.
const (
	Promised    = "promise"
	Requested   = "request"
	TermPassed  = "term_passed"
	RestOverdue = "term_passed_in_part" // the term passed, and only a part had come
)

// Sides of the timeline.
const (
	Asked = "asked"
	Given = "given"
)

// timeline lists everything by day.
func (r *Record) timeline(s *Standing) []Event {
	var out []Event
	for _, p := range r.Promises {
		out = append(out, Event{Day: p.Made, Kind: Promised, Authority: p.Authority, ID: p.ID, Text: p.Words, Side: Given, Public: p.Public, Sources: []account.Source{p.Source}})
	}
	for i := range s.Requests {
		q := &s.Requests[i]
		out = append(out, Event{Day: q.Sent, Kind: Requested, Authority: q.Authority, ID: q.ID, Text: q.Subject, Side: Asked, Public: q.Public, Sources: []account.Source{q.Source}})
		if q.State == Overdue {
			out = append(out, Event{Day: q.Ends, Kind: q.passed(), Authority: q.Authority, ID: q.ID, To: q.ID, Text: q.Subject, Side: Given, Public: q.Public})
		}
	}
	for _, a := range r.Answers {
		side := Given
		if a.Kind == Appealed {
			side = Asked
		}
		out = append(out, Event{
			Day: a.On, Kind: a.Kind, Authority: r.authorityOf(a), ID: a.ID, To: a.To, Text: a.Text, Side: side,
			Public: a.Public && r.openly(a.To), Sources: []account.Source{a.Source},
		})
	}
	slices.SortStableFunc(out, func(a, b Event) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Kind, b.Kind))
	})
	return out
}

// passed is the kind of event of a term that passed.
func (s *RequestState) passed() string {
	for _, a := range s.Answers {
		if d, err := span(a.On); a.Kind == Partial && err == nil && d.to.Format(time.DateOnly) <= s.Ends {
			return RestOverdue
		}
	}
	return TermPassed
}

// openly reports whether what an answer belongs to may be shown.
func (r *Record) openly(to string) bool {
	if q := r.request(to); q != nil {
		return q.Public
	}
	if p := r.promise(to); p != nil {
		return p.Public
	}
	return to == ""
}

// A Date is a day to remember.
type Date struct {
	Day  string `json:"day"`
	Kind string `json:"kind"`
	ID   string `json:"id"` // of the request or promise
	Who  string `json:"who"`
	What string `json:"what"`
}

// Kinds of dates.
const (
	AnswerDue   = "answer_due"
	AppealDue   = "appeal_due"
	PromiseDue  = "promise_due"
	DecisionDue = "decision_due" // on an appeal
)

// dates lists the days on which something ends, in order.
func (s *Standing) dates() []Date {
	var out []Date
	for i := range s.Requests {
		q := &s.Requests[i]
		if q.Ends != "" && (q.State == Open || q.State == Overdue || q.State == PartWay) {
			out = append(out, Date{Day: q.Ends, Kind: AnswerDue, ID: q.ID, Who: q.Authority, What: q.Subject})
		}
		if q.Ends != "" && q.State == InAppeal {
			out = append(out, Date{Day: q.Ends, Kind: DecisionDue, ID: q.ID, Who: q.Authority, What: q.Subject})
		}
		if q.Appeal >= s.On.Format(time.DateOnly) { // who is too late need not be reminded
			out = append(out, Date{Day: q.Appeal, Kind: AppealDue, ID: q.ID, Who: q.Authority, What: q.Subject})
		}
	}
	for i := range s.Promises {
		p := &s.Promises[i]
		if d, err := span(p.Due); p.Due != "" && err == nil && p.State != Done {
			out = append(out, Date{Day: d.to.Format(time.DateOnly), Kind: PromiseDue, ID: p.ID, Who: p.Authority, What: p.Words})
		}
	}
	slices.SortFunc(out, func(a, b Date) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Kind, b.Kind))
	})
	return out
}
