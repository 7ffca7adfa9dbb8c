package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/workspace"
)

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
