package workspace

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/amparo-project/amparo/internal/ledger"
	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/vault"
)

// keptFor is how long what a job made waits to be fetched.
const keptFor = 7 * 24 * time.Hour

// A JobOutput is what a job of kind JobExport makes: an exhibit, or the report
// of a run.
type JobOutput struct {
	Subject   string   `json:"subject,omitempty"` // of an exhibit: C-…, E-… or F-…
	Recipient string   `json:"recipient,omitempty"`
	Evidence  string   `json:"evidence,omitempty"`  // how much of it: all, needed, none
	Formats   []string `json:"formats,omitempty"`   // of its reports
	Languages []string `json:"languages,omitempty"` // none: all
	Pack      string   `json:"pack,omitempty"`      // zip or tar; "": zip
	Run       string   `json:"run,omitempty"`       // of a report; of an exhibit: the latest where it is ""
	Format    string   `json:"format,omitempty"`    // of a report
}

// Kept is what a job made, sealed for its case in the vault until it is fetched.
// It goes with the consent that it rests on, and after seven days.
type Kept struct {
	Bundle  string
	Job     string
	Case    string
	Begun   string // the first attempt that it is of
	Made    string // "": it is not whole
	Until   string
	Bytes   int64
	Private KeptPrivate
	Key     seal.Identity // of the bundle
}

// KeptPrivate is sealed under the key of the case.
type KeptPrivate struct {
	JobOutput
	Name   string   `json:"name"` // of the file
	Type   string   `json:"type"` // media type
	Of     []string `json:"of"`   // evidence
	SHA256 string   `json:"sha256"`
}

// BeginKept begins to keep what a job makes of some evidence, or goes on with
// what an attempt before left, if that was begun by the same mark, which is not
// "". What was begun by another goes; destroyed are its segments, which the
// caller deletes. The error wraps ErrExists where it is whole.
func (w *Workspace) BeginKept(ctx context.Context, j *Job, mark string, evidence []string) (k Kept, destroyed []string, err error) {
	err = w.act(ctx, func(t *tx) error {
		recipient, err := t.member(j.Case, ActReport)
		if err != nil {
			return err
		}
		if k, err = t.leftKept(j, mark, &destroyed); err != nil || k.Bundle != "" {
			return err
		}
		k = Kept{Bundle: newID("O"), Job: j.ID, Case: j.Case, Begun: t.now}
		if k.Key, err = seal.NewIdentity(); err != nil {
			return err
		}
		wrapped, err := seal.Seal(recipient, []byte(k.Key.Secret()))
		if err != nil {
			return err
		}
		t.exec("INSERT INTO kept (bundle, job_id, case_id, wrapped, bytes, begun, mark, made, until) VALUES ($1, $2, $3, $4, 0, $5, $6, '', '')",
			k.Bundle, j.ID, j.Case, wrapped, k.Begun, k.marked(mark))
		for _, id := range evidence {
			var n int
			err := t.scan("SELECT COUNT(*) FROM evidence WHERE id = $1 AND case_id = $2 AND state = $3", []any{id, j.Case, Stored}, &n)
			if err == nil && n == 0 {
				err = fmt.Errorf("evidence %s: %w", id, ErrErased)
			}
			if err != nil {
				return err
			}
			t.exec("INSERT INTO kept_evidence (bundle, evidence_id) VALUES ($1, $2)", k.Bundle, id)
		}
		return t.err
	})
	return k, destroyed, err
}

// leftKept returns what an attempt before left, where this one goes on with it,
// and deletes it otherwise.
func (t *tx) leftKept(j *Job, mark string, destroyed *[]string) (k Kept, err error) {
	var wrapped []byte
	var had string
	err = t.scan("SELECT bundle, wrapped, begun, mark, made FROM kept WHERE job_id = $1 AND case_id = $2", []any{j.ID, j.Case}, &k.Bundle, &wrapped, &k.Begun, &had, &k.Made)
	switch {
	case errors.Is(err, ErrNotFound):
		return Kept{}, nil
	case err != nil:
		return k, err
	case k.Made != "":
		return k, fmt.Errorf("result of job %s: %w", j.ID, ErrExists)
	}
	k.Job, k.Case = j.ID, j.Case
	if had != "" && mark != "" {
		key, err := t.w.caseKey(t.ctx, t, j.Case)
		if err != nil {
			return k, err
		}
		if k.Key, err = openKept(key, &k, wrapped); err != nil {
			return k, err
		}
		if hmac.Equal([]byte(had), []byte(k.marked(mark))) {
			return k, nil
		}
	}
	return Kept{}, t.dropKept(k.Bundle, destroyed)
}

// marked is a mark as the database has it: who reads that cannot try words.
func (k *Kept) marked(mark string) string {
	if mark == "" {
		return ""
	}
	h := hmac.New(sha256.New, []byte(k.Key.Secret()))
	h.Write([]byte(mark))
	return hex.EncodeToString(h.Sum(nil))
}

// openKept opens the key of what a job made.
func openKept(caseKey seal.Identity, k *Kept, wrapped []byte) (seal.Identity, error) {
	secret, err := seal.Open(caseKey.Forgetful(), wrapped)
	if err != nil {
		return seal.Identity{}, fmt.Errorf("key of the result of job %s: %w", k.Job, err)
	}
	return seal.ParseIdentity(string(secret))
}

// EndKept says that what a job made is whole, and in the same act that it
// leaves, once, however often this is called: x of an exhibit, nil of a report.
func (w *Workspace) EndKept(ctx context.Context, k *Kept, x *Export) error {
	return w.act(ctx, func(t *tx) error {
		recipient, err := t.member(k.Case, ActReport)
		if err != nil {
			return err
		}
		var made string
		if err := t.scan("SELECT made FROM kept WHERE bundle = $1 AND case_id = $2", []any{k.Bundle, k.Case}, &made); err != nil || made != "" {
			return err
		}
		if x != nil {
			if err := t.recordExport(x); err != nil {
				return err
			}
		} else {
			for _, ev := range k.Private.Of {
				t.record("evidence.exported", k.Case, ev, map[string]any{
					"case": k.Case, "evidence": ev, "what": k.Private.Run + " " + k.Private.Format, "sha256": k.Private.SHA256,
				})
			}
		}
		sealed, err := sealJSON(recipient, k.Private)
		if err != nil {
			return err
		}
		k.Made, k.Until = t.now, w.o.Now().UTC().Add(keptFor).Format(ledger.TimeLayout)
		t.exec("UPDATE kept SET sealed = $1, bytes = $2, made = $3, until = $4 WHERE bundle = $5", sealed, k.Bytes, k.Made, k.Until, k.Bundle)
		return t.err
	})
}

// Kept returns what a job made. The error wraps ErrNotFound where it is not
// whole, was deleted, or its time is over.
func (w *Workspace) Kept(ctx context.Context, job string) (k Kept, err error) {
	var wrapped, sealed []byte
	err = w.db.Pool.QueryRowContext(ctx, "SELECT bundle, job_id, case_id, wrapped, sealed, bytes, made, until FROM kept WHERE job_id = $1 AND made <> '' AND until > $2",
		job, w.o.Now().UTC().Format(ledger.TimeLayout)).Scan(&k.Bundle, &k.Job, &k.Case, &wrapped, &sealed, &k.Bytes, &k.Made, &k.Until)
	if errors.Is(err, sql.ErrNoRows) {
		return k, fmt.Errorf("result of job %s: %w", job, ErrNotFound)
	}
	if err != nil {
		return k, w.fail("result of a job", err)
	}
	if err := w.mayAll(ctx, k.Case, ActReport); err != nil {
		return Kept{}, err
	}
	key, err := w.caseKey(ctx, w.db.Pool, k.Case)
	if err != nil {
		return Kept{}, err
	}
	if k.Key, err = openKept(key, &k, wrapped); err != nil {
		return k, err
	}
	return k, openJSON(key.Forgetful(), sealed, &k.Private)
}

// keptUntil says until when what a job made can be fetched.
func (w *Workspace) keptUntil(ctx context.Context, j *Job) error {
	err := w.db.Pool.QueryRowContext(ctx, "SELECT COALESCE(MAX(until), '') FROM kept WHERE job_id = $1 AND until > $2",
		j.ID, w.o.Now().UTC().Format(ledger.TimeLayout)).Scan(&j.Kept)
	if err != nil {
		return w.fail("result of a job", err)
	}
	return nil
}

// dropKept deletes what a job made, with its key.
func (t *tx) dropKept(bundle string, destroyed *[]string) error {
	gone, err := t.texts("SELECT segment_id FROM segment_ref WHERE bundle = $1", 1, bundle)
	if err != nil {
		return err
	}
	t.exec("DELETE FROM segment_ref WHERE bundle = $1", bundle)
	t.exec("DELETE FROM bundle_batch WHERE bundle = $1", bundle)
	for _, s := range gone {
		t.exec("DELETE FROM segment WHERE id = $1", s[0])
		*destroyed = append(*destroyed, s[0])
	}
	t.exec("DELETE FROM kept_evidence WHERE bundle = $1", bundle)
	t.exec("DELETE FROM kept WHERE bundle = $1", bundle)
	return t.err
}

// dropKeptOf deletes what jobs made of an evidence.
func (t *tx) dropKeptOf(evidence string, destroyed *[]string) error {
	list, err := t.texts("SELECT bundle FROM kept_evidence WHERE evidence_id = $1 ORDER BY bundle", 1, evidence)
	for _, row := range list {
		err = errors.Join(err, t.dropKept(row[0], destroyed))
	}
	return err
}

// SweepKept deletes graphs whose time is over, what waited to be fetched for too long, and what jobs left
// that ended otherwise. The caller deletes the segments.
func (k *Worker) SweepKept(ctx context.Context) (destroyed []string, err error) {
	now := k.now()
	if _, err := k.db.Pool.ExecContext(ctx, "DELETE FROM linked WHERE until <= $1", now); err != nil {
		return nil, k.fail("graphs", err)
	}
	var n int
	const over = `FROM kept WHERE until <> '' AND until <= $1
		OR made = '' AND job_id IN (SELECT id FROM job WHERE state IN ('done', 'failed', 'cancelled'))`
	if err := k.db.Pool.QueryRowContext(ctx, "SELECT COUNT(*) "+over, now).Scan(&n); err != nil || n == 0 {
		return nil, k.db.Explain(err)
	}
	err = k.in(ctx, func(t *tx) error {
		list, err := t.texts("SELECT bundle "+over, 1, now)
		for _, row := range list {
			err = errors.Join(err, t.dropKept(row[0], &destroyed))
		}
		return err
	})
	return destroyed, err
}

// KeptIndex is the vault's index for what a job made: its segments are shared
// with nothing else.
func (w *Workspace) KeptIndex(k *Kept) vault.Index { return keptIndex{index{w}, k} }

type keptIndex struct {
	index
	k *Kept
}

// Parts implements vault.Index.
func (x keptIndex) Parts(ctx context.Context, bundle string) ([][]byte, error) {
	if err := x.w.mayAll(ctx, x.k.Case, ActReport); err != nil {
		return nil, err
	}
	return x.index.Parts(ctx, bundle)
}

// Same implements vault.Index: there is none.
func (keptIndex) Same(context.Context, string, []string) (map[string]vault.Found, error) {
	return nil, nil
}

// Commit implements vault.Index.
func (x keptIndex) Commit(ctx context.Context, bundle, caseID string, n int, sealed []byte, segments []vault.Segment) error {
	return x.commit(ctx, bundle, caseID, n, sealed, segments, func(t *tx) error {
		if _, err := t.member(caseID, ActReport); err != nil {
			return err
		}
		// Consent may have been withdrawn meanwhile, or another process has the job.
		if t.exec("UPDATE kept SET bytes = bytes WHERE bundle = $1 AND case_id = $2 AND made = ''", bundle, caseID) == 0 && t.err == nil {
			return fmt.Errorf("result of job %s: %w", x.k.Job, ErrErased)
		}
		return t.fenced("")
	})
}
