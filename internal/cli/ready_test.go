package cli

import (
	"context"
	"database/sql"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // holds tables for the test

	"github.com/amparo-project/amparo/internal/message"
	"github.com/amparo-project/amparo/internal/testevidence"
	"github.com/amparo-project/amparo/internal/workspace/postgres/postgrestest"
)

// command is one that runs until it is told to end.
type command struct {
	t         *testing.T
	out, errs *lockedBuffer
	end       context.CancelFunc
	code      chan int
}

func begin(t *testing.T, args ...string) *command {
	t.Helper()
	ctx, end := context.WithCancel(t.Context())
	c := &command{t, &lockedBuffer{}, &lockedBuffer{}, end, make(chan int, 1)}
	go func() {
		c.code <- Main(ctx, append(args, "--lang", "en"), Streams{In: strings.NewReader(""), Out: c.out, Err: c.errs})
	}()
	t.Cleanup(func() { end(); c.ended(0) })
	return c
}

// ended waits for the end, which is an orderly one.
func (c *command) ended(want int) {
	c.t.Helper()
	code := <-c.code
	if c.code <- code; code != want || strings.Contains(c.errs.String(), "error:") {
		c.t.Errorf("it ended with %d: %s", code, c.errs)
	}
}

// until waits for something to be so.
func (c *command) until(what string, is func() bool) {
	c.t.Helper()
	for end := time.Now().Add(2 * time.Minute); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			c.t.Fatalf("not within two minutes: %s: %s", what, c.errs)
		}
	}
}

var watched = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// ready is what /readyz says.
func (c *command) ready() int {
	c.t.Helper()
	c.until("it is watched", func() bool { return watched.MatchString(c.errs.String()) })
	r, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, watched.FindString(c.errs.String())+"/readyz", http.NoBody)
	if err != nil {
		c.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

// held keeps the opening of a workspace on PostgreSQL from its end, until it is
// let go, while the database answers all else.
func held(t *testing.T, url string) (reached func() bool, release func()) {
	t.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(t.Context(), "LOCK TABLE river_migration IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	release = func() { _ = tx.Rollback() }
	t.Cleanup(release)
	return func() bool {
		var waiting bool
		err := db.QueryRowContext(t.Context(), `SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'river_migration'::regclass)`).Scan(&waiting)
		if err != nil {
			t.Fatal(err)
		}
		return waiting
	}, release
}

// TestReadyWhenItWorks: while a worker or a server opens what it works with it
// is not ready and the log says why, though the database answers; being told to
// end then it ends in order, and so it does once it works.
func TestReadyWhenItWorks(t *testing.T) {
	url := postgrestest.Database(t)
	dir := t.TempDir()
	key := filepath.Join(dir, "workers.key")
	t.Setenv("AMPARO_HOME", dir)
	t.Setenv("AMPARO_PASSPHRASE", "a long passphrase")
	t.Setenv(workspaceVariable, url)
	run1(t, 0, "workspace", "init", "--name", "ana")
	run1(t, 0, "workspace", "workers", "--new", key)
	run1(t, 0, "member", "invite", "--url", "https://amparo.example.org")
	for name, args := range map[string][]string{
		"worker":           {"worker", "--identity", key},
		"worker of member": {"worker"},
		"server of a team": {"serve", "--addr", "127.0.0.1:0", "--url", "https://amparo.example.org"},
	} {
		args = append(args, "--ops-addr", "127.0.0.1:0")
		t.Run(name, func(t *testing.T) {
			for _, finish := range []bool{false, true} {
				reached, release := held(t, url)
				c := begin(t, args...)
				c.until("it opens the database", reached)
				if got := c.ready(); got != http.StatusServiceUnavailable {
					t.Errorf("it opens the database and says %d", got)
				}
				if finish {
					release()
					c.until("it is ready", func() bool { return c.ready() == http.StatusOK })
				}
				c.end()
				c.ended(0)
				release()
				if said := c.errs.String(); !strings.Contains(said, "any more") || strings.Contains(said, "hint:") {
					t.Error(said)
				}
			}
		})
	}
}

// TestToldBeforeItWorks tells commands to end before they have opened anything:
// those that go on until they are told end in order, the others say that they
// were stopped, and speak of --out where it was given.
func TestToldBeforeItWorks(t *testing.T) {
	dir := t.TempDir()
	key := filepath.Join(dir, "workers.key")
	t.Setenv("AMPARO_HOME", dir)
	t.Setenv("AMPARO_PASSPHRASE", "a long passphrase")
	run1(t, 0, "workspace", "init", "--name", "ana")
	run1(t, 0, "workspace", "workers", "--new", key)
	phone := filepath.Join(dir, "phone")
	if _, err := testevidence.WriteAndroidQF(phone, ""); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args      []string
		code      int
		said, not string
	}{
		{[]string{"worker"}, 0, "worker.ended", "cli.hint"},
		{[]string{"worker", "--identity", key}, 0, "worker.ended", "cli.hint"},
		{[]string{"serve", "--no-open", "--addr", "127.0.0.1:0"}, 0, "web.serve.ended", "cli.hint"},
		{[]string{"serve", "--no-open", "--addr", "127.0.0.1:0", "--drain", "-1s"}, 2, "cli.hint.help", "web.serve.ended"},
		{[]string{"case", "list"}, 1, "cli.hint.interrupted", "cli.hint.interrupted_out"},
		{[]string{"check", phone}, 1, "cli.hint.interrupted", "cli.hint.interrupted_out"},
		{[]string{"check", phone, "--out", filepath.Join(dir, "result")}, 1, "cli.hint.interrupted_out", "cli.hint.interrupted"},
	} {
		for _, lang := range []string{"en", "es"} {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			errs := &lockedBuffer{}
			code := Main(ctx, append([]string{"--lang", lang}, c.args...), Streams{In: strings.NewReader(""), Out: io.Discard, Err: errs})
			p := message.New(lang)
			if said := errs.String(); code != c.code || !strings.Contains(said, p.Text(c.said)) || strings.Contains(said, p.Text(c.not)) {
				t.Errorf("%v: exit %d: %s", c.args, code, said)
			}
		}
	}
}
