package cli

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/account/notice"
	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/feed"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/vault/s3"
	"github.com/amparo-project/amparo/internal/workspace"
	"github.com/amparo-project/amparo/internal/workspace/sqlite"
)

// From when on something is told as a warning.
const (
	clockApart    = 5 * time.Second
	littleDisk    = 10 << 30 // bytes
	noDisk        = 64 << 20 // bytes; less is a failure: a result does not fit
	oldIndicators = 7 * 24 * time.Hour
	longWait      = 10 * time.Minute
	oldCopy       = 8 * 24 * time.Hour
	soonExpired   = 21 * 24 * time.Hour
	probeSize     = 1 << 20
	probeWait     = 2 * time.Minute
)

func system() string { return runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH }

// database looks whether it answers, at the version of its tables, and at its
// clock.
func (d *doctor) database() {
	where, isURL, err := d.c.where()
	if err == nil && !isURL && !sqlite.Exists(where) {
		err = fmt.Errorf("%s: %w", safe(where), workspace.ErrNone)
	}
	if err != nil {
		d.failed("database", err)
		return
	}
	db, err := connect(where, isURL)
	if err != nil {
		d.failed("database", err)
		return
	}
	d.db = db
	now, want, err := workspace.Schemas(d.ctx, db)
	switch {
	case err != nil:
		d.failed("database", err)
		return
	case now == 0:
		d.failed("database", fmt.Errorf("%s: %w", db.Name, workspace.ErrNone))
		return
	case now > want:
		d.failed("database", fmt.Errorf("%s: %w", db.Name, workspace.ErrNewer))
		return
	case now < want:
		d.say("database", warning, d.Text("doctor.database_old", "Name", db.Name, "Now", now, "Want", want))
	default:
		d.say("database", healthy, d.Text("doctor.database", "Name", db.Name, "Now", now))
	}
	d.clock()
}

// clock compares this machine's with that of a server.
func (d *doctor) clock() {
	if d.db.Dialect != "postgres" {
		return
	}
	var at float64
	before := d.Now()
	if err := d.db.Pool.QueryRowContext(d.ctx, "SELECT EXTRACT(EPOCH FROM clock_timestamp())::float8").Scan(&at); err != nil {
		d.failed("clock", d.db.Explain(err))
		return
	}
	middle := before.Add(d.Now().Sub(before) / 2)
	apart := middle.Sub(time.UnixMicro(int64(at * 1e6))).Abs()
	state := healthy
	if apart > clockApart {
		state = warning
	}
	d.say("clock", state, d.Text("doctor.clock", "Apart", apart.Round(time.Millisecond).String()))
}

func (d *doctor) identity() {
	name, err := d.c.identityFile()
	if err != nil {
		d.failed("identity", err)
		return
	}
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.skip("identity", "no_identity")
	case err != nil:
		d.failed("identity", err)
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		d.say("identity", warning, d.Text("doctor.identity_open", "File", safe(name), "Mode", info.Mode().Perm().String()))
	default:
		d.say("identity", healthy, safe(name))
	}
}

// member opens the workspace, and verifies all of its ledger.
func (d *doctor) member() {
	if d.c.NoIdentity || d.db == nil || d.last("database") == failing || d.last("identity") == skipped {
		d.skip("ledger", "not_opened")
		return
	}
	id, err := d.app.identity(&d.c.wsFlags)
	if err == nil {
		d.w, err = workspace.Open(d.ctx, d.db, workspace.Options{Identity: id, Now: d.Now})
	}
	if err != nil {
		d.failed("ledger", err)
		return
	}
	n, err := verifyLedger(d.ctx, d.w)
	if err != nil {
		d.failed("ledger", err)
		return
	}
	d.say("ledger", healthy, d.Text("doctor.ledger", "Entries", d.Number(n)))
}

// last is the state of what was looked at under a name.
func (d *doctor) last(check string) string {
	for _, f := range slices.Backward(d.found) {
		if f.Check == check {
			return f.State
		}
	}
	return ""
}

// vault writes, reads and removes a segment of random bytes.
func (d *doctor) vault() {
	if d.db == nil || d.last("database") == failing {
		d.skip("vault", "no_database")
		return
	}
	ctx, cancel := context.WithTimeout(d.ctx, probeWait)
	defer cancel()
	s, err := d.openVault(ctx)
	if err != nil {
		d.failed("vault", err)
		return
	}
	defer s.Close()
	took, err := probe(ctx, s)
	if err != nil {
		d.failed("vault", diskError(err))
		return
	}
	d.say("vault", healthy, d.Text("doctor.vault", "Where", safe(d.at.Vault), "Took", took.Round(time.Millisecond).String()))
	if b, ok := s.(ruled); ok {
		d.rules(ctx, b)
	}
}

// ruled is a store that may do something by itself with what it keeps.
type ruled interface {
	Rules(ctx context.Context) (s3.Rules, error)
}

// rules looks at the lifecycle of a bucket: no rule of it may take evidence away.
func (d *doctor) rules(ctx context.Context, b ruled) {
	r, err := b.Rules(ctx)
	names := func(list []string) string { return strings.Join(list, ", ") }
	switch {
	case err != nil:
		d.failed("rules", err)
	case !r.Known:
		d.skip("rules", "no_rules")
	case len(r.Removes) > 0:
		d.wrong("rules", d.Text("doctor.rules_remove", "Names", names(r.Removes)))
	case len(r.Moves) > 0:
		d.say("rules", warning, d.Text("doctor.rules_move", "Names", names(r.Moves)))
	case r.EndsUploads > 0:
		d.say("rules", healthy, d.Text("doctor.rules_end", "Days", d.Number(int64(r.EndsUploads/(24*time.Hour)))))
	default:
		d.say("rules", healthy, d.Text("doctor.rules_none"))
	}
}

// openVault opens the vault of the database, and d.at is then where it lies.
func (d *doctor) openVault(ctx context.Context) (vault.Store, error) {
	where, isURL, err := d.c.where()
	if err != nil {
		return nil, err
	}
	if d.at, err = vaultAt(where, isURL); err != nil {
		return nil, err
	}
	var uid string
	if err := d.db.Pool.QueryRowContext(ctx, "SELECT uid FROM workspace").Scan(&uid); err != nil {
		return nil, d.db.Explain(err)
	}
	d.at.Known = func(ctx context.Context) ([]string, error) { return workspace.SomeSegments(ctx, d.db) }
	return d.at.Open(ctx, uid)
}

func probe(ctx context.Context, s vault.Store) (took time.Duration, err error) {
	begun, id := time.Now(), vault.NewID()
	w, err := s.Create(ctx, id)
	if err != nil {
		return 0, err
	}
	defer w.Abort()
	if _, err := w.Write(make([]byte, probeSize)); err != nil {
		return 0, err
	}
	if err := errors.Join(w.Sync(), w.Commit()); err != nil {
		return 0, err
	}
	b, err := s.Open(ctx, id)
	if err != nil {
		return 0, err
	}
	n, err := b.ReadAt(make([]byte, probeSize), 0)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if err == nil && n != probeSize {
		err = fmt.Errorf("%w: %d bytes of %d came back", vault.ErrDamaged, n, probeSize)
	}
	return time.Since(begun), errors.Join(err, b.Close(), s.Delete(ctx, id))
}

// disk looks at the place for results in the making.
func (d *doctor) disk() {
	where, isURL, err := d.c.where()
	if err != nil {
		return // told already
	}
	at, err := vaultAt(where, isURL)
	if err != nil {
		return
	}
	free, err := freeSpace(at.Dir())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.skip("disk", "no_database")
	case err != nil:
		d.failed("disk", err)
	case free < noDisk:
		d.failed("disk", fmt.Errorf("%s: %w", safe(at.Dir()), workspace.ErrDiskFull))
	case free < littleDisk:
		d.say("disk", warning, d.Text("doctor.disk", "Where", safe(at.Dir()), "GB", d.Number(free>>30)))
	default:
		d.say("disk", healthy, d.Text("doctor.disk", "Where", safe(at.Dir()), "GB", d.Number(free>>30)))
	}
}

func (d *doctor) indicators() {
	if d.db != nil && d.last("database") == healthy {
		since, err := workspace.SharedSince(d.ctx, d.db, workspace.SharedIndicators)
		if err != nil {
			d.failed("indicators", err)
			return
		}
		if since != "" { // a key that this command does not ask for opens them
			d.sharedIndicators(since)
			return
		}
		if d.db.Dialect == "postgres" {
			d.say("indicators", warning, d.Text("doctor.indicators_each"))
			return
		}
	}
	if _, isURL, _ := d.c.where(); isURL && d.last("database") == failing {
		d.skip("indicators", "no_database") // it may keep them
		return
	}
	st, err := openStore()
	if err != nil {
		d.failed("indicators", err)
		return
	}
	d.sets(st)
}

// sets looks at installed indicators, and closes them.
func (d *doctor) sets(st *feed.Store) {
	defer st.Close()
	if problems := st.Verify(); len(problems) > 0 {
		d.failed("indicators", problems[0])
		return
	}
	var newest time.Time
	entries := st.Entries()
	for i := range entries {
		e := &entries[i]
		if e.Checked.After(newest) {
			newest = e.Checked
		}
		if v := e.Current(); v != nil && v.Added.After(newest) {
			newest = v.Added
		}
	}
	switch {
	case len(entries) == 0:
		d.say("indicators", warning, d.Text("doctor.no_indicators"))
	case d.now.Sub(newest) > oldIndicators:
		d.say("indicators", warning, d.Text("doctor.indicators", "Count", d.Number(int64(len(entries))), "When", newest.UTC().Format(time.DateOnly)))
	default:
		d.say("indicators", healthy, d.Text("doctor.indicators", "Count", d.Number(int64(len(entries))), "When", newest.UTC().Format(time.DateOnly)))
	}
}

// sharedIndicators looks at those that the workspace keeps: at the sets where a
// member opened it and the vault answers, or else at when they were changed.
func (d *doctor) sharedIndicators(since string) {
	if d.w != nil && d.last("vault") == healthy {
		s, err := d.openVault(d.ctx)
		if err != nil {
			d.failed("indicators", err)
			return
		}
		defer s.Close()
		st, err := (&examine.Space{Workspace: d.w, Vault: s}).Indicators(d.ctx, nil)
		if err != nil {
			d.failed("indicators", err)
			return
		}
		d.sets(st)
		return
	}
	state := healthy
	if at, err := time.Parse(timeLayout, since); err != nil || d.now.Sub(at) > oldIndicators {
		state = warning
	}
	d.say("indicators", state, d.Text("doctor.indicators_shared", "When", day(since)))
}

// queue looks at jobs that wait or failed.
func (d *doctor) queue() {
	if d.db == nil || d.last("database") != healthy {
		d.skip("jobs", "no_database")
		return
	}
	s, err := workspace.State(d.ctx, d.db, d.now)
	if err != nil {
		d.failed("jobs", err)
		return
	}
	counts := map[string]int64{}
	for _, j := range s.Jobs {
		counts[j.State] += j.Count
	}
	state := healthy
	if s.Waiting > longWait {
		state = warning
	}
	d.say("jobs", state, d.Text("doctor.jobs", "Waiting", d.Number(counts[workspace.JobWaiting]), "Running", d.Number(counts[workspace.JobRunning]),
		"Failed", d.Number(counts[workspace.JobFailed]), "Longest", s.Waiting.Round(time.Second).String()))
}

// notices reads how they go out: from the workspace, where a member looks and it
// says how, or from this machine.
func (d *doctor) notices() (*notice.Config, error) {
	if d.w == nil {
		return noticesConfig()
	}
	return noticesOf(d.ctx, d.w)
}

// pool looks whether the key that workers of this machine have is the one that
// jobs are queued for.
func (d *doctor) pool() {
	key, err := new(workerCmd).key()
	switch {
	case err != nil:
		d.failed("workers", err)
		return
	case key.Zero():
		d.skip("workers", "no_key")
		return
	case d.db == nil || d.last("database") != healthy:
		d.skip("workers", "no_database")
		return
	}
	_, removed, err := workspace.CheckWorkers(d.ctx, d.db, key)
	switch {
	case err != nil:
		d.failed("workers", err)
	case removed != "":
		d.wrong("workers", d.Text("worker.removed", "When", day(removed)))
	default:
		d.say("workers", healthy, d.Text("doctor.workers"))
	}
}

func (d *doctor) mail() {
	conf, err := d.notices()
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && conf == nil:
		d.skip("mail", "no_mail")
	case err != nil:
		d.failed("mail", err)
	default:
		d.say("mail", healthy, d.Text("doctor.mail"))
	}
}

// server asks the address that people use.
func (d *doctor) server() {
	if d.c.URL == "" {
		d.skip("server", "no_url")
		return
	}
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if d.c.CA != "" {
		pem, err := d.readBounded(d.c.CA, maxProof)
		if err == nil {
			conf.RootCAs = x509.NewCertPool()
			if !conf.RootCAs.AppendCertsFromPEM(pem) {
				err = fmt.Errorf("%s: %w: no certificate", safe(d.c.CA), workspace.ErrInvalid)
			}
		}
		if err != nil {
			d.failed("server", err)
			return
		}
	}
	client := &http.Client{
		Timeout: 20 * time.Second, Transport: &http.Transport{TLSClientConfig: conf},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(d.ctx, http.MethodGet, strings.TrimSuffix(d.c.URL, "/")+"/", nil)
	if err != nil {
		d.failed("server", err)
		return
	}
	resp, err := client.Do(req)
	if err != nil {
		d.failed("server", err)
		return
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode >= http.StatusInternalServerError || resp.Header.Get("Content-Security-Policy") == "":
		d.wrong("server", d.Text("doctor.server_not", "Status", resp.Status))
	case resp.TLS == nil:
		d.say("server", healthy, d.Text("doctor.server_plain"))
	default:
		until := resp.TLS.PeerCertificates[0].NotAfter
		state := healthy
		if until.Sub(d.now) < soonExpired {
			state = warning
		}
		d.say("server", state, d.Text("doctor.server", "Until", until.UTC().Format(time.DateOnly)))
	}
}

// copies looks at the age of the newest backup.
func (d *doctor) copies() {
	if d.c.Backup == "" {
		d.skip("copies", "no_backup")
		return
	}
	list, err := filepath.Glob(filepath.Join(d.c.Backup, "database-*.age"))
	if err != nil || len(list) == 0 {
		d.wrong("copies", d.Text("doctor.no_copy", "Dir", safe(d.c.Backup)))
		return
	}
	slices.Sort(list)
	info, err := os.Stat(list[len(list)-1])
	if err != nil {
		d.failed("copies", err)
		return
	}
	state := healthy
	if d.now.Sub(info.ModTime()) > oldCopy {
		state = warning
	}
	d.say("copies", state, d.Text("doctor.copy", "When", info.ModTime().UTC().Format(time.DateOnly)))
}
