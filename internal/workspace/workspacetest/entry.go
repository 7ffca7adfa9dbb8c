package workspacetest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/amparo-project/amparo/internal/workspace"
)

// body is JSON that must be found nowhere in clear.
func body(text string) json.RawMessage {
	return json.RawMessage(fmt.Sprintf(`{"text": %q}`, "planted "+text))
}

func testEntries(t *testing.T, f *Fixture) {
	ctx := t.Context()
	first, err := f.PutEntry(ctx, workspace.Entry{Case: f.Case.ID, Kind: "fact", Key: "k", People: []string{"heron"}, Body: body("one")})
	ok(t, err)
	if first.Version != 1 || first.State != workspace.Current || first.People[0] != f.Person.ID || len(first.SHA256) != 64 {
		t.Errorf("%+v", first)
	}
	_, err = f.PutEntry(ctx, workspace.Entry{Case: f.Case.ID, Kind: "fact", Key: "k", Body: body("again")})
	is(t, err, workspace.ErrExists)
	// All or none: the second of these is wrong.
	size, err := f.LedgerSize(ctx)
	ok(t, err)
	_, err = f.PutEntries(ctx, workspace.Entry{Case: f.Case.ID, Kind: "fact", Body: body("x")},
		workspace.Entry{Case: f.Case.ID, Kind: "fact", People: []string{"nobody"}, Body: body("y")})
	is(t, err, workspace.ErrNotFound)
	for _, bad := range []workspace.Entry{
		{Case: f.Case.ID, Kind: "Fact", Body: body("")},
		{Case: f.Case.ID, Kind: "fact"},
		{Case: f.Case.ID, Kind: "fact", Body: json.RawMessage("{")},
		{Case: f.Case.ID, Kind: "fact", Body: body(""), Version: 1},
		{Case: f.Case.ID, Kind: "fact", Body: body(""), ID: first.ID},
		{Case: f.Case.ID, Kind: "promise", Body: body(""), ID: first.ID, Version: 1},
	} {
		_, err := f.PutEntry(ctx, bad)
		is(t, err, workspace.ErrInvalid)
	}
	if now, err := f.LedgerSize(ctx); err != nil || now != size {
		t.Errorf("what was refused is in the ledger: %d, %d, %v", size, now, err)
	}

	second := first
	second.Body = body("two")
	second, err = f.PutEntry(ctx, second)
	ok(t, err)
	if second.Version != 2 || second.ID != first.ID {
		t.Errorf("%+v", second)
	}
	_, err = f.PutEntry(ctx, workspace.Entry{Case: f.Case.ID, Kind: "promise", Body: body("three"), Act: "promise.recorded", Detail: map[string]string{"sha256": "abc"}})
	ok(t, err)
	acts, err := f.Acts(ctx, "", workspace.Page{Limit: workspace.MaxLimit})
	ok(t, err)
	if last := acts.Items[len(acts.Items)-1]; !strings.Contains(last.Opening.Detail, `"with_sha256":"abc"`) {
		t.Errorf("%+v", last)
	}

	got, err := f.Entries(ctx, workspace.EntryFilter{Case: f.Case.ID, Kind: "fact", Person: "heron"}, workspace.Page{})
	ok(t, err)
	if len(got.Items) != 1 || !bytes.Contains(got.Items[0].Body, []byte("planted two")) || len(got.Items[0].People) != 1 {
		t.Errorf("%+v", got)
	}
	history, err := f.Entries(ctx, workspace.EntryFilter{Case: f.Case.ID, ID: first.ID, History: true}, workspace.Page{})
	ok(t, err)
	if len(history.Items) != 2 || history.Items[0].State != workspace.Replaced || !bytes.Contains(history.Items[0].Body, []byte("planted one")) {
		t.Errorf("%+v", history)
	}

	gone, err := f.RetireEntry(ctx, first.ID, "entered twice")
	ok(t, err)
	if gone.Version != 3 || gone.State != workspace.Retired {
		t.Errorf("%+v", gone)
	}
	_, err = f.Entry(ctx, first.ID)
	is(t, err, workspace.ErrNotFound)
	// The key is free again.
	_, err = f.PutEntry(ctx, workspace.Entry{Case: f.Case.ID, Kind: "fact", Key: "k", Body: body("four")})
	ok(t, err)
	all, err := f.AllEntries(ctx, f.Case.ID, "")
	ok(t, err)
	if len(all) != 2 {
		t.Errorf("%d entries hold, want 2", len(all))
	}
	r := f.Verify()
	if r.Acts["entry.added"] != 2 || r.Acts["entry.replaced"] != 1 || r.Acts["entry.retired"] != 1 || r.Acts["promise.recorded"] != 1 {
		t.Errorf("%v", r.Acts)
	}
	ok(t, f.CloseCase(ctx, f.Case.ID))
	_, err = f.PutEntry(ctx, workspace.Entry{Case: f.Case.ID, Kind: "fact", Body: body("x")})
	is(t, err, workspace.ErrClosed)
}

// testEntryRace lets many act on the same version: one does.
func testEntryRace(t *testing.T, f *Fixture) {
	e, err := f.PutEntry(t.Context(), workspace.Entry{Case: f.Case.ID, Kind: "notice", Body: body("queued")})
	ok(t, err)
	var (
		wg  sync.WaitGroup
		won atomic.Int64
	)
	for range 8 {
		wg.Go(func() {
			e := e
			e.Body = body("sent")
			switch _, err := f.PutEntry(t.Context(), e); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, workspace.ErrChanged):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d acted on one version", won.Load())
	}
}

// testEntryConsent writes with consent, and erases when it is withdrawn.
func testEntryConsent(t *testing.T, f *Fixture) {
	ctx := t.Context()
	p, err := f.AddPerson(ctx, workspace.Person{Case: f.Case.ID, Pseudonym: "ibis"})
	ok(t, err)
	put := func(text string, people ...string) (workspace.Entry, error) {
		return f.PutEntry(ctx, workspace.Entry{Case: f.Case.ID, Kind: "fact", Key: text, People: people, Purpose: workspace.Analysis, Body: body(text)})
	}
	_, err = put("no consent", "ibis")
	is(t, err, workspace.ErrNoConsent)
	f.Agree(p.ID)
	about, err := put("about", "heron")
	ok(t, err)
	about.Body, about.Purpose = body("about, better"), workspace.Analysis
	_, err = f.PutEntry(ctx, about)
	ok(t, err)
	_, err = put("both", "heron", p.ID)
	ok(t, err)
	_, err = put("other", "ibis")
	ok(t, err)
	_, err = put("nobody")
	ok(t, err)

	left, err := f.WithdrawConsent(ctx, f.Consent.ID)
	ok(t, err)
	if len(left.Entries) != 2 {
		t.Errorf("%+v", left)
	}
	all, err := f.Entries(ctx, workspace.EntryFilter{Case: f.Case.ID, History: true}, workspace.Page{})
	ok(t, err)
	erased := 0
	for _, e := range all.Items {
		if e.State != workspace.Erased {
			continue
		}
		erased++
		if e.Body != nil || e.Key != "" || len(e.SHA256) != 64 {
			t.Errorf("something is left: %+v", e)
		}
	}
	if erased != 3 || len(all.Items) != 5 {
		t.Errorf("%d of %d versions were erased, want 3 of 5", erased, len(all.Items))
	}
	acts, err := f.Acts(ctx, about.ID, workspace.Page{})
	ok(t, err)
	if last := acts.Items[len(acts.Items)-1]; !strings.Contains(last.Entry, "entry.erased") || !strings.Contains(last.Opening.Detail, about.SHA256) {
		t.Errorf("%+v", last)
	}
	_, err = put("after", "heron")
	is(t, err, workspace.ErrNoConsent)
	f.Verify()
}
