// Package sqlitetest makes databases of workspaces for tests without making
// their tables each time, which takes half a second of the processor's time
// under the race detector: SQLite is C, translated.
//
// Start with Open.
package sqlitetest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/amparo-project/amparo/internal/workspace"
	"github.com/amparo-project/amparo/internal/workspace/sqlite"
)

// Open is sqlite.Open for the folder of a test. Where no database is there yet, a
// copy of one is put there that sqlite.Open made, once for all tests of a program.
func Open(ctx context.Context, dir string, now func() time.Time) (*workspace.DB, error) {
	if !sqlite.Exists(dir) {
		data, err := empty()
		if err != nil {
			return nil, err
		}
		f, err := os.OpenFile(filepath.Join(dir, sqlite.File), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, err
		}
		if _, err := f.Write(data); err != nil {
			return nil, errors.Join(err, f.Close())
		}
		if err := f.Close(); err != nil {
			return nil, err
		}
	}
	return sqlite.Open(ctx, dir, now)
}

// empty is a database with all tables and nothing in them.
var empty = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "amparo-sqlitetest")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	db, err := sqlite.Open(context.Background(), dir, time.Now)
	if err != nil {
		return nil, err
	}
	if err := db.Close(); err != nil { // which takes the log into the file
		return nil, err
	}
	return os.ReadFile(filepath.Join(dir, sqlite.File))
})
