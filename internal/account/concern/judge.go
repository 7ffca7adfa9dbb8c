package concern

import (
	"cmp"
	"slices"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/account/book"
)

// An Answer is what one rule says of one event.
type Answer struct {
	Rule     string          `json:"rule"`
	Event    string          `json:"event"`
	Person   string          `json:"person"` // pseudonym
	From     account.Date    `json:"from,omitzero"`
	To       account.Date    `json:"to,omitzero"`
	Answer   account.Truth   `json:"answer"`
	Elements []ElementAnswer `json:"elements"`
}

// An ElementAnswer is what is known of one element.
type ElementAnswer struct {
	ID     string        `json:"id"`
	Answer account.Truth `json:"answer"`
	// Facts are the statements that it rests on, by id, and Sources theirs and,
	// where it rests on the event itself, the event's.
	Facts   []string         `json:"facts,omitempty"`
	Sources []account.Source `json:"sources,omitempty"`
	Lacks   []Lack           `json:"lacks,omitempty"` // what is missing to know
	Clash   bool             `json:"contradiction,omitempty"`
	Fault   string           `json:"fault,omitempty"` // the rule failed: its error
}

// Judge holds every concern against every event of a case: events in order of
// time, rules by id.
func (s *Set) Judge(c *book.Case) []Answer {
	out := []Answer{}
	for _, e := range inOrder(c.Events) {
		for _, r := range s.Rules(false) {
			a := r.judge(&subject{event: e, facts: c.FactsOf(e.Person)})
			a.Person = c.Pseudonym(e.Person)
			out = append(out, a)
		}
	}
	return out
}

// inOrder sorts events by when they may have begun, then as they were written.
func inOrder(events []*account.Event) []*account.Event {
	out := slices.Clone(events)
	slices.SortStableFunc(out, func(a, b *account.Event) int { return cmp.Compare(a.From.Earliest().Unix(), b.From.Earliest().Unix()) })
	return out
}

// judge answers each element by itself: one that fails leaves the others.
func (r *Rule) judge(s *subject) Answer {
	a := Answer{Rule: r.ID, Event: s.event.ID, From: s.event.From, To: s.event.To, Answer: account.Yes}
	for i := range r.Element {
		s.used, s.lacks = used{}, nil
		e := s.element(&r.Element[i])
		a.Answer = a.Answer.And(e.Answer)
		a.Elements = append(a.Elements, e)
	}
	return a
}

func (s *subject) element(e *Element) ElementAnswer {
	t, err := answer(e.program, s)
	out := ElementAnswer{ID: e.ID, Answer: t, Clash: s.used.clash}
	if err != nil {
		out.Fault = err.Error()
	}
	for _, f := range s.used.facts {
		if !slices.Contains(out.Facts, f.ID) {
			out.Facts = append(out.Facts, f.ID)
			out.Sources = append(out.Sources, f.Sources...)
		}
	}
	if s.used.event {
		out.Sources = append(out.Sources, s.event.Sources...)
	}
	if s.used.deal && s.deal != nil {
		out.Sources = append(out.Sources, s.deal.Sources...)
	}
	if s.used.deal && s.owner != nil {
		out.Sources = append(out.Sources, s.owner.Sources...)
	}
	if t == account.NotKnown {
		for _, l := range s.lacks {
			if !slices.Contains(out.Lacks, l) {
				out.Lacks = append(out.Lacks, l)
			}
		}
	}
	return out
}

// A Held is one condition of a deal, held against one event.
type Held struct {
	Deal      string       `json:"deal"` // its name
	Buyer     string       `json:"buyer"`
	Condition string       `json:"condition"` // as the deal has it
	Words     string       `json:"words,omitempty"`
	Since     account.Date `json:"since,omitzero"`
	Answer
}

// Against holds the conditions of every deal against the events of the
// operators that are attributed to its buyer. Met means that the event is
// against the condition as far as is known. A condition whose rule is missing
// is a fault.
func (s *Set) Against(c *book.Case) (held []Held, faults []Fault) {
	for _, d := range c.Deals {
		for _, cond := range d.Conditions {
			r := s.Rule(cond.Rule)
			if r == nil || !r.Condition {
				faults = append(faults, Fault{cond.Rule, "deal " + d.Name + ": no rule of conditions has this name"})
				continue
			}
			for _, e := range inOrder(c.Events) {
				owner := attribution(c, d, e)
				if owner == nil {
					continue
				}
				a := r.judge(&subject{
					event: e, facts: c.FactsOf(e.Person), deal: d, params: merge(r.Params, cond.Params), owner: owner, buyer: party(c, "buyer", owner.Buyer),
				})
				a.Person = c.Pseudonym(e.Person)
				held = append(held, Held{Deal: d.Name, Buyer: owner.Buyer, Condition: cond.Rule, Words: cond.Words, Since: e.From, Answer: a})
			}
		}
	}
	return held, faults
}

// attribution finds by what an event is a buyer's of the deal, nil by nothing.
func attribution(c *book.Case, d *account.Deal, e *account.Event) *account.Attribution {
	if e.Operator == "" {
		return nil
	}
	for _, a := range c.Attributions {
		if a.Operator == e.Operator && (d.Buyer == "" || d.Buyer == a.Buyer) {
			return a
		}
	}
	return nil
}

func party(c *book.Case, kind, name string) *account.Party {
	for _, p := range c.Parties {
		if p.Kind == kind && slices.Contains(p.Names(), name) {
			return p
		}
	}
	return nil
}

// merge takes the parameters of the deal before those of the rule.
func merge(rule, deal map[string][]string) map[string][]string {
	out := map[string][]string{}
	for k, v := range rule {
		out[k] = v
	}
	for k, v := range deal {
		out[k] = v
	}
	return out
}
