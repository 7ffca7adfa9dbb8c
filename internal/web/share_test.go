package web

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/feed"
)

// TestShareIndicators: the page says how many sets the machine has, and what it
// changes; from then on the sets are the workspace's.
func TestShareIndicators(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.member()
	f.indicators(b)
	own, err := f.s.o.Machine()
	if err != nil {
		t.Fatal(err)
	}
	n := len(own.Entries())
	if n == 0 {
		t.Fatal("the machine has no sets: the test proves nothing")
	}
	b.has("/indicators", "does not keep its indicators yet", fmt.Sprint("the ", n, " set"))
	b.good("share", b.post("/indicators/share"))
	if page := b.has("/indicators", "keeps its indicators from now on"); strings.Contains(page, "does not keep its indicators yet") {
		t.Error("it is offered again")
	}
	st, err := f.manager().Indicators(t.Context(), nil)
	if err != nil || len(st.Entries()) != n {
		t.Fatalf("the workspace keeps %v, %v", st, err)
	}
	got := into[sharedAnswer](t, f.program(http.MethodPost, apiPrefix+"/indicators/share", b.makeToken("hunt"), "{}"))
	if got.Sets != 0 {
		t.Errorf("brought twice: %d", got.Sets)
	}
	// What is added from now on is the workspace's, and not the machine's.
	b.good("add", b.multipart("/indicators/add", "@more.csv", "type,value\ndomain,more.example\n"))
	if own, err = f.s.o.Machine(); err != nil || len(own.Entries()) != n {
		t.Errorf("the machine has %d sets, %v", len(own.Entries()), err)
	}
}

// TestShareGoesOn: what broke off is asked for again, and then is whole.
func TestShareGoesOn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.member()
	f.indicators(b)
	machine := f.s.o.Machine
	f.s.o.Machine = func() (*feed.Store, error) { return nil, context.Canceled }
	if a := b.post("/indicators/share"); a.status == http.StatusSeeOther {
		t.Fatal("shared what cannot be opened")
	}
	if _, err := (&examine.Space{Workspace: f.manager().Workspace, Vault: f.manager().Vault}).ShareIndicators(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	f.s.o.Machine = machine
	b.good("share again", b.post("/indicators/share"))
	st, err := f.manager().Indicators(t.Context(), nil)
	if err != nil || len(st.Entries()) == 0 {
		t.Fatalf("%v, %v", st, err)
	}
}
