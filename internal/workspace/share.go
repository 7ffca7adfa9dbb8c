package workspace

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Share is how much of a person's evidence somebody may get. Each holds the
// ones before it: who has the evidence can find the findings.
type Share int

// What a consent can let somebody have.
const (
	ShareNothing    Share = iota
	ShareIndicators       // published indicators that matched, and when: nothing of the person
	ShareFindings         // results and reports too
	ShareEvidence         // the files too
)

var shareNames = []string{"nothing", "indicators", "findings", "evidence"}

// String is the word that consents use.
func (s Share) String() string { return shareNames[s] }

// NamePublic is what a consent shares where the person may be named in public.
// It stands by itself: it lets nobody have indicators, findings or evidence.
const NamePublic = "name:public"

// parseShare reads "findings:the court of Xalapa".
func parseShare(text string) (s Share, whom string, err error) {
	if text == NamePublic {
		return ShareNothing, "public", nil
	}
	what, whom, _ := strings.Cut(text, ":")
	whom = strings.Join(strings.Fields(whom), " ")
	i := slices.Index(shareNames, strings.TrimSpace(what))
	if i <= 0 || whom == "" {
		return 0, "", fmt.Errorf("%w: %q does not say what may be shared with whom: %s, a colon, and a name; or %s", ErrInvalid, text, strings.Join(shareNames[1:], ", "), NamePublic)
	}
	return Share(i), whom, nil
}

// lets returns how much the terms let a recipient have.
func (t *ConsentTerms) lets(recipient string) (most Share) {
	recipient = strings.Join(strings.Fields(recipient), " ")
	for _, text := range t.Shares {
		if s, whom, err := parseShare(text); err == nil && strings.EqualFold(whom, recipient) {
			most = max(most, s)
		}
	}
	return most
}

// Sharing is what a recipient may get of one evidence, and by which consents.
type Sharing struct {
	Evidence  Evidence
	Person    Person
	Recipient string
	Most      Share
	Own       bool      // the recipient is the person
	Consents  []Consent // of the person that hold now
}

// Sharing says what a recipient may get of an evidence today. The person
// themselves, named by their id, may have all that is theirs. The error
// wraps ErrNoConsent where no consent holds any more, ErrErased or ErrNoAccess.
func (w *Workspace) Sharing(ctx context.Context, evidence, recipient string) (Sharing, error) {
	s := Sharing{Recipient: recipient}
	var err error
	if s.Evidence, err = w.Evidence(ctx, evidence); err != nil {
		return s, err
	}
	if err := w.mayWith(ctx, w.db.Pool, s.Evidence.Case, ActReport, "evidence", evidence); err != nil {
		return s, err
	}
	switch s.Evidence.State {
	case Erased:
		return s, fmt.Errorf("evidence %s: %w", evidence, ErrErased)
	case Receiving:
		return s, fmt.Errorf("evidence %s: %w: it is not stored whole", evidence, ErrInvalid)
	}
	if s.Person, err = w.personOf(ctx, &s.Evidence); err != nil {
		return s, err
	}
	if err := w.Permits(ctx, evidence, Analysis); err != nil {
		return s, err
	}
	if s.Consents, err = w.holding(ctx, &s.Person); err != nil {
		return s, err
	}
	if s.Own = recipient == s.Person.ID; s.Own {
		s.Most = ShareEvidence
	}
	for i := range s.Consents {
		s.Most = max(s.Most, s.Consents[i].Private.lets(recipient))
	}
	return s, nil
}

// Holds reports whether a consent covers a purpose on a day.
func (c *Consent) Holds(purpose string, on time.Time) bool {
	return holdsNot(strings.Join(c.Purposes, ","), c.Until, c.Withdrawn, purpose, on.UTC().Format(time.DateOnly)) == ""
}

// Stands reports whether a consent, for whatever purpose, is neither withdrawn
// nor over on a day.
func (c *Consent) Stands(on time.Time) bool {
	return overSince(c.Until, c.Withdrawn, on.UTC().Format(time.DateOnly)) == ""
}

// personOf is the person whose device an evidence is of.
func (w *Workspace) personOf(ctx context.Context, ev *Evidence) (Person, error) {
	var id string
	err := w.db.Pool.QueryRowContext(ctx, "SELECT person_id FROM device WHERE id = $1", ev.Device).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return Person{}, w.fail("device "+ev.Device, err)
	}
	var f filter
	f.equal("id", id)
	l, err := w.listPeople(ctx, ev.Case, f, Page{Limit: 1})
	if err == nil && len(l.Items) == 0 {
		err = fmt.Errorf("person %s: %w", id, ErrNotFound)
	}
	if err != nil {
		return Person{}, err
	}
	return l.Items[0], nil
}

// holding lists the consents of a person that hold now.
func (w *Workspace) holding(ctx context.Context, p *Person) ([]Consent, error) {
	all, err := w.Consents(ctx, p.Case, p.ID, Page{Limit: MaxLimit})
	if err != nil {
		return nil, err
	}
	now := w.o.Now()
	return slices.DeleteFunc(all.Items, func(c Consent) bool { return !c.Holds(Analysis, now) }), nil
}

// Permits reports, as ErrNoConsent, that no consent of the person of an
// evidence covers a purpose today. It is the one answer to that question: who
// opens a key, hunts, links or publishes asks it, or consented within an act.
func (w *Workspace) Permits(ctx context.Context, evidence, purpose string) error {
	return w.read(ctx, func(t *tx) error {
		var person string
		var caseID string
		err := t.scan("SELECT d.person_id, e.case_id FROM evidence e JOIN device d ON d.id = e.device_id WHERE e.id = $1", []any{evidence}, &person, &caseID)
		if err != nil {
			return fmt.Errorf("evidence %s: %w", evidence, err)
		}
		if err := w.mayWith(ctx, t, caseID, ActSee, "evidence", evidence); err != nil {
			return err
		}
		_, err = t.consented(person, purpose)
		return err
	})
}

// SharesWith are the terms of a consent that name a recipient.
func (c *Consent) SharesWith(recipient string) (list []string) {
	for _, text := range c.Private.Shares {
		if (&ConsentTerms{Shares: []string{text}}).lets(recipient) > ShareNothing {
			list = append(list, text)
		}
	}
	return list
}
