package cli

import (
	"archive/zip"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/evidence/open"
	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/parsers"
	"github.com/amparo-project/amparo/internal/pipeline"
	"github.com/amparo-project/amparo/internal/rule"
	"github.com/amparo-project/amparo/internal/testevidence"
)

// TestEveryTraceOnAnAndroidPhoneIsFoundAndNoDecoy is the promise of the demo for
// an acquisition of AndroidQF: as a folder, as an archive, and with a backup in
// it that needs a password.
func TestEveryTraceOnAnAndroidPhoneIsFoundAndNoDecoy(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, password string
		zipped         bool
	}{{"folder", "", false}, {"archive", "", true}, {"password", "contraseña", false}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "acquisition")
			truth, err := testevidence.WriteAndroidQF(dir, c.password)
			if err != nil {
				t.Fatal(err)
			}
			path := dir
			if c.zipped {
				path = dir + ".zip"
				zipFolder(t, dir, path)
			}
			for _, problem := range compareAndroid(truth, androidFindings(t, path, c.password)) {
				t.Error(problem)
			}
		})
	}
}

// TestARootedPhoneSaysSo: what a phone tells of an open system is found.
func TestARootedPhoneSaysSo(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "acquisition")
	truth, err := testevidence.WriteRootedAndroidQF(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range compareAndroid(truth, androidFindings(t, dir, "")) {
		t.Error(problem)
	}
}

// TestChatsOfAnAndroidPhone: what chat apps keep in clear is read, and what
// they do not is said to be encrypted, with what would open it.
func TestChatsOfAnAndroidPhone(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "files")
	truth, err := testevidence.WriteAndroidChats(dir)
	if err != nil {
		t.Fatal(err)
	}
	run, list := androidRun(t, dir, "")
	for _, problem := range compareAndroid(truth, list) {
		t.Error(problem)
	}
	for _, cov := range run.Coverage {
		switch cov.Artifact {
		case "android.telegram", "android.viber":
			if cov.State != finding.Read || cov.Records < 8 {
				t.Errorf("%s: %s, %d records", cov.Artifact, cov.State, cov.Records)
			}
		case "android.signal": // settings and attachments are read, store and backup are not
			if cov.State != finding.Partial || !strings.Contains(cov.Error, "encrypted") || cov.Records < 5 {
				t.Errorf("%s: %s, %d records, %s", cov.Artifact, cov.State, cov.Records, cov.Error)
			}
		}
	}
}

// compareAndroid says which trace was not found, and which finding nobody planted.
func compareAndroid(truth *testevidence.Truth, list []finding.Finding) []string {
	var problems []string
	explained := map[int]bool{}
	for j := range truth.Planted {
		want := &truth.Planted[j]
		got := "nothing"
		for k := range list {
			f := &list[k]
			if f.Artifact == want.Artifact && f.Where.Path == want.Path && says(f, want) {
				got = f.Severity.String()
				explained[k] = true
			}
		}
		if got != want.Severity {
			problems = append(problems, "planted "+want.Name+" in "+want.Path+": "+got+", want "+want.Severity)
		}
	}
	for k := range list {
		f := &list[k]
		record, _ := json.Marshal(f.Record)
		for j := range truth.Decoys {
			d := &truth.Decoys[j]
			// A rule may find the same record odd for another reason.
			if f.Kind == "indicator" && f.Artifact == d.Artifact && strings.Contains(string(record), `"`+d.Value+`"`) {
				problems = append(problems, "decoy "+d.Name+" raised "+f.Title)
			}
		}
		if f.Severity > finding.Low && !explained[k] && !planted(f, truth) {
			problems = append(problems, "nobody planted "+f.Title+" in "+f.Artifact+": "+string(record))
		}
	}
	return problems
}

func androidFindings(t *testing.T, path, password string) []finding.Finding {
	t.Helper()
	run, list := androidRun(t, path, password)
	for _, cov := range run.Coverage {
		if strings.HasPrefix(cov.Artifact, "android.") && cov.Lost > 0 {
			t.Errorf("%s: %d places lost: %s", cov.Artifact, cov.Lost, cov.Error)
		}
	}
	return list
}

func androidRun(t *testing.T, path, password string) (*finding.Run, []finding.Finding) {
	t.Helper()
	ioc := t.TempDir()
	if err := testevidence.WriteAndroidIndicators(ioc); err != nil {
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
	found, err := open.Find(t.Context(), path, examine.WhatIsRead())
	if err != nil {
		t.Fatal(err)
	}
	if len(found.Candidates) != 1 {
		t.Fatalf("%d pieces of evidence, want one", len(found.Candidates))
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

func zipFolder(t *testing.T, dir, name string) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	if err := z.AddFS(os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
