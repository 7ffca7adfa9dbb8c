package account

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// KindFact is the kind of the entries that hold a Fact.
const KindFact = "fact"

// What a fact tells.
const (
	Nationality = "nationality" // Value: country
	Location    = "location"    // Value: country; Place: where in it
	Number      = "number"      // Value: country of the phone number
	Role        = "role"        // Value: one of Roles; Of: of or for whom
	Protection  = "protection"  // Value: one of Protections; Of: the instrument that gives it
	Relation    = "relation"    // Value: one of Relations; Of: the other person
	Birth       = "birth"       // Value: a Date
	Order       = "order"       // Value: interception; Of: the court. Of a person, or of the case
	Proceeding  = "proceeding"  // Value: one of Proceedings; Of: the authority. Of a person, or of the case
	Informed    = "informed"    // Value: of_proceeding; Of: the authority that told the person
)

// Roles, protections and so on that rules ask for. Any other word of small
// letters is kept, and matched by the rules of a team.
var (
	Roles       = []string{"journalist", "lawyer", "human_rights_defender", "elected_official", "candidate", "minor", "expert_body", "activist", "public_official"}
	Protections = []string{"diplomatic_immunity", "expert_immunity", "precautionary_measure", "professional_secrecy"}
	Relations   = []string{"child_of", "parent_of", "partner_of", "client_of", "lawyer_of", "colleague_of"}
	Proceedings = []string{"complaint", "investigation"}
)

// factKinds are the kinds of facts, and whether one can be of the case.
var factKinds = map[string]bool{
	Nationality: false, Location: false, Number: false, Role: false, Protection: false, Relation: false, Birth: false, Informed: false,
	Order: true, Proceeding: true,
}

// FactKinds lists the kinds of facts.
func FactKinds() []string {
	return []string{Nationality, Location, Number, Role, Protection, Relation, Birth, Order, Proceeding, Informed}
}

// A Fact says something of a person, or of the case, at a time.
type Fact struct {
	ID     string `json:"id,omitempty"`     // of its entry; not in the body
	Person string `json:"person,omitempty"` // id or pseudonym; "": of the case
	Kind   string `json:"kind"`
	Value  string `json:"value"`
	Of     string `json:"of,omitempty"`
	Place  string `json:"place,omitempty"`
	// Not says that it is not so: no citizen of, no order was issued.
	Not bool `json:"not,omitempty"`
	// Only says that nothing else of the kind holds: the only nationality.
	Only bool `json:"only,omitempty"`
	When Span `json:"when,omitzero"`
	Basis
}

var (
	countryCode = regexp.MustCompile(`^[A-Z]{2}$`)
	wordPattern = regexp.MustCompile(`^[a-z][a-z0-9_]{1,40}$`)
)

// maxText bounds a text of a statement in bytes.
const maxText = 4000

// Validate names the field that is wrong.
func (f *Fact) Validate() error {
	ofCase, known := factKinds[f.Kind]
	switch {
	case !known:
		return fmt.Errorf("%w: fact: kind %q is none of %s", ErrInvalid, f.Kind, strings.Join(FactKinds(), ", "))
	case f.Person == "" && !ofCase:
		return fmt.Errorf("%w: fact: %s is of a person: say which", ErrInvalid, f.Kind)
	case f.Not && f.Only:
		return fmt.Errorf("%w: fact: not and only exclude each other", ErrInvalid)
	case len(f.Of) > maxText || len(f.Place) > maxText || len(f.Note) > maxText:
		return fmt.Errorf("%w: fact: a text has more than %d bytes", ErrInvalid, maxText)
	}
	if err := f.validValue(); err != nil {
		return err
	}
	if f.Kind == Relation && f.Of == "" {
		return fmt.Errorf("%w: fact: a relation is to somebody: say of whom", ErrInvalid)
	}
	if err := f.When.Validate(); err != nil {
		return fmt.Errorf("fact: when: %w", err)
	}
	if err := f.Basis.Validate(); err != nil {
		return fmt.Errorf("fact: %w", err)
	}
	return nil
}

func (f *Fact) validValue() error {
	switch f.Kind {
	case Nationality, Location, Number:
		if !countryCode.MatchString(f.Value) {
			return fmt.Errorf("%w: fact: %s %q: write the country in two capital letters, US or MX", ErrInvalid, f.Kind, f.Value)
		}
	case Birth:
		if d, err := ParseDate(f.Value); err != nil || d.IsZero() {
			return fmt.Errorf("%w: fact: birth %q: write 2001, 2001-05 or 2001-05-17", ErrInvalid, f.Value)
		}
	default:
		if !wordPattern.MatchString(f.Value) {
			return fmt.Errorf("%w: fact: value %q: small letters and low lines, such as %s", ErrInvalid, f.Value, f.example())
		}
	}
	return nil
}

func (f *Fact) example() string {
	switch f.Kind {
	case Role:
		return strings.Join(Roles, ", ")
	case Protection:
		return strings.Join(Protections, ", ")
	case Relation:
		return strings.Join(Relations, ", ")
	case Proceeding:
		return strings.Join(Proceedings, ", ")
	case Order:
		return "interception"
	}
	return "of_proceeding"
}

// Says is what a fact answers to whether kind and value hold at a date.
func (f *Fact) Says(kind, value string, at Date) Truth {
	if f.Kind != kind {
		return NotKnown
	}
	holds := f.When.Holds(at)
	switch {
	case f.Value == value && !f.Not:
		// That it ended says that it does not hold, unless it came back: another
		// fact would say so.
		return holds
	case f.Value == value && holds == Yes:
		return No
	case f.Value != value && !f.Not && holds == Yes && (f.Only || kind == Location):
		return No
	}
	return NotKnown
}

// Ask answers whether kind and value hold at a date, by all facts that tell.
// Facts that contradict each other leave it not known, and clash says so.
func Ask(facts []*Fact, kind, value string, at Date) (answer Truth, by []*Fact, clash bool) {
	var yes, no []*Fact
	for _, f := range facts {
		switch f.Says(kind, value, at) {
		case Yes:
			yes = append(yes, f)
		case No:
			no = append(no, f)
		}
	}
	// What ended once and holds again by another fact is no contradiction.
	if len(yes) > 0 {
		no = slices.DeleteFunc(no, func(f *Fact) bool { return f.Value == value && !f.Not })
	}
	switch {
	case len(yes) > 0 && len(no) > 0:
		return NotKnown, slices.Concat(yes, no), true
	case len(yes) > 0:
		return Yes, yes, false
	case len(no) > 0:
		return No, no, false
	}
	for _, f := range facts {
		if f.Kind == kind && f.Value == value {
			by = append(by, f)
		}
	}
	return NotKnown, by, false
}

// adulthood is the age from which a person is no minor, in years: CRC art. 1.
const adulthood = 18

// Minor answers whether the person was younger than 18 at a date: by a date of
// birth where there is one, else by the role minor.
func Minor(facts []*Fact, at Date) (answer Truth, by []*Fact, clash bool) {
	for _, f := range facts {
		if f.Kind != Birth || f.Not || at.IsZero() {
			continue
		}
		born, err := ParseDate(f.Value)
		if err != nil {
			continue
		}
		by = append(by, f)
		adult := born
		adult.at = born.at.AddDate(adulthood, 0, 0)
		young := at.Before(adult)
		if young == NotKnown && adult.Before(at) == Yes {
			young = No
		}
		if clash = clash || answer != NotKnown && young != NotKnown && answer != young; young != NotKnown {
			answer = young
		}
	}
	if clash {
		return NotKnown, by, true
	}
	if answer != NotKnown {
		return answer, by, false
	}
	answer, more, clash := Ask(facts, Role, "minor", at)
	return answer, slices.Concat(by, more), clash
}
