package workspace

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Person is known by a pseudonym; the rest is sealed.
type Person struct {
	ID        string        `json:"id"`
	Case      string        `json:"case"`
	Pseudonym string        `json:"pseudonym"`
	Minor     bool          `json:"minor"`
	Created   string        `json:"created"`
	Private   PersonPrivate `json:"private"`
}

// PersonPrivate is sealed under the key of the case.
type PersonPrivate struct {
	Name      string   `json:"name,omitempty"`
	Languages []string `json:"languages,omitempty"` // BCP 47
	Reach     []string `json:"reach,omitempty"`     // ways to be reached, "signal:+52…"
}

// AddPerson adds a person to a case. Without a pseudonym they get one.
func (w *Workspace) AddPerson(ctx context.Context, p Person) (Person, error) {
	p.ID = newID("P")
	if p.Pseudonym == "" {
		p.Pseudonym = "person-" + p.ID[2:6]
	}
	if err := validName("pseudonym", p.Pseudonym); err != nil {
		return p, err
	}
	err := w.act(ctx, func(t *tx) error {
		recipient, err := t.openCase(p.Case, ActIntake)
		if err != nil {
			return err
		}
		sealed, err := sealJSON(recipient, p.Private)
		if err != nil {
			return err
		}
		p.Created = t.now
		n := t.record("person.added", p.Case, p.ID, map[string]any{"case": p.Case, "person": p.ID})
		if t.exec(`INSERT INTO person (id, n, case_id, pseudonym, minor, sealed, created)
			VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
			p.ID, n, p.Case, p.Pseudonym, flag(p.Minor), sealed, t.now) == 0 && t.err == nil {
			return fmt.Errorf("%w: the case has a person %q already", ErrInvalid, p.Pseudonym)
		}
		return nil
	})
	return p, err
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// People lists the people of a case. What is sealed is opened.
func (w *Workspace) People(ctx context.Context, caseID string, p Page) (List[Person], error) {
	return w.listPeople(ctx, caseID, filter{}, p)
}

func (w *Workspace) listPeople(ctx context.Context, caseID string, f filter, p Page) (List[Person], error) {
	key, only, err := w.enter(ctx, w.db.Pool, caseID, ActSee)
	if err != nil {
		return List[Person]{}, err
	}
	f.equal("case_id", caseID)
	f.own("person", only)
	return list(ctx, w, "SELECT n, id, case_id, pseudonym, minor, created, sealed FROM person", f, p, "n",
		func(rows *sql.Rows) (n int64, p Person, err error) {
			var sealed []byte
			if err := rows.Scan(&n, &p.ID, &p.Case, &p.Pseudonym, &p.Minor, &p.Created, &sealed); err != nil {
				return 0, p, err
			}
			return n, p, openJSON(key, sealed, &p.Private)
		})
}

// A Device is a phone of a person.
type Device struct {
	ID      string        `json:"id"`
	Case    string        `json:"case"`
	Person  string        `json:"person"`
	Created string        `json:"created"`
	Private DevicePrivate `json:"private"`
}

// DevicePrivate is sealed under the key of the case.
type DevicePrivate struct {
	Label string `json:"label"` // as the helpline calls it
}

// AddDevice adds a device of a person, named by id or pseudonym.
func (w *Workspace) AddDevice(ctx context.Context, caseID, person, label string) (Device, error) {
	d := Device{ID: newID("D"), Case: caseID, Private: DevicePrivate{Label: label}}
	if err := validName("label of a device", label); err != nil {
		return d, err
	}
	err := w.act(ctx, func(t *tx) error {
		recipient, err := t.openCase(caseID, ActIntake)
		if err != nil {
			return err
		}
		if d.Person, err = t.person(caseID, person); err != nil {
			return err
		}
		sealed, err := sealJSON(recipient, d.Private)
		if err != nil {
			return err
		}
		d.Created = t.now
		n := t.record("device.added", caseID, d.ID, map[string]any{"case": caseID, "device": d.ID, "person": d.Person})
		t.exec("INSERT INTO device (id, n, case_id, person_id, sealed, created) VALUES ($1, $2, $3, $4, $5, $6)",
			d.ID, n, caseID, d.Person, sealed, t.now)
		return nil
	})
	return d, err
}

// named is the id of a person of a case that is named by id or pseudonym, ""
// for "". Where only is not "", there is nobody else.
func (w *Workspace) named(ctx context.Context, caseID, person, only string) (id string, err error) {
	if person == "" {
		return "", nil
	}
	err = w.read(ctx, func(t *tx) error {
		id, err = t.person(caseID, person)
		return err
	})
	if err == nil && only != "" && only != id {
		return "", fmt.Errorf("person %s in case %s: %w", person, caseID, ErrNotFound)
	}
	return id, err
}

// A PersonFilter narrows a list of people. Empty fields do not.
type PersonFilter struct {
	Pseudonym string
	Minor     bool // only minors
}

// PeopleBy lists the people of a case that fit.
func (w *Workspace) PeopleBy(ctx context.Context, caseID string, by PersonFilter, p Page) (List[Person], error) {
	var f filter
	f.equal("pseudonym", by.Pseudonym)
	if by.Minor {
		f.add("minor = $?", 1)
	}
	return w.listPeople(ctx, caseID, f, p)
}

// person finds a person of a case by id or pseudonym.
func (t *tx) person(caseID, name string) (id string, err error) {
	err = t.scan("SELECT id FROM person WHERE case_id = $1 AND (id = $2 OR pseudonym = $2)", []any{caseID, name}, &id)
	if err != nil {
		return "", fmt.Errorf("person %s in case %s: %w", name, caseID, err)
	}
	return id, nil
}

// Devices lists the devices of a case, and of one person if given.
func (w *Workspace) Devices(ctx context.Context, caseID, person string, p Page) (List[Device], error) {
	only, err := w.may(ctx, w.db.Pool, caseID, ActSee)
	if err != nil {
		return List[Device]{}, err
	}
	if person, err = w.named(ctx, caseID, person, only); err != nil {
		return List[Device]{}, err
	}
	var f filter
	f.equal("person_id", person)
	return w.devices(ctx, caseID, f, p)
}

func (w *Workspace) devices(ctx context.Context, caseID string, f filter, p Page) (List[Device], error) {
	key, only, err := w.enter(ctx, w.db.Pool, caseID, ActSee)
	if err != nil {
		return List[Device]{}, err
	}
	f.equal("case_id", caseID)
	f.own("device", only)
	return list(ctx, w, "SELECT n, id, case_id, person_id, created, sealed FROM device", f, p, "n",
		func(rows *sql.Rows) (n int64, d Device, err error) {
			var sealed []byte
			if err := rows.Scan(&n, &d.ID, &d.Case, &d.Person, &d.Created, &sealed); err != nil {
				return 0, d, err
			}
			return n, d, openJSON(key, sealed, &d.Private)
		})
}

// Device returns one device of a case.
func (w *Workspace) Device(ctx context.Context, caseID, id string) (Device, error) {
	var f filter
	f.equal("id", cmp.Or(id, "-"))
	l, err := w.devices(ctx, caseID, f, Page{Limit: 1})
	if err == nil && len(l.Items) == 0 {
		err = fmt.Errorf("device %s: %w", id, ErrNotFound)
	}
	if err != nil {
		return Device{}, err
	}
	return l.Items[0], nil
}

// Purposes that a person can consent to.
const (
	Analysis  = "analysis"  // the evidence is kept and checked
	Hunting   = "hunting"   // it is set against indicators that become known later
	Linking   = "linking"   // it is compared with other people's
	Reporting = "reporting" // findings may be published as numbers
)

// Purposes lists them all.
var Purposes = []string{Analysis, Hunting, Linking, Reporting}

// A Consent is what a person agreed to, until when.
type Consent struct {
	ID         string       `json:"id"`
	Case       string       `json:"case"`
	Person     string       `json:"person"`
	Purposes   []string     `json:"purposes"`
	Until      string       `json:"until"` // the day after which it no longer holds
	Guardian   bool         `json:"guardian"`
	FormSHA256 string       `json:"form_sha256"` // of the signed form
	Created    string       `json:"created"`
	Withdrawn  string       `json:"withdrawn,omitempty"`
	Private    ConsentTerms `json:"private"`
}

// ConsentTerms are sealed under the key of the case.
type ConsentTerms struct {
	GivenBy string   `json:"given_by"`         // who signed
	Shares  []string `json:"shares,omitempty"` // "findings:Citizen Lab", "evidence:court"
}

// AddConsent records a consent. A minor's needs a guardian.
func (w *Workspace) AddConsent(ctx context.Context, c Consent) (Consent, error) {
	c.ID = newID("K")
	if err := c.valid(); err != nil {
		return c, err
	}
	err := w.act(ctx, func(t *tx) error {
		recipient, err := t.openCase(c.Case, ActIntake)
		if err != nil {
			return err
		}
		if c.Person, err = t.person(c.Case, c.Person); err != nil {
			return err
		}
		var minor bool
		if err := t.scan("SELECT minor FROM person WHERE id = $1", []any{c.Person}, &minor); err != nil {
			return err
		}
		if minor && !c.Guardian {
			return fmt.Errorf("%w: a minor's consent is given by a guardian", ErrNoConsent)
		}
		if c.Until < t.now[:len(time.DateOnly)] {
			return fmt.Errorf("%w: it ended on %s", ErrInvalid, c.Until)
		}
		sealed, err := sealJSON(recipient, c.Private)
		if err != nil {
			return err
		}
		c.Created = t.now
		n := t.record("consent.given", c.Case, c.Person, map[string]any{
			"case": c.Case, "person": c.Person, "consent": c.ID, "form_sha256": c.FormSHA256, "until": c.Until, "purposes": c.Purposes,
		})
		t.exec(`INSERT INTO consent (id, n, case_id, person_id, purposes, valid_until, guardian, form_sha256, sealed, created, withdrawn)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '')`,
			c.ID, n, c.Case, c.Person, strings.Join(c.Purposes, ","), c.Until, flag(c.Guardian), c.FormSHA256, sealed, t.now)
		return nil
	})
	return c, err
}

func (c *Consent) valid() error {
	if !slices.Contains(c.Purposes, Analysis) {
		return fmt.Errorf("%w: a consent covers at least the purpose %s", ErrInvalid, Analysis)
	}
	for _, p := range c.Purposes {
		if !slices.Contains(Purposes, p) {
			return fmt.Errorf("%w: purpose %q is none of %s", ErrInvalid, p, strings.Join(Purposes, ", "))
		}
	}
	if _, err := time.Parse(time.DateOnly, c.Until); err != nil {
		return fmt.Errorf("%w: %q is no day such as 2027-12-31", ErrInvalid, c.Until)
	}
	for _, text := range c.Private.Shares {
		if _, _, err := parseShare(text); err != nil {
			return err
		}
	}
	if c.Private.GivenBy == "" || len(c.FormSHA256) != 64 {
		return fmt.Errorf("%w: a consent says who gave it and has the hash of the signed form", ErrInvalid)
	}
	return nil
}

// Consents lists the consents of a case, and of one person if given.
func (w *Workspace) Consents(ctx context.Context, caseID, person string, p Page) (List[Consent], error) {
	return w.consents(ctx, caseID, person, filter{}, p)
}

// ConsentsHolding lists those that hold today.
func (w *Workspace) ConsentsHolding(ctx context.Context, caseID, person string, p Page) (List[Consent], error) {
	var f filter
	f.add("withdrawn = $?", "")
	f.add("valid_until >= $?", w.now()[:len(time.DateOnly)])
	return w.consents(ctx, caseID, person, f, p)
}

func (w *Workspace) consents(ctx context.Context, caseID, person string, f filter, p Page) (List[Consent], error) {
	key, only, err := w.enter(ctx, w.db.Pool, caseID, ActSee)
	if err != nil {
		return List[Consent]{}, err
	}
	f.equal("case_id", caseID)
	f.own("consent", only)
	if person, err = w.named(ctx, caseID, person, only); err != nil {
		return List[Consent]{}, err
	}
	f.equal("person_id", person)
	return list(ctx, w, `SELECT n, id, case_id, person_id, purposes, valid_until, guardian, form_sha256, created, withdrawn, sealed FROM consent`,
		f, p, "n", func(rows *sql.Rows) (n int64, c Consent, err error) {
			var (
				sealed   []byte
				purposes string
			)
			if err := rows.Scan(&n, &c.ID, &c.Case, &c.Person, &purposes, &c.Until, &c.Guardian, &c.FormSHA256,
				&c.Created, &c.Withdrawn, &sealed); err != nil {
				return 0, c, err
			}
			c.Purposes = strings.Split(purposes, ",")
			return n, c, openJSON(key, sealed, &c.Private)
		})
}

// consented finds a consent of a person that covers a purpose now.
func (t *tx) consented(person, purpose string) (id string, err error) {
	rows, err := t.QueryContext(t.ctx, "SELECT id, purposes, valid_until, withdrawn FROM consent WHERE person_id = $1 ORDER BY n DESC", person)
	if err != nil {
		return "", t.w.fail("consent", err)
	}
	defer rows.Close()
	reason := "none was recorded"
	for rows.Next() {
		var purposes, until, withdrawn string
		if err := rows.Scan(&id, &purposes, &until, &withdrawn); err != nil {
			return "", t.w.fail("consent", err)
		}
		if no := holdsNot(purposes, until, withdrawn, purpose, t.now); no == "" {
			return id, t.w.fail("consent", rows.Err())
		} else if reason == "none was recorded" {
			reason = no
		}
	}
	if err := rows.Err(); err != nil {
		return "", t.w.fail("consent", err)
	}
	return "", fmt.Errorf("%w to %s by person %s: %s", ErrNoConsent, purpose, person, reason)
}

// holdsNot says why a consent does not cover a purpose at a time, "" if it does.
func holdsNot(purposes, until, withdrawn, purpose, now string) string {
	over := overSince(until, withdrawn, now)
	switch {
	case over != "":
		return over
	case !slices.Contains(strings.Split(purposes, ","), purpose):
		return "it covers only " + purposes
	}
	return ""
}

// overSince says why a consent no longer stands at a time, "" if it does.
func overSince(until, withdrawn, now string) string {
	switch {
	case withdrawn != "":
		return "it was withdrawn on " + withdrawn[:len(time.DateOnly)]
	case until < now[:len(time.DateOnly)]:
		return "it ended on " + until
	}
	return ""
}
