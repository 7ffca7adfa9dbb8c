package workspacetest

import (
	"testing"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/workspace"
)

func testDecide(t *testing.T, f *Fixture) {
	ctx := t.Context()
	run := f.Check(f.Store(f.Folder(map[string]string{"a": "1"})), 4)
	ok(t, f.Decide(ctx, run.ID, "F-000002", workspace.Confirmed, "seen by hand"))
	ok(t, f.Decide(ctx, "", "F-000001", workspace.Dismissed, ""))
	ok(t, f.Decide(ctx, "", "F-000002", "", "and noted again"))
	is(t, f.Decide(ctx, "", "F-999999", workspace.Confirmed, ""), workspace.ErrNotFound)
	l, err := f.Findings(ctx, workspace.FindingFilter{State: workspace.Confirmed}, workspace.Page{})
	ok(t, err)
	if len(l.Items) != 1 || l.Items[0].Note != "and noted again" || l.Items[0].DecidedBy != "analyst" {
		t.Errorf("%+v", l.Items)
	}
	l, err = f.Findings(ctx, workspace.FindingFilter{Run: run.ID, AtLeast: finding.High}, workspace.Page{})
	ok(t, err)
	if len(l.Items) != 2 {
		t.Errorf("%+v", l.Items)
	}
	if r := f.Verify(); r.Acts["finding.confirmed"] != 1 || r.Acts["finding.noted"] != 1 || r.Acts["finding.dismissed"] != 1 {
		t.Errorf("%+v", r)
	}
}

func testManyFindings(t *testing.T, f *Fixture) {
	if testing.Short() {
		t.Skip("100,000 findings take some seconds")
	}
	run := f.Check(f.Store(f.Folder(map[string]string{"a": "1"})), 100_000)
	n, page := 0, workspace.Page{Limit: workspace.MaxLimit}
	for {
		l, err := f.Findings(t.Context(), workspace.FindingFilter{Run: run.ID}, page)
		ok(t, err)
		n += len(l.Items)
		if page.After = l.Next; l.Next == "" {
			break
		}
	}
	if n != 100_000 {
		t.Errorf("%d findings", n)
	}
}
