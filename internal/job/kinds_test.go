package job_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/job"
	"github.com/amparo-project/amparo/internal/rule"
	"github.com/amparo-project/amparo/internal/testevidence"
	"github.com/amparo-project/amparo/internal/workspace"
)

func (l *lab) space() *examine.Space {
	return &examine.Space{Workspace: l.Workspace, Vault: l.store, Dir: l.dir}
}

// checked is a run of a small backup of a person who consents to all.
func (l *lab) checked() workspace.Run {
	l.tb.Helper()
	ctx := l.tb.Context()
	p, err := l.AddPerson(ctx, workspace.Person{Case: l.caseID, Pseudonym: "heron"})
	l.ok(err)
	_, err = l.AddConsent(ctx, workspace.Consent{
		Case: l.caseID, Person: p.ID, Purposes: workspace.Purposes, Until: "2099-12-31", FormSHA256: strings.Repeat("a", 64),
		Private: workspace.ConsentTerms{GivenBy: "heron"},
	})
	l.ok(err)
	d, err := l.AddDevice(ctx, l.caseID, p.ID, "phone")
	l.ok(err)
	backup := filepath.Join(l.tb.TempDir(), "backup")
	_, err = testevidence.WriteIOSBackup(backup, testevidence.Options{Messages: 100, Plant: true})
	l.ok(err)
	ev, err := l.space().Receive(ctx, l.caseID, d.ID, backup, nil)
	l.ok(err)
	stored, err := l.space().Open(ctx, ev)
	l.ok(err)
	ids, err := stored.Check(ctx, examine.With{Version: "test", Rules: &rule.Set{}})
	l.ok(err)
	r, err := l.Run(ctx, ids[0])
	l.ok(err)
	return r
}

func (l *lab) count(query string) (n int) {
	l.tb.Helper()
	l.ok(l.Database().Pool.QueryRowContext(l.tb.Context(), query).Scan(&n))
	return n
}

// dies leaves a job as a process that was killed does.
func (l *lab) dies(j workspace.Job) {
	l.tb.Helper()
	dead := workspace.NewWorker(l.Database(), workspace.WorkerOptions{Now: time.Now})
	_, err := dead.Claim(l.tb.Context(), j.ID)
	l.ok(err)
}

func quick(e *job.Engine) { e.Silent = 300 * time.Millisecond }

// TestIndexJob makes the indexes of a check from before there were any, in a
// worker, also where another was killed over it at each step.
func TestIndexJob(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *lab) {
		r := l.checked()
		const parts = "SELECT COUNT(*) FROM bundle_batch WHERE bundle LIKE 'I-%'"
		before := l.count(parts)
		for _, left := range []string{"nothing", "timeline", "all"} {
			if left != "all" {
				for _, table := range []string{"bundle_batch", "segment_ref"} {
					_, err := l.Database().Pool.ExecContext(t.Context(), "DELETE FROM "+table+" WHERE bundle LIKE 'I-%'")
					l.ok(err)
				}
			}
			if left == "timeline" {
				x, err := l.space().Timeline(t.Context(), &r)
				l.ok(err)
				l.ok(x.Close())
			}
			if _, err := l.space().Words(t.Context(), &r); left != "all" && !errors.Is(err, examine.ErrNoIndex) {
				t.Fatalf("%s: %v", left, err)
			}
			j := l.add(workspace.JobIndex)
			l.dies(j)
			stop := l.worker(quick)
			j = l.ended(j.ID)
			stop()
			if j.State != workspace.JobDone || j.Attempts != 2 || j.Progress.Files != 1 || j.Progress.Total != 1 {
				t.Errorf("%s: %+v", left, j)
			}
			w, err := l.space().Words(t.Context(), &r)
			l.ok(err)
			l.ok(w.Close())
			if n := l.count(parts); left == "all" && n != before {
				t.Errorf("%s: %d parts, want %d", left, n, before)
			}
			before = l.count(parts)
		}
	})
}
