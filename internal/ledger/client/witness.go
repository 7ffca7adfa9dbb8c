package client

import (
	"fmt"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/amparo-project/amparo/internal/ledger/proof"
)

// Cosign lets a witness sign a checkpoint: it must be signed by the ledger and
// continue before, the last one that the witness signed (nil: none), as path
// shows. It returns the checkpoint with the witness's line added.
func Cosign(signed, before []byte, path tlog.TreeProof, logKey string, w *torchwood.CosignatureSigner) ([]byte, error) {
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
		if err := proof.Continues(old.Tree, c.Tree, path); err != nil {
			return nil, err
		}
	}
	return add(signed, p, w)
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
