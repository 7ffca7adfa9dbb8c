package web

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"net/url"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/amparo-project/amparo/internal/workspace"
	"github.com/amparo-project/amparo/internal/workspace/sqlite"
)

// statements counts what a database is asked for one request: it is a value of
// the request's context.
type statements struct{ n atomic.Int64 }

type statementsKey struct{}

func counted(ctx context.Context) {
	if n, ok := ctx.Value(statementsKey{}).(*statements); ok {
		n.n.Add(1)
	}
}

// countedDatabase opens the database in a folder so that its statements are
// counted.
func countedDatabase(t *testing.T, dir string, f *fixture) *workspace.DB {
	t.Helper()
	db, err := sqlite.Open(t.Context(), dir, f.now)
	if err != nil {
		t.Fatal(err)
	}
	inner := db.Pool.Driver()
	if err := db.Pool.Close(); err != nil {
		t.Fatal(err)
	}
	query := url.Values{"_txlock": {"immediate"}, "_pragma": {"journal_mode(wal)", "synchronous(off)", "foreign_keys(on)", "busy_timeout(60000)"}}
	db.Pool = sql.OpenDB(&counting{inner, "file:" + filepath.Join(dir, sqlite.File) + "?" + query.Encode()})
	db.Pool.SetMaxOpenConns(4)
	return db
}

// counting is a connector between database/sql and a driver.
type counting struct {
	inner driver.Driver
	name  string
}

// Connect implements driver.Connector.
func (c *counting) Connect(context.Context) (driver.Conn, error) {
	conn, err := c.inner.Open(c.name)
	return &countedConn{conn}, err
}

// Driver implements driver.Connector.
func (c *counting) Driver() driver.Driver { return c.inner }

type countedConn struct{ driver.Conn }

// QueryContext implements driver.QueryerContext.
func (c *countedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	counted(ctx)
	q, ok := c.Conn.(driver.QueryerContext)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return q.QueryContext(ctx, query, args)
}

// ExecContext implements driver.ExecerContext.
func (c *countedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	counted(ctx)
	e, ok := c.Conn.(driver.ExecerContext)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return e.ExecContext(ctx, query, args)
}

// BeginTx implements driver.ConnBeginTx.
func (c *countedConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	b, ok := c.Conn.(driver.ConnBeginTx)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return b.BeginTx(ctx, o)
}
