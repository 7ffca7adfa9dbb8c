package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/workspace/postgres/postgrestest"
)

// deployment is a workspace in PostgreSQL whose surroundings are bad.
type deployment struct {
	*killer
	database string // its URL
}

// newDeployment makes a workspace with a key for workers.
func newDeployment(t *testing.T) *deployment {
	t.Helper()
	if testing.Short() {
		t.Skip("starts many processes")
	}
	at := postgrestest.Database(t)
	d := &deployment{newKiller(t, at), at}
	d.env = append(d.env, "AMPARO_SERVER=", "AMPARO_SCRATCH="+d.path("scratch"))
	d.must("workspace", "init", "--name", "ana")
	d.must("workspace", "workers", "--new", d.path("workers.key"))
	d.env = append(d.env, "AMPARO_WORKER_KEY_FILE="+d.path("workers.key"))
	return d
}

// under runs a command with more environment, and returns all that it said and
// its exit code.
func (d *deployment) under(env []string, args ...string) (said string, code int) {
	d.t.Helper()
	cmd := exec.CommandContext(d.t.Context(), os.Args[0], args...)
	cmd.Env = append(slices.Clone(d.env), env...)
	out, err := cmd.CombinedOutput()
	if _, ok := err.(*exec.ExitError); err != nil && !ok { //nolint:errorlint // as it comes
		d.t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// plain holds a command to its failure: code 1, a sentence and a hint in both
// languages, and no word of Go's.
func (d *deployment) plain(env []string, sentence, hint, hintES string, args ...string) {
	d.t.Helper()
	said, code := d.under(env, args...)
	if code != 1 || !strings.Contains(said, sentence) || !strings.Contains(said, "hint: ") || !strings.Contains(said, hint) {
		d.t.Errorf("amparo %s: exit %d, want %q and %q: %s", strings.Join(args, " "), code, sentence, hint, said)
	}
	if strings.Contains(said, "panic") || strings.Contains(said, "goroutine") {
		d.t.Error(said)
	}
	if said, code = d.under(append(slices.Clone(env), "LANG=es_MX.UTF-8"), args...); code != 1 || !strings.Contains(said, "sugerencia: ") || !strings.Contains(said, hintES) {
		d.t.Errorf("amparo %s: exit %d, want %q: %s", strings.Join(args, " "), code, hintES, said)
	}
}

// doctor wants something found by "amparo doctor", and the rest looked at.
func (d *deployment) doctor(env []string, check, detail string, args ...string) {
	d.t.Helper()
	said, code := d.under(env, append([]string{"doctor", "--json"}, args...)...)
	said, _, _ = strings.Cut(said, "amparo: ")
	var found []struct{ Check, State, Detail, Hint string }
	if err := json.Unmarshal([]byte(said), &found); err != nil || code != 1 {
		d.t.Fatalf("doctor: exit %d: %s", code, said)
	}
	for _, f := range found {
		if f.State == "failed" && f.Hint == "" {
			d.t.Errorf("doctor says nothing of what to do about %+v", f)
		}
	}
	for _, f := range found {
		if f.Check == check && f.State == "failed" && strings.Contains(f.Detail+" "+f.Hint, detail) {
			return
		}
	}
	d.t.Errorf("doctor finds nothing of %s with %q: %+v", check, detail, found)
}

// certificate makes one that signed itself, for this machine, that is or was
// valid until some day. It returns what serves it, and a file of who trusts it.
func (d *deployment) certificate(until time.Time) (tls.Certificate, string) {
	d.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		d.t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, NotBefore: time.Now().AddDate(0, -2, 0), NotAfter: until,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		d.t.Fatal(err)
	}
	name := d.path(fmt.Sprintf("ca-%d.pem", until.Unix()))
	if err := os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		d.t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, name
}

// sslRequest is what a client of PostgreSQL begins with that wants TLS: its
// length, and a number of its own.
var sslRequest = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, 8), 80877103)

// front ends TLS with a certificate before a server that speaks none, and
// returns where.
func (d *deployment) front(to string, c tls.Certificate, postgres bool) string {
	d.t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a test's own
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { ln.Close() })
	pass := func(from net.Conn) {
		defer from.Close()
		if postgres {
			if _, err := io.ReadFull(from, make([]byte, len(sslRequest))); err != nil {
				return
			}
			if _, err := from.Write([]byte("S")); err != nil {
				return
			}
		}
		secured := tls.Server(from, &tls.Config{Certificates: []tls.Certificate{c}, MinVersion: tls.VersionTLS12})
		if secured.Handshake() != nil { //nolint:noctx // a test's own
			return
		}
		there, err := net.Dial("tcp", to) //nolint:noctx // a test's own
		if err != nil {
			return
		}
		defer there.Close()
		go func() { _, _ = io.Copy(there, secured); there.Close() }()
		_, _ = io.Copy(secured, there)
	}
	go func() {
		for {
			from, err := ln.Accept()
			if err != nil {
				return
			}
			go pass(from)
		}
	}()
	return ln.Addr().String()
}

// storeHost is the store of the tests.
func storeHost(t *testing.T) string {
	t.Helper()
	u, err := url.Parse(os.Getenv(s3Variable))
	if err != nil || u.Host == "" {
		t.Skip("AMPARO_TEST_S3 names no server: scripts/with-s3 starts one")
	}
	return u.Host
}

// bucketAt makes a bucket, and returns the address of a vault in it without
// its endpoint.
func (d *deployment) bucketAt(t *testing.T) string {
	t.Helper()
	storeHost(t)
	at, err := newBucket(os.Getenv(s3Variable), os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"))
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// background runs a process until the test ends, and hands on what it says.
func (d *deployment) background(env []string, args ...string) *said {
	d.t.Helper()
	cmd := exec.CommandContext(d.t.Context(), os.Args[0], args...)
	cmd.Env = append(slices.Clone(d.env), env...)
	s := &said{}
	cmd.Stdout, cmd.Stderr = s, s
	if err := cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	return s
}

// said is what a process says.
type said struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write implements io.Writer.
func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *said) has(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Contains(s.text.String(), text)
}

// until waits until something is so.
func (d *deployment) until(what string, is func() bool) {
	d.t.Helper()
	for end := time.Now().Add(2 * time.Minute); !is(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			d.t.Fatal("not within two minutes: " + what)
		}
	}
}

// evidence stores a backup of a person who consents.
func (d *deployment) evidence() (id string) {
	d.t.Helper()
	d.caseID = d.must("case", "create", "a case")
	device, _ := d.person()
	return d.must("evidence", "add", d.caseID, device, d.path("backup"))
}

func (d *deployment) job(id string) (j struct {
	State, Error string
	Retries      int
	Runs         []string
},
) {
	d.t.Helper()
	if err := json.Unmarshal([]byte(d.must("job", "show", id, "--json")), &j); err != nil {
		d.t.Fatal(err)
	}
	return j
}
