package web

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/workspace"
)

// How long a session lives: unused, and at all.
const (
	sessionIdle = workspace.SessionIdle
	sessionLife = workspace.SessionLife
)

// session is one browser, in one request. A member's is a row of the database,
// which any process of the server finds by the hash of the cookie; who came by
// the one-time link of this machine and gave no passphrase yet is known in
// memory alone.
type session struct {
	secret string // the cookie
	row    workspace.Session
	space  *examine.Space // nil until the identity was opened
}

// inside is what a session holds of its member, sealed under its cookie.
type inside struct {
	Identity string `json:"identity,omitempty"`
	// What a passkey gave that opens nothing yet, and its name: with the
	// passphrase it can be made to.
	Passkey string `json:"passkey,omitempty"`
	Gave    []byte `json:"gave,omitempty"`
}

// inside unseals what the session holds. The error wraps seal.ErrWrongKey.
func (s *session) inside(key seal.Key) (in inside, err error) {
	text, err := key.Open(s.row.Sealed, workspace.SecretID(s.secret))
	if err != nil {
		return in, err
	}
	return in, json.Unmarshal(text, &in)
}

// unlocked returns the workspace of the member, nil before the passphrase.
func (s *session) unlocked() *examine.Space {
	if s == nil {
		return nil
	}
	return s.space
}

// sessions finds the session of a cookie.
type sessions struct {
	s   *Server
	mu  sync.Mutex
	new map[string]time.Time // guarded by mu; came by the link, until when
}

// maxNew bounds how many may come by links and give no passphrase.
const maxNew = 64

// secret returns 256 random bits, fit for a URL.
func secret() string { return workspace.NewSecret() }

// welcome begins a session without a member, and returns its cookie.
func (l *sessions) welcome() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.s.o.Now()
	oldest := ""
	for id, until := range l.new {
		if now.After(until) {
			delete(l.new, id)
		} else if oldest == "" || until.Before(l.new[oldest]) {
			oldest = id
		}
	}
	if len(l.new) >= maxNew {
		delete(l.new, oldest)
	}
	cookie := secret()
	l.new[workspace.SecretID(cookie)] = now.Add(sessionIdle)
	return cookie
}

func (l *sessions) isNew(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	until, ok := l.new[id]
	return ok && l.s.o.Now().Before(until)
}

// key is what the inside of a session is sealed under. On this machine alone
// it takes a secret of this process too: when the program ends, so do its
// sessions, and nobody who takes the machine finds a way in on its disk.
func (l *sessions) key(cookie string) (seal.Key, error) {
	return seal.DeriveKey([]byte(cookie+l.s.alone), "session")
}

// begin makes a session of a member in the place of another, if any, which
// ends: whoever knew that cookie gets nothing.
func (l *sessions) begin(ctx context.Context, row workspace.Session, in inside, replaces string) (string, error) {
	d, err := l.s.door(ctx)
	if err != nil {
		return "", err
	}
	cookie := secret()
	key, err := l.key(cookie)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(in)
	if err != nil {
		return "", err
	}
	id, old := workspace.SecretID(cookie), workspace.SecretID(replaces)
	row.Opened, row.Sealed = in.Identity != "", key.Seal(text, id)
	if err := d.AddSession(ctx, id, row, old); err != nil {
		return "", err
	}
	l.drop(old)
	return cookie, nil
}

// find returns the session of a cookie, nil where there is none, or it ended.
func (l *sessions) find(ctx context.Context, cookie string) (*session, error) {
	if cookie == "" {
		return nil, nil //nolint:nilnil // nobody
	}
	id := workspace.SecretID(cookie)
	if l.isNew(id) {
		return &session{secret: cookie}, nil
	}
	if !l.s.o.Exists() {
		return nil, nil //nolint:nilnil // nobody
	}
	d, err := l.s.door(ctx)
	if err != nil {
		return nil, err
	}
	row, err := d.Session(ctx, id)
	if errors.Is(err, workspace.ErrNotFound) {
		l.drop(id)
		return nil, nil //nolint:nilnil // nobody
	}
	if err != nil {
		return nil, err
	}
	s := &session{secret: cookie, row: row}
	if s.space = l.s.spaces.get(id); s.space != nil {
		return s, nil
	}
	return l.open(ctx, id, s)
}

// open unseals a session that this process does not know yet.
func (l *sessions) open(ctx context.Context, id string, s *session) (*session, error) {
	key, err := l.key(s.secret)
	if err != nil {
		return nil, err
	}
	in, err := s.inside(key)
	if errors.Is(err, seal.ErrWrongKey) { // of a program that ended
		return nil, l.end(ctx, s.secret)
	}
	if err != nil || in.Identity == "" {
		return s, err
	}
	s.space, err = l.s.spaceOf(ctx, in.Identity)
	if errors.Is(err, workspace.ErrNotMember) {
		return nil, l.end(ctx, s.secret)
	}
	if err != nil {
		return nil, err
	}
	l.s.spaces.put(id, s.space)
	l.s.admitted(s.space)
	return s, nil
}

// end ends a session, everywhere.
func (l *sessions) end(ctx context.Context, cookie string) error {
	id := workspace.SecretID(cookie)
	l.drop(id)
	if !l.s.o.Exists() {
		return nil
	}
	d, err := l.s.door(ctx)
	if err != nil {
		return err
	}
	return d.EndSession(ctx, id)
}

// drop forgets what this process holds of a session.
func (l *sessions) drop(id string) {
	l.mu.Lock()
	delete(l.new, id)
	l.mu.Unlock()
	l.s.spaces.forget(id)
}

// spaces keeps the opened workspaces of sessions and tokens: to unseal an
// identity for each request would take longer than to answer it. Whether a
// session still stands is asked of the database each time.
type spaces struct {
	now  func() time.Time
	mu   sync.Mutex
	list map[string]*opened // guarded by mu; by the hash of the secret
	tidy *time.Timer        // guarded by mu; runs while something is open
}

type opened struct {
	space *examine.Space
	seen  time.Time
}

// maxSpaces bounds them: the one that was unused for longest is opened again
// when it is asked for.
const maxSpaces = 512

func newSpaces(now func() time.Time) *spaces { return &spaces{now: now, list: map[string]*opened{}} }

func (l *spaces) get(id string) *examine.Space {
	l.mu.Lock()
	defer l.mu.Unlock()
	o := l.list[id]
	if o == nil {
		return nil
	}
	o.seen = l.now()
	return o.space
}

func (l *spaces) put(id string, sp *examine.Space) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unused()
	if len(l.list) >= maxSpaces {
		oldest := id
		for k, o := range l.list {
			if l.list[oldest] == nil || o.seen.Before(l.list[oldest].seen) {
				oldest = k
			}
		}
		delete(l.list, oldest)
	}
	l.list[id] = &opened{sp, l.now()}
	if l.tidy == nil {
		l.tidy = time.AfterFunc(time.Minute, l.sweep)
	}
}

// unused forgets what nobody asked for in an hour.
func (l *spaces) unused() {
	for k, o := range l.list {
		if l.now().Sub(o.seen) > sessionIdle {
			delete(l.list, k)
		}
	}
}

// sweep does so each minute while something is open.
func (l *spaces) sweep() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unused()
	if len(l.list) == 0 {
		l.tidy = nil
		return
	}
	l.tidy.Reset(time.Minute)
}

func (l *spaces) forget(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.list, id)
}

func (l *spaces) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.list)
	if l.tidy != nil {
		l.tidy.Stop()
		l.tidy = nil
	}
}

// noticeCookie carries a sentence to the next page, sealed under the session:
// that page may come from another process.
const noticeCookie = "amparo_notice"

// say keeps a sentence for the page that is shown next.
func (q *request) say(notice string) {
	key, err := seal.DeriveKey([]byte(q.session.secret), "notice")
	if err != nil {
		return // a session without a secret has no next page
	}
	//nolint:gosec // Secure where there is TLS
	http.SetCookie(q.w, &http.Cookie{
		Name: noticeCookie, Value: base64.RawURLEncoding.EncodeToString(key.Seal([]byte(cut(maxNotice, notice)), noticeCookie)),
		Path: "/", MaxAge: 60, HttpOnly: true, Secure: q.s.secure(), SameSite: http.SameSiteStrictMode,
	})
}

// maxNotice bounds a sentence that a cookie carries, in bytes.
const maxNotice = 1500

// said takes the sentence.
func (q *request) said() string {
	if q.session == nil {
		return ""
	}
	c, err := q.r.Cookie(noticeCookie)
	if err != nil {
		return ""
	}
	//nolint:gosec // it is removed
	http.SetCookie(q.w, &http.Cookie{Name: noticeCookie, Path: "/", MaxAge: -1, HttpOnly: true, Secure: q.s.secure(), SameSite: http.SameSiteStrictMode})
	sealed, err1 := base64.RawURLEncoding.DecodeString(c.Value)
	key, err2 := seal.DeriveKey([]byte(q.session.secret), "notice")
	if errors.Join(err1, err2) != nil {
		return ""
	}
	text, err := key.Open(sealed, noticeCookie)
	if err != nil {
		return "" // of another session
	}
	return string(text)
}

// cookieName holds the port on this machine: browsers send cookies to all
// ports of a host. Over TLS its prefix keeps other hosts of the domain from
// setting it.
func (s *Server) cookieName() string {
	if s.secure() {
		return "__Host-amparo_session"
	}
	if s.team != nil {
		return "amparo_session_" + port(s.team.URL)
	}
	_, port, _ := CheckAddress(s.o.Addr) // New checked it
	return "amparo_session_" + port
}

// setCookie gives the browser its session. Secure is missing on this machine
// on purpose: traffic of the loopback interface does not leave it, and not
// every browser takes Secure cookies without TLS there.
func (s *Server) setCookie(w http.ResponseWriter, cookie string) {
	//nolint:gosec // loopback, as said above
	http.SetCookie(w, &http.Cookie{
		Name: s.cookieName(), Value: cookie, Path: "/", HttpOnly: true, Secure: s.secure(), SameSite: http.SameSiteStrictMode,
	})
}

func (s *Server) dropCookie(w http.ResponseWriter) {
	//nolint:gosec // loopback, as said above
	http.SetCookie(w, &http.Cookie{
		Name: s.cookieName(), Path: "/", MaxAge: -1, HttpOnly: true, Secure: s.secure(), SameSite: http.SameSiteStrictMode,
	})
}

func (s *Server) token(r *http.Request) string {
	c, err := r.Cookie(s.cookieName())
	if err != nil {
		return ""
	}
	return c.Value
}
