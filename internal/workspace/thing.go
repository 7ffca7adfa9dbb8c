package workspace

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// A Thing is what somebody wants to do something with: a case, or what belongs
// to one.
type Thing struct {
	Case     string
	Evidence string
	Run      string
	Job      string
	Entry    string // of the account
	Finding  string // of Run
}

// AllowsWith reports whether the acting member may do something with a thing,
// and returns it with its case and evidence. Of several fields that are given
// the smallest is meant, in the case, where one is given. With
// nothing given it asks what Allows does. The error wraps ErrNotAllowed,
// ErrNoAccess, or ErrNotFound, also for what is another's where the member may
// do it with their own alone.
func (w *Workspace) AllowsWith(ctx context.Context, d Deed, x Thing) (Thing, error) {
	var query, rows, id string
	switch {
	case x.Run != "":
		rows, id, query = "run", x.Run, "SELECT case_id, evidence_id FROM run WHERE id = $1"
	case x.Job != "":
		rows, id, query = "job", x.Job, "SELECT case_id, evidence_id FROM job WHERE id = $1"
	case x.Evidence != "":
		rows, id, query = "evidence", x.Evidence, "SELECT case_id, id FROM evidence WHERE id = $1"
	case x.Entry != "":
		rows, id, query = "account_entry", x.Entry, "SELECT case_id, '' FROM account_entry WHERE id = $1 LIMIT 1"
	case x.Case != "":
		_, err := w.may(ctx, w.db.Pool, x.Case, d)
		return x, err
	default:
		return x, w.Allows(ctx, d)
	}
	given := x.Case
	err := w.db.Pool.QueryRowContext(ctx, query, id).Scan(&x.Case, &x.Evidence)
	if errors.Is(err, sql.ErrNoRows) || err == nil && given != "" && given != x.Case {
		return x, fmt.Errorf("%s %s: %w", rows, id, ErrNotFound)
	}
	if err != nil {
		return x, w.fail(rows, err)
	}
	if x.Job != "" && x.Case == "" { // of the workspace: to look at it is to look at nobody's
		err := w.inTeam(ctx, w.db.Pool)
		if errors.Is(err, ErrNotAllowed) {
			return x, fmt.Errorf("%s %s: %w", rows, id, ErrNotFound)
		}
		if err == nil && d != ActSee {
			err = w.Allows(ctx, d)
		}
		return Thing{}, err
	}
	return x, w.mayWith(ctx, w.db.Pool, x.Case, d, rows, id)
}
