package examine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/lure"
	"github.com/amparo-project/amparo/internal/parsers"
	"github.com/amparo-project/amparo/internal/pipeline"
	"github.com/amparo-project/amparo/internal/report"
	"github.com/amparo-project/amparo/internal/rule"
)

// With is what evidence is checked with.
type With struct {
	Matcher *indicator.Matcher // nil: no indicators
	Sets    []finding.IndicatorSet
	Rules   *rule.Set
	Lures   *lure.Knowledge
	Parsers []artifact.Parser // nil: all
	Version string            // of the tool
	Lang    string            // in which the report opens

	Password func(context.Context) (string, error) // of a backup; called where one is needed
	Identity func(context.Context) ([]byte, error) // of an acquisition encrypted with age; nil: none
	Progress func(pipeline.Progress)               // called from several goroutines; nil: none
	Saved    func(run string)                      // told of each run that is stored; nil: nobody is

	// Watch stands by the check of one of what was found in an evidence, by its
	// number. nil: nobody does.
	Watch func(evidence string, part int) pipeline.Watch

	// Keep has what finished parts of a check made kept for another attempt of the
	// same job; the workspace is then that of the job (workspace.Under). nil: a
	// check that is interrupted begins anew.
	Keep *Keep

	// Done are the runs that an earlier call stored which was interrupted: they are
	// not made again.
	Done   []string
	AtOnce int // evidence that Recheck checks at the same time; 0: a few
}

// Keep is how a check is kept.
type Keep struct {
	Log   *slog.Logger  // never told of evidence
	Every time.Duration // pipeline.Keep's
}

// Check checks each evidence that was found in t and stores a run of each. It
// returns the runs that were stored, also beside an error.
func (t *Stored) Check(ctx context.Context, o With) (runs []string, err error) {
	return t.check(ctx, o, len(o.Done))
}

// check is Check without the first few of what was found.
func (t *Stored) check(ctx context.Context, o With, skip int) (runs []string, err error) {
	dir, err := t.space.TempDir()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	t.parsers = o.Parsers
	for i, candidate := range t.Found.Candidates {
		if i < skip {
			continue
		}
		t.at = i
		id, err := t.checkOne(ctx, candidate, o, filepath.Join(dir, fmt.Sprint(i)))
		if err != nil {
			return runs, fmt.Errorf("%s: %w", candidate.Name(), err)
		}
		runs = append(runs, id)
		if o.Saved != nil {
			o.Saved(id)
		}
	}
	return runs, nil
}

func (t *Stored) checkOne(ctx context.Context, candidate evidence.Candidate, o With, dir string) (id string, err error) {
	// A store that fails in the middle ends the check: what could not be fetched
	// would be told as broken, and nobody would look again.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	t.bundle.OnLost(cancel)
	defer func() {
		t.bundle.OnLost(nil)
		if lost := t.bundle.Lost(); lost != nil && err != nil {
			err = lost
		}
	}()
	src, err := candidate.Open(ctx, evidence.OpenOptions{Password: o.Password, Identity: o.Identity})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	folder, err := pipeline.NewFolder(dir)
	if err != nil {
		return "", err
	}
	seen := &Observations{}
	var watch pipeline.Watch
	if o.Watch != nil {
		watch = o.Watch(t.Evidence.ID, t.at)
	}
	keep, kept := t.keep(&o)
	run, err := pipeline.Check(ctx, pipeline.Options{
		Keep: keep, Source: src, Path: candidate.Path(), Parsers: t.with(), Selection: pipeline.Select(ctx, src, t.with()),
		Matcher: o.Matcher, Sets: o.Sets, Rules: o.Rules, Lures: o.Lures, Out: folder, Now: time.Now, Version: o.Version,
		Progress: o.Progress, Observe: seen.Observe, Watch: watch,
	})
	if err = errors.Join(err, t.bundle.Lost()); err != nil {
		return "", err
	}
	if err := writeReport(dir, o.Lang); err != nil {
		return "", err
	}
	if id, err = t.Save(ctx, run, seen, dir); err == nil {
		kept.giveUp(ctx)
	}
	return id, err
}

// with are the parsers of a check.
func (t *Stored) with() []artifact.Parser {
	if t.parsers != nil {
		return t.parsers
	}
	return parsers.All()
}

// writeReport makes report.html of a finished result folder.
func writeReport(dir, lang string) (err error) {
	res, err := report.Load(dir)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(dir, "report.html"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return report.HTML(io.Writer(f), res, report.Options{Lang: lang})
}
