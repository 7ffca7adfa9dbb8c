// Package job runs what takes long: evidence is taken from a path and checked,
// cases are checked again, hunted in, reminded of, feeds are asked. Jobs are rows of the
// workspace: they go on after the page is closed, and after the program was
// killed, in whichever process has the key that they run with.
//
// On PostgreSQL River brings jobs to processes; on SQLite they look into the
// table. What a job does, and its states, are the same. Start with Engine.
package job

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/fault"
	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/workspace"
)

// Times of the queue.
const (
	beatEvery  = time.Second
	silentFor  = 15 * time.Second // after which a process is taken for dead
	askEvery   = 2 * time.Second  // for jobs that another process queued
	laterAfter = 2 * time.Second  // a job that cannot run now is brought again
	maxDeaths  = 5                // of processes that ran a job
)

// later is when a job that cannot run here is brought again: not at the same
// distance each time, or of two processes that look at steady times the one
// that cannot run it would always be first.
func later() time.Duration { return laterAfter + rand.N(laterAfter) }

// An Engine runs the jobs of one process. Its methods may be called from
// several goroutines.
type Engine struct {
	DB *workspace.DB
	// Space adds the vault to a workspace; of nil only the vault is used.
	Space func(*workspace.Workspace) *examine.Space
	// With is what evidence is checked with now: what is installed in the
	// workspace, or on this machine.
	With func(context.Context, *examine.Space) (examine.With, error)
	// Sets are the indicators that hunts ask for. nil: jobs of that kind are
	// left to other processes, as are those of the next five.
	Sets func(context.Context, *examine.Space) ([]*indicator.Set, error)
	// Remind sends what is due in a case.
	Remind func(ctx context.Context, s *examine.Space, caseID string) error
	// Deliver sends the mails of a case that were approved; last says that it is
	// not called again where they cannot be sent now. The error then wraps ErrAgain.
	Deliver func(ctx context.Context, s *examine.Space, caseID string, last bool) error
	// Export makes what a job of kind export is for, and keeps it.
	Export func(ctx context.Context, s *examine.Space, j *workspace.Job, p *workspace.JobPrivate, progress func(files, bytes, of int64)) error
	// Links compares the people of the cases of the member who asked, and keeps
	// the graph for them.
	Links func(ctx context.Context, s *examine.Space, caseID string, m *indicator.Matcher) error
	// Update opens the indicators that count for the workspace, and calls fn with
	// the feeds to ask.
	Update func(ctx context.Context, s *examine.Space, job string, fn func(Asking) error) error
	// Explain is the id of the message that tells a person of an error.
	Explain func(error) string
	Now     func() time.Time
	Log     *slog.Logger // never told of evidence
	// Begun, where it is set, is told of each job that begins here; what it
	// returns is told the state in which the job is left.
	Begun func(ctx context.Context, kind string) (context.Context, func(state string))

	// Counts returns, in a process that reads evidence, what it has to count since
	// the last call; Counted is told of it where that process was asked for. Both
	// may be nil.
	Counts  func() json.RawMessage
	Counted func(json.RawMessage)
	// Ending, where it is set, is called in such a process before it says that it
	// is done: it may be ended then.
	Ending func(context.Context)

	// Serving, where it is set, is called once: when the queues of all whose keys
	// are here are taken for the first time.
	Serving func()

	// Child starts a process that reads evidence: this program, with a call of
	// Read. nil: evidence is read in this process, which then dies of what a file
	// may do to it.
	Child  Child
	Memory uint64 // that such a process may take, in bytes; 0: any

	AtOnce   int           // jobs of one queue that run here at once; 0: 1, for a check uses all cores
	PerCase  int           // jobs of one case that run anywhere at once; 0: 1
	Kinds    []string      // that this process takes; nil: all that it can
	Silent   time.Duration // after which another process is taken for dead; 0: 15 s
	Patience time.Duration // that jobs have to end when the process does; then they are given back
	// KeepEvery is the time between two parts of an unfinished check that are
	// kept. 0: pipeline.KeepEvery.
	KeepEvery time.Duration

	once    sync.Once
	worker  *workspace.Worker
	wake    chan struct{}
	mu      sync.Mutex
	members map[string]*examine.Space // guarded by mu; whose keys are open, by id
	workers seal.Identity             // guarded by mu; zero: this process has no key of the workers
	server  workspace.Server          // guarded by mu
	taken   map[string]bool           // guarded by mu; queues that server takes
	serves  sync.Once                 // for Serving
	working sync.WaitGroup
}

func (e *Engine) init() {
	e.once.Do(func() {
		e.wake = make(chan struct{}, 1)
		e.members, e.taken = map[string]*examine.Space{}, map[string]bool{}
		e.AtOnce, e.PerCase, e.Silent = max(e.AtOnce, 1), max(e.PerCase, 1), cmp.Or(e.Silent, silentFor)
		e.worker = workspace.NewWorker(e.DB, workspace.WorkerOptions{Now: e.Now, Silent: e.Silent, PerCase: e.PerCase, Kinds: e.kinds()})
	})
}

// kinds are those that this process can run and takes.
func (e *Engine) kinds() []string {
	list := []string{workspace.JobReceive, workspace.JobCheck, workspace.JobRecheck, workspace.JobIndex}
	if e.Sets != nil {
		list = append(list, workspace.JobHunt)
	}
	if e.Remind != nil {
		list = append(list, workspace.JobRemind)
	}
	if e.Deliver != nil {
		list = append(list, workspace.JobNotice)
	}
	if e.Export != nil {
		list = append(list, workspace.JobExport)
	}
	if e.Links != nil {
		list = append(list, workspace.JobLinks)
	}
	if e.Update != nil {
		list = append(list, workspace.JobUpdate)
	}
	return slices.DeleteFunc(list, func(kind string) bool { return e.Kinds != nil && !slices.Contains(e.Kinds, kind) })
}

// Member has the jobs of a member run here from now on, with their keys.
func (e *Engine) Member(s *examine.Space) error {
	e.init()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.members[s.Member().ID] = s
	return e.take()
}

// Workers has the jobs that carry a key for the workers run here.
func (e *Engine) Workers(id seal.Identity) error {
	e.init()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.workers = id
	return e.take()
}

// queues are those whose jobs can run here. The caller holds e.mu.
func (e *Engine) queues() []string {
	var list []string
	if !e.workers.Zero() {
		list = append(list, workspace.ForWorkers)
	}
	for id := range e.members {
		list = append(list, id)
	}
	slices.Sort(list)
	return list
}

// take has the server take the queues that it does not take yet; what fails is
// tried again when jobs are looked after. The caller holds e.mu.
func (e *Engine) take() error {
	if e.server == nil {
		return nil
	}
	for _, q := range e.queues() {
		if e.taken[q] {
			continue
		}
		if err := e.server.Take(q, e.AtOnce); err != nil {
			return err
		}
		e.taken[q] = true
	}
	if len(e.taken) > 0 {
		e.serving()
	}
	return nil
}

func (e *Engine) serving() {
	e.serves.Do(func() {
		if e.Serving != nil {
			e.Serving()
		}
	})
}

// Wake says that a job was queued.
func (e *Engine) Wake() {
	e.init()
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// Run runs jobs until ctx ends. Those that run then have time to end, and are
// given back: they go on where a process can run them.
func (e *Engine) Run(ctx context.Context) {
	e.init()
	e.working.Go(func() { e.mend(ctx) })
	if e.DB.Queue != nil {
		e.serve(ctx)
	} else {
		e.look(ctx)
	}
	e.working.Wait()
}

// mend looks after jobs whose processes are gone, this one's among them, and
// queues what is due.
func (e *Engine) mend(ctx context.Context) {
	tick := time.NewTicker(e.Silent / 3)
	defer tick.Stop()
	for {
		if err := e.worker.Mend(ctx); err != nil && ctx.Err() == nil {
			e.warn(ctx, "jobs not looked after", err)
		} else if e.DB.Queue == nil {
			e.Wake()
		}
		e.takeAgain(ctx)
		if queued, err := e.worker.Due(ctx); err != nil && ctx.Err() == nil {
			e.warn(ctx, "schedule not looked at", err)
		} else if queued {
			e.Wake()
		}
		e.sweep(ctx, e.Space(nil).Vault)
		e.sweepKept(ctx, e.Space(nil).Vault)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// takeAgain takes queues that could not be taken, as the database was away.
func (e *Engine) takeAgain(ctx context.Context) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.take(); err != nil && ctx.Err() == nil {
		e.warn(ctx, "queue not taken", err)
	}
}

// sweep removes what unfinished checks kept that nobody needs any more. What
// one process does not come to, another does.
func (e *Engine) sweep(ctx context.Context, store vault.Store) {
	for {
		left, err := e.worker.Left(ctx)
		for _, id := range left {
			err = errors.Join(err, store.Delete(ctx, id))
		}
		if err == nil && len(left) > 0 {
			err = e.worker.Removed(ctx, left)
		}
		if err != nil && ctx.Err() == nil {
			e.warn(ctx, "what was kept of checks is not removed", err)
		}
		if err != nil || len(left) == 0 {
			return
		}
	}
}

// sweepKept deletes what waited to be fetched for too long.
func (e *Engine) sweepKept(ctx context.Context, store vault.Store) {
	destroyed, err := e.worker.SweepKept(ctx)
	for _, id := range destroyed {
		err = errors.Join(err, store.Delete(ctx, id)) // its key is gone, whatever comes of this
	}
	if err != nil && ctx.Err() == nil {
		e.warn(ctx, "results of jobs not deleted", err)
	}
}

// warn tells of an error by its kind: its text may be evidence.
func (e *Engine) warn(ctx context.Context, what string, err error) {
	if errors.Is(err, workspace.ErrUnreachable) {
		e.Log.WarnContext(ctx, what, "reason", "the database cannot be reached")
		return
	}
	e.Log.WarnContext(ctx, what, fault.Kind(err))
}

// serve has an engine bring jobs.
func (e *Engine) serve(ctx context.Context) {
	for wait := askEvery; ; wait = min(2*wait, time.Minute) {
		s, err := e.DB.Queue.Serve(ctx, max(e.Patience, time.Millisecond), e.one)
		if err == nil {
			e.mu.Lock()
			e.server = s
			err = e.take()
			e.mu.Unlock()
			if err != nil {
				e.warn(ctx, "queue not taken", err)
			}
			s.Wait()
			return
		}
		e.warn(ctx, "queue not served", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// look looks into the table for jobs.
func (e *Engine) look(ctx context.Context) {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	context.AfterFunc(ctx, func() { time.AfterFunc(e.Patience, cancel) })
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	running := make(chan struct{}, 64)
	ended := make(chan string, cap(running))
	busy := map[string]int{} // by queue
	for ctx.Err() == nil {
		for q, id := e.next(ctx, busy); id != ""; q, id = e.next(ctx, busy) {
			busy[q]++
			running <- struct{}{}
			e.working.Go(func() { e.one(work, id); <-running; ended <- q })
		}
		select {
		case <-ctx.Done():
		case q := <-ended:
			busy[q]--
		case <-e.wake:
		case <-tick.C:
		}
	}
	for len(running) > 0 || len(ended) > 0 {
		select {
		case <-ended:
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// next is the next job of a queue that has room here.
func (e *Engine) next(ctx context.Context, busy map[string]int) (queue, id string) {
	e.mu.Lock()
	queues := e.queues()
	e.mu.Unlock()
	for _, q := range queues {
		if busy[q] >= e.AtOnce {
			continue
		}
		id, err := e.worker.Next(ctx, []string{q})
		switch {
		case err == nil:
			e.serving()
			return q, id
		case errors.Is(err, workspace.ErrNotFound):
			e.serving()
		case ctx.Err() == nil:
			e.warn(ctx, "jobs not looked for", err)
		}
	}
	return "", ""
}

// one runs a job that was brought, unless another process has it.
func (e *Engine) one(ctx context.Context, id string) workspace.Outcome {
	j, err := e.worker.Claim(ctx, id)
	switch {
	case errors.Is(err, workspace.ErrNotFound):
		return workspace.Outcome{}
	case errors.Is(err, workspace.ErrLater):
		return workspace.Outcome{Again: true, After: later()}
	case err != nil:
		if ctx.Err() == nil {
			e.warn(ctx, "job not claimed", err)
		}
		return workspace.Outcome{Again: true, After: later()}
	}
	return e.run(ctx, &j)
}

// open opens the workspace with the key that a job runs with.
func (e *Engine) open(ctx context.Context, j *workspace.Job) (*examine.Space, workspace.JobPrivate, error) {
	e.mu.Lock()
	member, workers := e.members[j.Queue], e.workers
	e.mu.Unlock()
	if j.Queue == workspace.ForWorkers && !workers.Zero() {
		w, private, err := workspace.OpenJob(ctx, e.DB, e.Now, workers, j)
		if err != nil {
			return nil, private, err
		}
		return e.Space(w.Under(j, e.worker.Name())), private, nil
	}
	if member == nil {
		return nil, workspace.JobPrivate{}, workspace.ErrLater
	}
	private, err := member.JobPrivate(ctx, j)
	if err != nil {
		return nil, private, err
	}
	s := *member
	s.Workspace = member.Under(j, e.worker.Name())
	return &s, private, nil
}
