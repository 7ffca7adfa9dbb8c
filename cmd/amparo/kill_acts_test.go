package main

import (
	"bufio"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// open opens the database of the workspace beside the program.
func (k *killer) open(workspace string) {
	k.t.Helper()
	driver, name := "pgx", workspace
	if workspace == "" {
		driver, name = "sqlite", "file:"+k.path("home/workspace/workspace.db")+"?_pragma=busy_timeout(60000)"
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		k.t.Fatal(err)
	}
	k.t.Cleanup(func() { db.Close() })
	k.db = db
}

// scene does everything once undisturbed, to know how long it takes.
func (k *killer) scene() {
	timed := func(name string, args ...string) string {
		from := time.Now()
		out := k.must(args...)
		k.took[name] = time.Since(from)
		return out
	}
	device, consent := k.person()
	ev := timed("add", "evidence", "add", k.caseID, device, k.path("backup"))
	timed("check", "check", "--case", k.caseID, ev)
	timed("hunt", "hunt", "--value", "domain-0.com")
	k.age(ev)
	timed("recheck", "hunt", "--recheck")
	timed("export", "export", ev, "--for", "court", "--to", k.path("export-0"), "--report", "html")
	timed("withdraw", "consent", "withdraw", consent)
	k.withdrawn = append(k.withdrawn, ev)
}

// after is a random moment of a command, or a little later.
func (k *killer) after(name string) time.Duration {
	return time.Duration(1 + k.r.Int64N(int64(k.took[name])+int64(k.took[name])/4))
}

// act starts something, kills it at a random point, and tries it again.
func (k *killer) act() {
	device, consent := k.person()
	ev := k.add(device)
	if out, done := k.command(k.after("check"), "check", "--case", k.caseID, ev, "--json"); done {
		var made struct{ ID string }
		if err := json.Unmarshal([]byte(out), &made); err != nil || made.ID == "" {
			k.t.Fatal(err, out)
		}
		k.runs = append(k.runs, made.ID)
	}
	k.command(k.after("hunt"), "hunt", "--value", fmt.Sprintf("domain-%d.com", k.n))
	k.must("hunt", "--value", fmt.Sprintf("domain-%d.com", k.n))
	k.recheck(ev)
	k.export(ev)
	k.both(ev)
	if k.r.IntN(3) == 0 {
		if _, done := k.command(k.after("withdraw"), "consent", "withdraw", consent); !done {
			k.must("consent", "withdraw", consent)
		}
		k.stored = k.stored[:len(k.stored)-1]
		k.withdrawn = append(k.withdrawn, ev)
	}
}

func (k *killer) add(device string) string {
	add := []string{"evidence", "add", k.caseID, device, k.path("backup")}
	ev, done := k.command(k.after("add"), add...)
	if !done {
		ev = k.must(add...) // it goes on, or begins again
	}
	k.stored = append(k.stored, ev)
	return ev
}

// age makes the version of a parser that read the evidence another than it is.
func (k *killer) age(evidence string) {
	k.t.Helper()
	_, err := k.db.ExecContext(k.t.Context(), `UPDATE run SET summary = REPLACE(summary, '"ios.sms":', '"ios.sms":9') WHERE evidence_id = $1`, evidence)
	if err != nil {
		k.t.Fatal(err)
	}
}

// recheck interrupts a recheck; the next goes on, and then nothing is left.
func (k *killer) recheck(evidence string) {
	k.t.Helper()
	k.must("check", "--case", k.caseID, evidence)
	k.age(evidence)
	if _, done := k.command(k.after("recheck"), "hunt", "--recheck"); !done {
		k.must("hunt", "--recheck")
	}
	if left := k.must("hunt", "--recheck"); !strings.Contains(left, "nothing to check again") {
		k.t.Errorf("after a recheck something is left:\n%s", left)
	}
}

// export interrupts an export; the next goes on, or says that it was done. The
// bag is whole.
func (k *killer) export(evidence string) {
	k.t.Helper()
	to := k.path(fmt.Sprint("export-", k.n))
	args := []string{"export", evidence, "--for", "court", "--to", to, "--report", "html"}
	if _, done := k.command(k.after("export"), args...); !done {
		if r := k.run(0, args...); r.failed != nil && !strings.Contains(r.err, "holds no interrupted export") {
			k.t.Fatalf("%v: %s", r.failed, r.err)
		}
	}
	for _, manifest := range []string{"tagmanifest-sha256.txt", "manifest-sha256.txt"} {
		k.sums(to, manifest)
	}
	if err := os.RemoveAll(to); err != nil {
		k.t.Fatal(err)
	}
}

// sums checks the hashes that a manifest of a bag names.
func (k *killer) sums(dir, manifest string) {
	k.t.Helper()
	f, err := os.Open(filepath.Join(dir, manifest))
	if err != nil {
		k.t.Fatal(err)
	}
	defer f.Close()
	n := 0
	for sc := bufio.NewScanner(f); sc.Scan(); n++ {
		sum, name, _ := strings.Cut(sc.Text(), " ")
		data, err := os.ReadFile(filepath.Join(dir, strings.TrimLeft(name, " *")))
		if got := sha256.Sum256(data); err != nil || hex.EncodeToString(got[:]) != sum {
			k.t.Errorf("%s: %s: %v", manifest, name, err)
		}
	}
	if n == 0 {
		k.t.Errorf("%s names nothing", manifest)
	}
}

// both runs processes side by side and kills one: the others do not notice.
func (k *killer) both(evidence string) {
	k.t.Helper()
	device, _ := k.person()
	add := []string{"evidence", "add", k.caseID, device, k.path("backup")}
	others := [][]string{{"hunt", "--value", fmt.Sprintf("other-%d.com", k.n)}, {"check", "--case", k.caseID, evidence}, add}
	done := make(chan result, len(others))
	for _, args := range others {
		go func() { done <- k.run(0, args...) }()
	}
	if r := k.run(k.after("add"), add...); r.killed {
		k.dead++
	}
	for range others {
		// Two that store the same evidence do not both store it.
		if r := <-done; r.failed != nil && !strings.Contains(r.err, "another process is storing") && !strings.Contains(r.err, "being received") {
			k.t.Errorf("beside a process that was killed: %v: %s", r.failed, r.err)
		}
	}
	if r := k.run(0, add...); r.failed == nil {
		k.stored = append(k.stored, r.out)
		k.stored[len(k.stored)-1], k.stored[len(k.stored)-2] = k.stored[len(k.stored)-2], k.stored[len(k.stored)-1]
	} else {
		k.t.Errorf("%v: %s", r.failed, r.err)
	}
}
