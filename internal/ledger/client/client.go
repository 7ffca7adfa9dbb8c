// Package client verifies what a ledger hands out by the keys of the ledger and
// of witnesses, and cosigns it for them. It needs no workspace and no network.
// What is verified, and how, is package proof.
package client

import (
	"fmt"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"

	"github.com/amparo-project/amparo/internal/ledger/proof"
)

// ErrNotProven says that a proof does not hold.
var ErrNotProven = proof.ErrNotProven

// Policy says whose signatures a checkpoint must carry: the ledger's own, and
// those of at least need of the witnesses. Keys are in the vkey form of
// c2sp.org/signed-note; those of witnesses are cosignature keys.
func Policy(logKey string, witnesses []string, need int) (torchwood.Policy, error) {
	v, err := note.NewVerifier(logKey)
	if err != nil {
		return nil, fmt.Errorf("key of the ledger: %w", err)
	}
	parts := make([]torchwood.Policy, 0, len(witnesses))
	for _, key := range witnesses {
		w, err := torchwood.NewCosignatureVerifier(key)
		if err != nil {
			return nil, fmt.Errorf("key of a witness: %w", err)
		}
		parts = append(parts, torchwood.SingleVerifierPolicy(w))
	}
	if need < 0 || need > len(parts) {
		return nil, fmt.Errorf("%d witnesses are wanted, and the keys of %d given", need, len(parts))
	}
	return torchwood.ThresholdPolicy(3, torchwood.SingleVerifierPolicy(v),
		torchwood.OriginPolicy(v.Name()), torchwood.ThresholdPolicy(need, parts...)), nil
}

// Checkpoint verifies a signed checkpoint.
func Checkpoint(signed []byte, p torchwood.Policy) (proof.Checkpoint, error) {
	return proof.Verify(signed, p)
}

// Proof verifies a proof of one entry. Nothing of it is returned unless all
// of it holds, the opening too.
func Proof(file []byte, p torchwood.Policy) (*proof.Proven, error) {
	return proof.Inclusion(file, p)
}
