package backup

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pressly/goose/v3"

	"github.com/amparo-project/amparo/internal/workspace"
)

// left are tables that no backup holds: what ends with the server anyway, and
// what an engine keeps for itself.
func left(table string) bool {
	switch table {
	case goose.DefaultTablename, "session", "ceremony", "api_once", "guess":
		return true
	}
	return strings.HasPrefix(table, "sqlite_") || strings.HasPrefix(table, "river_")
}

// dialect is the SQL in which the two databases differ.
type dialect struct {
	tables  string // names of all tables
	needs   string // pairs: a table, and one that its rows refer to
	columns string // of a table, in order
	quote   string // between INSERT INTO … (…) and VALUES
}

var dialects = map[string]dialect{
	"sqlite3": {
		tables:  "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name",
		needs:   `SELECT m.name, f."table" FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table'`,
		columns: "SELECT name FROM pragma_table_info($1) ORDER BY cid",
	},
	"postgres": {
		tables: "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename",
		needs: `SELECT a.relname, b.relname FROM pg_constraint c JOIN pg_class a ON a.oid = c.conrelid JOIN pg_class b ON b.oid = c.confrelid
			JOIN pg_namespace s ON s.oid = a.relnamespace WHERE c.contype = 'f' AND s.nspname = current_schema()`,
		columns: "SELECT column_name::text FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position",
		quote:   "OVERRIDING SYSTEM VALUE ",
	},
}

// ErrEngine says that a database is of a kind that this package does not know.
var ErrEngine = errors.New("unknown kind of database")

func dialectOf(db *workspace.DB) (dialect, error) {
	d, ok := dialects[db.Dialect]
	if !ok {
		return d, fmt.Errorf("%s: %w", db.Dialect, ErrEngine)
	}
	return d, nil
}

// tables lists the tables that a backup holds, each after those that its rows
// refer to.
func (d dialect) list(ctx context.Context, tx *sql.Tx) ([]string, error) {
	names, err := rows(ctx, tx, 1, d.tables)
	if err != nil {
		return nil, err
	}
	pairs, err := rows(ctx, tx, 2, d.needs)
	if err != nil {
		return nil, err
	}
	needs := map[string][]string{}
	for _, p := range pairs {
		if p[0] != p[1] {
			needs[p[0]] = append(needs[p[0]], p[1])
		}
	}
	var out []string
	var put func(name string, depth int) error
	put = func(name string, depth int) error {
		if slices.Contains(out, name) || left(name) {
			return nil
		}
		if depth > len(names) {
			return fmt.Errorf("tables refer to each other in a circle: %s: %w", name, ErrEngine)
		}
		for _, n := range needs[name] {
			if err := put(n, depth+1); err != nil {
				return err
			}
		}
		out = append(out, name)
		return nil
	}
	for _, n := range names {
		if err := put(n[0], 0); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// rows reads columns of text.
func rows(ctx context.Context, tx *sql.Tx, columns int, query string, args ...any) ([][]string, error) {
	list, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer list.Close()
	var out [][]string
	for list.Next() {
		row := make([]string, columns)
		at := make([]any, columns)
		for i := range row {
			at[i] = &row[i]
		}
		if err := list.Scan(at...); err != nil {
			return nil, err
		}
		out = append(out, row)
	}
	return out, list.Err()
}

// quoted is a name as both databases write it. Names come from migrations, or
// were compared with them.
func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func quotedAll(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = quoted(n)
	}
	return strings.Join(out, ", ")
}
