package job_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/feed"
	"github.com/amparo-project/amparo/internal/feed/fetch"
	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/job"
	"github.com/amparo-project/amparo/internal/workspace"
)

// publisher serves feeds by their paths, each with an ETag, and counts who asks.
type publisher struct {
	*httptest.Server
	mu    sync.Mutex
	feeds map[string]string // guarded by mu; path to lines. "!…": what goes wrong
	asked map[string]int    // guarded by mu; whole answers, by path
	hang  chan struct{}
}

func newPublisher(tb testing.TB) *publisher {
	tb.Helper()
	p := &publisher{feeds: map[string]string{}, asked: map[string]int{}, hang: make(chan struct{})}
	p.Server = httptest.NewServer(http.HandlerFunc(p.serve))
	tb.Cleanup(p.Close)
	tb.Cleanup(p.release)
	return p
}

func (p *publisher) serve(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	text := p.feeds[r.URL.Path]
	p.asked[r.URL.Path]++
	hang := p.hang
	p.mu.Unlock()
	switch text {
	case "!500":
		http.Error(w, "later", http.StatusInternalServerError)
		return
	case "!404":
		http.NotFound(w, r)
		return
	case "!cut":
		w.Header().Set("Content-Length", "1000")
		fmt.Fprint(w, "half.example\n")
		return
	case "!hang":
		select {
		case <-hang:
		case <-r.Context().Done():
		}
		return
	}
	tag := fmt.Sprintf("%q", text)
	w.Header().Set("ETag", strings.ReplaceAll(tag, "\\n", " "))
	if r.Header.Get("If-None-Match") == w.Header().Get("ETag") {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	fmt.Fprint(w, text)
}

func (p *publisher) publish(path, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.feeds[path] = text
}

func (p *publisher) count(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked[path]
}

// release ends what hangs.
func (p *publisher) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.hang)
	p.hang = make(chan struct{})
}

// asking implements job.Asking, as the program does.
type asking struct {
	st     *feed.Store
	client *fetch.Client
	list   []feed.Source
	job    string
	after  func(i int) error // of each that was asked and stored
}

func (a *asking) Feeds() (out []workspace.FeedResult) {
	for _, s := range a.list {
		out = append(out, workspace.FeedResult{Name: s.Name, Address: s.Address})
	}
	return out
}

func (a *asking) Ask(ctx context.Context, i int) (workspace.FeedResult, error) {
	r := a.client.UpdateFor(ctx, a.st, a.list[i], a.job, time.Now())
	if ctx.Err() != nil {
		return workspace.FeedResult{}, context.Cause(ctx)
	}
	if job.OfWorkspace(r.Why) {
		return workspace.FeedResult{}, r.Why
	}
	out := workspace.FeedResult{
		Name: a.list[i].Name, Address: a.list[i].Address, State: string(r.State), Added: r.Change.Added, Removed: r.Change.Removed, Examples: r.Change.Examples,
		Passes: r.State == fetch.Failed && fetch.Passes(r.Why),
	}
	if r.Why != nil {
		out.Why = r.Why.Error()
	}
	return out, a.after(i)
}

// feeds has an engine ask feeds of a publisher.
func feeds(p *publisher, after func(i int) error, paths ...string) func(*job.Engine) {
	return func(e *job.Engine) {
		quick(e)
		e.PerCase = 1
		e.Sets = func(ctx context.Context, s *examine.Space) ([]*indicator.Set, error) {
			st, err := s.Indicators(ctx, nil)
			if err != nil {
				return nil, err
			}
			l, err := st.Load()
			if err != nil {
				return nil, err
			}
			return l.Sets, nil
		}
		e.Update = func(ctx context.Context, s *examine.Space, id string, fn func(job.Asking) error) error {
			st, err := s.Indicators(ctx, nil)
			if err != nil {
				return err
			}
			client, err := fetch.New(fetch.Options{UserAgent: "test"})
			if err != nil {
				return err
			}
			a := &asking{st: st, client: client, job: id, after: after}
			for _, path := range paths {
				a.list = append(a.list, feed.Source{Name: "feed of " + path, Address: p.URL + path, Kind: feed.File, Type: artifact.Domain})
			}
			return fn(a)
		}
	}
}
