package job

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/fault"
	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/vault/s3"
	"github.com/amparo-project/amparo/internal/workspace"
)

// Causes for which a job ends.
var (
	errCancelled = errors.New("the job was cancelled")
	errCrashes   = errors.New("the program died of this job, again and again")

	// ErrAgain says that a job could not do all, for a reason that passes.
	ErrAgain = errors.New("the rest is tried again")
)

// running is a job with what its parts report, from several goroutines.
type running struct {
	mu  sync.Mutex
	job workspace.Job // guarded by mu

	reading []file        // guarded by mu; what the process that reads evidence is at
	named   string        // guarded by mu; that of those which the job names
	key     seal.Identity // guarded by mu; of the case, for that name

	space   *examine.Space
	private workspace.JobPrivate
	left    string   // the state in which it is left
	speaker *speaker // in the process that reads evidence; nil in all others
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

// run runs a claimed job to its end, and writes that.
func (e *Engine) run(ctx context.Context, j *workspace.Job) workspace.Outcome {
	c := &running{job: *j, left: workspace.JobWaiting}
	if e.Begun != nil {
		var told func(string)
		ctx, told = e.Begun(ctx, j.Kind)
		defer func() { told(c.left) }()
	}
	work, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var beats sync.WaitGroup
	beats.Go(func() { e.beat(work, c, cancel) })
	var err error
	if c.space, c.private, err = e.open(work, j); err == nil {
		if j.Attempts-j.Retries > e.mayDie(j.Kind) {
			err = errCrashes
		} else {
			err = e.work(work, c)
		}
	}
	cause := context.Cause(work)
	cancel(nil)
	beats.Wait()
	c.change(func(j *workspace.Job) { j.Progress.Reading = nil })
	last := c.now()
	switch {
	case errors.Is(cause, workspace.ErrLost), errors.Is(err, workspace.ErrLost):
		return workspace.Outcome{}
	case errors.Is(cause, errCancelled):
		return e.end(ctx, c, &last, workspace.JobCancelled, "")
	case err == nil:
		return e.end(ctx, c, &last, workspace.JobDone, "")
	case errors.Is(err, workspace.ErrLater):
		e.giveBack(ctx, &last, 0, "")
		return workspace.Outcome{Again: true, After: later()}
	case ctx.Err() != nil:
		return e.giveBack(ctx, &last, 0, "")
	case errors.Is(err, errCrashes):
		return e.end(ctx, c, &last, workspace.JobFailed, "web.job.crashes")
	case passes(err) && j.Retries < maxRetries:
		e.Log.WarnContext(ctx, "job is tried again", "job", j.ID, "retries", j.Retries+1, fault.Kind(err))
		return e.giveBack(ctx, &last, backoff(j.Retries), e.explain(err))
	}
	message := e.explain(err)
	e.Log.WarnContext(ctx, "job failed", "job", j.ID, "message", message, fault.Kind(err))
	return e.end(ctx, c, &last, workspace.JobFailed, message)
}

// mayDie is how many processes may die that run a job before it is given up.
// Where evidence is read in a process of its own it is not what kills this one:
// machines are restarted, and programs upgraded.
func (e *Engine) mayDie(kind string) int {
	if e.Child != nil && (kind == workspace.JobCheck || kind == workspace.JobReceive || kind == workspace.JobRecheck) {
		return maxReads
	}
	return maxDeaths
}

// explain is the message for an error, of this process or of the one that
// read evidence for it.
func (e *Engine) explain(err error) string {
	if t := new(told); errors.As(err, &t) {
		return t.Message
	}
	return e.Explain(err)
}

// maxRetries is how often a job is tried again after what passes: with the
// times between that is about a day.
const maxRetries = 12

// backoff is how long a job waits after it failed n times before, of something
// that passes: from ten seconds up to four hours, and at random a little more,
// so that not all come back at once.
func backoff(n int) time.Duration {
	d := min(10*time.Second<<min(n, 20), 4*time.Hour)
	return d + time.Duration(rand.Int64N(int64(d/4)))
}

// passes reports whether an error is of the machine, or of how it is set up, and
// may be over soon, here or at another one: of evidence it is the same each time.
func passes(err error) bool {
	for _, of := range []error{
		ErrAgain, workspace.ErrUnreachable, s3.ErrUnreachable, s3.ErrCertificate, s3.ErrRefused, s3.ErrClock, s3.ErrNoBucket, s3.ErrOther, vault.ErrElsewhere, workspace.ErrDiskFull, workspace.ErrBusy, syscall.ENOSPC, syscall.ECONNREFUSED, syscall.ECONNRESET,
		syscall.EMFILE, errNotStarted, context.DeadlineExceeded, io.ErrClosedPipe,
	} {
		if errors.Is(err, of) {
			return true
		}
	}
	if t := new(told); errors.As(err, &t) {
		return t.Passes
	}
	var network *net.OpError
	return errors.As(err, &network)
}

// endWait is how long the end of a job is tried to be written. After that the
// job is taken for lost, and begins again.
const endWait = 30 * time.Second

// write writes the end of a job also where the program ends, or the database
// is away for a moment.
func (e *Engine) write(ctx context.Context, j *workspace.Job, fn func(context.Context) error) bool {
	end, stop := context.WithTimeout(context.WithoutCancel(ctx), endWait)
	defer stop()
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		err := fn(end)
		if err == nil || errors.Is(err, workspace.ErrLost) {
			return err == nil
		}
		select {
		case <-end.Done():
			e.Log.ErrorContext(ctx, "end of job not written", "job", j.ID, fault.Kind(err))
			return false
		case <-time.After(wait):
		}
	}
}

func (e *Engine) end(ctx context.Context, c *running, j *workspace.Job, state, message string) workspace.Outcome {
	c.left = state
	if e.write(ctx, j, func(ctx context.Context) error { return e.worker.End(ctx, j, state, message) }) && c.space != nil {
		e.sweep(ctx, c.space.Vault)
	}
	return workspace.Outcome{}
}

func (e *Engine) giveBack(ctx context.Context, j *workspace.Job, after time.Duration, message string) workspace.Outcome {
	again := e.write(ctx, j, func(ctx context.Context) error { return e.worker.GiveBack(ctx, j, after, message) })
	return workspace.Outcome{Again: again, After: after}
}

// beat tells how far the job is, and ends it where somebody asks for that.
func (e *Engine) beat(ctx context.Context, c *running, cancel context.CancelCauseFunc) {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		c.nameFile()
		j := c.now()
		stop, err := e.worker.Beat(ctx, &j)
		switch {
		case errors.Is(err, workspace.ErrLost):
			cancel(err)
		case stop:
			cancel(errCancelled)
		}
	}
}
