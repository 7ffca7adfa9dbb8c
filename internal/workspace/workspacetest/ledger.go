package workspacetest

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/ledger/client"
	"github.com/amparo-project/amparo/internal/ledger/fsck"
	"github.com/amparo-project/amparo/internal/workspace"
)

func testClock(t *testing.T, f *Fixture) {
	f.Clock.Add(-24 * time.Hour)
	c, err := f.CreateCase(t.Context(), "after the clock jumped back")
	ok(t, err)
	if c.Created < f.Case.Created {
		t.Error("an act is older than the one before it")
	}
	acts, err := f.Acts(t.Context(), c.ID, workspace.Page{})
	ok(t, err)
	if len(acts.Items) != 1 || !strings.Contains(acts.Items[0].Opening.Detail, `"clock":"2026-04-30`) {
		t.Errorf("what the clock said is not kept: %+v", acts.Items)
	}
	f.Verify()
}

func testCustody(t *testing.T, f *Fixture) {
	ctx := t.Context()
	ev := f.Store(f.Folder(map[string]string{"a": "1"}))
	f.Check(ev, 1)
	ok(t, f.Viewed(ctx, ev.ID, "report"))
	acts, err := f.Acts(ctx, ev.ID, workspace.Page{})
	ok(t, err)
	signed, n, err := f.Checkpoint(ctx)
	ok(t, err)
	p, err := client.Policy(f.Info().Key, nil, 0)
	ok(t, err)
	var names []string
	for _, a := range acts.Items {
		proof, err := f.Prove(ctx, a.N, n, signed, true)
		ok(t, err)
		got, err := client.Proof(proof, p)
		ok(t, err)
		names = append(names, got.Entry.Act)
		if !strings.Contains(got.Opening.Detail, ev.ID) || strings.Contains(got.Opening.Detail, "Planted") {
			t.Error(got.Opening.Detail)
		}
	}
	if d := cmp.Diff([]string{"evidence.received", "evidence.hashed", "evidence.checked", "evidence.viewed"}, names); d != "" {
		t.Error(d)
	}
}

// testTampering changes the database behind the ledger's back.
func testTampering(t *testing.T, f *Fixture) {
	ctx := t.Context()
	f.Verify()
	_, err := f.CreateCase(ctx, "one more")
	ok(t, err)
	_, err = f.DB.Pool.ExecContext(ctx, "UPDATE ledger_entry SET data = (SELECT data FROM ledger_entry WHERE n = 1) WHERE n = 2")
	ok(t, err)
	signed, n, err := f.Checkpoint(ctx)
	ok(t, err)
	dir := t.TempDir()
	ok(t, f.PublishLedger(ctx, dir, n, signed))
	p, err := client.Policy(f.Info().Key, nil, 0)
	ok(t, err)
	_, err = fsck.Check(os.DirFS(dir), p)
	is(t, err, fsck.ErrTampered)
}
