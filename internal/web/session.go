package web

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"sync"
	"time"

	"github.com/amparo-project/amparo/internal/examine"
)

// How long a session lives: unused, and at all. The keys of a person's cases
// are in memory that long.
const (
	sessionIdle = time.Hour
	sessionLife = 12 * time.Hour
)

// maxSessions bounds the sessions of one server.
const maxSessions = 64

// session is one browser. It is in memory alone: when the server ends, so do
// all sessions.
type session struct {
	mu            sync.Mutex
	space         *examine.Space // guarded by mu; nil until the passphrase was given
	notice        string         // guarded by mu; shown on the next page
	created, seen time.Time      // guarded by the list
}

// unlocked returns the workspace of the member, nil before the passphrase.
func (s *session) unlocked() *examine.Space {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.space
}

func (s *session) say(notice string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notice = notice
}

// said takes the notice.
func (s *session) said() string {
	if s == nil {
		return ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.notice
	s.notice = ""
	return n
}

// sessions are known by the hash of their cookie: who reads our memory
// otherwise, in a dump of it, finds no cookie to use.
type sessions struct {
	now  func() time.Time
	mu   sync.Mutex
	list map[[32]byte]*session // guarded by mu
}

func newSessions(now func() time.Time) *sessions {
	return &sessions{now: now, list: map[[32]byte]*session{}}
}

// secret returns 256 random bits, fit for a URL.
func secret() string {
	b := make([]byte, 32)
	rand.Read(b) // it never fails, by its documentation
	return base64.RawURLEncoding.EncodeToString(b)
}

// add begins a session and returns its cookie.
func (l *sessions) add(space *examine.Space) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sweep()
	if len(l.list) >= maxSessions {
		l.dropOldest()
	}
	token := secret()
	l.list[sha256.Sum256([]byte(token))] = &session{space: space, created: l.now(), seen: l.now()}
	return token
}

// get returns the session of a cookie, nil where there is none, or it ended.
func (l *sessions) get(token string) *session {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sweep()
	s := l.list[sha256.Sum256([]byte(token))]
	if s != nil {
		s.seen = l.now()
	}
	return s
}

func (l *sessions) end(token string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.list, sha256.Sum256([]byte(token)))
}

func (l *sessions) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.list)
}

// sweep ends what is over. The list is short.
func (l *sessions) sweep() {
	now := l.now()
	for k, s := range l.list {
		if now.Sub(s.seen) > sessionIdle || now.Sub(s.created) > sessionLife {
			delete(l.list, k)
		}
	}
}

func (l *sessions) dropOldest() {
	var oldest [32]byte
	var at time.Time
	for k, s := range l.list {
		if at.IsZero() || s.seen.Before(at) {
			oldest, at = k, s.seen
		}
	}
	delete(l.list, oldest)
}

// cookieName holds the port: browsers send cookies to all ports of a host.
func (s *Server) cookieName() string {
	_, port, _ := CheckAddress(s.o.Addr) // New checked it
	return "amparo_session_" + port
}

// setCookie gives the browser its session. Secure is missing on purpose:
// traffic of the loopback interface does not leave the machine, and not every
// browser takes Secure cookies without TLS there.
func (s *Server) setCookie(w http.ResponseWriter, token string) {
	//nolint:gosec // loopback, as said above
	http.SetCookie(w, &http.Cookie{Name: s.cookieName(), Value: token, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
}

func (s *Server) dropCookie(w http.ResponseWriter) {
	//nolint:gosec // loopback, as said above
	http.SetCookie(w, &http.Cookie{Name: s.cookieName(), Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteStrictMode})
}

func (s *Server) token(r *http.Request) string {
	c, err := r.Cookie(s.cookieName())
	if err != nil {
		return ""
	}
	return c.Value
}
