package fetch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/feed"
	"github.com/amparo-project/amparo/internal/limit"
)

var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// list is a feed of n domains.
func list(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "host%d.evil.example.com\n", i)
	}
	return b.String()
}

func openStore(t *testing.T) *feed.Store {
	t.Helper()
	st, err := feed.OpenToChange(filepath.Join(t.TempDir(), "indicators"), func() time.Time { return noon })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(st.Close)
	return st
}

func client(t *testing.T, o Options) *Client {
	t.Helper()
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func source(address string) feed.Source {
	return feed.Source{Name: "Test feed", Publishers: []string{"Lab"}, Address: address, Kind: feed.File}
}

// TestUpdate follows one feed through its life: new, unchanged by its ETag,
// changed, shrunk, cut off, gone. The last good version always stays.
func TestUpdate(t *testing.T) {
	t.Parallel()
	var body atomic.Pointer[string]
	var conditional atomic.Int64
	var broken atomic.Bool
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text := *body.Load()
		tag := fmt.Sprintf("%q", fmt.Sprint(len(text)))
		if r.Header.Get("If-None-Match") == tag {
			conditional.Add(1)
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("ETag", tag)
		w.Header().Set("Last-Modified", "Sun, 01 Nov 2026 12:00:00 GMT")
		if broken.Load() {
			w.Header().Set("Content-Length", fmt.Sprint(len(text)+100))
		}
		io.WriteString(w, text)
	}))
	defer srv.Close()
	st, c := openStore(t), client(t, Options{})
	s := source(srv.URL + "/domains.txt")
	step := func(text string, accept bool, want State, count int) Result {
		t.Helper()
		body.Store(&text)
		r := c.Update(context.Background(), st, s, accept, noon)
		e := st.Entry(s.Address)
		if r.State != want || (e != nil) != (count > 0) || e != nil && e.Current().Count != count {
			t.Fatalf("state %s (%v), want %s with %d indicators; entry %+v", r.State, r.Why, want, count, e)
		}
		return r
	}
	step(list(40), false, Added, 40)
	step(list(40), false, Unchanged, 40)
	if conditional.Load() != 1 {
		t.Error("the second request was not conditional")
	}
	r := step(list(43), false, Changed, 43)
	if r.Change.Added != 3 || r.Change.Removed != 0 || len(r.Change.Examples) != 3 {
		t.Errorf("change %+v", r.Change)
	}
	if r := step(list(5), false, Kept, 43); !errors.Is(r.Why, errSuspicious) {
		t.Error(r.Why)
	}
	step("<html><body>Please log in</body></html>", false, Failed, 43)
	step("", false, Failed, 43)
	step(`{"type":"bundle","objects":[{"type":"indicator","id":"indicator--1","pattern":"[domain-na`, false, Kept, 43)
	broken.Store(true)
	if r := step(list(50), false, Failed, 43); !errors.Is(r.Why, io.ErrUnexpectedEOF) {
		t.Error("a truncated body:", r.Why)
	}
	broken.Store(false)
	step(list(5), true, Changed, 5)
	if n := len(st.Entry(s.Address).Versions); n != 3 {
		t.Errorf("%d versions are kept, want 3", n)
	}
	srv.Close()
	step(list(6), false, Failed, 5)
	if wrong := st.Verify(); len(wrong) > 0 {
		t.Error(wrong)
	}
}

// TestBadServers are servers that hang, trickle, send elsewhere, or send
// without end. Each is an error in bounded time and memory.
func TestBadServers(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("/hang", func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("/stall", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, list(10))
		w.(http.Flusher).Flush()
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	for path, to := range map[string]string{
		"/tofile": "file:///etc/passwd", "/toplain": "http://feeds.example/x", "/togopher": "gopher://feeds.example/x", "/loop": "/loop",
	} {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", to)
			w.WriteHeader(http.StatusFound)
		})
	}
	mux.HandleFunc("/declared", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "2147483648")
		w.WriteHeader(http.StatusOK)
	})
	mux.HandleFunc("/endless", func(w http.ResponseWriter, _ *http.Request) {
		line := bytes.Repeat([]byte("evil.example.com\n"), 4096)
		for {
			if _, err := w.Write(line); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("/500", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	srv := httptest.NewServer(mux)
	t.Cleanup(func() { close(release); srv.Close() })
	for _, tt := range []struct {
		path string
		want error
	}{
		{"/hang", ErrStalled},
		{"/stall", ErrStalled},
		{"/tofile", ErrRedirect},
		{"/toplain", ErrRedirect},
		{"/togopher", ErrRedirect},
		{"/loop", ErrRedirect},
		{"/declared", limit.ErrLimit},
		{"/endless", limit.ErrLimit},
		{"/500", ErrStatus},
		{"/none", ErrStatus},
	} {
		t.Run(strings.TrimPrefix(tt.path, "/"), func(t *testing.T) {
			t.Parallel()
			st := openStore(t)
			c := client(t, Options{Stall: 300 * time.Millisecond, Max: 4 * limit.MiB})
			r := c.Update(context.Background(), st, source(srv.URL+tt.path), false, noon)
			if r.State != Failed || !errors.Is(r.Why, tt.want) && !strings.Contains(fmt.Sprint(r.Why), "timeout awaiting response headers") {
				t.Errorf("%s: %v, want %v", r.State, r.Why, tt.want)
			}
			if len(st.Entries()) != 0 {
				t.Error("something was installed")
			}
			files, err := os.ReadDir(filepath.Join(st.Dir(), "versions"))
			if err != nil || len(files) != 0 {
				t.Errorf("files were left behind: %v %v", files, err)
			}
		})
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for address, good := range map[string]bool{
		"https://feeds.example/x": true, "http://127.0.0.1:80/x": true, "http://[::1]/x": true, "http://localhost/x": true,
		"http://abcdefghijklmnop.onion/x": true, "http://feeds.example/x": false, "file:///etc/passwd": false, "ftp://feeds.example/": false,
		"https://user:secret@feeds.example/": false, "feeds.example/x": false, "": false, "http://127.0.0.1.feeds.example/": false,
	} {
		if _, err := feed.CheckAddress(address); (err == nil) != good {
			t.Errorf("%q: %v", address, err)
		}
	}
	for _, proxy := range []string{"ftp://x", "nonsense", "socks5://u:secret@127.0.0.1:1"} {
		if _, err := New(Options{Proxy: proxy}); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("proxy %q: %v", proxy, err)
		}
	}
}

// TestTAXII reads a collection of three pages with a key from a file.
func TestTAXII(t *testing.T) {
	t.Parallel()
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte("user:pass\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var broken atomic.Bool
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, pass, _ := r.BasicAuth()
		if user != "user" || pass != "pass" || r.URL.Path != "/api/collections/1/objects/" || !strings.Contains(r.Header.Get("Accept"), "version=2.1") {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		n := 1
		fmt.Sscanf(r.URL.Query().Get("next"), "page%d", &n)
		if n == 3 && broken.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		w.Header().Set("Content-Type", "application/taxii+json;version=2.1")
		fmt.Fprintf(w, `{"more":%v,"next":"page%d","objects":[{"type":"indicator","id":"indicator--00000000-0000-4000-8000-00000000000%d","pattern":"[domain-name:value='p%d.example.com']","pattern_type":"stix"}]}`, n < 3, n+1, n, n)
	}))
	defer srv.Close()
	st, c := openStore(t), client(t, Options{})
	s := feed.Source{Name: "Collection", Address: srv.URL + "/api/collections/1/", Kind: feed.TAXII, KeyFile: key, Auth: "basic"}
	broken.Store(true)
	if r := c.Update(context.Background(), st, s, false, noon); r.State != Failed || !errors.Is(r.Why, ErrStatus) {
		t.Fatalf("a part of a collection is taken: %s %v", r.State, r.Why)
	}
	broken.Store(false)
	r := c.Update(context.Background(), st, s, false, noon)
	if r.State != Added || r.Entry.Current().Count != 3 || r.Entry.Current().Format != "stix2" {
		t.Fatalf("%s %v", r.State, r.Why)
	}
	s.KeyFile = filepath.Join(t.TempDir(), "none")
	if r := c.Update(context.Background(), st, s, false, noon); !errors.Is(r.Why, ErrKey) {
		t.Error(r.Why)
	}
}

// TestMISP asks a server of MISP page by page, with a key from the environment.
func TestMISP(t *testing.T) {
	t.Setenv("AMPARO_TEST_MISP", "thekey")
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var ask struct{ Page, Limit int }
		if r.Header.Get("Authorization") != "thekey" || r.Method != http.MethodPost || r.URL.Path != "/attributes/restSearch" ||
			json.NewDecoder(r.Body).Decode(&ask) != nil {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		n := ask.Limit
		if ask.Page > 1 {
			n = 2
		}
		var all []string
		for i := range n {
			all = append(all, fmt.Sprintf(`{"id":"1","type":"domain","category":"Network activity","to_ids":true,"uuid":"00000000-0000-4000-8000-%012x","value":"p%d-%d.example.com","timestamp":"1700000000","comment":"","Event":{"info":"Case"},"Tag":[{"name":"tlp:red"}]}`, ask.Page*100000+i, ask.Page, i))
		}
		fmt.Fprintf(w, `{"response":{"Attribute":[%s]}}`, strings.Join(all, ","))
	}))
	defer srv.Close()
	st, c := openStore(t), client(t, Options{})
	s := feed.Source{Name: "Our MISP", Address: srv.URL, Kind: feed.MISP, KeyEnv: "AMPARO_TEST_MISP"}
	r := c.Update(context.Background(), st, s, false, noon)
	if r.State != Added || r.Entry.Current().Count != mispPage+2 {
		t.Fatalf("%s %v", r.State, r.Why)
	}
	for d := range r.Set.All() {
		if !d.Private() || cmp.Diff([]string{"Case"}, d.Threats()) != "" {
			t.Fatalf("private %v, threats %v", d.Private(), d.Threats())
		}
	}
	data, err := os.ReadFile(filepath.Join(st.Dir(), "store.json"))
	if err != nil || strings.Contains(string(data), "thekey") || strings.Contains(string(data), "p1-0") {
		t.Error("store.json holds the key or a value", err)
	}
}

// TestMISPFeed reads a feed that is a folder of events.
func TestMISPFeed(t *testing.T) {
	t.Parallel()
	const id = "5a000000-0000-4000-8000-000000000001"
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/feed/manifest.json":
			fmt.Fprintf(w, `{%q:{"info":"x","timestamp":"1"},"../../etc/passwd":{}}`, id)
		case "/feed/" + id + ".json":
			fmt.Fprint(w, `{"Event":{"info":"Case","Attribute":[{"type":"ip-dst|port","value":"192.0.2.1|443","to_ids":true,"uuid":"5a000000-0000-4000-8000-000000000002"}],"Orgc":{"name":"Lab"}}}`)
		default:
			t.Errorf("asked for %s", r.URL.Path)
		}
	}))
	defer srv.Close()
	st, c := openStore(t), client(t, Options{})
	r := c.Update(context.Background(), st, feed.Source{Name: "F", Address: srv.URL + "/feed/", Kind: feed.MISPFeed}, false, noon)
	if r.State != Added || r.Entry.Current().ByType["ip"] != 1 {
		t.Fatalf("%s %v", r.State, r.Why)
	}
}

// TestProxies fetches through a proxy of HTTP and one of SOCKS5, which looks
// up the name itself: that is what Tor needs.
func TestProxies(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, list(3)) }))
	defer srv.Close()
	asked := make(chan string, 10)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.URL.Host
		io.WriteString(w, list(3))
	}))
	defer proxy.Close()
	socks := socksServer(t, strings.TrimPrefix(srv.URL, "http://"), asked)
	for _, address := range []string{proxy.URL, "socks5h://" + socks} {
		c := client(t, Options{Proxy: address})
		r := c.Update(context.Background(), openStore(t), source("http://feeds.onion/list.txt"), false, noon)
		if r.State != Added {
			t.Fatalf("%s: %v", address, r.Why)
		}
		if got := <-asked; got != "feeds.onion" {
			t.Errorf("%s was asked for %s", address, got)
		}
	}
}

// socksServer speaks as much of SOCKS 5 (RFC 1928) as a connection by name needs,
// and leads every one to one address.
func socksServer(t *testing.T, to string, asked chan<- string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			go serveSOCKS(in, to, asked)
		}
	}()
	return l.Addr().String()
}

func serveSOCKS(in net.Conn, to string, asked chan<- string) {
	defer in.Close()
	head := make([]byte, 2)
	io.ReadFull(in, head)
	io.ReadFull(in, make([]byte, head[1]))
	in.Write([]byte{5, 0})
	request := make([]byte, 5)
	io.ReadFull(in, request)
	if request[3] != 3 { // not a name
		return
	}
	name := make([]byte, int(request[4])+2)
	io.ReadFull(in, name)
	asked <- string(name[:len(name)-2])
	out, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer out.Close()
	in.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	go io.Copy(out, in)
	io.Copy(in, out)
}
