package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"database/sql"
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
	"path/filepath"
	"regexp"
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

// TestExpiredCertificates shows an expired certificate of PostgreSQL, of the
// store, and of a server; the same with a valid one works.
func TestExpiredCertificates(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	good, trust := d.certificate(time.Now().AddDate(0, 1, 0))
	old, trustOld := d.certificate(time.Now().AddDate(0, 0, -1))

	at, err := url.Parse(d.database)
	if err != nil {
		t.Fatal(err)
	}
	to := at.Host
	through := func(c tls.Certificate, trust string) []string {
		at.Host = d.front(to, c, true)
		at.RawQuery = url.Values{"sslmode": {"verify-full"}, "sslrootcert": {trust}}.Encode()
		return []string{"AMPARO_WORKSPACE=" + at.String()}
	}
	if said, code := d.under(through(good, trust), "case", "list"); code != 0 {
		t.Fatal(said)
	}
	env := through(old, trustOld)
	for _, args := range [][]string{{"case", "list"}, {"worker"}, {"workspace", "show"}} {
		d.plain(env, "the certificate of the database is not valid", "the certificate of PostgreSQL has expired", "el certificado de PostgreSQL ha caducado", args...)
	}
	d.doctor(env, "database", "the certificate of the database is not valid")

	server := "https://" + d.front("127.0.0.1:1", old, false)
	env = []string{"AMPARO_SERVER=" + server, "AMPARO_TOKEN=amparo_" + strings.Repeat("x", 43)}
	d.plain(env, "certificate has expired", "The certificate of the server has expired", "El certificado del servidor ha caducado", "case", "list", "--server-ca", trustOld)
	d.doctor(nil, "server", "The certificate of the server has expired", "--url", server, "--ca", trustOld)

	store := d.bucketAt(t)
	env = []string{"AMPARO_VAULT=" + store + "?endpoint=https://" + d.front(storeHost(t), good, false) + "&ca=" + trust}
	if said, code := d.under(env, "vault", "verify"); code != 0 {
		t.Fatal(said)
	}
	env = []string{"AMPARO_VAULT=" + store + "?endpoint=https://" + d.front(storeHost(t), old, false) + "&ca=" + trustOld}
	for _, args := range [][]string{{"vault", "verify"}, {"worker"}} {
		d.plain(env, "the certificate of the store is not valid", "the certificate of the store has expired", "ha caducado", args...)
	}
	d.doctor(env, "vault", "the certificate of the store is not valid")
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

// TestOtherWorkspace gives a worker, a member and a bucket the database of
// another workspace: each is refused, and that database is not changed.
func TestOtherWorkspace(t *testing.T) {
	t.Parallel()
	d, other := newDeployment(t), newDeployment(t)
	env := []string{"AMPARO_WORKSPACE=" + other.database}
	before := other.must("workspace", "show", "--json")
	d.plain(env, "this key is not that of the workspace's workers", "is this the right database and the right key?", "¿son la base de datos y la clave correctas?", "worker")
	d.plain(env, "this identity belongs to no member of the workspace", "", "", "case", "create", "a case")
	d.doctor(env, "workers", "this key is not that of the workspace's workers")
	d.doctor(env, "ledger", "this identity belongs to no member of the workspace")
	if after := other.must("workspace", "show", "--json"); after != before {
		t.Errorf("it was changed: %s", after)
	}
	if os.Getenv(s3Variable) == "" {
		return
	}
	env = []string{"AMPARO_VAULT=" + d.bucketAt(t) + "?endpoint=" + os.Getenv(s3Variable)}
	if said, code := d.under(env, "vault", "verify"); code != 0 { // it is d's from now on
		t.Fatal(said)
	}
	for _, args := range [][]string{{"vault", "verify"}, {"worker"}} {
		other.plain(env, "the bucket belongs to another workspace", "belong to different workspaces; nothing was changed", "nada", args...)
	}
	other.doctor(env, "vault", "the bucket belongs to another workspace")
}

// TestVaultElsewhere gives processes another vault than that in which the
// workspace keeps its evidence, or none: they do not start with it, for they
// would find nothing in any phone and put new evidence where nobody looks.
func TestVaultElsewhere(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	ev := d.evidence()
	env := []string{"AMPARO_VAULT=" + d.path("elsewhere")}
	for _, args := range [][]string{{"worker"}, {"check", "--case", d.caseID, ev}, {"vault", "verify"}} {
		d.plain(env, "the vault holds nothing of what this workspace stored", "does not say where this workspace keeps its evidence",
			"no dice dónde guarda sus pruebas", args...)
	}
	d.doctor(env, "vault", "the vault holds nothing of what this workspace stored")
	if runs := d.must("run", "list", "--json"); strings.Contains(runs, "R-") {
		t.Errorf("a check was stored: %s", runs)
	}
	for _, at := range []string{"s3:/evidence/amparo", "S3://evidence/amparo", "https://s3.example.org/evidence", "minio:/evidence"} {
		if said, code := d.under([]string{"AMPARO_VAULT=" + at}, "worker"); code != 2 || !strings.Contains(said, "the address of a bucket is s3://BUCKET") {
			t.Errorf("%s: exit %d: %s", at, code, said)
		}
		d.doctor([]string{"AMPARO_VAULT=" + at}, "vault", "the address of a bucket is s3://BUCKET")
	}
	if made, err := filepath.Glob(d.path("*:")); err != nil || len(made) > 0 {
		t.Error("a folder was made of an address", made, err)
	}
}

// TestNoEntry names a database that is not there, and a key of workers that is
// not: it is said what is wrong with which.
func TestNoEntry(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	at, err := url.Parse(d.database)
	if err != nil {
		t.Fatal(err)
	}
	at.Path = "/none_" + strings.ToLower(rand.Text())
	env := []string{"AMPARO_WORKSPACE=" + at.String()}
	for _, args := range [][]string{{"worker"}, {"case", "list"}} {
		d.plain(env, "the database does not let the program in", "PostgreSQL has no such database", "PostgreSQL no tiene esa base de datos", args...)
	}
	d.doctor(env, "database", "PostgreSQL has no such database")
	for _, file := range []string{d.path("none.key"), os.Args[0]} {
		env := []string{"AMPARO_WORKER_KEY_FILE=" + file}
		d.plain(env, "no key of the workers", "amparo workspace workers --new FILE", "amparo workspace workers --new ARCHIVO", "worker")
		d.doctor(env, "workers", "no key of the workers")
	}
	d.doctor([]string{"AMPARO_SCRATCH=/proc/none", "AMPARO_VAULT=s3://x/y?endpoint=http://127.0.0.1:1"}, "vault", "AMPARO_SCRATCH")
	d.doctor(nil, "server", "amparo serve", "--url", "http://127.0.0.1:1")
	d.doctor(nil, "copies", "amparo workspace backup", "--backup", d.path("none"))
}

// TestTooManyConnections leaves PostgreSQL without a connection for us.
func TestTooManyConnections(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	at, err := url.Parse(d.database)
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("pgx", d.database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	role := "crowded_" + strings.ToLower(rand.Text())
	if _, err := db.ExecContext(t.Context(), "CREATE ROLE "+role+" LOGIN CONNECTION LIMIT 0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if db, err := sql.Open("pgx", postgrestest.Server(t)); err == nil {
			_, _ = db.Exec("DROP ROLE " + role) //nolint:noctx // the test has ended
			db.Close()
		}
	})
	at.User = url.User(role)
	env := []string{"AMPARO_WORKSPACE=" + at.String()}
	for _, args := range [][]string{{"case", "list"}, {"worker"}} {
		d.plain(env, "the database takes no more connections", "raise max_connections", "suba max_connections", args...)
	}
	d.doctor(env, "database", "the database takes no more connections")
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

// TestRevokedKey replaces the key of a worker: it says so, what is queued then
// waits for the new one and is done with it.
func TestRevokedKey(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.must("workspace", "workers", "--new", d.path("new.key"))
	d.doctor(nil, "workers", "this key was replaced or removed on")
	old := d.background(nil, "worker")
	d.until("the worker says that its key was replaced", func() bool { return old.has("this key was replaced or removed on") })
	d.caseID = d.must("case", "create", "a case")
	job := d.must("job", "add", "hunt", d.caseID)
	d.background([]string{"AMPARO_WORKER_KEY_FILE=" + d.path("new.key")}, "worker")
	d.must("job", "wait", job, "--timeout", "120s")
}

// TestVersionsSideBySide has a newer program change the tables while a worker
// of this one runs: it goes on, new processes of this one are refused, and say why.
func TestVersionsSideBySide(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	ev := d.evidence()
	db, err := sql.Open("pgx", d.database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	d.background(nil, "worker", "--per-case", "2")
	first := d.must("job", "add", "check", "--evidence", ev) // it works
	d.must("job", "wait", first, "--timeout", "120s")
	job := d.must("job", "add", "check", "--evidence", ev, "--json")
	if _, err := db.ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)"); err != nil {
		t.Fatal(err)
	}
	id := regexp.MustCompile(`J-\w+`).FindString(job)
	state := ""
	d.until("the worker that runs goes on", func() bool {
		if err := db.QueryRowContext(t.Context(), "SELECT state FROM job WHERE id = $1", id).Scan(&state); err != nil {
			t.Fatal(err)
		}
		return state == "done" || state == "failed"
	})
	if state != "done" {
		t.Errorf("the job is %s", state)
	}
	for _, args := range [][]string{{"worker"}, {"case", "list"}} {
		d.plain(nil, "was written by a newer version of Amparo", "use the newer version of Amparo; nothing was changed", "versión más nueva", args...)
	}
	d.doctor(nil, "database", "was written by a newer version of Amparo")
}

// TestStoreAway takes the bucket away before a worker starts, and in the middle
// of work: the worker says why it does not start; the job waits, says why, and
// is done when the bucket is back.
func TestStoreAway(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	store := d.bucketAt(t)
	p := newProxy(t, storeHost(t))
	env := []string{"AMPARO_VAULT=" + store + "?endpoint=http://" + p.addr()}
	d.env = append(d.env, "AMPARO_VAULT="+store+"?endpoint=http://"+storeHost(t))
	ev := d.evidence()

	p.lead("127.0.0.1:1")
	for _, args := range [][]string{{"worker"}, {"vault", "verify"}} {
		d.plain(env, "the store cannot be reached", "the store of the vault does not answer", "", args...)
	}
	d.doctor(env, "vault", "the store cannot be reached")

	p.lead(storeHost(t))
	w := d.background(env, "worker")
	d.until("the worker works", func() bool { return w.has("Ctrl-C") })
	p.lead("127.0.0.1:1")
	p.cut()
	job := d.must("job", "add", "check", "--evidence", ev)
	d.until("the job is tried again", func() bool { return d.job(job).Retries > 0 })
	if j := d.job(job); j.State != "waiting" {
		t.Errorf("%+v", j)
	}
	if said := d.must("job", "show", job); !strings.Contains(said, "the store of the vault does not answer") {
		t.Error(said)
	}
	p.lead(storeHost(t))
	d.must("job", "wait", job, "--timeout", "120s")
	if j := d.job(job); len(j.Runs) != 1 {
		t.Errorf("%+v", j)
	}
}

// TestFullScratch fills the disk on which a worker makes results: the job waits
// and says why, and is done once there is room.
func TestFullScratch(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	store := d.bucketAt(t)
	d.env = append(d.env, "AMPARO_VAULT="+store+"?endpoint=http://"+storeHost(t))
	at := disk(t, 1<<20)
	ev := d.evidence()
	fill(t, at, 0)
	d.doctor([]string{"AMPARO_SCRATCH=" + at}, "disk", "the disk is full")
	d.background([]string{"AMPARO_SCRATCH=" + at}, "worker")
	job := d.must("job", "add", "check", "--evidence", ev)
	d.until("the job is tried again", func() bool { return d.job(job).Retries > 0 })
	if said := d.must("job", "show", job); !strings.Contains(said, "disk is full") {
		t.Error(said)
	}
	if err := syscall.Mount("", at, "", syscall.MS_REMOUNT, "size=67108864"); err != nil {
		t.Fatal(err)
	}
	d.must("job", "wait", job, "--timeout", "120s")
	if left, err := filepath.Glob(filepath.Join(at, "check-*[0-9a-f]")); err != nil || len(left) != 0 {
		t.Error("clear text is left", left, err)
	}
}
