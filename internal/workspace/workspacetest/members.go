package workspacetest

import (
	"bytes"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/workspace"
)

func testInvitations(t *testing.T, f *Fixture) {
	ctx := t.Context()
	d := f.door()
	before, err := d.Ways(ctx)
	ok(t, err)
	inv, secret, err := f.Invite(ctx, workspace.Invitation{Name: "luz", Case: f.Case.ID, Role: workspace.RoleAnalyst})
	ok(t, err)
	if n, err := d.Ways(ctx); before != 0 || n != 1 || err != nil {
		t.Errorf("%d, then %d ways in: %v", before, n, err)
	}
	got, err := d.Invitation(ctx, secret)
	ok(t, err)
	if diff := cmp.Diff(inv, got); diff != "" {
		t.Error(diff)
	}
	_, err = d.Invitation(ctx, workspace.NewSecret())
	is(t, err, workspace.ErrNotFound)
	_, _, err = d.Join(ctx, secret, "short")
	is(t, err, workspace.ErrInvalid)
	id, m, err := d.Join(ctx, secret, phrase)
	ok(t, err)
	_, _, err = d.Join(ctx, secret, phrase)
	is(t, err, workspace.ErrNotFound) // once
	luz := f.as(id)
	c, err := luz.Case(ctx, f.Case.ID)
	ok(t, err)
	if c.Title != f.Case.Title || m.Name != "luz" || m.Manager {
		t.Errorf("%+v %+v", c, m)
	}
	_, _, err = luz.Checkpoint(ctx) // they have the key of the ledger
	ok(t, err)
	if got, err := d.Unlock(ctx, m.ID, phrase); err != nil || got.Recipient() != id.Recipient() {
		t.Error("what they chose does not open their identity", err)
	}
	// Who is no manager.
	_, _, err = luz.Invite(ctx, workspace.Invitation{Name: "sol"})
	is(t, err, workspace.ErrNotAllowed)
	_, err = luz.Invitations(ctx, workspace.Page{})
	is(t, err, workspace.ErrNotAllowed)
	is(t, luz.WithdrawInvitation(ctx, inv.Handle), workspace.ErrNotAllowed)
	is(t, luz.RemoveMember(ctx, f.Member().ID), workspace.ErrNotAllowed)
	_, err = luz.AddMember(ctx, "sol", f.Identity.Recipient())
	is(t, err, workspace.ErrNotAllowed)
	_, _, err = luz.InviteBack(ctx, f.Member().ID)
	is(t, err, workspace.ErrNotAllowed)
	// Names, withdrawal, age.
	_, _, err = f.Invite(ctx, workspace.Invitation{Name: "luz"})
	is(t, err, workspace.ErrExists)
	_, _, err = f.Invite(ctx, workspace.Invitation{Name: "sol", Case: "C-000000000000", Role: workspace.RoleReader})
	is(t, err, workspace.ErrNotFound)
	inv, secret, err = f.Invite(ctx, workspace.Invitation{Name: "sol"})
	ok(t, err)
	ok(t, f.WithdrawInvitation(ctx, inv.Handle))
	is(t, f.WithdrawInvitation(ctx, inv.Handle), workspace.ErrNotFound)
	_, _, err = d.Join(ctx, secret, phrase)
	is(t, err, workspace.ErrNotFound)
	_, secret, err = f.Invite(ctx, workspace.Invitation{Name: "sol"})
	ok(t, err)
	f.Clock.Add(workspace.InvitationLife)
	_, err = d.Invitation(ctx, secret)
	is(t, err, workspace.ErrNotFound)
	_, _, err = d.Join(ctx, secret, phrase)
	is(t, err, workspace.ErrNotFound)
	// Back in, once; the one before is void.
	_, old, err := f.InviteBack(ctx, m.ID)
	ok(t, err)
	_, secret, err = luz.InviteBack(ctx, m.ID)
	ok(t, err)
	_, err = d.Return(ctx, old)
	is(t, err, workspace.ErrNotFound)
	_, _, err = d.Join(ctx, secret, phrase)
	is(t, err, workspace.ErrNotFound) // it makes nobody
	back, err := d.Return(ctx, secret)
	ok(t, err)
	_, err = d.Return(ctx, secret)
	is(t, err, workspace.ErrNotFound)
	if back.ID != m.ID {
		t.Errorf("%+v", back)
	}
	f.noNames("luz", "sol")
}

// noNames looks for what must not be in the ledger in clear, or in the
// openings that are told to who gets one.
func (f *Fixture) noNames(names ...string) {
	f.T.Helper()
	rows, err := f.DB.Pool.QueryContext(f.T.Context(), "SELECT data, detail FROM ledger_entry")
	ok(f.T, err)
	defer rows.Close()
	for rows.Next() {
		var data, detail []byte
		ok(f.T, rows.Scan(&data, &detail))
		for _, name := range names {
			if bytes.Contains(data, []byte(`"`+name+`"`)) || bytes.Contains(detail, []byte(`"`+name+`"`)) {
				f.T.Errorf("the ledger names %s: %s", name, detail)
			}
		}
	}
	ok(f.T, rows.Err())
}

// testRaceToJoin lets several use one invitation at once.
func testRaceToJoin(t *testing.T, f *Fixture) {
	_, secret, err := f.Invite(t.Context(), workspace.Invitation{Name: "luz"})
	ok(t, err)
	var wg sync.WaitGroup
	var came atomic.Int64
	for range 4 {
		wg.Go(func() {
			if _, _, err := f.door().Join(t.Context(), secret, phrase); err == nil {
				came.Add(1)
			}
		})
	}
	wg.Wait()
	if came.Load() != 1 {
		t.Errorf("%d came by one invitation", came.Load())
	}
	f.Verify()
}

func testRemove(t *testing.T, f *Fixture) {
	ctx := t.Context()
	d := f.door()
	me := f.Member().ID
	is(t, f.RemoveMember(ctx, me), workspace.ErrLastManager)
	is(t, f.RemoveMember(ctx, "M-000000000000"), workspace.ErrNotMember)
	id, m := f.join(workspace.Invitation{Name: "luz", Case: f.Case.ID, Role: workspace.RoleAnalyst, Manager: true})
	luz := f.as(id)
	own, err := luz.CreateCase(ctx, "hers")
	ok(t, err)
	err = f.RemoveMember(ctx, m.ID)
	is(t, err, workspace.ErrOnlyKey)
	if !strings.Contains(err.Error(), own.ID) {
		t.Errorf("it does not say which: %v", err)
	}
	ok(t, luz.ShareCase(ctx, own.ID, f.Member().Name, workspace.RoleOwner, ""))
	ok(t, luz.AddPasskey(ctx, workspace.Passkey{ID: "key", Name: "laptop", Record: "{}"}))
	ok(t, luz.AddSubject(ctx, "https://issuer.example", "luz"))
	ok(t, d.AddSession(ctx, "hers", workspace.Session{Member: m.ID}, ""))
	_, err = luz.AddToken(ctx, "hers", workspace.Token{Name: "a", Scopes: []string{"read"}, Sealed: []byte("a")}, time.Hour)
	ok(t, err)
	_, secret, err := luz.Invite(ctx, workspace.Invitation{Name: "sol"})
	ok(t, err)
	var wrapped []byte
	ok(t, f.DB.Pool.QueryRowContext(ctx, "SELECT wrapped FROM case_member WHERE member_id = $1", m.ID).Scan(&wrapped))
	ok(t, f.RemoveMember(ctx, m.ID))
	_, err = workspace.Open(ctx, f.DB, workspace.Options{Identity: id, Now: f.Clock.Now})
	is(t, err, workspace.ErrNotMember)
	_, err = luz.People(ctx, f.Case.ID, workspace.Page{}) // what is still open in another process
	is(t, err, workspace.ErrNoAccess)
	_, err = luz.CreateCase(ctx, "after all")
	is(t, err, workspace.ErrNotMember)
	_, err = d.Session(ctx, "hers")
	is(t, err, workspace.ErrNotFound)
	_, err = d.Token(ctx, "hers")
	is(t, err, workspace.ErrNotFound)
	_, err = d.Passkey(ctx, "key")
	is(t, err, workspace.ErrNotFound)
	_, err = d.BySubject(ctx, "https://issuer.example", "luz")
	is(t, err, workspace.ErrNotFound)
	_, err = d.Invitation(ctx, secret)
	is(t, err, workspace.ErrNotFound)
	is(t, d.AddSession(ctx, "again", workspace.Session{Member: m.ID}, ""), workspace.ErrNotMember)
	_, err = d.Unlock(ctx, m.ID, phrase)
	is(t, err, workspace.ErrNotFound)
	if err := f.ShareCase(ctx, f.Case.ID, "luz", workspace.RoleOwner, ""); err == nil {
		t.Error("a case was shared with who was removed")
	}
	var left int
	ok(t, f.DB.Pool.QueryRowContext(ctx, "SELECT COUNT(*) FROM case_member WHERE member_id = $1", m.ID).Scan(&left))
	l, err := f.Members(ctx, workspace.Page{})
	ok(t, err)
	if left != 0 || len(l.Items) != 2 || l.Items[1].Removed == "" || l.Items[1].Manager {
		t.Errorf("%d keys, %+v", left, l.Items)
	}
	if r := f.Verify(); r.Acts["member.removed"] != 1 || r.Acts["member.joined"] != 1 {
		t.Errorf("%+v", r.Acts)
	}
}
