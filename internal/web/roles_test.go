package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/account/notice"
	"github.com/amparo-project/amparo/internal/account/outbox"
	"github.com/amparo-project/amparo/internal/workspace"
)

const strangerRole workspace.Role = "stranger"

// castFixture is a case with two people whose phones were checked, and a browser and a
// token of a member in each role.
type castFixture struct {
	*fixture
	browsers map[workspace.Role]*browser
	tokens   map[workspace.Role]string
	caseID   string
	values   [2]map[string]string // what paths name, of either person
}

func newCast(t *testing.T) *castFixture {
	t.Helper()
	if testing.Short() {
		t.Skip("some thousand requests, one after the other: nothing for the race detector")
	}
	f := &castFixture{fixture: newFixture(t), browsers: map[workspace.Role]*browser{}, tokens: map[workspace.Role]string{}}
	owner := f.member()
	f.browsers[workspace.RoleOwner] = owner
	f.indicators(owner)
	var device string
	f.caseID, device = owner.newCase()
	sp := f.manager()
	// A shorter name is found in a hash now and then.
	if _, err := sp.AddPerson(t.Context(), workspace.Person{Case: f.caseID, Pseudonym: "sacred-ibis", Private: workspace.PersonPrivate{Name: "Second Name"}}); err != nil {
		t.Fatal(err)
	}
	second, err := sp.AddDevice(t.Context(), f.caseID, "sacred-ibis", "the phone of sacred-ibis")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sp.AddConsent(t.Context(), workspace.Consent{
		Case: f.caseID, Person: "sacred-ibis", Purposes: workspace.Purposes, Until: "2099-12-31", FormSHA256: strings.Repeat("a", 64), Private: workspace.ConsentTerms{GivenBy: "sacred-ibis"},
	}); err != nil {
		t.Fatal(err)
	}
	for i, d := range []string{device, second.ID} {
		f.values[i] = f.checked(owner, d)
	}
	for _, r := range append(slices.Clone(workspace.Roles), strangerRole) {
		if r != workspace.RoleOwner {
			name := "the " + string(r)
			f.browsers[r] = f.otherMember(name)
			person := ""
			if r == workspace.RolePerson {
				person = "heron"
			}
			if r != strangerRole {
				if err := sp.ShareCase(t.Context(), f.caseID, name, r, person); err != nil {
					t.Fatal(err)
				}
			}
		}
		f.tokens[r] = f.browsers[r].makeToken(Scopes...)
	}
	return f
}

// checked brings evidence of a phone, and returns what paths name of it.
func (f *castFixture) checked(owner *browser, device string) map[string]string {
	f.t.Helper()
	ctx := f.t.Context()
	j := f.job(owner, owner.post("/cases/"+f.caseID+"/evidence/path", "device", device, "path", f.backup()).location)
	if j.State != workspace.JobDone {
		f.t.Fatalf("%+v", j)
	}
	sp := f.manager()
	found, err := sp.Findings(ctx, workspace.FindingFilter{Run: j.Runs[0]}, workspace.Page{Limit: 1})
	if err != nil || len(found.Items) == 0 {
		f.t.Fatal(err, "no finding")
	}
	devices, err := sp.Devices(ctx, f.caseID, "", workspace.Page{})
	if err != nil {
		f.t.Fatal(err)
	}
	person := devices.Items[slices.IndexFunc(devices.Items, func(d workspace.Device) bool { return d.ID == device })].Person
	consents, err := sp.Consents(ctx, f.caseID, person, workspace.Page{})
	if err != nil {
		f.t.Fatal(err)
	}
	body, err := json.Marshal(outbox.Notice{
		Person: person, State: notice.Sent, Channel: notice.Mail, Lang: "en", Event: notice.Event{Kind: notice.FindingConfirmed, ID: "F-1", Day: "2026-01-02"},
		Text: notice.Text{Subject: "We would like to talk", Body: "Please ask for us."}, Date: "2026-01-03",
	})
	if err != nil {
		f.t.Fatal(err)
	}
	note, err := sp.PutEntry(ctx, workspace.Entry{Case: f.caseID, Kind: "notice", People: []string{person}, Body: body})
	if err != nil {
		f.t.Fatal(err)
	}
	acts, err := sp.Acts(ctx, j.Evidence, workspace.Page{Limit: 1})
	if err != nil {
		f.t.Fatal(err)
	}
	return map[string]string{
		"case": f.caseID, "device": device, "evidence": j.Evidence, "run": j.Runs[0], "job": j.ID, "finding": found.Items[0].ID,
		"consent": consents.Items[0].ID, "notice": note.ID, "ledger": fmt.Sprint(acts.Items[0].N), "format": "csv",
	}
}

var holes = regexp.MustCompile(`\{[^}]*\}`)

// pathOf fills a pattern in with what is one person's.
func (f *castFixture) pathOf(pattern string, person int) string {
	_, path, _ := strings.Cut(pattern, " ")
	return holes.ReplaceAllStringFunc(path, func(hole string) string {
		switch v := f.values[person]; {
		case hole == "{$}":
			return ""
		case hole == "{form}":
			return "promise"
		case hole == "{entry}" && strings.Contains(pattern, entryPath):
			return v["notice"]
		case hole == "{entry}":
			return v["ledger"]
		case v[hole[1:len(hole)-1]] != "":
			return v[hole[1:len(hole)-1]]
		}
		return "X-000000000000"
	})
}

// send asks a route as somebody.
func (b *browser) send(pattern, path string) answer {
	method, _, _ := strings.Cut(pattern, " ")
	if method == http.MethodGet {
		return b.get(path)
	}
	req := b.request(method, path, strings.NewReader(""))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(req)
}

// nobodies are browsers that nobody is in: one that never came, one that gave
// no passphrase yet, one whose session was ended.
func (f *fixture) nobodies() (nobody, locked, stale *browser) {
	nobody, locked, stale = f.browser(), f.browser(), f.browser()
	locked.enter()
	stale.enter()
	if a := stale.post("/unlock", "passphrase", goodPassphrase); a.status != http.StatusSeeOther {
		f.t.Fatalf("unlock gave %d", a.status)
	}
	old := stale.cookies()
	if a := stale.post("/lock"); a.status != http.StatusSeeOther {
		f.t.Fatalf("lock gave %d", a.status)
	}
	stale.setCookies(old)
	return nobody, locked, stale
}

// wanted is how an answer to a role begins: 0 for an answer, or what is
// refused with.
func wanted(n need, x workspace.Thing, r workspace.Role, theirs bool) int {
	thing := x != workspace.Thing{}
	switch {
	case n.managers && r != workspace.RoleOwner:
		return http.StatusForbidden
	case n.level < isMember, n.deed == "" && !n.team:
		return 0
	case n.team && r == workspace.RolePerson:
		return http.StatusForbidden
	case r == strangerRole && thing:
		return http.StatusNotFound
	case r == strangerRole, n.deed == "":
		return 0
	case r.MayAll(n.deed):
		return 0
	case !r.May(n.deed):
		return http.StatusForbidden
	case thing && !theirs && x.Evidence+x.Run+x.Job+x.Entry != "":
		return http.StatusNotFound
	case n.whole:
		return http.StatusForbidden
	}
	return 0
}

// ownDoors begin or end sessions.
var ownDoors = regexp.MustCompile(`^/(lock|enter/|signin|join/|me/sessions/end|me/oidc)`)

// TestEveryRouteAsEveryRole sends each route of the table, and each operation of
// the API, as nobody, locked, with a session that has ended, and as each role:
// nobody gets further than the table says.
func TestEveryRouteAsEveryRole(t *testing.T) {
	f := newCast(t)
	nobody, locked, stale := f.nobodies()
	roles := append(slices.Clone(workspace.Roles[1:]), strangerRole, workspace.RoleOwner) // who can change everything comes last
	for _, r := range routes {
		path := f.pathOf(r.pattern, 0)
		if ownDoors.MatchString(path) {
			continue // they end or begin sessions; tested by themselves
		}
		for name, b := range map[string]*browser{"nobody": nobody, "stale": stale} {
			if a := b.send(r.pattern, path); r.need.level > isAnybody && a.status != http.StatusUnauthorized {
				t.Errorf("%s as %s: %d", r.pattern, name, a.status)
			}
		}
		a := locked.send(r.pattern, path)
		refused := a.status == http.StatusForbidden || a.status == http.StatusSeeOther && a.location == "/unlock"
		if r.need.level == isMember && !refused {
			t.Errorf("%s while locked: %d to %q", r.pattern, a.status, a.location)
		}
	}
	for _, role := range roles {
		for person := range f.values {
			for _, r := range routes {
				path := f.pathOf(r.pattern, person)
				if r.need.level < isMember || ownDoors.MatchString(path) {
					continue
				}
				x := thingIn(r.pattern, func(string) string { return "x" })
				f.is(r.pattern, role, person, wanted(r.need, x, role, person == 0), f.browsers[role].send(r.pattern, path))
			}
		}
	}
	f.Verify(t)
}

// is holds an answer to what is wanted.
func (f *castFixture) is(what string, role workspace.Role, person, want int, a answer) {
	f.t.Helper()
	what = fmt.Sprintf("%s as %s with person %d", what, role, person)
	switch {
	case want != 0 && a.status != want:
		f.t.Errorf("%s: %d, want %d", what, a.status, want)
	case want == 0 && (a.status == http.StatusUnauthorized || a.status == http.StatusForbidden || a.status >= 500 && a.status != http.StatusNotImplemented):
		f.t.Errorf("%s: refused with %d", what, a.status)
	case want == 0 && a.status == http.StatusNotFound && strings.HasPrefix(what, "GET ") && !strings.Contains(what, "{"):
		f.t.Errorf("%s: not found", what)
	case role == workspace.RolePerson && strings.Contains(a.body, "sacred-ibis"):
		f.t.Errorf("%s: shows another person", what)
	}
}

// Verify holds the ledger to be whole, for all that was refused and done.
func (f *castFixture) Verify(t *testing.T) {
	t.Helper()
	if _, _, err := f.manager().Checkpoint(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestEveryOperationAsEveryRole is the same for the API.
func TestEveryOperationAsEveryRole(t *testing.T) {
	f := newCast(t)
	nobody, locked, stale := f.nobodies()
	_, a := f.s.newAPI()
	all := operationsOf(a)
	for name, op := range all {
		path := apiPrefix + f.pathOf(name, 0)
		if _, ok := operationNeeds[op.OperationID]; !ok {
			t.Errorf("operation %s is in no table: what does it ask of a role?", op.OperationID)
		}
		for who, b := range map[string]*browser{"nobody": nobody, "locked": locked, "stale": stale} {
			if got := b.send(name, path); got.status != http.StatusUnauthorized {
				t.Errorf("%s as %s: %d", name, who, got.status)
			}
		}
	}
	for id := range operationNeeds {
		known := false
		for _, op := range all {
			known = known || op.OperationID == id
		}
		if !known {
			t.Errorf("the table has an operation %s that is none", id)
		}
	}
	for _, role := range append(slices.Clone(workspace.Roles[1:]), strangerRole, workspace.RoleOwner) {
		for person := range f.values {
			for name, op := range all {
				n := operationNeeds[op.OperationID]
				x := thingIn(op.Path, func(string) string { return "x" })
				method, _, _ := strings.Cut(name, " ")
				body := ""
				if op.RequestBody != nil {
					body = "{}"
				}
				f.is(name, role, person, wanted(n, x, role, person == 0), f.program(method, apiPrefix+f.pathOf(name, person), f.tokens[role], body))
			}
		}
	}
}

// TestRoutesNameDeeds holds each route that names something of a case, or lists
// what is of cases, to say for whom it is.
func TestRoutesNameDeeds(t *testing.T) {
	t.Parallel()
	ofOneself := regexp.MustCompile(`^(GET|POST) /(tokens|account$|sessions|passkeys|settings|me|ledger/(key|proof|checkpoint|consistency))`)
	for _, r := range routes {
		if r.need != member {
			continue
		}
		if thingIn(r.pattern, func(string) string { return "x" }) != (workspace.Thing{}) || !ofOneself.MatchString(r.pattern) {
			t.Errorf("%s asks for no deed, and not for the team: may whoever is a member do it?", r.pattern)
		}
	}
}
