package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/web/webtest"
	"github.com/amparo-project/amparo/internal/workspace"
)

// teamFixture is a server for a team, with a provider or without, on the workspace
// of a manager who has a way to it: the link that is returned.
func teamFixture(t *testing.T, with ...func(*Team)) (f *fixture, link string) {
	t.Helper()
	alone := newFixture(t)
	alone.member()
	manager := alone.manager()
	if err := manager.SetPassphrase(t.Context(), goodPassphrase); err != nil {
		t.Fatal(err)
	}
	_, secret, err := manager.InviteBack(t.Context(), manager.Member().ID)
	if err != nil {
		t.Fatal(err)
	}
	return teamAt(t, alone.home, with...), "/join/" + secret
}

func teamAt(t *testing.T, home string, with ...func(*Team)) *fixture {
	t.Helper()
	var base string
	f := fixtureAt(t, home, func(at string, o *Options) {
		base = strings.Replace(at, "127.0.0.1", "localhost", 1)
		u, err := ParseURL(base)
		if err != nil {
			t.Fatal(err)
		}
		o.Team = &Team{URL: u}
		o.IdentityFile = filepath.Join(home, "elsewhere.age")
		for _, set := range with {
			set(o.Team)
		}
	})
	f.base = base
	return f
}

// device is a browser with an authenticator.
func (f *fixture) device() (*browser, *webtest.Authenticator) {
	return f.browser(), &webtest.Authenticator{Origin: f.base, RP: "localhost", Counter: 1}
}

// session is the cookie of the session.
func (b *browser) session() string {
	for _, c := range b.cookies() {
		if c.Name == b.f.s.cookieName() {
			return c.Value
		}
	}
	return ""
}

// tell posts JSON, as a script does.
func (b *browser) tell(path string, body []byte) answer {
	b.f.t.Helper()
	r := b.request(http.MethodPost, path, strings.NewReader(string(body)))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.do(r)
}

func (b *browser) register(a *webtest.Authenticator, name string) answer {
	b.f.t.Helper()
	options := b.tell("/me/passkeys/begin", nil)
	if options.status != http.StatusOK {
		return options
	}
	credential, err := a.Create([]byte(options.body))
	if err != nil {
		b.f.t.Fatal(err)
	}
	body, err := json.Marshal(map[string]any{"name": name, "credential": credential})
	if err != nil {
		b.f.t.Fatal(err)
	}
	return b.tell("/me/passkeys/finish", body)
}

func (b *browser) signIn(a *webtest.Authenticator) answer {
	b.f.t.Helper()
	options := b.tell("/signin/passkey/begin", nil)
	if options.status != http.StatusOK {
		return options
	}
	a.Counter++
	credential, err := a.Get([]byte(options.body))
	if err != nil {
		b.f.t.Fatal(err)
	}
	return b.tell("/signin/passkey/finish", credential)
}

// in brings the manager in by the link, and gives them a passkey.
func (f *fixture) in(link string) (*browser, *webtest.Authenticator) {
	f.t.Helper()
	b, a := f.device()
	if x := b.post(link); x.location != "/unlock" {
		f.t.Fatalf("the link: %d %s", x.status, x.location)
	}
	if x := b.post("/unlock", "passphrase", goodPassphrase); x.location != "/cases" {
		f.t.Fatalf("unlock: %d %s", x.status, x.body)
	}
	if x := b.register(a, "laptop"); x.status != http.StatusOK {
		f.t.Fatalf("register: %d %s", x.status, x.body)
	}
	return b, a
}

var linkPattern = regexp.MustCompile(`/join/[\w-]{43}`)

// inviteTo makes an invitation on its page and returns its link.
func (b *browser) inviteTo(name string, more ...string) string {
	b.f.t.Helper()
	a := b.post("/members/invite", append([]string{"name", name}, more...)...)
	link := linkPattern.FindString(a.body)
	if link == "" {
		b.f.t.Fatalf("no link is shown: %d %s", a.status, a.body)
	}
	return link
}

func TestTeamPages(t *testing.T) {
	t.Parallel()
	f, link := teamFixture(t)
	nobody := f.browser()
	if x := nobody.get("/cases"); x.location != "/signin" {
		t.Errorf("who is not in: %d %s", x.status, x.location)
	}
	if x := nobody.get("/signin"); x.status != http.StatusOK {
		t.Errorf("sign in: %d", x.status)
	}
	if x := nobody.get(strings.TrimPrefix(f.s.NewLink(), "http://"+f.s.o.Addr)); x.status != http.StatusNotFound {
		t.Errorf("a one-time link of the machine: %d", x.status)
	}
	if x := nobody.get("/signin/oidc"); x.status != http.StatusNotFound {
		t.Errorf("a provider that is not there: %d", x.status)
	}
	r := nobody.request(http.MethodGet, "/signin", nil)
	r.Host = f.s.o.Addr
	if x := nobody.do(r); x.status != http.StatusMisdirectedRequest {
		t.Errorf("by its number: %d", x.status)
	}
	// Wrong links wait.
	for range freeGuesses {
		if x := nobody.get("/join/guess"); x.status != http.StatusNotFound {
			t.Errorf("a wrong link: %d", x.status)
		}
	}
	if x := nobody.get(link); x.status != http.StatusTooManyRequests {
		t.Errorf("after too many wrong links: %d", x.status)
	}
	f.later(longestWait)
	manager, _ := f.in(link)
	caseID, _ := manager.newCase()
	invite := manager.inviteTo("luz", "case", caseID, "role", "reader")
	if page := manager.get("/members").body; strings.Contains(page, invite) || !strings.Contains(page, "luz") {
		t.Error("the link is shown twice, or the invitation is not listed")
	}
	if x := manager.post("/members/invite", "name", "ana"); x.status != http.StatusUnprocessableEntity {
		t.Errorf("a name that is taken: %d", x.status)
	}
	if x := manager.post("/members/invite", "name", "x", "case", caseID, "role", "person", "person", "nobody"); x.status != http.StatusUnprocessableEntity {
		t.Errorf("a person that is not there: %d %s", x.status, x.body)
	}
	gone := manager.inviteTo("mar")
	ids := idOf(t, manager.get("/members").body, "I")
	if x := manager.post("/members/invitations/" + ids[len(ids)-1] + "/withdraw"); x.location != "/members" {
		t.Errorf("withdraw: %d", x.status)
	}
	luz, hers := f.device()
	if x := luz.get(gone); x.status != http.StatusNotFound {
		t.Errorf("an invitation that was withdrawn: %d", x.status)
	}
	luz.post(invite, "passphrase", goodPassphrase, "repeat", goodPassphrase)
	if x := luz.get("/cases/" + caseID); x.status != http.StatusOK {
		t.Errorf("the case that was shared: %d", x.status)
	}
	luz.register(hers, "")
	for _, path := range []string{"/members/invite", "/members/" + idOf(t, manager.get("/members").body, "M")[0] + "/remove"} {
		if x := luz.post(path, "name", "sol"); x.status != http.StatusForbidden {
			t.Errorf("%s by who is no manager: %d", path, x.status)
		}
	}
	if x := luz.get("/members"); x.status != http.StatusForbidden {
		t.Errorf("the members, to who is no manager: %d", x.status)
	}
	var id string
	l, err := f.manager().MembersNamed(t.Context(), "luz", workspace.Page{})
	if err != nil || len(l.Items) != 1 {
		t.Fatal(err)
	}
	id = l.Items[0].ID
	if x := manager.get("/members/" + id + "/remove"); x.status != http.StatusOK || !strings.Contains(x.body, "luz") {
		t.Errorf("the page that asks: %d", x.status)
	}
	if x := manager.post("/members/" + id + "/remove"); x.location != "/members" {
		t.Fatalf("remove: %d %s", x.status, x.body)
	}
	if x := luz.get("/me"); x.location != "/signin" {
		t.Errorf("who was removed: %d", x.status)
	}
	if x := luz.signIn(hers); x.status != http.StatusForbidden {
		t.Errorf("the passkey of who was removed: %d", x.status)
	}
	if x := manager.post("/members/" + f.manager().Member().ID + "/remove"); x.status != http.StatusConflict {
		t.Errorf("the last manager: %d", x.status)
	}
}

func TestParseURL(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"https://amparo.example.org": "https://amparo.example.org", "https://Amparo.Example.org/": "https://amparo.example.org",
		"https://amparo.example.org:8443": "https://amparo.example.org:8443", "http://localhost:8642": "http://localhost:8642",
		"http://amparo.example.org": "", "https://192.0.2.1": "", "https://amparo.example.org/path": "", "https://u:p@amparo.example.org": "",
		"amparo.example.org": "", "": "", "https://": "", "https://a.example?x=1": "",
	} {
		u, err := ParseURL(text)
		if got := map[bool]string{true: "", false: "x"}[err != nil]; got == "" && want != "" || err == nil && u.String() != want {
			t.Errorf("%q: %v %v", text, u, err)
		}
	}
}

// TestSecure looks at what a browser gets over TLS.
func TestSecure(t *testing.T) {
	t.Parallel()
	f, link := teamFixture(t, func(o *Team) { o.URL = &url.URL{Scheme: "https", Host: "amparo.example.org"} })
	b := f.browser()
	r := b.request(http.MethodPost, link, nil)
	r.Host = "amparo.example.org"
	r.Header.Set("Origin", "https://amparo.example.org")
	x := b.do(r)
	cookie := x.header.Get("Set-Cookie")
	if x.location != "/unlock" || !strings.HasPrefix(cookie, "__Host-amparo_session=") || !strings.Contains(cookie, "; Secure") ||
		!strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Strict") || strings.Contains(cookie, "Domain") {
		t.Errorf("%d %s", x.status, cookie)
	}
	if x.header.Get("Strict-Transport-Security") == "" {
		t.Error("no HSTS")
	}
	for host, want := range map[string]int{"amparo.example.org:443": http.StatusOK, "evil.example": http.StatusMisdirectedRequest, "amparo.example.org:1": http.StatusMisdirectedRequest} {
		r := b.request(http.MethodGet, "/signin", nil)
		r.Host = host
		if x := b.do(r); x.status != want {
			t.Errorf("host %s: %d", host, x.status)
		}
	}
}

func TestNobodyCanSignIn(t *testing.T) {
	t.Parallel()
	alone := newFixture(t)
	alone.member()
	f := teamAt(t, alone.home)
	if err := f.s.Ready(t.Context()); err == nil {
		t.Error("a server without anybody who could sign in is ready")
	}
	if _, _, err := alone.manager().Invite(t.Context(), workspace.Invitation{Name: "luz"}); err != nil {
		t.Fatal(err)
	}
	if err := f.s.Ready(t.Context()); err != nil {
		t.Error(err)
	}
}
