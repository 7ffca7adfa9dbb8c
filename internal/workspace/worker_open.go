package workspace

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/amparo-project/amparo/internal/seal"
)

// OpenJob opens the workspace for a job of the workers. It acts as the member
// who asked for the job, through the workers, and reaches the case of the job,
// whose key it carries, and no other.
func OpenJob(ctx context.Context, db *DB, now func() time.Time, workers seal.Identity, j *Job) (*Workspace, JobPrivate, error) {
	w, err := Open(ctx, db, Options{Now: now})
	if err != nil {
		return nil, JobPrivate{}, err
	}
	if jobKinds[j.Kind].none {
		if w.shared, err = w.sharedFor(ctx, workers); err != nil {
			return nil, JobPrivate{}, err
		}
		w, err = w.ofNone(ctx, workers.Recipient(), j.member)
		return w, JobPrivate{}, err
	}
	if j.byOrder() {
		if w.shared, err = w.sharedFor(ctx, workers); err != nil {
			return nil, JobPrivate{}, err
		}
		w, err = w.openOrdered(ctx, workers.Recipient(), j)
		return w, JobPrivate{}, err
	}
	secret, err := seal.Open(workers, j.wrapped)
	if errors.Is(err, seal.ErrWrongKey) { // it was queued after, or before, this key was the workers'
		return nil, JobPrivate{}, fmt.Errorf("key of case %s: %w: %w", j.Case, ErrLater, err)
	}
	if err != nil {
		return nil, JobPrivate{}, fmt.Errorf("key of case %s: %w", j.Case, err)
	}
	key, err := seal.ParseIdentity(string(secret))
	if err != nil {
		return nil, JobPrivate{}, err
	}
	if w.shared, err = w.sharedFor(ctx, workers); err != nil {
		return nil, JobPrivate{}, err
	}
	return w.forJob(ctx, key, workers.Recipient(), j.member, j)
}

// OpenJobKey is OpenJob where the key of the case is at hand: in the process
// that reads evidence for a worker, or for a member.
func OpenJobKey(ctx context.Context, db *DB, now func() time.Time, caseKey seal.Identity, through, member string, j *Job) (*Workspace, error) {
	w, err := Open(ctx, db, Options{Now: now})
	if err != nil {
		return nil, err
	}
	w, _, err = w.forJob(ctx, caseKey, through, member, j)
	return w, err
}

func (w *Workspace) forJob(ctx context.Context, key seal.Identity, through, member string, j *Job) (*Workspace, JobPrivate, error) {
	var private JobPrivate
	if err := openSealed(key, j.sealed, &private); err != nil {
		return nil, private, err
	}
	if err := w.actAs(ctx, member); err != nil {
		return nil, private, err
	}
	w.only = &oneCase{id: j.Case, key: key, through: through, links: j.Kind == JobLinks}
	return w, private, nil
}

// actAs has the workspace act as the member who asked for a job.
func (w *Workspace) actAs(ctx context.Context, member string) error {
	err := w.db.Pool.QueryRowContext(ctx, "SELECT id, name, recipient, created FROM member WHERE id = $1", member).
		Scan(&w.member.ID, &w.member.Name, &w.member.Recipient, &w.member.Created)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%s: %w", w.db.Name, ErrNotMember)
	}
	if err != nil {
		return w.fail("member", err)
	}
	return nil
}

// oneCase is all that a workspace reaches that was opened for a job.
type oneCase struct {
	id      string
	key     seal.Identity
	through string // recipient of the workers, "" for a member's own process
	links   bool   // the job compares the people of all cases of the member, with no key
}

// JobPrivate opens what is sealed for a job of the acting member.
func (w *Workspace) JobPrivate(ctx context.Context, j *Job) (private JobPrivate, err error) {
	switch {
	case jobKinds[j.Kind].none:
		return private, w.mayUpdate(ctx)
	case j.byOrder():
		return private, w.orderHolds(ctx, j)
	}
	key, _, err := w.enter(ctx, w.db.Pool, j.Case, j.deed())
	if err != nil {
		return private, err
	}
	return private, openSealed(key, j.sealed, &private)
}

func openSealed(key seal.Identity, sealed []byte, v any) error {
	if len(sealed) == 0 {
		return nil
	}
	return openJSON(key.Forgetful(), sealed, v)
}

// JobKey returns the key of the case of a job, for the process that reads its
// evidence, and whom a worker acts through.
func (w *Workspace) JobKey(ctx context.Context, j *Job) (key seal.Identity, through string, err error) {
	if w.only != nil {
		through = w.only.through
	}
	key, _, err = w.enter(ctx, w.db.Pool, j.Case, j.deed())
	return key, through, err
}
