package workspacetest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/workspace"
)

const phrase = "four words of nothing"

func (f *Fixture) door() *workspace.Door {
	f.T.Helper()
	d, err := workspace.NewDoor(f.T.Context(), f.DB, f.Clock.Now)
	ok(f.T, err)
	return d
}

// as opens the workspace for an identity.
func (f *Fixture) as(id seal.Identity) *workspace.Workspace {
	f.T.Helper()
	w, err := workspace.Open(f.T.Context(), f.DB, workspace.Options{Identity: id, Now: f.Clock.Now})
	ok(f.T, err)
	return w
}

// join invites somebody, who comes.
func (f *Fixture) join(inv workspace.Invitation) (seal.Identity, workspace.Member) {
	f.T.Helper()
	_, secret, err := f.Invite(f.T.Context(), inv)
	ok(f.T, err)
	id, m, err := f.door().Join(f.T.Context(), secret, phrase)
	ok(f.T, err)
	return id, m
}

func testSessions(t *testing.T, f *Fixture) {
	ctx := t.Context()
	d := f.door()
	me := f.Member().ID
	add := func(secret, replaces string) {
		t.Helper()
		ok(t, d.AddSession(ctx, workspace.SecretID(secret), workspace.Session{Member: me, How: "passkey", Browser: "Firefox", Opened: true, Sealed: []byte(secret)}, workspace.SecretID(replaces)))
	}
	there := func(secret string) bool {
		t.Helper()
		s, err := d.Session(ctx, workspace.SecretID(secret))
		if err != nil {
			is(t, err, workspace.ErrNotFound)
			return false
		}
		return s.Member == me && s.Opened && string(s.Sealed) == secret && s.How == "passkey"
	}
	add("one", "")
	add("two", "one")
	if there("one") || !there("two") || there("three") {
		t.Error("a session that was replaced goes on, or one that was begun does not")
	}
	is(t, d.AddSession(ctx, "x", workspace.Session{Member: "M-000000000000"}, ""), workspace.ErrNotMember)
	// Idle, and at all.
	f.Clock.Add(workspace.SessionIdle - time.Minute)
	if !there("two") {
		t.Error("ended while in use")
	}
	f.Clock.Add(workspace.SessionIdle - time.Minute)
	if !there("two") {
		t.Error("the use before does not count")
	}
	f.Clock.Add(workspace.SessionIdle + time.Second)
	if there("two") {
		t.Error("goes on after an hour without use")
	}
	add("long", "")
	for range 13 {
		f.Clock.Add(55 * time.Minute)
		there("long")
	}
	f.Clock.Add(5 * time.Minute)
	if there("long") {
		t.Error("goes on after its life")
	}
	// All of one's own, but not others'.
	_, other := f.join(workspace.Invitation{Name: "luz"})
	ok(t, d.AddSession(ctx, "luz", workspace.Session{Member: other.ID}, ""))
	for i := range 25 {
		add(fmt.Sprint("s", i), "")
	}
	list, err := f.Sessions(ctx)
	ok(t, err)
	if len(list) != 20 || there("s4") || !there("s5") {
		t.Errorf("%d sessions of one member", len(list))
	}
	is(t, f.EndMySession(ctx, list[0].Handle), nil)
	is(t, f.EndMySession(ctx, list[0].Handle), workspace.ErrNotFound)
	ok(t, f.EndMySessions(ctx, list[19].Handle))
	if list, err = f.Sessions(ctx); err != nil || len(list) != 1 || !there("s24") {
		t.Errorf("%+v %v", list, err)
	}
	if _, err := d.Session(ctx, "luz"); err != nil {
		t.Error("another's session ended with mine:", err)
	}
}

func testTokens(t *testing.T, f *Fixture) {
	ctx := t.Context()
	d := f.door()
	tok := workspace.Token{Name: "a script", Scopes: []string{"read", "hunt"}, Sealed: []byte("sealed")}
	made, err := f.AddToken(ctx, "hash", tok, time.Hour)
	ok(t, err)
	got, err := d.Token(ctx, "hash")
	ok(t, err)
	if diff := cmp.Diff(made, got); diff != "" {
		t.Error(diff)
	}
	_, err = d.Token(ctx, "other")
	is(t, err, workspace.ErrNotFound)
	for name, bad := range map[string]func() error{
		"no scope": func() error {
			_, err := f.AddToken(ctx, "a", workspace.Token{Name: "a", Sealed: []byte("a")}, time.Hour)
			return err
		},
		"too long": func() error { _, err := f.AddToken(ctx, "a", tok, workspace.MaxTokenLife+1); return err },
		"no name": func() error {
			_, err := f.AddToken(ctx, "a", workspace.Token{Scopes: tok.Scopes, Sealed: tok.Sealed}, time.Hour)
			return err
		},
	} {
		if err := bad(); !errors.Is(err, workspace.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// It may be limited to cases of the member, and to no others.
	limited := workspace.Token{Name: "of a case", Scopes: tok.Scopes, Sealed: tok.Sealed, Cases: []string{f.Case.ID}}
	of, err := f.AddToken(ctx, "limited", limited, time.Minute)
	ok(t, err)
	if got, err = d.Token(ctx, "limited"); err != nil || !slices.Equal(got.Cases, limited.Cases) {
		t.Errorf("%+v %v", got, err)
	}
	ok(t, f.RevokeToken(ctx, of.Handle))
	limited.Cases = []string{f.Case.ID, f.Case.ID}
	_, err = f.AddToken(ctx, "twice", limited, time.Minute)
	is(t, err, workspace.ErrInvalid)
	limited.Cases = []string{"C-none"}
	_, err = f.AddToken(ctx, "none", limited, time.Minute)
	is(t, err, workspace.ErrNotFound)
	// Another member can neither see nor end it.
	id, _ := f.join(workspace.Invitation{Name: "luz"})
	luz := f.as(id)
	limited.Cases = []string{f.Case.ID}
	_, err = luz.AddToken(ctx, "hers", limited, time.Minute)
	is(t, err, workspace.ErrNoAccess)
	list, err := luz.Tokens(ctx)
	ok(t, err)
	if len(list) != 0 {
		t.Errorf("%+v", list)
	}
	is(t, luz.RevokeToken(ctx, made.Handle), workspace.ErrNotFound)
	ok(t, f.RevokeToken(ctx, made.Handle))
	_, err = d.Token(ctx, "hash")
	is(t, err, workspace.ErrNotFound)
	_, err = f.AddToken(ctx, "hash", tok, time.Hour)
	ok(t, err)
	f.Clock.Add(time.Hour)
	_, err = d.Token(ctx, "hash")
	is(t, err, workspace.ErrNotFound)
	if list, err = f.Tokens(ctx); err != nil || len(list) != 0 {
		t.Errorf("%+v %v", list, err)
	}
	if r := f.Verify(); r.Acts["token.made"] != 3 || r.Acts["token.revoked"] != 2 {
		t.Errorf("%+v", r.Acts)
	}
}

// testUnlock guesses: the door stays shut, for the right passphrase too, and
// whichever process is asked.
func testUnlock(t *testing.T, f *Fixture) {
	ctx := t.Context()
	me := f.Member().ID
	_, err := f.door().Unlock(ctx, me, phrase)
	is(t, err, workspace.ErrNotFound) // it is in a file
	is(t, f.SetPassphrase(ctx, "short"), workspace.ErrInvalid)
	is(t, f.SetIdentity(ctx, []byte(f.Identity.Secret())), workspace.ErrInvalid)
	ok(t, f.SetPassphrase(ctx, phrase))
	id, err := f.door().Unlock(ctx, me, phrase)
	ok(t, err)
	if id.Recipient() != f.Identity.Recipient() {
		t.Error("another identity")
	}
	wait := workspace.FirstWait
	for range 2 {
		for {
			_, err := f.door().Unlock(ctx, me, "wrong words of nothing")
			var locked workspace.LockedError
			if errors.As(err, &locked) {
				if locked.Wait <= wait-10*time.Second || locked.Wait > wait {
					t.Errorf("waits %v, want %v", locked.Wait, wait)
				}
				break
			}
			is(t, err, seal.ErrWrongPassphrase)
		}
		var locked workspace.LockedError
		if _, err := f.door().Unlock(ctx, me, phrase); !errors.As(err, &locked) {
			t.Errorf("the right one while locked out: %v", err)
		}
		f.Clock.Add(wait)
		wait *= 2
	}
	f.Clock.Add(wait)
	_, err = f.door().Unlock(ctx, me, phrase)
	ok(t, err)
	// After the right one all guesses are free again; many at once count each.
	var wg sync.WaitGroup
	var tried atomic.Int64
	for range 9 {
		wg.Go(func() {
			if _, err := f.door().Unlock(ctx, me, "wrong words of nothing"); errors.Is(err, seal.ErrWrongPassphrase) {
				tried.Add(1)
			}
		})
	}
	wg.Wait()
	if tried.Load() != workspace.FreeGuesses {
		t.Errorf("%d of 9 guesses at once were tried", tried.Load())
	}
	if r := f.Verify(); r.Acts["member.locked_out"] != 3 {
		t.Errorf("%+v", r.Acts)
	}
}

func testWaysIn(t *testing.T, f *Fixture) {
	ctx := t.Context()
	d := f.door()
	ok(t, f.AddPasskey(ctx, workspace.Passkey{ID: "one", Name: "laptop", Record: "{}"}))
	is(t, f.AddPasskey(ctx, workspace.Passkey{ID: "one", Name: "laptop", Record: "{}"}), workspace.ErrExists)
	is(t, f.AddPasskey(ctx, workspace.Passkey{ID: "two", Name: "a\nb", Record: "{}"}), workspace.ErrInvalid)
	is(t, f.RemovePasskey(ctx, "one"), workspace.ErrLastWay)
	ok(t, f.AddSubject(ctx, "https://issuer.example", "ana"))
	ok(t, f.RemovePasskey(ctx, "one"))
	is(t, f.RemovePasskey(ctx, "one"), workspace.ErrNotFound)
	is(t, f.RemoveSubject(ctx, "https://issuer.example", "ana"), workspace.ErrLastWay)
	if n, err := d.Ways(ctx); n != 0 || err != nil {
		t.Errorf("%d ways in without an identity that is kept: %v", n, err)
	}
	ok(t, f.SetPassphrase(ctx, phrase))
	if n, err := d.Ways(ctx); n != 1 || err != nil {
		t.Errorf("%d ways in: %v", n, err)
	}
	id, _ := f.join(workspace.Invitation{Name: "luz"})
	luz := f.as(id)
	is(t, luz.AddSubject(ctx, "https://issuer.example", "ana"), workspace.ErrExists) // tied to one
	m, err := d.BySubject(ctx, "https://issuer.example", "ana")
	ok(t, err)
	_, err = d.BySubject(ctx, "https://other.example", "ana")
	is(t, err, workspace.ErrNotFound)
	if m.ID != f.Member().ID {
		t.Errorf("%+v", m)
	}
	ok(t, f.AddPasskey(ctx, workspace.Passkey{ID: "two", Name: "laptop", Record: "{}"}))
	ok(t, f.OpenByPasskey(ctx, "two", []byte("sealed")))
	is(t, luz.OpenByPasskey(ctx, "two", []byte("hers")), workspace.ErrNotFound)
	is(t, luz.NamePasskey(ctx, "two", "hers"), workspace.ErrNotFound)
	ok(t, f.NamePasskey(ctx, "two", "the key on my ring"))
	ok(t, d.PasskeyUsed(ctx, "two", `{"n":1}`))
	got, err := d.Passkey(ctx, "two")
	ok(t, err)
	if got.Name != "the key on my ring" || got.Record != `{"n":1}` || string(got.Sealed) != "sealed" || !got.Opens || got.Used == "" {
		t.Errorf("%+v", got)
	}
	// Another identity: what opened the old one is gone, and it signs in no less.
	next, err := seal.NewIdentity()
	ok(t, err)
	ok(t, d.AddSession(ctx, "mine", workspace.Session{Member: f.Member().ID}, ""))
	ok(t, f.RotateKey(ctx, next))
	if got, err = d.Passkey(ctx, "two"); err != nil || got.Opens {
		t.Errorf("%+v %v", got, err)
	}
	_, err = d.Session(ctx, "mine")
	is(t, err, workspace.ErrNotFound)
	ok(t, d.SignedIn(ctx, f.Member().ID, "passkey"))
	fresh := &Fixture{Workspace: f.as(next), T: t, DB: f.DB, Clock: f.Clock}
	if r := fresh.Verify(); r.Acts["member.signed_in"] != 1 || r.Acts["member.passkey_added"] != 2 || r.Acts["member.subject_added"] != 1 {
		t.Errorf("%+v", r.Acts)
	}
}

func testCeremonies(t *testing.T, f *Fixture) {
	ctx := t.Context()
	d := f.door()
	ok(t, d.Begin(ctx, "a", "data", time.Minute))
	got, err := d.Finish(ctx, "a")
	ok(t, err)
	if got != "data" {
		t.Error(got)
	}
	_, err = d.Finish(ctx, "a") // once
	is(t, err, workspace.ErrNotFound)
	ok(t, d.Begin(ctx, "b", "data", time.Minute))
	f.Clock.Add(time.Minute)
	_, err = d.Finish(ctx, "b")
	is(t, err, workspace.ErrNotFound)
}

// testGuesses counts wrong guesses from a place whichever process took them.
func testGuesses(t *testing.T, f *Fixture) {
	ctx := t.Context()
	one, err := workspace.NewDoor(ctx, f.DB, f.Clock.Now)
	ok(t, err)
	two, err := workspace.NewDoor(ctx, f.DB, f.Clock.Now)
	ok(t, err)
	const from = "passphrase 192.0.2.7"
	for i := range workspace.FreeGuesses {
		wait, err := two.GuessWait(ctx, from)
		ok(t, err)
		if wait != 0 {
			t.Fatalf("guess %d waits %s", i, wait)
		}
		ok(t, one.GuessFailed(ctx, from))
	}
	wait, err := two.GuessWait(ctx, from)
	ok(t, err)
	if wait <= 0 || wait > workspace.FirstWait {
		t.Errorf("after %d guesses: %s", workspace.FreeGuesses, wait)
	}
	if wait, err = two.GuessWait(ctx, "passphrase 192.0.2.8"); err != nil || wait != 0 {
		t.Errorf("somebody else waits %s: %v", wait, err)
	}
	if bytes.Contains(f.dump("guess"), []byte("192.0.2")) {
		t.Error("the address lies in the database")
	}
	ok(t, two.GuessPassed(ctx, from))
	if wait, err = one.GuessWait(ctx, from); err != nil || wait != 0 {
		t.Errorf("after one that was right: %s, %v", wait, err)
	}
}
