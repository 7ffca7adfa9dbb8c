package web

import (
	"crypto/sha256"
	"slices"
	"sync"
	"time"

	"github.com/amparo-project/amparo/internal/examine"
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

// A token lets a program in, for a time, to do what its scopes say with the
// keys of the member who made it. It is in memory alone.
type token struct {
	id      string
	name    string
	scopes  []string
	until   time.Time
	created time.Time
	member  string // id
	space   *examine.Space
}

// maxTokens bounds the tokens of one server.
const maxTokens = 100

// tokens are known by their hash.
type tokens struct {
	now   func() time.Time
	guard *guard
	mu    sync.Mutex
	list  map[[32]byte]*token // guarded by mu
}

func newTokens(now func() time.Time) *tokens {
	return &tokens{now: now, guard: newGuard(now), list: map[[32]byte]*token{}}
}

// add makes a token and returns its text, which is shown once.
func (l *tokens) add(t token) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sweep()
	if len(l.list) >= maxTokens {
		return ""
	}
	text := "amparo_" + secret()
	t.id, t.created = "T-"+secret()[:10], l.now()
	l.list[sha256.Sum256([]byte(text))] = &t
	return text
}

func (l *tokens) sweep() {
	for k, t := range l.list {
		if l.now().After(t.until) {
			delete(l.list, k)
		}
	}
}

// get returns the token of a text, nil where there is none.
func (l *tokens) get(text string) *token {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sweep()
	return l.list[sha256.Sum256([]byte(text))]
}

// of lists the tokens of a member, the first made first.
func (l *tokens) of(member string) []token {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sweep()
	var out []token
	for _, t := range l.list {
		if t.member == member {
			out = append(out, *t)
		}
	}
	slices.SortFunc(out, func(a, b token) int { return a.created.Compare(b.created) })
	return out
}

// revoke ends a token of a member.
func (l *tokens) revoke(member, id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for k, t := range l.list {
		if t.member == member && t.id == id {
			delete(l.list, k)
			return true
		}
	}
	return false
}
