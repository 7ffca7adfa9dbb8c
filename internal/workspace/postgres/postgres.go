// Package postgres keeps a workspace in a PostgreSQL database, for a team.
package postgres

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/amparo-project/amparo/internal/workspace"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Open opens the workspace at a postgres:// URL. The database must exist; its
// tables are made. The error never holds the URL, which may hold a password.
func Open(ctx context.Context, url string) (*workspace.DB, error) {
	conf, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, errors.New("the URL of the PostgreSQL database cannot be read")
	}
	pool := stdlib.OpenDB(*conf)
	pool.SetMaxOpenConns(16)
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	db := &workspace.DB{
		Pool: pool, Dialect: "postgres", Migrations: files, Explain: explain,
		Name:   fmt.Sprintf("PostgreSQL %s:%d/%s", conf.Host, conf.Port, conf.Database),
		Backup: func(ctx context.Context) error { return keep(ctx, pool) },
		Scrub:  func(ctx context.Context) error { return scrub(ctx, pool) },
	}
	if err := workspace.Migrate(ctx, db); err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return db, nil
}

// keep does nothing: PostgreSQL changes its schema in a transaction, and its
// backups are those of its administrators.
func keep(context.Context, *sql.DB) error { return nil }

// scrub removes the dead rows that hold what was deleted.
func scrub(ctx context.Context, pool *sql.DB) error {
	for _, table := range []string{"evidence", "bundle_batch", "segment", "segment_ref", "finding"} {
		if _, err := pool.ExecContext(ctx, "VACUUM "+table); err != nil {
			return fmt.Errorf("vacuum: %w", err)
		}
	}
	return nil
}

// explain gives errors of the server the meaning that commands act on.
func explain(err error) error {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return err
	}
	switch {
	case e.Code == "53100": // disk_full
		return fmt.Errorf("%w: %w", workspace.ErrDiskFull, err)
	case e.Code == "25006": // read_only_sql_transaction
		return fmt.Errorf("%w: %w", workspace.ErrReadOnly, err)
	case e.Code[:2] == "XX": // internal_error, data_corrupted
		return fmt.Errorf("%w: %w", workspace.ErrDamaged, err)
	}
	return err
}
