// Package job runs what takes long: evidence is taken from a path and checked,
// or checked again. Jobs are rows of the workspace: they go on after the page
// is closed, and after the program was killed, once the member whose keys they
// need has opened the workspace again.
package job

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/pipeline"
	"github.com/amparo-project/amparo/internal/workspace"
)

// Times of the queue.
const (
	beatEvery  = time.Second
	silentFor  = 15 * time.Second // after which a process is taken for dead
	askEvery   = 2 * time.Second  // for jobs that another process queued
	maxRetries = 5                // of a job whose process dies
)

// A Runner runs the jobs of one member, one after the other: each uses all
// cores.
type Runner struct {
	Space *examine.Space
	// With is what evidence is checked with now.
	With func() (examine.With, error)
	// Explain is the id of the message that tells a person of an error.
	Explain func(error) string
	Now     func() time.Time
	Log     *slog.Logger // never told of evidence

	owner string
	wake  chan struct{}
	once  sync.Once
}

func (r *Runner) init() {
	r.once.Do(func() { r.owner, r.wake = rand.Text(), make(chan struct{}, 1) })
}

// Wake says that a job was queued.
func (r *Runner) Wake() {
	r.init()
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run runs jobs until ctx ends. The job that runs then is given back: it goes
// on when a runner of the member takes it.
func (r *Runner) Run(ctx context.Context) {
	r.init()
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		j, private, err := r.Space.ClaimJob(ctx, r.owner, silentFor)
		if err == nil {
			r.run(ctx, &j, private)
			continue
		}
		if !errors.Is(err, workspace.ErrNotFound) && ctx.Err() == nil {
			r.Log.ErrorContext(ctx, "claim job failed", "type", fmt.Sprintf("%T", err))
		}
		select {
		case <-ctx.Done():
		case <-r.wake:
		case <-tick.C:
		}
	}
}

// Causes for which a job ends.
var (
	errCancelled = errors.New("the job was cancelled")
	errCrashes   = errors.New("the program died of this job, again and again")
)

// running is a job with what its parts report, from several goroutines.
type running struct {
	mu  sync.Mutex
	job workspace.Job // guarded by mu
}

func (c *running) change(fn func(*workspace.Job)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fn(&c.job)
}

func (c *running) now() workspace.Job {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.job
}

func (r *Runner) run(ctx context.Context, j *workspace.Job, private workspace.JobPrivate) {
	c := &running{job: *j}
	work, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var beats sync.WaitGroup
	beats.Go(func() { r.beat(work, c, cancel) })
	var err error
	if j.Attempts > maxRetries {
		err = errCrashes
	} else {
		err = r.work(work, c, private)
	}
	cause := context.Cause(work)
	cancel(nil)
	beats.Wait()
	// The end is written also where the program ends: with a context of its own.
	end, stop := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer stop()
	state, message := workspace.JobDone, ""
	switch {
	case errors.Is(cause, workspace.ErrLost):
		return
	case errors.Is(cause, errCancelled):
		state = workspace.JobCancelled
	case err != nil && ctx.Err() != nil:
		state = workspace.JobWaiting
	case errors.Is(err, errCrashes):
		state, message = workspace.JobFailed, "web.job.crashes"
	case err != nil:
		state, message = workspace.JobFailed, r.Explain(err)
		r.Log.WarnContext(ctx, "job failed", "job", j.ID, "message", message, "type", fmt.Sprintf("%T", err))
	}
	last := c.now()
	if err := r.Space.EndJob(end, r.owner, &last, state, message); err != nil {
		r.Log.ErrorContext(ctx, "end of job not written", "job", j.ID, "type", fmt.Sprintf("%T", err))
	}
}

// beat tells how far the job is, and ends it where somebody asks for that.
func (r *Runner) beat(ctx context.Context, c *running, cancel context.CancelCauseFunc) {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		j := c.now()
		stop, err := r.Space.BeatJob(ctx, r.owner, &j)
		switch {
		case errors.Is(err, workspace.ErrLost):
			cancel(err)
		case stop:
			cancel(errCancelled)
		}
	}
}

func (r *Runner) work(ctx context.Context, c *running, private workspace.JobPrivate) error {
	j := c.now()
	if j.Kind == workspace.JobReceive && j.Evidence == "" {
		id, err := r.receive(ctx, c, &j, private)
		if err != nil {
			return err
		}
		c.change(func(j *workspace.Job) { j.Evidence = id })
		j = c.now()
		if _, err := r.Space.BeatJob(ctx, r.owner, &j); err != nil { // before the check: a restart must not store it twice
			return err
		}
	}
	return r.check(ctx, c, j.Evidence, private)
}

// phase begins a part of a job.
func (r *Runner) phase(c *running, name string, total int64) {
	c.change(func(j *workspace.Job) {
		j.Progress = workspace.JobProgress{Phase: name, Since: r.Now().UTC().Format(examine.TimeLayout), Of: total}
	})
}

func (r *Runner) receive(ctx context.Context, c *running, j *workspace.Job, private workspace.JobPrivate) (string, error) {
	total, files, err := sizeOf(ctx, private.Path)
	if err != nil {
		return "", err
	}
	r.phase(c, "storing", total)
	ev, err := r.Space.Receive(ctx, j.Case, j.Device, private.Path, func(done, bytes int64) {
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

func (r *Runner) check(ctx context.Context, c *running, evidence string, private workspace.JobPrivate) error {
	ev, err := r.Space.Evidence(ctx, evidence)
	if err != nil {
		return err
	}
	r.phase(c, "checking", 0)
	stored, err := r.Space.Open(ctx, ev)
	if err != nil {
		return err
	}
	with, err := r.With()
	if err != nil {
		return err
	}
	j := c.now()
	with.Lang, with.Skip = private.Lang, len(j.Runs)
	with.Dir = filepath.Join(r.Space.Dir, "check-"+j.ID)
	if err := os.RemoveAll(with.Dir); err != nil { // of an attempt that was killed
		return err
	}
	with.Password = func(context.Context) (string, error) {
		if private.Password == "" {
			return "", ErrPassword
		}
		return private.Password, nil
	}
	with.Progress = func(p pipeline.Progress) {
		c.change(func(j *workspace.Job) {
			j.Progress.Files, j.Progress.Total, j.Progress.Records = int64(p.Done), int64(p.Tasks), p.Records
			j.Progress.Bytes, j.Progress.Of = p.Bytes, p.Total
		})
	}
	with.Saved = func(run string) {
		c.change(func(j *workspace.Job) { j.Runs = append(j.Runs[:len(j.Runs):len(j.Runs)], run) })
	}
	_, err = stored.Check(ctx, with)
	return err
}

// ErrPassword says that a backup is encrypted and the job has no password.
var ErrPassword = errors.New("the backup is encrypted and no password was given")
