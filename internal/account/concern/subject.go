package concern

import (
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/account"
)

// subject is one event as rules see it, with what they looked at.
type subject struct {
	event *account.Event
	facts []*account.Fact // about the person, and of the case

	// Of a condition: the deal that it belongs to, and what is known of whose
	// operator acted.
	deal   *account.Deal
	params map[string][]string
	buyer  *account.Party
	owner  *account.Attribution

	used  used
	lacks []Lack
}

// used is what an answer rests on.
type used struct {
	facts []*account.Fact
	event bool // its own statements
	deal  bool
	clash bool
}

// A Lack is what would have to be known: a kind of fact, its value, and when.
type Lack struct {
	What  string `json:"what"`
	Value string `json:"value,omitempty"`
}

// look answers by the facts about the person over the window of the event.
func (s *subject) look(kind, value string) account.Truth {
	t, by, clash := s.event.Over(func(d account.Date) (account.Truth, []*account.Fact, bool) {
		return account.Ask(s.facts, kind, value, d)
	})
	return s.note(t, by, clash, kind, value)
}

// note keeps what an answer rests on, and what it lacks.
func (s *subject) note(t account.Truth, by []*account.Fact, clash bool, kind, value string) account.Truth {
	s.used.facts = append(s.used.facts, by...)
	s.used.clash = s.used.clash || clash
	if t == account.NotKnown {
		s.lacks = append(s.lacks, Lack{kind, value})
	}
	return t
}

func (s *subject) person(kind, value string) account.Truth { return s.look(kind, value) }
func (s *subject) role(v string) account.Truth             { return s.look(account.Role, v) }
func (s *subject) nationality(v string) account.Truth      { return s.look(account.Nationality, v) }
func (s *subject) protection(v string) account.Truth       { return s.look(account.Protection, v) }
func (s *subject) relation(v string) account.Truth         { return s.look(account.Relation, v) }
func (s *subject) located(v string) account.Truth          { return s.look(account.Location, v) }
func (s *subject) number(v string) account.Truth           { return s.look(account.Number, v) }
func (s *subject) order(v string) account.Truth            { return s.look(account.Order, v) }

// proceeding and informed are asked of today: they come after the event.
func (s *subject) proceeding(v string) account.Truth {
	return s.ever(account.Proceeding, v)
}

func (s *subject) informed(v string) account.Truth { return s.ever(account.Informed, v) }

// ever answers whether a fact says so at any time, or that it was not so.
func (s *subject) ever(kind, value string) account.Truth {
	var yes, no []*account.Fact
	for _, f := range s.facts {
		switch {
		case f.Kind != kind || f.Value != value:
		case f.Not:
			no = append(no, f)
		default:
			yes = append(yes, f)
		}
	}
	switch {
	case len(yes) > 0 && len(no) > 0 && latest(yes).When.From.Before(latest(no).When.From) == account.NotKnown &&
		latest(no).When.From.Before(latest(yes).When.From) == account.NotKnown:
		return s.note(account.NotKnown, slices.Concat(yes, no), true, kind, value)
	case len(yes) > 0:
		// "Not informed as of June" and "informed in July" are both true.
		return s.note(account.Yes, yes, false, kind, value)
	case len(no) > 0:
		return s.note(account.No, no, false, kind, value)
	}
	return s.note(account.NotKnown, nil, false, kind, value)
}

func latest(facts []*account.Fact) *account.Fact {
	last := facts[0]
	for _, f := range facts[1:] {
		if last.When.From.Before(f.When.From) == account.Yes {
			last = f
		}
	}
	return last
}

func (s *subject) minor() account.Truth {
	t, by, clash := s.event.Over(func(d account.Date) (account.Truth, []*account.Fact, bool) { return account.Minor(s.facts, d) })
	return s.note(t, by, clash, account.Birth, "")
}

// targeted is yes for an event that is certain or probable.
func (s *subject) targeted() account.Truth {
	s.used.event = true
	if s.event.Certainty == account.Certain || s.event.Certainty == account.Probable {
		return account.Yes
	}
	s.lacks = append(s.lacks, Lack{What: "event.certainty"})
	return account.NotKnown
}

func (s *subject) how(v string) account.Truth {
	return s.told("event.how", s.event.How == v, s.event.How == account.HowUnknown)
}

func (s *subject) outcome(v string) account.Truth {
	return s.told("event.outcome", s.event.Outcome == v, s.event.Outcome == account.OutcomeUnknown)
}

func (s *subject) threat(v string) account.Truth {
	return s.told("event.threat", strings.Contains(strings.ToLower(s.event.Threat), strings.ToLower(v)), s.event.Threat == "")
}

// told answers by a field of the event.
func (s *subject) told(field string, yes, open bool) account.Truth {
	s.used.event = true
	if open && !yes {
		s.lacks = append(s.lacks, Lack{What: field})
		return account.NotKnown
	}
	return account.Is(yes)
}

func (s *subject) impersonates(kind string) account.Truth { return s.impersonatesOf(kind, "") }

// impersonatesOf answers whether the lure pretends to come from an institution
// of a kind, of a country where one is given.
func (s *subject) impersonatesOf(kind, country string) account.Truth {
	e := s.event
	s.used.event = true
	open := len(e.Impersonates) == 0 && !e.None && (e.How == account.ByLure || e.How == account.HowUnknown)
	for _, i := range e.Impersonates {
		if i.Kind != kind {
			continue
		}
		if country == "" || i.Country == country {
			return account.Yes
		}
		open = open || i.Country == ""
	}
	return s.told("event.impersonates", false, open)
}

// inForce is whether the deal held when the event happened.
func (s *subject) inForce() account.Truth {
	s.used.deal = true
	if s.deal == nil {
		s.lacks = append(s.lacks, Lack{What: "deal"})
		return account.NotKnown
	}
	t, _, _ := s.event.Over(func(d account.Date) (account.Truth, []*account.Fact, bool) { return s.deal.When.Holds(d), nil, false })
	if t == account.NotKnown {
		s.lacks = append(s.lacks, Lack{What: "deal.when"})
	}
	return t
}

// attributed is whether the operator that acted is surely the buyer's.
func (s *subject) attributed() account.Truth {
	s.used.deal = true
	if a := s.owner; a != nil && (a.Certainty == account.Certain || a.Certainty == account.Probable) {
		return account.Yes
	}
	s.lacks = append(s.lacks, Lack{What: "attribution"})
	return account.NotKnown
}

func (s *subject) buyerGovernment() account.Truth {
	s.used.deal = true
	if s.buyer == nil || s.buyer.Government == account.NotKnown {
		s.lacks = append(s.lacks, Lack{What: "party.government"})
		return account.NotKnown
	}
	return s.buyer.Government
}

// listed answers whether the person has any of the roles, nationalities, or
// places that the condition's parameter lists.
func (s *subject) listed(param string) account.Truth {
	kind := map[string]string{"roles": account.Role, "countries": account.Location, "numbers": account.Number, "nationalities": account.Nationality}[param]
	values := s.params[param]
	if kind == "" || len(values) == 0 {
		s.lacks = append(s.lacks, Lack{What: "condition." + param})
		return account.NotKnown
	}
	t := account.No
	for _, v := range values {
		t = t.Or(s.look(kind, v))
	}
	return t
}
