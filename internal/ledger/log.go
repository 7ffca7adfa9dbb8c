package ledger

import (
	"bytes"
	"fmt"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/amparo-project/amparo/internal/ledger/proof"
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

// SizeOf reads how many entries a checkpoint signs, and verifies nothing.
func SizeOf(checkpoint []byte) (int64, error) {
	text, _, ok := bytes.Cut(checkpoint, []byte("\n\n"))
	if !ok {
		return 0, fmt.Errorf("%w: not a checkpoint", ErrMalformed)
	}
	c, err := proof.ParseCheckpoint(string(text) + "\n")
	if err != nil {
		return 0, err
	}
	return c.N, nil
}

// TextOf is the part of a checkpoint that is signed: what timestamps are of.
// It stays the same when cosignatures are added.
func TextOf(checkpoint []byte) ([]byte, error) {
	if _, err := SizeOf(checkpoint); err != nil {
		return nil, err
	}
	text, _, _ := bytes.Cut(checkpoint, []byte("\n\n"))
	return append(bytes.Clone(text), '\n'), nil
}
