package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/amparo-project/amparo/internal/client"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/workspace"
)

// runCmd is "amparo run".
type runCmd struct {
	List runListCmd `cmd:"" help:"run_list"`
	Show runShowCmd `cmd:"" help:"run_show"`
}

type runListCmd struct {
	Case     string `help:"case_id" placeholder:"CASE"`
	Evidence string `help:"evidence_id" placeholder:"EVIDENCE"`
	State    string `help:"run_state" enum:"stored,erased," default:"" placeholder:"STATE"`
	listFlags
	anyFlags
}

var runColumns = []string{"id", "evidence", "ended", "version", "findings", "critical", "high", "state"}

func (a *app) runRow(r workspace.Run) []string {
	t := r.Summary.Totals
	return []string{
		r.ID, r.Evidence, day(r.Ended), r.Version, a.Number(t.Findings), a.Number(t.BySeverity["critical"]),
		a.Number(t.BySeverity["high"]), a.Text("ws.state." + r.State),
	}
}

// Run lists runs.
func (c *runListCmd) Run(a *app) error {
	return c.either(a, func(s works) error {
		l, err := s.Runs(a.ctx, workspace.RunFilter{Case: c.Case, Evidence: c.Evidence, State: c.State}, c.page())
		if err != nil {
			return err
		}
		return show(a, l, c.JSON, runColumns, a.runRow)
	})
}

type runShowCmd struct {
	ID   string `arg:"" name:"run" help:"run_id"`
	Out  string `help:"run_out" placeholder:"DIR"`
	JSON bool   `name:"json" help:"json"`
	anyFlags
}

// intoNew reports whether the result goes into a folder that must be new.
func (c *runShowCmd) intoNew() bool { return c.Out != "" }

// Run shows a run, or writes its result folder. Either is in the ledger: what
// is in it is a person's.
func (c *runShowCmd) Run(a *app) error {
	return c.either(a, func(s works) error {
		r, err := s.Run(a.ctx, c.ID)
		if err != nil {
			return err
		}
		if c.Out != "" {
			return a.writeRun(s, &r, c.Out)
		}
		if err := s.Viewed(a.ctx, r.Evidence, r.ID); err != nil {
			return err
		}
		if c.JSON {
			return writeJSON(a.Out, r)
		}
		return a.table(runColumns, [][]string{a.runRow(r)}, "")
	})
}

// writeRun writes the result folder of a run in clear.
func (a *app) writeRun(w works, r *workspace.Run, dir string) error {
	if c, ok := w.(*client.Client); ok {
		if err := newFolder(dir); err != nil {
			return err
		}
		if err := c.Result(a.ctx, r.ID, dir); err != nil {
			return err
		}
		fmt.Fprintln(a.Out, a.Text("cli.result", "Dir", safe(dir)))
		return nil
	}
	h, _ := w.(here) // there is no other
	return (&space{h.Space, a}).writeRun(r, dir)
}

func (s *space) writeRun(r *workspace.Run, dir string) error {
	b, err := s.OpenRun(s.app.ctx, r)
	if err != nil {
		return err
	}
	if err := newFolder(dir); err != nil {
		return err
	}
	for _, f := range b.Files() {
		if err := s.writeOut(b, f.Path, filepath.Join(dir, filepath.FromSlash(f.Path))); err != nil {
			return err
		}
	}
	if err := s.Exported(s.app.ctx, r.Evidence, r.ID, r.ResultSHA256); err != nil {
		return err
	}
	fmt.Fprintln(s.app.Out, s.app.Text("cli.result", "Dir", safe(dir)))
	return nil
}

// errNotEmptyDir says that a folder would be mixed with other files.
var errNotEmptyDir = errors.New("the folder is not empty")

// newFolder makes a folder that must not exist or be empty.
func newFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	list, err := os.ReadDir(dir)
	if err == nil && len(list) > 0 {
		err = fmt.Errorf("%s: %w", dir, errNotEmptyDir)
	}
	return err
}

// writeOut writes one file of a bundle in clear. Its path is valid: Open of
// the vault leaves others out.
func (s *space) writeOut(b *vault.Bundle, name, to string) error {
	f, err := b.OpenFile(s.app.ctx, name)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := mkdirFor(to); err != nil {
		return err
	}
	return writeFile(to, func(w io.Writer) error {
		_, err := io.Copy(w, io.NewSectionReader(f, 0, f.Size()))
		return err
	})
}

// findingCmd is "amparo finding".
type findingCmd struct {
	List    findingListCmd    `cmd:"" help:"finding_list"`
	Confirm findingConfirmCmd `cmd:"" help:"finding_confirm"`
	Dismiss findingDismissCmd `cmd:"" help:"finding_dismiss"`
	Reopen  findingReopenCmd  `cmd:"" help:"finding_reopen"`
	Note    findingNoteCmd    `cmd:"" help:"finding_note"`
}

type findingListCmd struct {
	Case     string `help:"case_id" placeholder:"CASE"`
	InRun    string `name:"run" help:"run_id" placeholder:"RUN"`
	State    string `help:"finding_state" enum:"new,confirmed,dismissed," default:"" placeholder:"STATE"`
	Severity string `help:"finding_severity" placeholder:"SEVERITY"`
	Evidence string `help:"evidence_id" placeholder:"EVIDENCE"`
	Source   string `help:"finding_source" enum:"check,hunt," default:"" placeholder:"check|hunt"`
	Kind     string `help:"finding_kind" enum:"indicator,heuristic,lure," default:"" placeholder:"KIND"`
	Artifact string `help:"finding_artifact" placeholder:"NAME"`
	Rule     string `help:"finding_rule" placeholder:"RULE"`
	Value    string `help:"finding_value" placeholder:"VALUE"`
	listFlags
	anyFlags
}

// Run lists findings.
func (c *findingListCmd) Run(a *app) error {
	by := workspace.FindingFilter{
		Case: c.Case, Run: c.InRun, State: c.State, Evidence: c.Evidence, Source: c.Source, Kind: c.Kind, Artifact: c.Artifact, Rule: c.Rule, Value: c.Value,
	}
	if c.Severity != "" {
		var err error
		if by.AtLeast, err = finding.ParseSeverity(c.Severity); err != nil {
			return usageError{err}
		}
	}
	return c.either(a, func(s works) error {
		l, err := s.Findings(a.ctx, by, c.page())
		if err != nil {
			return err
		}
		return show(a, l, c.JSON, []string{"id", "run", "severity", "state", "time", "artifact", "title"}, func(f workspace.Finding) []string {
			return []string{f.ID, f.Run, a.Or("severity.", f.Severity.String()), a.Text("ws.state." + f.State), day(f.Time), f.Artifact, f.Title}
		})
	})
}

// decideFlags name a finding, and a note.
type decideFlags struct {
	Finding  string `arg:"" help:"finding_id"`
	InRun    string `name:"run" help:"finding_run" placeholder:"RUN"`
	NoteFile string `help:"finding_note_file" placeholder:"FILE"`
	anyFlags
}

func (c *decideFlags) decide(a *app, state string) error {
	note := ""
	if c.NoteFile != "" {
		data, err := a.readBounded(c.NoteFile, maxPrivate)
		if err != nil {
			return err
		}
		note = string(data)
	}
	return c.either(a, func(s works) error { return s.Decide(a.ctx, c.InRun, c.Finding, state, note) })
}

type findingConfirmCmd struct{ decideFlags }

// Run confirms a finding.
func (c *findingConfirmCmd) Run(a *app) error { return c.decide(a, workspace.Confirmed) }

type findingDismissCmd struct{ decideFlags }

// Run dismisses a finding.
func (c *findingDismissCmd) Run(a *app) error { return c.decide(a, workspace.Dismissed) }

type findingReopenCmd struct{ decideFlags }

// Run takes a decision back.
func (c *findingReopenCmd) Run(a *app) error { return c.decide(a, workspace.New) }

type findingNoteCmd struct{ decideFlags }

var errNoNote = errors.New("give --note-file FILE, or - for the standard input")

// Run notes something and decides nothing.
func (c *findingNoteCmd) Run(a *app) error {
	if c.NoteFile == "" {
		return usageError{errNoNote}
	}
	return c.decide(a, "")
}
