package examine_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/workspace"
)

var errGoneAway = errors.New("the store went away")

// failing is a store of which all reading fails from some operation on.
type failing struct {
	vault.Store
	left int // operations that succeed
}

func (f *failing) fails() bool {
	f.left--
	return f.left < 0
}

// Open implements vault.Store.
func (f *failing) Open(ctx context.Context, id string) (vault.Blob, error) {
	if f.fails() {
		return nil, errGoneAway
	}
	b, err := f.Store.Open(ctx, id)
	return &failingBlob{b, f}, err
}

type failingBlob struct {
	vault.Blob
	f *failing
}

// ReadAt implements io.ReaderAt.
func (b *failingBlob) ReadAt(p []byte, off int64) (int, error) {
	if b.f.fails() {
		return 0, errGoneAway
	}
	return b.Blob.ReadAt(p, off)
}

// checkIn checks the first evidence as it lies in some store.
func (l *lab) checkIn(s vault.Store) (runs []string, err error) {
	l.t.Helper()
	ev, err := l.Evidence(l.t.Context(), l.evidence[0])
	ok(l.t, err)
	space := &examine.Space{Workspace: l.Workspace, Vault: s, Dir: l.Dir}
	stored, err := space.Open(l.t.Context(), ev)
	if err != nil {
		return nil, err
	}
	return stored.Check(l.t.Context(), l.with(1, nil, first))
}

// TestStoreFails takes the store away at each operation of a check in turn: none
// is stored of which something could not be fetched, until all could.
func TestStoreFails(t *testing.T) {
	t.Parallel()
	l := newLab(t, 1)
	for n := 0; ; n++ {
		if n > 1000 {
			t.Fatal("it never succeeds")
		}
		runs, err := l.checkIn(&failing{l.Vault, n})
		all, lerr := l.Runs(t.Context(), workspace.RunFilter{}, workspace.Page{})
		ok(t, lerr)
		if err == nil {
			if n < 3 || len(runs) != 1 || len(all.Items) != 1 {
				t.Fatalf("after %d operations: %v, %d runs", n, runs, len(all.Items))
			}
			if all.Items[0].Summary.Totals.Records != 2 {
				t.Errorf("%+v", all.Items[0].Summary.Totals)
			}
			return
		}
		if !errors.Is(err, errGoneAway) || len(runs) != 0 || len(all.Items) != 0 {
			t.Fatalf("operation %d: %v; %d runs", n, err, len(all.Items))
		}
	}
}

// TestStoreElsewhere checks evidence from a store that has nothing of it: that is
// no phone without traces.
func TestStoreElsewhere(t *testing.T) {
	t.Parallel()
	l := newLab(t, 1)
	other, err := vault.OpenDir(t.TempDir())
	ok(t, err)
	defer other.Close()
	runs, err := l.checkIn(other)
	all, lerr := l.Runs(t.Context(), workspace.RunFilter{}, workspace.Page{})
	ok(t, lerr)
	if !errors.Is(err, vault.ErrElsewhere) || len(runs)+len(all.Items) != 0 {
		t.Errorf("%v; %d runs", err, len(all.Items))
	}
	segments, err := l.Index().Segments(t.Context(), l.evidence[0])
	ok(t, err)
	var some []string
	for id := range segments {
		some = append(some, id)
	}
	got := []bool{
		vault.Holds(t.Context(), l.Vault, some) == nil, errors.Is(vault.Holds(t.Context(), other, some), vault.ErrElsewhere),
		vault.Holds(t.Context(), other, nil) == nil, errors.Is(vault.Holds(t.Context(), &failing{l.Vault, 0}, some), errGoneAway),
	}
	if d := cmp.Diff([]bool{true, true, true, true}, got); d != "" {
		t.Error(d)
	}
}
