package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
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

// Why a command is not ready though its database answers.
var (
	errOpening  = errors.New("it has not opened yet what it works with")
	errStopping = errors.New("it ends") // it was told to, and finishes what it began
)

// operations is what the operator of a running command watches.
type operations struct {
	*ops.Watch
	ws  *wsFlags
	log *slog.Logger

	mu     sync.Mutex
	db     *workspace.DB // guarded by mu; to ask whether it answers
	told   bool          // guarded by mu: of the database that the command opened
	reason string        // guarded by mu; why it is not ready, as the log says; "" where it is

	works atomic.Bool // it does what it is for: takes jobs, or requests
	known atomic.Bool // the tables were of a version that is known here
}

// untilTold runs a command that goes on until it is told to end, and watches it.
// Being told to is no error, also where the command was still opening what it
// works with: what became of that then is nobody's matter.
func (f *opsFlags) untilTold(a *app, service, ended string, ws *wsFlags, do func(o *operations) error) error {
	o, stop, err := f.operate(a, service, ws)
	if err == nil {
		err = errors.Join(do(o), stop())
	}
	if a.ctx.Err() == nil || errors.As(err, new(usageError)) || err != nil && o != nil && o.works.Load() {
		return err
	}
	fmt.Fprintln(a.Err, "amparo: "+a.Text(ended))
	return nil
}

// operate begins to watch, and listens for whoever does. What it returns ends
// that.
func (f *opsFlags) operate(a *app, service string, ws *wsFlags) (o *operations, stop func() error, err error) {
	o = &operations{Watch: ops.New(Version), ws: ws, log: a.log(), reason: errOpening.Error()}
	untrace, err := o.Trace(a.ctx, o.log, service, Version)
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
			err := errStopping
			if a.ctx.Err() == nil {
				err = o.ready(&app{a.Streams, a.Printer, ctx})
			}
			o.say(ctx, err)
			return err
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

// opened tells of a database and a vault that the command opened: it refuses
// tables that this version does not know, so these are known from now on.
func (o *operations) opened(db *workspace.DB, at stores.Place) stores.Place {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.told {
		o.told = true
		o.Database(db)
		o.known.Store(true)
	}
	at.Wrap = o.Vault
	return at
}

// say tells the log why the command is not ready, and that it is, each time that
// whoever asks gets another answer than before.
func (o *operations) say(ctx context.Context, err error) {
	reason := ""
	if err != nil {
		reason = err.Error()
	}
	o.mu.Lock()
	same := reason == o.reason
	o.reason = reason
	o.mu.Unlock()
	switch {
	case same:
	case err == nil:
		o.log.InfoContext(ctx, "ready")
	default:
		o.log.WarnContext(ctx, "not ready", "reason", reason)
	}
}

// ready reports that the command does not do yet what it is for, that the
// database does not answer, or had tables that this version does not know when
// it began: where a newer version changes them later, what runs goes on, so that
// servers can be replaced one by one. Where there is no workspace yet the server
// shows how to make one: it is ready.
func (o *operations) ready(a *app) error {
	if !o.works.Load() {
		return errOpening
	}
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
