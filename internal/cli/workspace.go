package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/workspace"
)

// workspaceCmd is "amparo workspace".
type workspaceCmd struct {
	Init     wsInitCmd     `cmd:"" help:"workspace_init"`
	Show     wsShowCmd     `cmd:"" help:"workspace_show"`
	Member   wsMemberCmd   `cmd:"" help:"workspace_member"`
	Identity wsIdentityCmd `cmd:"" help:"workspace_identity"`
	Rotate   wsRotateCmd   `cmd:"" help:"workspace_rotate"`
	Backup   wsBackupCmd   `cmd:"" help:"workspace_backup"`
	Restore  wsRestoreCmd  `cmd:"" help:"workspace_restore"`
	Workers  wsWorkersCmd  `cmd:"" help:"workspace_workers"`
	File     wsFileCmd     `cmd:"" help:"workspace_file"`
}

type wsInitCmd struct {
	Name string `help:"workspace_init_name" required:"" placeholder:"NAME"`
	JSON bool   `name:"json" help:"json"`
	wsFlags
}

// Run makes a workspace, and an identity where there is none.
func (c *wsInitCmd) Run(a *app) (err error) {
	id, err := a.identityOrNew(&c.wsFlags)
	if err != nil {
		return err
	}
	db, _, err := c.database(a, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	w, err := workspace.Create(a.ctx, db, workspace.Options{Identity: id, Now: a.Now}, c.Name)
	if err != nil {
		return fmt.Errorf("%s: %w", db.Name, err)
	}
	if db.Dialect == "postgres" { // others will use it
		if err := shareNow(a.ctx, w); err != nil {
			return err
		}
	}
	if c.JSON {
		return writeJSON(a.Out, w.Info())
	}
	fmt.Fprintln(a.Out, a.Text("ws.created", "Where", safe(db.Name)))
	fmt.Fprintln(a.Out, a.Text("ws.ledger_key", "Key", w.Info().Key))
	return nil
}

// identityOrNew reads the identity, or makes one: under a passphrase where one
// is given, or a person can be asked.
func (a *app) identityOrNew(f *wsFlags) (seal.Identity, error) {
	id, err := a.identity(f)
	if !errors.Is(err, errNoIdentity) {
		return id, err
	}
	name, err := f.identityFile()
	if err != nil {
		return id, err
	}
	return a.newIdentity(f, name)
}

func (a *app) newIdentity(f *wsFlags, name string) (seal.Identity, error) {
	passphrase, err := a.passphrase(f)()
	if err != nil {
		return seal.Identity{}, err
	}
	if len(passphrase) < minPassphrase {
		return seal.Identity{}, fmt.Errorf("%w: a passphrase has at least %d characters", workspace.ErrInvalid, minPassphrase)
	}
	id, err := seal.NewIdentity()
	if err != nil {
		return id, err
	}
	if err := mkdirFor(name); err != nil {
		return id, err
	}
	if err := seal.WriteIdentityFile(name, id, passphrase); err != nil {
		return id, err
	}
	fmt.Fprintln(a.Err, "amparo: "+a.Text("ws.identity_made", "File", safe(name), "Recipient", id.Recipient()))
	return id, nil
}

// minPassphrase keeps the worst passphrases out, in bytes.
const minPassphrase = 12

type wsShowCmd struct {
	JSON bool `name:"json" help:"json"`
	anyFlags
}

// Run shows where the workspace is and what anybody may know of it.
func (c *wsShowCmd) Run(a *app) error {
	return c.either(a, func(s works) error {
		n, err := s.LedgerSize(a.ctx)
		if err != nil {
			return err
		}
		if c.JSON {
			return writeJSON(a.Out, struct {
				workspace.Info
				Member  workspace.Member `json:"member"`
				Entries int64            `json:"ledger_entries"`
			}{s.Info(), s.Member(), n})
		}
		return a.table([]string{"id", "created", "member", "entries", "key"},
			[][]string{{s.Info().UID, day(s.Info().Created), s.Member().Name, a.Number(n), s.Info().Key}}, "")
	})
}

type wsMemberCmd struct {
	Add  wsMemberAddCmd  `cmd:"" help:"workspace_member_add"`
	List wsMemberListCmd `cmd:"" help:"workspace_member_list"`
}

type wsMemberAddCmd struct {
	Name      string `arg:"" help:"workspace_member_name"`
	Recipient string `arg:"" help:"workspace_member_recipient"`
	JSON      bool   `name:"json" help:"json"`
	wsFlags
}

// Run lets somebody else work here.
func (c *wsMemberAddCmd) Run(a *app) error {
	return c.with(a, func(s *space) error {
		m, err := s.AddMember(a.ctx, c.Name, c.Recipient)
		if err != nil {
			return err
		}
		return a.made(c.JSON, m, m.ID)
	})
}

type wsMemberListCmd struct {
	Name string `help:"workspace_member_name" placeholder:"NAME"`
	listFlags
	anyFlags
}

// Run lists who works here.
func (c *wsMemberListCmd) Run(a *app) error {
	return c.either(a, func(s works) error {
		l, err := s.MembersNamed(a.ctx, c.Name, c.page())
		if err != nil {
			return err
		}
		return show(a, l, c.JSON, []string{"id", "name", "created", "recipient"},
			func(m workspace.Member) []string { return []string{m.ID, m.Name, day(m.Created), m.Recipient} })
	})
}

type wsIdentityCmd struct {
	File string `arg:"" help:"workspace_identity_file"`
	wsFlags
}

// Run makes an identity file for somebody who is to become a member.
func (c *wsIdentityCmd) Run(a *app) error {
	id, err := a.newIdentity(&c.wsFlags, c.File)
	if err != nil {
		return err
	}
	fmt.Fprintln(a.Out, id.Recipient())
	return nil
}

type wsRotateCmd struct {
	To string `help:"workspace_rotate_to" required:"" placeholder:"FILE"`
	wsFlags
}

// Run gives the acting member the identity of another file.
func (c *wsRotateCmd) Run(a *app) error {
	return c.with(a, func(s *space) error {
		to, err := seal.ReadIdentityFile(c.To, a.passphrase(&c.wsFlags))
		if err != nil {
			return err
		}
		if err := s.RotateKey(a.ctx, to); err != nil {
			return err
		}
		fmt.Fprintln(a.Out, a.Text("ws.rotated", "File", safe(c.To)))
		return nil
	})
}

// caseCmd is "amparo case".
type caseCmd struct {
	Create caseCreateCmd `cmd:"" help:"case_create"`
	List   caseListCmd   `cmd:"" help:"case_list"`
	Show   caseShowCmd   `cmd:"" help:"case_show"`
	Close  caseCloseCmd  `cmd:"" help:"case_close"`
	Share  caseShareCmd  `cmd:"" help:"case_share"`

	Members caseMembersCmd `cmd:"" help:"case_members"`
	Role    caseRoleCmd    `cmd:"" help:"case_role_change"`
	Remove  caseRemoveCmd  `cmd:"" help:"case_remove"`

	Exports caseExportsCmd `cmd:"" help:"case_exports"`
	Hunts   caseHuntsCmd   `cmd:"" help:"case_hunts"`
}

type caseCreateCmd struct {
	Title string `arg:"" help:"case_title"`
	JSON  bool   `name:"json" help:"json"`
	anyFlags
}

// Run makes a case.
func (c *caseCreateCmd) Run(a *app) error {
	return c.either(a, func(s works) error {
		made, err := s.CreateCase(a.ctx, c.Title)
		if err != nil {
			return err
		}
		return a.made(c.JSON, made, made.ID)
	})
}

type caseListCmd struct {
	State string `help:"case_state" enum:"open,closed," default:"" placeholder:"open|closed"`
	listFlags
	anyFlags
}

// Run lists cases.
func (c *caseListCmd) Run(a *app) error {
	return c.either(a, func(s works) error {
		l, err := s.Cases(a.ctx, c.State, c.page())
		if err != nil {
			return err
		}
		return show(a, l, c.JSON, []string{"id", "state", "created", "title"}, func(k workspace.Case) []string {
			if k.Sealed {
				k.Title = a.Text("ws.sealed")
			}
			return []string{k.ID, a.Text("ws.state." + k.State), day(k.Created), k.Title}
		})
	})
}

type caseShowCmd struct {
	Case string `arg:"" help:"case_id"`
	JSON bool   `name:"json" help:"json"`
	anyFlags
}

// Run shows all of a case.
func (c *caseShowCmd) Run(a *app) error {
	return c.either(a, func(s works) error {
		all, err := wholeOf(a.ctx, s, c.Case)
		if err != nil {
			return err
		}
		if c.JSON {
			return writeJSON(a.Out, all)
		}
		return a.printCase(all)
	})
}

// wholeCase is a case with what belongs to it, up to workspace.MaxLimit of each.
type wholeCase struct {
	workspace.Case
	People   []workspace.Person   `json:"people"`
	Devices  []workspace.Device   `json:"devices"`
	Consents []workspace.Consent  `json:"consents"`
	Evidence []workspace.Evidence `json:"evidence"`
	Runs     []workspace.Run      `json:"runs"`
	Exports  []workspace.Export   `json:"exports"`
}

func wholeOf(ctx context.Context, s works, id string) (w wholeCase, err error) {
	most := workspace.Page{Limit: workspace.MaxLimit}
	if w.Case, err = s.Case(ctx, id); err != nil {
		return w, err
	}
	people, err1 := s.People(ctx, id, most)
	devices, err2 := s.Devices(ctx, id, "", most)
	consents, err3 := s.Consents(ctx, id, "", most)
	evidence, err4 := s.Evidences(ctx, id, "", most)
	runs, err5 := s.Runs(ctx, workspace.RunFilter{Case: id}, most)
	exports, err6 := s.Exports(ctx, id, "", most)
	w.People, w.Devices, w.Consents, w.Evidence, w.Runs = people.Items, devices.Items, consents.Items, evidence.Items, runs.Items
	w.Exports = exports.Items
	for _, err := range []error{err1, err2, err3, err4, err5, err6} {
		if err != nil {
			return w, err // the first: the others are of the same cause
		}
	}
	return w, nil
}

func (a *app) printCase(w wholeCase) error {
	fmt.Fprintf(a.Out, "%s  %s  %s\n", w.ID, safe(w.Title), a.Text("ws.state."+w.State))
	names := map[string]string{}
	for _, p := range w.People {
		names[p.ID] = p.Pseudonym
	}
	part := func(title string, columns []string, rows [][]string) error {
		fmt.Fprintln(a.Out, "\n"+a.Text(title))
		return a.table(columns, rows, "")
	}
	return errors.Join(
		part("ws.people", personColumns, rowsOf(w.People, a.personRow)),
		part("ws.devices", []string{"id", "person", "label"}, rowsOf(w.Devices, func(d workspace.Device) []string {
			return []string{d.ID, names[d.Person], d.Private.Label}
		})),
		part("ws.consents", []string{"id", "person", "until", "purposes", "withdrawn"}, rowsOf(w.Consents, func(c workspace.Consent) []string {
			return []string{c.ID, names[c.Person], c.Until, strings.Join(c.Purposes, ","), day(c.Withdrawn)}
		})),
		part("ws.evidence", evidenceColumns, rowsOf(w.Evidence, a.evidenceRow)),
		part("ws.runs", runColumns, rowsOf(w.Runs, a.runRow)),
		part("ws.exports", exportColumns, rowsOf(w.Exports, exportRow)),
	)
}

func rowsOf[T any](list []T, row func(T) []string) [][]string {
	rows := make([][]string, len(list))
	for i, item := range list {
		rows[i] = row(item)
	}
	return rows
}

type caseCloseCmd struct {
	Case string `arg:"" help:"case_id"`
	anyFlags
}

// Run closes a case.
func (c *caseCloseCmd) Run(a *app) error {
	return c.either(a, func(s works) error { return s.CloseCase(a.ctx, c.Case) })
}

// maxPrivate bounds a file of a person's private facts in bytes.
const maxPrivate = 1 << 20

// private reads what is sealed of a person: never from a flag, which other
// users of the machine see.
func (a *app) private(name string, v any) error {
	if name == "" {
		return nil
	}
	data, err := a.readBounded(name, maxPrivate)
	if err != nil {
		return err
	}
	dec := json.NewDecoder(strings.NewReader(string(data)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
