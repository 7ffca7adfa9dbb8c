package job_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/workspace"
)

// mortal is the life of a process: it ends right before something lasts, at its
// database or its store, or when that was done and before it hears the answer.
// Elsewhere a death leaves the same as at one of these: of what was not committed
// the database keeps nothing.
type mortal struct{ left atomic.Int64 }

// lasts does something that lasts, unless the process dies before.
func (m *mortal) lasts(do func() error) error {
	if m.left.Add(-1) <= 0 {
		return errKilled
	}
	err := do()
	if m.left.Add(-1) <= 0 {
		return errKilled
	}
	return err
}

func (m *mortal) dead() bool { return m.left.Load() <= 0 }

// database is a process's own way to a database: all goes by m.
func (m *mortal) database(db *workspace.DB, dsn string) *workspace.DB {
	pool := sql.OpenDB(mortalConnector{db.Pool.Driver(), dsn, m})
	return &workspace.DB{Pool: pool, Dialect: db.Dialect, Migrations: db.Migrations, Name: db.Name, Explain: db.Explain, Queue: db.Queue, Scrub: db.Scrub}
}

type mortalConnector struct {
	driver driver.Driver
	dsn    string
	m      *mortal
}

func (c mortalConnector) Driver() driver.Driver { return c.driver }

func (c mortalConnector) Connect(context.Context) (driver.Conn, error) {
	if c.m.dead() {
		return nil, errKilled
	}
	conn, err := c.driver.Open(c.dsn)
	if err != nil {
		return nil, err
	}
	return &mortalConn{conn, c.m, false}, nil
}

// mortalConn passes on what both drivers can.
type mortalConn struct {
	driver.Conn
	m    *mortal
	inTx bool
}

func (c *mortalConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (res driver.Result, err error) {
	exec := func() error {
		res, err = c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args) //nolint:forcetypeassert // both do
		return err
	}
	if !c.inTx {
		return res, c.m.lasts(exec)
	}
	if c.m.dead() {
		return nil, errKilled
	}
	return res, exec()
}

// QueryContext only reads where there is no transaction.
func (c *mortalConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if c.m.dead() {
		return nil, errKilled
	}
	if !c.inTx && !strings.HasPrefix(strings.TrimSpace(query), "SELECT") {
		return nil, fmt.Errorf("it may write and is not counted: %s", query)
	}
	return c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args) //nolint:forcetypeassert // both do
}

func (c *mortalConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	if c.m.dead() {
		return nil, errKilled
	}
	s, err := c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, query) //nolint:forcetypeassert // both do
	if err != nil {
		return nil, err
	}
	if !c.inTx {
		return nil, fmt.Errorf("it may write and is not counted: %s", query)
	}
	return mortalStmt{s, c.m}, nil
}

func (c *mortalConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	if c.m.dead() {
		return nil, errKilled
	}
	tx, err := c.Conn.(driver.ConnBeginTx).BeginTx(ctx, o) //nolint:forcetypeassert // both do
	if err != nil {
		return nil, err
	}
	c.inTx = true
	return mortalTx{tx, c}, nil
}

func (c *mortalConn) CheckNamedValue(v *driver.NamedValue) error {
	if checker, ok := c.Conn.(driver.NamedValueChecker); ok {
		return checker.CheckNamedValue(v)
	}
	return driver.ErrSkip
}

func (c *mortalConn) ResetSession(ctx context.Context) error {
	if r, ok := c.Conn.(driver.SessionResetter); ok {
		return r.ResetSession(ctx)
	}
	return nil
}

type mortalStmt struct {
	driver.Stmt
	m *mortal
}

func (s mortalStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	if s.m.dead() {
		return nil, errKilled
	}
	return s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args) //nolint:forcetypeassert // both do
}

func (s mortalStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	if s.m.dead() {
		return nil, errKilled
	}
	return s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args) //nolint:forcetypeassert // both do
}

// mortalTx is rolled back by the database where its process is gone.
type mortalTx struct {
	driver.Tx
	c *mortalConn
}

func (t mortalTx) Commit() error {
	committed := false
	err := t.c.m.lasts(func() error { committed = true; return t.Tx.Commit() })
	if !committed {
		_ = t.Tx.Rollback() // nobody hears what comes of it
	}
	t.c.inTx = false
	return err
}

func (t mortalTx) Rollback() error {
	t.c.inTx = false
	return t.Tx.Rollback()
}

// store is a process's own way to a store.
func (m *mortal) store(s vault.Store) vault.Store { return mortalStore{s, m} }

type mortalStore struct {
	vault.Store
	m *mortal
}

func (s mortalStore) Create(ctx context.Context, id string) (vault.Writer, error) {
	if s.m.dead() {
		return nil, errKilled
	}
	w, err := s.Store.Create(ctx, id)
	if err != nil {
		return nil, err
	}
	return mortalWriter{w, s.m}, nil
}

func (s mortalStore) Delete(ctx context.Context, id string) error {
	return s.m.lasts(func() error { return s.Store.Delete(ctx, id) })
}

type mortalWriter struct {
	vault.Writer
	m *mortal
}

func (w mortalWriter) Commit() error { return w.m.lasts(w.Writer.Commit) }
