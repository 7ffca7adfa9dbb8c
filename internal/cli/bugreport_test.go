package cli

import (
	"path/filepath"
	"slices"
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
