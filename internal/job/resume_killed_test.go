package job_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/job"
	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/workspace"
	"github.com/amparo-project/amparo/internal/workspace/postgres"
	"github.com/amparo-project/amparo/internal/workspace/sqlite"
)

// killed is what a worker that is to be killed is told.
type killed struct {
	Database, Store, Dir, Key string
}

// workVariable has the test binary be a worker.
const workVariable = "AMPARO_TEST_WORK"

// works is that worker.
func works(told string) error {
	var k killed
	if err := json.Unmarshal([]byte(told), &k); err != nil {
		return err
	}
	ctx := context.Background()
	db, err := sqlite.Open(ctx, k.Database, time.Now)
	if strings.Contains(k.Database, "://") {
		db, err = postgres.Open(ctx, k.Database)
	}
	if err != nil {
		return err
	}
	store, err := vault.OpenDir(k.Store)
	if err != nil {
		return err
	}
	key, err := seal.ParseIdentity(k.Key)
	if err != nil {
		return err
	}
	e := &job.Engine{
		DB: db, Now: time.Now, Log: slog.New(slog.NewTextHandler(os.Stderr, nil)), Explain: func(error) string { return "web.job.failed_text" },
		Space: func(w *workspace.Workspace) *examine.Space {
			return &examine.Space{Workspace: w, Vault: store, Dir: k.Dir}
		},
		With: plain, KeepEvery: -1, Silent: 900 * time.Millisecond,
	}
	if err := e.Workers(key); err != nil {
		return err
	}
	e.Run(ctx)
	return errors.New("it ended")
}

// TestKilledWithin kills the whole process of a worker with a check in it, at
// moments of chance, and another machine's goes on.
func TestKilledWithin(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts processes that check a phone")
	}
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, l *lab) {
		ev := l.phone(2000)
		stop := l.worker(func(e *job.Engine) { e.With = plain })
		began := time.Now()
		j := l.ended(l.check(ev).ID)
		stop()
		took := time.Since(began)
		want := l.stored(j.Runs[0])
		j = l.check(ev)
		rng := rand.New(rand.NewPCG(7, 8))
		went := 0
		for range 4 {
			at, _ := places.Load(l.Database())
			told, err := json.Marshal(killed{Database: at.(string), Store: l.dir, Dir: t.TempDir(), Key: l.pool.Secret()})
			l.ok(err)
			cmd := exec.CommandContext(t.Context(), self)
			cmd.Env = append(os.Environ(), workVariable+"="+string(told))
			out, err := cmd.StderrPipe()
			l.ok(err)
			l.ok(cmd.Start())
			done := make(chan int)
			go func() { done <- count(out, wentOn) }()
			l.running(j.ID)
			time.Sleep(took/20 + time.Duration(rng.Int64N(int64(took)*2/5)))
			l.ok(cmd.Process.Kill())
			went += <-done
			_ = cmd.Wait() // it was killed
		}
		stop = l.worker(func(e *job.Engine) { e.With, e.Silent = plain, 900*time.Millisecond })
		defer stop()
		j = l.ended(j.ID)
		if j.State != workspace.JobDone || len(j.Runs) != 1 {
			t.Fatalf("%+v", j)
		}
		t.Logf("%d of %d attempts went on from another's", went, j.Attempts)
		if runs, err := l.Runs(t.Context(), workspace.RunFilter{Evidence: ev.ID}, workspace.Page{}); err != nil || len(runs.Items) != 2 {
			t.Errorf("%d runs are stored of two jobs: %v", len(runs.Items), err)
		}
		l.same(want, l.stored(j.Runs[0]))
		l.nothingKept()
	})
}

// running waits until a process runs the job, or it ended.
func (l *lab) running(id string) {
	l.tb.Helper()
	seen := ""
	for until := time.Now().Add(2 * time.Minute); time.Now().Before(until); time.Sleep(5 * time.Millisecond) {
		var owner, beat, state string
		l.ok(l.Database().Pool.QueryRowContext(l.tb.Context(), "SELECT owner, beat, state FROM job WHERE id = $1", id).Scan(&owner, &beat, &state))
		if state == workspace.JobDone {
			return
		}
		if seen == "" {
			seen = owner + " " + beat
		}
		if state == workspace.JobRunning && (owner+" "+beat != seen) {
			return
		}
	}
	l.tb.Fatal("nobody takes the job")
}
