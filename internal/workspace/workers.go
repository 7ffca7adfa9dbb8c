package workspace

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/amparo-project/amparo/internal/seal"
)

// Workers is the key that all workers have.
type Workers struct {
	Recipient string `json:"recipient"` // age1…
	Added     string `json:"added"`
}

// Workers returns whom the keys of jobs are wrapped for. The error wraps
// ErrNotFound where there is nobody: jobs then run with the keys of members.
func (w *Workspace) Workers(ctx context.Context) (p Workers, err error) {
	err = w.db.Pool.QueryRowContext(ctx, "SELECT recipient, added FROM workers WHERE removed = ''").Scan(&p.Recipient, &p.Added)
	if errors.Is(err, sql.ErrNoRows) {
		return p, fmt.Errorf("workers: %w", ErrNotFound)
	}
	if err != nil {
		return p, w.fail("workers", err)
	}
	return p, nil
}

// SetWorkers names the workers of the workspace by the public half of their
// key, instead of those before. A job that is added from now on carries the key
// of its case for them, until it ends; webhooks are sealed for them. It is for managers.
func (w *Workspace) SetWorkers(ctx context.Context, recipient string) error {
	if _, err := seal.Seal(recipient, nil); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return w.act(ctx, func(t *tx) error {
		if err := t.manages(); err != nil {
			return err
		}
		now, err := t.workers()
		if err != nil {
			return err
		}
		if now == recipient {
			return errors.Join(t.poolHooks(recipient), t.shareWithWorkers()) // what was made before there was a pool
		}
		t.exec("UPDATE workers SET removed = $1, shared = NULL WHERE removed = ''", t.now)
		n := t.record("workers.added", "", "", map[string]any{"recipient": recipient})
		t.exec(`INSERT INTO workers (recipient, n, added, removed) VALUES ($1, $2, $3, '')
			ON CONFLICT (recipient) DO UPDATE SET n = excluded.n, added = excluded.added, removed = ''`, recipient, n, t.now)
		return errors.Join(t.poolHooks(recipient), t.shareWithWorkers())
	})
}

// RemoveWorkers has jobs run with the keys of members again. Those that carry
// a key for the workers keep it until they end; those that carry none end. It is for
// managers.
func (w *Workspace) RemoveWorkers(ctx context.Context) error {
	return w.act(ctx, func(t *tx) error {
		if err := t.manages(); err != nil {
			return err
		}
		now, err := t.workers()
		if err != nil {
			return err
		}
		if now == "" {
			return fmt.Errorf("workers: %w", ErrNotFound)
		}
		t.record("workers.removed", "", "", map[string]any{"recipient": now})
		t.exec("UPDATE workers SET removed = $1, shared = NULL WHERE removed = ''", t.now)
		t.exec(cancelJob+"queue = $2 AND wrapped IS NULL", t.w.now(), ForWorkers) // they carry no key that could still open
		return t.poolHooks("")
	})
}

// workers returns the recipient of the workers, "" where there are none.
func (t *tx) workers() (recipient string, err error) {
	err = t.scan("SELECT recipient FROM workers WHERE removed = ''", nil, &recipient)
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	return recipient, err
}

// ErrNotWorker says that a key is not, and never was, that of the workers.
var ErrNotWorker = errors.New("this key is not that of the workspace's workers")

// CheckWorkers reports whether an identity is that of the workers, now or
// before: jobs may be wrapped for it. removed is when it was replaced or removed,
// "" where it is the one that jobs are wrapped for. The errors wrap ErrNone and
// ErrNotWorker.
func CheckWorkers(ctx context.Context, db *DB, id seal.Identity) (info Info, removed string, err error) {
	w, err := Open(ctx, db, Options{})
	if err != nil {
		return info, "", err
	}
	err = db.Pool.QueryRowContext(ctx, "SELECT removed FROM workers WHERE recipient = $1", id.Recipient()).Scan(&removed)
	if errors.Is(err, sql.ErrNoRows) {
		return w.info, "", fmt.Errorf("%s: %w", db.Name, ErrNotWorker)
	}
	if err != nil {
		return w.info, "", w.fail("workers", err)
	}
	return w.info, removed, nil
}
