package workspace

import (
	"context"
	"fmt"

	"github.com/amparo-project/amparo/internal/vault"
)

// maxParts bounds what is kept of one unfinished check.
const maxParts = 10_000

// A CheckPart is a segment of the vault that holds what finished parts of an
// unfinished check made, sealed for the evidence.
type CheckPart struct {
	Mark    string // a hash over all that it was made with
	Segment vault.Segment
}

// Unfinished is what a job keeps of the check of one piece of evidence, so that
// another attempt goes on from there. It goes when the job ends, however it
// does, and when the evidence is erased. It is of a workspace for a job (Under).
type Unfinished struct {
	w        *Workspace
	evidence string
	piece    int
}

// Unfinished returns what the job that acts keeps of a piece of evidence.
func (w *Workspace) Unfinished(evidence string, piece int) *Unfinished {
	return &Unfinished{w, evidence, piece}
}

// in runs fn in a transaction, where the member may check the evidence.
func (u *Unfinished) in(ctx context.Context, fn func(t *tx, job string) error) error {
	if u.w.fence == nil {
		return fmt.Errorf("%w: what is kept of a check is of a job", ErrInvalid)
	}
	return u.w.change(ctx, func(t *tx) error {
		if err := t.fenced(""); err != nil { // first: it also holds other writers off
			return err
		}
		var caseID string
		if err := t.scan("SELECT case_id FROM evidence WHERE id = $1 AND state = $2", []any{u.evidence, Stored}, &caseID); err != nil {
			return fmt.Errorf("evidence %s: %w", u.evidence, err)
		}
		if _, err := t.member(caseID, ActCheck); err != nil {
			return err
		}
		return fn(t, u.w.fence.job)
	})
}

// Add adds a part, whose segment is in the vault. The error wraps ErrLost where
// another process has the job.
func (u *Unfinished) Add(ctx context.Context, p CheckPart) error {
	return u.in(ctx, func(t *tx, job string) error {
		var n int
		if err := t.scan("SELECT COALESCE(MAX(n), 0) + 1 FROM check_part WHERE job_id = $1 AND evidence_id = $2 AND piece = $3",
			[]any{job, u.evidence, u.piece}, &n); err != nil {
			return err
		}
		if n > maxParts {
			return fmt.Errorf("%w: more than %d parts of a check", ErrInvalid, maxParts)
		}
		t.exec(`INSERT INTO check_part (job_id, evidence_id, piece, n, mark, segment_id, size, stored_sha256, stored_size)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			job, u.evidence, u.piece, n, p.Mark, p.Segment.ID, p.Segment.Size, p.Segment.StoredSHA256, p.Segment.StoredSize)
		return t.err
	})
}

// Parts lists what is kept under a mark, in the order of Add. What is kept under
// others is given up, and counted.
func (u *Unfinished) Parts(ctx context.Context, mark string) (parts []CheckPart, void int64, err error) {
	err = u.in(ctx, func(t *tx, job string) error {
		void = t.exec("UPDATE check_part SET mark = '' WHERE job_id = $1 AND evidence_id = $2 AND piece = $3 AND mark <> $4 AND mark <> ''",
			job, u.evidence, u.piece, mark)
		if t.err != nil {
			return t.err
		}
		rows, err := t.QueryContext(ctx, `SELECT segment_id, size, stored_sha256, stored_size FROM check_part
			WHERE job_id = $1 AND evidence_id = $2 AND piece = $3 AND mark = $4 ORDER BY n`, job, u.evidence, u.piece, mark)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			p := CheckPart{Mark: mark}
			if err := rows.Scan(&p.Segment.ID, &p.Segment.Size, &p.Segment.StoredSHA256, &p.Segment.StoredSize); err != nil {
				return err
			}
			parts = append(parts, p)
		}
		return rows.Err()
	})
	return parts, void, err
}

// GiveUp gives up all that is kept: the check is done, or begins anew.
func (u *Unfinished) GiveUp(ctx context.Context) error {
	return u.in(ctx, func(t *tx, job string) error {
		t.exec("UPDATE check_part SET mark = '' WHERE job_id = $1 AND evidence_id = $2 AND piece = $3", job, u.evidence, u.piece)
		return t.err
	})
}

// maxLeft is how many segments are given to be removed at once.
const maxLeft = 1000

// Left lists segments that unfinished checks kept and nobody needs any more:
// those of jobs that ended, and what jobs gave up. Who has removed them from the
// vault says so by Removed.
func (k *Worker) Left(ctx context.Context) (segments []string, err error) {
	rows, err := k.db.Pool.QueryContext(ctx, `SELECT segment_id FROM check_part p WHERE mark = '' OR NOT EXISTS
		(SELECT 1 FROM job j WHERE j.id = p.job_id AND j.state IN ('waiting', 'queued', 'running')) LIMIT $1`, maxLeft)
	if err != nil {
		return nil, k.fail("unfinished checks", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, k.fail("unfinished checks", err)
		}
		segments = append(segments, id)
	}
	return segments, k.fail("unfinished checks", rows.Err())
}

// Removed forgets segments of Left that are no longer in the vault.
func (k *Worker) Removed(ctx context.Context, segments []string) error {
	return k.in(ctx, func(t *tx) error {
		for _, id := range segments {
			t.exec("DELETE FROM check_part WHERE segment_id = $1", id)
		}
		return t.err
	})
}
