package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	_ "modernc.org/sqlite" // writes the databases of these tests
)

// newer marks a workspace's database as of a version to come.
func newer(ts *testscript.TestScript, _ bool, args []string) {
	db, err := sql.Open("sqlite", "file:"+ts.MkAbs(args[0]))
	ts.Check(err)
	_, err = db.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)")
	ts.Check(err)
	ts.Check(db.Close())
}

// try runs the program and returns what it says where it fails.
func (k *killer) try(args ...string) (out, said string, err error) {
	k.t.Helper()
	cmd := exec.CommandContext(k.t.Context(), os.Args[0], args...)
	cmd.Env = k.env
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	return strings.TrimSpace(stdout.String()), stderr.String(), err
}

// history writes a history of Safari with n visits to one host: the columns
// that iOS has (history_items, history_visits) and no others.
func history(t *testing.T, dir string, n int) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "History.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_, err = db.ExecContext(t.Context(), `
CREATE TABLE history_items (id INTEGER PRIMARY KEY AUTOINCREMENT, url TEXT NOT NULL UNIQUE, domain_expansion TEXT NULL, visit_count INTEGER NOT NULL);
CREATE TABLE history_visits (id INTEGER PRIMARY KEY AUTOINCREMENT, history_item INTEGER NOT NULL, visit_time REAL NOT NULL, title TEXT NULL,
	load_successful BOOLEAN NOT NULL DEFAULT 1, redirect_source INTEGER NULL, redirect_destination INTEGER NULL);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
	INSERT INTO history_items SELECT i, 'https://evil.example.com/' || i, NULL, 1 FROM n;
INSERT INTO history_visits SELECT id, id, 600000000 + id * 100, NULL, 1, NULL, NULL FROM history_items;`, n)
	if err != nil {
		t.Fatal(err)
	}
}

// TestHundredThousandFindings takes a check with 100,000 findings through a
// case: all are listed, counted and exported.
func TestHundredThousandFindings(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("100,000 findings take some seconds")
	}
	const n = 100_000
	k := newKiller(t, "")
	history(t, k.path("history"), n)
	if err := os.WriteFile(k.path("ioc.txt"), []byte("evil.example.com\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	k.must("workspace", "init", "--name", "ana")
	k.caseID = k.must("case", "create", "a case")
	k.must("person", "add", k.caseID, "--pseudonym", "heron")
	device := k.must("device", "add", k.caseID, "heron", "phone")
	k.must("consent", "add", k.caseID, "heron", "--purpose", "analysis", "--until", "2999-01-01",
		"--given-by", k.path("name"), "--form", k.path("form"), "--share", "findings:court")
	ev := k.must("evidence", "add", k.caseID, device, k.path("history"))
	out := k.must("check", "--case", k.caseID, ev, "--indicators", k.path("ioc.txt"), "--no-recovery")
	if !strings.Contains(out, "FINDINGS: critical 100,000") || !strings.Contains(out, "×100,000") {
		t.Error(out)
	}
	// All of them page by page is a test of the databases; here the first.
	var page struct {
		Items []struct{ ID string }
		Next  string
	}
	if err := json.Unmarshal([]byte(k.must("finding", "list", "--evidence", ev, "--json", "--limit", "10000")), &page); err != nil {
		t.Fatal(err)
	}
	if len(page.Items) != 10_000 || page.Next == "" {
		t.Errorf("%d findings are listed, then %q", len(page.Items), page.Next)
	}
	if runs := k.must("run", "list", "--evidence", ev); !strings.Contains(runs, "100,000") {
		t.Error(runs)
	}
	k.must("export", ev, "--to", k.path("out"), "--for", "court", "--report", "csv")
	files, err := filepath.Glob(k.path("out/data/runs/*/findings.jsonl"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	f, err := os.Open(files[0])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil || strings.Count(string(data), "\n") != n {
		t.Error("not all findings left", err)
	}
}

// TestEvidenceChangesWhileItIsRead lets something write to evidence while it is
// stored: it is not acknowledged, and goes on once that ended.
func TestEvidenceChangesWhileItIsRead(t *testing.T) {
	t.Parallel()
	k := newKiller(t, "")
	k.must("workspace", "init", "--name", "ana")
	k.caseID = k.must("case", "create", "a case")
	device, _ := k.person()
	name := k.path("growing/system.log")
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, make([]byte, 32<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	stop, stopped := make(chan struct{}), make(chan error)
	go func() {
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
		for err == nil {
			select {
			case <-stop:
				stopped <- f.Close()
				return
			default:
				_, err = f.WriteString("one more line\n")
			}
		}
		stopped <- err
	}()
	_, said, err := k.try("evidence", "add", k.caseID, device, filepath.Dir(name))
	close(stop)
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	if err == nil || !strings.Contains(said, "system.log: it changed while it was read") || !strings.Contains(said, "hint: stop what writes to the evidence, or copy it first") {
		t.Errorf("%v: %s", err, said)
	}
	if listed := k.must("evidence", "list", k.caseID); !strings.Contains(listed, "being received") {
		t.Error(listed)
	}
	ev := k.must("evidence", "add", k.caseID, device, filepath.Dir(name))
	if out := k.must("vault", "verify", ev); !strings.Contains(out, "0 damaged") {
		t.Error(out)
	}
}
