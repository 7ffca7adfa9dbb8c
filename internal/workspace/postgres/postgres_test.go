package postgres_test

import (
	"os"
	"strconv"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver of database/sql

	"github.com/amparo-project/amparo/internal/workspace"
	"github.com/amparo-project/amparo/internal/workspace/postgres"
	"github.com/amparo-project/amparo/internal/workspace/postgres/postgrestest"
	"github.com/amparo-project/amparo/internal/workspace/workspacetest"
)

func open(t testing.TB, at string) *workspace.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func TestPostgres(t *testing.T) {
	t.Parallel()
	postgrestest.Server(t)
	urls := map[string]string{} // by the name of the database
	at := make(chan map[string]string, 1)
	at <- urls
	workspacetest.Exercise(t,
		func(t *testing.T) *workspace.DB {
			t.Helper()
			u := postgrestest.Database(t)
			db := open(t, u)
			m := <-at
			m[db.Name] = u
			at <- m
			return db
		},
		func(t *testing.T, db *workspace.DB) *workspace.DB {
			t.Helper()
			m := <-at
			u := m[db.Name]
			at <- m
			return open(t, u)
		})
}

// copies lists the schemas that hold a copy of the workspace.
func copies(t *testing.T, db *workspace.DB) (list []string) {
	t.Helper()
	err := db.Pool.QueryRowContext(t.Context(), "SELECT COALESCE(string_agg(nspname, ','), '') FROM pg_namespace WHERE starts_with(nspname, $1)",
		postgres.BackupPrefix).Scan((*joined)(&list))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

type joined []string

func (j *joined) Scan(v any) error {
	*j = strings.FieldsFunc(v.(string), func(r rune) bool { return r == ',' })
	return nil
}

// TestMigrations also looks for the copy from before the change of the schema,
// and that destroying what was erased reaches it.
func TestMigrations(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("in one goroutine: the race detector finds nothing")
	}
	postgrestest.Server(t)
	workspacetest.Migrations(t,
		func(t *testing.T) *workspace.DB {
			t.Helper()
			db, err := postgres.Connect(postgrestest.Database(t))
			if err != nil {
				t.Fatal(err)
			}
			return db
		},
		func(t *testing.T, db *workspace.DB, version int64) {
			t.Helper()
			list := copies(t, db)
			if len(list) != 1 {
				t.Fatal(list)
			}
			var was, entries int64
			err := db.Pool.QueryRowContext(t.Context(), "SELECT (SELECT MAX(version_id) FROM "+list[0]+".goose_db_version), (SELECT COUNT(*) FROM "+list[0]+".ledger_entry)").
				Scan(&was, &entries)
			if err != nil || was != version || entries != 16 {
				t.Errorf("the copy has schema %d and %d entries: %v", was, entries, err)
			}
			if err := db.Scrub(t.Context()); err != nil {
				t.Fatal(err)
			}
			if left := copies(t, db); len(left) != 0 {
				t.Errorf("%v is left", left)
			}
		})
}

func TestAway(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("in one goroutine: the race detector finds nothing")
	}
	at := postgrestest.Database(t)
	line := postgrestest.NewLine(t, at)
	db, through := open(t, at), open(t, line.URL)
	t.Cleanup(func() { _ = db.Close(); _ = through.Close() })
	workspacetest.Away(t, db, through, line)
}

func TestNoSecretInErrors(t *testing.T) {
	t.Parallel()
	_, err := postgres.Open(t.Context(), "postgres://u:hunter2@127.0.0.1:1/x?connect_timeout=1")
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}

func BenchmarkHunt(b *testing.B) {
	n, err := strconv.Atoi(os.Getenv("AMPARO_BENCH_DEVICES"))
	if err != nil {
		n = 20
	}
	db := open(b, postgrestest.Database(b))
	defer db.Close()
	workspacetest.Hunting(b, db, n)
}

func BenchmarkHuntOfMany(b *testing.B) {
	n, err := strconv.Atoi(os.Getenv("AMPARO_BENCH_DEVICES"))
	if err != nil {
		n = 20
	}
	db := open(b, postgrestest.Database(b))
	defer db.Close()
	workspacetest.HuntingMany(b, db, n)
}

func BenchmarkViews(b *testing.B) {
	db := open(b, postgrestest.Database(b))
	defer db.Close()
	workspacetest.Looking(b, db)
}
