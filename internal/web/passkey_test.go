package web

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/seal"
)

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

// TestIdentityOfMember keeps the identity of who joins out of every place but
// the one under their passphrase.
func TestIdentityOfMember(t *testing.T) {
	t.Parallel()
	f, link := teamFixture(t)
	f.in(link)
	h, err := f.s.open(false)
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
