// Package examine takes evidence into a workspace and checks it from there:
// what the command line, jobs and pages do alike. It writes to the vault and
// to the workspace, never beside evidence.
//
// Start with Space.Receive and Space.Open.
package examine

import (
	"context"
	"fmt"
	"os"
	"path"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/evidence/open"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/parsers"
	"github.com/amparo-project/amparo/internal/pipeline"
	"github.com/amparo-project/amparo/internal/report"
	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/workspace"
)

// A Space is an open workspace, as one member sees it, with its vault.
type Space struct {
	*workspace.Workspace
	Vault vault.Store
	Dir   string // results in the making lie below it; of a vault that is a folder, that folder
}

// Receive stores what lies at path as evidence of a device. It goes on where
// it was interrupted. progress is told the files and bytes read so far; it may
// be nil. The error wraps workspace.ErrNoConsent, or vault.ErrChanged.
func (s *Space) Receive(ctx context.Context, caseID, device, path string, progress func(files, bytes int64)) (workspace.Evidence, error) {
	abs, err := vault.Resolve(path)
	if err != nil {
		return workspace.Evidence{}, err
	}
	if _, err := os.Stat(abs); err != nil {
		return workspace.Evidence{}, err
	}
	own, err := vault.Resolve(s.Dir)
	if err != nil {
		return workspace.Evidence{}, err
	}
	if vault.Inside(own, abs) || vault.Inside(abs, own) {
		return workspace.Evidence{}, fmt.Errorf("%w: the vault and the evidence lie in each other", workspace.ErrInvalid)
	}
	ev, key, err := s.ReceiveEvidence(ctx, caseID, device, abs)
	if err != nil {
		return ev, err
	}
	files, err := vault.Add(ctx, s.Vault, s.Index(), vault.AddOptions{
		Bundle: ev.ID, Case: caseID, Key: key, Path: abs, Progress: progress,
	})
	if err != nil {
		return ev, fmt.Errorf("store evidence %s: %w", ev.ID, err)
	}
	return s.CompleteEvidence(ctx, ev.ID, files)
}

// Stored is evidence of a workspace, open for a check.
type Stored struct {
	Evidence workspace.Evidence
	Found    open.Result // what is in it

	space   *Space
	bundle  *vault.Bundle // of evidence that Space.Open opened
	key     seal.Identity
	parsers []artifact.Parser // nil: all
	at      int               // which of what was found is checked
	before  []workspace.Run   // that the check is compared with, by what was found
}

// WhatIsRead tells open what the parsers read.
func WhatIsRead() open.Options {
	return open.Options{Wanted: pipeline.Wanted(parsers.All()), Named: pipeline.Named(parsers.All())}
}

// Open opens stored evidence, for the purpose of analysis, and finds out what
// is in it. The error wraps workspace.ErrNoConsent, workspace.ErrErased,
// evidence.ErrNotEvidence, or that of a store that cannot say what it holds.
func (s *Space) Open(ctx context.Context, ev workspace.Evidence) (*Stored, error) {
	key, err := s.EvidenceKey(ctx, ev.ID, workspace.Analysis)
	if err != nil {
		return nil, err
	}
	b, err := vault.Open(ctx, s.Vault, s.Index(), ev.ID, key)
	if err != nil {
		return nil, err
	}
	o := WhatIsRead()
	o.Tree = bundleTree(b, ev.ID)
	found, err := open.Find(ctx, ev.ID, o)
	if lost := b.Lost(); lost != nil {
		return nil, fmt.Errorf("read evidence %s: %w", ev.ID, lost)
	}
	if err != nil {
		return nil, err
	}
	return &Stored{Evidence: ev, Found: found, space: s, bundle: b, key: key}, nil
}

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

// TempDir makes a folder for results in the making. Of a vault that is a folder
// it lies there, on the disk that was chosen for evidence; the caller removes
// it. What killed processes left there is removed.
func (s *Space) TempDir() (string, error) { return vault.Scratch(s.Dir) }

// Save stores the finished result folder of a check and its run, and returns
// the run's id. The folder is removed.
func (t *Stored) Save(ctx context.Context, run *finding.Run, seen *Observations, dir string) (string, error) {
	id := workspace.NewRunID()
	files, err := vault.Add(ctx, t.space.Vault, t.space.Index(), vault.AddOptions{Bundle: id, Case: t.Evidence.Case, Key: t.key, Path: dir})
	if err != nil {
		return "", fmt.Errorf("store the result: %w", err)
	}
	summary := summaryOf(run, t.with())
	summary.Parts = len(t.Found.Candidates)
	if t.at < len(t.before) {
		if summary.Again, err = t.compare(ctx, &t.before[t.at], run, dir); err != nil {
			return "", fmt.Errorf("compare with run %s: %w", t.before[t.at].ID, err)
		}
	}
	if err := report.EachFinding(dir, func(f *finding.Finding) error { seen.pretended(f); return nil }); err != nil {
		return "", fmt.Errorf("read the result: %w", err)
	}
	values, cut := seen.List()
	summary.Observables, summary.CutObservables = len(values), cut
	_, err = t.space.SaveRun(ctx, workspace.Run{
		ID: id, Evidence: t.Evidence.ID, Version: run.Version, Started: run.Started.Format(TimeLayout), Ended: run.Ended.Format(TimeLayout),
		Summary: summary,
	}, files, values, func(add func(*finding.Finding) error) error { return report.EachFinding(dir, add) })
	if err != nil {
		return "", fmt.Errorf("store the run: %w", err)
	}
	// The run is stored. What it is looked up by is made again when it is first
	// wanted, should this fail.
	_ = t.space.index(ctx, resultIn(id, t.Evidence.Case, t.key, os.DirFS(dir), files))
	return id, os.RemoveAll(dir)
}

// TimeLayout is how times of a run are written in the workspace, in UTC.
const TimeLayout = "2006-01-02T15:04:05.000000Z"

// summaryOf is what lists show of a run.
func summaryOf(run *finding.Run, with []artifact.Parser) workspace.RunSummary {
	s := workspace.RunSummary{Kind: run.Evidence.Kind, Totals: run.Totals, Complete: run.Complete, Parsers: map[string]int{}, Sets: []string{}, Rules: refsMark(run.Rules, run.RuleData, run.LureData)}
	for i := range run.Indicators {
		s.Sets = append(s.Sets, run.Indicators[i].SHA256)
	}
	read := map[string]bool{}
	for i := range run.Coverage {
		read[run.Coverage[i].Artifact] = run.Coverage[i].State != finding.Absent
	}
	for _, p := range with {
		if info := p.Info(); read[info.Name] {
			s.Parsers[info.Name] = info.Version
		}
	}
	return s
}

// OpenRun opens the result folder of a run as it lies in the vault.
func (s *Space) OpenRun(ctx context.Context, r *workspace.Run) (*vault.Bundle, error) {
	key, err := s.EvidenceKey(ctx, r.Evidence, workspace.Analysis)
	if err != nil {
		return nil, err
	}
	return vault.Open(ctx, s.Vault, s.Index(), r.ID, key)
}

// Source opens again what a run was of, by the root that it has in the stored
// evidence. The caller closes it.
func (t *Stored) Source(ctx context.Context, root string, o evidence.OpenOptions) (evidence.Source, error) {
	for _, candidate := range t.Found.Candidates {
		if len(t.Found.Candidates) == 1 || candidate.Root() == root {
			return candidate.Open(ctx, o)
		}
	}
	return nil, fmt.Errorf("%s in evidence %s: %w", root, t.Evidence.ID, evidence.ErrNotEvidence)
}

// Mark stands for how a file of what was found is stored: see vault.Bundle.Mark.
// root is that of Source, stored the name of the file there.
func (t *Stored) Mark(root, stored string) string {
	if len(t.Found.Candidates) == 1 {
		root = t.Found.Candidates[0].Root()
	}
	return t.bundle.Mark(path.Join(root, stored))
}
