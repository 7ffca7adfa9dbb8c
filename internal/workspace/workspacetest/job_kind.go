package workspacetest

import (
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/workspace"
)

// testJobKinds holds every kind of job to what all are held to: the order by
// priority, the limit of a case, cancelling, a later try, and that programs
// which do not know the kind leave it alone.
func testJobKinds(t *testing.T, f *Fixture) {
	ctx := t.Context()
	for kind, since := range map[string]int{
		workspace.JobReceive: 1, workspace.JobCheck: 1, workspace.JobRecheck: 3, workspace.JobHunt: 2, workspace.JobRemind: 2,
		workspace.JobNotice: 3, workspace.JobIndex: 3, workspace.JobExport: 3, workspace.JobLinks: 3,
	} {
		t.Run(kind, func(t *testing.T) {
			one, few := f.process(workspace.WorkerOptions{}), f.process(workspace.WorkerOptions{PerCase: 1})
			add := func(kind string, priority int) workspace.Job {
				t.Helper()
				j, err := f.AddJob(ctx, workspace.Job{Case: f.Case.ID, Kind: kind, Device: f.Device.ID, Priority: priority}, workspace.JobPrivate{Lang: "es"})
				ok(t, err)
				return j
			}
			j := add(kind, 2)
			if since > 1 {
				old := f.process(workspace.WorkerOptions{Version: since - 1})
				_, err := f.next(old)
				is(t, err, workspace.ErrNotFound)
				_, err = old.Claim(ctx, j.ID)
				is(t, err, workspace.ErrLater)
			}
			first := add(workspace.JobReceive, 1)
			got, err := f.next(one)
			ok(t, err)
			if got.ID != first.ID {
				t.Errorf("%s runs before what a person waits for", got.Kind)
			}
			_, err = few.Claim(ctx, j.ID)
			is(t, err, workspace.ErrLater)
			ok(t, one.End(ctx, &got, workspace.JobDone, ""))

			got, err = f.next(few)
			ok(t, err)
			if got.ID != j.ID {
				t.Fatalf("%+v", got)
			}
			ok(t, few.GiveBack(ctx, &got, time.Minute, "web.error.unreachable"))
			_, err = f.next(one)
			is(t, err, workspace.ErrNotFound)
			f.Clock.Add(2 * time.Minute)
			got, err = f.next(one)
			ok(t, err)
			private, err := f.JobPrivate(ctx, &got)
			ok(t, err)
			if got.ID != j.ID || got.Retries != 1 || private.Lang != "es" {
				t.Errorf("a later try: %+v", got)
			}
			ok(t, f.CancelJob(ctx, j.ID))
			if cancel, err := one.Beat(ctx, &got); err != nil || !cancel {
				t.Errorf("cancelled: %v %v", cancel, err)
			}
			ok(t, one.End(ctx, &got, workspace.JobCancelled, ""))

			waiting := add(kind, 0)
			ok(t, f.CancelJob(ctx, waiting.ID))
			_, err = one.Claim(ctx, waiting.ID)
			is(t, err, workspace.ErrNotFound)
		})
	}
	a, b := workspace.Job{Case: f.Case.ID, Kind: workspace.JobIndex}, workspace.Job{Case: f.Case.ID, Kind: workspace.JobIndex}
	a, err := f.AddJob(ctx, a, workspace.JobPrivate{})
	ok(t, err)
	b, err = f.AddJob(ctx, b, workspace.JobPrivate{})
	ok(t, err)
	if a.ID != b.ID {
		t.Error("two jobs make the indexes of a case")
	}
	ok(t, f.CloseCase(ctx, f.Case.ID))
	ok(t, f.CancelJob(ctx, a.ID))
	_, err = f.AddJob(ctx, workspace.Job{Case: f.Case.ID, Kind: workspace.JobHunt}, workspace.JobPrivate{})
	is(t, err, workspace.ErrClosed)
	_, err = f.AddJob(ctx, workspace.Job{Case: f.Case.ID, Kind: workspace.JobIndex}, workspace.JobPrivate{})
	ok(t, err)
}
