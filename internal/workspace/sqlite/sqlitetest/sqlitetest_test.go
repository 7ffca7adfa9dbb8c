package sqlitetest_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/workspace"
	"github.com/amparo-project/amparo/internal/workspace/sqlite"
	"github.com/amparo-project/amparo/internal/workspace/sqlite/sqlitetest"
)

// schema opens a database, has a statement run in it, and returns the tables that
// it then has and the migrations that made them.
func schema(t *testing.T, open func(context.Context, string, func() time.Time) (*workspace.DB, error), dir, statement string) (list []string) {
	t.Helper()
	db, err := open(t.Context(), dir, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Pool.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
	rows, err := db.Pool.QueryContext(t.Context(), "SELECT name || ' ' || coalesce(sql, '') FROM sqlite_master UNION ALL SELECT 'version ' || version_id FROM goose_db_version ORDER BY 1")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		list = append(list, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

// TestOpen holds that a copy has what a database has that was made in its place,
// and that one which is there already stays.
func TestOpen(t *testing.T) {
	t.Parallel()
	want := schema(t, sqlite.Open, t.TempDir(), "SELECT 1")
	if len(want) < 20 {
		t.Fatalf("a workspace has %q", want)
	}
	for range 2 {
		dir := t.TempDir()
		if got := schema(t, sqlitetest.Open, dir, "SELECT 1"); !slices.Equal(got, want) {
			t.Errorf("a copy has %q, want %q", got, want)
		}
		schema(t, sqlitetest.Open, dir, "CREATE TABLE stays (x)")
		if got := schema(t, sqlitetest.Open, dir, "SELECT 1"); !slices.Contains(got, "stays CREATE TABLE stays (x)") {
			t.Errorf("a table is gone: %q", got)
		}
	}
}
