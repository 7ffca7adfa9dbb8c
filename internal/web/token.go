package web

import (
	"context"
	"errors"
	"time"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/workspace"
)

// Scopes of a token: what a program that has it may do.
const (
	ScopeRead   = "read"   // lists, findings, the ledger
	ScopeDecide = "decide" // decide on findings
	ScopeIntake = "intake" // cases, people, consent, evidence, checks
	ScopeHunt   = "hunt"   // hunts, and reading messages
	ScopeExport = "export" // take reports away

	ScopeAccount = "account" // write facts, promises, requests, notices
	ScopeManage  = "manage"  // webhooks
)

// Scopes lists them all.
var Scopes = []string{ScopeRead, ScopeDecide, ScopeIntake, ScopeHunt, ScopeExport, ScopeAccount, ScopeManage}

// tokenPrefix makes a token known where somebody left one by mistake.
const tokenPrefix = "amparo_"

// tokenKey is what a token's copy of the identity is sealed under.
func tokenKey(text string) (seal.Key, error) { return seal.DeriveKey([]byte(text), "token") }

// makeToken makes a token for the member of a session and returns its text,
// which is shown once. It works after the session ended, and after the server
// was started anew, until its time is over or it is revoked.
func (s *Server) makeToken(ctx context.Context, from *session, t workspace.Token, life time.Duration) (string, error) {
	text := tokenPrefix + secret()
	key, err := tokenKey(text)
	if err != nil {
		return "", err
	}
	id := workspace.SecretID(text)
	identity, err := s.identityOf(from)
	if err != nil {
		return "", err
	}
	t.Sealed = key.Seal([]byte(identity), id)
	_, err = from.space.AddToken(ctx, id, t, life)
	return text, err
}

// identityOf is the identity that a session was opened with.
func (s *Server) identityOf(from *session) (string, error) {
	key, err := s.sessions.key(from.secret)
	if err != nil {
		return "", err
	}
	in, err := from.inside(key)
	return in.Identity, err
}

// findToken returns what a program may do with a token, nil where there is no
// such token, or it ended.
func (s *Server) findToken(ctx context.Context, text string) (*examine.Space, []string, error) {
	if !s.o.Exists() {
		return nil, nil, nil
	}
	d, err := s.door(ctx)
	if err != nil {
		return nil, nil, err
	}
	id := workspace.SecretID(text)
	t, err := d.Token(ctx, id)
	if errors.Is(err, workspace.ErrNotFound) {
		s.spaces.forget(id)
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	if sp := s.spaces.get(id); sp != nil {
		return sp, t.Scopes, nil
	}
	key, err := tokenKey(text)
	if err != nil {
		return nil, nil, err
	}
	identity, err := key.Open(t.Sealed, id)
	if err != nil {
		return nil, nil, err
	}
	sp, err := s.spaceOf(ctx, string(identity))
	if errors.Is(err, workspace.ErrNotMember) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	s.admitted(sp) // the member, whatever the token is limited to: their jobs run
	if len(t.Cases) > 0 {
		sp = limitedTo(sp, t.Cases)
	}
	s.spaces.put(id, sp)
	return sp, t.Scopes, nil
}

// limitedTo is a workspace in which no other cases can be reached.
func limitedTo(sp *examine.Space, cases []string) *examine.Space {
	n := *sp
	n.Workspace = sp.Within(cases)
	return &n
}
