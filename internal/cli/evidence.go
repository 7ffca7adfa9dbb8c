package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/evidence/open"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/parsers"
	"github.com/amparo-project/amparo/internal/report"
	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/workspace"
)

// evidenceCmd is "amparo evidence".
type evidenceCmd struct {
	Add  evidenceAddCmd  `cmd:"" help:"${evidence_add}"`
	List evidenceListCmd `cmd:"" help:"${evidence_list}"`
}

type evidenceAddCmd struct {
	Case   string `arg:"" help:"${case_id}"`
	Device string `arg:"" help:"${evidence_device}"`
	Path   string `arg:"" help:"${evidence_path}"`
	JSON   bool   `name:"json" help:"${json}"`
	wsFlags
}

// Run stores evidence.
func (c *evidenceAddCmd) Run(a *app) error {
	return c.with(a, func(s *space) error {
		ev, err := s.receive(c.Case, c.Device, c.Path)
		if err != nil {
			return err
		}
		return a.made(c.JSON, ev, ev.ID)
	})
}

// receive stores what lies at path as evidence of a device. It goes on where
// it was interrupted.
func (s *space) receive(caseID, device, path string) (workspace.Evidence, error) {
	abs, err := resolve(path)
	if err != nil {
		return workspace.Evidence{}, err
	}
	if _, err := os.Stat(abs); err != nil {
		return workspace.Evidence{}, err
	}
	own, err := resolve(s.dir)
	if err != nil {
		return workspace.Evidence{}, err
	}
	if vault.Inside(own, abs) || vault.Inside(abs, own) {
		return workspace.Evidence{}, fmt.Errorf("%w: the vault and the evidence lie in each other", workspace.ErrInvalid)
	}
	ev, key, err := s.ReceiveEvidence(s.app.ctx, caseID, device, abs)
	if err != nil {
		return ev, err
	}
	p := s.app.newProgress()
	files, err := vault.Add(s.app.ctx, s.vault, s.Index(), vault.AddOptions{
		Bundle: ev.ID, Case: caseID, Key: key, Path: abs, Progress: p.storing,
	})
	p.end()
	if err != nil {
		return ev, fmt.Errorf("store evidence %s: %w", ev.ID, err)
	}
	return s.CompleteEvidence(s.app.ctx, ev.ID, files)
}

type evidenceListCmd struct {
	Case   string `arg:"" help:"${case_id}"`
	Device string `help:"${evidence_device}" placeholder:"DEVICE"`
	listFlags
	wsFlags
}

var evidenceColumns = []string{"id", "device", "state", "files", "bytes", "received", "source"}

func (a *app) evidenceRow(e workspace.Evidence) []string {
	return []string{
		e.ID, e.Device, a.Text("ws.state." + e.State), a.Number(e.Files), a.Number(e.Bytes), day(e.Received), e.Private.Source,
	}
}

// Run lists evidence.
func (c *evidenceListCmd) Run(a *app) error {
	return c.with(a, func(s *space) error {
		l, err := s.Evidences(a.ctx, c.Case, c.Device, c.page())
		if err != nil {
			return err
		}
		return show(a, l, c.JSON, evidenceColumns, a.evidenceRow)
	})
}

// storing keeps what a check in a case needs.
type storing struct {
	space    *space
	evidence workspace.Evidence
	key      seal.Identity
	dir      string // of all results, removed at the end
	next     int
	seen     *observations
	runs     []string // that were saved
}

// errOutInCase refuses a result folder in clear beside the one in the vault.
var errOutInCase = errors.New("--case keeps the result in the vault: \"amparo run show RUN --out DIR\" writes it to a folder")

// inCase checks each path as evidence of a case: what is not stored yet is
// stored first, and all of it is read from the vault.
func (s *session) inCase() error {
	if s.cmd.Out != "" {
		return usageError{errOutInCase}
	}
	return s.cmd.with(s.app, func(sp *space) error {
		for _, path := range s.cmd.Paths {
			if err := s.checkStored(sp, path); err != nil {
				return err
			}
		}
		return s.verdict()
	})
}

func (s *session) checkStored(sp *space, path string) (err error) {
	ev, err := s.evidenceAt(sp, path)
	if err != nil {
		return err
	}
	key, err := sp.EvidenceKey(s.ctx, ev.ID, workspace.Analysis)
	if err != nil {
		return err
	}
	b, err := vault.Open(s.ctx, sp.vault, sp.Index(), ev.ID, key)
	if err != nil {
		return err
	}
	// In the vault's own folder: the disk that was chosen for evidence.
	dir, err := os.MkdirTemp(sp.dir, "check-") //nolint:forbidigo // removed at the end
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	o := whatIsRead()
	o.Tree = bundleTree(b, ev.ID)
	found, err := open.Find(s.ctx, ev.ID, o)
	if err != nil {
		return err
	}
	s.total += len(found.Candidates)
	s.stored = &storing{space: sp, evidence: ev, key: key, dir: dir}
	return s.checkAll(found.Candidates)
}

// evidenceAt is the evidence that a path names: one that is stored, or a path
// of the file system, which is stored now.
func (s *session) evidenceAt(sp *space, path string) (workspace.Evidence, error) {
	if _, err := os.Lstat(path); err != nil && strings.HasPrefix(path, "E-") {
		ev, err := sp.Evidence(s.ctx, path)
		if err == nil && ev.Case != s.cmd.Case {
			err = fmt.Errorf("%w: evidence %s belongs to another case", workspace.ErrInvalid, path)
		}
		return ev, err
	}
	device := s.cmd.Device
	if device == "" {
		l, err := sp.Devices(s.ctx, s.cmd.Case, "", workspace.Page{Limit: 2})
		if err != nil {
			return workspace.Evidence{}, err
		}
		if len(l.Items) != 1 {
			return workspace.Evidence{}, usageError{errWhichDevice}
		}
		device = l.Items[0].ID
	}
	return sp.receive(s.cmd.Case, device, path)
}

var errWhichDevice = errors.New("give --device: the case does not have exactly one")

// bundleTree shows a stored evidence to open, under its id.
func bundleTree(b *vault.Bundle, id string) func(context.Context, string, func(string) bool) (evidence.Tree, bool, error) {
	return func(ctx context.Context, name string, early func(string) bool) (evidence.Tree, bool, error) {
		rel, ok := strings.CutPrefix(name, id+"/")
		if !ok {
			return b.Tree(), true, nil
		}
		blob, err := b.OpenFile(ctx, rel)
		if err != nil {
			return nil, false, err
		}
		tree, err := evidence.OpenArchive(ctx, name, blob, early)
		return tree, false, err
	}
}

// newDir is the result folder of the next check.
func (t *storing) newDir() string {
	t.next++
	return filepath.Join(t.dir, fmt.Sprint(t.next))
}

// save stores a finished result folder and its run. The folder is removed.
func (t *storing) save(run *finding.Run, dir string) (string, error) {
	ctx := t.space.app.ctx
	id := workspace.NewRunID()
	files, err := vault.Add(ctx, t.space.vault, t.space.Index(), vault.AddOptions{Bundle: id, Case: t.evidence.Case, Key: t.key, Path: dir})
	if err != nil {
		return "", fmt.Errorf("store the result: %w", err)
	}
	summary := summaryOf(run)
	seen, cut := t.seen.list()
	summary.Observables, summary.CutObservables = len(seen), cut
	_, err = t.space.SaveRun(ctx, workspace.Run{
		ID: id, Evidence: t.evidence.ID, Version: run.Version, Started: run.Started.Format(timeLayout), Ended: run.Ended.Format(timeLayout),
		Summary: summary,
	}, files, seen, func(add func(*finding.Finding) error) error { return report.EachFinding(dir, add) })
	if err != nil {
		return "", fmt.Errorf("store the run: %w", err)
	}
	t.runs = append(t.runs, id)
	return id, os.RemoveAll(dir)
}

const timeLayout = "2006-01-02T15:04:05.000000Z"

// summaryOf is what lists show of a run.
func summaryOf(run *finding.Run) workspace.RunSummary {
	s := workspace.RunSummary{Kind: run.Evidence.Kind, Totals: run.Totals, Complete: run.Complete, Parsers: map[string]int{}, Sets: []string{}}
	for i := range run.Indicators {
		s.Sets = append(s.Sets, run.Indicators[i].SHA256)
	}
	read := map[string]bool{}
	for i := range run.Coverage {
		read[run.Coverage[i].Artifact] = run.Coverage[i].State != finding.Absent
	}
	for _, p := range parsers.All() {
		if info := p.Info(); read[info.Name] {
			s.Parsers[info.Name] = info.Version
		}
	}
	return s
}
