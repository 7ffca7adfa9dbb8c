package cli

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/testevidence"
)

// TestEverySectionOfABugreportTells is recall: an app that is installed, one
// that was removed, a host and a file of published spyware are found in every
// section that can hold them, and no near miss is. With -v it prints how many
// findings each artifact has.
func TestEverySectionOfABugreportTells(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "bugreport.zip")
	truth, err := testevidence.WriteBugReport(name, testevidence.BugReport{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	list := androidFindings(t, name, "")
	for _, problem := range compareAndroid(truth, list) {
		t.Error(problem)
	}
	for j := range truth.Planted {
		want := &truth.Planted[j]
		found := slices.ContainsFunc(list, func(f finding.Finding) bool {
			return f.Artifact == want.Artifact && f.Where.Path == want.Path && (want.Table == "" || f.Where.Table == want.Table) && says(&f, want)
		})
		if !found {
			t.Errorf("%s: nothing in %s", want.Name, want.Table)
		}
	}
	hits := map[string]int{}
	for i := range list {
		if list[i].Kind == "indicator" {
			hits[list[i].Artifact]++
		}
	}
	t.Log(len(truth.Planted), "planted;", hits)
}

// TestNamesInALooseDumpsys: an app that a section without a reader of its own
// names is found, whether the output of dumpsys comes by itself or with an
// acquisition.
func TestNamesInALooseDumpsys(t *testing.T) {
	t.Parallel()
	dumpsys := strings.Repeat("-", 79) + "\nDUMP OF SERVICE jobscheduler:\n  JOB #u0a301/12: 6095a32 com.fintur.support/.Upload\n" +
		strings.Repeat("-", 79) + "\nDUMP OF SERVICE maker_of_phones:\n  com.fintur.support\n"
	for name, others := range map[string]map[string]string{
		"dumpsys_all.txt": nil,
		"dumpsys.txt":     {"acquisition.json": `{"uuid": "6c3cf1ea-0000-4000-8000-000000000001", "started": "2025-09-10T10:00:00Z"}`, "getprop.txt": "[ro.build.version.sdk]: [34]\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			files := map[string]string{name: dumpsys}
			maps.Copy(files, others)
			for file, data := range files {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(data), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			path := dir
			if others == nil {
				path = filepath.Join(dir, name)
			}
			found := map[string]bool{}
			for _, f := range androidFindings(t, path, "") {
				if f.Artifact == "android.named" && f.Kind == "indicator" {
					found[f.Where.Table] = true
				}
			}
			if !found["dumpsys/jobscheduler"] || !found["dumpsys/maker_of_phones"] {
				t.Errorf("found in %v", found)
			}
		})
	}
}
