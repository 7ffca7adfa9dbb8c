package examine_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/feed"
	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/workspace"
	"github.com/amparo-project/amparo/internal/workspace/sqlite/sqlitetest"
)

// awayStore is a vault whose line is down.
type awayStore struct{ vault.Store }

var errAway = errors.New("the line is down")

func (awayStore) Open(context.Context, string) (vault.Blob, error) { return nil, errAway }

// TestSharedIndicators: what one machine gives the workspace another has at
// once; a line that is down fails a check, and a set that is gone is told.
func TestSharedIndicators(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	db, err := sqlitetest.Open(ctx, t.TempDir(), time.Now)
	ok(err)
	t.Cleanup(func() { _ = db.Close() })
	id, err := seal.NewIdentity()
	ok(err)
	w, err := workspace.Create(ctx, db, workspace.Options{Identity: id, Now: time.Now}, "ana")
	ok(err)
	store, err := vault.OpenDir(t.TempDir())
	ok(err)
	sp := &examine.Space{Workspace: w, Vault: store}
	if _, err := sp.Indicators(ctx, nil); !errors.Is(err, workspace.ErrNotFound) {
		t.Fatalf("before it has its own: %v", err)
	}
	machine, err := feed.OpenToChange(filepath.Join(t.TempDir(), "indicators"), time.Now)
	ok(err)
	put := func(st *feed.Store, name, text string) {
		t.Helper()
		e := &feed.Entry{Name: name, File: name + ".csv"}
		d, err := st.Draft(strings.NewReader(text), e, 1<<20)
		ok(err)
		ok(st.Put(d, e))
	}
	put(machine, "first", "type,value\ndomain,evil.example\n")
	machine.Close()
	n, err := sp.ShareIndicators(ctx, machine)
	ok(err)
	one, err := sp.Indicators(ctx, nil)
	ok(err)
	two, err := sp.Indicators(ctx, nil) // opened before the other changes it
	ok(err)
	put(one, "second", "type,value\ndomain,worse.example\n")
	put(two, "third", "type,value\ndomain,worst.example\n")
	cache := &feed.Cache{}
	st, err := sp.Indicators(ctx, cache)
	ok(err)
	l, err := st.Load()
	ok(err)
	if n != 1 || len(l.Sets) != 3 || len(l.Problems) != 0 {
		t.Fatalf("%d given, %d sets, %v", n, len(l.Sets), l.Problems)
	}

	away := &examine.Space{Workspace: w, Vault: awayStore{store}}
	st, err = away.Indicators(ctx, nil)
	ok(err)
	if got, err := st.Load(); !errors.Is(err, errAway) {
		t.Errorf("while the line is down: %+v, %v", got, err)
	}
	st, err = away.Indicators(ctx, cache)
	ok(err)
	if again, err := st.Load(); err != nil || again != l {
		t.Errorf("what is in memory needs no line: %v", err)
	}

	// A set of which the vault lost the file is left out, and told.
	ok(store.List(ctx, func(name string, _ time.Time) error { return store.Delete(ctx, name) }))
	st, err = sp.Indicators(ctx, nil)
	ok(err)
	if l, err = st.Load(); err != nil || len(l.Sets) != 0 || len(l.Problems) != 3 {
		t.Errorf("without its files: %d sets, %v, %v", len(l.Sets), l.Problems, err)
	}
}
