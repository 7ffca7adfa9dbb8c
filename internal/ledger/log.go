package ledger

import (
	"fmt"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// A Tx is the part of a database transaction that holds the tree. Hashes are
// numbered as tlog.StoredHashIndex does.
type Tx interface {
	tlog.HashReader
	// Size is the number of entries, which no other transaction may raise
	// before this one ends.
	Size() (int64, error)
	// Put stores entry number n and the hashes that it completes, of which
	// the first has the number first.
	Put(n int64, entry []byte, first int64, hashes []tlog.Hash) error
}

// Append adds an entry and returns its number. It is durable when the
// transaction is, and not before.
func Append(tx Tx, e Entry) (int64, error) {
	n, err := tx.Size()
	if err != nil {
		return 0, err
	}
	data := e.Marshal()
	if _, err := ParseEntry(data); err != nil {
		return 0, err
	}
	hashes, err := tlog.StoredHashes(n, data, tx)
	if err != nil {
		return 0, fmt.Errorf("ledger: %w", err)
	}
	return n, tx.Put(n, data, tlog.StoredHashIndex(0, n), hashes)
}

// Checkpoint signs the first n entries of the tree: a C2SP checkpoint.
func Checkpoint(origin string, n int64, r tlog.HashReader, signer note.Signer) ([]byte, error) {
	root, err := tlog.TreeHash(n, r)
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	c := torchwood.Checkpoint{Origin: origin, Tree: tlog.Tree{N: n, Hash: root}}
	signed, err := note.Sign(&note.Note{Text: c.String()}, signer)
	if err != nil {
		return nil, fmt.Errorf("sign checkpoint: %w", err)
	}
	return signed, nil
}
