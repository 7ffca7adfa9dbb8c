package ledger

import (
	"encoding/json"
	"fmt"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/amparo-project/amparo/internal/ledger/proof"
)

// Prove returns a proof, in the form of c2sp.org/tlog-proof, that entry number
// index is in the tree of n entries that checkpoint signs.
func Prove(index, n int64, r tlog.HashReader, checkpoint []byte, x Extra) ([]byte, error) {
	if index < 0 || index >= n {
		return nil, fmt.Errorf("entry %d is not in a ledger of %d entries", index, n)
	}
	p, err := tlog.ProveRecord(n, index, r)
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	extra, err := json.Marshal(x)
	if err != nil {
		return nil, err
	}
	return torchwood.FormatProofWithExtraData(index, extra, p, checkpoint), nil
}

// Consist returns a proof that the tree of n entries that checkpoint signs
// begins with its first old entries, as proof.Consistency takes it.
func Consist(old, n int64, r tlog.HashReader, checkpoint []byte) ([]byte, error) {
	if old < 0 || old > n {
		return nil, fmt.Errorf("a ledger of %d entries does not continue one of %d", n, old)
	}
	var path tlog.TreeProof
	if old > 0 && old < n {
		var err error
		if path, err = tlog.ProveTree(n, old, r); err != nil {
			return nil, fmt.Errorf("ledger: %w", err)
		}
	}
	return proof.FormatConsistency(old, path, checkpoint), nil
}
