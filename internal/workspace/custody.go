package workspace

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/amparo-project/amparo/internal/ledger"
)

func (w *Workspace) now() string { return w.o.Now().UTC().Format(ledger.TimeLayout) }

// ReadHashes implements tlog.HashReader over all of the ledger.
func (w *Workspace) hashes(ctx context.Context) tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		list, err := readHashes(ctx, w.db.Pool, indexes)
		return list, w.fail("hashes of the ledger", err)
	})
}

// An Act is one entry of the ledger as members see it.
type Act struct {
	N       int64          `json:"n"`
	Entry   string         `json:"entry"` // as it is public
	Opening ledger.Opening `json:"opening"`
}

// Acts lists the entries of the ledger about a subject: an evidence, a person,
// a case; "" for all that belong to the member's cases or to none. The person
// concerned sees those that are about them.
func (w *Workspace) Acts(ctx context.Context, subject string, p Page) (List[Act], error) {
	f, err := w.mineInLedger(ctx)
	if err != nil {
		return List[Act]{}, err
	}
	f.equal("subject", subject)
	return list(ctx, w, "SELECT n, data, salt, detail FROM ledger_entry", f, p, "n", func(rows *sql.Rows) (n int64, a Act, err error) {
		var data []byte
		err = rows.Scan(&a.N, &data, &a.Opening.Salt, &a.Opening.Detail)
		a.Entry = string(data)
		return a.N, a, err
	})
}

// mineInLedger restricts a query over the ledger to the entries that are about
// the acting member's cases, as far as their roles go, or about none. Those are
// the team's: the person concerned sees what is about them.
func (w *Workspace) mineInLedger(ctx context.Context) (filter, error) {
	f, err := w.mine(ctx, ActSee, "ledger_entry")
	if err != nil {
		return f, err
	}
	switch err := w.InTeam(ctx); {
	case err == nil:
		f.where[0] = "(case_id = '' OR " + f.where[0] + ")"
	case !errors.Is(err, ErrNotAllowed):
		return f, err
	}
	return f, nil
}

// LedgerSize is the number of entries.
func (w *Workspace) LedgerSize(ctx context.Context) (n int64, err error) {
	err = w.db.Pool.QueryRowContext(ctx, "SELECT size FROM ledger_head").Scan(&n)
	if err != nil {
		return 0, w.fail("ledger", err)
	}
	return n, nil
}

// Checkpoint signs the ledger as it is now and keeps the checkpoint: the next
// ones must continue it. One of the same size is returned as it was, with the
// cosignatures that it got.
func (w *Workspace) Checkpoint(ctx context.Context) (signed []byte, n int64, err error) {
	signer, err := w.signer(ctx)
	if err != nil {
		return nil, 0, err
	}
	if n, err = w.LedgerSize(ctx); err != nil {
		return nil, 0, err
	}
	if signed, err = w.kept(ctx, n); signed != nil || err != nil {
		return signed, n, err
	}
	if signed, err = ledger.Checkpoint(w.info.Origin, n, w.hashes(ctx), signer); err != nil {
		return nil, 0, err
	}
	_, err = w.db.Pool.ExecContext(ctx, "INSERT INTO ledger_checkpoint (n, note) VALUES ($1, $2) ON CONFLICT DO NOTHING", n, signed)
	if err != nil {
		return nil, 0, w.fail("checkpoint", err)
	}
	signed, err = w.kept(ctx, n) // another process may have been first
	return signed, n, err
}

// CheckpointAt returns the checkpoint of n entries that was made. The error
// wraps ErrNotFound.
func (w *Workspace) CheckpointAt(ctx context.Context, n int64) ([]byte, error) {
	signed, err := w.kept(ctx, n)
	if err == nil && signed == nil {
		err = fmt.Errorf("checkpoint of %d entries: %w", n, ErrNotFound)
	}
	return signed, err
}

func (w *Workspace) kept(ctx context.Context, n int64) ([]byte, error) {
	var signed []byte
	err := w.db.Pool.QueryRowContext(ctx, "SELECT note FROM ledger_checkpoint WHERE n = $1", n).Scan(&signed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, w.fail("checkpoint", err)
	}
	return signed, nil
}

// KeepCheckpoint replaces a checkpoint by the same with more cosignatures.
func (w *Workspace) KeepCheckpoint(ctx context.Context, n int64, signed []byte) error {
	if err := w.InTeam(ctx); err != nil {
		return err
	}
	_, err := w.db.Pool.ExecContext(ctx, "UPDATE ledger_checkpoint SET note = $1 WHERE n = $2", signed, n)
	if err != nil {
		return w.fail("checkpoint", err)
	}
	return nil
}

// Checkpoints returns all checkpoints that were made, the oldest first.
func (w *Workspace) Checkpoints(ctx context.Context) ([][]byte, error) {
	return w.blobs(ctx, "checkpoints", "SELECT note FROM ledger_checkpoint ORDER BY n")
}

// blobs reads one column of bytes; what says of what, for errors.
func (w *Workspace) blobs(ctx context.Context, what, query string, args ...any) (out [][]byte, err error) {
	rows, err := w.db.Pool.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, w.fail(what, err)
	}
	defer rows.Close()
	for rows.Next() {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			return nil, w.fail(what, err)
		}
		out = append(out, b)
	}
	return out, w.fail(what, rows.Err())
}

// Prove returns a proof that entry number i is in the ledger that a checkpoint
// of n entries signs; with its opening where open is set.
func (w *Workspace) Prove(ctx context.Context, i, n int64, checkpoint []byte, open bool) ([]byte, error) {
	var (
		data []byte
		o    ledger.Opening
	)
	f, err := w.mineInLedger(ctx)
	if err != nil {
		return nil, err
	}
	f.add("n = $?", i)
	err = w.db.Pool.QueryRowContext(ctx, f.query("SELECT data, salt, detail FROM ledger_entry WHERE @mine"), f.args...).Scan(&data, &o.Salt, &o.Detail)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("entry %d of the ledger: %w", i, ErrNotFound)
	}
	if err != nil {
		return nil, w.fail("ledger", err)
	}
	x := ledger.Extra{Entry: string(data)}
	if open {
		x.Opening = &o
	}
	return ledger.Prove(i, n, w.hashes(ctx), checkpoint, x)
}

// ProveConsistency returns a proof that the ledger of today continues the one of
// so many entries, with today's checkpoint, as proof.Consistency takes it. The
// error wraps ErrNotFound where there never were so many.
func (w *Workspace) ProveConsistency(ctx context.Context, old int64) ([]byte, error) {
	signed, n, err := w.Checkpoint(ctx)
	if err != nil {
		return nil, err
	}
	if old < 0 || old > n {
		return nil, fmt.Errorf("a ledger of %d entries: %w", old, ErrNotFound)
	}
	return ledger.Consist(old, n, w.hashes(ctx), signed)
}

// PublishLedger writes the ledger's public files up to a checkpoint, with the
// timestamps that it has.
func (w *Workspace) PublishLedger(ctx context.Context, dir string, n int64, checkpoint []byte) error {
	stamps, err := w.Timestamps(ctx)
	if err != nil {
		return err
	}
	for i := range stamps {
		if stamps[i].N > n {
			break // rising: the others are of more entries
		}
		if err := ledger.PublishStamp(dir, stamps[i].N, i, stamps[i].Token); err != nil {
			return err
		}
	}
	return ledger.Publish(dir, n, checkpoint, w.hashes(ctx), func(from, to int64) ([][]byte, error) {
		return w.blobs(ctx, "entries of the ledger", "SELECT data FROM ledger_entry WHERE n >= $1 AND n < $2 ORDER BY n", from, to)
	})
}
