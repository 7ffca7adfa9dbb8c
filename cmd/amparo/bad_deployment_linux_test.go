package main

import (
	"crypto/rand"
	"crypto/tls"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/workspace/postgres/postgrestest"
)

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
