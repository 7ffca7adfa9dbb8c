package account

import (
	"fmt"
	"slices"
	"strings"
)

// Kinds of the entries that hold the register.
const (
	KindParty       = "party"       // Party
	KindDeal        = "deal"        // Deal
	KindAttribution = "attribution" // Attribution
)

// PartyKinds are what a party to the trade can be.
var PartyKinds = []string{"seller", "intermediary", "buyer", "investor", "authority"}

// A Party sells, passes on, buys or licenses spyware.
type Party struct {
	ID      string   `json:"id,omitempty"` // of its entry; not in the body
	Kind    string   `json:"kind"`
	Name    string   `json:"name"`
	Aliases []string `json:"aliases,omitempty"`
	Country string   `json:"country,omitempty"`
	// Government is met where it is a body of a state, not_met where it is not.
	Government Truth `json:"government,omitzero"`
	Basis
}

// Names are all by which it is known.
func (p *Party) Names() []string { return append([]string{p.Name}, p.Aliases...) }

// Validate names the field that is wrong.
func (p *Party) Validate() error {
	switch {
	case !slices.Contains(PartyKinds, p.Kind):
		return fmt.Errorf("%w: party: kind %q is none of %s", ErrInvalid, p.Kind, strings.Join(PartyKinds, ", "))
	case strings.TrimSpace(p.Name) == "" || len(p.Name) > maxText:
		return fmt.Errorf("%w: party: it has no name", ErrInvalid)
	case p.Country != "" && !countryCode.MatchString(p.Country):
		return fmt.Errorf("%w: party: country %q: write two capital letters, IL or MX", ErrInvalid, p.Country)
	}
	if err := p.Basis.Validate(); err != nil {
		return fmt.Errorf("party %s: %w", p.Name, err)
	}
	return nil
}

// DealKinds are what can bind a party to conditions.
var DealKinds = []string{"contract", "licence", "policy"}

// A Deal is a contract, a licence, or what a seller says of all it sells, with
// its conditions. Parties are named as the register names them.
type Deal struct {
	ID         string      `json:"id,omitempty"` // of its entry; not in the body
	Kind       string      `json:"kind"`
	Name       string      `json:"name"`
	Seller     string      `json:"seller,omitempty"`
	Through    []string    `json:"through,omitempty"` // intermediaries
	Buyer      string      `json:"buyer,omitempty"`   // "": whoever buys
	Product    string      `json:"product,omitempty"` // Pegasus
	When       Span        `json:"when,omitzero"`
	Amount     string      `json:"amount,omitempty"`
	Conditions []Condition `json:"conditions,omitempty"`
	Basis
}

// A Condition is one term of a deal, held against what was seen by a rule.
type Condition struct {
	Rule   string              `json:"rule"` // id of the rule that tells
	Words  string              `json:"words,omitempty"`
	Params map[string][]string `json:"params,omitempty"`
}

// Validate names the field that is wrong.
func (d *Deal) Validate() error {
	switch {
	case !slices.Contains(DealKinds, d.Kind):
		return fmt.Errorf("%w: deal: kind %q is none of %s", ErrInvalid, d.Kind, strings.Join(DealKinds, ", "))
	case strings.TrimSpace(d.Name) == "" || len(d.Name) > maxText:
		return fmt.Errorf("%w: deal: it has no name", ErrInvalid)
	case d.Seller == "" && d.Buyer == "":
		return fmt.Errorf("%w: deal %s: it has neither seller nor buyer", ErrInvalid, d.Name)
	}
	for _, c := range d.Conditions {
		if !wordPattern.MatchString(c.Rule) {
			return fmt.Errorf("%w: deal %s: condition: rule %q: the id of a rule, such as purpose_limited", ErrInvalid, d.Name, c.Rule)
		}
	}
	if err := d.When.Validate(); err != nil {
		return fmt.Errorf("deal %s: %w", d.Name, err)
	}
	if err := d.Basis.Validate(); err != nil {
		return fmt.Errorf("deal %s: %w", d.Name, err)
	}
	return nil
}

// An Attribution says which buyer an operator's cluster belongs to, and how
// surely. Without one, what an operator did is held against nobody.
type Attribution struct {
	ID       string `json:"id,omitempty"` // of its entry; not in the body
	Operator string `json:"operator"`
	Buyer    string `json:"buyer"`
	Basis
}

// Validate names the field that is wrong.
func (a *Attribution) Validate() error {
	if a.Operator == "" || a.Buyer == "" {
		return fmt.Errorf("%w: attribution: an operator and a buyer", ErrInvalid)
	}
	if err := a.Basis.Validate(); err != nil {
		return fmt.Errorf("attribution of %s: %w", a.Operator, err)
	}
	return nil
}
