package job_test

import (
	"context"
	"iter"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/job"
	"github.com/amparo-project/amparo/internal/parsers"
	"github.com/amparo-project/amparo/internal/rule"
	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/testevidence"
	"github.com/amparo-project/amparo/internal/workspace"
)

// phoneLab is a lab on SQLite with a phone, for processes that read evidence.
func phoneLab(t *testing.T) (*lab, workspace.Evidence) {
	t.Helper()
	l := folderLab(t)
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
	for until := time.Now().Add(2 * time.Minute); j.Retries == 0 && j.Ended == ""; time.Sleep(10 * time.Millisecond) {
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
	each(t, func(t *testing.T, l *lab) {
		nothing := func(e *job.Engine) { e.Remind = func(context.Context, *examine.Space, string) error { return nil } }
		before := l.add(workspace.JobRemind)
		stop := l.worker(nothing)
		defer stop()
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
		stop() // of two that look, either may be first, time and again
		l.pool = fresh
		defer l.worker(nothing)()
		if j := l.ended(after.ID); j.State != workspace.JobDone || j.Attempts != 1 {
			t.Errorf("%+v", j)
		}
	})
}

// TestErasedMeanwhile withdraws the consent to one piece of evidence while a
// recheck reads another: the job is done, with what there is to read.
func TestErasedMeanwhile(t *testing.T) {
	t.Parallel()
	l, ev := phoneLab(t)
	ctx := t.Context()
	p, err := l.AddPerson(ctx, workspace.Person{Case: l.caseID, Pseudonym: "q"})
	l.ok(err)
	consent, err := l.AddConsent(ctx, workspace.Consent{
		Case: l.caseID, Person: p.ID, Purposes: workspace.Purposes, Until: "2999-01-01", FormSHA256: strings.Repeat("0", 64),
		Private: workspace.ConsentTerms{GivenBy: "x"},
	})
	l.ok(err)
	d, err := l.AddDevice(ctx, l.caseID, p.ID, "phone")
	l.ok(err)
	dir := t.TempDir()
	_, err = testevidence.WriteIOSBackup(dir, testevidence.Options{Messages: 100, Seed: 2})
	l.ok(err)
	other, err := (&examine.Space{Workspace: l.Workspace, Vault: l.store, Dir: l.dir}).Receive(ctx, l.caseID, d.ID, dir, nil)
	l.ok(err)
	var acts atomic.Pointer[func()]
	defer l.worker(func(e *job.Engine) {
		e.With = func(context.Context, *examine.Space) (examine.With, error) {
			all := slices.Clone(parsers.All())
			i := slices.IndexFunc(all, func(p artifact.Parser) bool { return p.Info().Name == "ios.sms" })
			all[i] = acting{all[i], func() {
				if act := acts.Swap(nil); act != nil {
					(*act)()
				}
			}}
			return examine.With{Rules: &rule.Set{}, Parsers: all, Version: "test", Lang: "en"}, nil
		}
	})()
	for _, id := range []string{ev.ID, other.ID} {
		j, err := l.AddJob(ctx, workspace.Job{Case: l.caseID, Kind: workspace.JobCheck, Evidence: id}, workspace.JobPrivate{Lang: "en"})
		l.ok(err)
		if j = l.ended(j.ID); j.State != workspace.JobDone {
			t.Fatalf("%+v", j)
		}
	}
	_, err = l.Database().Pool.ExecContext(ctx, `UPDATE run SET summary = REPLACE(summary, '"ios.sms":', '"ios.sms":9')`)
	l.ok(err)
	withdraw := func() {
		if _, err := l.WithdrawConsent(ctx, consent.ID); err != nil {
			t.Error(err)
		}
	}
	acts.Store(&withdraw)
	if j := l.ended(l.add(workspace.JobRecheck).ID); j.State != workspace.JobDone || j.Progress.Files != 2 {
		t.Errorf("%+v", j)
	}
	if acts.Load() != nil {
		t.Error("nothing was checked again")
	}
}

// acting is a parser beside which something happens.
type acting struct {
	artifact.Parser
	act func()
}

// Parse implements artifact.Parser.
func (a acting) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	a.act()
	return a.Parser.Parse(ctx, in)
}
