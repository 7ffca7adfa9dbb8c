package concern

import (
	"fmt"

	"github.com/amparo-project/amparo/internal/account"
)

// exampleFact is a fact as examples write it.
type exampleFact struct {
	Kind   string `yaml:"kind" json:"kind"`
	Value  string `yaml:"value" json:"value"`
	Not    bool   `yaml:"not" json:"not,omitempty"`
	Only   bool   `yaml:"only" json:"only,omitempty"`
	Always bool   `yaml:"always" json:"always,omitempty"`
	From   string `yaml:"from" json:"from,omitempty"`
	To     string `yaml:"to" json:"to,omitempty"`
}

// exampleEvent is an event as examples write it.
type exampleEvent struct {
	From         string             `yaml:"from" json:"from"`
	To           string             `yaml:"to" json:"to,omitempty"`
	How          string             `yaml:"how" json:"how,omitempty"`         // default: lure
	Outcome      string             `yaml:"outcome" json:"outcome,omitempty"` // default: attempt
	Threat       string             `yaml:"threat" json:"threat,omitempty"`
	Certainty    string             `yaml:"certainty" json:"certainty,omitempty"` // default: certain
	Impersonates []exampleImpostors `yaml:"impersonates" json:"impersonates,omitempty"`
	None         bool               `yaml:"impersonates_nobody" json:"impersonates_nobody,omitempty"`
}

type exampleImpostors struct {
	Kind    string `yaml:"kind" json:"kind"`
	Country string `yaml:"country" json:"country,omitempty"`
}

// exampleDeal is a deal as examples write it.
type exampleDeal struct {
	From       string `yaml:"from" json:"from,omitempty"`
	To         string `yaml:"to" json:"to,omitempty"`
	Government string `yaml:"government" json:"government,omitempty"` // of the buyer: met, not_met
	Attributed string `yaml:"attributed" json:"attributed,omitempty"` // the certainty; default: certain
}

// source is what statements of examples rest on.
var source = []account.Source{{Title: "example"}}

func (f *exampleFact) fact(i int) (*account.Fact, error) {
	from, err := account.ParseDate(f.From)
	if err != nil {
		return nil, err
	}
	to, err := account.ParseDate(f.To)
	if err != nil {
		return nil, err
	}
	out := &account.Fact{
		ID: fmt.Sprint("fact ", i+1), Person: "person", Kind: f.Kind, Value: f.Value, Not: f.Not, Only: f.Only,
		When: account.Span{From: from, To: to, Always: f.Always}, Basis: account.Basis{Sources: source, Certainty: account.Certain},
	}
	if f.Kind == account.Relation {
		out.Of = "another"
	}
	return out, out.Validate()
}

func (e *exampleEvent) event() (*account.Event, error) {
	from, err := account.ParseDate(e.From)
	if err != nil {
		return nil, err
	}
	to, err := account.ParseDate(e.To)
	if err != nil {
		return nil, err
	}
	out := &account.Event{
		ID: "event", Person: "person", From: from, To: to, How: or(e.How, account.ByLure), Outcome: or(e.Outcome, account.Attempt),
		Threat: e.Threat, None: e.None, Operator: "operator",
		Basis: account.Basis{Sources: source, Certainty: account.Certainty(or(e.Certainty, string(account.Certain)))},
	}
	for _, i := range e.Impersonates {
		out.Impersonates = append(out.Impersonates, account.Impersonated{Kind: i.Kind, Country: i.Country})
	}
	return out, out.Validate()
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// TestExamples applies a rule to its examples and returns what went wrong.
func (r *Rule) TestExamples() []string {
	faults := []string{}
	seen := map[string]bool{}
	for _, e := range r.Examples {
		seen[e.Answer] = true
		got, err := r.try(&e)
		switch {
		case err != nil:
			faults = append(faults, fmt.Sprintf("example %s: %v", e.Name, err))
		case got.Answer.String() != e.Answer:
			faults = append(faults, fmt.Sprintf("example %s: it is %s, not %s", e.Name, got.Answer, e.Answer))
		}
		for _, el := range got.Elements {
			if el.Fault != "" {
				faults = append(faults, fmt.Sprintf("example %s: element %s: %s", e.Name, el.ID, el.Fault))
			}
		}
	}
	for _, answer := range []string{"met", "not_met", "not_known"} {
		if !seen[answer] {
			faults = append(faults, "no example is "+answer)
		}
	}
	return faults
}

func (r *Rule) try(e *Example) (Answer, error) {
	event, err := e.Event.event()
	if err != nil {
		return Answer{}, err
	}
	s := &subject{event: event, params: merge(r.Params, e.Params)}
	for i := range e.Facts {
		f, err := e.Facts[i].fact(i)
		if err != nil {
			return Answer{}, fmt.Errorf("fact %d: %w", i+1, err)
		}
		s.facts = append(s.facts, f)
	}
	if d := e.Deal; d != nil {
		if err := s.exampleDeal(d); err != nil {
			return Answer{}, fmt.Errorf("deal: %w", err)
		}
	}
	return r.judge(s), nil
}

func (s *subject) exampleDeal(d *exampleDeal) (err error) {
	s.deal = &account.Deal{Kind: "contract", Name: "example", Buyer: "buyer"}
	if s.deal.When.From, err = account.ParseDate(d.From); err != nil {
		return err
	}
	if s.deal.When.To, err = account.ParseDate(d.To); err != nil {
		return err
	}
	s.buyer = &account.Party{Kind: "buyer", Name: "buyer"}
	if d.Government != "" {
		if err := s.buyer.Government.UnmarshalText([]byte(d.Government)); err != nil {
			return err
		}
	}
	s.owner = &account.Attribution{Operator: "operator", Buyer: "buyer", Basis: account.Basis{
		Sources: source, Certainty: account.Certainty(or(d.Attributed, string(account.Certain))),
	}}
	return nil
}
