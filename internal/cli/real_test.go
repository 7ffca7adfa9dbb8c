package cli

import (
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/evidence/open"
	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/parsers"
	"github.com/amparo-project/amparo/internal/pipeline"
	"github.com/amparo-project/amparo/internal/rule"
)

var update = flag.Bool("update", false, "rewrite golden files")

// TestRealEvidence reads everything of an iPhone that public test sets have, as
// a user would who gives the whole folder, and holds what comes out to a golden
// file: of each artifact the state, the number of records, what was lost, and
// a hash of all records. The data is from clean phones: nothing above low.
func TestRealEvidence(t *testing.T) {
	t.Parallel()
	dir := shared(t, "evidence")
	sets, err := indicator.LoadPath(shared(t, "indicators"))
	if err != nil {
		t.Fatal(err)
	}
	rules, err := rule.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	found, err := open.Find(t.Context(), dir, examine.WhatIsRead())
	if err != nil {
		t.Fatal(err)
	}
	matcher := indicator.NewMatcher(sets)
	var got []string
	for _, c := range found.Candidates {
		got = append(got, "## "+c.Kind()+" "+strings.TrimPrefix(filepath.ToSlash(filepath.Join(c.Path(), c.Root())), filepath.ToSlash(dir)))
		got = append(got, readReal(t, c, matcher, rules)...)
	}
	golden := filepath.Join("testdata", "real.golden")
	text := strings.Join(got, "\n") + "\n"
	if *update {
		if err := os.WriteFile(golden, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(text, "\n")); diff != "" {
		t.Errorf("what is read of real evidence has changed: look, and run with -update (-want +got):\n%s", diff)
	}
}

// readReal checks one evidence and describes what came out.
func readReal(t *testing.T, c evidence.Candidate, matcher *indicator.Matcher, rules *rule.Set) []string {
	t.Helper()
	src, err := c.Open(t.Context(), evidence.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	out := filepath.Join(t.TempDir(), "out")
	folder, err := pipeline.NewFolder(out)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	run, err := pipeline.Check(t.Context(), pipeline.Options{
		Source: src, Parsers: parsers.All(), Matcher: matcher, Rules: rules, Now: time.Now, Out: folder,
		Findings: func(line json.RawMessage) error {
			var f finding.Finding
			if err := json.Unmarshal(line, &f); err != nil {
				return err
			}
			if f.Severity > finding.Low && !isMade(c) && !isKnown(f.Rule, line) {
				t.Errorf("a clean phone raised %s: %s", f.Severity, line)
			}
			lines = append(lines, fmt.Sprintf("finding %s %s %s", f.Severity, f.Artifact, f.Rule))
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, cov := range run.Coverage {
		if cov.State == finding.Absent || cov.Artifact == "ios.filesystem" {
			continue // the times of files are those of the copy here
		}
		data, err := os.ReadFile(filepath.Join(out, pipeline.RecordsDir, cov.Artifact+".jsonl"))
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		lines = append(lines, fmt.Sprintf("%s %s: %d files, %d records, %d events, %d lost, %x",
			cov.Artifact, cov.State, len(cov.Files), cov.Records, cov.Events, cov.Lost, hashOf(data)))
	}
	slices.Sort(lines)
	return lines
}

// hashOf is enough of a hash to see a change by.
func hashOf(data []byte) []byte {
	sum := sha256.Sum256(data)
	return sum[:6]
}
