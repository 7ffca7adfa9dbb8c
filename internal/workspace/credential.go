package workspace

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"

	"filippo.io/age/armor"

	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/seal"
)

// MinPassphrase keeps the worst passphrases out, in bytes.
const MinPassphrase = 12

// maxIdentity bounds an identity under a passphrase in bytes.
const maxIdentity = 64 << 10

// ErrLastWay keeps a member from locking themselves out.
var ErrLastWay = errors.New("the last way to sign in cannot be removed")

// SetPassphrase keeps the identity of the acting member in the workspace,
// under a passphrase, so that they can work from wherever they sign in. The
// error wraps ErrInvalid where it is shorter than MinPassphrase.
func (w *Workspace) SetPassphrase(ctx context.Context, passphrase string) error {
	if len(passphrase) < MinPassphrase {
		return fmt.Errorf("%w: a passphrase has at least %d characters", ErrInvalid, MinPassphrase)
	}
	locked, err := seal.Lock(w.o.Identity, passphrase)
	if err != nil {
		return err
	}
	return w.setIdentity(ctx, locked)
}

// SetIdentity keeps the identity of the acting member in the workspace as
// their file has it, under the same passphrase. The error wraps ErrInvalid
// for a file without one.
func (w *Workspace) SetIdentity(ctx context.Context, file []byte) error {
	if text := bytes.TrimSpace(file); bytes.HasPrefix(text, []byte(armor.Header)) {
		clear, err := limit.ReadAll(armor.NewReader(bytes.NewReader(text)), maxIdentity)
		if err != nil {
			return fmt.Errorf("%w: identity: %w", ErrInvalid, err)
		}
		file = clear
	}
	if !bytes.HasPrefix(file, []byte("age-encryption.org/")) || len(file) > maxIdentity {
		return fmt.Errorf("%w: an identity is kept under a passphrase", ErrInvalid)
	}
	return w.setIdentity(ctx, file)
}

func (w *Workspace) setIdentity(ctx context.Context, locked []byte) error {
	if err := w.unlimited(); err != nil {
		return err
	}
	return w.act(ctx, func(t *tx) error {
		t.exec("UPDATE member SET identity = $1, wrong = 0, locked = '' WHERE id = $2", locked, w.member.ID)
		t.record("member.passphrase_set", "", w.member.ID, map[string]any{"member": w.member.ID})
		return nil
	})
}

// A Passkey is one of the ways in which a member signs in.
type Passkey struct {
	ID      string `json:"id"` // of the credential, base64url
	Member  string `json:"member"`
	Name    string `json:"name"`
	Record  string `json:"-"`     // JSON: public key, counter, flags
	Opens   bool   `json:"opens"` // the identity too, without a passphrase
	Sealed  []byte `json:"-"`     // the identity, under what the passkey gives
	Created string `json:"created"`
	Used    string `json:"used,omitempty"`
}

// maxPasskeys bounds the passkeys of one member.
const maxPasskeys = 20

//nolint:gosec // names of columns, no credentials
const passkeyColumns = "SELECT n, id, member_id, name, record, identity, created, used FROM passkey"

func scanPasskey(scan func(...any) error) (n int64, p Passkey, err error) {
	err = scan(&n, &p.ID, &p.Member, &p.Name, &p.Record, &p.Sealed, &p.Created, &p.Used)
	p.Opens = len(p.Sealed) > 0
	return n, p, err
}

// AddPasskey lets the acting member sign in by a passkey. Errors wrap
// ErrExists and ErrInvalid.
func (w *Workspace) AddPasskey(ctx context.Context, p Passkey) error {
	if err := validName("name of a passkey", p.Name); err != nil {
		return err
	}
	if p.ID == "" || p.Record == "" {
		return fmt.Errorf("%w: a passkey without a key", ErrInvalid)
	}
	return w.act(ctx, func(t *tx) error {
		var have int64
		if err := t.scan("SELECT COUNT(*) FROM passkey WHERE member_id = $1", []any{w.member.ID}, &have); err != nil {
			return err
		}
		if have >= maxPasskeys {
			return fmt.Errorf("%w: %w: a member has at most %d passkeys", ErrInvalid, ErrTooMany, maxPasskeys)
		}
		n := t.record("member.passkey_added", "", w.member.ID, map[string]any{"member": w.member.ID, "passkey": p.ID})
		if t.exec(`INSERT INTO passkey (id, n, member_id, name, record, identity, created, used) VALUES ($1, $2, $3, $4, $5, $6, $7, '') ON CONFLICT DO NOTHING`,
			p.ID, n, w.member.ID, p.Name, p.Record, p.Sealed, t.now) == 0 && t.err == nil {
			return fmt.Errorf("passkey: %w", ErrExists)
		}
		return nil
	})
}

// Passkeys lists those of the acting member.
func (w *Workspace) Passkeys(ctx context.Context) ([]Passkey, error) {
	return w.passkeys(ctx, w.member.ID)
}

func (w *Workspace) passkeys(ctx context.Context, member string) ([]Passkey, error) {
	var f filter
	f.add("member_id = $?", member)
	l, err := list(ctx, w, passkeyColumns, f, Page{Limit: maxPasskeys}, "n", func(rows *sql.Rows) (int64, Passkey, error) { return scanPasskey(rows.Scan) })
	return l.Items, err
}

// NamePasskey calls a passkey of the acting member something else.
func (w *Workspace) NamePasskey(ctx context.Context, id, name string) error {
	if err := validName("name of a passkey", name); err != nil {
		return err
	}
	return w.one(ctx, "UPDATE passkey SET name = $1 WHERE id = $2 AND member_id = $3", name, id, w.member.ID)
}

// OpenByPasskey lets a passkey of the acting member open their identity:
// sealed is the identity under what the passkey gives.
func (w *Workspace) OpenByPasskey(ctx context.Context, id string, sealed []byte) error {
	return w.one(ctx, "UPDATE passkey SET identity = $1 WHERE id = $2 AND member_id = $3", sealed, id, w.member.ID)
}

// RemovePasskey ends a passkey of the acting member. Errors wrap ErrNotFound
// and ErrLastWay.
func (w *Workspace) RemovePasskey(ctx context.Context, id string) error {
	return w.act(ctx, func(t *tx) error {
		if t.exec("DELETE FROM passkey WHERE id = $1 AND member_id = $2", id, w.member.ID) == 0 {
			return fmt.Errorf("passkey: %w", ErrNotFound)
		}
		t.record("member.passkey_removed", "", w.member.ID, map[string]any{"member": w.member.ID, "passkey": id})
		return t.stillComesIn()
	})
}

// stillComesIn refuses to take the last way in away.
func (t *tx) stillComesIn() error {
	var ways int
	err := t.scan("SELECT (SELECT COUNT(*) FROM passkey WHERE member_id = $1) + (SELECT COUNT(*) FROM subject WHERE member_id = $1)", []any{t.w.member.ID}, &ways)
	if err == nil && ways == 0 {
		err = ErrLastWay
	}
	return err
}

// Passkey returns a passkey by the id of its credential. The error wraps
// ErrNotFound.
func (d *Door) Passkey(ctx context.Context, id string) (Passkey, error) {
	_, p, err := scanPasskey(d.w.db.Pool.QueryRowContext(ctx, passkeyColumns+" WHERE id = $1", id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return p, fmt.Errorf("passkey: %w", ErrNotFound)
	}
	if err != nil {
		return p, d.w.fail("passkey", err)
	}
	return p, nil
}

// PasskeysOf lists the passkeys of a member.
func (d *Door) PasskeysOf(ctx context.Context, member string) ([]Passkey, error) {
	return d.w.passkeys(ctx, member)
}

// PasskeyUsed keeps what a passkey is after a sign-in: its counter rose.
func (d *Door) PasskeyUsed(ctx context.Context, id, record string) error {
	return d.w.one(ctx, "UPDATE passkey SET record = $1, used = $2 WHERE id = $3", record, d.w.now(), id)
}

// A Subject is who a member is for a provider of OpenID Connect.
type Subject struct {
	Issuer  string `json:"issuer"`
	Subject string `json:"subject"`
	Created string `json:"created"`
	Used    string `json:"used,omitempty"`
}

// maxSubjects bounds those of one member.
const maxSubjects = 5

// AddSubject lets the acting member sign in by way of a provider. A subject
// is tied to one member: the error wraps ErrExists where it is to another.
func (w *Workspace) AddSubject(ctx context.Context, issuer, subject string) error {
	if issuer == "" || subject == "" || len(issuer)+len(subject) > 2000 {
		return fmt.Errorf("%w: subject of a provider", ErrInvalid)
	}
	return w.act(ctx, func(t *tx) error {
		var have int64
		if err := t.scan("SELECT COUNT(*) FROM subject WHERE member_id = $1", []any{w.member.ID}, &have); err != nil {
			return err
		}
		if have >= maxSubjects {
			return fmt.Errorf("%w: %w: a member has at most %d subjects", ErrInvalid, ErrTooMany, maxSubjects)
		}
		n := t.record("member.subject_added", "", w.member.ID, map[string]any{"member": w.member.ID, "issuer": issuer})
		if t.exec("INSERT INTO subject (issuer, subject, n, member_id, created, used) VALUES ($1, $2, $3, $4, $5, '') ON CONFLICT DO NOTHING",
			issuer, subject, n, w.member.ID, t.now) == 0 && t.err == nil {
			return fmt.Errorf("subject of %s: %w", issuer, ErrExists)
		}
		return nil
	})
}

// Subjects lists those of the acting member.
func (w *Workspace) Subjects(ctx context.Context) ([]Subject, error) {
	var f filter
	f.add("member_id = $?", w.member.ID)
	l, err := list(ctx, w, "SELECT n, issuer, subject, created, used FROM subject", f, Page{Limit: maxSubjects}, "n",
		func(rows *sql.Rows) (n int64, s Subject, err error) {
			err = rows.Scan(&n, &s.Issuer, &s.Subject, &s.Created, &s.Used)
			return n, s, err
		})
	return l.Items, err
}

// RemoveSubject ends one of the acting member. Errors wrap ErrNotFound and
// ErrLastWay.
func (w *Workspace) RemoveSubject(ctx context.Context, issuer, subject string) error {
	return w.act(ctx, func(t *tx) error {
		if t.exec("DELETE FROM subject WHERE issuer = $1 AND subject = $2 AND member_id = $3", issuer, subject, w.member.ID) == 0 {
			return fmt.Errorf("subject: %w", ErrNotFound)
		}
		t.record("member.subject_removed", "", w.member.ID, map[string]any{"member": w.member.ID, "issuer": issuer})
		return t.stillComesIn()
	})
}

// BySubject returns the member to whom a subject is tied. The error wraps
// ErrNotFound.
func (d *Door) BySubject(ctx context.Context, issuer, subject string) (Member, error) {
	var id string
	err := d.w.db.Pool.QueryRowContext(ctx, "UPDATE subject SET used = $1 WHERE issuer = $2 AND subject = $3 RETURNING member_id", d.w.now(), issuer, subject).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return Member{}, fmt.Errorf("subject of %s: %w", issuer, ErrNotFound)
	}
	if err != nil {
		return Member{}, d.w.fail("subject", err)
	}
	return d.Member(ctx, id)
}
