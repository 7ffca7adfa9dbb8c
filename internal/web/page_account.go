package web

import (
	"time"

	"github.com/amparo-project/amparo/internal/account/clock"
	"github.com/amparo-project/amparo/internal/account/docket"
	"github.com/amparo-project/amparo/internal/account/term"
	"github.com/amparo-project/amparo/internal/workspace"
)

// accountData is what was promised and asked in a case, and what came of it.
type accountData struct {
	Case           workspace.Case
	Day            string
	Silence        []silenceLine
	Promises       []promiseLine
	Requests       []requestLine
	Dates          []dateLine
	Contradictions []string
}

type silenceLine struct{ Authority, Days, Since string }

type promiseLine struct {
	clock.PromiseState
	StateText string
}

type requestLine struct {
	clock.RequestState
	KindText, StateText string
}

type dateLine struct{ Day, Text string }

// accountPage shows the account of a case as it stands today. It is entered by
// the command line.
func (q *request) accountPage() error {
	c, err := q.theCase()
	if err != nil {
		return err
	}
	terms, err := q.s.o.Terms()
	if err != nil {
		return err
	}
	y, m, day := q.s.o.Now().Date()
	today := term.Day(y, m, day)
	d := &docket.Docket{Store: q.space.Workspace, Case: c.ID, Terms: terms, Today: today}
	r, _, err := d.Load(q.ctx())
	if err != nil {
		return err
	}
	return q.render("account", q.Text("web.account.title"), q.accountData(c, r.At(today, terms)), inSection("cases"))
}

func (q *request) accountData(c workspace.Case, st *clock.Standing) accountData {
	d := accountData{Case: c, Day: st.On.Format(time.DateOnly)}
	for _, s := range st.Silence {
		line := silenceLine{Authority: s.Authority, Days: q.Count("promises.silence", int64(s.Days)), Since: q.Text("promises.since_news", "Since", s.Since)}
		if s.AtLeast {
			line.Days = q.Count("promises.silence_at_least", int64(s.Days))
		}
		if s.Never {
			line.Since = q.Text("promises.since_promise", "Since", s.Since)
		}
		d.Silence = append(d.Silence, line)
	}
	for _, p := range st.Promises {
		d.Promises = append(d.Promises, promiseLine{p, q.stateText(p.Saying(), p.Late)})
	}
	for _, r := range st.Requests {
		d.Requests = append(d.Requests, requestLine{r, q.Or("promises.request.", r.Kind), q.stateText(r.Saying(), r.Late)})
	}
	for _, x := range st.Dates {
		d.Dates = append(d.Dates, dateLine{x.Day, q.Text("promises.date."+x.Kind, "Who", x.Who)})
	}
	for _, x := range st.Contradictions {
		ids := ""
		for i, id := range x.IDs {
			if i > 0 {
				ids += ", "
			}
			ids += id
		}
		d.Contradictions = append(d.Contradictions, q.Text("promises.contradiction."+x.Kind, "IDs", ids, "Text", x.Text))
	}
	return d
}

func (q *request) stateText(state string, late int) string {
	text := q.Or("promises.state.", state)
	if late > 0 {
		text += ", " + q.Count("promises.late", int64(late))
	}
	return text
}
