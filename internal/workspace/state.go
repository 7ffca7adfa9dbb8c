package workspace

import (
	"context"
	"errors"
	"time"

	"github.com/amparo-project/amparo/internal/ledger"
)

// Load is what waits in a workspace: counts, and nothing of a case.
type Load struct {
	Jobs    []JobCount
	Waiting time.Duration // of the job that waits longest; 0: none waits
	Entries int64         // of the ledger
}

// JobCount is how many jobs of a kind are in a state.
type JobCount struct {
	Kind, State string
	Count       int64
}

// someSegments is how many SomeSegments names.
const someSegments = 4

// SomeSegments names a few of the segments that the vault of a workspace has to
// hold; none where nothing was stored yet. It needs no identity.
func SomeSegments(ctx context.Context, db *DB) (list []string, err error) {
	rows, err := db.Pool.QueryContext(ctx, "SELECT id FROM segment ORDER BY id LIMIT $1", someSegments)
	if err != nil {
		return nil, db.Explain(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, db.Explain(err)
		}
		list = append(list, id)
	}
	return list, db.Explain(rows.Err())
}

// State reads the load of a workspace. It needs no identity.
func State(ctx context.Context, db *DB, now time.Time) (Load, error) {
	var s Load
	rows, err := db.Pool.QueryContext(ctx, "SELECT kind, state, COUNT(*) FROM job GROUP BY kind, state ORDER BY kind, state")
	if err != nil {
		return s, db.Explain(err)
	}
	defer rows.Close()
	for rows.Next() {
		var j JobCount
		if err := rows.Scan(&j.Kind, &j.State, &j.Count); err != nil {
			return s, db.Explain(err)
		}
		s.Jobs = append(s.Jobs, j)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return s, db.Explain(err)
	}
	var oldest string
	err = db.Pool.QueryRowContext(ctx, "SELECT COALESCE(MIN(created), '') FROM job WHERE state = 'waiting'").Scan(&oldest)
	if err != nil {
		return s, db.Explain(err)
	}
	if at, err := time.Parse(ledger.TimeLayout, oldest); err == nil {
		s.Waiting = max(0, now.Sub(at))
	}
	err = db.Pool.QueryRowContext(ctx, "SELECT size FROM ledger_head WHERE id = 1").Scan(&s.Entries)
	return s, db.Explain(err)
}
