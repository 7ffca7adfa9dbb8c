package main

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// proxy is the network between two processes.
type proxy struct {
	ln  net.Listener
	mu  sync.Mutex
	to  string            // guarded by mu; "": nothing is there
	all map[net.Conn]bool // guarded by mu

	lag   time.Duration // guarded by mu; of each piece that goes through
	rate  int           // guarded by mu; bytes a second, 0: any
	stuck chan struct{} // guarded by mu; while it is open nothing goes through, and nobody hears why; nil: all does
}

func newProxy(t *testing.T, to string) *proxy {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a test's own
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{to: to, ln: ln, all: map[net.Conn]bool{}}
	t.Cleanup(func() { ln.Close(); p.heal(); p.cut() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go p.pass(c)
		}
	}()
	return p
}

func (p *proxy) addr() string { return p.ln.Addr().String() }

// lead has new connections go elsewhere.
func (p *proxy) lead(to string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.to = to
}

func (p *proxy) where() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.to
}

func (p *proxy) pass(from net.Conn) {
	defer from.Close()
	to, err := net.Dial("tcp", p.where()) //nolint:noctx // a test's own
	if err != nil {
		return
	}
	defer to.Close()
	p.mu.Lock()
	p.all[from], p.all[to] = true, true
	p.mu.Unlock()
	done := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{from, to}, {to, from}} {
		go func() { p.copy(way[0], way[1]); done <- struct{}{} }()
	}
	<-done
	p.mu.Lock()
	delete(p.all, from)
	delete(p.all, to)
	p.mu.Unlock()
}

func (p *proxy) copy(from io.Reader, to io.Writer) {
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		p.mu.Lock()
		wait, stuck := p.lag, p.stuck
		if p.rate > 0 {
			wait += time.Duration(n) * time.Second / time.Duration(p.rate)
		}
		p.mu.Unlock()
		time.Sleep(wait)
		if stuck != nil {
			<-stuck
		}
		if _, werr := to.Write(b[:n]); err != nil || werr != nil {
			return
		}
	}
}

// cut ends all connections.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.all {
		c.Close()
	}
}

// slow delays each piece, and lets so many bytes through in a second; 0: any.
func (p *proxy) slow(lag time.Duration, rate int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lag, p.rate = lag, rate
}

// lose has nothing go through, and connections stay open.
func (p *proxy) lose() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stuck == nil {
		p.stuck = make(chan struct{})
	}
}

// heal ends what slow and lose did.
func (p *proxy) heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lag, p.rate = 0, 0
	if p.stuck != nil {
		close(p.stuck)
		p.stuck = nil
	}
}
