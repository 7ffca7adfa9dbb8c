package web

import (
	"fmt"
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/workspace"
)

// TestListsReachBeyondAPage looks at lists of a workspace that has more than a
// page shows: what came last is first, and what is due is told of all.
func TestListsReachBeyondAPage(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it is of volume")
	}
	f := newFixture(t)
	b := f.member()
	caseID, _ := b.newCase()
	b.good("promise", b.multipart("/cases/"+caseID+"/account/promise", "authority", "PGR", "made", "2017-06-22", "words", "We will look into it.", "source", "A newspaper"))
	run := f.checked(b, f.backup(), "")
	for _, at := range []string{"/findings", "/runs/" + run} {
		b.has(at, "heron")
	}
	w := f.manager()
	var last workspace.Case
	for i := range workspace.DefaultLimit {
		var err error
		if last, err = w.CreateCase(t.Context(), fmt.Sprintf("case %d of many", i)); err != nil {
			t.Fatal(err)
		}
		if _, err := w.AddJob(t.Context(), workspace.Job{Case: last.ID, Kind: workspace.JobRecheck}, workspace.JobPrivate{}); err != nil {
			t.Fatal(err)
		}
	}
	page := b.has("/cases", last.Title)
	if all := page[strings.Index(page, `id="all"`):]; strings.Contains(all, caseID) || !strings.Contains(all, "/cases?after=") {
		t.Error("the first page of cases shows the oldest, or says not that there are more")
	}
	if got := section(page, "silence"); !strings.Contains(got, "PGR") || !strings.Contains(got, ">A case<") {
		t.Errorf("the silence of a case that is not on the page: %q", got)
	}
	b.has("/jobs", "case 99 of many", "case 1 of many", "/jobs?after=")
}
