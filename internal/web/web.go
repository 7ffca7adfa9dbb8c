// Package web is the workspace in a browser: the pages and the API of
// "amparo serve", on one's own machine or for a team.
//
// A page is a file: its handlers in Go and its template below templates. All
// routes, with the role that each asks for, are in routes.go; who may see
// which case is decided in one place too, by package workspace.
//
// Start with New.
package web

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/amparo-project/amparo/internal/account/concern"
	"github.com/amparo-project/amparo/internal/account/notice"
	"github.com/amparo-project/amparo/internal/account/term"
	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/feed"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/hook"
	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/job"
	"github.com/amparo-project/amparo/internal/lure"
	"github.com/amparo-project/amparo/internal/rule"
	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/vault/stores"
	"github.com/amparo-project/amparo/internal/workspace"
)

// Options is what the server needs from outside.
type Options struct {
	Addr    string           // where it listens: "127.0.0.1:8642"
	Version string           // of the tool
	Now     func() time.Time // the clock
	Log     *slog.Logger     // never told of evidence

	// Exists reports whether there is a workspace.
	Exists func() bool
	// Database opens the database of the workspace, or creates it, and says
	// where its vault is.
	Database func(ctx context.Context, create bool) (db *workspace.DB, at stores.Place, err error)
	// IdentityFile holds the identity of who works here.
	IdentityFile string

	// Store opens the installed indicators, Change opens them to change them: those
	// of the workspace or, where it has none of its own, of this machine. So it is
	// with all that is given a space.
	Store  func(context.Context, *examine.Space) (*feed.Store, error)
	Change func(context.Context, *examine.Space, func(*feed.Store) error) error
	// Feeds are a team's own feeds, and those that are switched off: of feeds.yaml.
	Feeds func(context.Context, *examine.Space) (*feed.Config, error)
	// Machine opens the indicators that are installed on this machine, also where
	// the workspace has its own.
	Machine func() (*feed.Store, error)
	// Indicators are the installed sets as a check uses them.
	Indicators func(context.Context, *examine.Space) (*indicator.Matcher, []finding.IndicatorSet, error)
	Rules      func() (*rule.Set, error)
	Lures      func(context.Context, *examine.Space) (*lure.Knowledge, error)
	Terms      func(context.Context, *examine.Space) (*term.Set, error) // of the law, for requests to authorities
	// Update opens the feeds that a job asks for news, as job.Engine has it; nil: this
	// server runs no such jobs.
	Update func(ctx context.Context, s *examine.Space, job string, fn func(job.Asking) error) error
	// Concerns are the rules of legal concerns and of the trade, and those that
	// could not be read.
	Concerns func() (*concern.Set, []concern.Fault, error)
	// Notices is how notices go out; the error wraps fs.ErrNotExist where nobody
	// said how.
	Notices func(context.Context, *examine.Space) (*notice.Config, error)
	// SendMail hands a mail over; nil is notice.Send.
	SendMail func(context.Context, *notice.Config, notice.Message) notice.Outcome
	// HookNetworks are private networks that webhooks may reach; HookRoots are
	// the certificates that they trust, nil for those of the system.
	HookNetworks []netip.Prefix
	HookRoots    *x509.CertPool
	// Child starts a process that reads evidence; nil: this one does.
	Child job.Child
	// Sets are the installed indicators, for hunts.
	Sets func(context.Context, *examine.Space) ([]*indicator.Set, error)
	// Remind sends the reminders and notices of a case that are due; nil: this
	// server runs no such jobs.
	Remind func(ctx context.Context, s *examine.Space, caseID string) error
	// Deliver sends the mails of a case that were approved, as job.Engine has it;
	// nil: this server runs no such jobs.
	Deliver func(ctx context.Context, s *examine.Space, caseID string, last bool) error
	// JobBegun, where it is set, is told of each job that begins here (job.Engine).
	JobBegun func(ctx context.Context, kind string) (context.Context, func(state string))
	// JobCounted, where it is set, is told what processes counted that read
	// evidence (job.Engine).
	JobCounted func(json.RawMessage)
	// Daily, where it is set, is called when a member opens the workspace, and on
	// each day after until the server ends.
	Daily func(context.Context, *examine.Space)
	// Team, where it is set, lets members sign in who are not at this machine,
	// in the place of the one-time link and the identity file.
	Team *Team
}

// A Server serves one workspace.
type Server struct {
	o         Options
	sessions  *sessions
	links     *links
	guesses   *guard // of the passphrase, on this machine
	limits    *limits
	spaces    *spaces
	alone     string // a secret of this process; "" where several answer for one workspace
	team      *team  // nil: whoever is at this machine works here
	handler   http.Handler
	views     workspace.Views
	pages     *pages
	compared  compared
	standings standings
	wholes    wholes
	comparing chan struct{} // a place for each who compares records

	ended context.Context //nolint:containedctx // of all that goes on without a request
	end   context.CancelFunc
	over  context.Context //nolint:containedctx // of what is opened for all requests, until Close
	cut   context.CancelFunc

	mu      sync.Mutex
	house   *house          // guarded by mu; nil until somebody unlocked it
	jobs    *job.Engine     // guarded by mu; nil until a member opened the workspace
	uploads map[string]bool // guarded by mu: that a request writes to
	// admittedOnce are the members whose jobs run here, by id; guarded by mu.
	admittedOnce map[string]bool
	working      sync.WaitGroup  // what goes on without a request
	whole        int64           // bytes of a file that a page reads whole without being asked
	slack        time.Duration   // that the sender of a body has; see unhurried
	silent       time.Duration   // after which another process is taken for dead; 0: as long as jobs have it
	hooks        *hook.Deliverer // guarded by mu; nil until somebody opened the workspace
	delivering   sync.WaitGroup
}

// house is the open database with its vault, shared by all sessions.
type house struct {
	db    *workspace.DB
	at    stores.Place
	vault vault.Store     // guarded by mu of the server; nil until a member opened the workspace
	door  *workspace.Door // guarded by mu of the server; nil until somebody came
}

// ErrNotLoopback refuses to listen where others of the network can come:
// without users and TLS everything they send could be read, and they would be
// whoever is at the keyboard.
var ErrNotLoopback = errors.New("others of the network could reach this address: that takes TLS and members who sign in")

// CheckAddress returns the host and port of an address, which must be of the
// loopback interface. The error wraps ErrNotLoopback.
func CheckAddress(addr string) (host, port string, err error) {
	if host, port, err = net.SplitHostPort(addr); err != nil {
		return "", "", fmt.Errorf("address %q: %w", addr, err)
	}
	if host == "localhost" {
		host = "127.0.0.1"
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return "", "", fmt.Errorf("address %q: %w", addr, ErrNotLoopback)
	}
	return host, port, nil
}

// New returns a server. It opens nothing yet.
func New(o Options) (*Server, error) {
	var t *team
	if o.Team == nil {
		if _, _, err := CheckAddress(o.Addr); err != nil {
			return nil, err
		}
	} else {
		var err error
		if t, err = newTeam(o.Team); err != nil {
			return nil, err
		}
	}
	p, err := loadPages()
	if err != nil {
		return nil, err
	}
	w, err := newWholes()
	if err != nil {
		return nil, err
	}
	s := &Server{
		o: o, links: newLinks(o.Now), guesses: newGuard(o.Now), limits: newLimits(o.Now), spaces: newSpaces(o.Now), alone: secret(), pages: p, slack: slack, whole: wholeFile, wholes: w,
		comparing: make(chan struct{}, comparisonsAtOnce), admittedOnce: map[string]bool{}, uploads: map[string]bool{},
	}
	if s.team = t; t != nil {
		s.alone, s.limits.proxied = "", t.Proxied
	}
	s.sessions = &sessions{s: s, new: map[string]time.Time{}}
	s.ended, s.end = context.WithCancel(context.Background())
	s.over, s.cut = context.WithCancel(context.Background())
	s.handler = s.protect(s.mux())
	return s, nil
}

// Handler answers requests.
func (s *Server) Handler() http.Handler { return s.handler }

// NewLink returns the address of a page that lets one browser in, once.
func (s *Server) NewLink() string { return "http://" + s.o.Addr + "/enter/" + s.links.add() }

// base is the address by which the server is reached.
func (s *Server) base() string {
	if s.team != nil {
		return s.team.URL.String()
	}
	return "http://" + s.o.Addr
}

// Entered is closed when somebody came in by a link.
func (s *Server) Entered() <-chan struct{} { return s.links.used }

// Stop begins the end: jobs are given back, and none is begun; requests are
// answered until Close.
func (s *Server) Stop() { s.end() }

// Close ends all jobs and closes the workspace. Jobs go on when their member
// opens it again.
func (s *Server) Close() error {
	s.cut()
	s.spaces.clear()
	s.stopJobs()
	s.compared.forget("")
	s.standings.forget()
	s.wholes.forget()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.house == nil {
		return nil
	}
	var err error
	if s.house.vault != nil {
		err = s.house.vault.Close()
	}
	err = errors.Join(err, s.house.db.Close())
	s.house = nil
	return err
}

// open opens the database, once. The request that asks for it may end before.
func (s *Server) open(create bool) (*house, error) { return s.openIn(s.over, create) }

func (s *Server) openIn(ctx context.Context, create bool) (*house, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.house != nil {
		return s.house, nil
	}
	db, at, err := s.o.Database(ctx, create)
	if err != nil {
		return nil, err
	}
	s.house = &house{db: db, at: at}
	return s.house, nil
}

// store opens the vault of the workspace of that id, once.
func (s *Server) store(h *house, uid string) (vault.Store, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h.vault != nil {
		return h.vault, nil
	}
	v, err := h.at.Open(s.over, uid)
	if err != nil {
		return nil, err
	}
	h.vault = v
	return v, nil
}

// door is the workspace for who is not in yet.
func (s *Server) door(ctx context.Context) (*workspace.Door, error) {
	h, err := s.open(false)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if h.door == nil {
		if h.door, err = workspace.NewDoor(ctx, h.db, s.o.Now); err != nil {
			return nil, err
		}
	}
	return h.door, nil
}

// spaceOf opens the workspace for a member by the text of their identity.
func (s *Server) spaceOf(ctx context.Context, identity string) (*examine.Space, error) {
	id, err := seal.ParseIdentity(identity)
	if err != nil {
		return nil, err
	}
	return s.space(ctx, id)
}

// space opens the workspace for a member.
func (s *Server) space(ctx context.Context, id seal.Identity) (*examine.Space, error) {
	h, err := s.open(false)
	if err != nil {
		return nil, err
	}
	w, err := workspace.Open(ctx, h.db, workspace.Options{Identity: id, Now: s.o.Now})
	if err != nil {
		return nil, err
	}
	v, err := s.store(h, w.Info().UID)
	if err != nil {
		return nil, err
	}
	return &examine.Space{Workspace: w, Vault: v, Dir: h.at.Dir()}, nil
}

// makeDirFor makes the folder of a file that only its owner may read.
func makeDirFor(name string) error { return os.MkdirAll(filepath.Dir(name), 0o700) }
