package postgrestest

import (
	"net"
	"net/url"
	"sync"
	"testing"
)

// Line is the network between a program and a server, which a test breaks.
type Line struct {
	URL string // of the database, through the line

	to string
	ln net.Listener

	mu    sync.Mutex
	all   map[net.Conn]bool // guarded by mu: connections that are open
	left  int               // guarded by mu: requests until it breaks; below 0: it does not
	half  bool              // guarded by mu: that one is answered in half
	armed bool              // guarded by mu: it was asked
	broke bool              // guarded by mu: nothing goes through
}

// NewLine is a line to the database at a URL, as Database returns it.
func NewLine(tb testing.TB, at string) *Line {
	tb.Helper()
	u, err := url.Parse(at)
	if err != nil {
		tb.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a test's own
	if err != nil {
		tb.Fatal(err)
	}
	l := &Line{to: u.Host, ln: ln, all: map[net.Conn]bool{}, left: -1}
	u.Host = ln.Addr().String()
	l.URL = u.String()
	tb.Cleanup(func() { _ = ln.Close(); l.end() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go l.pass(c)
		}
	}()
	return l
}

// BreakAfter has the line break, and stay broken, at the request after n. That
// one does not arrive, or with half its answer comes in half.
func (l *Line) BreakAfter(n int, half bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.left, l.half = n, half
}

// Heal mends the line, and reports whether it broke.
func (l *Line) Heal() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	broke := l.broke
	l.left, l.half, l.armed, l.broke = -1, false, false, false
	return broke
}

func (l *Line) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.all {
		_ = c.Close()
	}
}

// pass is one connection: a request and its answer are a piece each, as the
// program waits for the one before it sends the other.
func (l *Line) pass(from net.Conn) {
	defer func() { _ = from.Close() }()
	to, err := net.Dial("tcp", l.to) //nolint:noctx // a test's own
	if err != nil {
		return
	}
	defer func() { _ = to.Close() }()
	l.mu.Lock()
	if l.broke {
		l.mu.Unlock()
		return
	}
	l.all[from], l.all[to] = true, true
	l.mu.Unlock()
	done := make(chan struct{}, 2)
	for _, way := range []struct {
		from, to net.Conn
		piece    func(n int) (pass int, on bool)
	}{{from, to, l.request}, {to, from, l.answer}} {
		go func() {
			defer func() { done <- struct{}{} }()
			b := make([]byte, 64<<10)
			for {
				n, err := way.from.Read(b)
				pass, on := way.piece(n)
				if _, werr := way.to.Write(b[:pass]); err != nil || werr != nil || !on {
					return
				}
			}
		}()
	}
	<-done
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.all, from)
	delete(l.all, to)
}

// request and answer say how much of n bytes goes through, and whether the
// connection goes on.
func (l *Line) request(n int) (pass int, on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.broke:
		return 0, false
	case n == 0 || l.left < 0:
	case l.left > 0:
		l.left--
	case l.half:
		l.armed = true
	default:
		l.broke = true
		return 0, false
	}
	return n, true
}

func (l *Line) answer(n int) (pass int, on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.broke:
		return 0, false
	case l.armed:
		l.broke = true
		return n / 2, false
	}
	return n, true
}
