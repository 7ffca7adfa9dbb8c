package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/amparo-project/amparo/internal/ops"
	"github.com/amparo-project/amparo/internal/vault/stores"
	"github.com/amparo-project/amparo/internal/workspace"
	"github.com/amparo-project/amparo/internal/workspace/sqlite"
)

// opsFlags are those of commands that run until they are stopped.
type opsFlags struct {
	OpsAddr string `help:"ops_addr" placeholder:"HOST:PORT"`
}

// errStopping says that a command was told to end, and finishes what it began.
var errStopping = errors.New("it ends")

// operations is what the operator of a running command watches.
type operations struct {
	*ops.Watch
	ws *wsFlags

	mu   sync.Mutex
	db   *workspace.DB // guarded by mu; to ask whether it answers
	told bool          // guarded by mu: of the database that the command opened

	known atomic.Bool // the tables were of a version that is known here
}

// operate begins to watch, and listens for whoever does. What it returns ends
// that.
func (f *opsFlags) operate(a *app, service string, ws *wsFlags) (o *operations, stop func() error, err error) {
	o = &operations{Watch: ops.New(Version), ws: ws}
	untrace, err := o.Trace(a.ctx, service, Version)
	if err != nil {
		return nil, nil, err
	}
	var server *http.Server
	if f.OpsAddr != "" {
		ln, err := new(net.ListenConfig).Listen(a.ctx, "tcp", f.OpsAddr)
		if err != nil {
			return nil, nil, err
		}
		server = &http.Server{Handler: o.Handler(func(ctx context.Context) error {
			if a.ctx.Err() != nil {
				return errStopping
			}
			return o.ready(&app{a.Streams, a.Printer, ctx})
		}), ReadHeaderTimeout: 5 * time.Second}
		go func() { _ = server.Serve(ln) }() // its end is ours
		fmt.Fprintln(a.Err, "amparo: "+a.Text("ops.listens", "Addr", ln.Addr().String()))
	}
	return o, func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(a.ctx), shutdownWait)
		defer cancel()
		err := untrace(ctx)
		if server != nil {
			err = errors.Join(err, server.Close())
		}
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.db != nil {
			err = errors.Join(err, o.db.Close())
		}
		return err
	}, nil
}

// opened tells of a database and a vault that the command opened.
func (o *operations) opened(db *workspace.DB, at stores.Place) stores.Place {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.told {
		o.told = true
		o.Database(db)
	}
	at.Wrap = o.Vault
	return at
}

// ready reports that the database does not answer, or had tables that this
// version does not know when it began: where a newer version changes them
// later, what runs goes on, so that servers can be replaced one by one. Where there is no workspace yet the server shows how
// to make one: it is ready.
func (o *operations) ready(a *app) error {
	where, isURL, err := o.ws.where()
	if err != nil || !isURL && !sqlite.Exists(where) {
		return err
	}
	o.mu.Lock()
	db := o.db
	if db == nil {
		if db, _, err = o.ws.untouched(a); err != nil {
			o.mu.Unlock()
			return err
		}
		o.db = db
	}
	o.mu.Unlock()
	if err := db.Pool.PingContext(a.ctx); err != nil {
		return db.Explain(err)
	}
	if o.known.Load() {
		return nil
	}
	err = workspace.Known(a.ctx, db)
	o.known.Store(err == nil)
	return err
}
