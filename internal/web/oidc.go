package web

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/amparo-project/amparo/internal/workspace"
)

// OIDC is a provider of OpenID Connect.
type OIDC struct {
	Issuer       string // https://…
	ClientID     string
	ClientSecret string
	Client       *http.Client // that reaches it; nil: one of its own
}

// oidcBack is the path that a provider sends the browser back to.
const oidcBack = "/signin/oidc/back"

// Errors of signing in by way of a provider.
var (
	errProvider = errors.New("the provider cannot be reached")
	errOIDC     = errors.New("the provider's answer does not fit")
	errSubject  = errors.New("the provider's subject belongs to nobody here")
)

// oidcWait bounds a request to the provider.
const oidcWait = 15 * time.Second

// oidcState is what the provider's answer must fit.
type oidcState struct {
	State    string `json:"state"`
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"` // of PKCE (RFC 7636)
	Subject  string `json:"subject,omitempty"`
}

// provider speaks with the provider. What it says of itself is asked for when
// it is first needed: a server starts also while it is down.
type provider struct {
	o    *OIDC
	back string
	mu   sync.Mutex
	is   *oidc.Provider // guarded by mu
}

func (p *provider) context(ctx context.Context) context.Context {
	c := p.o.Client
	if c == nil {
		c = &http.Client{Timeout: oidcWait}
	}
	return oidc.ClientContext(ctx, c)
}

// find asks the provider what it is, once. It must call itself as it is called
// in the configuration.
func (p *provider) find(ctx context.Context) (*oidc.Provider, *oauth2.Config, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.is == nil {
		// Its keys are fetched later too, beyond this request.
		is, err := oidc.NewProvider(p.context(context.WithoutCancel(ctx)), p.o.Issuer)
		if err != nil {
			return nil, nil, fmt.Errorf("%w: %w", errProvider, err)
		}
		p.is = is
	}
	// No more is asked for than who it is: no name, no address.
	return p.is, &oauth2.Config{
		ClientID: p.o.ClientID, ClientSecret: p.o.ClientSecret, Endpoint: p.is.Endpoint(), RedirectURL: p.back, Scopes: []string{oidc.ScopeOpenID},
	}, nil
}

// subject redeems a code for who the provider says it is.
func (p *provider) subject(ctx context.Context, code string, st *oidcState, now func() time.Time) (string, error) {
	is, config, err := p.find(ctx)
	if err != nil {
		return "", err
	}
	ctx = p.context(ctx)
	token, err := config.Exchange(ctx, code, oauth2.VerifierOption(st.Verifier))
	if err != nil {
		return "", fmt.Errorf("%w: %w", errOIDC, err)
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return "", fmt.Errorf("%w: no id_token", errOIDC)
	}
	id, err := is.Verifier(&oidc.Config{ClientID: p.o.ClientID, Now: now}).Verify(ctx, raw)
	if err != nil {
		return "", fmt.Errorf("%w: %w", errOIDC, err)
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(st.Nonce)) != 1 {
		return "", fmt.Errorf("%w: nonce", errOIDC)
	}
	return id.Subject, nil
}

func (q *request) provider() (*provider, error) {
	if q.s.team == nil || q.s.team.oidc == nil {
		return nil, fmt.Errorf("provider: %w", workspace.ErrNotFound)
	}
	return q.s.team.oidc, nil
}

// oidcSignIn sends the browser to the provider to sign in.
func (q *request) oidcSignIn() error { return q.toProvider(ceremony{Kind: toSignIn}) }

// oidcTie sends it there to tie who they are for the provider to the member.
func (q *request) oidcTie() error {
	return q.toProvider(ceremony{Kind: toTie, Member: q.space.Member().ID})
}

func (q *request) toProvider(c ceremony) error {
	p, err := q.provider()
	if err != nil {
		return err
	}
	if q.s.guess(guessSignIn, q.r).wait() > 0 {
		return tooMany{}
	}
	_, config, err := p.find(q.ctx())
	if err != nil {
		return err
	}
	c.OIDC = &oidcState{State: secret(), Nonce: secret(), Verifier: oauth2.GenerateVerifier()}
	// The provider sends the browser back from elsewhere: a strict cookie would
	// not come along.
	if err := q.begin(c, http.SameSiteLaxMode); err != nil {
		return err
	}
	return q.redirect(config.AuthCodeURL(c.OIDC.State, oidc.Nonce(c.OIDC.Nonce), oauth2.S256ChallengeOption(c.OIDC.Verifier)))
}

// oidcReturn takes the provider's answer.
func (q *request) oidcReturn() error {
	p, err := q.provider()
	if err != nil {
		return err
	}
	g := q.s.guess(guessSignIn, q.r)
	if g.wait() > 0 {
		return tooMany{}
	}
	c, err := q.finish(toSignIn, toTie)
	if errors.Is(err, errPasskey) || err == nil && c.OIDC == nil {
		err = errOIDC
	}
	if err != nil {
		return err
	}
	query := q.r.URL.Query()
	if query.Get("error") != "" || subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(c.OIDC.State)) != 1 {
		g.failed()
		return errOIDC
	}
	subject, err := p.subject(q.ctx(), query.Get("code"), c.OIDC, q.s.o.Now)
	if err != nil {
		g.failed()
		return err
	}
	g.passed()
	if c.Kind == toTie {
		return q.tieNext(c.Member, subject)
	}
	d, err := q.s.door(q.ctx())
	if err != nil {
		return err
	}
	m, err := d.BySubject(q.ctx(), p.o.Issuer, subject)
	if errors.Is(err, workspace.ErrNotFound) {
		return errSubject
	}
	if err != nil {
		return err
	}
	if err := q.signIn(m, "oidc", inside{}); err != nil {
		return err
	}
	return q.render("entered", q.Text("web.welcome.title"), "/")
}

// tieNext leads on to where the member's own session is sent along: it did not
// come with the provider's answer.
func (q *request) tieNext(member, subject string) error {
	c := ceremony{Kind: toTie, Member: member, OIDC: &oidcState{Subject: subject}}
	if err := q.begin(c, http.SameSiteStrictMode); err != nil {
		return err
	}
	return q.render("entered", q.Text("web.me.title"), "/me/oidc/tie")
}

// oidcTied ties the subject to the member who began.
func (q *request) oidcTied() error {
	p, err := q.provider()
	if err != nil {
		return err
	}
	c, err := q.finish(toTie)
	if err != nil || c.Member != q.space.Member().ID || c.OIDC == nil || c.OIDC.Subject == "" {
		return errors.Join(errOIDC, err)
	}
	err = q.space.AddSubject(q.ctx(), p.o.Issuer, c.OIDC.Subject)
	if errors.Is(err, workspace.ErrExists) {
		return invalid{"web.me.oidc_taken"}
	}
	if err != nil {
		return err
	}
	return q.done("/me", q.Text("web.me.oidc_added"))
}

func (q *request) oidcRemove() error {
	if err := q.form(); err != nil {
		return err
	}
	if err := q.space.RemoveSubject(q.ctx(), q.r.PostFormValue("issuer"), q.r.PostFormValue("subject")); err != nil {
		return err
	}
	return q.done("/me", q.Text("web.me.oidc_removed"))
}
