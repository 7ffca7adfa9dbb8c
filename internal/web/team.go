package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/workspace"
)

// Team is how members come who are not at this machine.
type Team struct {
	// URL is the address that their browsers know: https, or http for localhost
	// to try it out. Its path is empty.
	URL *url.URL
	// Proxied says that requests come from a reverse proxy on this machine,
	// which adds to X-Forwarded-For who asked it.
	Proxied bool
	// OIDC is the provider of OpenID Connect by which members may sign in, nil
	// for none.
	OIDC *OIDC
}

// Errors of serving a team.
var (
	// ErrURL refuses a public address that browsers would not trust.
	ErrURL = errors.New("the public address is https://HOST or https://HOST:PORT, without a path")
	// ErrNobody refuses to serve where nobody could sign in.
	ErrNobody = errors.New("nobody can sign in yet")
)

// ParseURL reads the public address of a server. The error wraps ErrURL.
func ParseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", text, ErrURL)
	}
	plain := u.Scheme == "http" && u.Hostname() == "localhost"
	if u.Scheme != "https" && !plain || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("%q: %w", text, ErrURL)
	}
	if ip := net.ParseIP(u.Hostname()); ip != nil {
		return nil, fmt.Errorf("%q: %w: a name, for passkeys do not work with numbers", text, ErrURL)
	}
	return &url.URL{Scheme: u.Scheme, Host: strings.ToLower(u.Host)}, nil
}

// team is what a server of a team has beside the rest.
type team struct {
	*Team
	keys *webauthn.WebAuthn
	oidc *provider // nil: none
	// slots bound how many passphrases are tried at once: each takes 256 MiB.
	slots chan struct{}
}

// triedAtOnce is how many passphrases are tried at a time.
const triedAtOnce = 2

func newTeam(o *Team) (*team, error) {
	keys, err := newPasskeys(o.URL)
	if err != nil {
		return nil, err
	}
	t := &team{Team: o, keys: keys, slots: make(chan struct{}, triedAtOnce)}
	if o.OIDC != nil {
		t.oidc = &provider{o: o.OIDC, back: o.URL.String() + oidcBack}
	}
	return t, nil
}

// Ready reports, as ErrNobody, that no member could sign in: a server that
// others can reach without users is not started.
func (s *Server) Ready(ctx context.Context) error {
	if _, err := s.openIn(ctx, false); err != nil {
		return err
	}
	d, err := s.door(ctx)
	if err != nil {
		return err
	}
	n, err := d.Ways(ctx)
	if err == nil && n == 0 {
		err = ErrNobody
	}
	return err
}

// slow runs what tries or sets a passphrase, a few at a time.
func (s *Server) slow(ctx context.Context, do func() error) error {
	if s.team == nil {
		return do()
	}
	select {
	case s.team.slots <- struct{}{}:
		defer func() { <-s.team.slots }()
		return do()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// secure reports whether browsers come over TLS.
func (s *Server) secure() bool { return s.team != nil && s.team.URL.Scheme == "https" }

// ours reports whether a Host is the public address, or a name of the loopback
// interface with our port.
func (s *Server) ours(host string) bool {
	if s.team != nil {
		return strings.EqualFold(host, s.team.URL.Host) || strings.EqualFold(host, s.team.URL.Host+":"+port(s.team.URL))
	}
	_, want, err := net.SplitHostPort(s.o.Addr)
	if err != nil {
		return false
	}
	name, got, err := net.SplitHostPort(host)
	if err != nil || got != want {
		return false
	}
	if name == "localhost" {
		return true
	}
	ip := net.ParseIP(name)
	return ip != nil && ip.IsLoopback()
}

func port(u *url.URL) string {
	return cmp.Or(u.Port(), map[string]string{"https": "443", "http": "80"}[u.Scheme])
}

// let begins the session of a member who signed in, in the place of the one
// that the browser had, under a new cookie: whoever knew the old one gets
// nothing. With an identity it is open.
func (q *request) let(m workspace.Member, how string, in inside) error {
	row := workspace.Session{Member: m.ID, How: how, Browser: browserOf(q.r)}
	cookie, err := q.s.sessions.begin(q.ctx(), row, in, q.s.token(q.r))
	if err != nil {
		return err
	}
	q.s.setCookie(q.w, cookie)
	if q.session, err = q.s.sessions.find(q.ctx(), cookie); err != nil {
		return err
	}
	if q.session == nil {
		return workspace.ErrNotMember // removed this moment
	}
	q.space = q.session.unlocked()
	return nil
}

// signIn lets a member in who proved who they are, with the identity, if that
// opened it too, and puts it into the ledger.
func (q *request) signIn(m workspace.Member, how string, in inside) error {
	d, err := q.s.door(q.ctx())
	if err != nil {
		return err
	}
	if err := q.let(m, how, in); err != nil {
		return err
	}
	return d.SignedIn(q.ctx(), m.ID, how)
}

// unlockMember opens the identity of the member who signed in.
func (q *request) unlockMember(passphrase string) error {
	g := q.s.guess(guessPassphrase, q.r)
	if wait := g.wait(); wait > 0 {
		return workspace.LockedError{Wait: wait}
	}
	d, err := q.s.door(q.ctx())
	if err != nil {
		return err
	}
	var id seal.Identity
	err = q.s.slow(q.ctx(), func() (err error) {
		id, err = d.Unlock(q.ctx(), q.session.row.Member, passphrase)
		return err
	})
	switch {
	case errors.Is(err, seal.ErrWrongPassphrase):
		g.failed()
		return err
	case errors.Is(err, workspace.ErrNotFound):
		return invalid{"web.unlock.in_file"}
	case err != nil:
		return err
	}
	g.passed()
	before := q.session
	if err := q.let(workspace.Member{ID: before.row.Member}, before.row.How, inside{Identity: id.Secret()}); err != nil {
		return err
	}
	return q.openByPasskey(before, id)
}

// teamOnly refuses what only a team has.
func (q *request) teamOnly() error {
	if q.s.team == nil {
		return fmt.Errorf("signing in: %w", workspace.ErrNotFound)
	}
	return nil
}

// public is the address that a link for others begins with.
func (q *request) public(path string) string { return q.s.team.URL.String() + path }

// outside is where somebody begins who is not in.
func (s *Server) outside() string {
	if s.team != nil {
		return "/signin"
	}
	return "/"
}

// signedOut sends a person who is not in to where they sign in.
func (q *request) signedOut() {
	if q.s.team != nil && q.r.Method == http.MethodGet && !isAPI(q.r) {
		_ = q.redirect(q.s.outside()) // it never fails
		return
	}
	id := "web.error.no_session"
	if q.s.team != nil {
		id = "web.error.signed_out"
	}
	q.refuse(http.StatusUnauthorized, id)
}
