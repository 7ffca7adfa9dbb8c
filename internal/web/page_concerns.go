package web

import (
	"fmt"
	"slices"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/account/book"
	"github.com/amparo-project/amparo/internal/account/concern"
	"github.com/amparo-project/amparo/internal/casework"
	"github.com/amparo-project/amparo/internal/workspace"
)

// concernsData is what rules propose of the events of a case, and what was
// decided on it.
type concernsData struct {
	Case    workspace.Case
	Every   bool
	Events  []concernEvent
	Faults  []concern.Fault
	Clashes []string
	None    bool // the case has no events
}

type concernEvent struct {
	ID, Person, When, How, Outcome, Pretends string
	Concerns                                 []concernLine
}

type concernLine struct {
	Key, Rule, Title, Meaning, Answer, AnswerText string // Key: unique on the page
	Law                                           []lawText
	Elements                                      []elementLine
	Decided                                       *casework.Decision
	Changed                                       bool // the answer is another than when it was decided
	Reason                                        string
}

type lawText struct{ Name, Says, URL string }

type elementLine struct {
	Text, Answer, AnswerText, Missing, Fault string
	Clash                                    string
	Sources                                  []sourceLine
}

func (q *request) concernsPage() error {
	d, err := q.concernsData()
	if err != nil {
		return err
	}
	return q.render("concerns", q.Text("web.concerns.title"), d, inSection("cases"))
}

func (q *request) concernsData() (concernsData, error) {
	c, err := q.theCase()
	if err != nil {
		return concernsData{}, err
	}
	rules, faults, err := q.s.o.Concerns()
	if err != nil {
		return concernsData{}, err
	}
	b, err := book.Load(q.ctx(), q.space.Workspace, c.ID)
	if err != nil {
		return concernsData{}, err
	}
	decided, err := casework.LoadDecisions(q.ctx(), q.space.Workspace, c.ID)
	if err != nil {
		return concernsData{}, err
	}
	w, links := q.words(), q.sourceLinks()
	d := concernsData{Case: c, Every: q.value("every") != "", None: len(b.Events) == 0}
	for _, x := range b.Clashes() {
		d.Clashes = append(d.Clashes, w.Clash(b, x))
	}
	answers := rules.Judge(b)
	d.Faults = append(slices.Clone(faults), casework.RuleFaults(answers)...)
	for _, a := range answers {
		if len(d.Events) == 0 || d.Events[len(d.Events)-1].ID != a.Event {
			e := b.Event(a.Event)
			d.Events = append(d.Events, concernEvent{
				ID: e.ID, Person: b.Pseudonym(e.Person), When: w.Window(e), How: q.Text("facts.how." + e.How), Outcome: q.Text("facts.outcome." + e.Outcome),
				Pretends: w.Impostor(e),
			})
		}
		if x := decided.Of(a.Rule, a.Event); x != nil || d.Every || casework.WorthTelling(a) {
			now := &d.Events[len(d.Events)-1]
			now.Concerns = append(now.Concerns, q.concernLine(rules.Rule(a.Rule), &a, x, links))
		}
	}
	return d, nil
}

func (q *request) concernLine(r *concern.Rule, a *concern.Answer, decided *casework.Decision, links *sourceLinks) concernLine {
	lang := q.Lang()
	line := concernLine{
		Key: a.Event + "-" + r.ID, Rule: r.ID, Title: r.Title.In(lang), Meaning: r.Meaning.In(lang), Answer: a.Answer.String(), Decided: decided,
		AnswerText: q.Text("facts.answer." + a.Answer.String()),
	}
	if decided != nil {
		line.Reason, line.Changed = decided.Reason, decided.Answer != a.Answer
	}
	for _, l := range r.Law {
		line.Law = append(line.Law, lawText{l.Name.In(lang), l.Says.In(lang), l.URL})
	}
	for i, e := range a.Elements {
		x := elementLine{Text: r.Element[i].Text.In(lang), Answer: e.Answer.String(), AnswerText: q.Text("facts.answer." + e.Answer.String()), Fault: e.Fault}
		if e.Clash {
			x.Clash = q.Text("facts.clashing", "IDs", fmt.Sprint(e.Facts))
		}
		if e.Answer == account.NotKnown {
			x.Missing = r.Element[i].Missing.In(lang)
		} else {
			for _, s := range e.Sources {
				x.Sources = append(x.Sources, links.line(s))
			}
		}
		line.Elements = append(line.Elements, x)
	}
	return line
}

// decideConcern takes what a person decided on what a rule proposes.
func (q *request) decideConcern() error {
	if err := q.form(); err != nil {
		return err
	}
	c, err := q.theCase()
	if err != nil {
		return err
	}
	rules, _, err := q.s.o.Concerns()
	if err != nil {
		return err
	}
	x := casework.Decision{Rule: q.value("rule"), Event: q.value("event"), State: q.value("state"), Reason: q.value("reason")}
	if _, err := casework.Decide(q.ctx(), q.space.Workspace, rules, c.ID, x); err != nil {
		d, derr := q.concernsData()
		if derr != nil {
			return derr
		}
		for i := range d.Events {
			for j := range d.Events[i].Concerns {
				if l := &d.Events[i].Concerns[j]; l.Rule == x.Rule && d.Events[i].ID == x.Event {
					l.Reason = x.Reason // what was written is not lost
				}
			}
		}
		return q.again(err, "concerns", q.Text("web.concerns.title"), d, inSection("cases"))
	}
	return q.done("/cases/"+c.ID+"/concerns#"+x.Event+"-"+x.Rule, q.Text("web.concerns."+x.State))
}
