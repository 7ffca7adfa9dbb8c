package s3_test

import (
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// faults is a network between a client and a store: it delays requests, so that
// they arrive in another order, answers with errors instead of the store, cuts
// answers and requests in the middle, and forgets the answer to what was done.
type faults struct {
	on    atomic.Bool
	sent  atomic.Int64 // bytes of bodies to the client
	proxy *httputil.ReverseProxy

	mu    sync.Mutex
	rand  *rand.Rand     // guarded by mu
	count map[string]int // guarded by mu
}

var faultKinds = []string{"slow", "error", "cut answer", "cut request", "lost answer"}

func newFaults(at string, seed uint64) *faults {
	u, err := url.Parse(at)
	if err != nil {
		panic(err)
	}
	f := &faults{rand: rand.New(rand.NewPCG(seed, 1)), count: map[string]int{}}
	for _, k := range faultKinds {
		f.count[k] = 0
	}
	f.proxy = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(u)
			r.Out.Host = r.In.Host // it is signed
		},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	return f
}

// draw chooses a fault, or none, for a request.
func (f *faults) draw(r *http.Request) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.on.Load() || f.rand.IntN(3) != 0 {
		return ""
	}
	kind := faultKinds[f.rand.IntN(len(faultKinds))]
	if kind == "cut answer" && r.Method != http.MethodGet || kind == "cut request" && r.Method != http.MethodPut {
		kind = "slow"
	}
	f.count[kind]++
	return kind
}

func (f *faults) counts() map[string]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count
}

// ServeHTTP implements http.Handler.
func (f *faults) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	out := &counted{ResponseWriter: w, f: f, left: -1}
	switch f.draw(r) {
	case "slow":
		f.mu.Lock()
		wait := time.Duration(f.rand.IntN(150)) * time.Millisecond
		f.mu.Unlock()
		time.Sleep(wait)
	case "error":
		http.Error(w, "", []int{http.StatusInternalServerError, http.StatusServiceUnavailable}[len(r.URL.Path)%2])
		return
	case "cut answer":
		out.left = 1000
	case "cut request":
		r.Body = io.NopCloser(io.LimitReader(r.Body, r.ContentLength/2))
	case "lost answer":
		f.proxy.ServeHTTP(&counted{ResponseWriter: discard{}, f: f, left: -1}, r)
		panic(http.ErrAbortHandler)
	}
	f.proxy.ServeHTTP(out, r)
}

// counted counts what goes through, and cuts it after left bytes.
type counted struct {
	http.ResponseWriter
	f    *faults
	left int // -1: it does not cut
}

func (c *counted) Write(b []byte) (int, error) {
	if c.left >= 0 && len(b) > c.left {
		_, _ = c.ResponseWriter.Write(b[:c.left]) // and no more
		panic(http.ErrAbortHandler)
	}
	if c.left >= 0 {
		c.left -= len(b)
	}
	c.f.sent.Add(int64(len(b)))
	return c.ResponseWriter.Write(b)
}

type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) WriteHeader(int)             {}
