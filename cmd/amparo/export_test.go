package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// setRun sets a variable to the id of the run that "check --json" stored.
func setRun(ts *testscript.TestScript, _ bool, args []string) {
	var made struct{ ID string }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[1])), &made))
	ts.Setenv(args[0], made.ID)
}

// setFinding sets $FINDING to the first finding of an artifact in a list.
func setFinding(ts *testscript.TestScript, _ bool, args []string) {
	var list struct {
		Items []struct{ ID, Artifact string }
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &list))
	for _, f := range list.Items {
		if f.Artifact == args[1] {
			ts.Setenv("FINDING", f.ID)
			return
		}
	}
	ts.Fatalf("no finding of %s", args[1])
}

// exporter is a workspace with one check in it.
func exporter(t *testing.T) (k *killer, evidence, finding string) {
	t.Helper()
	for _, program := range []string{"sh", "openssl", "sqlite3", "sha256sum"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(err)
		}
	}
	k = newKiller(t, "")
	k.must("workspace", "init", "--name", "ana")
	k.caseID = k.must("case", "create", "a case")
	k.must("person", "add", k.caseID, "--pseudonym", "heron")
	device := k.must("device", "add", k.caseID, "heron", "phone")
	k.must("consent", "add", k.caseID, "heron", "--purpose", "analysis", "--until", "2999-01-01",
		"--given-by", k.path("name"), "--form", k.path("form"), "--share", "evidence:court")
	evidence = k.must("evidence", "add", k.caseID, device, k.path("backup"))
	k.must("check", "--case", k.caseID, evidence)
	var list struct {
		Items []struct{ ID, Artifact string }
	}
	if err := json.Unmarshal([]byte(k.must("finding", "list", "--json")), &list); err != nil || len(list.Items) == 0 {
		t.Fatal(err, "no findings")
	}
	for _, f := range list.Items {
		if f.Artifact == "ios.sms" {
			return k, evidence, f.ID
		}
	}
	return k, evidence, list.Items[0].ID
}

// verify runs the commands of VERIFY.md.
func verify(t *testing.T, dir string) string {
	t.Helper()
	md, err := os.ReadFile(filepath.Join(dir, "VERIFY.md"))
	if err != nil {
		t.Fatal(err)
	}
	var script strings.Builder
	for i, part := range strings.Split("\n"+string(md), "\n```") {
		if i%2 == 1 {
			script.WriteString(strings.TrimPrefix(part, "sh\n") + "\n")
		}
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", script.String())
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

// TestFlippedExhibit flips one bit of every third file of an export in turn:
// the commands of VERIFY.md find each. (bagit has a test of every byte.)
func TestFlippedExhibit(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("runs openssl and sqlite3 many times")
	}
	k, _, finding := exporter(t)
	dir := k.path("exhibit")
	k.must("export", finding, "--to", dir, "--for", "court", "--languages", "en")
	if out := verify(t, dir); !strings.Contains(out, "ALL OF IT HOLDS") || strings.Contains(out, "NOT ALL") || strings.Contains(out, "WRONG") {
		t.Fatal(out)
	}
	files := 0
	err := filepath.WalkDir(dir, func(name string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() || e.Name() == "VERIFY.md" {
			return err // who changes the instructions is found by another copy of them
		}
		if files++; files%3 != 0 {
			return nil
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		at := files * 7919 % len(data)
		data[at] ^= 1
		if err := os.WriteFile(name, data, 0o600); err != nil {
			return err
		}
		if out := verify(t, dir); !strings.Contains(out, "NOT ALL OF IT HOLDS") {
			t.Errorf("%s, byte %d: not found\n%s", name, at, out)
		}
		data[at] ^= 1
		return os.WriteFile(name, data, 0o600)
	})
	if err != nil || files < 12 {
		t.Fatal(files, err)
	}
}

// TestForgedExhibit rewrites the manifests after a change, as a forger would:
// the lists, the ledger and the bytes of the finding still speak against it.
func TestForgedExhibit(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("runs openssl and sqlite3")
	}
	k, _, finding := exporter(t)
	for pattern, want := range map[string]string{
		"data/evidence/*/??/*":   "WRONG: data/evidence/",
		"data/evidence/*.sha256": "WRONG: data/evidence/",
		"data/finding/*.json":    "WRONG: manifest-sha256.txt",
		"ledger/proofs/*5.proof": "WRONG: ",
		"ledger/ledger.vkey":     "WRONG: signature",
	} {
		dir := k.path("forged" + strings.NewReplacer("/", "_", "*", "x", "?", "x").Replace(pattern))
		k.must("export", finding, "--to", dir, "--for", "court", "--languages", "en")
		list, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(list) == 0 {
			t.Fatal(pattern, err)
		}
		data, err := os.ReadFile(list[0])
		if err != nil {
			t.Fatal(err)
		}
		data[len(data)/2] ^= 1
		if err := os.WriteFile(list[0], data, 0o600); err != nil {
			t.Fatal(err)
		}
		again := exec.CommandContext(t.Context(), "sh", "-c", `
			find data -type f | LC_ALL=C sort | xargs -d '\n' sha256sum > manifest-sha256.txt
			find . -type f ! -path './data/*' ! -name tagmanifest-sha256.txt | sed 's|^./||' | LC_ALL=C sort | xargs -d '\n' sha256sum > t && mv t tagmanifest-sha256.txt`)
		again.Dir = dir
		if out, err := again.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if out := verify(t, dir); !strings.Contains(out, want) || !strings.Contains(out, "NOT ALL OF IT HOLDS") || strings.Contains(out, "WRONG: payload") {
			t.Errorf("%s: want %q in\n%s", pattern, want, out)
		}
	}
}

// TestKilledExport kills an export at random points: it goes on, is whole, and
// is in the ledger once.
func TestKilledExport(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("kills processes for some time")
	}
	k, evidence, _ := exporter(t)
	args := func(dir string) []string {
		return []string{"export", evidence, "--to", dir, "--for", "court", "--evidence", "all", "--languages", "en"}
	}
	from := time.Now()
	k.must(args(k.path("whole"))...)
	took := time.Since(from)
	rounds := max(6, *kills)
	for i := range rounds {
		dir := k.path("killed" + string(rune('a'+i%26)) + strings.Repeat("x", i/26))
		// The later points of time are where the act is recorded.
		after := time.Duration(float64(took) * (0.2 + 0.9*float64(i+1)/float64(rounds)))
		_, done := k.command(after, args(dir)...)
		if whole, err := filepath.Glob(filepath.Join(dir, "tagmanifest*.txt")); err != nil {
			t.Fatal(err)
		} else if _, err := os.Stat(filepath.Join(dir, ".amparo-export.json")); err == nil || len(whole) == 0 {
			if done {
				t.Error("an export was told to be whole and is not")
			}
			k.must(args(dir)...)
		}
		if out := verify(t, dir); !strings.Contains(out, "\nALL OF IT HOLDS") {
			t.Errorf("killed after %v of %v:\n%s", after, took, out)
		}
		if left, err := filepath.Glob(filepath.Join(dir, "*.partial")); err != nil || len(left) > 0 {
			t.Error(left, err)
		}
	}
	var acts struct {
		Items []struct{ Opening struct{ Detail string } }
	}
	if err := json.Unmarshal([]byte(k.must("custody", evidence, "--json", "--limit", "10000")), &acts); err != nil {
		t.Fatal(err)
	}
	exports := 0
	for _, a := range acts.Items {
		if strings.Contains(a.Opening.Detail, `"export"`) {
			exports++
		}
	}
	if exports != rounds+1 {
		t.Errorf("%d exports are in the ledger, want %d", exports, rounds+1)
	}
}
