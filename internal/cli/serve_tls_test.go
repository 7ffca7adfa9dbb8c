package cli

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	stdlog "log"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/letsencrypt/challtestsrv"
	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"

	"github.com/amparo-project/amparo/internal/web"
)

const testHost = "amparo.example.org"

// writeCertificate writes a certificate for a name, valid between two times.
func writeCertificate(t *testing.T, dir, host string, from, to time.Time) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(from.UnixNano()), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host}, NotBefore: from, NotAfter: to,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for name, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// TestListening starts with flags that do not go together, and with those that
// do: never beyond this machine without TLS.
func TestListening(t *testing.T) {
	t.Setenv("AMPARO_HOME", t.TempDir())
	now := time.Now()
	cert, key := writeCertificate(t, t.TempDir(), testHost, now.Add(-time.Hour), now.Add(time.Hour))
	old, oldKey := writeCertificate(t, t.TempDir(), testHost, now.Add(-2*time.Hour), now.Add(-time.Hour))
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	at := func(set func(*serveCmd)) serveCmd {
		c := serveCmd{Addr: "127.0.0.1:8642"}
		set(&c)
		return c
	}
	for name, bad := range map[string]struct {
		c    serveCmd
		want error
	}{
		"beyond without anything":  {at(func(c *serveCmd) { c.Addr = "0.0.0.0:443" }), web.ErrNotLoopback},
		"beyond without TLS":       {at(func(c *serveCmd) { c.Addr = "0.0.0.0:443"; c.URL = "https://" + testHost }), errNoTLS},
		"beyond without address":   {at(func(c *serveCmd) { c.Addr = ":443"; c.TLSCert, c.TLSKey = cert, key }), errNoURL},
		"certificate without key":  {at(func(c *serveCmd) { c.TLSCert = cert; c.URL = "https://" + testHost }), errTLSPair},
		"two kinds of TLS":         {at(func(c *serveCmd) { c.TLSCert, c.TLSKey, c.ACME = cert, key, testHost }), errTLSPair},
		"plain beyond":             {at(func(c *serveCmd) { c.Addr = "0.0.0.0:80"; c.URL = "http://localhost"; c.TLSCert, c.TLSKey = cert, key }), errPlain},
		"plain name":               {at(func(c *serveCmd) { c.URL = "http://" + testHost }), web.ErrURL},
		"expired":                  {at(func(c *serveCmd) { c.URL = "https://" + testHost; c.TLSCert, c.TLSKey = old, oldKey }), errExpired},
		"another name":             {at(func(c *serveCmd) { c.URL = "https://other.example.org"; c.TLSCert, c.TLSKey = cert, key }), errCertificate},
		"another name by ACME":     {at(func(c *serveCmd) { c.URL = "https://other.example.org"; c.ACME = testHost }), errCertificate},
		"half a provider":          {at(func(c *serveCmd) { c.URL = "https://" + testHost; c.OIDCIssuer = "https://issuer.example" }), errOIDCFlags},
		"provider without address": {at(func(c *serveCmd) { c.OIDCIssuer = "https://issuer.example"; c.OIDCClient = "amparo" }), errNoURL},
		"no file":                  {at(func(c *serveCmd) { c.URL = "https://" + testHost; c.TLSCert, c.TLSKey = "/nowhere", key }), os.ErrNotExist},
	} {
		if _, err := bad.c.listening(log); !errors.Is(err, bad.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, good := range map[string]struct {
		c             serveCmd
		team, tls, by bool
	}{
		"this machine":   {c: at(func(*serveCmd) {})},
		"behind a proxy": {c: at(func(c *serveCmd) { c.URL = "https://" + testHost }), team: true, by: true},
		"to try it out":  {c: at(func(c *serveCmd) { c.URL = "http://localhost:8642" }), team: true},
		"certificate":    {c: at(func(c *serveCmd) { c.Addr = ":443"; c.URL = "https://" + testHost; c.TLSCert, c.TLSKey = cert, key }), team: true, tls: true},
		"ACME":           {c: at(func(c *serveCmd) { c.Addr = ":443"; c.ACME = testHost }), team: true, tls: true},
	} {
		l, err := good.c.listening(log)
		if err != nil || (l.team != nil) != good.team || (l.tls != nil) != good.tls || good.team && l.team.Proxied != good.by {
			t.Errorf("%s: %+v %v", name, l, err)
		}
		if l.tls != nil && l.tls.MinVersion < tls.VersionTLS12 {
			t.Errorf("%s: TLS %x", name, l.tls.MinVersion)
		}
	}
}

// TestRenewed replaces the files of a certificate while it is served: by good
// ones, and by some that are not.
func TestRenewed(t *testing.T) {
	t.Parallel()
	dir, now := t.TempDir(), time.Now()
	cert, key := writeCertificate(t, dir, testHost, now.Add(-time.Hour), now.Add(time.Hour))
	var told bytes.Buffer
	f := &certificateFile{cert: cert, key: key, host: testHost, now: func() time.Time { return now }, log: slog.New(slog.NewTextHandler(&told, nil))}
	if err := f.load(); err != nil {
		t.Fatal(err)
	}
	serial := func() *big.Int {
		t.Helper()
		c, err := f.get(&tls.ClientHelloInfo{})
		if err != nil {
			t.Fatal(err)
		}
		return c.Leaf.SerialNumber
	}
	touch := func(d time.Duration) {
		t.Helper()
		if err := os.Chtimes(cert, now.Add(d), now.Add(d)); err != nil {
			t.Fatal(err)
		}
	}
	first := serial()
	writeCertificate(t, dir, testHost, now.Add(-30*time.Minute), now.Add(2*time.Hour))
	touch(time.Second)
	if serial().Cmp(first) != 0 {
		t.Error("the files are looked at for each connection")
	}
	now = now.Add(lookEvery)
	second := serial()
	if second.Cmp(first) == 0 {
		t.Error("the new certificate is not served")
	}
	// Files that are no good: the one before serves on, and the log says why.
	writeCertificate(t, dir, testHost, now.Add(-3*time.Hour), now.Add(-time.Hour))
	touch(2 * time.Second)
	now = now.Add(lookEvery)
	if serial().Cmp(second) != 0 || !strings.Contains(told.String(), "expired") {
		t.Errorf("an expired certificate took its place, or nobody was told: %s", told.String())
	}
	told.Reset()
	if err := os.WriteFile(cert, []byte("half a fi"), 0o600); err != nil {
		t.Fatal(err)
	}
	touch(3 * time.Second)
	now = now.Add(time.Hour)
	if serial().Cmp(second) != 0 || told.Len() == 0 {
		t.Error("a damaged file took its place, or nobody was told")
	}
}

// free is a port that nobody has at the moment.
func free(t *testing.T) string {
	t.Helper()
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	_, port, err := net.SplitHostPort(ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// authority is pebble, a small authority for tests of ACME, which finds every
// name on this machine and asks there for proof.
func authority(t *testing.T, httpPort, tlsPort string) (directory string, roots *x509.CertPool) {
	t.Helper()
	t.Setenv("PEBBLE_VA_NOSLEEP", "1")
	t.Setenv("PEBBLE_WFE_NONCEREJECT", "0")
	quiet := stdlog.New(io.Discard, "", 0)
	names := net.JoinHostPort("127.0.0.1", free(t))
	dns, err := challtestsrv.New(challtestsrv.Config{DNSAddrs: []string{names}, Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	dns.SetDefaultDNSIPv4("127.0.0.1")
	dns.SetDefaultDNSIPv6("")
	go dns.Run()
	t.Cleanup(dns.Shutdown)
	ports := [2]int{}
	for i, p := range []string{httpPort, tlsPort} {
		if ports[i], err = strconv.Atoi(p); err != nil {
			t.Fatal(err)
		}
	}
	store := db.NewMemoryStore()
	issuer := ca.New(quiet, store, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {}})
	front := wfe.New(quiet, store, va.New(quiet, ports[0], ports[1], false, names, store), issuer, []string{"pebble"}, false, false, 1, 1)
	hs := httptest.NewTLSServer(front.Handler())
	authorityClient = hs.Client()
	t.Cleanup(func() {
		authorityClient = nil
		hs.Close()
	})
	roots = x509.NewCertPool()
	roots.AppendCertsFromPEM(issuer.GetRootCert(0).PEM())
	return hs.URL + wfe.DirectoryPath, roots
}

// TestACME gets a certificate from an authority and serves with it.
func TestACME(t *testing.T) {
	if testing.Short() {
		t.Skip("an authority makes keys")
	}
	t.Setenv("AMPARO_HOME", t.TempDir())
	t.Setenv("AMPARO_PASSPHRASE", "four words of nothing")
	port, httpPort := free(t), free(t)
	directory, roots := authority(t, httpPort, port)
	run := func(ctx context.Context, out io.Writer, args ...string) int {
		return Main(ctx, args, Streams{Out: out, Err: out})
	}
	var b bytes.Buffer
	if code := run(t.Context(), &b, "workspace", "init", "--name", "ana"); code != 0 {
		t.Fatal(b.String())
	}
	serve := []string{
		"serve", "--addr", "127.0.0.1:" + port, "--acme", testHost, "--acme-addr", "127.0.0.1:" + httpPort, "--acme-directory", directory,
	}
	b.Reset()
	if code := run(t.Context(), &b, append(serve, "--lang", "en")...); code != exitFailed || !strings.Contains(b.String(), "nobody can sign in yet") || !strings.Contains(b.String(), "amparo member invite") {
		t.Fatalf("without anybody who could sign in: %d %s", code, b.String())
	}
	b.Reset()
	if code := run(t.Context(), &b, "member", "invite", "--url", "https://"+testHost); code != 0 || !strings.Contains(b.String(), "https://"+testHost+"/join/") {
		t.Fatal(code, b.String())
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan int, 1)
	lines, w := io.Pipe()
	go func() { done <- run(ctx, w, serve...) }()
	first := make([]byte, 100)
	if _, err := lines.Read(first); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	c := &http.Client{
		Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				to := port
				if strings.HasSuffix(addr, ":80") {
					to = httpPort
				}
				return new(net.Dialer).DialContext(ctx, network, net.JoinHostPort("127.0.0.1", to))
			},
		},
	}
	get := func(at string) *http.Response {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res
	}
	res := get("https://" + testHost + "/signin") //nolint:bodyclose // get did
	if res.StatusCode != http.StatusOK || res.Header.Get("Strict-Transport-Security") == "" || res.TLS.Version < tls.VersionTLS12 {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
	res = get("http://" + testHost + "/signin?x=1") //nolint:bodyclose // get did
	if res.Header.Get("Location") != "https://"+testHost+"/signin?x=1" {
		t.Errorf("http leads to %q", res.Header.Get("Location"))
	}
	kept, err := filepath.Glob(filepath.Join(os.Getenv("AMPARO_HOME"), "acme", testHost+"*"))
	if err != nil || len(kept) == 0 {
		t.Fatalf("the certificate is not kept: %v %v", kept, err)
	}
	if info, err := os.Stat(kept[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others can read it: %v %v", info, err)
	}
	stop()
	if code := <-done; code != 0 {
		t.Errorf("serve ended with %d", code)
	}
}
