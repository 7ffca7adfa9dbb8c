package workspace

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/amparo-project/amparo/internal/ledger"
)

// How long a session lives: unused, and at all.
const (
	SessionIdle = time.Hour
	SessionLife = 12 * time.Hour
)

// touchEvery is how exactly the last use of a session is known: a row is not
// written for every request, so that a session may end that much early.
const touchEvery = time.Minute

// maxSessionsEach bounds the sessions of one member: the one that was unused
// for longest gives way.
const maxSessionsEach = 20

// A Session is one browser of a member. It is known by the hash of a secret
// that the browser alone has, and what it needs of the member's identity is
// sealed under that secret: a copy of the database opens nothing.
type Session struct {
	Handle  string `json:"handle"` // S-…, to speak of it
	Member  string `json:"member"`
	How     string `json:"how"`     // link, passkey, oidc, invitation
	Browser string `json:"browser"` // its family, no more
	Opened  bool   `json:"opened"`  // the identity is in Sealed
	Sealed  []byte `json:"-"`
	Created string `json:"created"`
	Seen    string `json:"seen"`
}

// AddSession keeps a session under the hash of its secret, in the place of
// another, if any, which ends. The error wraps ErrNotMember.
func (d *Door) AddSession(ctx context.Context, id string, s Session, replaces string) error {
	now := d.w.o.Now().UTC()
	return d.w.change(ctx, func(t *tx) error {
		t.exec("DELETE FROM session WHERE id = $1 OR seen < $2 OR created < $3", replaces,
			now.Add(-SessionIdle).Format(ledger.TimeLayout), now.Add(-SessionLife).Format(ledger.TimeLayout))
		opened := 0
		if s.Opened {
			opened = 1
		}
		// The row of the member stays locked to the end: nobody is removed meanwhile.
		if t.exec("UPDATE member SET removed = removed WHERE id = $1 AND removed = ''", s.Member) == 0 && t.err == nil {
			return fmt.Errorf("member %s: %w", s.Member, ErrNotMember)
		}
		t.exec("INSERT INTO session (id, handle, member_id, how, browser, opened, sealed, created, seen) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
			id, newID("S"), s.Member, s.How, s.Browser, opened, s.Sealed, t.now, t.now)
		t.exec(`DELETE FROM session WHERE member_id = $1 AND id NOT IN
			(SELECT id FROM session WHERE member_id = $1 ORDER BY seen DESC, id = $2 DESC LIMIT $3)`, s.Member, id, maxSessionsEach)
		return t.err
	})
}

// Session returns the session of a secret by its hash. The error wraps
// ErrNotFound where there is none, or it ended. Whichever process is asked,
// the answer is that of now.
func (d *Door) Session(ctx context.Context, id string) (s Session, err error) {
	err = d.w.db.Pool.QueryRowContext(ctx, "SELECT handle, member_id, how, browser, opened, sealed, created, seen FROM session WHERE id = $1", id).
		Scan(&s.Handle, &s.Member, &s.How, &s.Browser, &s.Opened, &s.Sealed, &s.Created, &s.Seen)
	if errors.Is(err, sql.ErrNoRows) {
		return s, fmt.Errorf("session: %w", ErrNotFound)
	}
	if err != nil {
		return s, d.w.fail("session", err)
	}
	now := d.w.o.Now().UTC()
	ago := func(d time.Duration) string { return now.Add(-d).Format(ledger.TimeLayout) }
	switch {
	case s.Seen < ago(SessionIdle), s.Created < ago(SessionLife):
		return s, errors.Join(fmt.Errorf("session: %w", ErrNotFound), d.EndSession(ctx, id))
	case s.Seen < ago(touchEvery):
		s.Seen = now.Format(ledger.TimeLayout)
		return s, d.w.plainly(ctx, "UPDATE session SET seen = $1 WHERE id = $2", s.Seen, id)
	}
	return s, nil
}

// EndSession ends a session, everywhere. One that is not there has ended.
func (d *Door) EndSession(ctx context.Context, id string) error {
	return d.w.plainly(ctx, "DELETE FROM session WHERE id = $1", id)
}

// Sessions lists the sessions of the acting member, the first begun first.
func (w *Workspace) Sessions(ctx context.Context) ([]Session, error) {
	now := w.o.Now().UTC()
	rows, err := w.db.Pool.QueryContext(ctx, `SELECT handle, member_id, how, browser, opened, created, seen FROM session
		WHERE member_id = $1 AND seen >= $2 AND created >= $3 ORDER BY created, handle`, w.member.ID,
		now.Add(-SessionIdle).Format(ledger.TimeLayout), now.Add(-SessionLife).Format(ledger.TimeLayout))
	if err != nil {
		return nil, w.fail("sessions", err)
	}
	defer rows.Close()
	var list []Session
	for rows.Next() {
		var s Session
		if err := rows.Scan(&s.Handle, &s.Member, &s.How, &s.Browser, &s.Opened, &s.Created, &s.Seen); err != nil {
			return nil, w.fail("sessions", err)
		}
		list = append(list, s)
	}
	if err := rows.Err(); err != nil {
		return nil, w.fail("sessions", err)
	}
	return list, nil
}

// EndMySession ends one session of the acting member. The error wraps
// ErrNotFound.
func (w *Workspace) EndMySession(ctx context.Context, handle string) error {
	return w.one(ctx, "DELETE FROM session WHERE handle = $1 AND member_id = $2", handle, w.member.ID)
}

// EndMySessions ends all sessions of the acting member but one: "" for none.
func (w *Workspace) EndMySessions(ctx context.Context, but string) error {
	return w.plainly(ctx, "DELETE FROM session WHERE member_id = $1 AND handle <> $2", w.member.ID, but)
}
