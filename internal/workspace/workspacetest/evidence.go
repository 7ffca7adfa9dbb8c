package workspacetest

import (
	"strings"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/workspace"
)

func testConsent(t *testing.T, f *Fixture) {
	ctx := t.Context()
	dir := f.Folder(map[string]string{"a": "1"})
	p, err := f.AddPerson(ctx, workspace.Person{Case: f.Case.ID, Pseudonym: "silent"})
	ok(t, err)
	d, err := f.AddDevice(ctx, f.Case.ID, p.ID, "phone")
	ok(t, err)
	_, _, err = f.ReceiveEvidence(ctx, f.Case.ID, d.ID, dir)
	is(t, err, workspace.ErrNoConsent)
	_, err = f.AddConsent(ctx, workspace.Consent{
		Case: f.Case.ID, Person: p.ID, Purposes: []string{workspace.Analysis}, Until: "2026-05-10", FormSHA256: form,
		Private: workspace.ConsentTerms{GivenBy: "x"},
	})
	ok(t, err)
	ev, _, err := f.ReceiveEvidence(ctx, f.Case.ID, d.ID, dir)
	ok(t, err)
	_, err = f.EvidenceKey(ctx, ev.ID, workspace.Hunting)
	is(t, err, workspace.ErrNoConsent)
	f.Clock.Add(30 * 24 * time.Hour)
	_, err = f.EvidenceKey(ctx, ev.ID, workspace.Analysis)
	is(t, err, workspace.ErrNoConsent)
	if !strings.Contains(err.Error(), "ended on 2026-05-10") {
		t.Error(err)
	}
}

func testMinor(t *testing.T, f *Fixture) {
	p, err := f.AddPerson(t.Context(), workspace.Person{Case: f.Case.ID, Pseudonym: "child", Minor: true})
	ok(t, err)
	c := workspace.Consent{
		Case: f.Case.ID, Person: "child", Purposes: []string{workspace.Analysis}, Until: "2027-01-01", FormSHA256: form,
		Private: workspace.ConsentTerms{GivenBy: "child"},
	}
	_, err = f.AddConsent(t.Context(), c)
	is(t, err, workspace.ErrNoConsent)
	c.Guardian = true
	c, err = f.AddConsent(t.Context(), c)
	ok(t, err)
	if c.Person != p.ID {
		t.Error(c)
	}
}

func testWithdraw(t *testing.T, f *Fixture) {
	ctx := t.Context()
	ev := f.Store(f.Folder(map[string]string{"a": "1", "b/c": "2"}))
	run := f.Check(ev, 3)
	size, err := f.LedgerSize(ctx)
	ok(t, err)
	left, err := f.WithdrawConsent(ctx, f.Consent.ID)
	ok(t, err)
	if len(left.Evidence) != 1 || left.Hashes[0] != ev.ManifestSHA256 || left.Findings != 3 || len(left.Destroyed) != 2 {
		t.Errorf("%+v", left)
	}
	_, err = f.EvidenceKey(ctx, ev.ID, workspace.Analysis)
	is(t, err, workspace.ErrErased)
	found, err := f.Findings(ctx, workspace.FindingFilter{Run: run.ID}, workspace.Page{})
	ok(t, err)
	if len(found.Items) != 0 {
		t.Error("findings are left")
	}
	if r := f.Verify(); r.Acts["key.destroyed"] != 1 || r.Acts["consent.withdrawn"] != 1 || r.Size != size+2 {
		t.Errorf("%+v", r)
	}
	got, err := f.Evidence(ctx, ev.ID)
	ok(t, err)
	if got.State != workspace.Erased || got.Private.Source != "" {
		t.Errorf("%+v", got)
	}
	again, err := f.WithdrawConsent(ctx, f.Consent.ID)
	ok(t, err)
	if len(again.Ledger) != 0 {
		t.Errorf("a second withdrawal did something: %+v", again)
	}
}

// testShared lets two people's evidence hold the same file: it is stored once,
// and erasing one leaves the other whole.
func testShared(t *testing.T, f *Fixture) {
	ctx := t.Context()
	p, err := f.AddPerson(ctx, workspace.Person{Case: f.Case.ID, Pseudonym: "ibis"})
	ok(t, err)
	first := f.Device
	second, err := f.AddDevice(ctx, f.Case.ID, p.ID, "phone")
	ok(t, err)
	f.Agree(p.ID)
	f.Store(f.Folder(map[string]string{"same": "the same bytes", "x": "1", "twice": "the same bytes"}))
	f.Device = second
	ev := f.Store(f.Folder(map[string]string{"same": "the same bytes", "y": "2"}))
	f.Device = first
	known, err := f.KnownSegments(ctx)
	ok(t, err)
	if len(known) != 3 {
		t.Errorf("%d segments are stored, want 3", len(known))
	}
	left, err := f.WithdrawConsent(ctx, f.Consent.ID)
	ok(t, err)
	for _, id := range left.Destroyed {
		ok(t, f.Vault.Delete(ctx, id))
	}
	key, err := f.EvidenceKey(ctx, ev.ID, workspace.Analysis)
	ok(t, err)
	b, err := vault.Open(ctx, f.Vault, f.Index(), ev.ID, key)
	ok(t, err)
	bad, err := b.Verify(ctx, nil)
	ok(t, err)
	if len(bad) != 0 || len(b.Files()) != 2 {
		t.Errorf("%v %v", bad, b.Files())
	}
}

func testClosed(t *testing.T, f *Fixture) {
	ok(t, f.CloseCase(t.Context(), f.Case.ID))
	_, err := f.AddPerson(t.Context(), workspace.Person{Case: f.Case.ID})
	is(t, err, workspace.ErrClosed)
	_, _, err = f.ReceiveEvidence(t.Context(), f.Case.ID, f.Device.ID, t.TempDir())
	is(t, err, workspace.ErrClosed)
	_, err = f.Workspace.Case(t.Context(), "C-nosuchcase0")
	is(t, err, workspace.ErrNotFound)
}
