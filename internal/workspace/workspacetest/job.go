package workspacetest

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/workspace"
)

// testJobs takes jobs through their life: the order, a process that dies,
// one that comes back too late, the end, and what is erased with it.
func testJobs(t *testing.T, f *Fixture) {
	ctx := t.Context()
	const silent = time.Minute
	private := workspace.JobPrivate{Path: "/media/planted-path", Password: "planted-password"}
	first, err := f.AddJob(ctx, workspace.Job{Case: f.Case.ID, Kind: workspace.JobReceive, Device: f.Device.ID}, private)
	ok(t, err)
	second, err := f.AddJob(ctx, workspace.Job{Case: f.Case.ID, Kind: workspace.JobCheck, Evidence: "E-000000000000"}, workspace.JobPrivate{})
	ok(t, err)
	j, got, err := f.ClaimJob(ctx, "one", silent)
	ok(t, err)
	if j.ID != first.ID || got != private || j.Attempts != 1 {
		t.Fatalf("claimed %+v with %+v", j, got)
	}
	other, _, err := f.ClaimJob(ctx, "two", silent)
	ok(t, err)
	if other.ID != second.ID {
		t.Fatalf("a job that runs was claimed again: %+v", other)
	}
	_, _, err = f.ClaimJob(ctx, "three", silent)
	is(t, err, workspace.ErrNotFound)
	j.Evidence, j.Runs, j.Progress.Records = "E-111111111111", []string{"R-1", "R-2"}, 7
	_, err = f.BeatJob(ctx, "one", &j)
	ok(t, err)
	f.Clock.Add(2 * silent) // both processes are dead
	again, got, err := f.ClaimJob(ctx, "three", silent)
	ok(t, err)
	if again.ID != first.ID || again.Attempts != 2 || again.Evidence != j.Evidence || len(again.Runs) != 2 || again.Progress.Records != 7 || got != private {
		t.Errorf("after a crash: %+v", again)
	}
	_, err = f.BeatJob(ctx, "one", &j)
	is(t, err, workspace.ErrLost)
	is(t, f.EndJob(ctx, "one", &j, workspace.JobDone, ""), workspace.ErrLost)
	ok(t, f.EndJob(ctx, "three", &again, workspace.JobWaiting, ""))
	again, got, err = f.ClaimJob(ctx, "four", silent)
	ok(t, err)
	if again.ID != first.ID || got != private {
		t.Errorf("given back: %+v", again)
	}
	ok(t, f.CancelJob(ctx, first.ID))
	if cancel, err := f.BeatJob(ctx, "four", &again); err != nil || !cancel {
		t.Errorf("cancelled: %v %v", cancel, err)
	}
	ok(t, f.EndJob(ctx, "four", &again, workspace.JobCancelled, ""))
	var sealed []byte
	ok(t, f.DB.Pool.QueryRowContext(ctx, "SELECT sealed FROM job WHERE id = $1", first.ID).Scan(&sealed))
	if sealed != nil {
		t.Error("what was sealed for a job outlives it")
	}
	is(t, f.CancelJob(ctx, "J-000000000000"), workspace.ErrNotFound)
	ended, err := f.Job(ctx, first.ID)
	ok(t, err)
	if ended.State != workspace.JobCancelled || ended.Ended == "" {
		t.Errorf("%+v", ended)
	}
}

// testJobsSealed looks for what is secret in the rows themselves.
func testJobsSealed(t *testing.T, f *Fixture) {
	ctx := t.Context()
	_, err := f.AddJob(ctx, workspace.Job{Case: f.Case.ID, Kind: workspace.JobReceive, Device: f.Device.ID},
		workspace.JobPrivate{Path: "/media/planted-path", Password: "planted-password"})
	ok(t, err)
	var sealed []byte
	var progress string
	ok(t, f.DB.Pool.QueryRowContext(ctx, "SELECT sealed, progress FROM job").Scan(&sealed, &progress))
	if bytes.Contains(sealed, []byte("planted")) || strings.Contains(progress, "planted") {
		t.Error("a path or a password lies in clear")
	}
	n, err := f.ActiveJobs(ctx)
	ok(t, err)
	if n != 1 {
		t.Errorf("%d active", n)
	}
}

// testDecideSeen has two people decide on one finding at once.
func testDecideSeen(t *testing.T, f *Fixture) {
	ctx := t.Context()
	run := f.Check(f.Store(f.Folder(map[string]string{"a": "1"})), 2)
	ok(t, f.DecideSeen(ctx, run.ID, "F-000001", workspace.Confirmed, "mine", ""))
	is(t, f.DecideSeen(ctx, run.ID, "F-000001", workspace.Dismissed, "theirs", ""), workspace.ErrConflict)
	l, err := f.Findings(ctx, workspace.FindingFilter{Run: run.ID, ID: "F-000001"}, workspace.Page{})
	ok(t, err)
	if got := l.Items[0]; got.State != workspace.Confirmed || got.Note != "mine" {
		t.Errorf("%+v", got)
	}
	ok(t, f.DecideSeen(ctx, run.ID, "F-000001", workspace.New, "", l.Items[0].Decided))
}

// testCounts counts what a case holds, and whose consent ends.
func testCounts(t *testing.T, f *Fixture) {
	ctx := t.Context()
	run := f.Check(f.Store(f.Folder(map[string]string{"a": "1"})), 4)
	ok(t, f.Decide(ctx, run.ID, "F-000001", workspace.Dismissed, ""))
	counts, err := f.Counts(ctx)
	ok(t, err)
	c := counts[f.Case.ID]
	if c == nil || c.People != 1 || c.Devices != 1 || c.Evidence != 1 || c.Open != 3 || c.Decided != 1 || c.Checked == "" {
		t.Errorf("%+v", c)
	}
	due, err := f.DueConsents(ctx, 24*time.Hour)
	ok(t, err)
	if len(due) != 0 {
		t.Errorf("%+v", due)
	}
	due, err = f.DueConsents(ctx, 100*365*24*time.Hour)
	ok(t, err)
	if len(due) != 1 || due[0].Pseudonym != "heron" {
		t.Errorf("%+v", due)
	}
}
