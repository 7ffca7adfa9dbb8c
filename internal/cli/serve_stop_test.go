package cli

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/message"
	"github.com/amparo-project/amparo/internal/web"
)

// lockedBuffer is what several goroutines write to.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer // guarded by mu
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// TestServeStops tells a server to end in the middle of a request: it says so to
// the balancer first, takes requests until that has seen it, and ends when what
// it began is answered.
func TestServeStops(t *testing.T) {
	t.Setenv("AMPARO_HOME", t.TempDir())
	ctx, terminate := context.WithCancel(t.Context())
	defer terminate()
	errs := &lockedBuffer{}
	a := &app{Streams{Out: io.Discard, Err: errs, Now: time.Now}, message.New("en"), ctx}
	c := &serveCmd{Patience: time.Minute, Drain: time.Second, opsFlags: opsFlags{OpsAddr: "127.0.0.1:0"}}
	o, unwatch, err := c.operate(a, "test", &c.wsFlags)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := unwatch(); err != nil {
			t.Error(err)
		}
	}()
	ready := "http://" + regexp.MustCompile(`127\.0\.0\.1:\d+`).FindString(errs.String()) + "/readyz"
	team := &web.Team{URL: &url.URL{Scheme: "http", Host: "localhost"}}
	s, err := web.New(web.Options{Now: time.Now, Log: slog.New(slog.DiscardHandler), Exists: func() bool { return false }, Team: team})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	begun, release := make(chan struct{}), make(chan struct{})
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			close(begun)
			<-release
		}
		_, _ = io.WriteString(w, "whole")
	})
	ended := make(chan error, 1)
	go func() { ended <- c.serve(a, o, s, ln, &listening{team: team}, handler) }()
	get := func(at string) (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at, nil)
		if err != nil {
			t.Error(err)
			return 0, ""
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Error(err)
			return 0, ""
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Error(err)
		}
		return resp.StatusCode, string(body)
	}
	for until := time.Now().Add(2 * time.Minute); ; time.Sleep(5 * time.Millisecond) {
		status, _ := get(ready)
		if status == http.StatusOK {
			break
		}
		if time.Now().After(until) {
			t.Fatalf("before the end: %d", status)
		}
	}
	slow := make(chan string, 1)
	go func() {
		_, body := get("http://" + ln.Addr().String() + "/slow")
		slow <- body
	}()
	<-begun
	terminate()
	if status, _ := get(ready); status != http.StatusServiceUnavailable {
		t.Errorf("told to end, and ready: %d", status)
	}
	select {
	case err := <-ended:
		t.Fatalf("it ended in the middle of a request: %v", err)
	default:
	}
	close(release)
	if body := <-slow; body != "whole" {
		t.Errorf("the request that was under way got %q", body)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
