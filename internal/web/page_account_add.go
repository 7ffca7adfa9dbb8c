package web

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/amparo-project/amparo/internal/account/clock"
	"github.com/amparo-project/amparo/internal/account/term"
	"github.com/amparo-project/amparo/internal/workspace"
)

// accountForm is a form for a promise, a request or an answer.
type accountForm struct {
	Case                         workspace.Case
	Kind                         string // of accountForms
	Form                         fields
	Kinds, Countries, Terms, Tos []choiceLine
	Laws                         []lawLine
	New                          []choiceLine
}

// lawLine is a term of the law that is known here.
type lawLine struct{ ID, Kind, Country, From, Until, Length, Law string }

// accountForms are the forms, each with what it makes of what was sent.
var accountForms = map[string]func(*request, *accountForm, []hashed) error{
	clock.KindPromise: (*request).addPromise, clock.KindRequest: (*request).addRequest, clock.KindAnswer: (*request).addAnswer,
}

func (q *request) accountForm() (*accountForm, error) {
	c, err := q.theCase()
	if err != nil {
		return nil, err
	}
	d := &accountForm{Case: c, Kind: q.path("form"), Form: fields{}}
	if accountForms[d.Kind] == nil {
		return nil, workspace.ErrNotFound
	}
	d.Form["to"] = []string{q.r.URL.Query().Get("to")}
	switch d.Kind {
	case clock.KindRequest:
		err = q.requestChoices(d)
	case clock.KindAnswer:
		err = q.answerChoices(d)
	}
	return d, err
}

// requestChoices are the kinds of requests, and the countries whose terms are
// known.
func (q *request) requestChoices(d *accountForm) error {
	terms, err := q.s.o.Terms(q.ctx(), q.space)
	if err != nil {
		return err
	}
	d.Kinds = q.choices("promises.request.", clock.RequestKinds)
	d.Countries = []choiceLine{{"", q.Text("web.account.no_country")}}
	for id, c := range terms.Calendars {
		d.Countries = append(d.Countries, choiceLine{id, c.Name.In(q.Lang())})
	}
	slices.SortFunc(d.Countries, func(a, b choiceLine) int { return strings.Compare(a.Value, b.Value) })
	d.Terms = []choiceLine{{"", q.Text("web.account.term_of_law")}, {"none", q.Text("web.account.term_none")}}
	for i := range terms.Terms {
		t := &terms.Terms[i]
		line := lawLine{t.ID, q.Or("promises.request.", t.Request), t.Calendar, t.From, t.Until, q.words().Term(t), t.Law}
		d.Laws = append(d.Laws, line)
		if !slices.ContainsFunc(d.Terms, func(c choiceLine) bool { return c.Value == t.ID }) {
			d.Terms = append(d.Terms, choiceLine{t.ID, t.ID + ": " + line.Length})
		}
	}
	return nil
}

// answerChoices are the promises and requests of the case.
func (q *request) answerChoices(d *accountForm) error {
	d.Kinds = q.choices("promises.kind.", clock.AnswerKinds)
	d.New = []choiceLine{{"", q.Text("web.account.choose")}, {"yes", q.Text("web.account.is_new")}, {"no", q.Text("web.account.not_new")}}
	d.Tos = []choiceLine{{"", q.Text("web.account.to_nothing")}}
	k, err := q.docket(d.Case.ID)
	if err != nil {
		return err
	}
	r, _, err := k.Load(q.ctx())
	if err != nil {
		return err
	}
	for i := range r.Requests {
		x := &r.Requests[i]
		d.Tos = append(d.Tos, choiceLine{x.ID, x.Sent + " " + x.Authority + ": " + cut(80, x.Subject)})
	}
	for i := range r.Promises {
		x := &r.Promises[i]
		d.Tos = append(d.Tos, choiceLine{x.ID, x.Made + " " + x.Authority + ": " + cut(80, x.Words)})
	}
	return nil
}

func (q *request) accountFormPage() error {
	d, err := q.accountForm()
	if err != nil {
		return err
	}
	return q.render("account_add", q.Text("web.account.add_"+d.Kind), d, inSection("cases"))
}

// addToAccount writes a promise, a request or an answer down. Files that come
// with it are hashed and not kept.
func (q *request) addToAccount() error {
	d, err := q.accountForm()
	if err != nil {
		return err
	}
	f, files, err := q.readForm()
	if err != nil {
		return err
	}
	d.Form = f
	if err := accountForms[d.Kind](q, d, files); err != nil {
		if errors.Is(err, term.ErrDay) {
			err = errors.Join(invalid{"web.error.day"}, err)
		}
		return q.again(err, "account_add", q.Text("web.account.add_"+d.Kind), d, inSection("cases"))
	}
	return q.done("/cases/"+d.Case.ID+"/account", q.Text("web.account.added_"+d.Kind))
}

func (q *request) addPromise(d *accountForm, files []hashed) error {
	f := d.Form
	p := clock.Promise{
		Authority: f.get("authority"), By: f.get("by"), Made: f.get("made"), Due: f.get("due"), Words: f.get("words"), Lang: f.get("lang"),
		Documents: documentsOf(files), Public: f.Is("public", "yes"),
	}
	var err error
	if p.Source, err = sourceOf(f, files); err != nil {
		return err
	}
	k, err := q.docket(d.Case.ID)
	if err == nil {
		_, err = k.AddPromise(q.ctx(), p)
	}
	return err
}

func (q *request) addRequest(d *accountForm, files []hashed) error {
	f := d.Form
	r := clock.Request{
		Kind: f.get("kind"), Authority: f.get("authority"), Sent: f.get("sent"), Subject: f.get("subject"), Reference: f.get("reference"), Due: f.get("due"),
		Documents: documentsOf(files), Public: f.Is("public", "yes"),
	}
	var err error
	if r.Source, err = sourceOf(f, files); err != nil {
		return err
	}
	k, err := q.docket(d.Case.ID)
	if err == nil {
		_, err = k.AddRequest(q.ctx(), r, f.get("country"), f.get("term"))
	}
	return err
}

func (q *request) addAnswer(d *accountForm, files []hashed) error {
	f := d.Form
	a := clock.Answer{
		To: f.get("to"), Authority: f.get("authority"), Kind: f.get("kind"), On: f.get("made"), From: f.get("from"), Until: f.get("until"),
		Text: f.get("words"), New: f.get("new") == "yes", Documents: documentsOf(files), Public: f.Is("public", "yes"),
	}
	if v := f.get("new"); v != "yes" && v != "no" {
		return invalid{"web.account.say_new"} // a silence does not end by a default
	}
	var err error
	if days := f.get("days"); days != "" {
		if a.Days, err = strconv.Atoi(days); err != nil || a.Days < 0 || a.Days > 3650 {
			return invalid{"web.error.statement"}
		}
	}
	if a.Source, err = sourceOf(f, files); err != nil {
		return err
	}
	k, err := q.docket(d.Case.ID)
	if err == nil {
		_, err = k.AddAnswer(q.ctx(), a)
	}
	return err
}
