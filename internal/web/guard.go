package web

import (
	"crypto/sha256"
	"sync"
	"time"
)

// How often somebody may guess before they wait, and how long then: twice as
// long after each further mistake.
const (
	freeGuesses = 5
	firstWait   = 30 * time.Second
	longestWait = time.Hour
)

// guard counts wrong guesses of one secret, whoever makes them.
type guard struct {
	now   func() time.Time
	mu    sync.Mutex
	wrong int       // guarded by mu
	until time.Time // guarded by mu; no guess before
}

func newGuard(now func() time.Time) *guard { return &guard{now: now} }

// wait is how long the next guess has to wait; 0: not at all.
func (g *guard) wait() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return max(0, g.until.Sub(g.now()))
}

func (g *guard) failed() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.wrong++
	if over := g.wrong - freeGuesses; over >= 0 {
		g.until = g.now().Add(min(firstWait<<min(over, 10), longestWait))
	}
}

func (g *guard) passed() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.wrong, g.until = 0, time.Time{}
}

// linkLife is how long a link lets somebody in.
const linkLife = 15 * time.Minute

// links are the addresses that let a browser in, each once.
type links struct {
	guard *guard
	now   func() time.Time
	mu    sync.Mutex
	open  map[[32]byte]time.Time // guarded by mu: until when
	used  chan struct{}          // closed when one was
	once  sync.Once
}

func newLinks(now func() time.Time) *links {
	return &links{guard: newGuard(now), now: now, open: map[[32]byte]time.Time{}, used: make(chan struct{})}
}

// add makes a link. The ones before are void: whoever asks for a new one lost
// the old.
func (l *links) add() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.open)
	token := secret()
	l.open[sha256.Sum256([]byte(token))] = l.now().Add(linkLife)
	return token
}

// use spends a link.
func (l *links) use(token string) bool {
	if l.guard.wait() > 0 {
		return false
	}
	l.mu.Lock()
	key := sha256.Sum256([]byte(token))
	until, ok := l.open[key]
	delete(l.open, key)
	l.mu.Unlock()
	if !ok || l.now().After(until) {
		l.guard.failed()
		return false
	}
	l.guard.passed()
	l.once.Do(func() { close(l.used) })
	return true
}
