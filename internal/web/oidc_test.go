package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/web/webtest"
)

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
