package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"sync"
	"time"

	"github.com/amparo-project/amparo/internal/account/outbox"
	"github.com/amparo-project/amparo/internal/casework"
	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/hook"
	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/job"
	"github.com/amparo-project/amparo/internal/ops"
	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/vault/stores"
	"github.com/amparo-project/amparo/internal/web"
	"github.com/amparo-project/amparo/internal/workspace"
)

// kindWebhook is what --kinds calls the sending of webhooks, which are no jobs
// of a case.
const kindWebhook = "webhook"

// workerKeyVariable names the file with the key of the workers.
const workerKeyVariable = "AMPARO_WORKER_KEY_FILE"

// workerCmd is "amparo worker".
type workerCmd struct {
	Identity string        `help:"worker_identity" placeholder:"FILE"`
	Jobs     int           `help:"worker_jobs" default:"1"`
	PerCase  int           `help:"worker_per_case" default:"1"`
	Kinds    []string      `help:"worker_kinds" enum:"receive,check,recheck,hunt,remind,notice,export,links,index,update,webhook" placeholder:"KIND"`
	Patience time.Duration `help:"worker_patience" default:"30s"`
	opsFlags
	Memory uint64 `help:"worker_memory" placeholder:"MIB"`
	Read   bool   `hidden:""`
	wsFlags
}

// Run runs jobs until it is interrupted.
func (c *workerCmd) Run(a *app) error {
	if c.Jobs < 1 || c.Jobs > 64 || c.PerCase < 1 || c.Patience < 0 {
		return usageError{fmt.Errorf("%w: --jobs is 1 to 64, --per-case at least 1, --patience not negative", workspace.ErrInvalid)}
	}
	if c.Read {
		return c.read(a)
	}
	key, err := c.key()
	if err != nil {
		return err
	}
	return c.untilTold(a, "amparo-worker", "worker.ended", &c.wsFlags, func(o *operations) error {
		if key.Zero() {
			return c.asMember(a, o)
		}
		return c.asWorker(a, o, key)
	})
}

// asMember runs the jobs of a member, with their keys.
func (c *workerCmd) asMember(a *app, o *operations) error {
	return c.with(a, func(s *space) error {
		o.opened(s.Database(), stores.Place{})
		e := c.engine(a, o, s.Database(), o.Vault(s.Vault), s.Dir)
		if err := e.Member(s.Space); err != nil {
			return err
		}
		return c.work(a, e, s.Workspace, a.Text("worker.as_member", "Name", safe(s.Member().Name)))
	})
}

// asWorker runs jobs that carry a key for the workers.
func (c *workerCmd) asWorker(a *app, o *operations, key seal.Identity) (err error) {
	db, at, err := c.database(a, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	info, removed, err := workspace.CheckWorkers(a.ctx, db, key)
	if err != nil {
		return err
	}
	if removed != "" {
		fmt.Fprintln(a.Err, "amparo: "+a.Text("worker.removed", "When", day(removed)))
	}
	at = o.opened(db, at)
	store, err := at.Open(a.ctx, info.UID)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	e := c.engine(a, o, db, store, at.Dir())
	if err := e.Workers(key); err != nil {
		return err
	}
	hooks, err := workspace.OpenHooks(a.ctx, db, time.Now, key)
	if err != nil {
		return err
	}
	if !at.IsFolder() {
		defer sweeping(a, store, e.Log)() // before the store is closed
	}
	return c.work(a, e, hooks, a.Text("worker.as_worker"))
}

// key reads the key of the workers, zero where none is given.
func (c *workerCmd) key() (id seal.Identity, err error) {
	name := cmp.Or(c.Identity, os.Getenv(workerKeyVariable))
	if name == "" {
		return id, nil
	}
	id, err = seal.ReadIdentityFile(name, func() (string, error) { return "", seal.ErrNoPassphrase })
	if errors.Is(err, fs.ErrNotExist) {
		return id, fmt.Errorf("%s: %w", name, errNoWorkerKey)
	}
	if err != nil {
		err = fmt.Errorf("%w: %w", errNoWorkerKey, err)
	}
	return id, err
}

func (c *workerCmd) engine(a *app, o *operations, db *workspace.DB, store vault.Store, dir string) *job.Engine {
	e := a.engine(db, store, dir)
	e.Begun, e.Counted, e.Serving = o.Job, o.Counted, func() { o.works.Store(true) }
	e.AtOnce, e.PerCase, e.Kinds, e.Patience = c.Jobs, c.PerCase, c.Kinds, c.Patience
	e.Memory = c.Memory << 20
	e.Child = c.child(a)
	return e
}

// child starts this program to read evidence in a process of its own.
func (f *wsFlags) child(a *app) job.Child {
	self, err := os.Executable()
	if err != nil {
		return nil // there is none to start: evidence is read here
	}
	args := []string{"worker", "--read", "--lang", a.Lang()}
	if f.Workspace != "" {
		args = append(args, "--workspace", f.Workspace)
	}
	return func(ctx context.Context) *exec.Cmd {
		cmd := exec.CommandContext(ctx, self, args...) //nolint:gosec // this program itself
		cmd.Stderr = a.Err
		if more := ops.Environ(ctx); more != nil {
			cmd.Env = append(os.Environ(), more...)
		}
		return cmd
	}
}

// flushWait is how long a check may take longer for a collector of traces that
// does not answer.
const flushWait = 2 * time.Second

// read reads evidence for a worker, or for a server. What keeps it from that it
// tells them: they try again.
func (c *workerCmd) read(a *app) (err error) {
	e, stop, err := c.reader(a)
	if err != nil {
		return job.SayFailed(a.Out, err, web.ExplainJob)
	}
	defer func() { err = errors.Join(err, stop()) }()
	return e.Read(ops.FromEnviron(a.ctx), a.In, a.Out)
}

// reader opens the database as it is: a newer program may have changed its
// tables while the worker that asks goes on.
func (c *workerCmd) reader(a *app) (e *job.Engine, stop func() error, err error) {
	db, at, err := c.untouched(a)
	if err != nil {
		return nil, nil, err
	}
	watch := ops.New(Version)
	if _, err := watch.Trace(a.ctx, a.log(), "amparo-reader", Version); err != nil { // it is flushed, and ends with the process
		return nil, nil, errors.Join(err, db.Close())
	}
	at.Wrap = watch.Vault
	w, err := workspace.Open(a.ctx, db, workspace.Options{Now: a.Now})
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	store, err := at.Open(a.ctx, w.Info().UID)
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	e = a.engine(db, store, at.Dir())
	e.Counts, e.Ending = watch.Counts, func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, flushWait)
		defer cancel()
		watch.Flush(ctx)
	}
	return e, func() error { return errors.Join(store.Close(), db.Close()) }, nil
}

// engine runs jobs with what is installed in the workspace, or on this machine.
func (a *app) engine(db *workspace.DB, store vault.Store, dir string) *job.Engine {
	installed := a.installed()
	return &job.Engine{
		DB: db, Space: func(w *workspace.Workspace) *examine.Space {
			return &examine.Space{Workspace: w, Vault: store, Dir: dir}
		},
		With: func(ctx context.Context, s *examine.Space) (examine.With, error) { return checkWith(ctx, s, installed) },
		Sets: a.huntSets, Remind: a.remind, Deliver: a.deliver, Export: a.export, Links: keepLinks, Update: updateFeeds, Explain: web.ExplainJob, Now: a.Now,
		Log: a.log(),
	}
}

func (c *workerCmd) work(a *app, e *job.Engine, hooks hook.Store, who string) error {
	networks, err := hookNetworks()
	if err != nil {
		return err
	}
	fmt.Fprintln(a.Err, "amparo: "+who)
	var sending sync.WaitGroup
	defer sending.Wait()
	if c.Kinds == nil || slices.Contains(c.Kinds, kindWebhook) {
		d := &hook.Deliverer{Store: hooks, Now: time.Now, Log: e.Log, Allow: networks, Version: Version}
		sending.Go(func() { d.Run(a.ctx) })
	}
	e.Run(a.ctx)
	return nil
}

// checkWith is what evidence is checked with in a job: what is installed when
// it begins.
func checkWith(ctx context.Context, s *examine.Space, installed func(context.Context, *examine.Space) (*indicators, error)) (examine.With, error) {
	l, err := installed(ctx, s)
	if err != nil {
		return examine.With{}, err
	}
	rules, err := loadRules(nil)
	if err != nil {
		return examine.With{}, err
	}
	lures, err := luresOf(ctx, s, nil)
	if err != nil {
		return examine.With{}, err
	}
	return examine.With{Matcher: l.matcher, Sets: l.sets, Rules: rules, Lures: lures, Version: Version}, nil
}

// huntSets are the installed indicators of a workspace, or of this machine. One
// that cannot be read is told and costs no other.
func (a *app) huntSets(ctx context.Context, s *examine.Space) ([]*indicator.Set, error) {
	st, err := storeOf(ctx, s, nil)
	if err != nil {
		return nil, err
	}
	l, err := st.Load()
	if err != nil {
		return nil, err
	}
	for _, p := range l.Problems {
		a.tell(p, a.Text("indicators.hint_verify"))
	}
	return l.Sets, nil
}

// remind sends the reminders and notices of a case that are due.
func (a *app) remind(ctx context.Context, sp *examine.Space, caseID string) error {
	q := &app{a.Streams, a.Printer, ctx}
	b, err := q.box(&space{sp, q}, "")
	if err != nil {
		return err
	}
	return b.daily(caseID)
}

// keepLinks compares people, and keeps the graph for the member who asked.
func keepLinks(ctx context.Context, sp *examine.Space, caseID string, m *indicator.Matcher) error {
	_, err := casework.Links(ctx, sp.Workspace, caseID, m)
	return err
}

// export makes an exhibit or a report, and keeps it until it is fetched.
func (a *app) export(ctx context.Context, sp *examine.Space, j *workspace.Job, p *workspace.JobPrivate, progress func(files, bytes, of int64)) error {
	return casework.Keep(ctx, sp, j, p, casework.Keeping{Version: Version, Log: a.log(), Progress: progress})
}

// deliver sends the mails of a case that were approved.
func (a *app) deliver(ctx context.Context, sp *examine.Space, caseID string, last bool) error {
	q := &app{a.Streams, a.Printer, ctx}
	b, err := q.box(&space{sp, q}, "")
	if err != nil {
		return err
	}
	_, err = b.Deliver(ctx, caseID, last)
	if errors.Is(err, outbox.ErrAgain) {
		return fmt.Errorf("%w: %w", job.ErrAgain, err)
	}
	return err
}
