package proof

import (
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// FormatConsistency writes a proof that the ledger which signed signs begins
// with the first old entries, in the form in which c2sp.org/tlog-witness sends
// it to witnesses.
func FormatConsistency(old int64, p tlog.TreeProof, signed []byte) []byte {
	var b strings.Builder
	b.WriteString("old " + strconv.FormatInt(old, 10) + "\n")
	for _, h := range p {
		b.WriteString(h.String() + "\n")
	}
	b.WriteString("\n")
	b.Write(signed)
	return []byte(b.String())
}

// Consistency verifies that a ledger continues the one that the checkpoint kept
// signed, by a proof as FormatConsistency writes it. It returns both states.
// The error wraps ErrNotProven.
func Consistency(kept, file []byte, p Policy) (old, now Checkpoint, err error) {
	if old, err = Verify(kept, p); err != nil {
		return old, now, err
	}
	size, rest, err := field(string(file), "old ")
	if err != nil {
		return old, now, fail(Malformed, "%w", err)
	}
	n, err := count(size)
	if err != nil {
		return old, now, fail(Malformed, "%w", err)
	}
	path, signed, err := hashes(rest)
	if err != nil {
		return old, now, fail(Malformed, "%w", err)
	}
	if now, err = Verify([]byte(signed), p); err != nil {
		return old, now, err
	}
	if old.N <= now.N && n != old.N {
		return old, now, fail(NotTheOne, "the proof is of %d entries, and the checkpoint of %d", n, old.N)
	}
	return old, now, Continues(old.Tree, now.Tree, path)
}

// Continues verifies that the tree now begins with all of the tree old.
func Continues(old, now tlog.Tree, proof tlog.TreeProof) error {
	switch {
	case old.N > now.N:
		return fail(Shorter, "the ledger had %d entries and has %d", old.N, now.N)
	case old.N == now.N && old.Hash != now.Hash:
		return fail(Forked, "two ledgers of %d entries: a fork", now.N)
	case old.N == now.N, old.N == 0:
		return nil
	}
	if err := tlog.CheckTree(proof, now.N, now.Hash, old.N, old.Hash); err != nil {
		return fail(NotContinued, "the ledger does not continue what was signed before: %w", err)
	}
	return nil
}
