package ledger

import (
	"encoding/json"
	"fmt"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"
)

// Extra is what a proof carries beside hashes: the entry, so that it can be
// read, and its opening where whoever made the proof chose to tell.
type Extra struct {
	Entry   string   `json:"entry"` // the bytes of the leaf
	Opening *Opening `json:"opening,omitempty"`
}

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
