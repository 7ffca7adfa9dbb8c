package workspace

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/amparo-project/amparo/internal/ledger"
)

// A Worker is a process that runs jobs. It needs no key to claim one: what a
// job says of a case is sealed.
type Worker struct {
	db *DB
	o  WorkerOptions

	name  string
	beats atomic.Int64

	mu     sync.Mutex
	seen   map[string]sign // of jobs that run, by id
	looked time.Time       // when they were last seen
}

// WorkerOptions is how a process runs jobs.
type WorkerOptions struct {
	Now     func() time.Time // the clock, for what is written
	Silent  time.Duration    // after which a process that does not beat is taken for dead
	PerCase int              // jobs of one case that run at the same time; 0: any number
	Kinds   []string         // that it takes; nil: all
	Version int              // of jobs that it knows; 0: JobVersion
}

// sign is the last sign of life of a job, and when this process first saw it,
// by its own steady clock: clocks of machines differ.
type sign struct {
	owner, beat string
	at          time.Time
}

// NewWorker returns a worker on a database.
func NewWorker(db *DB, o WorkerOptions) *Worker {
	if o.Version == 0 {
		o.Version = JobVersion
	}
	return &Worker{db: db, o: o, name: rand.Text(), seen: map[string]sign{}}
}

func (k *Worker) fail(what string, err error) error { return k.db.fail(what, err) }

func (k *Worker) now() string { return k.o.Now().UTC().Format(ledger.TimeLayout) }

// ErrLater says that a job cannot run now, and may soon: its case has as many
// jobs as may run at once, or this process does not take its kind, or has
// another key than it was queued for.
var ErrLater = errors.New("the job cannot run here now")

// Claim takes a job that waits: one process does, however many try. The error
// wraps ErrNotFound where it does not wait any more, and ErrLater.
func (k *Worker) Claim(ctx context.Context, id string) (Job, error) {
	var j Job
	err := k.in(ctx, func(t *tx) error {
		// Jobs of a case are claimed one after the other, so that their number holds.
		t.exec("UPDATE cases SET state = state WHERE id = (SELECT case_id FROM job WHERE id = $1)", id)
		var err error
		if j, err = t.job(id); err != nil {
			return err
		}
		if err := k.fits(t, &j); err != nil {
			return err
		}
		n := t.exec(`UPDATE job SET state = 'running', owner = $1, beat = $2, started = CASE WHEN started = '' THEN $3 ELSE started END,
			attempts = attempts + 1 WHERE id = $4 AND state IN ('waiting', 'queued')`, k.name, k.beat(), k.now(), id)
		if t.err == nil && n == 0 {
			return ErrNotFound
		}
		j.Attempts, j.State = j.Attempts+1, JobRunning
		return nil
	})
	if err != nil {
		return j, fmt.Errorf("job %s: %w", id, err)
	}
	return j, nil
}

// fits reports whether the job can run here now.
func (k *Worker) fits(t *tx, j *Job) error {
	switch {
	case j.State != JobWaiting:
		return ErrNotFound
	case j.Version > k.o.Version, k.o.Kinds != nil && !slices.Contains(k.o.Kinds, j.Kind):
		return ErrLater
	case k.o.PerCase == 0:
		return nil
	}
	var n int
	if err := t.scan("SELECT COUNT(*) FROM job WHERE case_id = $1 AND state = 'running'", []any{j.Case}, &n); err != nil {
		return err
	}
	if n >= k.o.PerCase {
		return ErrLater
	}
	return nil
}

// in runs fn in a transaction that is no act.
func (k *Worker) in(ctx context.Context, fn func(*tx) error) error {
	return (&Workspace{db: k.db, o: Options{Now: k.o.Now}}).change(ctx, fn)
}

// job reads the row of a job.
func (t *tx) job(id string) (j Job, err error) {
	rows, err := t.QueryContext(t.ctx, "SELECT "+jobColumns+" FROM job WHERE id = $1", id)
	if err != nil {
		return j, t.w.fail("job", err)
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return j, t.w.fail("job", err)
		}
		return j, ErrNotFound
	}
	_, j, err = scanJob(rows)
	return j, errors.Join(err, rows.Err())
}

// beat is a sign of life that no other is like.
func (k *Worker) beat() string { return k.now() + " " + strconv.FormatInt(k.beats.Add(1), 10) }

// Next returns the job of some queues whose turn it is, for engines that look
// into the table. The error wraps ErrNotFound where there is none.
func (k *Worker) Next(ctx context.Context, queues []string) (id string, err error) {
	if len(queues) == 0 {
		return "", fmt.Errorf("job: %w", ErrNotFound)
	}
	var f filter
	f.add("version <= $?", k.o.Version)
	f.add("due <= $?", k.now())
	f.among("CASE WHEN queue = '' THEN member_id ELSE queue END", queues)
	if k.o.Kinds != nil {
		f.among("kind", k.o.Kinds)
	}
	if k.o.PerCase > 0 {
		f.add("(SELECT COUNT(*) FROM job r WHERE r.case_id = job.case_id AND r.state = 'running') < $?", k.o.PerCase)
	}
	err = k.db.Pool.QueryRowContext(ctx, "SELECT id FROM job WHERE state IN ('waiting', 'queued') AND "+
		strings.Join(f.where, " AND ")+" ORDER BY priority, n LIMIT 1", f.args...).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("job: %w", ErrNotFound)
	}
	if err != nil {
		return "", k.fail("job", err)
	}
	return id, nil
}

// among adds the condition that an expression is one of some values.
func (f *filter) among(expression string, values []string) {
	list, args := named(f.args, values)
	f.args = args
	f.where = append(f.where, expression+" IN ("+list+")")
}

// ErrLost says that another process runs the job now.
var ErrLost = errors.New("another process runs the job")

// Beat says that this process still runs a job, and how far it has come. It
// reports whether somebody wants it to end. The error wraps ErrLost.
func (k *Worker) Beat(ctx context.Context, j *Job) (cancel bool, err error) {
	progress, err := json.Marshal(j.Progress)
	if err != nil {
		return false, err
	}
	var flag int
	err = k.db.Pool.QueryRowContext(ctx, `UPDATE job SET beat = $1, progress = $2 WHERE id = $3 AND owner = $4 AND state = 'running'
		RETURNING cancel`, k.beat(), string(progress), j.ID, k.name).Scan(&flag)
	if errors.Is(err, sql.ErrNoRows) {
		return false, fmt.Errorf("job %s: %w", j.ID, ErrLost)
	}
	if err != nil {
		return false, k.fail("job", err)
	}
	return flag != 0, nil
}

// Keep seals what a job needs anew. The error wraps ErrLost.
func (k *Worker) Keep(ctx context.Context, j *Job, private JobPrivate) error {
	return k.in(ctx, func(t *tx) error {
		var recipient string
		if err := t.scan("SELECT recipient FROM cases WHERE id = $1", []any{j.Case}, &recipient); err != nil {
			return err
		}
		sealed, err := sealJSON(recipient, private)
		if err != nil {
			return err
		}
		if n := t.exec("UPDATE job SET sealed = $1 WHERE id = $2 AND owner = $3 AND state = 'running'", sealed, j.ID, k.name); t.err == nil && n == 0 {
			return fmt.Errorf("job %s: %w", j.ID, ErrLost)
		}
		return nil
	})
}

// End ends a job that this process runs. What was sealed for it is erased.
// message is the id of a message. The error wraps ErrLost.
func (k *Worker) End(ctx context.Context, j *Job, state, message string) error {
	once := "''"
	if jobKinds[j.Kind].day {
		once = "once"
	}
	return k.end(ctx, j, "ended = $4, sealed = NULL, wrapped = NULL, once = "+once, state, message, k.now())
}

// GiveBack has a job wait again: for a process of those that can run it, or,
// after something that passes, for a time.
func (k *Worker) GiveBack(ctx context.Context, j *Job, after time.Duration, message string) error {
	state := JobWaiting
	if j.Version > 1 {
		state = queued
	}
	due, count := "", "attempts = attempts - 1" // nothing went wrong
	if after > 0 {
		due, count = k.o.Now().Add(after).UTC().Format(ledger.TimeLayout), "retries = retries + 1"
	}
	return k.end(ctx, j, "due = $4, "+count, state, message, due)
}

func (k *Worker) end(ctx context.Context, j *Job, set, state, message, at string) error {
	progress, err := json.Marshal(j.Progress)
	if err != nil {
		return err
	}
	query := "UPDATE job SET state = $1, error = $2, progress = $3, owner = '', " + set + " WHERE id = $5 AND owner = $6 AND state = 'running'" //nolint:gosec // set is ours
	res, err := k.db.Pool.ExecContext(ctx, query, state, message, string(progress), at, j.ID, k.name)
	if err != nil {
		return k.fail("job", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(fmt.Errorf("job %s: %w", j.ID, ErrLost), err)
	}
	return nil
}

// Mend has jobs wait again whose process was not heard of for some time, by
// the clock of this one, and brings those that an engine lost.
func (k *Worker) Mend(ctx context.Context) error {
	silent, err := k.silent(ctx)
	if err != nil {
		return err
	}
	for id, s := range silent {
		err := k.in(ctx, func(t *tx) error {
			return k.bring(t, id, `UPDATE job SET state = CASE WHEN version > 1 THEN 'queued' ELSE 'waiting' END, owner = '', due = ''
				WHERE id = $1 AND state = 'running' AND owner = $2 AND beat = $3`, id, s.owner, s.beat)
		})
		if err != nil {
			return err
		}
	}
	if k.db.Queue == nil {
		return nil
	}
	lost, err := k.db.Queue.Lost(ctx)
	if err != nil {
		return k.fail("jobs", err)
	}
	for _, id := range lost {
		err := k.in(ctx, func(t *tx) error {
			return k.bring(t, id, "UPDATE job SET queue = CASE WHEN queue = '' THEN member_id ELSE queue END WHERE id = $1 AND state IN ('waiting', 'queued')", id)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// bring changes the row of a job and has it brought again, unless another
// process was faster.
func (k *Worker) bring(t *tx, id, query string, args ...any) error {
	if n := t.exec(query, args...); t.err != nil || n == 0 {
		return t.err
	}
	j, err := t.job(id)
	if err != nil {
		return err
	}
	delivery, err := k.db.deliver(t.ctx, t.Tx, &j)
	if err != nil {
		return err
	}
	t.exec("UPDATE job SET delivery = $1 WHERE id = $2", delivery, id)
	return nil
}

// silent returns the jobs that run and whose last sign of life is too old.
func (k *Worker) silent(ctx context.Context) (map[string]sign, error) {
	rows, err := k.db.Pool.QueryContext(ctx, "SELECT id, owner, beat FROM job WHERE state = 'running'")
	if err != nil {
		return nil, k.fail("jobs", err)
	}
	defer rows.Close()
	k.mu.Lock()
	defer k.mu.Unlock()
	running, silent := map[string]sign{}, map[string]sign{}
	at := time.Now() // its steady part counts
	if at.Sub(k.looked) > max(k.o.Silent/2, time.Second) {
		k.seen = nil // the database was away: others could not beat either
	}
	k.looked = at
	for rows.Next() {
		var id string
		s := sign{at: at}
		if err := rows.Scan(&id, &s.owner, &s.beat); err != nil {
			return nil, k.fail("jobs", err)
		}
		if was, ok := k.seen[id]; ok && was.owner == s.owner && was.beat == s.beat {
			s.at = was.at
		}
		running[id] = s
		if s.owner != k.name && at.Sub(s.at) >= k.o.Silent {
			silent[id] = s
		}
	}
	k.seen = running
	return silent, k.fail("jobs", rows.Err())
}

// fence holds what a job writes to the time in which its process has it: one
// that was taken for dead and lives writes nothing more.
type fence struct{ job, owner string }

// Under returns the workspace for a job that this process runs: each of its
// acts is done only as long as it has the job. The error of the others wraps
// ErrLost.
func (w *Workspace) Under(j *Job, owner string) *Workspace {
	c := *w
	c.fence = &fence{j.ID, owner}
	return &c
}

// Name is the name of the process, as the rows of its jobs have it.
func (k *Worker) Name() string { return k.name }

// fenced changes the row of the job that acts, in the act's transaction.
func (t *tx) fenced(set string, args ...any) error {
	f := t.w.fence
	if f == nil || t.err != nil {
		return t.err
	}
	if set == "" {
		set = "cancel = cancel"
	}
	n := len(args)
	args = append(args, f.job, f.owner)
	where := fmt.Sprintf(" WHERE id = $%d AND owner = $%d AND state = 'running'", n+1, n+2)
	if t.exec("UPDATE job SET "+set+where, args...) == 0 && t.err == nil {
		return fmt.Errorf("job %s: %w", f.job, ErrLost)
	}
	return t.err
}
