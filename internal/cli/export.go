package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/amparo-project/amparo/internal/bagit"
	"github.com/amparo-project/amparo/internal/casework"
	"github.com/amparo-project/amparo/internal/client"
	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/exhibit"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/workspace"
)

// exportCmd is "amparo export SUBJECT".
type exportCmd struct {
	Subject      string   `arg:"" help:"export_subject"`
	To           string   `help:"export_to" required:"" placeholder:"DIR"`
	For          string   `help:"export_for" required:"" placeholder:"RECIPIENT"`
	Evidence     string   `help:"export_evidence" enum:"all,needed,none" default:"needed"`
	Report       []string `help:"export_report" placeholder:"FORMAT"`
	Languages    []string `help:"export_languages" enum:"en,es" default:"en,es"`
	Pack         string   `help:"export_pack" enum:"zip,tar," default:"" placeholder:"zip|tar"`
	InRun        string   `name:"run" help:"export_run" placeholder:"RUN"`
	PasswordFile string   `help:"password_file" placeholder:"FILE"`
	JSON         bool     `name:"json" help:"json"`
	identityFlags
	anyFlags
}

// Run exports, and says what it left out.
func (c *exportCmd) Run(a *app) error {
	packed := ""
	if c.Pack != "" {
		packed = strings.TrimRight(filepath.Clean(c.To), string(filepath.Separator)) + "." + c.Pack
		if _, err := os.Lstat(packed); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s: %w", packed, errors.Join(fs.ErrExist, err))
		}
	}
	r := exhibit.Request{
		Subject: c.Subject, Run: c.InRun, Recipient: strings.TrimSpace(c.For), Evidence: c.Evidence, Formats: c.Report, Languages: c.Languages,
	}
	if len(r.Formats) == 0 && !strings.HasPrefix(c.Subject, "F-") {
		r.Formats = []string{"html", "pdf"}
	}
	return c.either(a, func(s works) error {
		done, err := c.make(a, s, r)
		if err != nil {
			return err
		}
		if packed != "" {
			if err := bagit.Pack(packed, c.To, filepath.Base(filepath.Clean(c.To)), c.Pack); err != nil {
				return err
			}
		}
		return c.tell(a, done, packed)
	})
}

// make makes the bag, of the workspace here or at a server.
func (c *exportCmd) make(a *app, s works, r exhibit.Request) (exhibit.Done, error) {
	if far, ok := s.(*client.Client); ok {
		return c.far(a, far, r)
	}
	h, _ := s.(here) // there is no other
	sp := &space{h.Space, a}
	if err := sp.outsideVault(c.To); err != nil {
		return exhibit.Done{}, err
	}
	return exhibit.Make(a.ctx, sp.exhibits(c.PasswordFile, &c.identityFlags), r, c.To)
}

func (c *exportCmd) tell(a *app, done exhibit.Done, packed string) error {
	if c.JSON {
		return writeJSON(a.Out, done)
	}
	fmt.Fprintln(a.Out, a.Text("export.done", "Dir", safe(done.Dir), "ID", done.ID, "Entry", a.Number(done.Entry), "SHA256", done.SHA256))
	if packed != "" {
		fmt.Fprintln(a.Out, a.Text("export.packed", "File", safe(packed)))
	}
	fmt.Fprintln(a.Out, a.Text("export.left_out"))
	for _, o := range done.LeftOut {
		fmt.Fprintln(a.Out, "  "+safe(o.Say(a.Printer)))
	}
	return nil
}

// outsideVault refuses a folder in the vault, where clear text has no place.
func (s *space) outsideVault(dir string) error {
	own, err := vault.Resolve(s.Dir)
	if err != nil {
		return err
	}
	to, err := vault.Resolve(dir)
	if err != nil {
		return err
	}
	if vault.Inside(own, to) {
		return fmt.Errorf("%s: %w: the folder lies in the vault", dir, exhibit.ErrRequest)
	}
	return nil
}

// exhibits is the workspace as exhibits read from it. Nobody is asked for a
// password: without one, what is encrypted is left out in clear.
func (s *space) exhibits(passwordFile string, identity *identityFlags) *exhibit.Space {
	quiet := *s.app
	quiet.Ask = nil
	return casework.ExhibitSpace(s.Space, Version, func(id string) evidence.OpenOptions {
		return evidence.OpenOptions{Password: quiet.password(passwordFile, id), Identity: quiet.identities(identity)}
	})
}

type caseExportsCmd struct {
	Case     string `arg:"" help:"case_id"`
	Evidence string `help:"evidence_id" placeholder:"EVIDENCE"`
	listFlags
	anyFlags
}

var exportColumns = []string{"id", "created", "subject", "recipient_of", "given", "sha256"}

func exportRow(x workspace.Export) []string {
	return []string{x.ID, day(x.Made), x.Subject, x.Private.Recipient, x.Private.Most, x.SHA256}
}

// Run lists what left of a case, and for whom.
func (c *caseExportsCmd) Run(a *app) error {
	return c.either(a, func(s works) error {
		l, err := s.Exports(a.ctx, c.Case, c.Evidence, c.page())
		if err != nil {
			return err
		}
		return show(a, l, c.JSON, exportColumns, exportRow)
	})
}
