// Package docket keeps promises, requests and answers as entries of a case in
// the workspace: what is added is checked first against what is there.
package docket

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/amparo-project/amparo/internal/account/clock"
	"github.com/amparo-project/amparo/internal/account/notice"
	"github.com/amparo-project/amparo/internal/account/outbox"
	"github.com/amparo-project/amparo/internal/account/term"
	"github.com/amparo-project/amparo/internal/workspace"
)

// Store is what a docket needs of a workspace.
type Store interface {
	PutEntry(ctx context.Context, e workspace.Entry) (workspace.Entry, error)
	AllEntries(ctx context.Context, caseID, kind string) ([]workspace.Entry, error)
}

// Docket is that of one case.
type Docket struct {
	Store Store
	Case  string
	Terms *term.Set
	Today time.Time // a day
}

// Load reads everything. Known has the day on which each answer was entered.
func (d *Docket) Load(ctx context.Context) (r *clock.Record, known map[string]string, err error) {
	r, known = &clock.Record{}, map[string]string{}
	err = each(ctx, d, clock.KindPromise, func(e workspace.Entry, p clock.Promise) {
		p.ID = e.ID
		r.Promises = append(r.Promises, p)
	})
	if err != nil {
		return nil, nil, err
	}
	err = each(ctx, d, clock.KindRequest, func(e workspace.Entry, q clock.Request) {
		q.ID = e.ID
		r.Requests = append(r.Requests, q)
	})
	if err != nil {
		return nil, nil, err
	}
	err = each(ctx, d, clock.KindAnswer, func(e workspace.Entry, a clock.Answer) {
		a.ID, known[e.ID] = e.ID, e.Created[:len(time.DateOnly)]
		r.Answers = append(r.Answers, a)
	})
	return r, known, err
}

func each[T any](ctx context.Context, d *Docket, kind string, take func(workspace.Entry, T)) error {
	list, err := d.Store.AllEntries(ctx, d.Case, kind)
	if err != nil {
		return err
	}
	for _, e := range list {
		var v T
		if err := json.Unmarshal(e.Body, &v); err != nil {
			return fmt.Errorf("entry %s: %w", e.ID, err)
		}
		take(e, v)
	}
	return nil
}

func (d *Docket) put(ctx context.Context, kind, act string, v any) (string, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	e, err := d.Store.PutEntry(ctx, workspace.Entry{Case: d.Case, Kind: kind, Body: body, Act: act})
	return e.ID, err
}

// AddPromise records a promise.
func (d *Docket) AddPromise(ctx context.Context, p clock.Promise) (clock.Promise, error) {
	if err := p.Valid(d.Today); err != nil {
		return p, err
	}
	p.ID = ""
	id, err := d.put(ctx, clock.KindPromise, "promise.recorded", p)
	p.ID = id
	return p, err
}

// AddRequest records a request. termID names its term; "" takes that of the
// law of the country for the kind, where there is one; "none" takes none.
func (d *Docket) AddRequest(ctx context.Context, q clock.Request, country, termID string) (clock.Request, error) {
	zone := time.UTC
	if c := d.Terms.Calendars[country]; c != nil {
		zone = c.Zone()
	} else if country != "" {
		return q, fmt.Errorf("%w: country %q has no calendar here", term.ErrUnknown, country)
	}
	sent, err := term.ParseDay(q.Sent, zone)
	if err != nil {
		return q, fmt.Errorf("day of the request: %w", err)
	}
	q.Sent = sent.Format(time.DateOnly)
	switch termID {
	case "none":
	case "":
		if t, ok := d.Terms.For(q.Kind, country, sent); ok {
			q.Term = &t
		}
	default:
		t, err := d.Terms.Term(termID, sent)
		if err != nil {
			return q, err
		}
		q.Term = &t
	}
	if err := q.Valid(d.Today); err != nil {
		return q, err
	}
	q.ID = ""
	q.ID, err = d.put(ctx, clock.KindRequest, "request.recorded", q)
	return q, err
}

// AddAnswer records an answer, a deed, an extension, an appeal.
func (d *Docket) AddAnswer(ctx context.Context, a clock.Answer) (clock.Answer, error) {
	r, _, err := d.Load(ctx)
	if err != nil {
		return a, err
	}
	if err := a.Valid(d.Today, r); err != nil {
		return a, err
	}
	a.ID = ""
	a.ID, err = d.put(ctx, clock.KindAnswer, "answer.recorded", a)
	return a, err
}

// answers are the kinds of answers of which people are told.
var answers = map[string]bool{
	clock.Answered: true, clock.Partial: true, clock.Refusal: true, clock.Decided: true, clock.Deed: true, clock.Kept: true, clock.Broken: true, clock.Statement: true,
}

// Happenings lists what came of the account that people may have asked to be
// told: answers, and terms that passed.
func Happenings(s *clock.Standing, known map[string]string) []outbox.Happening {
	var out []outbox.Happening
	for _, e := range s.Timeline {
		switch {
		case answers[e.Kind]:
			out = append(out, outbox.Happening{Event: notice.Event{Kind: notice.AnswerReceived, ID: e.ID, Day: e.Day, Who: e.Authority}, Known: known[e.ID]})
		case e.Kind == clock.TermPassed, e.Kind == clock.RestOverdue:
			out = append(out, outbox.Happening{Event: notice.Event{Kind: notice.TermPassed, ID: e.ID, Day: e.Day, Who: e.Authority}, Known: e.Day})
		}
	}
	return out
}

// Evidence is what Findings needs of a workspace.
type Evidence interface {
	Findings(ctx context.Context, by workspace.FindingFilter, p workspace.Page) (workspace.List[workspace.Finding], error)
	Run(ctx context.Context, id string) (workspace.Run, error)
	Evidences(ctx context.Context, caseID, device string, p workspace.Page) (workspace.List[workspace.Evidence], error)
	Devices(ctx context.Context, caseID, person string, p workspace.Page) (workspace.List[workspace.Device], error)
}

// Findings lists the findings of a case that were confirmed, each for the
// person whose phone it is of.
func Findings(ctx context.Context, w Evidence, caseID string) ([]outbox.Happening, error) {
	owner, err := owners(ctx, w, caseID)
	if err != nil {
		return nil, err
	}
	var out []outbox.Happening
	runs := map[string]string{}
	for p := (workspace.Page{Limit: workspace.MaxLimit}); ; {
		l, err := w.Findings(ctx, workspace.FindingFilter{Case: caseID, State: workspace.Confirmed}, p)
		if err != nil {
			return nil, err
		}
		for i := range l.Items {
			f := &l.Items[i]
			if runs[f.Run] == "" {
				r, err := w.Run(ctx, f.Run)
				if err != nil {
					return nil, err
				}
				runs[f.Run] = r.Evidence
			}
			day := f.Decided[:min(len(f.Decided), len(time.DateOnly))]
			out = append(out, outbox.Happening{
				Event: notice.Event{Kind: notice.FindingConfirmed, ID: f.ID, Day: day}, Known: day, People: []string{owner[runs[f.Run]]},
			})
		}
		if p.After = l.Next; p.After == "" {
			return out, nil
		}
	}
}

// owners tells of each evidence whose phone it is of.
func owners(ctx context.Context, w Evidence, caseID string) (map[string]string, error) {
	most := workspace.Page{Limit: workspace.MaxLimit}
	devices, err := w.Devices(ctx, caseID, "", most)
	if err != nil {
		return nil, err
	}
	person := map[string]string{}
	for _, d := range devices.Items {
		person[d.ID] = d.Person
	}
	evidence, err := w.Evidences(ctx, caseID, "", most)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, e := range evidence.Items {
		out[e.ID] = person[e.Device]
	}
	return out, nil
}

// MayBeNamed reports whether a consent to reporting lets the person be named.
func MayBeNamed(c workspace.Consent) bool {
	return slices.Contains(c.Purposes, workspace.Reporting) && slices.Contains(c.Private.Shares, workspace.NamePublic)
}
