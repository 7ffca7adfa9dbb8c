package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // makes databases for the test

	"github.com/amparo-project/amparo/internal/testevidence"
	"github.com/amparo-project/amparo/internal/workspace/postgres/postgrestest"
)

// kills is how many rounds TestKill makes with each database: in each the
// program is killed up to seven times. "make kill" makes many.
var kills = flag.Int("kills", 2, "rounds of TestKill with each database")

// killChild makes the test binary the program.
const killChild = "AMPARO_TEST_CHILD"

// killer runs the program on one workspace, and kills it.
type killer struct {
	t         *testing.T
	env       []string
	dir       string
	r         *mathrand.Rand
	took      map[string]time.Duration // of a command that was let live
	stored    []string                 // evidence that was acknowledged
	runs      []string
	withdrawn []string
	caseID    string
	n         int
	db        *sql.DB // of the workspace, to make a parser's version another
	dead      int     // commands that were killed
}

// TestKill kills the program at random points of its work, with both
// databases. What was acknowledged is there, the ledger verifies, and what
// was interrupted goes on or is gone.
func TestKill(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("kills processes for some time")
	}
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); killAll(t, "") })
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		killAll(t, postgrestest.Database(t))
	})
}

func killAll(t *testing.T, workspace string) {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	k := newKiller(t, workspace)
	k.r = mathrand.New(mathrand.NewPCG(seed, 1))
	k.must("workspace", "init", "--name", "ana")
	k.caseID = k.must("case", "create", "a case")
	k.must("ledger", "checkpoint", "--out", k.path("public"))
	k.keep()
	k.open(workspace)
	k.scene()
	for i := range *kills {
		k.act()
		if i%10 == 9 {
			k.hold()
		}
	}
	k.hold()
	t.Logf("%d commands were killed in %d rounds", k.dead, *kills)
}

// newKiller makes evidence, and where a workspace can be.
func newKiller(t *testing.T, workspace string) *killer {
	t.Helper()
	k := &killer{t: t, dir: t.TempDir(), took: map[string]time.Duration{}}
	k.env = append(os.Environ(), killChild+"=1", "AMPARO_HOME="+filepath.Join(k.dir, "home"), "AMPARO_PASSPHRASE=a long passphrase",
		"AMPARO_VAULT="+filepath.Join(k.dir, "vault"), "LANG=C", "AMPARO_WORKSPACE="+workspace)
	if _, err := testevidence.WriteIOSBackup(k.path("backup"), testevidence.Options{Messages: 100, Iterations: 1, Seed: 1, Plant: true}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"form", "name"} {
		if err := os.WriteFile(k.path(name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return k
}

func (k *killer) path(name string) string { return filepath.Join(k.dir, name) }

// result is how a command ended.
type result struct {
	out, err string
	killed   bool
	failed   error
}

// run runs the program; after 0 it is left to live, else killed then.
func (k *killer) run(after time.Duration, args ...string) (r result) {
	cmd := exec.CommandContext(k.t.Context(), os.Args[0], args...)
	cmd.Env = k.env
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if r.failed = cmd.Start(); r.failed != nil {
		return r
	}
	if after > 0 {
		timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
		defer timer.Stop()
	}
	err := cmd.Wait()
	r.out, r.err = strings.TrimSpace(stdout.String()), stderr.String()
	var exit *exec.ExitError
	if r.killed = errors.As(err, &exit) && exit.ExitCode() < 0 && after > 0; !r.killed {
		r.failed = err
	}
	return r
}

// command is run, of what fails only when it is killed.
func (k *killer) command(after time.Duration, args ...string) (out string, done bool) {
	k.t.Helper()
	r := k.run(after, args...)
	if r.failed != nil {
		k.t.Fatalf("amparo %s: %v\n%s", strings.Join(args, " "), r.failed, r.err)
	}
	if r.killed {
		k.dead++
		return "", false
	}
	return r.out, true
}

func (k *killer) must(args ...string) string {
	k.t.Helper()
	out, _ := k.command(0, args...)
	return out
}

// person makes a person with a device and consent.
func (k *killer) person() (device, consent string) {
	k.n++
	name := fmt.Sprint("p", k.n)
	k.must("person", "add", k.caseID, "--pseudonym", name)
	device = k.must("device", "add", k.caseID, name, "phone")
	consent = k.must("consent", "add", k.caseID, name, "--purpose", "analysis,hunting,linking", "--until", "2999-01-01",
		"--given-by", k.path("name"), "--form", k.path("form"), "--share", "evidence:court")
	return device, consent
}

// keep remembers the public key of the ledger.
func (k *killer) keep() {
	var info struct{ Key string }
	if err := json.Unmarshal([]byte(k.must("workspace", "show", "--json")), &info); err != nil {
		k.t.Fatal(err)
	}
	if err := os.WriteFile(k.path("key"), []byte(info.Key), 0o600); err != nil {
		k.t.Fatal(err)
	}
}

// hold checks that all that was acknowledged is there, and whole.
func (k *killer) hold() {
	k.t.Helper()
	checkpoint := k.path(fmt.Sprintf("checkpoint-%d", k.n))
	if err := os.WriteFile(checkpoint, []byte(k.must("ledger", "checkpoint", "--out", k.path("public"))+"\n"), 0o600); err != nil {
		k.t.Fatal(err)
	}
	args := []string{"ledger", "verify", k.path("public"), "--key", k.path("key")}
	all, err := filepath.Glob(k.path("checkpoint-*"))
	if err != nil {
		k.t.Fatal(err)
	}
	for _, name := range all {
		args = append(args, "--earlier", name)
	}
	k.must(args...)
	if len(k.stored) > 0 {
		k.must(append([]string{"vault", "verify"}, k.stored...)...)
	}
	listed := k.must("evidence", "list", k.caseID, "--json", "--limit", "10000")
	var list struct {
		Items []struct{ ID, State string }
	}
	if err := json.Unmarshal([]byte(listed), &list); err != nil {
		k.t.Fatal(err)
	}
	states := map[string]string{}
	for _, ev := range list.Items {
		states[ev.ID] = ev.State
	}
	for want, ids := range map[string][]string{"stored": k.stored, "erased": k.withdrawn} {
		for _, id := range ids {
			if states[id] != want {
				k.t.Errorf("evidence %s was acknowledged as %s and is %q", id, want, states[id])
			}
		}
	}
	runs := k.must("run", "list", "--case", k.caseID, "--json", "--limit", "10000")
	for _, id := range k.runs {
		if !strings.Contains(runs, id) {
			k.t.Errorf("run %s was acknowledged and is gone", id)
		}
	}
}
