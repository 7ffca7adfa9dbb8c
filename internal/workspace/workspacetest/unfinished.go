package workspacetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/workspace"
)

// part is a part of a check of which no vault knows.
func part(mark string, n int) workspace.CheckPart {
	return workspace.CheckPart{Mark: mark, Segment: vault.Segment{
		ID: fmt.Sprintf("S-%026d", n), Size: int64(n), StoredSHA256: strings.Repeat("0", 64), StoredSize: int64(n) << 33,
	}}
}

// testUnfinished keeps parts of a check: in order, for the process that has the
// job, until the mark moves, the job ends, or the evidence is erased.
func testUnfinished(t *testing.T, f *Fixture) {
	ctx := t.Context()
	ev := f.Store(f.Folder(map[string]string{"a": "1"}))
	add := func() workspace.Job {
		j, err := f.AddJob(ctx, workspace.Job{Case: f.Case.ID, Kind: workspace.JobCheck, Evidence: ev.ID}, workspace.JobPrivate{})
		ok(t, err)
		return j
	}
	one, two := f.process(workspace.WorkerOptions{}), f.process(workspace.WorkerOptions{})
	j := add()
	is(t, f.Unfinished(ev.ID, 0).Add(ctx, part("m", 1)), workspace.ErrInvalid) // it is of no job
	_, err := one.Claim(ctx, j.ID)
	ok(t, err)
	first := f.Under(&j, one.Name())
	for n := range 12 {
		ok(t, first.Unfinished(ev.ID, 0).Add(ctx, part("m", n+1)))
	}
	ok(t, first.Unfinished(ev.ID, 1).Add(ctx, part("m", 20)))
	is(t, first.Unfinished("E-000000000000", 0).Add(ctx, part("m", 21)), workspace.ErrNotFound)
	ok(t, one.GiveBack(ctx, &j, 0, ""))
	is(t, first.Unfinished(ev.ID, 0).Add(ctx, part("m", 22)), workspace.ErrLost)
	_, err = two.Claim(ctx, j.ID)
	ok(t, err)
	is(t, first.Unfinished(ev.ID, 0).Add(ctx, part("m", 22)), workspace.ErrLost)
	second := f.Under(&j, two.Name())
	parts, void, err := second.Unfinished(ev.ID, 0).Parts(ctx, "m")
	ok(t, err)
	if len(parts) != 12 || void != 0 || !cmp.Equal(parts[0], part("m", 1)) || !cmp.Equal(parts[11], part("m", 12)) {
		t.Errorf("%d void, %+v", void, parts)
	}
	known, err := f.KnownSegments(ctx)
	ok(t, err)
	if !known[part("m", 12).Segment.ID] {
		t.Error("the vault's cleaning would remove what is kept")
	}
	left := func(want ...string) {
		t.Helper()
		got, err := one.Left(ctx)
		ok(t, err)
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("left over is %v, and not %v", got, want)
		}
	}
	left()
	parts, void, err = second.Unfinished(ev.ID, 1).Parts(ctx, "another")
	ok(t, err)
	if len(parts) != 0 || void != 1 {
		t.Errorf("under another mark: %d void, %+v", void, parts)
	}
	left(part("m", 20).Segment.ID)
	ok(t, second.Unfinished(ev.ID, 0).GiveUp(ctx))
	got, err := one.Left(ctx)
	ok(t, err)
	if len(got) != 13 {
		t.Errorf("%d segments are left over of a check that is done", len(got))
	}
	ok(t, one.Removed(ctx, got))
	left()
	ok(t, second.Unfinished(ev.ID, 0).Add(ctx, part("m", 30)))
	ok(t, two.End(ctx, &j, workspace.JobFailed, "x"))
	left(part("m", 30).Segment.ID)
	ok(t, one.Removed(ctx, []string{part("m", 30).Segment.ID}))

	// A job that waits, and is cancelled, and evidence that is erased.
	j = add()
	_, err = one.Claim(ctx, j.ID)
	ok(t, err)
	ok(t, f.Under(&j, one.Name()).Unfinished(ev.ID, 0).Add(ctx, part("m", 40)))
	ok(t, one.GiveBack(ctx, &j, 0, ""))
	left()
	ok(t, f.CancelJob(ctx, j.ID))
	left(part("m", 40).Segment.ID)
	ok(t, one.Removed(ctx, []string{part("m", 40).Segment.ID}))
	j = add()
	_, err = one.Claim(ctx, j.ID)
	ok(t, err)
	ok(t, f.Under(&j, one.Name()).Unfinished(ev.ID, 0).Add(ctx, part("m", 50)))
	gone, err := f.WithdrawConsent(ctx, f.Consent.ID)
	ok(t, err)
	if !slices.Contains(gone.Destroyed, part("m", 50).Segment.ID) {
		t.Errorf("with the evidence only %v are erased", gone.Destroyed)
	}
	is(t, f.Under(&j, one.Name()).Unfinished(ev.ID, 0).Add(ctx, part("m", 51)), workspace.ErrNotFound)
	left()
}
