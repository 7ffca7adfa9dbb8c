package sqlite_test

import (
	"bytes"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/workspace"
	"github.com/amparo-project/amparo/internal/workspace/sqlite"
	"github.com/amparo-project/amparo/internal/workspace/sqlite/sqlitetest"
	"github.com/amparo-project/amparo/internal/workspace/workspacetest"
)

func open(t *testing.T, dir string) *workspace.DB {
	t.Helper()
	db, err := sqlitetest.Open(t.Context(), dir, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func TestSQLite(t *testing.T) {
	t.Parallel()
	workspacetest.Exercise(t,
		func(t *testing.T) *workspace.DB { t.Helper(); return open(t, t.TempDir()) },
		func(t *testing.T, db *workspace.DB) *workspace.DB { t.Helper(); return open(t, filepath.Dir(db.Name)) })
}

// TestMigrations also looks for the copy from before the change of the schema.
func TestMigrations(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("in one goroutine: the race detector finds nothing")
	}
	workspacetest.Migrations(t,
		func(t *testing.T) *workspace.DB {
			t.Helper()
			db, err := sqlite.Connect(t.TempDir(), time.Now)
			if err != nil {
				t.Fatal(err)
			}
			return db
		},
		func(t *testing.T, db *workspace.DB, version int64) {
			t.Helper()
			copies, err := filepath.Glob(filepath.Join(filepath.Dir(db.Name), sqlite.BackupDir, "*.db"))
			if err != nil || len(copies) != 1 {
				t.Fatal(copies, err)
			}
			before, err := sql.Open("sqlite", copies[0])
			if err != nil {
				t.Fatal(err)
			}
			defer before.Close()
			var was, entries int64
			err = before.QueryRowContext(t.Context(), "SELECT (SELECT MAX(version_id) FROM goose_db_version), (SELECT COUNT(*) FROM ledger_entry)").Scan(&was, &entries)
			if err != nil || was != version || entries != 16 {
				t.Errorf("the copy has schema %d and %d entries: %v", was, entries, err)
			}
		})
}

// TestErasedFromTheDisk looks for what was erased in the bytes of the database.
func TestErasedFromTheDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := open(t, dir)
	defer db.Close()
	f := workspacetest.New(t, db)
	ev := f.Store(f.Folder(map[string]string{"a": "1"}))
	f.Check(ev, 2)
	var wrapped []byte
	if err := db.Pool.QueryRowContext(t.Context(), "SELECT wrapped FROM evidence").Scan(&wrapped); err != nil {
		t.Fatal(err)
	}
	wrapped = wrapped[len(wrapped)-40:]
	if !onDisk(t, dir, wrapped) {
		t.Fatal("the test looks in the wrong place")
	}
	if _, err := f.WithdrawConsent(t.Context(), f.Consent.ID); err != nil {
		t.Fatal(err)
	}
	if onDisk(t, dir, wrapped) {
		t.Error("the key that was destroyed can be read from the files of the database")
	}
	if onDisk(t, dir, []byte("Planted Name")) {
		t.Error("a name is in clear in the database")
	}
}

func onDisk(t *testing.T, dir string, what []byte) bool {
	t.Helper()
	found := false
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		found = found || bytes.Contains(data, what)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestNewer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := open(t, dir)
	if _, err := db.Pool.ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)"); err != nil {
		t.Fatal(err)
	}
	db.Close()
	if _, err := sqlite.Open(t.Context(), dir, time.Now); !errors.Is(err, workspace.ErrNewer) {
		t.Errorf("got %v", err)
	}
}

func TestDamaged(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := open(t, dir)
	workspacetest.New(t, db)
	db.Close()
	name := filepath.Join(dir, sqlite.File)
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for i := range data[:4096] {
		data[i] ^= 0xa5
	}
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(t.Context(), dir, time.Now); !errors.Is(err, workspace.ErrDamaged) {
		t.Errorf("got %v", err)
	}
	after, err := os.ReadFile(name)
	if err != nil || !bytes.Equal(data, after) {
		t.Error("the damaged database was written to", err)
	}
}
