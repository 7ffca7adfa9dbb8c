package web

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/workspace"
)

// looks counts the entries of the ledger that say that somebody looked.
func (f *fixture) looks() (n int) {
	f.t.Helper()
	for p := (workspace.Page{Limit: workspace.MaxLimit}); ; {
		l, err := f.manager().Acts(f.t.Context(), "", p)
		if err != nil {
			f.t.Fatal(err)
		}
		for _, a := range l.Items {
			if strings.Contains(a.Entry, ".viewed") {
				n++
			}
		}
		if p.After = l.Next; p.After == "" {
			return n
		}
	}
}

// TestEveryViewIsRecorded opens each page, and asks each operation, that shows
// something of a case: the first time it is in the ledger, the second time
// within the hour it is not written again, and in another session it is.
func TestEveryViewIsRecorded(t *testing.T) {
	f := newCast(t)
	seen := func(what string, want int, look func() answer) {
		t.Helper()
		before := f.looks()
		a := look()
		if got := f.looks() - before; got != want {
			t.Errorf("%s (%d): %d entries in the ledger, want %d", what, a.status, got, want)
		}
	}
	for _, r := range routes {
		method, _, _ := strings.Cut(r.pattern, " ")
		if method != http.MethodGet || r.need.deed == "" || r.need.deed == workspace.ActMembers {
			continue
		}
		first := f.browsers[workspace.RoleAnalyst]
		if !workspace.RoleAnalyst.May(r.need.deed) {
			first = f.browsers[workspace.RoleCounsel]
		}
		path := f.pathOf(r.pattern, 0)
		if strings.Contains(path, "X-000000000000") || strings.HasSuffix(path, "/yours") {
			continue
		}
		want := 1
		if strings.HasSuffix(r.pattern, "/devices/{device}/timeline") {
			want = 2 // of the case, and of the evidence that it is of
		}
		seen(r.pattern, want, func() answer { return first.get(path) })
		seen(r.pattern+" again", 0, func() answer { return first.get(path) })
		if r.need.deed == workspace.ActSee {
			seen(r.pattern+" in another session", want, func() answer { return f.browsers[workspace.RoleReader].get(path) })
		}
	}
	_, a := f.s.newAPI()
	for name, op := range operationsOf(a) {
		if !strings.HasPrefix(name, "GET ") || operationNeeds[op.OperationID].deed == "" {
			continue
		}
		path := apiPrefix + f.pathOf(name, 0)
		if strings.Contains(path, "X-000000000000") {
			continue
		}
		seen(name, 1, func() answer { return f.program("GET", path, f.tokens[workspace.RoleOwner], "") })
		seen(name+" again", 0, func() answer { return f.program("GET", path, f.tokens[workspace.RoleOwner], "") })
	}
	seen("the person's page", 2, func() answer { return f.browsers[workspace.RolePerson].get("/yours") })
	seen("in more than an hour", 1, func() answer {
		reader := f.browsers[workspace.RoleReader]
		f.later(45 * time.Minute)
		reader.get("/ledger/key")
		f.later(45 * time.Minute)
		return reader.get("/cases/" + f.caseID)
	})
}

// TestViewsAtOnce has many look at once: each is in the ledger before its page
// is answered.
func TestViewsAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.member()
	caseID, _ := b.newCase()
	sp := f.manager()
	const people = 40
	var wg sync.WaitGroup
	before := f.looks()
	for i := range people {
		wg.Go(func() {
			if err := f.s.views.Record(t.Context(), sp.Workspace, workspace.View{Thing: workspace.Thing{Case: caseID}, Page: "/x", Session: string(rune('a' + i))}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := f.looks() - before; got != people {
		t.Errorf("%d of %d views are in the ledger", got, people)
	}
	if err := f.s.views.Record(t.Context(), sp.Workspace, workspace.View{Thing: workspace.Thing{Evidence: "E-000000000000"}, Page: "/x"}); err == nil {
		t.Error("a view of what nobody asked for was recorded")
	}
}
