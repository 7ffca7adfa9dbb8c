package account

import (
	"fmt"
	"slices"
	"strings"
)

// KindEvent is the kind of the entries that hold an Event.
const KindEvent = "event"

// How a phone is attacked.
const (
	ByLure      = "lure"       // a message that wants a link opened
	ByZeroClick = "zero_click" // nothing had to be opened
	ByPhysical  = "physical"   // somebody had the phone in hand
	HowUnknown  = "unknown"
)

// What came of it.
const (
	Attempt        = "attempt"
	Infected       = "infected"
	OutcomeUnknown = "unknown"
)

// Ways and Outcomes list what an event can say.
var (
	Ways     = []string{ByLure, ByZeroClick, ByPhysical, HowUnknown}
	Outcomes = []string{Attempt, Infected, OutcomeUnknown}
)

// An Event is an act against a person's phone.
type Event struct {
	ID     string `json:"id,omitempty"` // of its entry; not in the body
	Person string `json:"person"`       // id or pseudonym
	Device string `json:"device,omitempty"`
	From   Date   `json:"from,omitzero"` // of the window of time
	To     Date   `json:"to,omitzero"`   // no date: the same as From
	How    string `json:"how"`
	Threat string `json:"threat,omitempty"` // Pegasus
	// Operator is the cluster of infrastructure that acted, by the name that
	// researchers gave it.
	Operator string `json:"operator,omitempty"`
	// Impersonates is whom the lure pretends to come from. None says that it
	// was read and pretends to come from nobody.
	Impersonates []Impersonated `json:"impersonates,omitempty"`
	None         bool           `json:"impersonates_nobody,omitempty"`
	Outcome      string         `json:"outcome"`
	Basis
}

// Impersonated is whom a lure pretends to come from.
type Impersonated struct {
	Kind    string `json:"kind"` // embassy, ministry, bank, news, seal…
	Name    string `json:"name,omitempty"`
	ID      string `json:"id,omitempty"` // of the institution, as `amparo lure` knows it
	Country string `json:"country,omitempty"`
}

// At is the window of time with its end filled in.
func (e *Event) At() (from, to Date) {
	if e.To.IsZero() {
		return e.From, e.From
	}
	return e.From, e.To
}

// Validate names the field that is wrong.
func (e *Event) Validate() error {
	switch {
	case e.Person == "":
		return fmt.Errorf("%w: event: person: say whose phone it was", ErrInvalid)
	case !slices.Contains(Ways, e.How):
		return fmt.Errorf("%w: event: how %q is none of %s", ErrInvalid, e.How, strings.Join(Ways, ", "))
	case !slices.Contains(Outcomes, e.Outcome):
		return fmt.Errorf("%w: event: outcome %q is none of %s", ErrInvalid, e.Outcome, strings.Join(Outcomes, ", "))
	case e.None && len(e.Impersonates) > 0:
		return fmt.Errorf("%w: event: it impersonates somebody and nobody", ErrInvalid)
	case e.From.IsZero() && !e.To.IsZero():
		return fmt.Errorf("%w: event: it has an end and no beginning", ErrInvalid)
	case max(len(e.Threat), len(e.Operator), len(e.Note)) > maxText:
		return fmt.Errorf("%w: event: a text has more than %d bytes", ErrInvalid, maxText)
	}
	for _, i := range e.Impersonates {
		if !wordPattern.MatchString(i.Kind) || i.Country != "" && !countryCode.MatchString(i.Country) {
			return fmt.Errorf("%w: event: impersonates: a kind such as embassy, and a country such as US", ErrInvalid)
		}
	}
	if err := (Span{From: e.From, To: e.To}).Validate(); err != nil {
		return fmt.Errorf("event: %w", err)
	}
	if err := e.Basis.Validate(); err != nil {
		return fmt.Errorf("event: %w", err)
	}
	return nil
}

// Over answers a question at the beginning and the end of the event: yes or
// no where both agree.
func (e *Event) Over(ask func(Date) (Truth, []*Fact, bool)) (answer Truth, by []*Fact, clash bool) {
	from, to := e.At()
	answer, by, clash = ask(from)
	if from == to {
		return answer, by, clash
	}
	end, more, also := ask(to)
	if end != answer {
		answer = NotKnown
	}
	for _, f := range more {
		if !slices.Contains(by, f) {
			by = append(by, f)
		}
	}
	return answer, by, clash || also
}
