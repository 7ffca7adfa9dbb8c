// Package sqlite keeps a workspace in one SQLite database: a file in the
// workspace's folder.
package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/amparo-project/amparo/internal/workspace"
)

//go:embed migrations/*.sql
var migrations embed.FS

// File is the name of the database in a workspace's folder.
const File = "workspace.db"

// BackupDir holds a copy of the database from before each change of its schema.
const BackupDir = "backups"

// pragmas: every commit is on the disk when it returns; what is deleted is
// overwritten, for a key that was destroyed must be gone; another process is
// waited for.
var pragmas = []string{"journal_mode(wal)", "synchronous(full)", "foreign_keys(on)", "secure_delete(on)", "busy_timeout(60000)", "cache_size(-65536)"}

// Open opens, or creates, the database in the folder dir. The error wraps workspace.ErrNewer, or workspace.ErrDamaged.
func Open(ctx context.Context, dir string, now func() time.Time) (*workspace.DB, error) {
	db, err := Connect(dir, now)
	if err != nil {
		return nil, err
	}
	if err := workspace.Migrate(ctx, db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// connections is how many a process has at most.
const connections = 4

// Connect opens the database as it is: its tables may be old, or missing.
func Connect(dir string, now func() time.Time) (*workspace.DB, error) {
	name := filepath.Join(dir, File)
	query := url.Values{"_txlock": {"immediate"}, "_pragma": pragmas}
	pool, err := sql.Open("sqlite", "file:"+(&url.URL{Path: name}).EscapedPath()+"?"+query.Encode())
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections) // a new one reads the schema and prepares its statements again
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return &workspace.DB{
		Pool: pool, Dialect: "sqlite3", Migrations: files, Name: name, Explain: explain,
		Backup: func(ctx context.Context) error { return backup(ctx, pool, dir, now()) },
		Scrub: func(ctx context.Context) error {
			_, err := pool.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
			return errors.Join(err, os.RemoveAll(filepath.Join(dir, BackupDir)))
		},
	}, nil
}

// Exists reports whether a folder has a database.
func Exists(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, File))
	return err == nil
}

// backup copies the database beside it, whole and by itself.
func backup(ctx context.Context, pool *sql.DB, dir string, now time.Time) error {
	to := filepath.Join(dir, BackupDir)
	if err := os.MkdirAll(to, 0o700); err != nil {
		return fmt.Errorf("backup of the workspace: %w", err)
	}
	name := filepath.Join(to, now.UTC().Format("20060102T150405.000000Z")+".db")
	if _, err := pool.ExecContext(ctx, "VACUUM INTO $1", name); err != nil {
		return fmt.Errorf("backup of the workspace: %w", err)
	}
	return os.Chmod(name, 0o600)
}

// ioerrSHMSize is SQLITE_IOERR_SHMSIZE (https://sqlite.org/rescode.html).
const ioerrSHMSize = sqlite3.SQLITE_IOERR | 19<<8

// explain gives errors of the engine the meaning that commands act on.
func explain(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	if e.Code() == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY { // what it refers to was erased this moment
		return fmt.Errorf("%w: %w", workspace.ErrBusy, err)
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("%w: %w", workspace.ErrDamaged, err)
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("%w: %w", workspace.ErrDiskFull, err)
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN:
		return fmt.Errorf("%w: %w", workspace.ErrReadOnly, err)
	case sqlite3.SQLITE_IOERR:
		// The shared memory of the log cannot grow: on a full disk that is what
		// fails first.
		if e.Code() == ioerrSHMSize || strings.Contains(err.Error(), "disk is full") {
			return fmt.Errorf("%w: %w", workspace.ErrDiskFull, err)
		}
	}
	return err
}
