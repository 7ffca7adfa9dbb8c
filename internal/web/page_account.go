package web

import (
	"bytes"
	"time"

	"github.com/amparo-project/amparo/internal/account/clock"
	"github.com/amparo-project/amparo/internal/account/docket"
	"github.com/amparo-project/amparo/internal/account/feeds"
	"github.com/amparo-project/amparo/internal/account/term"
	"github.com/amparo-project/amparo/internal/casework"
	"github.com/amparo-project/amparo/internal/workspace"
)

// accountData is what was promised and asked in a case, and what came of it.
type accountData struct {
	Case           workspace.Case
	Day            string
	Today          bool
	Silence        []silenceLine
	Promises       []promiseLine
	Requests       []requestLine
	Others         []answerLine // what answers nothing that is here
	Dates          []dateLine
	Contradictions []string
}

type silenceLine struct{ Authority, Days, Since string }

type promiseLine struct {
	clock.PromiseState
	StateText string
	Deeds     []answerLine
}

type requestLine struct {
	clock.RequestState
	KindText, StateText, Counted string
	Deeds                        []answerLine
}

type answerLine struct {
	clock.Answer
	KindText string
}

type dateLine struct{ Day, Text, ID string }

// words says statements of the account.
func (q *request) words() casework.Words { return casework.Words{Printer: q.Printer} }

// docket is that of a case on the day that it is here.
func (q *request) docket(caseID string) (*docket.Docket, error) {
	terms, err := q.s.o.Terms(q.ctx(), q.space)
	if err != nil {
		return nil, err
	}
	return q.docketBy(caseID, terms), nil
}

// docketBy is docket by terms that were read: to read them takes about as long as
// to count a case.
func (q *request) docketBy(caseID string, terms *term.Set) *docket.Docket {
	return &docket.Docket{Store: q.space.Workspace, Case: caseID, Terms: terms, Today: casework.Today(q.s.o.Now())}
}

// standing counts the account of a case on the day that the page is asked for.
func (q *request) standing(caseID string) (*clock.Record, *clock.Standing, error) {
	d, err := q.docket(caseID)
	if err != nil {
		return nil, nil, err
	}
	on, err := q.onDay(d.Today)
	if err != nil {
		return nil, nil, err
	}
	r, _, err := d.Load(q.ctx())
	if err != nil {
		return nil, nil, err
	}
	return r, r.At(on, d.Terms), nil
}

// onDay is the day for which a page is asked, or today.
func (q *request) onDay(today time.Time) (time.Time, error) {
	day := q.value("on")
	if day == "" {
		return today, nil
	}
	on, err := term.ParseDay(day, time.UTC)
	if err != nil {
		return on, invalid{"web.error.day"}
	}
	return on, nil
}

// accountPage shows the account of a case as it stands on a day.
func (q *request) accountPage() error {
	c, err := q.theCase()
	if err != nil {
		return err
	}
	r, st, err := q.standing(c.ID)
	if err != nil {
		return err
	}
	return q.render("account", q.Text("web.account.title"), q.accountData(c, r, st), inSection("cases"))
}

func (q *request) accountData(c workspace.Case, r *clock.Record, st *clock.Standing) accountData {
	w := q.words()
	d := accountData{Case: c, Day: st.On.Format(time.DateOnly), Contradictions: w.Contradictions(st)}
	d.Today = st.On.Equal(casework.Today(q.s.o.Now()))
	answers := func(list []clock.Answer) (out []answerLine) {
		for _, a := range list {
			out = append(out, answerLine{a, q.Or("promises.kind.", a.Kind)})
		}
		return out
	}
	for _, a := range r.Answers {
		if a.To == "" && a.On <= d.Day {
			d.Others = append(d.Others, answers([]clock.Answer{a})...)
		}
	}
	for _, s := range st.Silence {
		if s.Days == 0 {
			continue // of today: there is no silence yet
		}
		d.Silence = append(d.Silence, silenceLine{s.Authority, w.Silence(s), w.Since(s)})
	}
	for i := range st.Promises {
		p := &st.Promises[i]
		d.Promises = append(d.Promises, promiseLine{*p, w.Promise(p), answers(p.Answers)})
	}
	for i := range st.Requests {
		r := &st.Requests[i]
		line := requestLine{*r, q.Or("promises.request.", r.Kind), w.Request(r), "", answers(r.Answers)}
		if casework.Running(r) {
			line.Counted = w.Counted(r.Count)
		}
		d.Requests = append(d.Requests, line)
	}
	for _, x := range st.Dates {
		d.Dates = append(d.Dates, dateLine{x.Day, w.Date(x), x.ID})
	}
	return d
}

// accountICS and accountAtom hand the dates of a case to a calendar, and what
// happened to a reader of feeds.
func (q *request) accountICS() error {
	return q.accountFile("terms.ics", "text/calendar; charset=utf-8", func(b *bytes.Buffer, st *clock.Standing, o feeds.Options) error {
		return feeds.ICS(b, st, o)
	})
}

func (q *request) accountAtom() error {
	return q.accountFile("feed.atom", "application/atom+xml; charset=utf-8", func(b *bytes.Buffer, st *clock.Standing, o feeds.Options) error {
		return feeds.Atom(b, st, o, q.value("public") != "")
	})
}

func (q *request) accountFile(name, kind string, write func(*bytes.Buffer, *clock.Standing, feeds.Options) error) error {
	c, err := q.theCase()
	if err != nil {
		return err
	}
	_, st, err := q.standing(c.ID)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := write(&b, st, feeds.Options{Workspace: q.space.Info().UID, Case: c.ID, Printer: q.Printer}); err != nil {
		return err
	}
	q.attach(name, kind)
	_, _ = q.w.Write(b.Bytes()) // who does not take it is gone
	return nil
}
