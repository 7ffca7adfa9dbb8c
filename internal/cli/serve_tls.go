package cli

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"

	"github.com/amparo-project/amparo/internal/web"
)

// urlVariable is the public address of the workspace, for links.
const urlVariable = "AMPARO_URL"

// oidcVariable holds the client's secret at the provider.
const oidcVariable = "AMPARO_OIDC_SECRET"

// teamFlags let members come who are not at this machine.
type teamFlags struct {
	URL            string `name:"url" help:"serve_url" placeholder:"https://HOST"`
	TLSCert        string `name:"tls-cert" help:"serve_tls_cert" placeholder:"FILE"`
	TLSKey         string `name:"tls-key" help:"serve_tls_key" placeholder:"FILE"`
	ACME           string `name:"acme" help:"serve_acme" placeholder:"DOMAIN"`
	ACMEAddr       string `name:"acme-addr" help:"serve_acme_addr" placeholder:"HOST:PORT"`
	ACMEDirectory  string `name:"acme-directory" help:"serve_acme_directory" placeholder:"URL"`
	OIDCIssuer     string `name:"oidc-issuer" help:"serve_oidc_issuer" placeholder:"URL"`
	OIDCClient     string `name:"oidc-client" help:"serve_oidc_client" placeholder:"ID"`
	OIDCSecretFile string `name:"oidc-secret-file" help:"serve_oidc_secret" placeholder:"FILE"`
}

// Errors of how a server for a team is started.
var (
	errTLSPair     = errors.New("--tls-cert and --tls-key belong together, and without --acme")
	errNoURL       = errors.New("members need to know the address: give --url https://HOST")
	errNoTLS       = errors.New("an address that others of the network can reach needs TLS: give --tls-cert and --tls-key, or --acme DOMAIN")
	errPlain       = errors.New("http://localhost is for this machine alone, without TLS")
	errOIDCFlags   = errors.New("--oidc-issuer and --oidc-client belong together, with --url")
	errExpired     = errors.New("the certificate has expired")
	errNotYet      = errors.New("the certificate is not valid yet")
	errCertificate = errors.New("the certificate is for another name")
)

// listening is how "amparo serve" is reached.
type listening struct {
	addr string
	team *web.Team    // nil: from this machine, by the one-time link
	tls  *tls.Config  // nil: none here
	http http.Handler // of the port that ACME asks, nil for none
}

// listening checks the flags together: what they are good for, or a sentence
// that says what is missing.
func (c *serveCmd) listening(log *slog.Logger) (l listening, err error) {
	host, port, loop := web.CheckAddress(c.Addr)
	l.addr = c.Addr
	if loop == nil {
		l.addr = net.JoinHostPort(host, port)
	}
	secured := c.TLSCert != "" || c.ACME != ""
	switch {
	case (c.TLSCert == "") != (c.TLSKey == ""), c.TLSCert != "" && c.ACME != "":
		return l, usageError{errTLSPair}
	case (c.OIDCIssuer == "") != (c.OIDCClient == ""):
		return l, usageError{errOIDCFlags}
	case loop != nil && !errors.Is(loop, web.ErrNotLoopback):
		return l, loop
	case loop != nil && !secured && c.URL == "":
		return l, loop
	case loop != nil && !secured:
		return l, usageError{errNoTLS}
	}
	if c.URL == "" && c.ACME != "" {
		c.URL = "https://" + c.ACME
	}
	if c.URL == "" {
		if secured || c.OIDCIssuer != "" {
			return l, usageError{errNoURL}
		}
		return l, nil
	}
	u, err := web.ParseURL(c.URL)
	if err != nil {
		return l, usageError{err}
	}
	if u.Scheme == "http" && (secured || loop != nil) {
		return l, usageError{errPlain}
	}
	l.team = &web.Team{URL: u, Proxied: !secured && u.Scheme == "https"}
	if l.team.OIDC, err = c.provider(); err != nil {
		return l, err
	}
	return l, c.secure(&l, u, log)
}

// provider reads the secret from a file or the environment: never from a flag,
// which other users of the machine see.
func (c *serveCmd) provider() (*web.OIDC, error) {
	if c.OIDCIssuer == "" {
		return nil, nil //nolint:nilnil // none
	}
	o := &web.OIDC{Issuer: c.OIDCIssuer, ClientID: c.OIDCClient, ClientSecret: os.Getenv(oidcVariable)}
	if c.OIDCSecretFile != "" {
		var err error
		if o.ClientSecret, err = passwordFrom(c.OIDCSecretFile); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// authorityClient reaches the authority; nil: as any other server. A test has
// one that trusts the authority of the test.
var authorityClient *http.Client

// secure prepares TLS, 1.2 at least.
func (c *serveCmd) secure(l *listening, u *url.URL, log *slog.Logger) error {
	switch {
	case c.TLSCert != "":
		f := &certificateFile{cert: c.TLSCert, key: c.TLSKey, host: u.Hostname(), now: time.Now, log: log}
		if err := f.load(); err != nil {
			return err
		}
		l.tls = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: f.get}
	case c.ACME != "":
		dir, err := userDir("acme")
		if err != nil {
			return err
		}
		if !strings.EqualFold(c.ACME, u.Hostname()) {
			return usageError{fmt.Errorf("--acme %s, --url %s: %w", c.ACME, u, errCertificate)}
		}
		m := &autocert.Manager{
			Prompt: autocert.AcceptTOS, HostPolicy: autocert.HostWhitelist(u.Hostname()), Cache: autocert.DirCache(dir),
			Client: &acme.Client{DirectoryURL: cmp.Or(c.ACMEDirectory, autocert.DefaultACMEDirectory), HTTPClient: authorityClient},
		}
		l.tls = m.TLSConfig()
		l.tls.MinVersion = tls.VersionTLS12
		l.http = m.HTTPHandler(redirect(u))
	}
	return nil
}

// redirect leads from http to the public address, and takes nothing.
func redirect(u *url.URL) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			http.Error(w, "use "+u.String(), http.StatusBadRequest)
			return
		}
		http.Redirect(w, r, u.String()+r.URL.RequestURI(), http.StatusMovedPermanently) //nolint:gosec // to our own address
	})
}

// serveACME answers the authority on the port that it asks.
func (c *serveCmd) serveACME(a *app, l *listening) (stop func() error, err error) {
	if l.http == nil {
		return func() error { return nil }, nil
	}
	host, _, err := net.SplitHostPort(l.addr)
	if err != nil {
		return nil, err
	}
	ln, err := new(net.ListenConfig).Listen(a.ctx, "tcp", cmp.Or(c.ACMEAddr, net.JoinHostPort(host, "80")))
	if err != nil {
		return nil, err
	}
	hs := &http.Server{Handler: l.http, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 10 * time.Second, MaxHeaderBytes: 16 << 10}
	go func() { _ = hs.Serve(ln) }() // its end is ours
	return func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(a.ctx), shutdownWait)
		defer cancel()
		return hs.Shutdown(ctx)
	}, nil
}

// certificateFile is a certificate that somebody else renews.
type certificateFile struct {
	cert, key, host string
	now             func() time.Time
	log             *slog.Logger

	mu      sync.Mutex
	loaded  *tls.Certificate // guarded by mu
	changed [2]time.Time     // guarded by mu; of the files, as loaded
	looked  time.Time        // guarded by mu
	told    time.Time        // guarded by mu; when the log heard of what is wrong
}

// lookEvery is how often the files are looked at.
const lookEvery = 10 * time.Second

// load reads the files. The error says plainly what is wrong with them.
func (f *certificateFile) load() error {
	changed, err := f.times()
	if err != nil {
		return err
	}
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return fmt.Errorf("certificate %s: %w", f.cert, err)
	}
	if pair.Leaf == nil {
		if pair.Leaf, err = x509.ParseCertificate(pair.Certificate[0]); err != nil {
			return fmt.Errorf("certificate %s: %w", f.cert, err)
		}
	}
	now, day := f.now(), "2006-01-02 15:04 MST"
	switch {
	case now.After(pair.Leaf.NotAfter):
		return fmt.Errorf("%s: %w: on %s", f.cert, errExpired, pair.Leaf.NotAfter.UTC().Format(day))
	case now.Before(pair.Leaf.NotBefore):
		return fmt.Errorf("%s: %w: from %s on", f.cert, errNotYet, pair.Leaf.NotBefore.UTC().Format(day))
	case pair.Leaf.VerifyHostname(f.host) != nil:
		return fmt.Errorf("%s: %w: %s, and the address is %s", f.cert, errCertificate, strings.Join(pair.Leaf.DNSNames, ", "), f.host)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.loaded, f.changed, f.looked = &pair, changed, now
	return nil
}

func (f *certificateFile) times() (t [2]time.Time, err error) {
	for i, name := range []string{f.cert, f.key} {
		info, err := os.Stat(name)
		if err != nil {
			return t, fmt.Errorf("certificate: %w", err)
		}
		t[i] = info.ModTime()
	}
	return t, nil
}

// get is the certificate for a connection: the new one where the files
// changed. While the new files are no good the old one serves on.
func (f *certificateFile) get(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	ctx := hello.Context()
	f.mu.Lock()
	old, changed, due := f.loaded, f.changed, f.now().Sub(f.looked) >= lookEvery
	if due {
		f.looked = f.now()
	}
	f.mu.Unlock()
	if !due {
		return old, nil
	}
	t, err := f.times()
	if err == nil && t != changed {
		if err = f.load(); err == nil {
			f.mu.Lock()
			defer f.mu.Unlock()
			return f.loaded, nil
		}
	}
	if err == nil && f.now().After(old.Leaf.NotAfter) {
		err = fmt.Errorf("%s: %w: on %s", f.cert, errExpired, old.Leaf.NotAfter.UTC().Format(time.RFC3339))
	}
	if err != nil {
		f.tell(ctx, err)
	}
	return old, nil
}

// tell warns, once an hour.
func (f *certificateFile) tell(ctx context.Context, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := f.now(); now.Sub(f.told) >= time.Hour {
		f.told = now
		f.log.WarnContext(ctx, "the certificate is not good", "error", err.Error())
	}
}
