package workspacetest

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/link"
	"github.com/amparo-project/amparo/internal/workspace"
)

func hidesNothing(link.Kind, string) bool { return false }

// testKeptLinks keeps a graph: as another process reads it, for whom it was
// made alone, and no longer than what it was made of.
func testKeptLinks(t *testing.T, f *Fixture) {
	ctx := t.Context()
	other, err := f.CreateCase(ctx, "Another case")
	ok(t, err)
	_, run := f.target(f.Case, "a", 1, workspace.Analysis, workspace.Linking)
	f.target(other, "b", 4, workspace.Analysis, workspace.Linking)
	f.target(f.Case, "c", 9, workspace.Analysis, workspace.Linking)
	_, err = f.KeptLinks(ctx, "", "")
	is(t, err, workspace.ErrNotFound)
	_, err = f.LinksMade(ctx, "")
	is(t, err, workspace.ErrNotFound)
	made := func() *workspace.Linked {
		t.Helper()
		l, err := f.KeepLinks(ctx, other.ID, "", func(k link.Kind, _ string) bool { return k == link.Phone })
		ok(t, err)
		return l
	}
	l := made()
	twin, err := workspace.Open(ctx, f.DB, workspace.Options{Identity: f.Identity, Now: f.Clock.Now})
	ok(t, err)
	got, err := twin.KeptLinks(ctx, other.ID, "")
	ok(t, err)
	if d := cmp.Diff(l, got); d != "" || len(got.Clusters) != 1 || got.Made == "" {
		t.Errorf("kept (-made +kept): %s", d)
	}
	whole, err := twin.KeptLinks(ctx, "", "")
	ok(t, err)
	if len(whole.Clusters) != 1 || whole.People != 3 {
		t.Errorf("%+v", whole)
	}
	hidden := false
	for _, v := range whole.Clusters[0].Values {
		hidden = hidden || v.Kind == link.Phone && v.Value == finding.Withheld
	}
	if dump := f.dump("linked"); !hidden || bytes.Contains(dump, []byte("evil.example")) {
		t.Error("a value that must not be named is kept, or all lies in clear")
	}
	_, err = twin.KeptLinks(ctx, "", "of other private indicators")
	is(t, err, workspace.ErrNotFound)
	if _, err := twin.LinksMade(ctx, ""); err != nil {
		t.Errorf("gone after somebody looked with other private indicators: %v", err)
	}
	rows := func() (n int) {
		t.Helper()
		ok(t, f.DB.Pool.QueryRowContext(ctx, "SELECT COUNT(*) FROM linked").Scan(&n))
		return n
	}
	kept := func(after string) {
		t.Helper()
		if _, err := f.KeptLinks(ctx, "", ""); err == nil {
			t.Errorf("shown after %s", after)
		}
		if n := rows(); n != 0 {
			t.Errorf("kept after %s", after)
		}
		made()
		if _, err := f.KeptLinks(ctx, "", ""); err != nil {
			t.Errorf("made again after %s: %v", after, err)
		}
	}
	ok(t, f.Decide(ctx, run.ID, "F-a", workspace.Dismissed, ""))
	kept("a decision")
	f.target(f.Case, "d", 4, workspace.Analysis, workspace.Linking)
	kept("a check of somebody else")
	consents, err := f.Consents(ctx, other.ID, "", workspace.Page{})
	ok(t, err)
	_, err = f.WithdrawConsent(ctx, consents.Items[0].ID)
	ok(t, err)
	if n := rows(); n != 0 {
		t.Error("kept after a consent was withdrawn, until somebody looks")
	}
	kept("a consent was withdrawn")
	f.Clock.Add(8 * 24 * time.Hour)
	_, err = f.process(workspace.WorkerOptions{}).SweepKept(ctx)
	ok(t, err)
	kept("its time")
}
