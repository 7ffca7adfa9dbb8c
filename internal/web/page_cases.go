package web

import (
	"errors"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/workspace"
)

// casesData is the list of cases, with what asks for attention first.
type casesData struct {
	Cases     []caseLine
	Due       []dueLine
	Next      string
	Dates     []dateDue    // in accounts
	Silence   []silenceDue // the longest first
	Uncounted int64        // accounts that another look counts
	waiting
}

type caseLine struct {
	workspace.Case
	Counts workspace.CaseCounts
}

type dueLine struct {
	workspace.Due
	Title string // of the case
	Over  bool
}

// dueWithin is how long before its end a consent is called due.
const dueWithin = 30 * 24 * time.Hour

func (q *request) casesPage() error {
	if err := q.space.InTeam(q.ctx()); errors.Is(err, workspace.ErrNotAllowed) {
		return q.redirect("/yours") // where the person concerned begins
	} else if err != nil {
		return err
	}
	l, err := q.space.Cases(q.ctx(), "", q.last(0))
	if err != nil {
		return err
	}
	counts, err := q.space.Counts(q.ctx())
	if err != nil {
		return err
	}
	due, err := q.space.DueConsents(q.ctx(), dueWithin)
	if err != nil {
		return err
	}
	d := casesData{Next: l.Next}
	t := q.titles(l.Items...)
	for _, c := range l.Items {
		line := caseLine{Case: c}
		if n := counts[c.ID]; n != nil {
			line.Counts = *n
		}
		d.Cases = append(d.Cases, line)
	}
	today := q.s.o.Now().UTC().Format(time.DateOnly)
	for _, x := range due {
		d.Due = append(d.Due, dueLine{x, t.Of(x.Case), x.Until < today})
	}
	if err := q.accountsDue(&d, t); err != nil {
		return err
	}
	if d.waiting, err = q.inbox(t); err != nil {
		return err
	}
	return q.render("cases", q.Text("web.cases.title"), d, inSection("cases"))
}

// newCaseData is the form of the first step: the case, the person, the phone.
type newCaseData struct {
	Title, Pseudonym, Name, Languages, Reach, Label string
	Minor                                           bool
}

func (q *request) newCaseData() newCaseData {
	return newCaseData{
		q.value("title"), q.value("pseudonym"), q.value("name"), q.value("languages"), q.value("reach"), q.value("label"),
		q.value("minor") != "",
	}
}

func (q *request) newCasePage() error {
	return q.render("case_new", q.Text("web.case_new.title"), newCaseData{}, inSection("cases"))
}

func (q *request) newCase() error {
	if err := q.form(); err != nil {
		return err
	}
	d := q.newCaseData()
	if d.Title == "" || d.Label == "" {
		return q.again(invalid{"web.error.missing"}, "case_new", q.Text("web.case_new.title"), d, inSection("cases"))
	}
	c, err := q.space.CreateCase(q.ctx(), d.Title)
	if err != nil {
		return q.again(err, "case_new", q.Text("web.case_new.title"), d, inSection("cases"))
	}
	p, err := q.addPerson(c.ID, d)
	if err != nil {
		return err
	}
	return q.redirect("/cases/" + c.ID + "/consent?person=" + p.ID + "&step=2")
}

// addPerson adds a person and their first device.
func (q *request) addPerson(caseID string, d newCaseData) (workspace.Person, error) {
	p, err := q.space.AddPerson(q.ctx(), workspace.Person{
		Case: caseID, Pseudonym: d.Pseudonym, Minor: d.Minor,
		Private: workspace.PersonPrivate{Name: d.Name, Languages: listOf(d.Languages), Reach: listOf(d.Reach)},
	})
	if err != nil || d.Label == "" {
		return p, err
	}
	_, err = q.space.AddDevice(q.ctx(), caseID, p.ID, d.Label)
	return p, err
}

// listOf reads values that commas or lines part.
func listOf(s string) []string {
	var out []string
	for _, v := range strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == '\n' }) {
		if v = strings.TrimSpace(v); v != "" {
			out = append(out, v)
		}
	}
	return out
}
