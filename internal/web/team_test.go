package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/seal"
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

// TestMemberComes goes the way of somebody who is invited, with authenticators
// of three kinds: none that opens the identity, one that does from the next
// sign-in on, one that does at once.
func TestMemberComes(t *testing.T) {
	t.Parallel()
	f, link := teamFixture(t)
	manager, _ := f.in(link)
	for name, kind := range map[string]struct{ prf, now bool }{"luz": {}, "sol": {prf: true}, "mar": {prf: true, now: true}} {
		link := manager.inviteTo(name)
		b, a := f.device()
		a.PRF, a.PRFAtOnce = kind.prf, kind.now
		if x := b.get(link); x.status != http.StatusOK || !strings.Contains(x.body, name) {
			t.Fatalf("%s: the page of the invitation: %d", name, x.status)
		}
		if x := b.post(link, "passphrase", "short", "repeat", "short"); x.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: a short passphrase: %d", name, x.status)
		}
		if x := b.post(link, "passphrase", goodPassphrase+name, "repeat", goodPassphrase+name); x.location != "/me" {
			t.Fatalf("%s: join: %d %s", name, x.status, x.body)
		}
		if x := f.browser().get(link); x.status != http.StatusNotFound {
			t.Errorf("%s: the link again: %d", name, x.status)
		}
		if x := b.register(a, "the phone"); x.status != http.StatusOK {
			t.Fatalf("%s: register: %d %s", name, x.status, x.body)
		}
		if x := b.post("/lock"); x.location != "/signin" {
			t.Errorf("%s: sign out leads to %q", name, x.location)
		}
		opens := kind.now
		for try := range 2 {
			x := b.signIn(a)
			if want := map[bool]string{true: "/cases", false: "/unlock"}[opens]; x.status != http.StatusOK || !strings.Contains(x.body, `"`+want+`"`) {
				t.Fatalf("%s: sign in %d: %d %s", name, try, x.status, x.body)
			}
			if !opens {
				if x := b.get("/cases"); x.location != "/unlock" {
					t.Errorf("%s: cases while locked: %d", name, x.status)
				}
				if x := b.post("/unlock", "passphrase", goodPassphrase+name); x.location != "/cases" {
					t.Fatalf("%s: unlock: %d %s", name, x.status, x.body)
				}
			}
			if x := b.get("/me"); x.status != http.StatusOK || !strings.Contains(x.body, "the phone") {
				t.Errorf("%s: the account: %d", name, x.status)
			}
			opens = kind.prf // from the second time on
			b.post("/lock")
		}
	}
	for _, secret := range []string{goodPassphrase, "planted"} {
		if strings.Contains(f.log.String(), secret) {
			t.Error("a secret is in the log")
		}
	}
}

// TestPasskeyFaults answers as nobody should get in by.
func TestPasskeyFaults(t *testing.T) {
	t.Parallel()
	f, link := teamFixture(t)
	b, a := f.in(link)
	b.post("/lock")
	a.Origin = "https://evil.example"
	if x := b.signIn(a); x.status != http.StatusForbidden {
		t.Errorf("another origin: %d %s", x.status, x.body)
	}
	a.Origin, a.RP = f.base, "evil.example"
	if x := b.signIn(a); x.status != http.StatusForbidden {
		t.Errorf("another relying party: %d", x.status)
	}
	a.RP, a.Unverified = "localhost", true
	if x := b.signIn(a); x.status != http.StatusForbidden {
		t.Errorf("without a finger or PIN: %d", x.status)
	}
	a.Unverified = false
	options := b.tell("/signin/passkey/begin", nil)
	a.Counter++
	credential, err := a.Get([]byte(options.body))
	if err != nil {
		t.Fatal(err)
	}
	if x := f.browser().tell("/signin/passkey/finish", credential); x.status != http.StatusForbidden {
		t.Errorf("an answer from another browser: %d", x.status)
	}
	if x := b.tell("/signin/passkey/finish", credential); x.status != http.StatusOK {
		t.Fatalf("the right answer: %d %s", x.status, x.body)
	}
	b.post("/lock")
	if x := b.tell("/signin/passkey/finish", credential); x.status != http.StatusForbidden {
		t.Errorf("the same answer again: %d", x.status)
	}
	f.later(longestWait)
	a.Counter = 1 // a copy of the passkey, which counted less
	if x := b.signIn(a); x.status != http.StatusForbidden {
		t.Errorf("a copied passkey: %d", x.status)
	}
	for range freeGuesses {
		f.browser().tell("/signin/passkey/finish", []byte("{}"))
	}
	a.Counter = 100
	if x := b.signIn(a); x.status != http.StatusTooManyRequests {
		t.Errorf("while others guess from this address: %d", x.status)
	}
	f.later(longestWait)
	if x := b.signIn(a); x.status != http.StatusOK {
		t.Errorf("after the wait: %d %s", x.status, x.body)
	}
}

// TestOneMembersPasskey keeps what one began from another.
func TestOneMembersPasskey(t *testing.T) {
	t.Parallel()
	f, link := teamFixture(t)
	manager, _ := f.in(link)
	b, a := f.device()
	b.post(manager.inviteTo("luz"), "passphrase", goodPassphrase, "repeat", goodPassphrase)
	options := manager.tell("/me/passkeys/begin", nil)
	credential, err := a.Create([]byte(options.body))
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(map[string]any{"name": "x", "credential": credential})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range manager.cookies() {
		if c.Name == f.s.ceremonyCookie() {
			b.setCookies([]*http.Cookie{c})
		}
	}
	if x := b.tell("/me/passkeys/finish", body); x.status != http.StatusForbidden {
		t.Errorf("what another member began: %d %s", x.status, x.body)
	}
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

func TestMySessions(t *testing.T) {
	t.Parallel()
	f, link := teamFixture(t)
	b, a := f.in(link)
	other := f.browser()
	if x := other.signIn(a); x.status != http.StatusOK {
		t.Fatal(x.status)
	}
	other.post("/unlock", "passphrase", goodPassphrase)
	ids := idOf(t, b.get("/me").body, "S")
	if x := b.post("/me/sessions/" + ids[len(ids)-1] + "/end"); x.location != "/me" {
		t.Errorf("end one: %d", x.status)
	}
	if x := other.get("/me"); x.location != "/signin" {
		t.Errorf("the session that was ended: %d", x.status)
	}
	// The passphrase: the old one is asked for, and ends the others.
	other.signIn(a)
	other.post("/unlock", "passphrase", goodPassphrase)
	if x := b.post("/me/passphrase", "old", "not this one at all", "passphrase", "a whole new set of words", "repeat", "a whole new set of words"); x.status != http.StatusForbidden {
		t.Errorf("without the old passphrase: %d", x.status)
	}
	if x := b.post("/me/passphrase", "old", goodPassphrase, "passphrase", "a whole new set of words", "repeat", "a whole new set of words"); x.location != "/me" {
		t.Fatalf("change: %d %s", x.status, x.body)
	}
	if x := other.get("/me"); x.location != "/signin" {
		t.Errorf("another session after the change: %d", x.status)
	}
	other.signIn(a)
	if x := other.post("/unlock", "passphrase", goodPassphrase); x.status != http.StatusForbidden {
		t.Errorf("the old passphrase: %d", x.status)
	}
	if x := other.post("/unlock", "passphrase", "a whole new set of words"); x.location != "/cases" {
		t.Errorf("the new passphrase: %d", x.status)
	}
	// Names, and the last way in.
	record := f.manager()
	keys, err := record.Passkeys(t.Context())
	if err != nil || len(keys) != 1 {
		t.Fatal(keys, err)
	}
	if x := b.post("/me/passkeys/"+keys[0].ID+"/name", "name", "the key on the ring"); x.location != "/me" || !strings.Contains(b.get("/me").body, "the key on the ring") {
		t.Errorf("rename: %d", x.status)
	}
	if x := b.post("/me/passkeys/" + keys[0].ID + "/remove"); x.status != http.StatusConflict {
		t.Errorf("the last passkey: %d", x.status)
	}
	if x := b.post("/me/sessions/end"); x.location != "/signin" {
		t.Errorf("end all: %d %s", x.status, x.location)
	}
	for _, b := range []*browser{b, other} {
		if x := b.get("/me"); x.location != "/signin" {
			t.Errorf("after all were ended: %d", x.status)
		}
	}
}

// TestLockedOut guesses the passphrase of a member from many places: they wait
// too, for the database counts.
func TestLockedOut(t *testing.T) {
	t.Parallel()
	f, link := teamFixture(t)
	_, a := f.in(link)
	b := f.browser()
	b.signIn(a)
	for range freeGuesses {
		if x := b.post("/unlock", "passphrase", "wrong words of nothing"); x.status != http.StatusForbidden {
			t.Fatalf("a guess: %d", x.status)
		}
	}
	again := teamAt(t, f.home) // a restart forgets nothing
	there := again.with(b.session())
	if x := there.post("/unlock", "passphrase", goodPassphrase); x.status != http.StatusTooManyRequests || x.header.Get("Retry-After") == "" {
		t.Errorf("at another process: %d", x.status)
	}
	again.later(workspace.FirstWait)
	if x := there.post("/unlock", "passphrase", goodPassphrase); x.location != "/cases" {
		t.Errorf("after the wait: %d %s", x.status, x.body)
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

// TestProvider signs in by way of a provider, and by answers that do not fit.
func TestProvider(t *testing.T) {
	t.Parallel()
	var now func() time.Time
	p, err := webtest.NewProvider(func() time.Time { return now() })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	f, link := teamFixture(t, func(o *Team) {
		o.OIDC = &OIDC{Issuer: p.URL, ClientID: p.ClientID, ClientSecret: p.Secret}
	})
	now = f.now
	b, _ := f.in(link)
	invitation := b.inviteTo("luz")
	// walk follows the browser to the provider and back.
	walk := func(b *browser, start string) (back string, x answer) {
		t.Helper()
		x = b.get(start)
		if !strings.HasPrefix(x.location, p.URL+"/authorize?") || x.status != http.StatusSeeOther {
			t.Fatalf("%s leads to %d %q %s", start, x.status, x.location, x.body)
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, x.location, nil)
		if err != nil {
			t.Fatal(err)
		}
		at := (&browser{f, &http.Client{CheckRedirect: b.c.CheckRedirect}}).do(r)
		back = strings.TrimPrefix(at.location, f.base)
		return back, b.get(back)
	}
	p.As("subject-1", nil)
	if _, x := walk(f.browser(), "/signin/oidc"); x.status != http.StatusForbidden || !strings.Contains(x.body, "belongs to no member") {
		t.Errorf("a subject that nobody knows: %d", x.status)
	}
	if _, x := walk(b, "/me/oidc"); x.status != http.StatusOK || !strings.Contains(x.body, "/me/oidc/tie") {
		t.Fatalf("tie: %d %s", x.status, x.body)
	}
	if x := b.get("/me/oidc/tie"); x.location != "/me" {
		t.Fatalf("tied: %d %s", x.status, x.body)
	}
	if x := b.get("/me/oidc/tie"); x.status != http.StatusForbidden {
		t.Errorf("tied again: %d", x.status)
	}
	one := f.browser()
	back, x := walk(one, "/signin/oidc")
	if x.status != http.StatusOK {
		t.Fatalf("sign in: %d %s", x.status, x.body)
	}
	if x := one.get("/"); x.location != "/unlock" { // the provider opens no case
		t.Errorf("after the sign-in: %d %s", x.status, x.location)
	}
	if x := one.post("/unlock", "passphrase", goodPassphrase); x.location != "/cases" {
		t.Errorf("unlock: %d", x.status)
	}
	if x := one.get(back); x.status != http.StatusForbidden {
		t.Errorf("the same answer again: %d", x.status)
	}
	for name, fault := range map[string]func(map[string]any){
		"issuer":   func(c map[string]any) { c["iss"] = "https://evil.example" },
		"audience": func(c map[string]any) { c["aud"] = "another client" },
		"nonce":    func(c map[string]any) { c["nonce"] = "another" },
		"expired":  func(c map[string]any) { c["exp"] = f.now().Add(-10 * time.Minute).Unix() },
		"no nonce": func(c map[string]any) { delete(c, "nonce") },
		"an e-mail alone": func(c map[string]any) {
			c["sub"] = "subject-2"
			c["email"] = "ana@example.org"
			c["email_verified"] = false
		},
		"subject by email": func(c map[string]any) { c["sub"] = ""; c["email"] = "subject-1" },
	} {
		p.As("subject-1", fault)
		if _, x := walk(f.browser(), "/signin/oidc"); x.status != http.StatusForbidden {
			t.Errorf("%s: %d %s", name, x.status, x.body)
		}
		f.later(longestWait)
	}
	p.As("subject-1", nil)
	p.SignedByAnother()
	if _, x := walk(f.browser(), "/signin/oidc"); x.status != http.StatusForbidden {
		t.Errorf("signed by another key: %d", x.status)
	}
	f.later(longestWait)
	// A code that was used, a state of another, a browser that began nothing.
	p.As("subject-1", nil)
	two := f.browser()
	used := two.get("/signin/oidc")
	state, err := url.Parse(used.location)
	if err != nil {
		t.Fatal(err)
	}
	old, err := url.Parse(back)
	if err != nil {
		t.Fatal(err)
	}
	replay := url.Values{"code": {old.Query().Get("code")}, "state": {state.Query().Get("state")}}
	if x := two.get(oidcBack + "?" + replay.Encode()); x.status != http.StatusForbidden {
		t.Errorf("a code that was used: %d", x.status)
	}
	f.later(longestWait)
	three := f.browser()
	three.get("/signin/oidc")
	if x := three.get(oidcBack + "?code=x&state=another"); x.status != http.StatusForbidden {
		t.Errorf("another state: %d", x.status)
	}
	f.later(longestWait)
	if x := f.browser().get(back); x.status != http.StatusForbidden {
		t.Errorf("a browser that began nothing: %d", x.status)
	}
	// Tied to one member alone.
	f.later(longestWait)
	luz := f.browser()
	if x := luz.post(invitation, "passphrase", goodPassphrase, "repeat", goodPassphrase); x.location != "/me" {
		t.Fatalf("join: %d", x.status)
	}
	if _, x := walk(luz, "/me/oidc"); x.status != http.StatusOK {
		t.Fatalf("tie: %d", x.status)
	}
	if x := luz.get("/me/oidc/tie"); x.status != http.StatusUnprocessableEntity {
		t.Errorf("a subject that is tied to another: %d", x.status)
	}
	p.Close()
	down := teamAt(t, f.home, func(o *Team) { o.OIDC = &OIDC{Issuer: p.URL, ClientID: p.ClientID} })
	if x := down.browser().get("/signin/oidc"); x.status != http.StatusBadGateway {
		t.Errorf("a provider that is down: %d", x.status)
	}
	if strings.Contains(f.log.String(), p.Secret) {
		t.Error("the secret is in the log")
	}
}

// TestIdentityOfMember keeps the identity of who joins out of every place but
// the one under their passphrase.
func TestIdentityOfMember(t *testing.T) {
	t.Parallel()
	f, link := teamFixture(t)
	f.in(link)
	h, err := f.s.open(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	var locked []byte
	if err := h.db.Pool.QueryRowContext(t.Context(), "SELECT identity FROM member").Scan(&locked); err != nil {
		t.Fatal(err)
	}
	if _, err := seal.UnlockIdentity(locked, goodPassphrase); err != nil {
		t.Error(err)
	}
}
