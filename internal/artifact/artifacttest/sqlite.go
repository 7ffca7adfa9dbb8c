package artifacttest

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite" // the reference implementation writes the samples
)

// SQLite returns the bytes of the database that the SQL script makes.
func SQLite(tb testing.TB, script string) []byte {
	tb.Helper()
	db, _ := SQLiteWAL(tb, script, "")
	return db
}

// SQLiteWAL returns a database that holds what script makes, and a
// write-ahead log that holds what later adds to it.
func SQLiteWAL(tb testing.TB, script, later string) (db, wal []byte) {
	tb.Helper()
	name := filepath.Join(tb.TempDir(), "sample.db")
	conn, err := sql.Open("sqlite", name)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	conn.SetMaxOpenConns(1)
	execute(tb, conn, script)
	if later != "" {
		execute(tb, conn, "PRAGMA journal_mode=wal; PRAGMA wal_autocheckpoint=0; PRAGMA wal_checkpoint(truncate)")
		execute(tb, conn, later)
		wal = readFile(tb, name+"-wal")
	}
	return readFile(tb, name), wal
}

func execute(tb testing.TB, conn *sql.DB, script string) {
	tb.Helper()
	if _, err := conn.ExecContext(tb.Context(), script); err != nil {
		tb.Fatalf("%v in: %.300s", err, script)
	}
}

func readFile(tb testing.TB, name string) []byte {
	tb.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		tb.Fatal(err)
	}
	return data
}
