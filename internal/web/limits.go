package web

import (
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/amparo-project/amparo/internal/workspace"
)

// How many requests one session, token or address may send: a page with all
// that it loads is some ten, and an analyst who drags a timeline sends a few
// each second.
const (
	requestsPerSecond = 100
	requestsAtOnce    = 400
)

// maxWatched bounds the sessions, tokens and addresses that are kept apart:
// who was seen last longest ago is forgotten.
const maxWatched = 4096

// What somebody guesses, each counted by itself.
const (
	guessToken      = "token"
	guessInvitation = "invitation"
	guessSignIn     = "sign-in"
	guessPassphrase = "passphrase"
)

// limits keeps whoever sends too much, or guesses, waiting, in this process.
// Guesses where members sign in are counted in the database too, for all
// servers (Server.guess). Of tokens they are not: nobody guesses 256 bits, and
// each call has one; the wait spares the server. Requests are not: a limit that
// each of n servers keeps is one of n times as many, which is what n can answer.
type limits struct {
	now     func() time.Time
	proxied bool // the address is what a proxy on this machine says
	mu      sync.Mutex
	rates   map[string]*watched[*rate.Limiter] // guarded by mu
	guards  map[string]*watched[*guard]        // guarded by mu
}

type watched[T any] struct {
	what T
	seen time.Time
}

func newLimits(now func() time.Time) *limits {
	return &limits{now: now, rates: map[string]*watched[*rate.Limiter]{}, guards: map[string]*watched[*guard]{}}
}

// allow reports whether a request may be answered now.
func (l *limits) allow(s *session, r *http.Request) bool {
	key := "address " + l.address(r)
	if s != nil {
		key = "session " + workspace.SecretID(s.secret)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	w := keep(l.rates, key, l.now(), func() *rate.Limiter { return rate.NewLimiter(requestsPerSecond, requestsAtOnce) })
	return w.AllowN(l.now(), 1)
}

// guess is the guard of what is guessed from an address.
func (l *limits) guess(what string, r *http.Request) *guard {
	l.mu.Lock()
	defer l.mu.Unlock()
	return keep(l.guards, what+" "+l.address(r), l.now(), func() *guard { return newGuard(l.now) })
}

// keep returns what is kept under a key, made where there is nothing yet.
func keep[T any](list map[string]*watched[T], key string, now time.Time, fresh func() T) T {
	w := list[key]
	if w == nil {
		if len(list) >= maxWatched {
			forgetOldest(list)
		}
		w = &watched[T]{what: fresh()}
		list[key] = w
	}
	w.seen = now
	return w.what
}

// forgetOldest drops a quarter, so that it is seldom done.
func forgetOldest[T any](list map[string]*watched[T]) {
	var first, last time.Time
	for _, w := range list {
		if first.IsZero() || w.seen.Before(first) {
			first = w.seen
		}
		if w.seen.After(last) {
			last = w.seen
		}
	}
	until := first.Add(last.Sub(first) / 4)
	for k, w := range list {
		if !w.seen.After(until) {
			delete(list, k)
		}
	}
}

// address is where a request comes from: a network of IPv6 counts as one, for
// whoever has one address of it has all.
func (l *limits) address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	if l.proxied {
		// The proxy adds who asked it at the end; what is before, anybody can write.
		list := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		if last := strings.TrimSpace(list[len(list)-1]); net.ParseIP(last) != nil {
			host = last
		}
	}
	ip := net.ParseIP(host)
	if ip == nil || ip.To4() != nil {
		return host
	}
	return ip.Mask(net.CIDRMask(64, 128)).String()
}

// families are the browsers that people know, each before those that also say
// the names of it.
var families = []struct{ sign, name string }{
	{"Firefox/", "Firefox"},
	{"FxiOS/", "Firefox"},
	{"Edg", "Edge"},
	{"OPR/", "Opera"},
	{"SamsungBrowser/", "Samsung Internet"},
	{"CriOS/", "Chrome"},
	{"Chrome/", "Chrome"},
	{"Safari/", "Safari"},
}

// browserOf is the family of a browser, "" where it is none that is known.
func browserOf(r *http.Request) string {
	agent := r.UserAgent()
	for _, f := range families {
		if strings.Contains(agent, f.sign) {
			return f.name
		}
	}
	return ""
}
