package job_test

import (
	"context"
	"database/sql"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/job"
	"github.com/amparo-project/amparo/internal/workspace"
)

// awayQueue is an engine that cannot take a queue at first, as a database that
// is away for a moment has it.
type awayQueue struct {
	fails chan error
	taken chan string
}

func (*awayQueue) Add(context.Context, *sql.Tx, workspace.Consignment) (int64, error) { return 0, nil }

func (*awayQueue) Lost(context.Context) ([]string, error) { return nil, nil }

func (q *awayQueue) Serve(ctx context.Context, _ time.Duration, _ func(context.Context, string) workspace.Outcome) (workspace.Server, error) {
	return &awayServer{q, ctx}, <-q.fails
}

type awayServer struct {
	q   *awayQueue
	ctx context.Context
}

func (s *awayServer) Take(queue string, _ int) error {
	err := <-s.q.fails
	if err == nil {
		s.q.taken <- queue
	}
	return err
}
func (s *awayServer) Wait() { <-s.ctx.Done() }

// TestServing: a process serves once its queues are taken, not before, and takes
// them also where it could not at first.
func TestServing(t *testing.T) {
	t.Parallel()
	l := newLab(t, databases(t)["sqlite"])
	q := &awayQueue{make(chan error), make(chan string, 1)}
	var serves atomic.Int32
	stop := l.worker(func(e *job.Engine) {
		e.DB.Queue, e.Silent = q, 30*time.Millisecond
		e.Serving = func() { serves.Add(1) }
	})
	away := errors.New("the database is away")
	for _, err := range []error{nil, away, away} { // serving, then taking
		q.fails <- err
		if serves.Load() != 0 {
			t.Fatal("it serves, and took no queue")
		}
	}
	q.fails <- nil
	if got := <-q.taken; got != workspace.ForWorkers {
		t.Errorf("%q was taken", got)
	}
	for serves.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	stop()
	if n := serves.Load(); n != 1 {
		t.Errorf("that it serves was told %d times", n)
	}
}

// TestServingBothEngines: once a process serves it runs jobs.
func TestServingBothEngines(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *lab) {
		serving := make(chan struct{})
		defer l.worker(func(e *job.Engine) {
			e.Serving = func() { close(serving) }
			e.Remind = func(context.Context, *examine.Space, string) error { return nil }
		})()
		<-serving
		if j := l.ended(l.add(workspace.JobRemind).ID); j.State != workspace.JobDone {
			t.Errorf("%+v", j)
		}
	})
}
