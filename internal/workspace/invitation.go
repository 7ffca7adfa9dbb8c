package workspace

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/amparo-project/amparo/internal/ledger"
	"github.com/amparo-project/amparo/internal/seal"
)

// InvitationLife is how long an invitation can be used.
const InvitationLife = 72 * time.Hour

// States of an invitation. One that is open may be too old.
const (
	InvitationOpen = "open"
	InvitationUsed = "used"
	InvitationVoid = "void"
)

// An Invitation lets one person in, once: somebody new, or a member who lost
// their way in. What the new member needs of the workspace's keys is sealed
// under its secret, so that nobody has to be there when they come.
type Invitation struct {
	Handle  string `json:"handle"` // I-…
	Name    string `json:"name"`
	Manager bool   `json:"manager"`
	Case    string `json:"case,omitempty"`   // that is shared with them when they come
	Role    Role   `json:"role,omitempty"`   // in that case
	Person  string `json:"person,omitempty"` // that RolePerson is for, by id or pseudonym
	Member  string `json:"member,omitempty"` // whom it is for, or who came
	By      string `json:"by"`
	State   string `json:"state"`
	Created string `json:"created"`
	Until   string `json:"until"`
}

// invited is what an invitation carries, sealed under its secret.
type invited struct {
	Signing string `json:"signing,omitempty"` // key of the ledger
	Case    string `json:"case,omitempty"`    // key of the case
}

// NewSecret returns a secret of 256 bits, as links and cookies carry it.
func NewSecret() string { return base64.RawURLEncoding.EncodeToString(seal.Secret()) }

// SecretID is the hash by which what has a secret is known.
func SecretID(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

const invitationPurpose = "invitation"

// Invite makes an invitation for somebody new, and returns its secret, which is
// nowhere kept. It is for managers; a case can be shared by its owners, in a
// role as ShareCase takes it. Errors wrap ErrNotAllowed, ErrExists where a
// member has the name, ErrInvalid.
func (w *Workspace) Invite(ctx context.Context, inv Invitation) (Invitation, string, error) {
	if err := validName("name of a member", inv.Name); err != nil {
		return inv, "", err
	}
	inv.Member = ""
	var carry invited
	var err error
	if carry.Signing, err = w.signingKey(ctx); err != nil {
		return inv, "", err
	}
	if inv.Case != "" {
		key, err := w.caseKey(ctx, w.db.Pool, inv.Case)
		if err != nil {
			return inv, "", err
		}
		carry.Case = key.Secret()
	}
	return w.invite(ctx, inv, carry, func(t *tx, inv *Invitation) error {
		if err := t.manages(); err != nil {
			return err
		}
		var n int
		if err := t.scan("SELECT COUNT(*) FROM member WHERE name = $1", []any{inv.Name}, &n); err != nil {
			return err
		}
		if n > 0 {
			return fmt.Errorf("%w: a member is called %s", ErrExists, inv.Name)
		}
		if inv.Case == "" {
			return nil
		}
		if _, err := t.openCase(inv.Case, ActMembers); err != nil {
			return err
		}
		inv.Person, err = t.roleFor(inv.Case, inv.Role, inv.Person)
		return err
	})
}

// InviteBack makes an invitation for a member: by it they sign in once, to
// add another way in. It opens no key; that takes their passphrase. Managers
// make it for anybody, others for themselves. Errors wrap ErrNotAllowed and
// ErrNotMember.
func (w *Workspace) InviteBack(ctx context.Context, member string) (Invitation, string, error) {
	inv := Invitation{Member: member}
	err := w.read(ctx, func(t *tx) error {
		return t.scan("SELECT name FROM member WHERE id = $1 AND removed = ''", []any{member}, &inv.Name)
	})
	if errors.Is(err, ErrNotFound) {
		err = fmt.Errorf("member %s: %w", member, ErrNotMember)
	}
	if err != nil {
		return inv, "", err
	}
	return w.invite(ctx, inv, invited{}, func(t *tx, _ *Invitation) error {
		if member == w.member.ID {
			return nil
		}
		return t.manages()
	})
}

func (w *Workspace) invite(ctx context.Context, inv Invitation, carry invited, may func(*tx, *Invitation) error) (Invitation, string, error) {
	if err := w.unlimited(); err != nil {
		return inv, "", err
	}
	text, err := json.Marshal(carry)
	if err != nil {
		return inv, "", err
	}
	secret := NewSecret()
	key, err := seal.DeriveKey([]byte(secret), invitationPurpose)
	if err != nil {
		return inv, "", err
	}
	inv.Handle, inv.By, inv.State = newID("I"), w.member.ID, InvitationOpen
	sealed := key.Seal(text, inv.Handle)
	inv.Until = w.o.Now().UTC().Add(InvitationLife).Format(ledger.TimeLayout)
	err = w.act(ctx, func(t *tx) error {
		if err := may(t, &inv); err != nil {
			return err
		}
		inv.Created = t.now
		t.exec("UPDATE invitation SET state = 'void', sealed = NULL WHERE state = 'open' AND until < $1", t.now)
		if inv.Member != "" { // whoever asks for another lost the one before
			t.exec("UPDATE invitation SET state = 'void', sealed = NULL WHERE state = 'open' AND member_id = $1", inv.Member)
		}
		n := t.record("member.invited", inv.Case, inv.Handle, map[string]any{
			"invitation": inv.Handle, "manager": inv.Manager, "case": inv.Case, "role": inv.Role, "person": inv.Person, "member": inv.Member, "until": inv.Until,
		})
		manager := 0
		if inv.Manager {
			manager = 1
		}
		t.exec(`INSERT INTO invitation (id, handle, n, name, manager, case_id, role, person_id, member_id, invited_by, sealed, state, created, until)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
			SecretID(secret), inv.Handle, n, inv.Name, manager, inv.Case, inv.Role, inv.Person, inv.Member, inv.By, sealed, inv.State, inv.Created, inv.Until)
		return nil
	})
	return inv, secret, err
}

const invitationColumns = "SELECT n, handle, name, manager, case_id, role, person_id, member_id, invited_by, state, created, until FROM invitation"

func scanInvitation(scan func(...any) error) (n int64, inv Invitation, err error) {
	err = scan(&n, &inv.Handle, &inv.Name, &inv.Manager, &inv.Case, &inv.Role, &inv.Person, &inv.Member, &inv.By, &inv.State, &inv.Created, &inv.Until)
	return n, inv, err
}

// Invitations lists those that are open. It is for managers.
func (w *Workspace) Invitations(ctx context.Context, p Page) (List[Invitation], error) {
	if err := w.read(ctx, (*tx).manages); err != nil {
		return List[Invitation]{}, err
	}
	var f filter
	f.add("state = $?", InvitationOpen)
	f.add("until > $?", w.now())
	return list(ctx, w, invitationColumns, f, p, "n", func(rows *sql.Rows) (int64, Invitation, error) { return scanInvitation(rows.Scan) })
}

// WithdrawInvitation ends an invitation that was not used. It is for managers.
// Errors wrap ErrNotAllowed and ErrNotFound.
func (w *Workspace) WithdrawInvitation(ctx context.Context, handle string) error {
	return w.act(ctx, func(t *tx) error {
		if err := t.manages(); err != nil {
			return err
		}
		if t.exec("UPDATE invitation SET state = 'void', sealed = NULL WHERE handle = $1 AND state = 'open'", handle) == 0 {
			return fmt.Errorf("invitation %s: %w", handle, ErrNotFound)
		}
		t.record("invitation.withdrawn", "", handle, map[string]any{"invitation": handle})
		return nil
	})
}

// Invitation returns the invitation of a secret. The error wraps ErrNotFound
// where there is none, it was used, or it is too old. It spends nothing: who
// looks at a link, as programs do that show previews, does not use it.
func (d *Door) Invitation(ctx context.Context, secret string) (Invitation, error) {
	_, inv, err := scanInvitation(d.w.db.Pool.QueryRowContext(ctx, invitationColumns+" WHERE id = $1 AND state = $2 AND until > $3",
		SecretID(secret), InvitationOpen, d.w.now()).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return inv, fmt.Errorf("invitation: %w", ErrNotFound)
	}
	if err != nil {
		return inv, d.w.fail("invitation", err)
	}
	return inv, nil
}

// Join spends an invitation for somebody new: their identity is made here and
// kept under their passphrase alone. Errors wrap ErrNotFound, ErrExists where
// somebody else took the name meanwhile, and ErrInvalid for a passphrase that
// is too short.
func (d *Door) Join(ctx context.Context, secret, passphrase string) (id seal.Identity, m Member, err error) {
	if len(passphrase) < MinPassphrase {
		return id, m, fmt.Errorf("%w: a passphrase has at least %d characters", ErrInvalid, MinPassphrase)
	}
	if id, err = seal.NewIdentity(); err != nil {
		return id, m, err
	}
	locked, err := seal.Lock(id, passphrase) // slow: before the transaction
	if err != nil {
		return id, m, err
	}
	err = d.w.act(ctx, func(t *tx) error {
		inv, carry, err := t.spend(secret)
		if err != nil {
			return err
		}
		if inv.Member != "" {
			return fmt.Errorf("invitation: %w: it is for a member", ErrNotFound)
		}
		m = Member{ID: newID("M"), Name: inv.Name, Recipient: id.Recipient(), Created: t.now, Manager: inv.Manager}
		return t.join(inv, carry, m, locked)
	})
	return id, m, err
}

// spend takes an open invitation and what it carries.
func (t *tx) spend(secret string) (inv Invitation, carry invited, err error) {
	var sealed []byte
	var n int64
	err = t.scan("UPDATE invitation SET state = 'used' WHERE id = $1 AND state = 'open' AND until > $2 RETURNING n, handle, name, manager, case_id, role, person_id, member_id, invited_by, sealed",
		[]any{SecretID(secret), t.now}, &n, &inv.Handle, &inv.Name, &inv.Manager, &inv.Case, &inv.Role, &inv.Person, &inv.Member, &inv.By, &sealed)
	if err != nil {
		return inv, carry, fmt.Errorf("invitation: %w", err)
	}
	key, err := seal.DeriveKey([]byte(secret), invitationPurpose)
	if err != nil {
		return inv, carry, err
	}
	text, err := key.Open(sealed, inv.Handle)
	if err != nil {
		return inv, carry, fmt.Errorf("invitation %s: %w", inv.Handle, err)
	}
	return inv, carry, json.Unmarshal(text, &carry)
}

// join makes the member that an invitation was for.
func (t *tx) join(inv Invitation, carry invited, m Member, locked []byte) error {
	signing, err := seal.Seal(m.Recipient, []byte(carry.Signing))
	if err != nil {
		return err
	}
	manager := 0
	if m.Manager {
		manager = 1
	}
	n := t.record("member.joined", "", m.ID, map[string]any{
		"member": m.ID, "recipient": m.Recipient, "invitation": inv.Handle, "invited_by": inv.By, "manager": m.Manager,
	})
	if t.exec(`INSERT INTO member (id, n, name, recipient, signing, created, manager, identity) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`,
		m.ID, n, m.Name, m.Recipient, signing, t.now, manager, locked) == 0 && t.err == nil {
		return fmt.Errorf("%w: a member is called %s", ErrExists, m.Name)
	}
	t.exec("UPDATE invitation SET member_id = $1, sealed = NULL WHERE handle = $2", m.ID, inv.Handle)
	if inv.Case == "" {
		return t.err
	}
	wrapped, err := seal.Seal(m.Recipient, []byte(carry.Case))
	if err != nil {
		return err
	}
	came := CaseMember{Member: m, Role: inv.Role, Person: inv.Person}
	t.exec("INSERT INTO case_member (case_id, member_id, wrapped, role, person_id) VALUES ($1, $2, $3, $4, $5)", inv.Case, m.ID, wrapped, came.Role, came.Person)
	detail := came.detail(inv.Case)
	detail["invited_by"] = inv.By
	t.record("case.shared", inv.Case, inv.Case, detail)
	return t.err
}

// Return spends an invitation for a member. The error wraps ErrNotFound.
func (d *Door) Return(ctx context.Context, secret string) (m Member, err error) {
	err = d.w.act(ctx, func(t *tx) error {
		inv, _, err := t.spend(secret)
		if err != nil {
			return err
		}
		if err := t.scan("SELECT id, name FROM member WHERE id = $1 AND removed = ''", []any{inv.Member}, &m.ID, &m.Name); err != nil {
			return fmt.Errorf("invitation: %w", err)
		}
		t.exec("UPDATE invitation SET sealed = NULL WHERE handle = $1", inv.Handle)
		t.record("invitation.used", "", m.ID, map[string]any{"invitation": inv.Handle, "member": m.ID})
		return nil
	})
	return m, err
}
