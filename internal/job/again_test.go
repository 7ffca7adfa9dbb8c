package job_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/job"
	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/workspace"
	"github.com/amparo-project/amparo/internal/workspace/sqlite"
)

// phoneLab is a lab on SQLite with a phone, for processes that read evidence.
func phoneLab(t *testing.T) (*lab, workspace.Evidence) {
	t.Helper()
	home := t.TempDir()
	l := newLab(t, func() *workspace.DB {
		db, err := sqlite.Open(t.Context(), home, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		return db
	})
	l.dir = filepath.Join(home, "vault")
	var err error
	l.store, err = vault.OpenDir(l.dir)
	l.ok(err)
	t.Cleanup(func() { l.store.Close() })
	return l, l.phone(100)
}

// childOf starts the test binary to read evidence, with what is to become of it.
func (l *lab) childOf(how string) job.Child {
	self, err := os.Executable()
	l.ok(err)
	return func(ctx context.Context) *exec.Cmd {
		cmd := exec.CommandContext(ctx, self, l.dir)
		cmd.Env = append(os.Environ(), poisonVariable+"="+how)
		return cmd
	}
}

// TestReaderCannotOpen has the process that reads evidence find the database
// away, as often as deaths would end the job: that passes, and is no death.
func TestReaderCannotOpen(t *testing.T) {
	t.Parallel()
	l, ev := phoneLab(t)
	defer l.worker(func(e *job.Engine) { e.Child = l.childOf("away") })()
	j, err := l.AddJob(t.Context(), workspace.Job{Case: l.caseID, Kind: workspace.JobCheck, Evidence: ev.ID}, workspace.JobPrivate{})
	l.ok(err)
	for until := time.Now().Add(time.Minute); j.Retries == 0 && j.Ended == ""; time.Sleep(10 * time.Millisecond) {
		if j, err = l.Job(t.Context(), j.ID); err != nil || time.Now().After(until) {
			t.Fatal(err, j)
		}
	}
	if j.State != workspace.JobWaiting || j.Progress.Deaths != 0 || j.Error != "web.error.unreachable" {
		t.Errorf("%+v", j)
	}
}

// TestMachinesDie has many processes die that ran a job, which were restarted
// or upgraded: a check, which a process of its own reads, is not given up for it.
func TestMachinesDie(t *testing.T) {
	t.Parallel()
	l, ev := phoneLab(t)
	j, err := l.AddJob(t.Context(), workspace.Job{Case: l.caseID, Kind: workspace.JobCheck, Evidence: ev.ID}, workspace.JobPrivate{Lang: "en"})
	l.ok(err)
	_, err = l.Database().Pool.ExecContext(t.Context(), "UPDATE job SET attempts = 9 WHERE id = $1", j.ID)
	l.ok(err)
	defer l.worker(func(e *job.Engine) { e.Child = l.childOf("none") })()
	if j = l.ended(j.ID); j.State != workspace.JobDone || len(j.Runs) != 1 {
		t.Errorf("%+v", j)
	}
}

// TestReplacedKey replaces the key of the workers while one of them runs with
// the old one: a job that was queued before is still its own, one of after is
// left to workers with the new one, and does not fail.
func TestReplacedKey(t *testing.T) {
	t.Parallel()
	for name, open := range databases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, open)
			nothing := func(e *job.Engine) { e.Remind = func(context.Context, *examine.Space, string) error { return nil } }
			before := l.add(workspace.JobRemind)
			defer l.worker(nothing)()
			fresh, err := seal.NewIdentity()
			l.ok(err)
			l.ok(l.SetWorkers(t.Context(), fresh.Recipient()))
			after := l.add(workspace.JobRemind)
			if j := l.ended(before.ID); j.State != workspace.JobDone {
				t.Errorf("%+v", j)
			}
			for {
				j, err := l.Job(t.Context(), after.ID)
				l.ok(err)
				if j.Started != "" { // the old worker tried
					break
				}
				time.Sleep(5 * time.Millisecond)
			}
			l.pool = fresh
			defer l.worker(nothing)()
			if j := l.ended(after.ID); j.State != workspace.JobDone || j.Attempts != 1 {
				t.Errorf("%+v", j)
			}
		})
	}
}
