package workspace

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/ledger"
)

// Migrate brings the schema up to date, forward only, with a backup before.
// Another process may do the same at the same time. The error wraps ErrNewer
// for a schema that this version does not know.
func Migrate(ctx context.Context, db *DB) error {
	p, err := db.migrations()
	if err != nil {
		return err
	}
	for try := 0; ; try++ {
		err := migrate(ctx, db, p)
		if err == nil || try == 2 || ctx.Err() != nil || errors.Is(err, ErrNewer) || errors.Is(err, ErrDamaged) {
			return err
		}
	}
}

func (db *DB) migrations() (*goose.Provider, error) {
	p, err := goose.NewProvider(database.Dialect(db.Dialect), db.Pool, db.Migrations, goose.WithGoMigrations(
		goose.NewGoMigration(5, &goose.GoFunc{RunTx: db.packObservables}, nil),
	))
	if err != nil {
		return nil, fmt.Errorf("schema of the workspace: %w", err)
	}
	return p, nil
}

// MigrateTo makes the tables of a version, in a database that has those of an
// older one, or none: what a backup of that version is restored into. The error
// wraps ErrNewer for a version that is not known here.
func MigrateTo(ctx context.Context, db *DB, version int64) error {
	p, err := db.migrations()
	if err != nil {
		return err
	}
	now, want, err := p.GetVersions(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("schema of %s: %w", db.Name, db.Explain(err))
	case version > want || now > version:
		return fmt.Errorf("%s: %w: schema %d, where there is %d and %d is known", db.Name, ErrNewer, version, now, want)
	}
	if _, err := p.UpTo(ctx, version); err != nil {
		return fmt.Errorf("schema of %s: %w", db.Name, db.Explain(err))
	}
	return nil
}

// Schemas returns the version of the tables, 0 where there are none, and the
// newest that is known here.
func Schemas(ctx context.Context, db *DB) (now, want int64, err error) {
	p, err := db.migrations()
	if err != nil {
		return 0, 0, err
	}
	now, want, err = p.GetVersions(ctx)
	if err != nil {
		return 0, 0, fmt.Errorf("schema of %s: %w", db.Name, db.Explain(err))
	}
	return now, want, nil
}

// Known reports, as ErrNewer, that a database has tables of a version that is
// not known here. Older ones are no error: who opens it brings them up to date.
func Known(ctx context.Context, db *DB) error {
	now, want, err := Schemas(ctx, db)
	if err == nil && now > want {
		err = fmt.Errorf("%s: %w: its schema is %d and this version knows %d", db.Name, ErrNewer, now, want)
	}
	return err
}

// SchemaIn is the version of the tables as a transaction sees it.
func SchemaIn(ctx context.Context, q interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
},
) (version int64, err error) {
	err = q.QueryRowContext(ctx, "SELECT MAX(version_id) FROM "+goose.DefaultTablename).Scan(&version)
	return version, err
}

func migrate(ctx context.Context, db *DB, p *goose.Provider) error {
	now, want, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("schema of %s: %w", db.Name, db.Explain(err))
	}
	switch {
	case now > want:
		return fmt.Errorf("%s: %w: its schema is %d and this version knows %d", db.Name, ErrNewer, now, want)
	case now == want:
		return db.prepare(ctx)
	case now > 0:
		if err := db.Backup(ctx); err != nil {
			return db.Explain(err)
		}
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("change the schema of %s: %w", db.Name, db.Explain(err))
	}
	return db.prepare(ctx)
}

func (db *DB) prepare(ctx context.Context) error {
	if db.Prepare == nil {
		return nil
	}
	if err := db.Prepare(ctx); err != nil {
		return fmt.Errorf("change the schema of %s: %w", db.Name, db.Explain(err))
	}
	return nil
}

// packObservables is the fifth migration: values that lay in a row each are
// packed by run. It is Go, for both databases, because what it writes is made
// by the code that a check uses.
func (db *DB) packObservables(ctx context.Context, sqlTx *sql.Tx) error {
	blob := "BLOB"
	if db.Dialect == "postgres" {
		blob = "BYTEA"
	}
	t := &tx{Tx: sqlTx, w: &Workspace{db: db}, ctx: ctx}
	t.exec("CREATE TABLE observed (run_n BIGINT NOT NULL, part BIGINT NOT NULL, packed " + blob + " NOT NULL, PRIMARY KEY (run_n, part))")
	t.exec("CREATE TABLE observed_marks (run_n BIGINT PRIMARY KEY, marks " + blob + " NOT NULL)")
	if db.Dialect == "postgres" { // both are as dense as they get
		t.exec("ALTER TABLE observed ALTER COLUMN packed SET STORAGE EXTERNAL")
		t.exec("ALTER TABLE observed_marks ALTER COLUMN marks SET STORAGE EXTERNAL")
	}
	runs, err := t.numbers("SELECT DISTINCT run_n FROM sighting ORDER BY run_n")
	if err != nil {
		return err
	}
	for _, run := range runs {
		seen, err := t.rowsOf(run)
		if err != nil {
			return err
		}
		if err := t.index(run, seen); err != nil {
			return err
		}
	}
	for _, table := range []string{"sighting", "observable_key", "observable"} {
		t.exec("DROP TABLE " + table)
	}
	return t.err
}

func (t *tx) numbers(query string, args ...any) ([]int64, error) {
	if t.err != nil {
		return nil, t.err
	}
	rows, err := t.QueryContext(t.ctx, query, args...)
	if err != nil {
		return nil, t.w.fail("read", err)
	}
	defer rows.Close()
	var out []int64
	for rows.Next() {
		var n int64
		if err := rows.Scan(&n); err != nil {
			return nil, t.w.fail("read", err)
		}
		out = append(out, n)
	}
	return out, t.w.fail("read", rows.Err())
}

// rowsOf reads the sightings of a run in a workspace of the second schema.
func (t *tx) rowsOf(run int64) ([]Sighting, error) {
	list, err := t.texts(`SELECT o.type, o.value, s.artifact, s.first, s.last FROM sighting s
		JOIN observable o ON o.id = s.observable_id WHERE s.run_n = $1`, 5, run)
	if err != nil {
		return nil, err
	}
	seen := make([]Sighting, len(list))
	for i, row := range list {
		seen[i] = Sighting{Type: artifact.ObservableType(row[0]), Value: row[1], Artifact: row[2]}
		if row[3] == "" {
			continue
		}
		var err1, err2 error
		seen[i].First, err1 = time.Parse(ledger.TimeLayout, row[3])
		seen[i].Last, err2 = time.Parse(ledger.TimeLayout, row[4])
		if err := errors.Join(err1, err2); err != nil {
			return nil, fmt.Errorf("%w: time of a sighting: %w", ErrDamaged, err)
		}
	}
	return seen, nil
}
