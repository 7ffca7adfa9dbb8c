package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/amparo-project/amparo/internal/workspace"
)

// personCmd is "amparo person".
type personCmd struct {
	Add  personAddCmd  `cmd:"" help:"person_add"`
	List personListCmd `cmd:"" help:"person_list"`
}

type personAddCmd struct {
	Case      string `arg:"" help:"case_id"`
	Pseudonym string `help:"person_pseudonym" placeholder:"NAME"`
	Minor     bool   `help:"person_minor"`
	Private   string `help:"person_private" placeholder:"FILE"`
	JSON      bool   `name:"json" help:"json"`
	anyFlags
}

// Run adds a person.
func (c *personAddCmd) Run(a *app) error {
	p := workspace.Person{Case: c.Case, Pseudonym: c.Pseudonym, Minor: c.Minor}
	if err := a.private(c.Private, &p.Private); err != nil {
		return err
	}
	return c.either(a, func(s works) error {
		p, err := s.AddPerson(a.ctx, p)
		if err != nil {
			return err
		}
		return a.made(c.JSON, p, p.ID)
	})
}

type personListCmd struct {
	Case      string `arg:"" help:"case_id"`
	Pseudonym string `help:"person_only" placeholder:"NAME"`
	Minor     bool   `help:"person_only_minors"`
	listFlags
	anyFlags
}

var personColumns = []string{"id", "pseudonym", "minor", "languages", "name", "reach"}

func (a *app) personRow(p workspace.Person) []string {
	minor := ""
	if p.Minor {
		minor = a.Text("ws.yes")
	}
	return []string{p.ID, p.Pseudonym, minor, strings.Join(p.Private.Languages, ","), p.Private.Name, strings.Join(p.Private.Reach, ", ")}
}

// Run lists people.
func (c *personListCmd) Run(a *app) error {
	return c.either(a, func(s works) error {
		l, err := s.PeopleBy(a.ctx, c.Case, workspace.PersonFilter{Pseudonym: c.Pseudonym, Minor: c.Minor}, c.page())
		if err != nil {
			return err
		}
		return show(a, l, c.JSON, personColumns, a.personRow)
	})
}

// deviceCmd is "amparo device".
type deviceCmd struct {
	Add  deviceAddCmd  `cmd:"" help:"device_add"`
	List deviceListCmd `cmd:"" help:"device_list"`
}

type deviceAddCmd struct {
	Case   string `arg:"" help:"case_id"`
	Person string `arg:"" help:"device_person"`
	Label  string `arg:"" help:"device_label"`
	JSON   bool   `name:"json" help:"json"`
	anyFlags
}

// Run adds a device.
func (c *deviceAddCmd) Run(a *app) error {
	return c.either(a, func(s works) error {
		d, err := s.AddDevice(a.ctx, c.Case, c.Person, c.Label)
		if err != nil {
			return err
		}
		return a.made(c.JSON, d, d.ID)
	})
}

type deviceListCmd struct {
	Case   string `arg:"" help:"case_id"`
	Person string `help:"device_person" placeholder:"PERSON"`
	listFlags
	anyFlags
}

// Run lists devices.
func (c *deviceListCmd) Run(a *app) error {
	return c.either(a, func(s works) error {
		l, err := s.Devices(a.ctx, c.Case, c.Person, c.page())
		if err != nil {
			return err
		}
		return show(a, l, c.JSON, []string{"id", "person", "created", "label"},
			func(d workspace.Device) []string { return []string{d.ID, d.Person, day(d.Created), d.Private.Label} })
	})
}

// consentCmd is "amparo consent".
type consentCmd struct {
	Add      consentAddCmd      `cmd:"" help:"consent_add"`
	List     consentListCmd     `cmd:"" help:"consent_list"`
	Withdraw consentWithdrawCmd `cmd:"" help:"consent_withdraw"`
}

type consentAddCmd struct {
	Case     string   `arg:"" help:"case_id"`
	Person   string   `arg:"" help:"device_person"`
	Purpose  []string `help:"consent_purpose" required:"" placeholder:"PURPOSE"`
	Until    string   `help:"consent_until" required:"" placeholder:"DAY"`
	GivenBy  string   `help:"consent_given" required:"" placeholder:"FILE"`
	Guardian bool     `help:"consent_guardian"`
	Share    []string `help:"consent_share" placeholder:"WHAT:WHOM" sep:"none"`
	Form     string   `help:"consent_form" required:"" placeholder:"FILE"`
	JSON     bool     `name:"json" help:"json"`
	anyFlags
}

// Run records a consent.
func (c *consentAddCmd) Run(a *app) error {
	given, err := a.readBounded(c.GivenBy, maxPrivate)
	if err != nil {
		return err
	}
	sum, err := fileHash(c.Form)
	if err != nil {
		return fmt.Errorf("signed form: %w", err)
	}
	return c.either(a, func(s works) error {
		k, err := s.AddConsent(a.ctx, workspace.Consent{
			Case: c.Case, Person: c.Person, Purposes: c.Purpose, Until: c.Until, Guardian: c.Guardian, FormSHA256: sum,
			Private: workspace.ConsentTerms{GivenBy: strings.TrimSpace(string(given)), Shares: c.Share},
		})
		if err != nil {
			return err
		}
		return a.made(c.JSON, k, k.ID)
	})
}

func fileHash(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

type consentListCmd struct {
	Case   string `arg:"" help:"case_id"`
	Person string `help:"device_person" placeholder:"PERSON"`
	Holds  bool   `help:"consent_holds"`
	listFlags
	anyFlags
}

// Run lists consents.
func (c *consentListCmd) Run(a *app) error {
	return c.either(a, func(s works) error {
		which := s.Consents
		if c.Holds {
			which = s.ConsentsHolding
		}
		l, err := which(a.ctx, c.Case, c.Person, c.page())
		if err != nil {
			return err
		}
		return show(a, l, c.JSON, []string{"id", "person", "until", "purposes", "withdrawn", "given_by", "shares"}, func(k workspace.Consent) []string {
			return []string{
				k.ID, k.Person, k.Until, strings.Join(k.Purposes, ","), day(k.Withdrawn), k.Private.GivenBy, strings.Join(k.Private.Shares, ", "),
			}
		})
	})
}

type consentWithdrawCmd struct {
	Consent string `arg:"" help:"consent_id"`
	JSON    bool   `name:"json" help:"json"`
	anyFlags
}

// Run withdraws a consent and says what remains.
func (c *consentWithdrawCmd) Run(a *app) error {
	return c.either(a, func(s works) error {
		left, err := s.Withdraw(a.ctx, c.Consent)
		if err != nil {
			return err
		}
		if c.JSON {
			return writeJSON(a.Out, left)
		}
		fmt.Fprintln(a.Out, a.Count("ws.withdrawn", int64(len(left.Evidence))))
		for i, id := range left.Evidence {
			fmt.Fprintf(a.Out, "  %s  %s\n", id, left.Hashes[i])
		}
		if n := len(left.Entries); n > 0 {
			fmt.Fprintln(a.Out, a.Count("facts.erased", int64(n)))
		}
		fmt.Fprintln(a.Out, a.Text("ws.remains"))
		if len(left.Exports) == 0 {
			return nil
		}
		fmt.Fprintln(a.Out, a.Text("ws.copies_left"))
		return a.table(exportColumns, rowsOf(left.Exports, exportRow), "")
	})
}

// mkdirFor makes the folder of a file.
func mkdirFor(name string) error { return os.MkdirAll(filepath.Dir(name), 0o700) }
