package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/parsers"
	"github.com/amparo-project/amparo/internal/testevidence"
)

// everyRecord writes a rule that fires on every record of every artifact.
func everyRecord(t *testing.T) string {
	t.Helper()
	var artifacts, kinds []string
	seen := map[string]bool{}
	for _, p := range parsers.All() {
		info := p.Info()
		artifacts = append(artifacts, info.Name)
		for _, k := range info.Kinds {
			if name := string(k.Kind); !seen[name] {
				seen[name] = true
				kinds = append(kinds, name)
			}
		}
	}
	dir := t.TempDir()
	text := fmt.Sprintf(`id: every_record
severity: info
artifacts: [%s]
kinds: [%s]
when: 'true'
title: {en: "a record"}
meaning: {en: "a record"}
other_explanations: {en: "none"}
next_step: {en: "none"}
measured: {en: "none"}
sources: ["https://example.org/"]
examples: []
`, strings.Join(artifacts, ", "), strings.Join(kinds, ", "))
	if err := os.WriteFile(filepath.Join(dir, "every_record.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestEveryFindingIsExplained explains a record of each artifact and state of the synthetic and of all real evidence: each walk has its steps, and
// its bytes are those that the check saw.
func TestEveryFindingIsExplained(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it reads all evidence")
	}
	dir := t.TempDir()
	o := testevidence.Options{Seed: 4, Messages: 200, Plant: true, Decoys: true, WAL: true}
	if _, err := testevidence.WriteIOSBackup(filepath.Join(dir, "backup"), o); err != nil {
		t.Fatal(err)
	}
	if _, err := testevidence.WriteAndroidQF(filepath.Join(dir, "androidqf"), ""); err != nil {
		t.Fatal(err)
	}
	rules := everyRecord(t)
	explainAll(t, filepath.Join(dir, "backup"), rules, 20)
	explainAll(t, filepath.Join(dir, "androidqf"), rules, 10)
	for name, least := range map[string]int{
		"plaso": 11, "ios_backup_small": 8, "android": 10, "ileapp": 4, "hindsight": 1, "unified_logging": 1,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			explainAll(t, shared(t, "evidence", name), rules, least)
		})
	}
}

// explainAll checks the evidence and explains one record of each artifact and
// state: at least so many.
func explainAll(t *testing.T, evidence, rules string, least int) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	var errs bytes.Buffer
	if code := Main(t.Context(), []string{"check", evidence, "--rules", rules, "--out", out}, Streams{In: strings.NewReader(""), Out: io.Discard, Err: &errs}); code != exitOK {
		t.Fatalf("check %s: %d: %s", evidence, code, errs.String())
	}
	results, err := filepath.Glob(filepath.Join(out, "*", "findings.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if one := filepath.Join(out, "findings.jsonl"); len(results) == 0 {
		results = []string{one}
	}
	explained := map[string]bool{}
	for _, file := range results {
		for _, f := range findingsIn(t, file) {
			key := f.Artifact + " " + f.Where.State
			if explained[key] {
				continue
			}
			explained[key] = true
			explainOne(t, &f, filepath.Dir(file))
		}
	}
	if len(explained) < least {
		t.Errorf("%s: %d artifacts and states, want at least %d: %v", filepath.Base(evidence), len(explained), least, explained)
	}
}

func kindOf(f *finding.Finding) string {
	var rec struct{ Kind string }
	_ = json.Unmarshal(f.Record, &rec)
	return rec.Kind
}

func findingsIn(t *testing.T, file string) []finding.Finding {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var list []finding.Finding
	for dec := json.NewDecoder(bytes.NewReader(data)); dec.More(); {
		var f finding.Finding
		if err := dec.Decode(&f); err != nil {
			t.Fatal(err)
		}
		list = append(list, f)
	}
	return list
}

func explainOne(t *testing.T, f *finding.Finding, result string) {
	t.Helper()
	run, err := os.ReadFile(filepath.Join(result, "run.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r finding.Run
	if err := json.Unmarshal(run, &r); err != nil {
		t.Fatal(err)
	}
	args := []string{"explain", f.ID, "--run", result}
	if f.Where.Stored != "" {
		args = append(args, "--evidence", r.Evidence.Path) // what cannot be read is an error then
	}
	var text, errs bytes.Buffer
	what := fmt.Sprintf("%s %s %s %s", f.Artifact, kindOf(f), f.Where.Path, f.Where.State)
	if code := Main(t.Context(), args, Streams{In: strings.NewReader(""), Out: &text, Err: &errs}); code != exitOK {
		t.Errorf("%s: exit %d: %s", what, code, errs.String())
		return
	}
	for _, bad := range []string{"ATTENTION", "The bytes could not be read"} {
		if strings.Contains(text.String(), bad) {
			t.Errorf("%s: %s:\n%s", what, bad, text.String())
		}
	}
	if f.Where.Stored != "" && !strings.Contains(text.String(), "sha256sum ") {
		t.Errorf("%s: no way to its hash", what)
	}
	if f.Where.Page > 0 && !strings.Contains(text.String(), "\nThe columns") && f.Where.State != "carved" {
		t.Errorf("%s: its columns are not marked:\n%s", what, text.String())
	}
}
