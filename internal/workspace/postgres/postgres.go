// Package postgres keeps a workspace in a PostgreSQL database, for a team.
package postgres

import (
	"context"
	"crypto/x509"
	"database/sql"
	"database/sql/driver"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"strings"
	"syscall"
	"time"

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
	db, err := Connect(url)
	if err != nil {
		return nil, err
	}
	if err := workspace.Migrate(ctx, db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// Of one process: how many connections it has at most, and for how long one
// that is not used stays open.
const (
	connections = 16
	idle        = 5 * time.Minute
)

// Connect opens the database as it is: its tables may be old, or missing.
func Connect(url string) (*workspace.DB, error) {
	conf, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, errors.New("the URL of the PostgreSQL database cannot be read")
	}
	pool := stdlib.OpenDB(*conf)
	// Connections stay open between bursts: a new one is a process of the server
	// and the statements prepared again, which costs more than most of the queries.
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections)
	pool.SetConnMaxIdleTime(idle)
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	q, err := newQueue(pool, url)
	if err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return &workspace.DB{
		Pool: pool, Dialect: "postgres", Migrations: files, Explain: explain, Queue: q, Prepare: q.prepare,
		Name:   fmt.Sprintf("PostgreSQL %s:%d/%s", conf.Host, conf.Port, conf.Database),
		Backup: func(ctx context.Context) error { return keep(ctx, pool) },
		Scrub:  func(ctx context.Context) error { return scrub(ctx, pool) },
	}, nil
}

// BackupPrefix begins the names of schemas that hold copies of all tables from
// before a change of the schema.
const BackupPrefix = "amparo_before_"

// keep copies all tables, as they are at one moment, into a schema of their
// own. The server's administrators make the backups that leave the machine.
func keep(ctx context.Context, pool *sql.DB) error {
	tx, err := pool.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead})
	if err != nil {
		return fmt.Errorf("backup of the workspace: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	tables, err := texts(ctx, tx, "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1")
	if err != nil {
		return err
	}
	to, err := texts(ctx, tx, "SELECT '"+BackupPrefix+"' || to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYYMMDD\"t\"HH24MISSUS')")
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "CREATE SCHEMA "+to[0]); err != nil {
		return fmt.Errorf("backup of the workspace: %w", err)
	}
	for _, table := range tables {
		name := pgx.Identifier{table}.Sanitize()
		if _, err := tx.ExecContext(ctx, "CREATE TABLE "+to[0]+"."+name+" AS TABLE "+name); err != nil {
			return fmt.Errorf("backup of the workspace: table %s: %w", table, err)
		}
	}
	return tx.Commit()
}

// queryer is a database or a transaction.
type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// texts reads one column.
func texts(ctx context.Context, q queryer, query string) ([]string, error) {
	rows, err := q.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

// scrub removes the dead rows that hold what was deleted, and the copies that
// keep made.
func scrub(ctx context.Context, pool *sql.DB) error {
	copies, err := texts(ctx, pool, "SELECT nspname FROM pg_namespace WHERE starts_with(nspname, '"+BackupPrefix+"')")
	if err != nil {
		return fmt.Errorf("copies of the workspace: %w", err)
	}
	for _, name := range copies {
		if _, err := pool.ExecContext(ctx, "DROP SCHEMA IF EXISTS "+pgx.Identifier{name}.Sanitize()+" CASCADE"); err != nil {
			return fmt.Errorf("copies of the workspace: %w", err)
		}
	}
	for _, table := range []string{"evidence", "bundle_batch", "segment", "segment_ref", "finding", "observed", "observed_marks", "hunted", "job", "kept"} {
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
		if badCertificate(err) {
			return fmt.Errorf("%w: %w: %w", workspace.ErrUnreachable, workspace.ErrCertificate, err)
		}
		if unreachable(err) {
			return fmt.Errorf("%w: %w", workspace.ErrUnreachable, err)
		}
		return err
	}
	switch {
	case e.Code == "53300": // too_many_connections
		return fmt.Errorf("%w: %w: %w", workspace.ErrUnreachable, workspace.ErrCrowded, err)
	case strings.HasPrefix(e.Code, "28"), e.Code == "3D000": // invalid_authorization_specification, invalid_catalog_name
		return fmt.Errorf("%w: %w: %w", workspace.ErrUnreachable, workspace.ErrNoEntry, err)
	case strings.HasPrefix(e.Code, "08"), strings.HasPrefix(e.Code, "57P"): // connection_exception, operator_intervention
		return fmt.Errorf("%w: %w", workspace.ErrUnreachable, err)
	case e.Code == "23503": // foreign_key_violation: what it refers to was erased this moment
		return fmt.Errorf("%w: %w", workspace.ErrBusy, err)
	case e.Code == "53100": // disk_full
		return fmt.Errorf("%w: %w", workspace.ErrDiskFull, err)
	case e.Code == "25006": // read_only_sql_transaction
		return fmt.Errorf("%w: %w", workspace.ErrReadOnly, err)
	case e.Code[:2] == "XX": // internal_error, data_corrupted
		return fmt.Errorf("%w: %w", workspace.ErrDamaged, err)
	}
	return err
}

// badCertificate reports whether the server showed a certificate that is not
// to be trusted.
func badCertificate(err error) bool {
	var invalid x509.CertificateInvalidError
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	return errors.As(err, &invalid) || errors.As(err, &unknown) || errors.As(err, &host)
}

// unreachable reports whether the server could not be asked, and may be later.
func unreachable(err error) bool {
	var connect *pgconn.ConnectError
	var network *net.OpError
	return errors.As(err, &connect) || errors.As(err, &network) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || pgconn.SafeToRetry(err)
}
