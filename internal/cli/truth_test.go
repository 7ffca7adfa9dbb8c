package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/evidence/open"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/parsers"
	"github.com/amparo-project/amparo/internal/pipeline"
	"github.com/amparo-project/amparo/internal/rule"
	"github.com/amparo-project/amparo/internal/testevidence"
)

// findingsOf checks a backup against the demo's indicators.
func findingsOf(t *testing.T, dir, password string) (*finding.Run, []finding.Finding) {
	t.Helper()
	ioc := t.TempDir()
	if err := testevidence.WriteIndicators(ioc); err != nil {
		t.Fatal(err)
	}
	sets, err := indicator.LoadPath(ioc)
	if err != nil {
		t.Fatal(err)
	}
	rules, err := rule.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	found, err := open.Find(t.Context(), dir, open.Options{})
	if err != nil {
		t.Fatal(err)
	}
	src, err := found.Candidates[0].Open(t.Context(), evidence.OpenOptions{Password: func(context.Context) (string, error) { return password, nil }})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	var list []finding.Finding
	run, err := pipeline.Check(t.Context(), pipeline.Options{
		Source: src, Parsers: parsers.All(), Matcher: indicator.NewMatcher(sets), Rules: rules, Now: time.Now,
		Findings: func(line json.RawMessage) error {
			list = append(list, finding.Finding{})
			return json.Unmarshal(line, &list[len(list)-1])
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	noRuleFailed(t, run)
	return run, list
}

// at reports whether the finding lies where the trace does.
func at(f *finding.Finding, tr *testevidence.Trace) bool {
	if f.Artifact != tr.Artifact {
		return false
	}
	if tr.Deleted {
		return f.Where.Confidence > 0 && f.Where.Table == tr.Table
	}
	return tr.RowID == 0 || f.Where.Table != tr.Table || f.Where.RowID != nil && *f.Where.RowID == tr.RowID
}

// says reports whether the finding rests on what the trace is about.
func says(f *finding.Finding, tr *testevidence.Trace) bool {
	if tr.Rule != "" {
		return f.Rule == tr.Rule
	}
	return f.Indicator != nil && f.Indicator.Value == tr.Indicator
}

// TestEveryPlantedTraceIsFoundAndNoDecoy is the promise of the demo, on plain
// and encrypted backups, with and without write-ahead logs.
func TestEveryPlantedTraceIsFoundAndNoDecoy(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("much work in one goroutine: left to the run without the race detector")
	}
	for i, o := range []testevidence.Options{
		{Seed: 1, Messages: 500, Iterations: 10, Plant: true, Decoys: true, WAL: true, Encrypted: true, Password: "hunter2"},
		{Seed: 2, Messages: 500, Plant: true, Decoys: true},
		{Seed: 3, Messages: 500, Iterations: 10, Plant: true, Decoys: true, Encrypted: true, Password: "contraseña", PreIOS102: true, Version: "10.1", Build: "14B72"},
	} {
		dir := filepath.Join(t.TempDir(), fmt.Sprint(i))
		truth, err := testevidence.WriteIOSBackup(dir, o)
		if err != nil {
			t.Fatal(err)
		}
		_, list := findingsOf(t, dir, o.Password)
		for j := range truth.Planted {
			want := &truth.Planted[j]
			severity := ""
			for k := range list {
				if at(&list[k], want) && says(&list[k], want) {
					severity = list[k].Severity.String()
				}
			}
			if severity != want.Severity {
				t.Errorf("backup %d: planted %s (%s row %d): severity %q, want %q", i, want.Name, want.Artifact, want.RowID, severity, want.Severity)
			}
		}
		for k := range list {
			f := &list[k]
			for j := range truth.Decoys {
				d := &truth.Decoys[j]
				sameRow := f.Where.RowID != nil && *f.Where.RowID == d.RowID && f.Where.Table == d.Table && f.Artifact == d.Artifact
				if sameRow && f.Severity > finding.Low {
					t.Errorf("backup %d: decoy %s raised %s: %s", i, d.Name, f.Severity, f.Title)
				}
			}
			if f.Severity > finding.Low && !planted(f, truth) {
				t.Errorf("backup %d: nobody planted %s in %s row %v: %s", i, f.Title, f.Artifact, f.Where.RowID, f.Record)
			}
		}
	}
}

func planted(f *finding.Finding, truth *testevidence.Truth) bool {
	for j := range truth.Planted {
		tr := &truth.Planted[j]
		// A trace may show in several artifacts: a message's link is in its
		// attachment's message too.
		if says(f, tr) {
			return true
		}
	}
	return false
}

// TestNothingPlantedNothingFound: an ordinary phone raises nothing above low.
func TestNothingPlantedNothingFound(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "clean")
	if _, err := testevidence.WriteIOSBackup(dir, testevidence.Options{Seed: 9, Messages: 1000}); err != nil {
		t.Fatal(err)
	}
	run, list := findingsOf(t, dir, "")
	for i := range list {
		if list[i].Severity > finding.Low {
			t.Errorf("%s: %s", list[i].Severity, list[i].Record)
		}
	}
	read := 0
	for _, c := range run.Coverage {
		switch c.State {
		case finding.Read:
			read++
		case finding.Absent: // a backup has no room for most artifacts
		default:
			t.Errorf("%s is %s: %v", c.Artifact, c.State, c.Errors)
		}
	}
	if read < 14 {
		t.Errorf("%d artifacts were read", read)
	}
}
