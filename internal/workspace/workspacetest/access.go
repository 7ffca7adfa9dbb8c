package workspacetest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/workspace"
)

func testSealed(t *testing.T, f *Fixture) {
	l, err := f.People(t.Context(), f.Case.ID, workspace.Page{})
	ok(t, err)
	if d := cmp.Diff([]workspace.Person{f.Person}, l.Items); d != "" {
		t.Error(d)
	}
	// Without the identity of a member of the case nothing opens.
	other, err := seal.NewIdentity()
	ok(t, err)
	_, err = workspace.Open(t.Context(), f.DB, workspace.Options{Identity: other, Now: f.Clock.Now})
	is(t, err, workspace.ErrNotMember)
	_, err = f.AddMember(t.Context(), "second", other.Recipient())
	ok(t, err)
	w, err := workspace.Open(t.Context(), f.DB, workspace.Options{Identity: other, Now: f.Clock.Now})
	ok(t, err)
	_, err = w.People(t.Context(), f.Case.ID, workspace.Page{})
	is(t, err, workspace.ErrNoAccess)
	c, err := w.Case(t.Context(), f.Case.ID)
	ok(t, err)
	if !c.Sealed || c.Title != "" {
		t.Errorf("%+v", c)
	}
	ev := f.Store(f.Folder(map[string]string{"a": "1"}))
	f.Check(ev, 1)
	found, err := w.Findings(t.Context(), workspace.FindingFilter{}, workspace.Page{})
	ok(t, err)
	runs, err := w.Runs(t.Context(), workspace.RunFilter{}, workspace.Page{})
	ok(t, err)
	if len(found.Items)+len(runs.Items) != 0 {
		t.Error("findings of another's case are seen")
	}
	is(t, w.Decide(t.Context(), "", "F-000000", workspace.Confirmed, ""), workspace.ErrNoAccess)
	_, err = w.EvidenceKey(t.Context(), ev.ID, workspace.Analysis)
	is(t, err, workspace.ErrNoAccess)
	_, err = w.AddPerson(t.Context(), workspace.Person{Case: f.Case.ID})
	is(t, err, workspace.ErrNoAccess)
	ok(t, f.ShareCase(t.Context(), f.Case.ID, "second", workspace.RoleAnalyst, ""))
	_, err = w.EvidenceKey(t.Context(), ev.ID, workspace.Analysis)
	ok(t, err)
}

func testMembers(t *testing.T, f *Fixture) {
	ctx := t.Context()
	ev := f.Store(f.Folder(map[string]string{"a": "1"}))
	before, err := f.EvidenceKey(ctx, ev.ID, workspace.Analysis)
	ok(t, err)
	stored := f.stored()
	next, err := seal.NewIdentity()
	ok(t, err)
	ok(t, f.RotateKey(ctx, next))
	_, err = workspace.Open(ctx, f.DB, workspace.Options{Identity: f.Identity, Now: f.Clock.Now})
	is(t, err, workspace.ErrNotMember)
	w, err := workspace.Open(ctx, f.DB, workspace.Options{Identity: next, Now: f.Clock.Now})
	ok(t, err)
	after, err := w.EvidenceKey(ctx, ev.ID, workspace.Analysis)
	ok(t, err)
	if before.Recipient() != after.Recipient() {
		t.Error("the evidence has another key")
	}
	// Nothing of the vault was written again.
	if d := cmp.Diff(stored, f.stored()); d != "" {
		t.Error(d)
	}
	_, _, err = w.Checkpoint(ctx)
	ok(t, err)
}

func testPages(t *testing.T, f *Fixture) {
	ctx := t.Context()
	for i := range 7 {
		_, err := f.AddPerson(ctx, workspace.Person{Case: f.Case.ID, Pseudonym: fmt.Sprint("p", i)})
		ok(t, err)
	}
	var got []string
	page := workspace.Page{Limit: 3}
	for n := 0; ; n++ {
		l, err := f.People(ctx, f.Case.ID, page)
		ok(t, err)
		for _, p := range l.Items {
			got = append(got, p.Pseudonym)
		}
		if page.After = l.Next; l.Next == "" {
			break
		}
		if n > 5 {
			t.Fatal("pages without end")
		}
	}
	if d := cmp.Diff([]string{"heron", "p0", "p1", "p2", "p3", "p4", "p5", "p6"}, got); d != "" {
		t.Error(d)
	}
	_, err := f.People(ctx, f.Case.ID, workspace.Page{After: "x' OR 1=1"})
	is(t, err, workspace.ErrInvalid)
}

// testTwoProcesses lets several connections act at once: every act is there,
// and the ledger is one.
func testTwoProcesses(t *testing.T, f *Fixture, again func(*testing.T, *workspace.DB) *workspace.DB) {
	const writers, each = 4, 15
	before, err := f.LedgerSize(t.Context())
	ok(t, err)
	var wg sync.WaitGroup
	errs := make(chan error, writers)
	for i := range writers {
		db := again(t, f.DB)
		t.Cleanup(func() { _ = db.Close() })
		w, err := workspace.Open(t.Context(), db, workspace.Options{Identity: f.Identity, Now: f.Clock.Now})
		ok(t, err)
		wg.Go(func() { errs <- people(context.WithoutCancel(t.Context()), w, f.Case.ID, i, each) })
	}
	wg.Wait()
	for range writers {
		ok(t, <-errs)
	}
	r := f.Verify()
	if r.Size != before+writers*each || r.Acts["person.added"] != 1+writers*each {
		t.Errorf("%+v", r)
	}
}

func people(ctx context.Context, w *workspace.Workspace, caseID string, i, n int) error {
	for k := range n {
		if _, err := w.AddPerson(ctx, workspace.Person{Case: caseID, Pseudonym: fmt.Sprintf("w%d-%d", i, k)}); err != nil {
			return err
		}
	}
	return nil
}

// stored is each file of the vault with its time and hash.
func (f *Fixture) stored() map[string]string {
	f.T.Helper()
	out := map[string]string{}
	ok(f.T, filepath.WalkDir(f.VaultDir, func(name string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		ok(f.T, err)
		data, err := os.ReadFile(name)
		out[name] = fmt.Sprintf("%v %x", info.ModTime(), sha256.Sum256(data))
		return err
	}))
	if len(out) == 0 {
		f.T.Error("the vault is empty")
	}
	return out
}
