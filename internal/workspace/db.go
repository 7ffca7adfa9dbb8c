package workspace

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"github.com/amparo-project/amparo/internal/seal"
)

// Errors that say what to do.
var (
	ErrNotFound  = errors.New("not found")
	ErrNewer     = errors.New("the workspace was written by a newer version of Amparo")
	ErrDamaged   = errors.New("the database is damaged")
	ErrDiskFull  = errors.New("the disk is full")
	ErrReadOnly  = errors.New("the workspace cannot be written")
	ErrNone      = errors.New("there is no workspace here")
	ErrExists    = errors.New("there is a workspace here already")
	ErrNotMember = errors.New("this identity belongs to no member of the workspace")
	ErrNoAccess  = errors.New("this identity belongs to no member of the case")
	ErrNoConsent = errors.New("no consent")
	ErrErased    = errors.New("the evidence was erased when consent was withdrawn")
	ErrClosed    = errors.New("the case is closed")
	ErrInvalid   = errors.New("not valid")
	ErrBusy      = errors.New("another process is storing the same")
	ErrConflict  = errors.New("somebody else decided meanwhile")

	ErrNotAllowed  = errors.New("not allowed")
	ErrUnreachable = errors.New("the database cannot be reached")
	ErrCertificate = errors.New("the certificate of the database is not valid")
	ErrCrowded     = errors.New("the database takes no more connections")
	ErrNoEntry     = errors.New("the database does not let the program in")
)

// DB is a database that holds a workspace: what drivers open.
type DB struct {
	Pool       *sql.DB
	Dialect    string // "sqlite3", "postgres"
	Migrations fs.FS
	Name       string // for messages; holds no secret
	// Explain wraps an error of the engine in one of this package.
	Explain func(error) error
	// Queue brings jobs to processes; nil: they look into the table.
	Queue Queue
	// Prepare brings the tables of Queue up to date, which are not in Migrations.
	// nil: there are none.
	Prepare func(context.Context) error
	// Backup keeps a copy from before a change of the schema.
	Backup func(context.Context) error
	// Scrub makes sure that what was deleted cannot be read from the files of
	// the database, or from copies that Backup made.
	Scrub func(context.Context) error

	once sync.Once
	ring *seal.Ring // of what members opened lately
	acts sync.Mutex // held by the one act of this process that is under way
}

// open readies what all members of a database share.
func (db *DB) open(now func() time.Time) {
	db.once.Do(func() { db.ring = seal.NewRing(now) })
}

// Forget drops what is remembered of fields that were opened: keys of cases and
// what they open. Whoever still works opens them again.
func (w *Workspace) Forget() { w.db.ring.Forget() }

// fail says of an error of the database what it was about; nil where there is
// none.
func (db *DB) fail(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, db.Explain(err))
}

// Close closes the database.
func (db *DB) Close() error { return db.Pool.Close() }
