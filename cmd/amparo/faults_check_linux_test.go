package main

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// check holds what is there to what was acknowledged.
func (f *field) check() {
	f.t.Helper()
	c := f.client(99)
	if len(f.record.things) == 0 || len(f.record.jobs) == 0 {
		f.t.Error("nothing was acknowledged")
	}
	f.news(c)
	f.things(c)
	f.findings(c)
	f.jobs()
	f.evidence()
	for _, n := range f.nodes {
		n.process.end()
	}
	f.history()
	f.nothingLeft()
	for _, n := range f.nodes {
		for _, p := range n.process.panics() {
			f.t.Errorf("%s: %s", n.name, p)
		}
	}
}

// lists are where things of a kind are listed.
var lists = map[string]string{
	"case": "/cases?limit=10000", "person": "/cases/CASE/people?limit=10000", "device": "/cases/CASE/devices?limit=10000",
	"consent": "/cases/CASE/consents?limit=10000", "fact": "/cases/CASE/entries?limit=10000",
}

// things are there, each once, and no other of their kind.
func (f *field) things(c *client) {
	f.t.Helper()
	texts, count := map[string]string{}, map[string]int{}
	for _, x := range f.record.things {
		path, ok := lists[x.kind]
		if !ok || x.kind == "fact" && slices.Contains(f.record.erased, f.record.said[x.mark]) {
			continue
		}
		path = strings.ReplaceAll(path, "CASE", x.in)
		if _, ok := texts[path]; !ok {
			var text []byte
			if err := c.call(http.MethodGet, path, nil, &text); err != nil {
				f.t.Fatal(path, err)
			}
			var list struct{ Items []json.RawMessage }
			if err := json.Unmarshal(text, &list); err != nil {
				f.t.Fatal(path, err)
			}
			texts[path] = string(text)
			count[x.kind] += len(list.Items)
		}
		count[x.kind]--
		n := strings.Count(texts[path], `"`+x.mark+`"`)
		if x.kind == "fact" { // its note, and the title of its source
			n /= 2
		}
		if n != 1 || x.id != "" && !strings.Contains(texts[path], `"`+x.id+`"`) {
			f.t.Errorf("%s %s %s was acknowledged, and is there %d times", x.kind, x.mark, x.id, n)
		}
	}
	for kind, n := range count {
		if n != 0 {
			f.t.Errorf("of kind %s there are %d more than were acknowledged", kind, n)
		}
	}
}

// findings are as they were decided, unless they were erased.
func (f *field) findings(c *client) {
	f.t.Helper()
	for of, want := range f.record.states {
		run, id, _ := strings.Cut(of, " ")
		var got struct{ Finding struct{ State, Note string } }
		if err := c.call(http.MethodGet, "/runs/"+run+"/findings/"+id, nil, &got); err != nil {
			var erased bool
			_ = f.db.QueryRowContext(f.t.Context(), "SELECT state = 'erased' FROM run WHERE id = $1", run).Scan(&erased) // false then
			if !erased {
				f.t.Errorf("finding %s: %v", of, err)
			}
			continue
		}
		if got.Finding.State != want[0] || got.Finding.Note != want[1] {
			f.t.Errorf("finding %s is %q, and was acknowledged as %q", of, got.Finding, want)
		}
	}
}

// jobs ended, each with what it is for, once.
func (f *field) jobs() {
	f.t.Helper()
	rows, err := f.db.QueryContext(f.t.Context(), `SELECT j.id, j.kind, j.state, j.error, j.runs, j.wrapped IS NOT NULL OR j.sealed IS NOT NULL,
		COALESCE(e.state, '') FROM job j LEFT JOIN evidence e ON e.id = j.evidence_id`)
	if err != nil {
		f.t.Fatal(err)
	}
	defer rows.Close()
	seen, of := map[string]bool{}, map[string]string{}
	for rows.Next() {
		var id, kind, state, failed, runs, evidence string
		var keys bool
		if err := rows.Scan(&id, &kind, &state, &failed, &runs, &keys, &evidence); err != nil {
			f.t.Fatal(err)
		}
		seen[id] = true
		ids := strings.FieldsFunc(runs, func(r rune) bool { return r == ',' })
		switch {
		case state != "done" && evidence != "erased": // the consent was withdrawn while it waited
			f.t.Errorf("job %s of kind %s is %s: %s", id, kind, state, failed)
		case kind == "check" && state == "done" && len(ids) != 1:
			f.t.Errorf("job %s has the runs %q", id, runs)
		case keys:
			f.t.Errorf("a key of job %s is left", id)
		}
		for _, run := range ids {
			if of[run] != "" {
				f.t.Errorf("run %s is of jobs %s and %s", run, of[run], id)
			}
			of[run] = id
		}
	}
	if err := rows.Err(); err != nil {
		f.t.Fatal(err)
	}
	for id := range f.record.jobs {
		if !seen[id] {
			f.t.Errorf("job %s was acknowledged, and is not there", id)
		}
	}
	var lost int
	err = f.db.QueryRowContext(f.t.Context(), "SELECT COUNT(*) FROM run r WHERE NOT EXISTS (SELECT 1 FROM job j WHERE j.runs LIKE '%' || r.id || '%') AND r.state <> 'erased'"+
		" AND r.evidence_id IN (SELECT id FROM evidence WHERE state = 'stored') AND NOT EXISTS (SELECT 1 FROM job j WHERE j.kind = 'recheck' AND j.case_id = r.case_id)").Scan(&lost)
	if err != nil || lost > 0 {
		f.t.Errorf("%d runs are of no job: %v", lost, err)
	}
}

// evidence is stored, or erased, as was acknowledged, once for each device.
func (f *field) evidence() {
	f.t.Helper()
	for _, x := range f.record.things {
		if x.kind != "evidence" {
			continue
		}
		want := "stored"
		if slices.Contains(f.record.erased, x.mark) {
			want = "erased"
		}
		var state string
		var n int
		if err := f.db.QueryRowContext(f.t.Context(), "SELECT MAX(state), COUNT(*) FROM evidence WHERE device_id = $1", x.in).Scan(&state, &n); err != nil {
			f.t.Fatal(err)
		}
		if state != want || n != 1 {
			f.t.Errorf("evidence %s was acknowledged as %s, and is %s; the device has %d", x.mark, want, state, n)
		}
	}
}

// history is one: the ledger verifies from its first entry to its last, and
// each checkpoint that was ever handed out belongs to it.
func (f *field) history() {
	f.t.Helper()
	last := f.path("checkpoint-last")
	if err := os.WriteFile(last, []byte(f.must("ledger", "checkpoint", "--out", f.path("public"))+"\n"), 0o600); err != nil {
		f.t.Fatal(err)
	}
	args := []string{"ledger", "verify", f.path("public"), "--key", f.path("key")}
	all, err := filepath.Glob(f.path("checkpoint-*"))
	if err != nil {
		f.t.Fatal(err)
	}
	for _, name := range all {
		args = append(args, "--earlier", name)
	}
	f.t.Logf("%d checkpoints: %s", len(all), strings.SplitN(f.must(args...), "\n", 2)[0])
}

// nothingLeft verifies the vault, removes what interrupted processes left in
// it, as an operator would two days later, and looks that nothing is left that
// nobody needs, and nothing in clear.
func (f *field) nothingLeft() {
	f.t.Helper()
	scratch, err := filepath.Glob(f.path("scratch/*"))
	if err != nil {
		f.t.Fatal(err)
	}
	env := f.env
	for _, dir := range scratch {
		f.env = append(slices.Clone(env), "AMPARO_SCRATCH="+dir)
		f.must("case", "list", "--limit", "1") // what lies in clear goes with the next command
		if left, _ := os.ReadDir(dir); len(left) != 0 {
			f.t.Errorf("left in clear: %v", left)
		}
	}
	f.skew("later", 48*time.Hour)
	f.env = append(slices.Clone(env), clockChild+"="+f.path("later.clock"))
	f.noSetLeft()
	f.must("vault", "verify", "--clean")
	f.env = env
	var want, have int
	if err := f.db.QueryRowContext(f.t.Context(), "SELECT COUNT(*) FROM segment").Scan(&want); err != nil {
		f.t.Fatal(err)
	}
	var unsaved int
	err = f.db.QueryRowContext(f.t.Context(), `SELECT COUNT(DISTINCT bundle) FROM segment_ref f WHERE f.bundle NOT LIKE 'X-%' AND NOT EXISTS (SELECT 1 FROM evidence e WHERE e.id = f.bundle)
		AND NOT EXISTS (SELECT 1 FROM run r WHERE substr(r.id, 2) = substr(f.bundle, 2))`).Scan(&unsaved)
	if err != nil || unsaved > 0 {
		f.t.Errorf("%d results of interrupted checks are left: %v", unsaved, err)
	}
	segment := regexp.MustCompile(`S-[0-9a-f]{26}$`)
	err = filepath.WalkDir(f.bucket, func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		if segment.MatchString(name) && !strings.Contains(name, "/meta/") {
			have++
		}
		data, err := os.ReadFile(name)
		for _, clear := range []string{"smsmensaje", "SQLite format 3", "Planted"} {
			if bytes.Contains(data, []byte(clear)) {
				f.t.Errorf("%s holds %q", name, clear)
			}
		}
		return err
	})
	if err != nil || have != want || have == 0 {
		f.t.Errorf("%d segments are stored, %d are known: %v", have, want, err)
	}
}
