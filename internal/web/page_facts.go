package web

import (
	"errors"
	"mime/multipart"
	"slices"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/account/book"
	"github.com/amparo-project/amparo/internal/casework"
	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/workspace"
)

// factsData is what is known of the people of a case, and what was done to them.
type factsData struct {
	Case    workspace.Case
	Facts   []factLine
	Events  []attackLine
	Clashes []string
	Waiting bool // confirmed findings may be in no event yet
}

type factLine struct{ ID, Person, Text, When, Certainty, Source string }

type attackLine struct{ ID, Person, When, How, Pretends, Threat, Operator, Outcome, Certainty, Source, Note string }

func (q *request) factsPage() error {
	d, err := q.factsData()
	if err != nil {
		return err
	}
	return q.render("facts", q.Text("web.facts.title"), d, inSection("cases"))
}

func (q *request) factsData() (factsData, error) {
	c, err := q.theCase()
	if err != nil {
		return factsData{}, err
	}
	b, err := book.Load(q.ctx(), q.space.Workspace, c.ID)
	if err != nil {
		return factsData{}, err
	}
	w := q.words()
	d := factsData{Case: c}
	for _, f := range b.Facts {
		d.Facts = append(d.Facts, factLine{f.ID, b.Pseudonym(f.Person), w.Fact(b, f), w.Span(f.When), q.Text("facts.certainty." + string(f.Certainty)), w.Sources(f.Sources)})
	}
	for _, e := range b.Events {
		d.Events = append(d.Events, attackLine{
			e.ID, b.Pseudonym(e.Person), w.Window(e), q.Text("facts.how." + e.How), w.Impostor(e), e.Threat, e.Operator,
			q.Text("facts.outcome." + e.Outcome), q.Text("facts.certainty." + string(e.Certainty)), w.Sources(e.Sources), e.Note,
		})
	}
	for _, x := range b.Clashes() {
		d.Clashes = append(d.Clashes, w.Clash(b, x))
	}
	confirmed, err := q.space.Findings(q.ctx(), workspace.FindingFilter{Case: c.ID, State: workspace.Confirmed}, workspace.Page{Limit: 1})
	d.Waiting = len(confirmed.Items) > 0
	return d, err
}

// statementForm is a form for a fact or an event.
type statementForm struct {
	Case                                                        workspace.Case
	Kind                                                        string // fact or event
	Form                                                        fields
	People, Kinds, Ways, Outcomes, Certainties, Devices, Claims []choiceLine
	Values                                                      []choiceLine // that rules ask for
}

func (q *request) statementForm(kind string) (*statementForm, error) {
	c, err := q.theCase()
	if err != nil {
		return nil, err
	}
	people, err := q.people(c.ID)
	if err != nil {
		return nil, err
	}
	d := &statementForm{Case: c, Kind: kind, Form: fields{"person": {q.r.URL.Query().Get("person")}}}
	d.Devices = []choiceLine{{"", q.Text("web.facts.no_device")}}
	for i := range people {
		d.People = append(d.People, choiceLine{people[i].ID, people[i].Pseudonym})
		for _, x := range people[i].Devices {
			d.Devices = append(d.Devices, choiceLine{x.ID, people[i].Pseudonym + ": " + x.Private.Label})
		}
	}
	if d.Form.get("person") == "" && len(d.People) > 0 {
		d.Form["person"] = []string{d.People[0].Value}
	}
	var certainties []string
	for _, x := range account.Certainties {
		certainties = append(certainties, string(x))
	}
	d.Certainties = q.choices("web.certainty.", certainties)
	if kind == account.KindFact {
		d.People = append(d.People, choiceLine{"", q.Text("web.facts.of_case")})
		d.Kinds = q.choices("facts.kind.", account.FactKinds())
		d.Claims = []choiceLine{{"", q.Text("web.facts.claim_is")}, {"not", q.Text("web.facts.claim_not")}, {"only", q.Text("web.facts.claim_only")}}
		d.Values = q.choices("facts.value.", slices.Concat(account.Roles, account.Protections, account.Relations, account.Proceedings, []string{"interception", "of_proceeding"}))
		return d, nil
	}
	d.Ways, d.Outcomes = q.choices("facts.how.", account.Ways), q.choices("facts.outcome.", account.Outcomes)
	return d, nil
}

func (q *request) newFactPage() error  { return q.statementPage(account.KindFact) }
func (q *request) newEventPage() error { return q.statementPage(account.KindEvent) }

func (q *request) statementPage(kind string) error {
	d, err := q.statementForm(kind)
	if err != nil {
		return err
	}
	return q.render("fact_add", q.Text("web.facts.add_"+kind), d, inSection("cases"))
}

func (q *request) newFact() error {
	return q.writeStatement(account.KindFact, func(d *statementForm, b account.Basis, when account.Span) error {
		f := d.Form
		x := &account.Fact{
			Person: f.get("person"), Kind: f.get("kind"), Value: f.get("value"), Of: f.get("of"), Place: f.get("place"), Basis: b,
			Not: f.get("claim") == "not", Only: f.get("claim") == "only", When: when,
		}
		_, err := book.PutFacts(q.ctx(), q.space.Workspace, d.Case.ID, []*account.Fact{x})
		return err
	})
}

func (q *request) newEvent() error {
	return q.writeStatement(account.KindEvent, func(d *statementForm, b account.Basis, when account.Span) error {
		f := d.Form
		x := &account.Event{
			Person: f.get("person"), Device: f.get("device"), From: when.From, To: when.To, How: f.get("how"), Threat: f.get("threat"),
			Operator: f.get("operator"), Outcome: f.get("outcome"), None: f.Is("nobody", "yes"), Basis: b,
		}
		if kind := f.get("pretends"); kind != "" {
			x.Impersonates = []account.Impersonated{{Kind: kind, Name: f.get("pretends_name"), Country: f.get("pretends_country")}}
		}
		_, err := book.PutEvents(q.ctx(), q.space.Workspace, d.Case.ID, []*account.Event{x})
		return err
	})
}

// writeStatement reads what all statements have, and writes one down.
func (q *request) writeStatement(kind string, put func(*statementForm, account.Basis, account.Span) error) error {
	d, err := q.statementForm(kind)
	if err != nil {
		return err
	}
	f, files, err := q.readForm()
	if err != nil {
		return err
	}
	d.Form = f
	b, when, err := basisOf(f, files)
	if err == nil {
		err = put(d, b, when)
	}
	if err != nil {
		return q.again(err, "fact_add", q.Text("web.facts.add_"+kind), d, inSection("cases"))
	}
	return q.done("/cases/"+d.Case.ID+"/facts", q.Text("web.facts.added_"+kind))
}

// maxStatements bounds a file of facts or events, in bytes.
const maxStatements = 8 << 20

// takeStatements writes facts or events of a file down, all or none.
func (q *request) takeStatements() error {
	c, err := q.theCase()
	if err != nil {
		return err
	}
	f := fields{}
	var files [][]byte
	err = q.parts(maxStatements, f, func(p *multipart.Part) error {
		data, err := limit.ReadAll(p, maxStatements)
		if err == nil && len(data) > 0 {
			files = append(files, data)
		}
		return err
	})
	if err == nil && len(files) != 1 {
		err = invalid{"web.facts.one_file"}
	}
	var ids []string
	if err == nil {
		ids, err = q.putStatements(c.ID, f.get("kind"), files[0])
	}
	if errors.Is(err, account.ErrInvalid) || errors.Is(err, workspace.ErrNotFound) {
		err = invalid{"web.facts.not_read"}
	}
	if err != nil {
		d, derr := q.factsData()
		if derr != nil {
			return derr
		}
		return q.again(err, "facts", q.Text("web.facts.title"), d, inSection("cases"))
	}
	return q.done("/cases/"+c.ID+"/facts", q.Count("web.facts.taken", int64(len(ids))))
}

func (q *request) putStatements(caseID, kind string, data []byte) ([]string, error) {
	if kind == account.KindEvent {
		list, err := book.Decode[account.Event](data)
		if err != nil {
			return nil, err
		}
		return book.PutEvents(q.ctx(), q.space.Workspace, caseID, list)
	}
	list, err := book.Decode[account.Fact](data)
	if err != nil {
		return nil, err
	}
	return book.PutFacts(q.ctx(), q.space.Workspace, caseID, list)
}

// basisOf reads source, certainty and time of a statement.
func basisOf(f fields, files []hashed) (b account.Basis, when account.Span, err error) {
	b.Certainty, b.Note = account.Certainty(f.get("certainty")), f.get("note")
	s, err := sourceOf(f, files)
	if err != nil {
		return b, when, err
	}
	b.Sources, when.Always = []account.Source{s}, f.Is("always", "yes")
	if when.From, err = account.ParseDate(f.get("from")); err != nil {
		return b, when, err
	}
	when.To, err = account.ParseDate(f.get("to"))
	return b, when, err
}

// eventsFound makes events of the confirmed findings that are in none yet.
func (q *request) eventsFound() error {
	if err := q.form(); err != nil {
		return err
	}
	c, err := q.theCase()
	if err != nil {
		return err
	}
	events, err := casework.Events(q.ctx(), q.space, c.ID, q.r.Form["finding"])
	if err != nil {
		return err
	}
	to := "/cases/" + c.ID + "/facts"
	if len(events) == 0 {
		return q.done(to, q.Text("facts.no_new_events"))
	}
	for _, e := range events {
		e.Operator = q.value("operator")
	}
	ids, err := book.PutEvents(q.ctx(), q.space.Workspace, c.ID, events)
	if err != nil {
		return err
	}
	return q.done(to, q.Count("web.facts.made", int64(len(ids))))
}
