package client

import (
	"fmt"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Cosign lets a witness sign a checkpoint: it must be signed by the ledger and
// continue before, the last one that the witness signed (nil: none), as proof
// shows. It returns the checkpoint with the witness's line added.
func Cosign(signed, before []byte, proof tlog.TreeProof, logKey string, w *torchwood.CosignatureSigner) ([]byte, error) {
	p, err := Policy(logKey, nil, 0)
	if err != nil {
		return nil, err
	}
	c, err := Checkpoint(signed, p)
	if err != nil {
		return nil, err
	}
	if before != nil {
		old, err := Checkpoint(before, p)
		if err != nil {
			return nil, fmt.Errorf("the checkpoint signed before: %w", err)
		}
		if err := Continues(old.Tree, c.Tree, proof); err != nil {
			return nil, err
		}
	}
	return add(signed, p, w)
}

// Continues verifies that the tree now begins with all of the tree old.
func Continues(old, now tlog.Tree, proof tlog.TreeProof) error {
	switch {
	case old.N > now.N:
		return fmt.Errorf("%w: the ledger had %d entries and has %d", ErrNotProven, old.N, now.N)
	case old.N == now.N && old.Hash != now.Hash:
		return fmt.Errorf("%w: two ledgers of %d entries: a fork", ErrNotProven, now.N)
	case old.N == now.N, old.N == 0:
		return nil
	}
	if err := tlog.CheckTree(proof, now.N, now.Hash, old.N, old.Hash); err != nil {
		return fmt.Errorf("%w: the ledger does not continue what was signed before: %w", ErrNotProven, err)
	}
	return nil
}

// add puts one more signature under a checkpoint.
func add(signed []byte, known note.Verifiers, w note.Signer) ([]byte, error) {
	n, err := note.Open(signed, known)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	out, err := note.Sign(n, w)
	if err != nil {
		return nil, fmt.Errorf("cosign: %w", err)
	}
	return out, nil
}

// Merge adds the cosignatures of other, a copy of the same checkpoint, that
// hold by one of the witnesses' keys, and reports how many were new.
func Merge(signed, other []byte, logKey string, witnesses []string) (merged []byte, added int, err error) {
	own, err := Policy(logKey, nil, 0)
	if err != nil {
		return nil, 0, err
	}
	all, err := Policy(logKey, witnesses, 0)
	if err != nil {
		return nil, 0, err
	}
	mine, err := note.Open(signed, all)
	if err != nil {
		return nil, 0, fmt.Errorf("checkpoint: %w", err)
	}
	theirs, err := note.Open(other, all)
	if err != nil {
		return nil, 0, fmt.Errorf("cosigned checkpoint: %w: %w", ErrNotProven, err)
	}
	if _, err := note.Open(other, own); err != nil || mine.Text != theirs.Text {
		return nil, 0, fmt.Errorf("%w: it is not the same checkpoint", ErrNotProven)
	}
	have := map[note.Signature]bool{}
	for _, s := range mine.Sigs {
		have[s] = true
	}
	for _, s := range theirs.Sigs {
		if !have[s] {
			mine.Sigs, added = append(mine.Sigs, s), added+1
		}
	}
	out, err := note.Sign(mine)
	if err != nil {
		return nil, 0, fmt.Errorf("merge cosignatures: %w", err)
	}
	return out, added, nil
}
