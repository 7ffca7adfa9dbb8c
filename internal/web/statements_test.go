package web

import (
	"context"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/amparo-project/amparo/internal/vault/stores"
	"github.com/amparo-project/amparo/internal/web/webtest"
	"github.com/amparo-project/amparo/internal/workspace"
)

// manyChecks are searches that look through check after check, until a moment is
// over, and what sets all that was observed against each other.
var manyChecks = regexp.MustCompile(`^(/cases/\{case\})?/search|/links`)

// TestStatementsDoNotGrow asks every page of a small workspace, and of one
// that has more of everything: none asks its database more often there. A
// statement for each case, device or finding would.
func TestStatementsDoNotGrow(t *testing.T) {
	if testing.Short() {
		t.Skip("volume")
	}
	few := statementsPerPage(t, webtest.Size{Cases: 1, Devices: 2, Findings: 3, Messages: 100})
	many := statementsPerPage(t, webtest.Size{Cases: 2, Devices: 3, Findings: 9, Messages: 100})
	for name, n := range many {
		if n > few[name] && !manyChecks.MatchString(name) {
			t.Errorf("%s: %d statements where there is little, %d where there is more", name, few[name], n)
		}
	}
}

func statementsPerPage(t *testing.T, size webtest.Size) map[string]int64 {
	t.Helper()
	f := newFixture(t)
	var n statements
	at := filepath.Join(f.home, "workspace")
	inner := f.s.o.Database
	f.s.o.Database = func(ctx context.Context, create bool) (*workspace.DB, stores.Place, error) {
		db, place, err := inner(ctx, create)
		if err != nil {
			return nil, place, err
		}
		if err := db.Close(); err != nil {
			return nil, place, err
		}
		return countedDatabase(t, at, f, &n), place, nil
	}
	b := f.member()
	w, err := webtest.Populate(t.Context(), f.manager(), size, t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]int64{}
	for _, v := range visits(t, f.s) {
		r := rand.New(rand.NewPCG(1, 1))
		path, ok := address(r, w, v.path)
		if !ok {
			t.Logf("not asked: %s", v.name)
			continue
		}
		// The least of three: what is kept is kept, and what goes on beside is left out.
		for i := range 3 {
			before := n.n.Load()
			if a := b.get(path); a.status != http.StatusOK && a.status != http.StatusSeeOther {
				t.Errorf("%s: %d", path, a.status)
			}
			if asked := n.n.Load() - before; i == 0 || asked < out[v.name] {
				out[v.name] = asked
			}
		}
	}
	return out
}
