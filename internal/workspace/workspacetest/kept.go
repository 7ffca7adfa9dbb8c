package workspacetest

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/workspace"
)

// mark is what the fixture's exhibits are made by.
const mark = "the runs and consents of one day"

// kept is what a job made of somebody's evidence.
func (f *Fixture) kept(s *subject, whole bool) workspace.Kept {
	f.T.Helper()
	j, err := f.AddJob(f.T.Context(), workspace.Job{Case: s.evidence.Case, Kind: workspace.JobExport}, workspace.JobPrivate{})
	ok(f.T, err)
	k, _, err := f.BeginKept(f.T.Context(), &j, mark, []string{s.evidence.ID})
	ok(f.T, err)
	k.Private = workspace.KeptPrivate{Name: "planted.pdf", Type: "application/pdf", Of: []string{s.evidence.ID}, SHA256: "x"}
	if whole {
		ok(f.T, f.EndKept(f.T.Context(), &k, nil))
	}
	return k
}

// testKept keeps what a job made: in the ledger once, until its time is over,
// the consent is withdrawn, or the job ends otherwise.
func testKept(t *testing.T, f *Fixture) {
	ctx := t.Context()
	ev := f.Store(f.Folder(map[string]string{"a": "1"}))
	s := &subject{evidence: ev}
	exported := func() (n int) {
		l, err := f.Acts(ctx, "", workspace.Page{Limit: workspace.MaxLimit})
		ok(t, err)
		for _, a := range l.Items {
			if strings.Contains(a.Entry, "evidence.exported") {
				n++
			}
		}
		return n
	}
	commit := func(k *workspace.Kept, part int) error {
		id := vault.NewID()
		return f.KeptIndex(k).Commit(ctx, k.Bundle, k.Case, part, []byte("sealed"), []vault.Segment{{ID: id, SHA256: id, StoredSHA256: id, New: true}})
	}
	sweep := func() []string {
		gone, err := f.process(workspace.WorkerOptions{}).SweepKept(ctx)
		ok(t, err)
		return gone
	}

	k := f.kept(s, false)
	_, err := f.Kept(ctx, k.Job)
	is(t, err, workspace.ErrNotFound) // it is not whole
	ok(t, commit(&k, 0))
	begin := func(mark string) (workspace.Kept, []string, error) {
		return f.BeginKept(ctx, &workspace.Job{ID: k.Job, Case: k.Case}, mark, []string{ev.ID})
	}
	same, gone, err := begin(mark)
	ok(t, err)
	if len(gone) != 0 || same.Bundle != k.Bundle || same.Key.Secret() != k.Key.Secret() || same.Begun != k.Begun || k.Begun == "" {
		t.Errorf("it does not go on: %+v", same)
	}
	ok(t, commit(&same, 1))
	if dump := f.dump("kept"); bytes.Contains(dump, []byte(mark)) {
		t.Error("what it is made by lies in clear")
	}
	again, gone, err := begin("others since")
	ok(t, err)
	if len(gone) != 2 || again.Bundle == k.Bundle {
		t.Errorf("what an attempt left: %v", gone)
	}
	is(t, commit(&k, 2), workspace.ErrErased) // the attempt that was taken for dead
	k, again = again, workspace.Kept{}
	for range 2 { // without a mark nobody goes on
		if again, gone, err = begin(""); err != nil || again.Bundle == k.Bundle {
			t.Errorf("%+v, %v, %v", again, gone, err)
		}
		k = again
	}
	ok(t, commit(&again, 0))
	again.Private = workspace.KeptPrivate{Name: "planted.pdf", Type: "application/pdf", Of: []string{ev.ID}, SHA256: "x"}
	ok(t, f.EndKept(ctx, &again, nil))
	ok(t, f.EndKept(ctx, &again, nil))
	_, _, err = begin(mark)
	is(t, err, workspace.ErrExists)
	if n := exported(); n != 1 {
		t.Errorf("it left %d times", n)
	}
	got, err := f.Kept(ctx, k.Job)
	ok(t, err)
	if got.Key.Secret() != again.Key.Secret() || got.Private.Name != "planted.pdf" || got.Until == "" {
		t.Errorf("%+v", got)
	}
	if dump := f.dump("kept"); bytes.Contains(dump, []byte("planted")) {
		t.Error("what it is lies in clear")
	}
	if gone := sweep(); len(gone) != 0 {
		t.Errorf("deleted before its time: %v", gone)
	}
	f.Clock.Add(8 * 24 * time.Hour)
	_, err = f.Kept(ctx, k.Job)
	is(t, err, workspace.ErrNotFound)
	if gone := sweep(); len(gone) != 1 {
		t.Errorf("deleted after its time: %v", gone)
	}

	left := f.kept(s, false)
	ok(t, commit(&left, 0))
	ok(t, f.CancelJob(ctx, left.Job))
	if gone := sweep(); len(gone) != 1 {
		t.Errorf("of a job that was cancelled: %v", gone)
	}

	last := f.kept(s, false)
	ok(t, commit(&last, 0))
	ok(t, f.EndKept(ctx, &last, nil))
	consents, err := f.Consents(ctx, f.Case.ID, "", workspace.Page{})
	ok(t, err)
	r, err := f.WithdrawConsent(ctx, consents.Items[0].ID)
	ok(t, err)
	_, err = f.Kept(ctx, last.Job)
	is(t, err, workspace.ErrNotFound)
	if len(r.Destroyed) < 2 { // the evidence, and what was kept of it
		t.Errorf("destroyed: %v", r.Destroyed)
	}
	_, _, err = f.BeginKept(ctx, &workspace.Job{ID: last.Job, Case: last.Case}, mark, []string{ev.ID})
	is(t, err, workspace.ErrErased) // it is made again, and there is nothing to make it of
	f.Verify()
}
