// Package client works on a workspace at a server: over the documented API of
// "amparo serve" (docs/api.md), with the types of package workspace. Start with
// New.
//
// A server may be hostile, or be somebody else: nothing is sent but over TLS
// that verifies, or to this machine; no redirect is followed; what is answered
// is read within bounds, and names in archives stay below the folder that they
// are unpacked to.
package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/workspace"
)

// Options say where the server is, and who asks.
type Options struct {
	URL   string // https://HOST[:PORT], or http to this machine
	Token string // made on the server's page "Programs"
	// CA is a file of certificates, PEM, that the server's is verified by instead
	// of those of the system.
	CA   []byte
	Lang string // of sentences that the server answers
	// Wait sleeps between attempts; nil: time.
	Wait func(context.Context, time.Duration) error
}

// Client is a server as one member's program sees it. Its methods may be called
// from several goroutines.
type Client struct {
	base  *url.URL
	o     Options
	http  *http.Client
	slow  *http.Client // for answers that are made before they begin
	about about
}

// about is what the server says of itself.
type about struct {
	workspace.Info
	Member  workspace.Member `json:"member"`
	Entries int64            `json:"ledger_entries"`
	Version string           `json:"version"`
}

// Bounds of what is read and how long is waited.
const (
	maxAnswer  = 64 << 20 // bytes of an answer in JSON
	maxProblem = 1 << 20
	dialTime   = 15 * time.Second
	headTime   = 3 * time.Minute // a job is waited for up to a minute
	slowTime   = 6 * time.Hour   // an exhibit of all evidence is put together before its first byte
	attempts   = 5               // of what may be asked again
	firstPause = 500 * time.Millisecond
)

// Errors of the way to a server.
var (
	ErrAddress = errors.New("not the address of a server")
	ErrToken   = errors.New("no token")
	ErrAnswer  = errors.New("the server's answer is not one of Amparo's")
	ErrServer  = errors.New("the server could not do it")
	ErrRefused = errors.New("the server refuses the token")
	// ErrNotShared says that no consent lets a recipient have anything of it.
	ErrNotShared = fmt.Errorf("%w: none lets the recipient have anything of it", workspace.ErrNoConsent)
)

// New returns a client, and asks the server who it is. The error wraps
// ErrAddress, ErrToken or what the server said.
func New(ctx context.Context, o Options) (*Client, error) {
	base, err := address(o.URL)
	if err != nil {
		return nil, err
	}
	if o.Token == "" || strings.ContainsFunc(o.Token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, ErrToken
	}
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.CA != nil {
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM(o.CA) {
			return nil, fmt.Errorf("%w: the file of certificates holds none", ErrAddress)
		}
	}
	if o.Wait == nil {
		o.Wait = pause
	}
	c := &Client{base: base, o: o, http: &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: dialTime}).DialContext, TLSHandshakeTimeout: dialTime,
			ResponseHeaderTimeout: headTime, TLSClientConfig: conf, ForceAttemptHTTP2: true, MaxResponseHeaderBytes: 64 << 10, IdleConnTimeout: time.Minute,
		},
	}}
	slow := c.http.Transport.(*http.Transport).Clone() //nolint:forcetypeassert // made above
	slow.ResponseHeaderTimeout = slowTime
	c.slow = &http.Client{CheckRedirect: c.http.CheckRedirect, Transport: slow}
	return c, c.get(ctx, "/workspace", nil, &c.about)
}

// address reads where a server is.
func address(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "":
		return nil, fmt.Errorf("%w: write https://HOST", ErrAddress)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "":
		return nil, fmt.Errorf("%w: it has more than a host and a port", ErrAddress)
	case u.Scheme == "https", u.Scheme == "http" && loopback(u.Hostname()):
		return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
	}
	return nil, fmt.Errorf("%w: https, or http to this machine", ErrAddress)
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// Info returns what everybody may know of the workspace.
func (c *Client) Info() workspace.Info { return c.about.Info }

// Member returns whose token it is.
func (c *Client) Member() workspace.Member { return c.about.Member }

// LedgerSize is the number of entries of the ledger.
func (c *Client) LedgerSize(ctx context.Context) (int64, error) {
	var a about
	err := c.get(ctx, "/workspace", nil, &a)
	return a.Entries, err
}

// call is one question.
type call struct {
	method, path string
	query        url.Values
	kind         string // of the body
	body         func() (io.ReadCloser, int64, error)
	head         http.Header
	again        bool // it may be asked again
	slow         bool // its answer may take hours to begin
}

func (c *Client) get(ctx context.Context, path string, query url.Values, into any) error {
	return c.json(ctx, call{method: http.MethodGet, path: path, query: query, again: true}, into)
}

// post asks for something to be made or changed. It names the call, so that
// asking again makes nothing twice.
func (c *Client) post(ctx context.Context, path string, body, into any) error {
	data := []byte("{}")
	if body != nil {
		var err error
		if data, err = json.Marshal(body); err != nil {
			return err
		}
	}
	return c.json(ctx, call{
		method: http.MethodPost, path: path, kind: "application/json", body: bytesOf(data), again: true,
		head: http.Header{"Idempotency-Key": {rand.Text()}},
	}, into)
}

func bytesOf(data []byte) func() (io.ReadCloser, int64, error) {
	return func() (io.ReadCloser, int64, error) {
		return io.NopCloser(bytes.NewReader(data)), int64(len(data)), nil
	}
}

// json asks and reads the answer, which is JSON.
func (c *Client) json(ctx context.Context, q call, into any) error {
	return c.do(ctx, q, func(r io.Reader, kind string) error {
		if !strings.HasPrefix(kind, "application/json") {
			return ErrAnswer
		}
		data, err := io.ReadAll(io.LimitReader(r, maxAnswer+1)) //nolint:forbidigo // bounded
		switch {
		case err != nil:
			return err
		case len(data) > maxAnswer:
			return fmt.Errorf("%w: more than %d bytes", ErrAnswer, maxAnswer)
		case into == nil:
			return nil
		}
		if err := json.Unmarshal(data, into); err != nil {
			return fmt.Errorf("%w: %w", ErrAnswer, err)
		}
		return nil
	})
}

// do asks until there is an answer that is one. read may be called again where
// the answer broke off and the call may be repeated.
func (c *Client) do(ctx context.Context, q call, read func(r io.Reader, kind string) error) error {
	wait := firstPause
	for n := 1; ; n++ {
		later, retry, err := c.once(ctx, &q, read)
		if err == nil || !retry || !q.again || n == attempts || ctx.Err() != nil {
			return err
		}
		if later > 0 {
			wait = later
		}
		if werr := c.o.Wait(ctx, wait); werr != nil {
			return errors.Join(err, werr)
		}
		wait *= 2
	}
}

// maxLater bounds what a server may have us wait.
const maxLater = time.Minute

func (c *Client) once(ctx context.Context, q *call, read func(r io.Reader, kind string) error) (later time.Duration, retry bool, err error) {
	var (
		body io.ReadCloser
		size int64
	)
	if q.body != nil {
		if body, size, err = q.body(); err != nil {
			return 0, false, err
		}
	}
	u := *c.base
	u.Path, u.RawQuery = "/api/v1"+q.path, q.query.Encode()
	r, err := http.NewRequestWithContext(ctx, q.method, u.String(), body)
	if err != nil {
		return 0, false, err
	}
	for k, v := range q.head {
		r.Header[k] = v
	}
	r.ContentLength = size
	r.Header.Set("Authorization", "Bearer "+c.o.Token)
	r.Header.Set("Accept-Language", c.o.Lang)
	if q.kind != "" {
		r.Header.Set("Content-Type", q.kind)
	}
	by := c.http
	if q.slow {
		by = c.slow
	}
	res, err := by.Do(r)
	if err != nil {
		return 0, !isCertificate(err), hide(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		seconds, _ := strconv.Atoi(res.Header.Get("Retry-After"))
		return min(time.Duration(max(seconds, 0))*time.Second, maxLater), passing(res.StatusCode), c.problem(res)
	}
	err = read(res.Body, res.Header.Get("Content-Type"))
	return 0, err != nil && !errors.Is(err, ErrAnswer) && !errors.As(err, new(*local)), err
}

// local is an error of this machine: asking again does not help.
type local struct{ err error }

func (e *local) Error() string { return e.err.Error() }
func (e *local) Unwrap() error { return e.err }

// hide leaves the address out of an error: it says where somebody works.
func hide(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return fmt.Errorf("server: %w", u.Err)
	}
	return err
}

func isCertificate(err error) bool { return errors.As(err, new(*tls.CertificateVerificationError)) }

// passing reports whether a status may be another one soon.
func passing(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// Problem is what a server said of why not.
type Problem struct {
	Status int    `json:"status"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
	Errors []struct {
		Message string `json:"message"`
	} `json:"errors"`

	cause error
}

// Error implements error: the sentence that the server says.
func (p *Problem) Error() string {
	text := p.Detail
	for _, e := range p.Errors {
		text += ": " + e.Message
	}
	return text
}

// Unwrap returns what it is of the errors of this program.
func (p *Problem) Unwrap() error { return p.cause }

// codes are the errors of package workspace by the codes of problems.
var codes = map[string]error{
	"conflict": workspace.ErrConflict, "settings_other": workspace.ErrConflict, "not_found": workspace.ErrNotFound, "no_consent": workspace.ErrNoConsent, "erased": workspace.ErrErased,
	"closed": workspace.ErrClosed, "disk_full": workspace.ErrDiskFull, "busy": workspace.ErrBusy, "not_allowed": workspace.ErrNotAllowed,
	"out_not_shared": ErrNotShared, "limited": workspace.ErrLimited, "changed_entry": workspace.ErrChanged, "exists": workspace.ErrExists, "unauthorized": ErrRefused, "scope": ErrRefused,
}

func (c *Client) problem(res *http.Response) error {
	data, err := io.ReadAll(io.LimitReader(res.Body, maxProblem)) //nolint:forbidigo // bounded
	if err != nil {
		return err
	}
	p := &Problem{}
	if !strings.HasPrefix(res.Header.Get("Content-Type"), "application/problem+json") || json.Unmarshal(data, p) != nil || p.Detail == "" {
		return fmt.Errorf("%w: status %d", ErrAnswer, res.StatusCode)
	}
	p.Status = res.StatusCode
	switch cause, ok := codes[p.Code]; {
	case ok:
		p.cause = cause
	case res.StatusCode == http.StatusUnprocessableEntity:
		p.cause = workspace.ErrInvalid
	default:
		p.cause = ErrServer
	}
	return p
}

// values makes a query of pairs; what is empty is left out.
func values(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			v.Set(pairs[i], pairs[i+1])
		}
	}
	return v
}

// paged adds which part of a list is asked for.
func paged(v url.Values, p workspace.Page) url.Values {
	if p.After != "" {
		v.Set("after", p.After)
	}
	if p.Limit > 0 {
		v.Set("limit", strconv.Itoa(min(p.Limit, workspace.MaxLimit)))
	}
	return v
}

func yes(b bool) string {
	if b {
		return "true"
	}
	return ""
}

// part is a name in a path.
func part(s string) string { return url.PathEscape(s) }

// list asks for a part of a list.
func list[T any](ctx context.Context, c *Client, path string, query url.Values, p workspace.Page) (l workspace.List[T], err error) {
	err = c.get(ctx, path, paged(query, p), &l)
	if l.Items == nil {
		l.Items = []T{}
	}
	return l, err
}
