package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"os"
	"time"

	"github.com/amparo-project/amparo/internal/account/concern"
	"github.com/amparo-project/amparo/internal/account/notice"
	"github.com/amparo-project/amparo/internal/account/term"
	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/feed"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/hook"
	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/lure"
	"github.com/amparo-project/amparo/internal/rule"
	"github.com/amparo-project/amparo/internal/vault/stores"
	"github.com/amparo-project/amparo/internal/web"
	"github.com/amparo-project/amparo/internal/workspace"
	"github.com/amparo-project/amparo/internal/workspace/sqlite"
)

// serveCmd is "amparo serve".
type serveCmd struct {
	Addr   string `help:"serve_addr" default:"127.0.0.1:8642" placeholder:"HOST:PORT"`
	NoOpen bool   `help:"serve_no_open"`

	Patience time.Duration `help:"serve_patience" default:"30s"`
	Drain    time.Duration `help:"serve_drain" default:"0s"`
	teamFlags
	opsFlags
	wsFlags
}

// hookVariable lists private networks that webhooks may reach: CIDRs, with
// commas between.
const hookVariable = "AMPARO_WEBHOOK_NETWORKS"

func hookNetworks() ([]netip.Prefix, error) {
	networks, err := hook.ParseNetworks(os.Getenv(hookVariable))
	if err != nil {
		return nil, usageError{fmt.Errorf("%s: %w", hookVariable, err)}
	}
	return networks, nil
}

// shutdownWait is how long what watches has to end when a command does.
const shutdownWait = 5 * time.Second

// Run serves the workspace to browsers of this machine, or to a team, until it
// is interrupted.
func (c *serveCmd) Run(a *app) error {
	if c.Patience < 0 || c.Drain < 0 {
		return usageError{fmt.Errorf("%w: --patience and --drain are not negative", workspace.ErrInvalid)}
	}
	l, err := c.listening(a.log())
	if err != nil {
		return err
	}
	return c.untilTold(a, "amparo-serve", "web.serve.ended", &c.wsFlags, func(o *operations) error { return c.open(a, o, &l) })
}

// open listens, opens what members need to come in, and serves.
func (c *serveCmd) open(a *app, o *operations, l *listening) (err error) {
	ln, err := new(net.ListenConfig).Listen(a.ctx, "tcp", l.addr)
	if err != nil {
		return err
	}
	s, err := c.server(a, ln.Addr().String(), o, l.team)
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if l.team != nil { // nobody could come in otherwise, and the door would stand there
		if err := s.Ready(a.ctx); err != nil {
			return errors.Join(err, ln.Close())
		}
	}
	stopACME, err := c.serveACME(a, l)
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	defer func() { err = errors.Join(err, stopACME()) }()
	return c.serve(a, o, s, ln, l, s.Handler())
}

// serve answers until the command is interrupted.
func (c *serveCmd) serve(a *app, o *operations, s *web.Server, ln net.Listener, l *listening, handler http.Handler) error {
	hs := &http.Server{
		Handler: o.HTTP(handler), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10, TLSConfig: l.tls,
		BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(a.ctx) },
		ErrorLog:    log.New(quietly{a.Err}, "amparo: ", 0),
	}
	done := make(chan error, 1)
	go func() {
		if l.tls != nil {
			done <- hs.ServeTLS(ln, "", "")
			return
		}
		done <- hs.Serve(ln)
	}()
	o.works.Store(true)
	if l.team != nil {
		fmt.Fprintln(a.Out, a.Text("web.serve.team", "URL", l.team.URL.String()))
	} else {
		link := s.NewLink()
		fmt.Fprintln(a.Out, a.Text("web.serve.link", "Link", link))
		if !c.NoOpen {
			defer a.browse(link, s.Entered())()
		}
		a.moreLinks(s)
	}
	select {
	case <-a.ctx.Done():
	case err := <-done:
		return err
	}
	return c.stop(a, s, hs)
}

// stop ends the server: /readyz said that it does from the moment on. Jobs are
// given back at once, to whichever process has their keys; requests that came
// until the drain is over have time to end.
func (c *serveCmd) stop(a *app, s *web.Server, hs *http.Server) error {
	s.Stop()
	ctx := context.WithoutCancel(a.ctx)
	if c.Drain > 0 {
		drained := time.NewTimer(c.Drain)
		defer drained.Stop()
		<-drained.C
	}
	ctx, cancel := context.WithTimeout(ctx, c.Patience)
	defer cancel()
	if err := hs.Shutdown(ctx); err != nil {
		return hs.Close()
	}
	return nil
}

// quietly leaves handshakes out that somebody broke off: whoever scans ports
// does, and nobody needs to hear of each.
type quietly struct{ io.Writer }

func (q quietly) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte("TLS handshake error")) {
		return len(p), nil
	}
	return q.Writer.Write(p)
}

// moreLinks prints a new link for each Enter, where somebody is there to press it.
func (a *app) moreLinks(s *web.Server) {
	in, ok := a.In.(*os.File)
	if !ok || !isTerminal(in) {
		return
	}
	fmt.Fprintln(a.Err, "amparo: "+a.Text("web.serve.again"))
	go func() {
		for sc := bufio.NewScanner(in); sc.Scan(); {
			fmt.Fprintln(a.Out, a.Text("web.serve.link", "Link", s.NewLink()))
		}
	}()
}

func (c *serveCmd) server(a *app, addr string, o *operations, team *web.Team) (*web.Server, error) {
	at, isURL, err := c.where()
	if err != nil {
		return nil, err
	}
	identity, err := c.identityFile()
	if err != nil {
		return nil, err
	}
	networks, err := hookNetworks()
	if err != nil {
		return nil, err
	}
	installed, cache := a.installed(), &feed.Cache{}
	return web.New(web.Options{
		HookNetworks: networks, Team: team,
		Addr: addr, Version: Version, Now: a.Now, JobBegun: o.Job, JobCounted: o.Counted, Log: a.log(),
		Exists: func() bool { return isURL || sqlite.Exists(at) },
		Database: func(ctx context.Context, create bool) (*workspace.DB, stores.Place, error) {
			db, at, err := c.database(&app{a.Streams, a.Printer, ctx}, create)
			if err != nil {
				return nil, at, err
			}
			return db, o.opened(db, at), nil
		},
		IdentityFile: identity, Change: changeStoreOf, Machine: openStore,
		Feeds: func(ctx context.Context, s *examine.Space) (*feed.Config, error) { return feedsOf(ctx, s) },
		Store: func(ctx context.Context, s *examine.Space) (*feed.Store, error) { return storeOf(ctx, s, cache) },
		Indicators: func(ctx context.Context, s *examine.Space) (*indicator.Matcher, []finding.IndicatorSet, error) {
			l, err := installed(ctx, s)
			if err != nil {
				return nil, nil, err
			}
			return l.matcher, l.sets, nil
		},
		Rules:    func() (*rule.Set, error) { return loadRules(nil) },
		Lures:    func(ctx context.Context, s *examine.Space) (*lure.Knowledge, error) { return luresOf(ctx, s, nil) },
		Terms:    func(ctx context.Context, s *examine.Space) (*term.Set, error) { return a.termsOf(ctx, s) },
		Notices:  func(ctx context.Context, s *examine.Space) (*notice.Config, error) { return noticesOf(ctx, s) },
		Update:   updateFeeds,
		Concerns: func() (*concern.Set, []concern.Fault, error) { return concern.Load() },
		Daily:    a.daily, Sets: a.huntSets, Remind: a.remind, Deliver: a.deliver, Child: c.child(a),
	})
}
