package workspacetest

import (
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/workspace"
)

// testUnsaved leaves the result of a check that was killed before its run was
// written, and evidence that is erased in the middle of a check.
func testUnsaved(t *testing.T, f *Fixture) {
	ctx := t.Context()
	ev := f.Store(f.Folder(map[string]string{"a": "1"}))
	key, err := f.EvidenceKey(ctx, ev.ID, workspace.Analysis)
	ok(t, err)
	result := func(text string) (string, []vault.File) {
		id := workspace.NewRunID()
		files, err := vault.Add(ctx, f.Vault, f.Index(), vault.AddOptions{Bundle: id, Case: f.Case.ID, Key: key, Path: f.Folder(map[string]string{"run.json": text})})
		ok(t, err)
		return id, files
	}
	save := func(id string, files []vault.File) error {
		_, err := f.SaveRun(ctx, workspace.Run{ID: id, Evidence: ev.ID}, files, nil, func(func(*finding.Finding) error) error { return nil })
		return err
	}
	saved, savedFiles := result("of one that was saved")
	ok(t, save(saved, savedFiles))
	killed, files := result("of one that was killed")
	drop := func(old bool, want int) {
		t.Helper()
		n, err := f.DropUnsaved(ctx, func(string) bool { return old })
		ok(t, err)
		known, err := f.KnownSegments(ctx)
		ok(t, err)
		if n != want || len(known) != 3-want {
			t.Errorf("%d were dropped, %d segments are known", n, len(known))
		}
	}
	drop(false, 0)
	drop(true, 1)
	is(t, save(killed, files), workspace.ErrBusy)
	if b, err := vault.Open(ctx, f.Vault, f.Index(), saved, key); err != nil || len(b.Files()) != 1 {
		t.Errorf("the run that was saved: %v", err)
	}

	// A segment that another's erasure takes away while this one refers to it.
	err = f.Index().Commit(ctx, ev.ID, f.Case.ID, 7, []byte("x"), []vault.Segment{{ID: "S-" + strings.Repeat("0", 26)}})
	is(t, err, workspace.ErrBusy)

	late, files := result("of one whose evidence is erased")
	_, err = f.WithdrawConsent(ctx, f.Consent.ID)
	ok(t, err)
	is(t, save(late, files), workspace.ErrErased)
}
