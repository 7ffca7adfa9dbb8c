package job_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // makes databases for the test

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/job"
	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/workspace"
	"github.com/amparo-project/amparo/internal/workspace/postgres"
	"github.com/amparo-project/amparo/internal/workspace/postgres/postgrestest"
	"github.com/amparo-project/amparo/internal/workspace/sqlite/sqlitetest"
)

// lab is a workspace with a case, and workers with a key.
type lab struct {
	*workspace.Workspace
	tb     testing.TB
	open   func() *workspace.DB // as one process more
	caseID string
	pool   seal.Identity
	store  *vault.Dir
	dir    string
}

// databases are those that the tests run on.
func databases(tb testing.TB) map[string]func() *workspace.DB {
	tb.Helper()
	dir := tb.TempDir()
	all := map[string]func() *workspace.DB{"sqlite": func() *workspace.DB {
		db, err := sqlitetest.Open(tb.Context(), dir, time.Now)
		if err != nil {
			tb.Fatal(err)
		}
		places.Store(db, dir)
		return db
	}}
	if os.Getenv(postgrestest.Variable) != "" {
		u := postgrestest.Database(tb)
		all["postgres"] = func() *workspace.DB {
			db, err := postgres.Open(tb.Context(), u)
			if err != nil {
				tb.Fatal(err)
			}
			places.Store(db, u)
			return db
		}
	}
	return all
}

// places is where the databases of databases lie, for other processes.
var places sync.Map

// each runs a test on each database, in a lab of its own.
func each(t *testing.T, test func(t *testing.T, l *lab)) {
	t.Helper()
	for name, open := range databases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newLab(t, open))
		})
	}
}

func newLab(tb testing.TB, open func() *workspace.DB) *lab {
	tb.Helper()
	l := &lab{tb: tb, open: open, dir: filepath.Join(tb.TempDir(), "vault")}
	id, err := seal.NewIdentity()
	l.ok(err)
	l.pool, err = seal.NewIdentity()
	l.ok(err)
	db := open()
	tb.Cleanup(func() { db.Close() })
	l.Workspace, err = workspace.Create(tb.Context(), db, workspace.Options{Identity: id, Now: time.Now}, "ana")
	l.ok(err)
	c, err := l.CreateCase(tb.Context(), "a case")
	l.ok(err)
	l.caseID = c.ID
	l.ok(l.SetWorkers(tb.Context(), l.pool.Recipient()))
	l.store, err = vault.OpenDir(l.dir)
	l.ok(err)
	tb.Cleanup(func() { l.store.Close() })
	return l
}

// folderLab is a lab whose database and vault lie in one folder, by which another
// process finds both: l.dir is the vault.
func folderLab(tb testing.TB) *lab {
	tb.Helper()
	home := tb.TempDir()
	l := newLab(tb, func() *workspace.DB {
		db, err := sqlitetest.Open(tb.Context(), home, time.Now)
		if err != nil {
			tb.Fatal(err)
		}
		return db
	})
	var err error
	l.dir = filepath.Join(home, "vault")
	l.ok(l.store.Close())
	l.store, err = vault.OpenDir(l.dir)
	l.ok(err)
	return l
}

func (l *lab) ok(err error) {
	l.tb.Helper()
	if err != nil {
		l.tb.Fatal(err)
	}
}

// worker is one more process that runs jobs, until stop.
func (l *lab) worker(change func(*job.Engine)) (stop func()) {
	l.tb.Helper()
	db := l.open()
	e := &job.Engine{
		DB: db, Now: time.Now, Log: slog.New(slog.DiscardHandler), Explain: func(error) string { return "web.job.failed_text" }, PerCase: 8,
		Space: func(w *workspace.Workspace) *examine.Space {
			return &examine.Space{Workspace: w, Vault: l.store, Dir: l.dir}
		},
		With: func(context.Context, *examine.Space) (examine.With, error) { return examine.With{}, nil },
		Sets: func(context.Context, *examine.Space) ([]*indicator.Set, error) { return nil, nil },
	}
	change(e)
	l.ok(e.Workers(l.pool))
	ctx, cancel := context.WithCancel(l.tb.Context())
	done := make(chan struct{})
	go func() { defer close(done); e.Run(ctx) }()
	return func() { cancel(); <-done; db.Close() }
}

func (l *lab) add(kind string) workspace.Job {
	l.tb.Helper()
	j, err := l.AddJob(l.tb.Context(), workspace.Job{Case: l.caseID, Kind: kind}, workspace.JobPrivate{})
	l.ok(err)
	return j
}

// ended waits until a job ended.
func (l *lab) ended(id string) workspace.Job {
	l.tb.Helper()
	return l.endedIn(id, 2*time.Minute)
}

// endedIn is ended with more patience.
func (l *lab) endedIn(id string, patience time.Duration) workspace.Job {
	l.tb.Helper()
	for until := time.Now().Add(patience); ; {
		j, err := l.Job(l.tb.Context(), id)
		l.ok(err)
		if j.Ended != "" {
			return j
		}
		if time.Now().After(until) {
			l.tb.Fatalf("it does not end: %+v", j)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// TestOnce has three processes run many jobs: each runs once.
func TestOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *lab) {
		var mu sync.Mutex
		ran := map[string]int{}
		for range 3 {
			stop := l.worker(func(e *job.Engine) {
				e.AtOnce = 2
				e.Remind = func(_ context.Context, s *examine.Space, id string) error {
					if _, err := s.AddPerson(t.Context(), workspace.Person{Case: id, Pseudonym: "p" + strings.ToLower(rand.Text()[:8])}); err != nil {
						return err
					}
					mu.Lock()
					defer mu.Unlock()
					ran[id]++
					return nil
				}
			})
			defer stop()
		}
		const jobs = 30
		var ids []string
		for range jobs {
			ids = append(ids, l.add(workspace.JobRemind).ID)
		}
		for _, id := range ids {
			if j := l.ended(id); j.State != workspace.JobDone || j.Attempts != 1 {
				t.Errorf("%+v", j)
			}
		}
		mu.Lock()
		defer mu.Unlock()
		if ran[l.caseID] != jobs {
			t.Errorf("%d runs of %d jobs", ran[l.caseID], jobs)
		}
	})
}

// TestStopped ends a process while it runs a job: the job is given back, and
// another process ends it.
func TestStopped(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *lab) {
		begun := make(chan struct{})
		stop := l.worker(func(e *job.Engine) {
			e.Remind = func(ctx context.Context, _ *examine.Space, _ string) error {
				close(begun)
				<-ctx.Done()
				return ctx.Err()
			}
		})
		j := l.add(workspace.JobRemind)
		<-begun
		stop()
		got, err := l.Job(t.Context(), j.ID)
		l.ok(err)
		if got.State != workspace.JobWaiting || got.Attempts != 0 {
			t.Errorf("%+v", got)
		}
		defer l.worker(func(e *job.Engine) { e.Remind = func(context.Context, *examine.Space, string) error { return nil } })()
		if got = l.ended(j.ID); got.State != workspace.JobDone || got.Attempts != 1 {
			t.Errorf("%+v", got)
		}
	})
}

// TestDead leaves a job as a process that was killed does: another takes it
// over, and what the first still writes is refused.
func TestDead(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *lab) {
		j := l.add(workspace.JobRemind)
		dead := workspace.NewWorker(l.Database(), workspace.WorkerOptions{Now: time.Now})
		_, err := dead.Claim(t.Context(), j.ID)
		l.ok(err)
		defer l.worker(func(e *job.Engine) {
			e.Silent = 300 * time.Millisecond
			e.Remind = func(context.Context, *examine.Space, string) error { return nil }
		})()
		// More than two where this process was silent for so long itself.
		if got := l.ended(j.ID); got.State != workspace.JobDone || got.Attempts < 2 {
			t.Errorf("%+v", got)
		}
		late := l.Under(&j, dead.Name())
		if _, err := late.AddPerson(t.Context(), workspace.Person{Case: l.caseID, Pseudonym: "late"}); !errors.Is(err, workspace.ErrLost) {
			t.Errorf("a process that lost its job wrote: %v", err)
		}
	})
}

// TestAgain has a job fail of something that passes, and of something that
// does not, and be cancelled.
func TestAgain(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *lab) {
		fail := make(chan error, 3)
		fail <- fmt.Errorf("written: %w", workspace.ErrDiskFull)
		fail <- errors.New("it is so each time")
		defer l.worker(func(e *job.Engine) {
			e.Remind = func(ctx context.Context, _ *examine.Space, _ string) error {
				select {
				case err := <-fail:
					return err
				case <-ctx.Done():
					return ctx.Err()
				}
			}
		})()
		first := l.add(workspace.JobRemind)
		for got := first; got.Retries == 0; time.Sleep(10 * time.Millisecond) {
			var err error
			got, err = l.Job(t.Context(), first.ID)
			l.ok(err)
		}
		l.ok(l.CancelJob(t.Context(), first.ID))
		if got := l.ended(first.ID); got.State != workspace.JobCancelled || got.Due == "" {
			t.Errorf("%+v", got)
		}
		if got := l.ended(l.add(workspace.JobRemind).ID); got.State != workspace.JobFailed || got.Error == "" {
			t.Errorf("%+v", got)
		}
		third := l.add(workspace.JobRemind)
		for got := third; got.State != workspace.JobRunning; time.Sleep(10 * time.Millisecond) {
			var err error
			got, err = l.Job(t.Context(), third.ID)
			l.ok(err)
		}
		l.ok(l.CancelJob(t.Context(), third.ID))
		if got := l.ended(third.ID); got.State != workspace.JobCancelled {
			t.Errorf("%+v", got)
		}
	})
}

// BenchmarkJob is what a job costs beside its work: queued, brought, claimed,
// ended.
func BenchmarkJob(b *testing.B) {
	for name, open := range databases(b) {
		b.Run(name, func(b *testing.B) {
			l := newLab(b, open)
			ran := make(chan struct{}, 1<<20)
			defer l.worker(func(e *job.Engine) {
				e.Remind = func(context.Context, *examine.Space, string) error { ran <- struct{}{}; return nil }
			})()
			l.ended(l.add(workspace.JobRemind).ID) // it serves
			<-ran
			for b.Loop() {
				l.add(workspace.JobRemind)
			}
			for range b.N {
				<-ran
			}
		})
	}
}
