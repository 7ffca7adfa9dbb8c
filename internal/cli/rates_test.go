package cli

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/evidence/open"
	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/parsers"
	"github.com/amparo-project/amparo/internal/pipeline"
	"github.com/amparo-project/amparo/internal/rule"
)

// pathList is a dump of which only the list of files is at hand.
type pathList struct {
	phones
	list []evidence.Listed
}

func (pathList) Evidence() finding.Evidence { return finding.Evidence{Kind: "ios-filesystem"} }

func (l pathList) Listing(ctx context.Context) iter.Seq2[evidence.Listed, error] {
	return func(yield func(evidence.Listed, error) bool) {
		for _, f := range l.list {
			if ctx.Err() != nil || !yield(f, nil) {
				return
			}
		}
	}
}

// cleanListing is the list of all files of an iPhone with iOS 15, as iLEAPP
// publishes it: filesystem1 is the system, filesystem2 is /private/var.
func cleanListing(t *testing.T) pathList {
	t.Helper()
	z, err := zip.OpenReader(shared(t, "evidence", "ileapp", "josh-hickman-ios15.csv.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	f, err := z.Open("josh-hickman-ios15.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var l pathList
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		// path,date_modified,date_accessed,date_created: a path may have commas.
		fields := strings.Split(lines.Text(), ",")
		if len(fields) < 4 {
			continue
		}
		path := strings.Join(fields[:len(fields)-3], ",")
		var ok bool
		if path, ok = strings.CutPrefix(path, "filesystem2/"); ok {
			path = "private/var/" + path
		} else if path, ok = strings.CutPrefix(path, "filesystem1/"); !ok || path == "" {
			continue
		}
		e := evidence.Listed{Path: path}
		if sec, err := strconv.ParseInt(fields[len(fields)-3], 10, 64); err == nil {
			e.Modified = time.Unix(sec, 0).UTC()
		}
		l.list = append(l.list, e)
	}
	if lines.Err() != nil || len(l.list) < 470_000 {
		t.Fatalf("%d paths, %v", len(l.list), lines.Err())
	}
	return l
}

// A counted evidence is what one clean set of evidence had for rules.
type counted struct {
	records  map[string]map[artifact.Kind]int64 // by artifact
	findings map[string]int64                   // by rule
}

// TestRates counts how often each rule fires on everything of clean phones
// that is public, and holds rates.csv, which "amparo rules show" and reports
// print, to it. Nothing above low fires there, neither rule nor indicator.
func TestRates(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("much work in one goroutine: left to the run without the race detector")
	}
	rules, err := rule.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	sets, err := indicator.LoadPath(shared(t, "indicators"))
	if err != nil {
		t.Fatal(err)
	}
	matcher := indicator.NewMatcher(sets)
	found, err := open.Find(t.Context(), shared(t, "evidence"), examine.WhatIsRead())
	if err != nil {
		t.Fatal(err)
	}
	var all []counted
	for _, c := range found.Candidates {
		if isMade(c) {
			continue
		}
		src, err := c.Open(t.Context(), evidence.OpenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, count(t, src, matcher, rules))
		src.Close()
	}
	// What lies there under names that no phone has was not found above.
	others := cleanPhones(t)
	for path := range others {
		if !slices.ContainsFunc([]string{"TCC.db", "sms.db", "knowledgeC.db"}, func(name string) bool { return strings.HasSuffix(path, name) }) {
			delete(others, path)
		}
	}
	all = append(all, count(t, others, matcher, rules), count(t, cleanListing(t), matcher, rules))

	rates := map[string]rule.Rate{}
	for _, r := range rules.Rules() {
		rates[r.ID] = rateOf(r, all)
	}
	name := filepath.Join("..", "rule", "rates.csv")
	got := rule.FormatRates(rates)
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("what rules find on clean phones has changed: look, and run make rates (-want +got):\n%s", diff)
	}
}

// isMade reports whether evidence was put together to show traces, as MVT's test
// data of Android are: a list of programs that give root is of no clean phone.
func isMade(c evidence.Candidate) bool {
	return slices.Contains(strings.Split(filepath.ToSlash(c.Path())+"/"+c.Root(), "/"), "android")
}

// developers are the phones of developers evidence is public, by rule: what that says of them is
// true, and is counted like everything else.
var developers = map[string]string{"android_system_open": "google/sailfish"}

func isKnown(id string, line []byte) bool {
	return developers[id] != "" && bytes.Contains(line, []byte(developers[id]))
}

func rateOf(r *rule.Rule, all []counted) rule.Rate {
	var rate rule.Rate
	for _, c := range all {
		var records int64
		for _, name := range r.Artifacts {
			for kind, n := range c.records[name] {
				// A kind that the parser makes of what is missing or wrong is
				// counted against all that was read.
				if r.Code || slices.Contains(r.Kinds, kind) {
					records += n
				}
			}
		}
		rate.Records += records
		rate.Findings += c.findings[r.ID]
		if records > 0 {
			rate.Sets++
		}
		if c.findings[r.ID] > 0 {
			rate.Fired++
		}
	}
	return rate
}

// count checks one set of evidence.
func count(t *testing.T, src evidence.Source, matcher *indicator.Matcher, rules *rule.Set) counted {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	folder, err := pipeline.NewFolder(out)
	if err != nil {
		t.Fatal(err)
	}
	c := counted{map[string]map[artifact.Kind]int64{}, map[string]int64{}}
	run, err := pipeline.Check(t.Context(), pipeline.Options{
		Source: src, Parsers: parsers.All(), Matcher: matcher, Rules: rules, Now: time.Now, Out: folder,
		Findings: func(line json.RawMessage) error {
			var f finding.Finding
			if err := json.Unmarshal(line, &f); err != nil {
				return err
			}
			if f.Severity > finding.Low && !isKnown(f.Rule, line) {
				t.Errorf("a clean phone raised %s: %s", f.Severity, line)
			}
			c.findings[f.Rule]++
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	noRuleFailed(t, run)
	for _, cov := range run.Coverage {
		if cov.Records > 0 {
			c.records[cov.Artifact] = kindsIn(t, filepath.Join(out, pipeline.RecordsDir, cov.Artifact+".jsonl"))
		}
	}
	return c
}

// kindsIn counts the records of a file by their kinds.
func kindsIn(t *testing.T, name string) map[artifact.Kind]int64 {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	kinds := map[artifact.Kind]int64{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var rec struct {
			Kind artifact.Kind `json:"kind"`
		}
		if err := json.Unmarshal(lines.Bytes(), &rec); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		kinds[rec.Kind]++
	}
	if lines.Err() != nil {
		t.Fatal(lines.Err())
	}
	return kinds
}
