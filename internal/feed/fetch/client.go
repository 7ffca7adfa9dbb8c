// Package fetch brings feeds of indicators from where they are published. It
// reaches the network, and goes to addresses of feeds
// alone: never to anything that evidence names.
//
// Start with New and Client.Update.
package fetch

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/feed"
	"github.com/amparo-project/amparo/internal/limit"
)

// Options say how servers are reached.
type Options struct {
	// Proxy is the address of a proxy: http, https, socks5 or socks5h (names are
	// then looked up behind it: Tor). "": as HTTPS_PROXY and NO_PROXY say.
	Proxy string
	// Max is the largest feed in bytes. 0: DefaultMax.
	Max int64
	// Stall is how long a server may be silent, 0: a minute; Whole how long one
	// feed may take, 0: half an hour.
	Stall, Whole time.Duration
	UserAgent    string
}

// DefaultMax is the largest feed that is fetched, in bytes. The largest public
// ones have some 100 MB.
const DefaultMax = 1 * limit.GiB

// maxPages and maxEvents bound what is asked of one server.
const (
	maxPages    = 10_000
	maxEvents   = 20_000
	maxRedirect = 5
)

// A Client fetches feeds. It serves any number of goroutines.
type Client struct {
	o    Options
	http *http.Client
}

// Errors of fetching, to be told apart from those of a feed's content.
var (
	ErrStatus   = errors.New("the server refuses")
	ErrStalled  = errors.New("the server is silent")
	ErrRedirect = errors.New("the server sends elsewhere")
	ErrTooLarge = fmt.Errorf("%w: the feed is too large", limit.ErrLimit)
	ErrKey      = errors.New("no key for the server")
)

// New returns a client.
func New(o Options) (*Client, error) {
	if o.Max == 0 {
		o.Max = DefaultMax
	}
	if o.Stall == 0 {
		o.Stall = time.Minute
	}
	if o.Whole == 0 {
		o.Whole = 30 * time.Minute
	}
	t := &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: o.Stall, ResponseHeaderTimeout: o.Stall,
		MaxResponseHeaderBytes: 256 << 10, IdleConnTimeout: o.Stall, MaxConnsPerHost: 4, ForceAttemptHTTP2: true,
	}
	if o.Proxy != "" {
		u, err := url.Parse(o.Proxy)
		if err != nil || u.Host == "" {
			return nil, fmt.Errorf("proxy: %q is no address", o.Proxy)
		}
		switch u.Scheme {
		case "http", "https", "socks5", "socks5h":
		default:
			return nil, fmt.Errorf("proxy: %q: one of http, https, socks5, socks5h", u.Scheme)
		}
		if u.User != nil {
			return nil, errors.New("proxy: a password does not belong in a flag; HTTPS_PROXY holds an address with one")
		}
		t.Proxy = http.ProxyURL(u)
	}
	return &Client{o: o, http: &http.Client{Transport: t, CheckRedirect: checkRedirect}}, nil
}

// checkRedirect follows a few steps, over https, and never from elsewhere to
// this machine.
func checkRedirect(r *http.Request, via []*http.Request) error {
	if len(via) > maxRedirect {
		return fmt.Errorf("%w: more than %d times", ErrRedirect, maxRedirect)
	}
	from := via[len(via)-1].URL
	if _, err := feed.CheckAddress(r.URL.String()); err != nil {
		return fmt.Errorf("%w: to %s: %w", ErrRedirect, r.URL.Redacted(), err)
	}
	if feed.Local(r.URL.Hostname()) && !feed.Local(from.Hostname()) {
		return fmt.Errorf("%w: to this machine", ErrRedirect)
	}
	if r.URL.Hostname() != via[0].URL.Hostname() {
		r.Header.Del("Authorization") // a key is for one server
	}
	return nil
}

// An answer is what a server sent.
type answer struct {
	status int
	header http.Header
	body   io.Reader // fails when the server is silent, or sends too much
	close  func()
}

// do sends one request. The caller closes the answer.
func (c *Client) do(ctx context.Context, method, address, body string, header map[string]string) (*answer, error) {
	if _, err := feed.CheckAddress(address); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	watch := time.AfterFunc(c.o.Stall, func() { cancel(ErrStalled) })
	end := func() { watch.Stop(); cancel(nil) }
	r, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		end()
		return nil, err
	}
	r.Header.Set("User-Agent", c.o.UserAgent)
	for k, v := range header {
		r.Header.Set(k, v)
	}
	resp, err := c.http.Do(r) //nolint:bodyclose // the answer closes it
	if err != nil {
		err = cause(ctx, err)
		end()
		return nil, err
	}
	a := &answer{status: resp.StatusCode, header: resp.Header, close: func() { resp.Body.Close(); end() }}
	if resp.ContentLength > c.o.Max {
		a.close()
		return nil, fmt.Errorf("%w: %d bytes, at most %d are read", ErrTooLarge, resp.ContentLength, c.o.Max)
	}
	a.body = &watched{r: resp.Body, ctx: ctx, watch: watch, stall: c.o.Stall, left: c.o.Max}
	return a, nil
}

// cause gives the reason for which a request was cancelled.
func cause(ctx context.Context, err error) error {
	if why := context.Cause(ctx); why != nil && !errors.Is(err, why) {
		return why
	}
	return err
}

// watched ends when nothing comes for a while, or too much comes.
type watched struct {
	r     io.Reader
	ctx   context.Context //nolint:containedctx // of the one request
	watch *time.Timer
	stall time.Duration
	left  int64
}

func (w *watched) Read(b []byte) (int, error) {
	if w.left < 0 {
		return 0, ErrTooLarge
	}
	n, err := w.r.Read(b)
	if n > 0 {
		w.watch.Reset(w.stall)
	}
	w.left -= int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		err = cause(w.ctx, err)
	}
	return n, err
}

// header returns what identifies the client to the server of a source.
func (c *Client) header(s *feed.Source) (map[string]string, error) {
	h := map[string]string{}
	key, err := keyOf(s)
	if err != nil || key == "" {
		return h, err
	}
	switch s.Auth {
	case "bearer":
		h["Authorization"] = "Bearer " + key
	case "basic":
		h["Authorization"] = "Basic " + base64.StdEncoding.EncodeToString([]byte(key))
	default:
		h["Authorization"] = key
	}
	return h, nil
}

// keyOf reads the key of a source from where it says. Errors name the place,
// never the key.
func keyOf(s *feed.Source) (string, error) {
	if s.KeyEnv != "" {
		if key := strings.TrimSpace(os.Getenv(s.KeyEnv)); key != "" {
			return key, nil
		}
		return "", fmt.Errorf("%w: the variable %s is not set", ErrKey, s.KeyEnv)
	}
	if s.KeyFile == "" {
		return "", nil
	}
	f, err := os.Open(s.KeyFile)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrKey, err)
	}
	defer f.Close()
	b, err := limit.ReadAll(f, 64<<10)
	if err != nil {
		return "", fmt.Errorf("%w: %s: %w", ErrKey, s.KeyFile, err)
	}
	key := strings.TrimSpace(string(b))
	if key == "" || strings.ContainsAny(key, "\r\n") {
		return "", fmt.Errorf("%w: %s holds not one line", ErrKey, s.KeyFile)
	}
	return key, nil
}

// good refuses an answer that is no success.
func (a *answer) good() error {
	if a.status == http.StatusOK || a.status == http.StatusPartialContent && a.header.Get("Content-Range") == "" {
		return nil
	}
	err := fmt.Errorf("%w: %d %s", ErrStatus, a.status, http.StatusText(a.status))
	if a.status >= http.StatusInternalServerError || a.status == http.StatusTooManyRequests || a.status == http.StatusRequestTimeout {
		return &laterError{err}
	}
	return err
}

// laterError is a refusal that says itself that it may be over soon.
type laterError struct{ error }

func (e *laterError) Unwrap() error { return e.error }

// Passes reports whether a feed could not be asked for a reason that may be over
// soon: of the network, or of its server.
func Passes(err error) bool {
	var later *laterError
	var network net.Error
	return errors.Is(err, ErrStalled) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, context.DeadlineExceeded) ||
		errors.As(err, &later) || errors.As(err, &network) && !errors.Is(err, ErrRedirect) && !errors.Is(err, feed.ErrAddress)
}
