package job

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"sync/atomic"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/pipeline"
	"github.com/amparo-project/amparo/internal/workspace"
)

// work does what a job is for. All of it may be done again: what was done is
// known by the rows that were written with it.
func (e *Engine) work(ctx context.Context, c *running) error {
	j := c.now()
	switch j.Kind {
	case workspace.JobReceive, workspace.JobCheck:
		if j.Evidence == "" {
			id, err := e.receive(ctx, c, &j)
			if err != nil {
				return err
			}
			c.change(func(j *workspace.Job) { j.Evidence = id })
			j = c.now()
		}
		return e.check(ctx, c)
	case workspace.JobRecheck:
		return e.check(ctx, c)
	case workspace.JobHunt:
		e.phase(c, "hunting", 0)
		sets, err := e.Sets(ctx, c.space)
		if err != nil {
			return err
		}
		_, err = c.space.HuntIn(ctx, j.Case, sets)
		return err
	case workspace.JobRemind:
		e.phase(c, "sending", 0)
		return e.Remind(ctx, c.space, j.Case)
	case workspace.JobNotice:
		e.phase(c, "sending", 0)
		return e.Deliver(ctx, c.space, j.Case, j.Retries >= maxRetries)
	case workspace.JobExport:
		e.phase(c, "exporting", 0)
		return e.Export(ctx, c.space, &j, &c.private, func(done, bytes, of int64) {
			c.change(func(j *workspace.Job) { j.Progress.Files, j.Progress.Bytes, j.Progress.Of = done, bytes, of })
		})
	case workspace.JobLinks:
		return e.links(ctx, c, &j)
	case workspace.JobIndex:
		return e.index(ctx, c, &j)
	case workspace.JobUpdate:
		return e.update(ctx, c, &j)
	}
	return fmt.Errorf("%w: job of kind %q", workspace.ErrInvalid, j.Kind)
}

// phase begins a part of a job.
func (e *Engine) phase(c *running, name string, total int64) {
	c.change(func(j *workspace.Job) {
		j.Progress = workspace.JobProgress{
			Phase: name, Since: e.Now().UTC().Format(examine.TimeLayout), Of: total, Deaths: j.Progress.Deaths, LeftOut: j.Progress.LeftOut,
		}
	})
}

func (e *Engine) receive(ctx context.Context, c *running, j *workspace.Job) (string, error) {
	total, files, err := sizeOf(ctx, c.private.Path)
	if err != nil {
		return "", err
	}
	e.phase(c, "storing", total)
	ev, err := c.space.Receive(ctx, j.Case, j.Device, c.private.Path, func(done, bytes int64) {
		c.change(func(j *workspace.Job) { j.Progress.Files, j.Progress.Total, j.Progress.Bytes = done, files, bytes })
	})
	return ev.ID, err
}

// sizeOf adds up what lies at a path.
func sizeOf(ctx context.Context, path string) (bytes, files int64, err error) {
	err = filepath.WalkDir(path, func(_ string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !e.Type().IsRegular() {
			return nil
		}
		info, err := e.Info()
		if err == nil {
			bytes, files = bytes+info.Size(), files+1
		}
		return err
	})
	return bytes, files, err
}

// check checks stored evidence, in a process of its own where there can be one.
func (e *Engine) check(ctx context.Context, c *running) error {
	e.phase(c, "checking", 0)
	if e.Child != nil {
		return e.read(ctx, c)
	}
	return e.checkHere(ctx, c)
}

// checkHere checks what the job is of.
func (e *Engine) checkHere(ctx context.Context, c *running) error {
	with, err := e.with(ctx, c)
	if err != nil {
		return err
	}
	j := c.now()
	if j.Kind == workspace.JobRecheck {
		return e.recheck(ctx, c, &j, with)
	}
	ev, err := c.space.Evidence(ctx, j.Evidence)
	if err != nil {
		return err
	}
	stored, err := c.space.Open(ctx, ev)
	if err != nil {
		return err
	}
	_, err = stored.Check(ctx, with)
	return err
}

// with is what evidence is checked with, for a job.
func (e *Engine) with(ctx context.Context, c *running) (examine.With, error) {
	with, err := e.With(ctx, c.space)
	if err != nil {
		return with, err
	}
	with.Lang, with.Done = c.private.Lang, c.now().Runs
	with.Keep = &examine.Keep{Log: e.Log, Every: e.KeepEvery}
	if c.speaker != nil {
		with.Watch = c.watch
	}
	with.Password = func(context.Context) (string, error) {
		if c.private.Password == "" {
			return "", ErrPassword
		}
		return c.private.Password, nil
	}
	with.Progress = func(p pipeline.Progress) {
		c.change(func(j *workspace.Job) {
			j.Progress.Files, j.Progress.Total, j.Progress.Records = int64(p.Done), int64(p.Tasks), p.Records
			j.Progress.Bytes, j.Progress.Of = p.Bytes, p.Total
		})
		if c.speaker != nil {
			now := c.now().Progress
			c.speaker.progress(&now)
		}
	}
	with.Saved = func(run string) {
		c.change(func(j *workspace.Job) { j.Runs = append(j.Runs[:len(j.Runs):len(j.Runs)], run) })
		if c.speaker != nil {
			c.speaker.say(&said{Run: run})
		}
	}
	return with, nil
}

// recheck checks the evidence of a case again, one after the other: each check
// uses all cores, and of a file that kills it one is to blame. What is done has
// a new run, so that another attempt goes on with the rest. Evidence that could
// not be checked does not keep the others from it, and fails the job in the end.
func (e *Engine) recheck(ctx context.Context, c *running, j *workspace.Job, with examine.With) error {
	list, err := c.space.Behind(ctx, j.Case, with)
	if err != nil {
		return err
	}
	c.change(func(j *workspace.Job) { j.Progress.Files, j.Progress.Total = 0, int64(len(list)) })
	c.say()
	var before atomic.Int64 // records of the evidence that is done
	with.AtOnce, with.Progress = 1, func(p pipeline.Progress) {
		c.change(func(j *workspace.Job) { j.Progress.Records = before.Load() + p.Records })
		if c.speaker != nil {
			now := c.now().Progress
			c.speaker.progress(&now)
		}
	}
	var failed []error
	err = c.space.RecheckOf(ctx, list, with, func(r *examine.Rechecked) error {
		if r.Err != nil {
			if errors.Is(r.Err, workspace.ErrLost) {
				return r.Err
			}
			if !errors.Is(r.Err, workspace.ErrErased) { // a consent was withdrawn meanwhile: there is nothing to check
				failed = append(failed, r.Err)
			}
		}
		c.change(func(j *workspace.Job) { j.Progress.Files++ })
		before.Store(c.now().Progress.Records)
		c.say()
		return nil
	})
	return errors.Join(append(failed, err)...)
}

// links compares people. What an attempt before kept, and did not say so, is
// not made again.
func (e *Engine) links(ctx context.Context, c *running, j *workspace.Job) error {
	e.phase(c, "comparing", 0)
	with, err := e.With(ctx, c.space)
	if err != nil {
		return err
	}
	made, err := c.space.LinksMade(ctx, with.Matcher.Secrecy())
	if err == nil && j.Attempts > 1 && made >= j.Started {
		return nil
	}
	if err != nil && !errors.Is(err, workspace.ErrNotFound) {
		return err
	}
	return e.Links(ctx, c.space, j.Case, with.Matcher)
}

// index makes what the results of a case are looked up by, where it is missing.
// What is there is not made again. A result that cannot be read does not keep
// the others from it, and fails the job in the end.
func (e *Engine) index(ctx context.Context, c *running, j *workspace.Job) error {
	e.phase(c, "indexing", 0)
	var failed []error
	return errors.Join(eachRun(ctx, c.space, j.Case, func(r *workspace.Run, total int64) error {
		if err := c.space.MakeIndex(ctx, r); err != nil {
			if ctx.Err() != nil || passes(err) {
				return err
			}
			failed = append(failed, fmt.Errorf("run %s: %w", r.ID, err))
		}
		c.change(func(j *workspace.Job) { j.Progress.Files, j.Progress.Total = j.Progress.Files+1, total })
		return nil
	}), errors.Join(failed...))
}

// eachRun calls a function with each stored run of a case, the last first, and
// their number.
func eachRun(ctx context.Context, s *examine.Space, caseID string, fn func(r *workspace.Run, total int64) error) error {
	var runs []workspace.Run
	for page := (workspace.Page{Limit: workspace.MaxLimit}); ; {
		l, err := s.Runs(ctx, workspace.RunFilter{Case: caseID}, page)
		if err != nil {
			return err
		}
		for i := range l.Items {
			if l.Items[i].State == workspace.Stored {
				runs = append(runs, l.Items[i])
			}
		}
		if page.After = l.Next; page.After == "" {
			break
		}
	}
	for i := range slices.Backward(runs) {
		if err := fn(&runs[i], int64(len(runs))); err != nil {
			return err
		}
	}
	return nil
}

// ErrPassword says that a backup is encrypted and the job has no password.
var ErrPassword = errors.New("the backup is encrypted and no password was given")
