package workspacetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/workspace"
)

// testViews has several people look at once: each view is an entry of the
// ledger, by whom it was, and the ledger holds.
func testViews(t *testing.T, f *Fixture) {
	ctx := t.Context()
	ev := f.Store(f.Folder(map[string]string{"a": "1"}))
	luz, sol := f.member("luz"), f.member("sol")
	ok(t, f.ShareCase(ctx, f.Case.ID, "luz", workspace.RoleReader, ""))
	ok(t, f.ShareCase(ctx, f.Case.ID, "sol", workspace.RoleReader, ""))
	thing, err := luz.AllowsWith(ctx, workspace.ActSee, workspace.Thing{Evidence: ev.ID})
	ok(t, err)
	if thing.Case != f.Case.ID {
		t.Errorf("%+v", thing)
	}
	var v workspace.Views
	look := func(w *workspace.Workspace, session string) error {
		return v.Record(ctx, w, workspace.View{Thing: thing, Page: "/x", Session: session})
	}
	const each = 30
	var wg sync.WaitGroup
	for i := range each {
		for _, w := range []*workspace.Workspace{f.Workspace, luz, sol} {
			wg.Go(func() {
				if err := look(w, fmt.Sprint(i)); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	if r := f.Verify(); r.Acts["evidence.viewed"] != 3*each {
		t.Errorf("%v", r.Acts)
	}
	ok(t, look(luz, "0")) // again
	// Who was removed from the workspace writes nothing; who looks at the same
	// time does.
	ok(t, f.RemoveMember(ctx, sol.Member().ID))
	is(t, look(sol, "new"), workspace.ErrNotMember)
	ok(t, look(luz, "new"))
	is(t, v.Record(ctx, luz, workspace.View{Thing: workspace.Thing{Evidence: ev.ID}}), workspace.ErrInvalid)
	f.Clock.Add(time.Hour)
	ok(t, look(luz, "0"))
	if r := f.Verify(); r.Acts["evidence.viewed"] != 3*each+2 {
		t.Errorf("%v", r.Acts)
	}
}
