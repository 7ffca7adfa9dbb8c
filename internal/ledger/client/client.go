// Package client verifies what a ledger hands out, trusting nothing but keys:
// checkpoints, proofs of single entries, and cosignatures of witnesses. It
// needs no workspace and no network.
package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/amparo-project/amparo/internal/ledger"
)

// ErrNotProven says that a proof does not hold.
var ErrNotProven = errors.New("not proven")

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
func Checkpoint(signed []byte, p torchwood.Policy) (torchwood.Checkpoint, error) {
	c, _, err := torchwood.VerifyCheckpoint(signed, p)
	if err != nil {
		return c, fmt.Errorf("checkpoint: %w: %w", ErrNotProven, err)
	}
	return c, nil
}

// Proven is what a proof of one entry shows.
type Proven struct {
	Index   int64
	Entry   ledger.Entry
	Opening *ledger.Opening // nil: the proof does not say what it is about
	Size    int64           // of the ledger that the checkpoint signs
}

// Proof verifies a proof of one entry. Nothing of it is returned unless all
// of it holds, the opening too.
func Proof(proof []byte, p torchwood.Policy) (*Proven, error) {
	raw, err := torchwood.ProofExtraData(proof)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotProven, err)
	}
	var x ledger.Extra
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields() // a name that was changed must not hide an opening
	if err := dec.Decode(&x); err != nil {
		return nil, fmt.Errorf("%w: the entry in the proof: %w", ErrNotProven, err)
	}
	if err := torchwood.VerifyProof(p, tlog.RecordHash([]byte(x.Entry)), proof); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotProven, err)
	}
	e, err := ledger.ParseEntry([]byte(x.Entry))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotProven, err)
	}
	if x.Opening != nil && !x.Opening.Opens(e) {
		return nil, fmt.Errorf("%w: the opening is not that of the entry", ErrNotProven)
	}
	_, signed, _ := strings.Cut(string(proof), "\n\n")
	c, err := Checkpoint([]byte(signed), p)
	if err != nil {
		return nil, err
	}
	index, err := indexOf(proof)
	return &Proven{Index: index, Entry: e, Opening: x.Opening, Size: c.N}, err
}

// indexOf reads the index line of a proof that holds.
func indexOf(proof []byte) (int64, error) {
	for line := range strings.Lines(string(proof)) {
		if s, ok := strings.CutPrefix(line, "index "); ok {
			return strconv.ParseInt(strings.TrimSpace(s), 10, 64)
		}
	}
	return 0, fmt.Errorf("%w: no index", ErrNotProven)
}
