package sqlite_test

import (
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/format/sqlite"
	"github.com/amparo-project/amparo/internal/testevidence/history"
)

// keyedDB returns the bytes of a database that the statements make.
func keyedDB(t *testing.T, statements ...string) []byte {
	t.Helper()
	name := filepath.Join(t.TempDir(), "t.db")
	conn, err := sql.Open("sqlite", name)
	if err != nil {
		t.Fatal(err)
	}
	conn.SetMaxOpenConns(1)
	for _, st := range statements {
		if _, err := conn.ExecContext(t.Context(), st); err != nil {
			t.Fatalf("%s: %v", st, err)
		}
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

const keyedRows = 400

// fillKeyed returns statements that fill table (key, value) and delete two
// thirds of it, so that whole leaves go to the freelist.
func fillKeyed(table string) []string {
	list := make([]string, 0, keyedRows+1)
	for i := range keyedRows {
		list = append(list, fmt.Sprintf("INSERT INTO %s VALUES ('key %04d', '%s')", table, i, strings.Repeat(fmt.Sprintf("value %04d ", i), 6)))
	}
	return append(list, fmt.Sprintf("DELETE FROM %s WHERE key < 'key 0266'", table))
}

// TestKeyedOnFreedPages: rows of a table WITHOUT ROWID are recovered from the
// leaves that it gave back, each with its own values.
func TestKeyedOnFreedPages(t *testing.T) {
	t.Parallel()
	data := keyedDB(t, append([]string{
		"PRAGMA page_size = 1024", "CREATE TABLE kept (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID",
		"CREATE TABLE other (id INTEGER PRIMARY KEY, name TEXT)", "CREATE INDEX by_name ON other (name)",
	}, fillKeyed("kept")...)...)
	found := map[string]bool{}
	recovered(t, openHistory(t, &history.History{DB: data}), func(v history.Version, r *sqlite.Row) {
		key, _ := v.Values[0].(string)
		value, _ := v.Values[1].(string)
		number := strings.TrimPrefix(key, "key ")
		if v.Table != "kept" || value != strings.Repeat("value "+number+" ", 6) || number >= "0266" {
			t.Errorf("%v never was deleted", v)
		}
		if !bytes.Contains(data[r.Offset():r.Offset()+r.Length()], []byte(key)) {
			t.Errorf("%s does not lie at %d", key, r.Offset())
		}
		found[key] = true
	})
	if len(found) < 230 { // what a trunk of the freelist wrote over is lost
		t.Errorf("%d of 266 deleted rows are recovered", len(found))
	}
}

// TestEntriesOfAnIndexAreNoRows: freed leaves of indexes that look like rows of
// a table WITHOUT ROWID give none.
func TestEntriesOfAnIndexAreNoRows(t *testing.T) {
	t.Parallel()
	for _, schema := range []string{
		// entries of by_key are (key, id), as rows of pairs are
		"CREATE TABLE plain (key TEXT, value TEXT); CREATE INDEX by_key ON plain (key); CREATE TABLE pairs (name TEXT PRIMARY KEY, n INTEGER) WITHOUT ROWID",
		// entries of by_value are (value, key), and rows (key, value)
		"CREATE TABLE plain (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID; CREATE INDEX by_value ON plain (value)",
	} {
		statements := append(append([]string{"PRAGMA page_size = 1024"}, strings.Split(schema, "; ")...), fillKeyed("plain")...)
		recovered(t, openHistory(t, &history.History{DB: keyedDB(t, statements...)}), func(v history.Version, _ *sqlite.Row) {
			key, _ := v.Values[0].(string)
			if v.Table == "pairs" || !strings.HasPrefix(key, "key ") {
				t.Errorf("%s: %v never was", schema, v)
			}
		})
	}
}
