package workspace

import (
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// ProveGrowth returns a proof that the ledger of to entries begins with that
// of from entries (RFC 6962, 2.1.2). The error wraps ErrNotFound for sizes
// that it does not have.
func (w *Workspace) ProveGrowth(ctx context.Context, from, to int64) (tlog.TreeProof, error) {
	size, err := w.LedgerSize(ctx)
	if err != nil {
		return nil, err
	}
	if from < 1 || from > to || to > size {
		return nil, fmt.Errorf("ledger from %d to %d of %d entries: %w", from, to, size, ErrNotFound)
	}
	proof, err := tlog.ProveTree(to, from, w.hashes(ctx))
	if err != nil {
		return nil, w.fail("ledger", err)
	}
	return proof, nil
}
