// Package clock holds what authorities promised and were asked against what
// they did, and counts their silence: the days since one last gave any new
// information.
//
// Start with Record.At, which is a pure function of what was entered, the
// terms of the law and a day. It states dates and sources; it judges nobody.
package clock

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/account/term"
)

// A Document is a file that belongs to an entry: its hash is kept, not the file.
type Document struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"` // bytes
	Public bool   `json:"public,omitempty"`
}

// A Promise is what an authority said that it would do.
type Promise struct {
	ID        string         `json:"id"`
	Authority string         `json:"authority"`
	By        string         `json:"by,omitempty"` // who spoke for it
	Made      string         `json:"made"`         // a day, a month or a year
	Due       string         `json:"due,omitempty"`
	Words     string         `json:"words"`          // as they were said
	Lang      string         `json:"lang,omitempty"` // of Words, BCP 47
	Source    account.Source `json:"source"`
	Documents []Document     `json:"documents,omitempty"`
	Public    bool           `json:"public,omitempty"`
}

// Kinds of requests.
const (
	Access        = "access"        // to information
	Petition      = "petition"      // to an agency
	Complaint     = "complaint"     // criminal
	Precautionary = "precautionary" // measure asked of a court or commission
	Congress      = "congress"      // a letter of members of a congress
	UN            = "un"            // a communication of or to a UN procedure
)

// RequestKinds lists them all.
var RequestKinds = []string{Access, Petition, Complaint, Precautionary, Congress, UN}

// A Request is what an authority was asked for.
type Request struct {
	ID        string         `json:"id"`
	Kind      string         `json:"kind"`
	Authority string         `json:"authority"`
	Sent      string         `json:"sent"` // the day on which it was received
	Subject   string         `json:"subject"`
	Reference string         `json:"reference,omitempty"` // file number
	Term      *term.Term     `json:"term,omitempty"`      // of the law, as it was then
	Due       string         `json:"due,omitempty"`       // a day that the request or the authority named
	Source    account.Source `json:"source"`
	Documents []Document     `json:"documents,omitempty"`
	Public    bool           `json:"public,omitempty"`
}

// Kinds of answers and deeds.
const (
	Answered     = "answer"
	Partial      = "partial"
	Refusal      = "refusal"
	Acknowledged = "acknowledgement"
	Extended     = "extension"
	Suspended    = "suspension"
	Appealed     = "appeal"
	Decided      = "decision"
	Deed         = "deed"
	Kept         = "kept"
	Broken       = "broken"
	Statement    = "statement"
)

// AnswerKinds lists them all.
var AnswerKinds = []string{Answered, Partial, Refusal, Acknowledged, Extended, Suspended, Appealed, Decided, Deed, Kept, Broken, Statement}

// An Answer is what came of a request or a promise, or what an authority said
// or did of itself.
type Answer struct {
	ID        string         `json:"id"`
	To        string         `json:"to,omitempty"` // the request or promise
	Authority string         `json:"authority,omitempty"`
	Kind      string         `json:"kind"`
	On        string         `json:"on"`
	From      string         `json:"from,omitempty"`  // of a suspension: its first day
	Until     string         `json:"until,omitempty"` // its last one
	Days      int            `json:"days,omitempty"`  // of an extension; 0: all that the law gives
	Text      string         `json:"text"`
	New       bool           `json:"new"` // it gave new information: the silence ends
	Source    account.Source `json:"source"`
	Documents []Document     `json:"documents,omitempty"`
	Public    bool           `json:"public,omitempty"`
}

// Kinds of the entries that hold these.
const (
	KindPromise = "promise"
	KindRequest = "request"
	KindAnswer  = "answer"
)

// maxText bounds a text in bytes.
const maxText = 16 << 10

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{account.ErrInvalid}, args...)...)
}

// Valid reports what a promise lacks.
func (p *Promise) Valid(today time.Time) error {
	if err := texts("authority", p.Authority, "words of the promise", p.Words); err != nil {
		return err
	}
	made, err := span(p.Made)
	if err != nil {
		return fmt.Errorf("day of the promise: %w", err)
	}
	if made.from.After(today) {
		return invalid("the promise is of %s, which has not come yet", p.Made)
	}
	if p.Due != "" {
		due, err := span(p.Due)
		if err != nil {
			return fmt.Errorf("day for which it was promised: %w", err)
		}
		if due.to.Before(made.from) {
			return invalid("it was promised on %s for %s, which was before: one of the two is wrong", p.Made, p.Due)
		}
	}
	return p.Source.Validate()
}

// Valid reports what a request lacks.
func (r *Request) Valid(today time.Time) error {
	if err := texts("authority", r.Authority, "subject", r.Subject); err != nil {
		return err
	}
	if !slices.Contains(RequestKinds, r.Kind) {
		return invalid("kind %q is none of %s", r.Kind, strings.Join(RequestKinds, ", "))
	}
	sent, err := term.ParseDay(r.Sent, time.UTC)
	if err != nil {
		return fmt.Errorf("day of the request: %w", err)
	}
	if sent.After(today) {
		return invalid("the request is of %s, which has not come yet", r.Sent)
	}
	if r.Due != "" {
		due, err := term.ParseDay(r.Due, time.UTC)
		if err != nil {
			return fmt.Errorf("day by which it was to be answered: %w", err)
		}
		if due.Before(sent) {
			return invalid("it was to be answered by %s and was sent on %s: one of the two is wrong", r.Due, r.Sent)
		}
	}
	return r.Source.Validate()
}

// Valid reports what an answer lacks, and what of it contradicts what it
// answers.
func (a *Answer) Valid(today time.Time, rec *Record) error {
	if !slices.Contains(AnswerKinds, a.Kind) {
		return invalid("kind %q is none of %s", a.Kind, strings.Join(AnswerKinds, ", "))
	}
	if err := texts("text", a.Text); err != nil {
		return err
	}
	on, err := span(a.On)
	if err != nil {
		return fmt.Errorf("day of the answer: %w", err)
	}
	if on.from.After(today) {
		return invalid("the answer is of %s, which has not come yet", a.On)
	}
	if err := errors.Join(a.fits(rec, on), a.spans(on)); err != nil {
		return err
	}
	return a.Source.Validate()
}

// fits holds the answer against what it is an answer to.
func (a *Answer) fits(rec *Record, on days) error {
	if a.To == "" {
		return texts("authority", a.Authority)
	}
	if r := rec.request(a.To); r != nil {
		if sent, err := span(r.Sent); err == nil && on.to.Before(sent.from) {
			return invalid("an answer of %s to request %s of %s: one of the days is wrong", a.On, r.ID, r.Sent)
		}
		return nil
	}
	p := rec.promise(a.To)
	if p == nil {
		return invalid("%s is no promise and no request of this case", a.To)
	}
	if made, err := span(p.Made); err == nil && on.to.Before(made.from) {
		return invalid("%s of %s on promise %s of %s: one of the days is wrong", a.Kind, a.On, p.ID, p.Made)
	}
	if slices.Contains([]string{Extended, Suspended, Appealed, Decided}, a.Kind) {
		return invalid("%s is of a request, and %s is a promise", a.Kind, a.To)
	}
	return nil
}

func (a *Answer) spans(on days) error {
	if a.Kind == Extended && on.from != on.to {
		return fmt.Errorf("day of the extension: %w: %q has no day, and the day decides whether it came in time", term.ErrDay, a.On)
	}
	if a.Kind != Suspended {
		return nil
	}
	from, err1 := term.ParseDay(a.From, time.UTC)
	until, err2 := term.ParseDay(a.Until, time.UTC)
	if err := errors.Join(err1, err2); err != nil {
		return fmt.Errorf("days of the suspension: %w", err)
	}
	if until.Before(from) {
		return invalid("a suspension from %s until %s", a.From, a.Until)
	}
	return nil
}

func texts(pairs ...string) error {
	for i := 0; i+1 < len(pairs); i += 2 {
		if s := pairs[i+1]; strings.TrimSpace(s) == "" || len(s) > maxText {
			return invalid("%s: between 1 and %d bytes", pairs[i], maxText)
		}
	}
	return nil
}

// days is a span of days: where a source gives only the month, all of it.
type days struct{ from, to time.Time }

// exact reports whether it is one day.
func (d days) exact() bool { return d.from.Equal(d.to) }

// span reads a day, a month or a year.
func span(text string) (days, error) {
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return days{t, t}, nil
	}
	if t, err := time.Parse("2006-01", text); err == nil {
		return days{t, t.AddDate(0, 1, -1)}, nil
	}
	if t, err := time.Parse("2006", text); err == nil {
		return days{t, t.AddDate(1, 0, -1)}, nil
	}
	t, err := term.ParseDay(text, time.UTC)
	return days{t, t}, err
}
