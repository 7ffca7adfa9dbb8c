package sqlite

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite" // the reference implementation
)

// makeDB returns the bytes of a database that the statements make.
func makeDB(tb testing.TB, statements ...string) []byte {
	tb.Helper()
	name := filepath.Join(tb.TempDir(), "t.db")
	conn := openSQL(tb, name)
	run(tb, conn, statements...)
	if err := conn.Close(); err != nil {
		tb.Fatal(err)
	}
	return readFile(tb, name)
}

func openSQL(tb testing.TB, name string) *sql.DB {
	tb.Helper()
	conn, err := sql.Open("sqlite", name)
	if err != nil {
		tb.Fatal(err)
	}
	conn.SetMaxOpenConns(1)
	tb.Cleanup(func() { _ = conn.Close() })
	return conn
}

func run(tb testing.TB, conn *sql.DB, statements ...string) {
	tb.Helper()
	for _, st := range statements {
		if _, err := conn.ExecContext(tb.Context(), st); err != nil {
			tb.Fatalf("%.300s: %v", st, err)
		}
	}
}

func readFile(tb testing.TB, name string) []byte {
	tb.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func mustOpen(tb testing.TB, b []byte, o Options) *DB {
	tb.Helper()
	db, err := Open(bytes.NewReader(b), int64(len(b)), o)
	if err != nil {
		tb.Fatal(err)
	}
	return db
}

func mustTable(tb testing.TB, db *DB, name string) *Table {
	tb.Helper()
	t, ok := db.Table(name)
	if !ok {
		tb.Fatalf("no table %q", name)
	}
	return t
}

func writeFile(tb testing.TB, name string, b []byte) {
	tb.Helper()
	if err := os.WriteFile(name, b, 0o600); err != nil {
		tb.Fatal(err)
	}
}
