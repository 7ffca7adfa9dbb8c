package workspace

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/vault"
)

// IndexOf is the name of the bundle that holds what the result of a run is
// looked up by. It goes when the run goes.
func IndexOf(run string) string { return "I" + strings.TrimPrefix(run, "R") }

// runOfBundle is the run that a bundle f is of, in SQL.
const runOfBundle = "CASE WHEN f.bundle LIKE 'I-%' THEN 'R' || substr(f.bundle, 2) ELSE f.bundle END"

// Index returns the workspace as the vault's index.
func (w *Workspace) Index() vault.Index { return index{w} }

type index struct{ w *Workspace }

// Parts implements vault.Index.
func (x index) Parts(ctx context.Context, bundle string) ([][]byte, error) {
	if err := x.reaches(ctx, bundle); err != nil {
		return nil, err
	}
	return x.w.blobs(ctx, "list of files", "SELECT sealed FROM bundle_batch WHERE bundle = $1 ORDER BY part", bundle)
}

// reaches checks that the acting member may see the evidence, or the run's, that
// a bundle is. A run that is not stored yet is nobody's: it lists what its maker
// has.
func (x index) reaches(ctx context.Context, bundle string) error {
	var id, caseID string
	run := bundle
	if rest, ok := strings.CutPrefix(bundle, "I-"); ok {
		run = "R-" + rest
	}
	err := x.w.db.Pool.QueryRowContext(ctx, `SELECT id, case_id FROM evidence WHERE id = $1 OR id = (SELECT evidence_id FROM run WHERE id = $2)`, bundle, run).
		Scan(&id, &caseID)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return x.w.fail("evidence", err)
	}
	return x.w.mayWith(ctx, x.w.db.Pool, caseID, ActSee, "evidence", id)
}

// Same implements vault.Index.
func (x index) Same(ctx context.Context, caseID string, sums []string) (map[string]vault.Found, error) {
	found := map[string]vault.Found{}
	err := x.w.read(ctx, func(t *tx) error {
		if _, err := t.member(caseID, ActCheck); err != nil {
			return err
		}
		of := map[string]string{} // the evidence of each
		for part := range slices.Chunk(sums, namedAtOnce) {
			if err := t.same(caseID, part, found, of); err != nil {
				return err
			}
		}
		if len(found) == 0 {
			return nil
		}
		caseKey, err := x.w.caseKey(ctx, t, caseID)
		if err != nil {
			return err
		}
		keys := map[string]seal.Identity{}
		for sum, f := range found {
			id := of[sum]
			if _, ok := keys[id]; !ok {
				if keys[id], err = x.w.evidenceKey(ctx, t, id, caseKey); err != nil {
					return err
				}
			}
			f.Key = keys[id]
			found[sum] = f
		}
		return nil
	})
	return found, err
}

// same adds the segments of a case with one of sums, and the evidence whose key
// opens each. A run's are sealed for its evidence. What an interrupted check
// stored belongs to no run, and is of no use.
func (t *tx) same(caseID string, sums []string, found map[string]vault.Found, of map[string]string) error {
	var f filter
	f.equal("s.case_id", caseID)
	f.among("s.sha256", sums)
	rows, err := t.QueryContext(t.ctx, f.query(`SELECT s.id, s.sha256, s.size, s.stored_sha256, s.stored_size, f.wrapped, e.id
		FROM segment s JOIN segment_ref f ON f.segment_id = s.id
		LEFT JOIN run u ON u.id = `+runOfBundle+` JOIN evidence e ON e.id = COALESCE(u.evidence_id, f.bundle)
		WHERE @mine AND e.wrapped IS NOT NULL ORDER BY s.id, f.bundle`), f.args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var s vault.Segment
		var evidence string
		if err := rows.Scan(&s.ID, &s.SHA256, &s.Size, &s.StoredSHA256, &s.StoredSize, &s.Wrapped, &evidence); err != nil {
			return err
		}
		if _, ok := found[s.SHA256]; !ok {
			found[s.SHA256], of[s.SHA256] = vault.Found{Segment: s}, evidence
		}
	}
	return rows.Err()
}

// Commit implements vault.Index.
func (x index) Commit(ctx context.Context, bundle, caseID string, n int, sealed []byte, segments []vault.Segment) error {
	return x.commit(ctx, bundle, caseID, n, sealed, segments, func(t *tx) error {
		_, err := t.member(caseID, ActCheck)
		return err
	})
}

// commit is Commit for who may.
func (x index) commit(ctx context.Context, bundle, caseID string, n int, sealed []byte, segments []vault.Segment, may func(*tx) error) error {
	return x.w.change(ctx, func(t *tx) error {
		if err := may(t); err != nil {
			return err
		}
		if t.exec("INSERT INTO bundle_batch (bundle, part, sealed) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", bundle, n, sealed) == 0 && t.err == nil {
			return fmt.Errorf("%s: %w", bundle, ErrBusy)
		}
		added := rowInserter{t: t, query: "INSERT INTO segment (id, case_id, sha256, size, stored_sha256, stored_size) VALUES "}
		refs := rowInserter{t: t, query: "INSERT INTO segment_ref (bundle, segment_id, wrapped) VALUES ", end: " ON CONFLICT DO NOTHING"}
		for i := range segments {
			s := &segments[i]
			if s.New {
				added.add(s.ID, caseID, s.SHA256, s.Size, s.StoredSHA256, s.StoredSize)
			}
		}
		added.flush() // before what refers to them
		for i := range segments {
			wrapped := segments[i].Wrapped
			if wrapped == nil {
				wrapped = []byte{}
			}
			refs.add(bundle, segments[i].ID, wrapped)
		}
		refs.flush()
		return nil
	})
}

// Segments implements vault.Index.
func (x index) Segments(ctx context.Context, bundle string) (map[string]vault.Segment, error) {
	if err := x.reaches(ctx, bundle); err != nil {
		return nil, err
	}
	rows, err := x.w.db.Pool.QueryContext(ctx, `SELECT s.id, s.sha256, s.size, s.stored_sha256, s.stored_size, f.wrapped
		FROM segment_ref f JOIN segment s ON s.id = f.segment_id WHERE f.bundle = $1`, bundle)
	if err != nil {
		return nil, x.w.fail("segments", err)
	}
	defer rows.Close()
	out := map[string]vault.Segment{}
	for rows.Next() {
		var s vault.Segment
		if err := rows.Scan(&s.ID, &s.SHA256, &s.Size, &s.StoredSHA256, &s.StoredSize, &s.Wrapped); err != nil {
			return nil, x.w.fail("segments", err)
		}
		out[s.ID] = s
	}
	return out, x.w.fail("segments", rows.Err())
}

// KnownSegments returns the ids of all segments of the vault that something
// refers to.
func (w *Workspace) KnownSegments(ctx context.Context) (map[string]bool, error) {
	if err := w.InTeam(ctx); err != nil {
		return nil, err
	}
	rows, err := w.db.Pool.QueryContext(ctx, "SELECT id FROM segment UNION ALL SELECT segment_id FROM check_part")
	if err != nil {
		return nil, w.fail("segments", err)
	}
	defer rows.Close()
	known := map[string]bool{}
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, w.fail("segments", err)
		}
		known[id] = true
	}
	return known, w.fail("segments", rows.Err())
}

// DropUnsaved forgets results whose run was never written: their check was
// interrupted in between. It leaves those of which a segment is not among old,
// for their check may still be at work; where it takes one for old that is not,
// the run is refused with ErrBusy, and the check made again.
func (w *Workspace) DropUnsaved(ctx context.Context, old func(segment string) bool) (n int, err error) {
	if err := w.InTeam(ctx); err != nil {
		return 0, err
	}
	err = w.act(ctx, func(t *tx) error {
		refs, err := t.texts("SELECT f.bundle, f.segment_id FROM segment_ref f WHERE (f.bundle LIKE 'R-%' OR f.bundle LIKE 'I-%')"+
			" AND NOT EXISTS (SELECT 1 FROM run r WHERE r.id = "+runOfBundle+") ORDER BY f.bundle", 2)
		if err != nil {
			return err
		}
		drop := map[string]bool{}
		for _, r := range refs {
			was, seen := drop[r[0]]
			drop[r[0]] = (was || !seen) && old(r[1])
		}
		for _, bundle := range slices.Sorted(maps.Keys(drop)) {
			if !drop[bundle] {
				continue
			}
			n++
			if _, err := t.dropBundle(bundle); err != nil {
				return err
			}
		}
		return t.err
	})
	return n, err
}

// dropBundle forgets a bundle, and returns the segments that only it had.
func (t *tx) dropBundle(bundle string) (gone []string, err error) {
	rows, err := t.texts(`SELECT segment_id FROM segment_ref a WHERE bundle = $1
		AND NOT EXISTS (SELECT 1 FROM segment_ref b WHERE b.segment_id = a.segment_id AND b.bundle <> $1)`, 1, bundle)
	if err != nil {
		return nil, err
	}
	t.exec("DELETE FROM segment_ref WHERE bundle = $1", bundle)
	t.exec("DELETE FROM bundle_batch WHERE bundle = $1", bundle)
	for _, s := range rows {
		t.exec("DELETE FROM segment WHERE id = $1", s[0])
		gone = append(gone, s[0])
	}
	return gone, t.err
}
