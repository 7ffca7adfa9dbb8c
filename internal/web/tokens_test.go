package web

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/workspace"
)

// limitedToken makes a token of all scopes that is limited to cases.
func (b *browser) limitedToken(cases ...string) string {
	b.f.t.Helper()
	pairs := []string{"name", "of some cases", "days", "7", "reach", "some"}
	for _, s := range Scopes {
		pairs = append(pairs, "scope", s)
	}
	for _, c := range cases {
		pairs = append(pairs, "case", c)
	}
	return b.tokenBy(pairs...)
}

// TestTokenOfOneCase asks every operation of the API with a token of an owner
// that is limited to another of their cases: of this one it learns nothing.
func TestTokenOfOneCase(t *testing.T) {
	f := newCast(t)
	owner := f.browsers[workspace.RoleOwner]
	mine, _ := owner.newCase()
	elsewhere, here := owner.limitedToken(mine), owner.limitedToken(f.caseID)
	_, a := f.s.newAPI()
	for person := range f.values {
		marks := []string{"sacred-ibis", f.caseID}
		for name, v := range f.values[person] {
			if name != "ledger" && name != "format" {
				marks = append(marks, v)
			}
		}
		for name, op := range operationsOf(a) {
			n := operationNeeds[op.OperationID]
			method, _, _ := strings.Cut(name, " ")
			body := ""
			if op.RequestBody != nil {
				body = "{}"
			}
			want := wanted(n, thingIn(op.Path, func(string) string { return "x" }), strangerRole, false)
			if n.team || n.managers {
				want = http.StatusForbidden
			}
			got := f.program(method, apiPrefix+f.pathOf(name, person), elsewhere, body)
			f.is(name, "limited", person, want, got)
			// Its own words are repeated to who says them: ids of the path.
			if i := slices.IndexFunc(marks, func(m string) bool { return strings.Contains(got.body, m) }); i >= 0 && got.status < 400 {
				t.Errorf("%s with a token of another case shows %q: %.300s", name, marks[i], got.body)
			}
		}
	}
	// Of its own case it says what the member may see.
	for path, mark := range map[string]string{
		"/cases": f.caseID, "/cases/" + f.caseID: f.caseID, "/cases/" + f.caseID + "/people": "sacred-ibis", "/findings": f.values[0]["run"], "/runs": f.values[0]["run"],
		"/jobs": f.values[0]["job"], "/ledger": f.caseID, "/counts": f.caseID, "/workspace": `"cases":["` + f.caseID + `"]`,
	} {
		if got := f.program("GET", apiPrefix+path, here, ""); got.status != http.StatusOK || !strings.Contains(got.body, mark) || strings.Contains(got.body, mine) {
			t.Errorf("%s with a token of the case: %d %.300s", path, got.status, got.body)
		}
	}
}

// TestLimitedTokens makes them, and is refused.
func TestLimitedTokens(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.member()
	first, _ := b.newCase()
	second, _ := b.newCase()
	token := b.limitedToken(first)
	if page := b.get("/tokens").body; !strings.Contains(page, "only ") {
		t.Error("the page does not say what the token is limited to")
	}
	for name, pairs := range map[string][]string{
		"no case": {"reach", "some"}, "all, and one": {"reach", "all", "case", first}, "another's": {"reach", "some", "case", "C-000000000000"},
	} {
		if a := b.post("/tokens", append([]string{"name", "x", "days", "7", "scope", ScopeRead}, pairs...)...); a.status < 400 || strings.Contains(a.body, tokenPrefix) {
			t.Errorf("%s: %d", name, a.status)
		}
	}
	// What was answered to a token without limit is not answered again to one that has it.
	wide := b.makeToken(Scopes...)
	add := func(token string) answer {
		browser := &browser{f, http.DefaultClient}
		r := browser.request("POST", apiPrefix+"/cases/"+second+"/people", strings.NewReader(`{"pseudonym":"crane"}`))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set(idempotencyHeader, "the same key")
		return browser.do(r)
	}
	if a := add(wide); a.status != http.StatusOK {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if a := add(token); a.status < 400 || strings.Contains(a.body, "crane") {
		t.Errorf("the answer to another token: %d %s", a.status, a.body)
	}
	var p problem
	a := f.program("POST", apiPrefix+"/cases", token, `{"title":"new"}`)
	if err := json.Unmarshal([]byte(a.body), &p); err != nil || a.status != http.StatusForbidden || p.Code != "limited" {
		t.Errorf("a case is made: %d %s", a.status, a.body)
	}
}
