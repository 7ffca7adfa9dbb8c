package web

import (
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/account/book"
	"github.com/amparo-project/amparo/internal/account/concern"
	"github.com/amparo-project/amparo/internal/workspace"
)

// dealForm is a form for a contract, a licence or a policy, with its conditions.
type dealForm struct {
	Case       workspace.Case
	Form       fields
	Kinds      []choiceLine
	Parties    []string // by name, that the register has
	Certain    []choiceLine
	Conditions []conditionLine
}

// conditionLine is a rule that a deal can be held against.
type conditionLine struct {
	ID, Title, Meaning string
	Chosen             bool
	Words              string
	Params             []paramLine
}

type paramLine struct{ Name, Field, Value, Usual string }

func (q *request) dealPage() error {
	d, _, err := q.dealForm(fields{})
	if err != nil {
		return err
	}
	return q.render("deal", q.Text("web.trade.add_deal"), d, inSection("cases"))
}

func (q *request) dealForm(f fields) (*dealForm, *concern.Set, error) {
	c, err := q.theCase()
	if err != nil {
		return nil, nil, err
	}
	rules, _, err := q.s.o.Concerns()
	if err != nil {
		return nil, nil, err
	}
	b, err := book.Load(q.ctx(), q.space.Workspace, c.ID)
	if err != nil {
		return nil, nil, err
	}
	d := &dealForm{Case: c, Form: f, Kinds: q.choices("web.trade.kind.", account.DealKinds)}
	for _, p := range b.Parties {
		d.Parties = append(d.Parties, p.Name)
	}
	for _, x := range account.Certainties {
		d.Certain = append(d.Certain, choiceLine{string(x), q.Or("web.certainty.", string(x))})
	}
	for _, r := range rules.Rules(true) {
		line := conditionLine{ID: r.ID, Title: r.Title.In(q.Lang()), Meaning: r.Meaning.In(q.Lang()), Chosen: f.Is("condition", r.ID), Words: f.get("words-" + r.ID)}
		for name, usual := range r.Params {
			at := "param-" + r.ID + "-" + name
			line.Params = append(line.Params, paramLine{name, at, f.get(at), strings.Join(usual, ", ")})
		}
		slices.SortFunc(line.Params, func(a, b paramLine) int { return strings.Compare(a.Name, b.Name) })
		d.Conditions = append(d.Conditions, line)
	}
	return d, rules, nil
}

// addDeal writes a deal down. Each condition that was ticked is one of it.
func (q *request) addDeal() error {
	f, files, err := q.readForm()
	if err != nil {
		return err
	}
	d, rules, err := q.dealForm(f)
	if err != nil {
		return err
	}
	b, when, err := basisOf(f, files)
	if err == nil {
		x := &account.Deal{
			Kind: f.get("kind"), Name: f.get("name"), Seller: f.get("seller"), Through: listOf(f.get("through")), Buyer: f.get("buyer"),
			Product: f.get("product"), When: when, Amount: f.get("amount"), Conditions: conditionsOf(f, rules), Basis: b,
		}
		_, err = book.PutRegister(q.ctx(), q.space.Workspace, d.Case.ID, &book.Register{Deals: []*account.Deal{x}})
	}
	if err != nil {
		return q.again(err, "deal", q.Text("web.trade.add_deal"), d, inSection("cases"))
	}
	return q.done("/cases/"+d.Case.ID+"/trade", q.Text("web.trade.added"))
}

// conditionsOf are the conditions that a form names. What is left empty is as the
// rule has it.
func conditionsOf(f fields, rules *concern.Set) []account.Condition {
	var out []account.Condition
	for _, r := range rules.Rules(true) {
		if !f.Is("condition", r.ID) {
			continue
		}
		c := account.Condition{Rule: r.ID, Words: f.get("words-" + r.ID)}
		for name := range r.Params {
			if values := listOf(f.get("param-" + r.ID + "-" + name)); len(values) > 0 {
				if c.Params == nil {
					c.Params = map[string][]string{}
				}
				c.Params[name] = values
			}
		}
		out = append(out, c)
	}
	return out
}
