package account

import (
	"errors"
	"testing"
)

func fact(kind, value, from, to string) *Fact {
	return &Fact{
		Person: "P-1", Kind: kind, Value: value, When: Span{From: MustDate(from), To: MustDate(to)},
		Basis: Basis{Sources: []Source{{Title: "a document"}}, Certainty: Certain},
	}
}

func TestAsk(t *testing.T) {
	t.Parallel()
	not := func(f *Fact) *Fact { f.Not = true; return f }
	only := func(f *Fact) *Fact { f.Only = true; return f }
	at := MustDate("2016-05-10")
	for name, test := range map[string]struct {
		facts []*Fact
		kind  string
		value string
		want  Truth
		clash bool
	}{
		"nothing":            {nil, Role, "lawyer", NotKnown, false},
		"holds":              {[]*Fact{fact(Role, "lawyer", "2010", "")}, Role, "lawyer", Yes, false},
		"ended":              {[]*Fact{fact(Role, "lawyer", "2010", "2012")}, Role, "lawyer", No, false},
		"ended_and_again":    {[]*Fact{fact(Role, "lawyer", "2010", "2012"), fact(Role, "lawyer", "2014", "")}, Role, "lawyer", Yes, false},
		"other":              {[]*Fact{fact(Role, "journalist", "2010", "")}, Role, "lawyer", NotKnown, false},
		"other_only":         {[]*Fact{only(fact(Nationality, "MX", "2010", ""))}, Nationality, "US", No, false},
		"elsewhere":          {[]*Fact{fact(Location, "MX", "2010", "")}, Location, "US", No, false},
		"denied":             {[]*Fact{not(fact(Order, "interception", "2010", ""))}, Order, "interception", No, false},
		"contradiction":      {[]*Fact{fact(Role, "lawyer", "2010", ""), not(fact(Role, "lawyer", "2015", "2017"))}, Role, "lawyer", NotKnown, true},
		"two_places":         {[]*Fact{fact(Location, "MX", "2010", ""), fact(Location, "US", "2016-05-01", "2016-06-01")}, Location, "US", NotKnown, true},
		"since_when_unknown": {[]*Fact{fact(Role, "lawyer", "", "")}, Role, "lawyer", NotKnown, false},
		"within_a_year":      {[]*Fact{fact(Role, "lawyer", "2016", "")}, Role, "lawyer", NotKnown, false},
	} {
		got, _, clash := Ask(test.facts, test.kind, test.value, at)
		if got != test.want || clash != test.clash {
			t.Errorf("%s: %s, clash %t; want %s, %t", name, got, clash, test.want, test.clash)
		}
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	good := fact(Nationality, "US", "2010", "")
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(f *Fact){
		"kind":        func(f *Fact) { f.Kind = "colour" },
		"nobody":      func(f *Fact) { f.Person = "" },
		"country":     func(f *Fact) { f.Value = "usa" },
		"no_source":   func(f *Fact) { f.Sources = nil },
		"no_title":    func(f *Fact) { f.Sources = []Source{{URL: "https://example.org"}} },
		"bad_url":     func(f *Fact) { f.Sources[0].URL = "javascript:alert(1)" },
		"bad_hash":    func(f *Fact) { f.Sources[0].Archived = "abc" },
		"certainty":   func(f *Fact) { f.Certainty = "sure" },
		"backwards":   func(f *Fact) { f.When = Span{From: MustDate("2017"), To: MustDate("2016")} },
		"not_only":    func(f *Fact) { f.Not, f.Only = true, true },
		"birth":       func(f *Fact) { f.Kind, f.Value = Birth, "young" },
		"no_relation": func(f *Fact) { f.Kind, f.Value = Relation, "child_of" },
	} {
		f := fact(Nationality, "US", "2010", "")
		spoil(f)
		if err := f.Validate(); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	event := func() *Event {
		return &Event{Person: "P-1", From: MustDate("2016"), How: ByLure, Outcome: Attempt, Basis: good.Basis}
	}
	if err := event().Validate(); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(e *Event){
		"nobody":    func(e *Event) { e.Person = "" },
		"how":       func(e *Event) { e.How = "magic" },
		"outcome":   func(e *Event) { e.Outcome = "" },
		"both":      func(e *Event) { e.None, e.Impersonates = true, []Impersonated{{Kind: "embassy"}} },
		"kind":      func(e *Event) { e.Impersonates = []Impersonated{{Kind: "US Embassy"}} },
		"backwards": func(e *Event) { e.To = MustDate("2015") },
		"no_begin":  func(e *Event) { e.From, e.To = Date{}, MustDate("2015") },
	} {
		e := event()
		spoil(e)
		if err := e.Validate(); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
