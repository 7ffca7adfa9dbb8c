package hook

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/workspace"
)

// The vector of the specification's reference library.
func TestSignature(t *testing.T) {
	t.Parallel()
	const secret, id, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", `{"test": 2432232314}`
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	at := time.Unix(1614265330, 0)
	want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
	if got := Sign(key, id, at, []byte(body)); got != want {
		t.Errorf("%s", got)
	}
	for name, tt := range map[string]struct {
		secret, id, at, sig, body string
		now                       time.Time
		good                      bool
	}{
		"good":      {secret, id, "1614265330", want, body, at, true},
		"several":   {secret, id, "1614265330", "v1,AAAA " + want, body, at, true},
		"body":      {secret, id, "1614265330", want, body + " ", at, false},
		"id":        {secret, "msg_x", "1614265330", want, body, at, false},
		"time":      {secret, id, "1614265331", want, body, at, false},
		"old":       {secret, id, "1614265330", want, body, at.Add(time.Hour), false},
		"future":    {secret, id, "1614265330", want, body, at.Add(-time.Hour), false},
		"no time":   {secret, id, "soon", want, body, at, false},
		"no secret": {"whsec_???", id, "1614265330", want, body, at, false},
		"none":      {secret, id, "1614265330", "", body, at, false},
	} {
		if err := Verify(tt.secret, tt.id, tt.at, tt.sig, []byte(tt.body), tt.now); (err == nil) != tt.good || err != nil && !errors.Is(err, ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for text, good := range map[string]bool{
		"https://hooks.example.org/x": true, "https://hooks.example.org:8443/x?token=1": true, "http://127.0.0.1:9000/x": true, "http://[::1]/": true, "http://localhost/": true,
		"http://hooks.example.org/": false, "http://10.0.0.1/": false, "ftp://example.org/": false, "https://u:p@example.org/": false, "https://": false, "": false,
		"https:opaque": false, "https://example.org/#x": false, "file:///etc/passwd": false, "http://127.0.0.1.example.org/": false, "http://127.1/": false,
	} {
		if err := CheckURL(text); (err == nil) != good {
			t.Errorf("%s: %v", text, err)
		}
	}
	for text, good := range map[string]bool{
		"93.184.216.34": true, "2606:2800:220:1::1": true,
		"127.0.0.1": false, "10.1.2.3": false, "172.31.0.1": false, "192.168.0.1": false, "169.254.169.254": false, "100.64.0.1": false, "0.0.0.0": false,
		"224.0.0.1": false, "255.255.255.255": false, "::1": false, "::": false, "fe80::1": false, "fd00::1": false, "::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false,
		"64:ff9b::7f00:1": false, "2002:7f00:1::": false, "::127.0.0.1": false, "ff02::1": false,
	} {
		if got := reachable(netip.MustParseAddr(text), nil); got != good {
			t.Errorf("%s: %v", text, got)
		}
	}
	allowed, err := ParseNetworks(" 10.0.0.0/8, 127.0.0.0/8,")
	if err != nil || !reachable(netip.MustParseAddr("10.1.2.3"), allowed) || reachable(netip.MustParseAddr("192.168.0.1"), allowed) {
		t.Error(allowed, err)
	}
	if _, err := ParseNetworks("10.0.0.1"); err == nil {
		t.Error("an address is taken for a network")
	}
}

// outbox is a store in memory.
type outbox struct {
	mu       sync.Mutex
	waiting  []workspace.Outgoing // guarded by mu
	status   map[string]int       // guarded by mu
	failures map[string]string    // guarded by mu
}

func (o *outbox) GatherEvents(context.Context) error { return nil }

func (o *outbox) ClaimDelivery(context.Context) (workspace.Outgoing, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.waiting) == 0 {
		return workspace.Outgoing{}, workspace.ErrNotFound
	}
	d := o.waiting[0]
	o.waiting = o.waiting[1:]
	return d, nil
}

func (o *outbox) EndDelivery(_ context.Context, d *workspace.Outgoing, status int, failure string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.status[d.ID], o.failures[d.ID] = status, failure
	return nil
}

// TestFaults sends to receivers that do wrong in every way.
func TestFaults(t *testing.T) {
	t.Parallel()
	reached := false
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer inside.Close()
	secret := []byte("0123456789abcdef0123456789abcdef")
	var got *http.Request
	mux := http.NewServeMux()
	mux.HandleFunc("/good", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || Verify("whsec_"+base64.StdEncoding.EncodeToString(secret), r.Header.Get(HeadID), r.Header.Get(HeadTime), r.Header.Get(HeadSignature), body, time.Now()) != nil {
			w.WriteHeader(http.StatusBadRequest)
		}
		got = r
	})
	mux.HandleFunc("/redirect", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, inside.URL, http.StatusTemporaryRedirect)
	})
	mux.HandleFunc("/gone", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) })
	mux.HandleFunc("/broken", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	mux.HandleFunc("/endless", func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
	})
	plain, secure := httptest.NewServer(mux), httptest.NewTLSServer(mux)
	defer plain.Close()
	defer secure.Close()
	closed, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + closed.Addr().String() + "/"
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(secure.Certificate())
	for name, tt := range map[string]struct {
		url     string
		allow   string
		roots   *x509.CertPool
		status  int
		failure string
	}{
		"good":        {plain.URL + "/good", "127.0.0.0/8", nil, 200, ""},
		"tls":         {secure.URL + "/good", "127.0.0.0/8", roots, 200, ""},
		"certificate": {secure.URL + "/good", "127.0.0.0/8", x509.NewCertPool(), 0, "certificate"},
		"private":     {plain.URL + "/good", "", nil, 0, "refused_address"},
		"by name":     {strings.Replace(plain.URL, "127.0.0.1", "localhost", 1) + "/good", "10.0.0.0/8", nil, 0, "refused_address"},
		"redirect":    {plain.URL + "/redirect", "127.0.0.0/8", nil, 307, "redirect"},
		"gone":        {plain.URL + "/gone", "127.0.0.0/8", nil, 410, "status"},
		"broken":      {plain.URL + "/broken", "127.0.0.0/8", nil, 0, "connection"},
		"endless":     {plain.URL + "/endless", "127.0.0.0/8", nil, 200, ""},
		"nobody":      {nobody, "127.0.0.0/8", nil, 0, "connection"},
		"plain":       {"http://hooks.example.org/", "0.0.0.0/0", nil, 0, "refused_address"},
	} {
		o := &outbox{status: map[string]int{}, failures: map[string]string{}}
		o.waiting = []workspace.Outgoing{{Delivery: workspace.Delivery{ID: "msg-1", Body: []byte(`{"type":"test"}`)}, URL: tt.url, Secret: secret}}
		allow, err := ParseNetworks(tt.allow)
		if err != nil {
			t.Fatal(err)
		}
		d := &Deliverer{Store: o, Now: time.Now, Log: slog.New(slog.DiscardHandler), Allow: allow, Roots: tt.roots}
		if err := d.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
		if o.status["msg-1"] != tt.status || o.failures["msg-1"] != tt.failure {
			t.Errorf("%s: %d %q, want %d %q", name, o.status["msg-1"], o.failures["msg-1"], tt.status, tt.failure)
		}
	}
	if reached {
		t.Error("a redirect was followed")
	}
	if got == nil || got.Header.Get("Content-Type") != "application/json" || got.Method != http.MethodPost {
		t.Errorf("%+v", got)
	}
}

// TestStopped leaves what is being sent when the program ends to be sent again.
func TestStopped(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then is it noticed that the sender is gone
		close(arrived)
		<-r.Context().Done()
	}))
	defer s.Close()
	o := &outbox{status: map[string]int{}, failures: map[string]string{}}
	o.waiting = []workspace.Outgoing{{Delivery: workspace.Delivery{ID: "msg-1", Body: []byte(`{}`)}, URL: s.URL}}
	d := &Deliverer{Store: o, Now: time.Now, Log: slog.New(slog.DiscardHandler), Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		d.Run(ctx)
		close(done)
	}()
	<-arrived
	cancel()
	<-done
	if len(o.status) != 0 {
		t.Errorf("the end of the program is taken for a failure of the receiver: %v", o.failures)
	}
}
