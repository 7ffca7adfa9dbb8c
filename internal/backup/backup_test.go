package backup_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver of database/sql

	"github.com/amparo-project/amparo/internal/backup"
	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/workspace"
	"github.com/amparo-project/amparo/internal/workspace/postgres"
	"github.com/amparo-project/amparo/internal/workspace/postgres/postgrestest"
	"github.com/amparo-project/amparo/internal/workspace/sqlite"
	"github.com/amparo-project/amparo/internal/workspace/workspacetest"
)

// engines open an empty database that holds no tables.
var engines = map[string]func(t *testing.T) *workspace.DB{"sqlite": emptySQLite, "postgres": emptyPostgres}

func emptySQLite(t *testing.T) *workspace.DB {
	t.Helper()
	db, err := sqlite.Connect(t.TempDir(), time.Now)
	ok(t, err)
	t.Cleanup(func() { db.Close() })
	return db
}

func emptyPostgres(t *testing.T) *workspace.DB {
	t.Helper()
	db, err := postgres.Connect(postgrestest.Database(t))
	ok(t, err)
	t.Cleanup(func() { db.Close() })
	return db
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// lived is a workspace in which something happened, in a database.
func lived(t *testing.T, db *workspace.DB) (*workspacetest.Fixture, workspace.Evidence) {
	t.Helper()
	ok(t, workspace.Migrate(t.Context(), db))
	f := workspacetest.New(t, db)
	ev := f.Store(f.Folder(map[string]string{"a.txt": "evidence", "b/c.txt": strings.Repeat("more of it", 9000), "empty": ""}))
	f.Check(ev, 7)
	return f, ev
}

func back(t *testing.T, dir string, id seal.Identity, db *workspace.DB, vaultDir string) (backup.Report, error) {
	t.Helper()
	return backup.Restore(t.Context(), dir, "", id, backup.Target{
		DB: db, Vault: func(context.Context, string) (vault.Store, error) { return vault.OpenDir(vaultDir) },
	}, nil)
}

// TestThereAndBack restores from each kind of database into each: the ledger
// verifies, the evidence is whole, a hunt finds what it found before.
func TestThereAndBack(t *testing.T) {
	t.Parallel()
	for from, openFrom := range engines {
		for to, openTo := range engines {
			t.Run(from+" to "+to, func(t *testing.T) {
				t.Parallel()
				f, ev := lived(t, openFrom(t))
				dir := t.TempDir()
				made, err := backup.Make(t.Context(), f.DB, f.Vault, dir, backup.Options{Recipients: []string{f.Identity.Recipient()}, Now: time.Now})
				ok(t, err)
				if made.Segments == 0 || made.Copied != made.Segments || len(made.Missing) != 0 {
					t.Fatalf("made %+v", made)
				}
				db, at := openTo(t), t.TempDir()
				got, err := back(t, dir, f.Identity, db, at)
				ok(t, err)
				if got.Copied != made.Segments || len(got.Missing) != 0 || got.Workspace != f.Info().UID {
					t.Fatalf("restored %+v", got)
				}
				ok(t, workspace.Migrate(t.Context(), db))
				w, err := workspace.Open(t.Context(), db, workspace.Options{Identity: f.Identity, Now: f.Clock.Now})
				ok(t, err)
				store, err := vault.OpenDir(at)
				ok(t, err)
				t.Cleanup(func() { store.Close() })
				g := *f
				g.Workspace, g.DB, g.Vault = w, db, store
				if a, b := f.Verify(), g.Verify(); a.Size != b.Size {
					t.Errorf("the ledger has %d entries and had %d", b.Size, a.Size)
				}
				key, err := w.EvidenceKey(t.Context(), ev.ID, workspace.Analysis)
				ok(t, err)
				b, err := vault.Open(t.Context(), store, w.Index(), ev.ID, key)
				ok(t, err)
				if bad, err := b.Verify(t.Context(), nil); err != nil || len(bad) != 0 || len(b.Files()) != 3 {
					t.Errorf("evidence: %v %v", bad, err)
				}
				// It goes on from there.
				_, err = w.CreateCase(t.Context(), "A case after")
				ok(t, err)
				g.Verify()
				if _, err := back(t, dir, f.Identity, db, at); !errors.Is(err, backup.ErrInUse) {
					t.Errorf("over a workspace: %v", err)
				}
			})
		}
	}
}

// TestAgain copies only what is new, removes what was erased, and keeps as many
// files as it was told.
func TestAgain(t *testing.T) {
	t.Parallel()
	f, _ := lived(t, emptySQLite(t))
	dir := t.TempDir()
	now := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	do := func() backup.Report {
		now = now.Add(time.Hour)
		r, err := backup.Make(t.Context(), f.DB, f.Vault, dir, backup.Options{
			Recipients: []string{f.Identity.Recipient()}, Keep: 2, Now: func() time.Time { return now },
		})
		ok(t, err)
		return r
	}
	first := do()
	if r := do(); r.Copied != 0 || r.Removed != 0 || r.Segments != first.Segments {
		t.Errorf("again: %+v", r)
	}
	f.Store(f.Folder(map[string]string{"new.txt": "something new"}))
	if r := do(); r.Copied != 1 {
		t.Errorf("with new evidence: %+v", r)
	}
	_, err := f.WithdrawConsent(t.Context(), f.Consent.ID)
	ok(t, err)
	if r := do(); r.Removed != first.Segments+1 || r.Segments != 0 {
		t.Errorf("after consent was withdrawn: %+v", r)
	}
	list, err := filepath.Glob(filepath.Join(dir, "database-*"))
	ok(t, err)
	if len(list) != 2 || !strings.HasSuffix(list[1], "20260501T040000Z.age") {
		t.Errorf("kept %v", list)
	}
}

// TestInterrupted loses segments in the middle of a restore: the next one goes
// on, for the database is still empty.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	f, _ := lived(t, emptySQLite(t))
	dir := t.TempDir()
	_, err := backup.Make(t.Context(), f.DB, f.Vault, dir, backup.Options{Recipients: []string{f.Identity.Recipient()}, Now: time.Now})
	ok(t, err)
	db := emptySQLite(t)
	broken := errors.New("the disk was pulled out")
	_, err = backup.Restore(t.Context(), dir, "", f.Identity, backup.Target{
		DB: db, Vault: func(context.Context, string) (vault.Store, error) { return nil, broken },
	}, nil)
	if !errors.Is(err, broken) {
		t.Fatal(err)
	}
	if _, err := back(t, dir, f.Identity, db, t.TempDir()); err != nil {
		t.Errorf("the next time: %v", err)
	}
}

// TestBadBackups restores what is damaged, another's, cut, or newer.
func TestBadBackups(t *testing.T) {
	t.Parallel()
	f, _ := lived(t, emptySQLite(t))
	dir := t.TempDir()
	r, err := backup.Make(t.Context(), f.DB, f.Vault, dir, backup.Options{Recipients: []string{f.Identity.Recipient()}, Now: time.Now})
	ok(t, err)
	name := filepath.Join(dir, r.File)
	whole, err := os.ReadFile(name)
	ok(t, err)
	stranger, err := seal.NewIdentity()
	ok(t, err)
	db := emptySQLite(t)
	if _, err := back(t, dir, stranger, db, t.TempDir()); !errors.Is(err, backup.ErrNotForYou) {
		t.Errorf("another identity: %v", err)
	}
	if _, err := back(t, t.TempDir(), f.Identity, db, t.TempDir()); !errors.Is(err, backup.ErrNoBackup) {
		t.Errorf("an empty folder: %v", err)
	}
	for _, cut := range []int{0, 10, len(whole) / 2, len(whole) - 1} {
		ok(t, os.WriteFile(name, whole[:cut], 0o600))
		if _, err := back(t, dir, f.Identity, db, t.TempDir()); !errors.Is(err, backup.ErrDamaged) {
			t.Errorf("cut at %d: %v", cut, err)
		}
	}
	for at := 0; at < len(whole); at += 1 + len(whole)/60 {
		bad := bytes.Clone(whole)
		bad[at] ^= 0x10
		ok(t, os.WriteFile(name, bad, 0o600))
		if _, err := back(t, dir, f.Identity, db, t.TempDir()); !errors.Is(err, backup.ErrDamaged) && !errors.Is(err, backup.ErrNotForYou) {
			t.Errorf("changed at %d: %v", at, err)
		}
	}
	ok(t, os.WriteFile(name, whole, 0o600))
	segments, err := filepath.Glob(filepath.Join(dir, "segments", "*", "*"))
	ok(t, err)
	slices.Sort(segments)
	ok(t, os.Remove(segments[0]))
	data, err := os.ReadFile(segments[1])
	ok(t, err)
	data[len(data)-1] ^= 1
	ok(t, os.WriteFile(segments[1], data, 0o600))
	r, err = back(t, dir, f.Identity, db, t.TempDir())
	ok(t, err)
	if len(r.Missing) != 2 || r.Missing[0] != filepath.Base(segments[0]) || r.Missing[1] != filepath.Base(segments[1]) {
		t.Errorf("a segment gone and one damaged: %+v", r.Missing)
	}
}
