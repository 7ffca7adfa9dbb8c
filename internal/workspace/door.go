package workspace

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/amparo-project/amparo/internal/ledger"
	"github.com/amparo-project/amparo/internal/seal"
)

// A Door is the workspace for somebody who is not in yet: it knows who can
// come in and how, and opens nothing that is sealed. Its methods may be called
// from several goroutines, and by several processes on one database.
type Door struct{ w *Workspace }

// NewDoor returns the door of the workspace of db. Errors wrap ErrNone.
func NewDoor(ctx context.Context, db *DB, now func() time.Time) (*Door, error) {
	w, err := Open(ctx, db, Options{Now: now})
	if err != nil {
		return nil, err
	}
	return &Door{w}, nil
}

// Info returns what everybody may know.
func (d *Door) Info() Info { return d.w.info }

// Member returns who works here. The error wraps ErrNotMember, also for who
// was removed.
func (d *Door) Member(ctx context.Context, id string) (m Member, err error) {
	err = d.w.db.Pool.QueryRowContext(ctx, memberColumns+" WHERE id = $1 AND removed = ''", id).
		Scan(new(int64), &m.ID, &m.Name, &m.Recipient, &m.Created, &m.Manager, &m.Removed)
	if errors.Is(err, sql.ErrNoRows) {
		return m, fmt.Errorf("member %s: %w", id, ErrNotMember)
	}
	if err != nil {
		return m, d.w.fail("member", err)
	}
	return m, nil
}

// Ways is how many members can sign in from elsewhere: by a passkey or a
// provider, or by an invitation that is open.
func (d *Door) Ways(ctx context.Context) (n int64, err error) {
	err = d.w.db.Pool.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM member m WHERE m.removed = '' AND m.identity IS NOT NULL
			AND (EXISTS (SELECT 1 FROM passkey p WHERE p.member_id = m.id) OR EXISTS (SELECT 1 FROM subject s WHERE s.member_id = m.id)))
		+ (SELECT COUNT(*) FROM invitation WHERE state = 'open' AND until > $1)`, d.w.now()).Scan(&n)
	if err != nil {
		return 0, d.w.fail("members", err)
	}
	return n, nil
}

// SignedIn puts into the ledger that a member signed in, and how.
func (d *Door) SignedIn(ctx context.Context, member, how string) error {
	return d.w.act(ctx, func(t *tx) error {
		t.record("member.signed_in", "", member, map[string]any{"member": member, "how": how})
		return nil
	})
}

// How often somebody may try a passphrase before they wait, and how long then:
// twice as long after each further mistake.
const (
	FreeGuesses = 5
	FirstWait   = 30 * time.Second
	LongestWait = time.Hour
)

// A LockedError refuses a passphrase that comes too early, right or wrong.
type LockedError struct{ Wait time.Duration }

func (e LockedError) Error() string { return "too many wrong passphrases" }

// Unlock opens the identity of a member, which is kept under a passphrase.
// Wrong ones make all later ones of that member wait, whichever process is
// asked. The error is a LockedError, or wraps seal.ErrWrongPassphrase, or
// ErrNotFound where the member keeps their identity in a file.
func (d *Door) Unlock(ctx context.Context, member, passphrase string) (seal.Identity, error) {
	locked, wait, err := d.guess(ctx, member)
	if err != nil {
		return seal.Identity{}, err
	}
	id, err := seal.UnlockIdentity(locked, passphrase)
	switch {
	case errors.Is(err, seal.ErrWrongPassphrase) && wait > 0:
		err = errors.Join(err, d.lockedOut(ctx, member, wait))
	case err == nil:
		err = d.w.plainly(ctx, "UPDATE member SET wrong = 0, locked = '' WHERE id = $1", member)
	}
	return id, err
}

// guess counts a passphrase before it is tried, so that many tried at once
// are as many, and returns what it is to open and the wait if it is wrong.
func (d *Door) guess(ctx context.Context, member string) (locked []byte, wait time.Duration, err error) {
	err = d.w.change(ctx, func(t *tx) error {
		var until string
		var wrong int
		err := t.scan("UPDATE member SET wrong = wrong WHERE id = $1 AND removed = '' RETURNING identity, wrong, locked", []any{member}, &locked, &wrong, &until)
		if err != nil {
			return fmt.Errorf("member %s: %w", member, err)
		}
		if len(locked) == 0 {
			return fmt.Errorf("identity of member %s: %w", member, ErrNotFound)
		}
		now := d.w.o.Now().UTC()
		if at, err := time.Parse(ledger.TimeLayout, until); err == nil && at.After(now) {
			return LockedError{at.Sub(now)}
		}
		until = ""
		if over := wrong + 1 - FreeGuesses; over >= 0 {
			wait = min(FirstWait<<min(over, 10), LongestWait)
			until = now.Add(wait).Format(ledger.TimeLayout)
		}
		t.exec("UPDATE member SET wrong = wrong + 1, locked = $1 WHERE id = $2", until, member)
		return t.err
	})
	return locked, wait, err
}

func (d *Door) lockedOut(ctx context.Context, member string, wait time.Duration) error {
	return d.w.act(ctx, func(t *tx) error {
		t.record("member.locked_out", "", member, map[string]any{"member": member, "seconds": int(wait.Seconds())})
		return nil
	})
}

// change runs fn in a transaction that writes. What goes wrong with the database
// is told as an error of this package.
func (w *Workspace) change(ctx context.Context, fn func(*tx) error) error {
	sqlTx, err := w.db.Pool.BeginTx(ctx, nil)
	if err != nil {
		return w.fail("begin", err)
	}
	defer sqlTx.Rollback() //nolint:errcheck // after Commit it does nothing
	t := &tx{Tx: sqlTx, w: w, ctx: ctx, now: w.now()}
	err = fn(t)
	if t.err != nil {
		err = t.err // the first: that nothing was changed, or found, may be for it
	}
	if err != nil {
		return w.db.Explain(err)
	}
	if err := sqlTx.Commit(); err != nil {
		return w.fail("commit", err)
	}
	return nil
}

// plainly runs one statement.
func (w *Workspace) plainly(ctx context.Context, query string, args ...any) error {
	if _, err := w.db.Pool.ExecContext(ctx, query, args...); err != nil {
		return w.fail("write", err)
	}
	return nil
}

// one runs one statement that must change a row. The error wraps ErrNotFound.
func (w *Workspace) one(ctx context.Context, query string, args ...any) error {
	res, err := w.db.Pool.ExecContext(ctx, query, args...)
	if err != nil {
		return w.fail("write", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(ErrNotFound, err)
	}
	return nil
}

// A ceremony is a sign-in that somebody began elsewhere: it ends once, or its
// time passes.
const maxCeremonies = 10_000

// Begin keeps what a sign-in needs at its end, under the hash of a secret that
// the browser holds.
func (d *Door) Begin(ctx context.Context, id, data string, life time.Duration) error {
	now := d.w.o.Now().UTC()
	return d.w.change(ctx, func(t *tx) error {
		t.exec("DELETE FROM ceremony WHERE until < $1", now.Format(ledger.TimeLayout))
		t.exec("INSERT INTO ceremony (id, data, until) VALUES ($1, $2, $3)", id, data, now.Add(life).Format(ledger.TimeLayout))
		var n int64
		if err := t.scan("SELECT COUNT(*) FROM ceremony", nil, &n); err != nil {
			return err
		}
		if n > maxCeremonies { // somebody begins without end: the oldest are given up
			t.exec("DELETE FROM ceremony WHERE id IN (SELECT id FROM ceremony ORDER BY until LIMIT $1)", n-maxCeremonies)
		}
		return t.err
	})
}

// Finish returns what Begin kept, once. The error wraps ErrNotFound.
func (d *Door) Finish(ctx context.Context, id string) (data string, err error) {
	err = d.w.db.Pool.QueryRowContext(ctx, "DELETE FROM ceremony WHERE id = $1 AND until >= $2 RETURNING data", id, d.w.now()).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("sign-in: %w", ErrNotFound)
	}
	if err != nil {
		return "", d.w.fail("sign-in", err)
	}
	return data, nil
}
