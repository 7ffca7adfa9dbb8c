package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/amparo-project/amparo/internal/workspace"
)

// queue is River: it brings jobs to processes, by priority, and wakes them by
// NOTIFY. Its rows are in clear, so they hold the name of our row alone.
type queue struct {
	pool *sql.DB
	url  string
	add  *river.Client[*sql.Tx]
}

// delivered is all that River knows of a job.
type delivered struct {
	Job string `json:"job"`
}

// Kind implements river.JobArgs.
func (delivered) Kind() string { return "amparo" }

// quiet takes what River would log: errors of a database hold its address, and
// ours are told where they matter.
var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// gone is after what time River's own row of a job that no process runs any
// more is cleared away.
const gone = time.Minute

func newQueue(pool *sql.DB, url string) (*queue, error) {
	c, err := river.NewClient(riverdatabasesql.New(pool), &river.Config{Logger: quiet, SkipUnknownJobCheck: true})
	if err != nil {
		return nil, fmt.Errorf("queue of the workspace: %w", err)
	}
	return &queue{pool: pool, url: url, add: c}, nil
}

// lockNumber keeps two processes from making River's tables at once.
const lockNumber = 0x616d7061726f

// prepare brings River's tables up to date. Newer ones are left.
func (q *queue) prepare(ctx context.Context) (err error) {
	m, err := rivermigrate.New(riverdatabasesql.New(q.pool), &rivermigrate.Config{Logger: quiet})
	if err != nil {
		return fmt.Errorf("queue of the workspace: %w", err)
	}
	have, err := m.ExistingVersions(ctx)
	if err != nil || len(have) >= len(m.AllVersions()) {
		return err
	}
	lock, err := q.pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if _, err := lock.ExecContext(ctx, "SELECT pg_advisory_lock($1)", lockNumber); err != nil {
		return err
	}
	defer func() {
		_, unlock := lock.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", lockNumber)
		err = errors.Join(err, unlock)
	}()
	if _, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("queue of the workspace: %w", err)
	}
	return nil
}

// Add implements workspace.Queue.
func (q *queue) Add(ctx context.Context, tx *sql.Tx, d workspace.Consignment) (int64, error) {
	o := river.InsertOpts{Queue: queueName(d.Queue), Priority: d.Priority}
	if d.After > 0 {
		o.ScheduledAt = time.Now().Add(d.After)
	}
	res, err := q.add.InsertTx(ctx, tx, delivered{d.Job}, &o)
	if err != nil {
		return 0, fmt.Errorf("queue of the workspace: %w", err)
	}
	return res.Job.ID, nil
}

// Lost implements workspace.Queue. Times are those of the server's clock.
func (q *queue) Lost(ctx context.Context) ([]string, error) {
	old := fmt.Sprintf("now() - interval '%d seconds'", int(gone.Seconds()))
	stale, err := numbers(ctx, q.pool, `SELECT r.id FROM river_job r LEFT JOIN job j ON j.id = r.args->>'job'
		WHERE r.state = 'running' AND r.attempted_at < `+old+` AND (j.id IS NULL OR j.delivery <> r.id OR j.state <> 'running') LIMIT 1000`)
	if err != nil {
		return nil, err
	}
	for _, id := range stale {
		if _, err := q.add.JobCancel(ctx, id); err != nil && !errors.Is(err, river.ErrNotFound) {
			return nil, fmt.Errorf("queue of the workspace: %w", err)
		}
	}
	return texts(ctx, q.pool, `SELECT j.id FROM job j LEFT JOIN river_job r ON r.id = j.delivery WHERE j.state IN ('waiting', 'queued')
		AND (r.id IS NULL OR r.state IN ('completed', 'cancelled', 'discarded') OR r.state = 'running' AND r.attempted_at < `+old+`) LIMIT 1000`)
}

func numbers(ctx context.Context, q queryer, query string) ([]int64, error) {
	rows, err := q.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []int64
	for rows.Next() {
		var n int64
		if err := rows.Scan(&n); err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	return out, rows.Err()
}

// server is one process that takes deliveries.
type server struct {
	client *river.Client[*sql.Tx]
	listen *pgxpool.Pool
	done   sync.WaitGroup
}

// worker hands deliveries on.
type worker struct {
	river.WorkerDefaults[delivered]
	run func(context.Context, string) workspace.Outcome
}

// Timeout implements river.Worker: none, a check may take hours. That a process
// is gone is seen by our own row.
func (worker) Timeout(*river.Job[delivered]) time.Duration { return -1 }

// Work implements river.Worker. It returns no error of ours: River would keep
// its text in clear.
func (w *worker) Work(ctx context.Context, j *river.Job[delivered]) error {
	if o := w.run(ctx, j.Args.Job); o.Again {
		return river.JobSnooze(o.After)
	}
	return nil
}

// Serve implements workspace.Queue.
func (q *queue) Serve(ctx context.Context, patience time.Duration, run func(context.Context, string) workspace.Outcome) (workspace.Server, error) {
	conf, err := pgxpool.ParseConfig(q.url)
	if err != nil {
		return nil, errors.New("the URL of the PostgreSQL database cannot be read")
	}
	conf.MinConns, conf.MaxConns = 0, 1
	listen, err := pgxpool.NewWithConfig(ctx, conf)
	if err != nil {
		return nil, explain(err)
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, &worker{run: run})
	c, err := river.NewClient(riverdatabasesql.NewWithPgxListener(q.pool, listen), &river.Config{
		Logger: quiet, Workers: workers, JobTimeout: -1, RescueStuckJobsAfter: gone, SoftStopTimeout: patience,
		// River wants a queue to begin with; nothing is ever put into this one.
		Queues: map[string]river.QueueConfig{"none": {MaxWorkers: 1}},
	})
	if err != nil {
		listen.Close()
		return nil, fmt.Errorf("queue of the workspace: %w", err)
	}
	if err := c.Start(ctx); err != nil {
		listen.Close()
		return nil, fmt.Errorf("queue of the workspace: %w", explain(err))
	}
	s := &server{client: c, listen: listen}
	s.done.Go(func() {
		<-c.Stopped()
		listen.Close()
	})
	return s, nil
}

// Take implements workspace.Server. River remembers a queue that it could not
// begin with, and would refuse it the next time.
func (s *server) Take(queue string, atOnce int) error {
	err := s.client.Queues().Add(queueName(queue), river.QueueConfig{MaxWorkers: atOnce})
	if err == nil {
		return nil
	}
	return errors.Join(explain(err), s.client.Queues().Remove(context.Background(), queueName(queue)))
}

// Wait implements workspace.Server.
func (s *server) Wait() { s.done.Wait() }

// queueName is what River calls a queue: it knows no capitals.
func queueName(queue string) string { return strings.ToLower(queue) }
