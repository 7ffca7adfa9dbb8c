package web

import (
	"context"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
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
		return countedDatabase(t, at, f), place, nil
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
		// The least of three: what is kept is kept, and an entry of the ledger now and
		// then reads more hashes.
		for i := range 3 {
			asked, page := b.asked(path)
			if i == 0 || asked < out[v.name] {
				out[v.name] = asked
			}
			if !v.api {
				f.scripts(path, page)
			}
		}
	}
	return out
}

// asked gets a page, and how many statements it took.
func (b *browser) asked(path string) (int64, string) {
	b.f.t.Helper()
	var n statements
	r := b.request(http.MethodGet, path, nil)
	for _, c := range b.c.Jar.Cookies(r.URL) {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	b.f.s.handler.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), statementsKey{}, &n)))
	if w.Code != http.StatusOK && w.Code != http.StatusSeeOther {
		b.f.t.Errorf("%s: %d", path, w.Code)
	}
	return n.n.Load(), w.Body.String()
}
