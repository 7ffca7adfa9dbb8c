package workspace

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/amparo-project/amparo/internal/seal"
)

// States of a case.
const (
	CaseOpen   = "open"
	CaseClosed = "closed"
)

// A Case is what people, devices and evidence belong to. Whoever is no member
// of it sees that it is there, and nothing of it.
type Case struct {
	ID      string `json:"id"`
	Title   string `json:"title,omitempty"` // "" for who is no member, or the person concerned: it may name others
	State   string `json:"state"`
	Created string `json:"created"`
	Closed  string `json:"closed,omitempty"`
	Sealed  bool   `json:"sealed,omitempty"` // not open to this identity
	Role    Role   `json:"role,omitempty"`   // of the acting member

	recipient string
}

// CreateCase makes a case, with the one who makes it as its owner.
func (w *Workspace) CreateCase(ctx context.Context, title string) (Case, error) {
	if err := validName("title of a case", title); err != nil {
		return Case{}, err
	}
	key, err := seal.NewIdentity()
	if err != nil {
		return Case{}, err
	}
	sealed, err := seal.Seal(key.Recipient(), []byte(title))
	if err != nil {
		return Case{}, err
	}
	wrapped, err := seal.Seal(w.member.Recipient, []byte(key.Secret()))
	if err != nil {
		return Case{}, err
	}
	c := Case{ID: newID("C"), Title: title, State: CaseOpen, Role: RoleOwner, recipient: key.Recipient()}
	err = w.act(ctx, func(t *tx) error {
		if err := w.inTeam(ctx, t); err != nil {
			return err
		}
		c.Created = t.now
		n := t.record("case.created", c.ID, c.ID, map[string]any{"case": c.ID})
		t.exec("INSERT INTO cases (id, n, recipient, title, state, created, closed) VALUES ($1, $2, $3, $4, $5, $6, '')",
			c.ID, n, c.recipient, sealed, c.State, c.Created)
		t.exec("INSERT INTO case_member (case_id, member_id, wrapped, role, person_id) VALUES ($1, $2, $3, $4, '')", c.ID, w.member.ID, wrapped, RoleOwner)
		return nil
	})
	return c, err
}

// CloseCase ends a case: nothing is added to it any more.
func (w *Workspace) CloseCase(ctx context.Context, id string) error {
	return w.act(ctx, func(t *tx) error {
		if _, err := t.openCase(id, ActClose); err != nil {
			return err
		}
		t.record("case.closed", id, id, map[string]any{"case": id})
		t.exec("UPDATE cases SET state = $1, closed = $2 WHERE id = $3", CaseClosed, t.now, id)
		t.endOrder(id, "")
		return nil
	})
}

const caseColumns = "SELECT n, id, recipient, title, state, created, closed FROM cases"

// Case returns one case.
func (w *Workspace) Case(ctx context.Context, id string) (Case, error) {
	l, err := w.cases(ctx, []string{id}, "", Page{Limit: 1})
	if err == nil && len(l.Items) == 0 {
		err = fmt.Errorf("case %s: %w", id, ErrNotFound)
	}
	if err != nil {
		return Case{}, err
	}
	return l.Items[0], nil
}

// Cases lists the cases in a state, or in any. Who is somewhere the person
// concerned, and nothing else anywhere, sees their own alone.
func (w *Workspace) Cases(ctx context.Context, state string, p Page) (List[Case], error) {
	return w.cases(ctx, nil, state, p)
}

// CasesNamed returns those of some cases that the member may know of, in the
// order in which they came to be; at most MaxLimit.
func (w *Workspace) CasesNamed(ctx context.Context, ids []string) ([]Case, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	l, err := w.cases(ctx, ids, "", Page{Limit: MaxLimit})
	return l.Items, err
}

// cases lists those named, or all where none is.
func (w *Workspace) cases(ctx context.Context, ids []string, state string, p Page) (List[Case], error) {
	var f filter
	if len(ids) > 0 {
		f.among("id", ids)
	}
	f.equal("state", state)
	if err := w.InTeam(ctx); errors.Is(err, ErrNotAllowed) {
		f.add("id IN (SELECT case_id FROM case_member WHERE member_id = $?"+w.within("case_id")+")", w.member.ID) // that there are others is not theirs to know
	} else if err != nil {
		return List[Case]{}, err
	}
	titles := map[string][]byte{}
	l, err := list(ctx, w, caseColumns, f, p, "n", func(rows *sql.Rows) (n int64, c Case, err error) {
		var title []byte
		err = rows.Scan(&n, &c.ID, &c.recipient, &title, &c.State, &c.Created, &c.Closed)
		titles[c.ID] = title
		return n, c, err
	})
	if err != nil {
		return l, err
	}
	held, err := w.holdings(ctx, l.Items)
	if err != nil {
		return l, err
	}
	for i := range l.Items {
		c := &l.Items[i]
		m, ok := held[c.ID]
		if !ok {
			c.Sealed = true
			continue
		}
		if c.Role = m.role; c.Role == RolePerson {
			continue
		}
		key, err := w.unwrap(c.ID, m.wrapped)
		if err != nil {
			return l, err
		}
		title, err := seal.Open(key, titles[c.ID])
		if err != nil {
			return l, fmt.Errorf("case %s: %w", c.ID, err)
		}
		c.Title = string(title)
	}
	return l, nil
}

// caseKey opens the identity of a case. Whether its caller may touch the case,
// and what of it, was asked before. The error wraps ErrNoAccess.
func (w *Workspace) caseKey(ctx context.Context, q queryer, id string) (seal.Identity, error) {
	_, wrapped, err := w.membership(ctx, q, id)
	if err != nil {
		return seal.Identity{}, err
	}
	return w.unwrap(id, wrapped)
}

// holding is what a member is in a case, and its key as it is wrapped for them.
type holding struct {
	role    Role
	wrapped []byte
}

// holdings are those of the acting member in some cases.
func (w *Workspace) holdings(ctx context.Context, list []Case) (map[string]holding, error) {
	held := map[string]holding{}
	ids := make([]string, len(list))
	for i := range list {
		ids[i] = list[i].ID
	}
	for part := range slices.Chunk(ids, namedAtOnce) {
		marks, args := named([]any{w.member.ID}, part)
		query := "SELECT case_id, role, wrapped FROM case_member WHERE member_id = $1 AND case_id IN (" + marks + ")" + w.within("case_id")
		if err := w.hold(ctx, held, query, args); err != nil {
			return nil, err
		}
	}
	return held, nil
}

func (w *Workspace) hold(ctx context.Context, held map[string]holding, query string, args []any) error {
	rows, err := w.db.Pool.QueryContext(ctx, query, args...)
	if err != nil {
		return w.fail("roles", err)
	}
	defer rows.Close()
	for rows.Next() {
		var (
			id string
			h  holding
		)
		if err := rows.Scan(&id, &h.role, &h.wrapped); err != nil {
			return w.fail("roles", err)
		}
		held[id] = h
	}
	return w.fail("roles", rows.Err())
}

// noKey says why a member has no key of a case: it is another's, or none at all.
func (w *Workspace) noKey(ctx context.Context, q queryer, id string) error {
	var n int
	err := q.QueryRowContext(ctx, "SELECT COUNT(*) FROM cases WHERE id = $1", id).Scan(&n)
	switch {
	case err != nil:
		return w.fail("case", err)
	case n == 0:
		return ErrNotFound
	}
	return ErrNoAccess
}

// openCase returns the recipient of a case that is open, with all of which the
// acting member may do something.
func (t *tx) openCase(id string, d Deed) (recipient string, err error) {
	if recipient, err = t.member(id, d); err != nil {
		return "", err
	}
	var state string
	if err := t.scan("SELECT state FROM cases WHERE id = $1", []any{id}, &state); err != nil {
		return "", err
	}
	if state != CaseOpen {
		return "", fmt.Errorf("case %s: %w", id, ErrClosed)
	}
	return recipient, nil
}

// member returns the recipient of a case, open or closed, with all of which the
// acting member may do something.
func (t *tx) member(id string, d Deed) (recipient string, err error) {
	m, _, err := t.w.membership(t.ctx, t, id)
	if err != nil {
		return "", err
	}
	if !m.Role.MayAll(d) {
		return "", &NotAllowed{id, m.Role, d}
	}
	err = t.scan("SELECT recipient FROM cases WHERE id = $1", []any{id}, &recipient)
	return recipient, err
}

// sealJSON seals a value for a recipient.
func sealJSON(recipient string, v any) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return seal.Seal(recipient, data)
}

// openJSON opens what sealJSON sealed.
func openJSON(key seal.Identity, sealed []byte, v any) error {
	data, err := seal.Open(key, sealed)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, v)
}
