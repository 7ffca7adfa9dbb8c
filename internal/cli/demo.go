package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/account/book"
	"github.com/amparo-project/amparo/internal/account/demo"
	"github.com/amparo-project/amparo/internal/casework"
	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/workspace"
)

// demoPassphrase protects nothing: what it opens is synthetic.
const demoPassphrase = "amparo demonstration"

// demoCmd is "amparo demo".
type demoCmd struct {
	To string `help:"demo_to" required:"" placeholder:"DIR"`
}

// Run builds a workspace from the public facts of the letter, with synthetic
// phones, and writes the public page, the safeguards and the letter from it.
func (c *demoCmd) Run(a *app) error {
	if err := newFolder(c.To); err != nil {
		return err
	}
	content, err := demo.Load()
	if err != nil {
		return err
	}
	flags, err := c.prepare(a)
	if err != nil {
		return err
	}
	init := wsInitCmd{Name: "demo", wsFlags: flags}
	if err := init.Run(a.quiet()); err != nil {
		return err
	}
	var caseID string
	err = flags.with(a, func(s *space) error {
		k, err := s.CreateCase(a.ctx, a.Text("demo.title"))
		if err != nil {
			return err
		}
		caseID = k.ID
		return (&demoCase{space: s, dir: c.To, caseID: k.ID, content: content}).build()
	})
	if err != nil {
		return err
	}
	if err := c.write(a, flags, caseID); err != nil {
		return err
	}
	fmt.Fprintln(a.Out, a.Text("demo.made", "Dir", safe(c.To), "Case", caseID, "Day", demo.Day))
	return nil
}

// prepare writes the phones, the indicators and the passphrase.
func (c *demoCmd) prepare(a *app) (wsFlags, error) {
	flags := wsFlags{
		Workspace: filepath.Join(c.To, "workspace"), IdentityFile: filepath.Join(c.To, "identity.age"), PassphraseFile: filepath.Join(c.To, "passphrase.txt"),
	}
	list, err := demo.Indicators()
	if err != nil {
		return flags, err
	}
	return flags, errors.Join(
		os.WriteFile(flags.PassphraseFile, []byte(demoPassphrase+"\n"), 0o600),
		os.WriteFile(filepath.Join(c.To, "indicators.csv"), list, 0o600),
		os.WriteFile(filepath.Join(c.To, "SYNTHETIC.txt"), []byte(a.Text("demo.synthetic")+"\n"), 0o600),
	)
}

// quiet is the app without its results.
func (a *app) quiet() *app {
	q := *a
	q.Out, q.Err = new(strings.Builder), new(strings.Builder)
	return &q
}

// write makes the public page, the safeguards and the letter of the day.
func (c *demoCmd) write(a *app, flags wsFlags, caseID string) error {
	q := a.quiet()
	at := accountAt{Case: caseID, On: demo.Day}
	page := publishCmd{
		accountAt: at, To: filepath.Join(c.To, "public"), Title: a.Text("demo.title"), Publisher: a.Text("demo.publisher"), Label: a.Text("demo.synthetic"),
		Yes: true, anyFlags: anyFlags{wsFlags: flags},
	}
	report := safeguardsReportCmd{Case: caseID, Format: "html", Label: a.Text("demo.synthetic"), Out: filepath.Join(c.To, "safeguards.html"), anyFlags: anyFlags{wsFlags: flags}}
	reply := letterCmd{
		accountAt: at, To: "US Department of State", From: a.Text("demo.publisher"), Label: a.Text("demo.synthetic"), Out: filepath.Join(c.To, "letter.pdf"), anyFlags: anyFlags{wsFlags: flags},
	}
	for _, run := range []func(*app) error{page.Run, report.Run, reply.Run} {
		if err := run(q); err != nil {
			return err
		}
	}
	return nil
}

// demoCase fills one case.
type demoCase struct {
	*space
	dir, caseID string
	content     *demo.Content
}

func (d *demoCase) build() error {
	for _, p := range d.content.People {
		if err := d.person(p); err != nil {
			return fmt.Errorf("%s: %w", p.Pseudonym, err)
		}
	}
	ctx := d.app.ctx
	events, err := casework.Events(ctx, d.Space, d.caseID, nil)
	if err != nil {
		return err
	}
	for _, e := range events {
		e.Operator, e.Note = demo.Operator, d.app.Text("demo.synthetic")
		for i := range e.Sources {
			e.Sources[i].Title = d.app.Text("demo.mark") + e.Sources[i].Title
		}
	}
	if _, err := book.PutEvents(ctx, d.Workspace, d.caseID, events); err != nil {
		return err
	}
	if _, err := book.PutFacts(ctx, d.Workspace, d.caseID, d.content.Facts); err != nil {
		return err
	}
	if _, err := book.PutRegister(ctx, d.Workspace, d.caseID, d.content.Register); err != nil {
		return err
	}
	return d.promised()
}

// promised writes what was promised and asked.
func (d *demoCase) promised() error {
	file, err := d.app.docket(d.Workspace, d.caseID)
	if err != nil {
		return err
	}
	for _, p := range d.content.Promises {
		if _, err := file.AddPromise(d.app.ctx, p); err != nil {
			return err
		}
	}
	for _, q := range d.content.Requests {
		if _, err := file.AddRequest(d.app.ctx, q, "", "none"); err != nil {
			return err
		}
	}
	return nil
}

// person adds somebody with consent and a synthetic phone, checks it, and
// confirms what was found.
func (d *demoCase) person(p demo.Person) error {
	ctx := d.app.ctx
	person, err := d.AddPerson(ctx, workspace.Person{
		Case: d.caseID, Pseudonym: p.Pseudonym, Minor: p.Minor, Private: workspace.PersonPrivate{Name: p.Name, Languages: []string{"es"}},
	})
	if err != nil {
		return err
	}
	device, err := d.AddDevice(ctx, d.caseID, person.ID, d.app.Text("demo.phone"))
	if err != nil {
		return err
	}
	purposes := workspace.Purposes
	if p.MadeUp {
		purposes = []string{workspace.Analysis} // the page counts nobody who does not exist
	}
	_, err = d.AddConsent(ctx, workspace.Consent{
		Case: d.caseID, Person: person.ID, Purposes: purposes, Until: time.Now().AddDate(1, 0, 0).Format(time.DateOnly), Guardian: p.Minor,
		FormSHA256: textHash(d.app.Text("demo.synthetic")), Private: workspace.ConsentTerms{GivenBy: d.app.Text("demo.synthetic")},
	})
	if err != nil {
		return err
	}
	phone, err := demo.Phone(p.Pseudonym)
	if err != nil {
		return err
	}
	dir := filepath.Join(d.dir, "phones", p.Pseudonym)
	if err := errors.Join(os.MkdirAll(filepath.Dir(dir), 0o700), os.CopyFS(dir, phone)); err != nil {
		return err
	}
	return d.check(device.ID, dir)
}

// check stores a phone, checks it, and confirms what is published or a lure.
func (d *demoCase) check(device, dir string) error {
	ctx := d.app.ctx
	ev, err := d.Receive(ctx, d.caseID, device, dir, nil)
	if err != nil {
		return err
	}
	rules, err := loadRules(nil)
	if err != nil {
		return err
	}
	lures, err := loadLures(nil)
	if err != nil {
		return err
	}
	loaded, err := d.app.quiet().loadIndicators([]string{filepath.Join(d.dir, "indicators.csv")})
	if err != nil {
		return err
	}
	stored, err := d.Open(ctx, ev)
	if err != nil {
		return err
	}
	runs, err := stored.Check(ctx, examine.With{Matcher: loaded.matcher, Sets: loaded.sets, Rules: rules, Lures: lures, Version: Version, Lang: d.app.Lang()})
	if err != nil {
		return err
	}
	for _, run := range runs {
		found, err := d.Findings(ctx, workspace.FindingFilter{Run: run}, workspace.Page{Limit: workspace.MaxLimit})
		if err != nil {
			return err
		}
		for _, f := range found.Items {
			if f.Kind != string(finding.Lure) && f.Kind != string(finding.Indicator) {
				continue
			}
			if err := d.Decide(ctx, run, f.ID, workspace.Confirmed, d.app.Text("demo.synthetic")); err != nil {
				return err
			}
		}
	}
	return nil
}

// textHash is the SHA-256 of a text.
func textHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}
