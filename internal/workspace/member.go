package workspace

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/note"

	"github.com/amparo-project/amparo/internal/seal"
)

// Members lists who works here, and who did: those have Removed.
func (w *Workspace) Members(ctx context.Context, p Page) (List[Member], error) {
	return w.members(ctx, filter{}, p)
}

func (w *Workspace) members(ctx context.Context, f filter, p Page) (List[Member], error) {
	if err := w.InTeam(ctx); err != nil {
		return List[Member]{}, err
	}
	return list(ctx, w, memberColumns, f, p, "n", func(rows *sql.Rows) (n int64, m Member, err error) {
		err = rows.Scan(&n, &m.ID, &m.Name, &m.Recipient, &m.Created, &m.Manager, &m.Removed)
		return n, m, err
	})
}

const memberColumns = "SELECT n, id, name, recipient, created, manager, removed FROM member"

// MembersNamed lists the members of a name: one, or none.
func (w *Workspace) MembersNamed(ctx context.Context, name string, p Page) (List[Member], error) {
	var f filter
	f.equal("name", name)
	return w.members(ctx, f, p)
}

// AddMember lets somebody else work here, who keeps their identity in a file.
// They see nothing of a case until they are added to it. The error wraps
// ErrNotAllowed for who is no manager.
func (w *Workspace) AddMember(ctx context.Context, name, recipient string) (Member, error) {
	m := Member{ID: newID("M"), Name: name, Recipient: recipient}
	if err := validName("name of a member", name); err != nil {
		return m, err
	}
	skey, err := w.signingKey(ctx)
	if err != nil {
		return m, err
	}
	signing, err := seal.Seal(recipient, []byte(skey))
	if err != nil {
		return m, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	err = w.act(ctx, func(t *tx) error {
		if err := t.manages(); err != nil {
			return err
		}
		m.Created = t.now
		n := t.record("member.added", "", m.ID, map[string]any{"member": m.ID, "recipient": recipient})
		t.exec("INSERT INTO member (id, n, name, recipient, signing, created) VALUES ($1, $2, $3, $4, $5, $6)",
			m.ID, n, name, recipient, signing, t.now)
		return nil
	})
	return m, err
}

// RotateKey gives the acting member another identity: what was wrapped for the
// old one is wrapped for the new one, and no evidence is encrypted again. The
// new one is in the member's file; sessions, tokens and what opened the old
// one end.
func (w *Workspace) RotateKey(ctx context.Context, to seal.Identity) error {
	if err := w.unlimited(); err != nil {
		return err
	}
	return w.act(ctx, func(t *tx) error {
		keys, err := w.wrapped(ctx, t)
		if err != nil {
			return err
		}
		skey, err := w.signingKeyIn(ctx, t)
		if err != nil {
			return err
		}
		for id, key := range keys {
			wrapped, err := seal.Seal(to.Recipient(), []byte(key.Secret()))
			if err != nil {
				return err
			}
			t.exec("UPDATE case_member SET wrapped = $1 WHERE case_id = $2 AND member_id = $3", wrapped, id, w.member.ID)
		}
		signing, err := seal.Seal(to.Recipient(), []byte(skey))
		if err != nil {
			return err
		}
		t.exec("UPDATE member SET recipient = $1, signing = $2, identity = NULL WHERE id = $3", to.Recipient(), signing, w.member.ID)
		t.dropLinks("", w.member.ID)
		t.forgetIdentity(w.member.ID)
		t.record("member.rotated", "", w.member.ID, map[string]any{"member": w.member.ID, "recipient": to.Recipient()})
		return nil
	})
}

// wrapped opens the keys of all cases of the acting member.
func (w *Workspace) wrapped(ctx context.Context, q queryer) (map[string]seal.Identity, error) {
	rows, err := q.QueryContext(ctx, "SELECT case_id, wrapped FROM case_member WHERE member_id = $1", w.member.ID)
	if err != nil {
		return nil, w.fail("keys of cases", err)
	}
	defer rows.Close()
	keys := map[string]seal.Identity{}
	for rows.Next() {
		var (
			id      string
			wrapped []byte
		)
		if err := rows.Scan(&id, &wrapped); err != nil {
			return nil, w.fail("keys of cases", err)
		}
		secret, err := seal.Open(w.o.Identity, wrapped)
		if err != nil {
			return nil, fmt.Errorf("key of case %s: %w", id, err)
		}
		if keys[id], err = seal.ParseIdentity(string(secret)); err != nil {
			return nil, err
		}
	}
	return keys, w.fail("keys of cases", rows.Err())
}

func (w *Workspace) signingKey(ctx context.Context) (string, error) {
	return w.signingKeyIn(ctx, w.db.Pool)
}

func (w *Workspace) signingKeyIn(ctx context.Context, q queryer) (string, error) {
	var sealed []byte
	err := q.QueryRowContext(ctx, "SELECT signing FROM member WHERE id = $1", w.member.ID).Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return "", ErrNotMember
	}
	if err != nil {
		return "", w.fail("key of the ledger", err)
	}
	skey, err := seal.Open(w.o.Identity.Forgetful(), sealed)
	if err != nil {
		return "", fmt.Errorf("key of the ledger: %w", err)
	}
	return string(skey), nil
}

func (w *Workspace) signer(ctx context.Context) (note.Signer, error) {
	skey, err := w.signingKey(ctx)
	if err != nil {
		return nil, err
	}
	s, err := note.NewSigner(skey)
	if err != nil {
		return nil, errors.New("key of the ledger: not a signing key") // never with its text
	}
	return s, nil
}
