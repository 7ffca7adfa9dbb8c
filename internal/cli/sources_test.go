package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/evidence/evidencetest"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/testevidence"
)

// seen is what a finding says, whatever carried the file to us.
func seen(list []finding.Finding) []string {
	var out []string
	for i := range list {
		f := &list[i]
		if slices.Contains([]string{"ios.manifest", "ios.filesystem", "ios.applications"}, f.Artifact) {
			continue // lists that only one of them has
		}
		if f.Rule == "triangulation_combination" {
			continue // of it a dump lacks the folders and their times
		}
		value, row := "", int64(0)
		if f.Indicator != nil {
			value = f.Indicator.Value
		}
		if f.Where.RowID != nil {
			row = *f.Where.RowID
		}
		out = append(out, fmt.Sprintf("%s %s %s%s %s row %d", f.Severity, f.Artifact, f.Rule, value, f.Where.Table, row))
	}
	slices.Sort(out)
	return out
}

// TestSameFindings: the same phone as a backup, as a dump of its file system,
// and as that dump in every kind of archive says the same.
func TestSameFindings(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	backup, dump := filepath.Join(dir, "backup"), filepath.Join(dir, "dump")
	if _, err := testevidence.WriteIOSBackup(backup, testevidence.Options{Seed: 4, Messages: 300, Plant: true, Decoys: true, WAL: true}); err != nil {
		t.Fatal(err)
	}
	if err := testevidence.WriteDump(dump, backup); err != nil {
		t.Fatal(err)
	}
	_, list := findingsOf(t, backup, "")
	want := seen(list)
	if len(want) < 20 {
		t.Fatalf("only %d findings: the test says little", len(want))
	}
	paths := []string{dump}
	for name, pack := range evidencetest.Packers {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, pack(t, os.DirFS(dump)), 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	for _, path := range paths {
		run, list := findingsOf(t, path, "")
		if diff := cmp.Diff(want, seen(list)); diff != "" {
			t.Errorf("%s (-backup +dump):\n%s", filepath.Base(path), diff)
		}
		if run.Evidence.Kind != "ios-filesystem" || run.Evidence.Device.Version != "18.6.2" {
			t.Errorf("%s: %+v", path, run.Evidence)
		}
	}
}
