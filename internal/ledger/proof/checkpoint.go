package proof

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// ErrNotProven says that a proof does not hold.
var ErrNotProven = errors.New("not proven")

// Reason says in one word why something is not proven, for those who tell it
// in a person's language.
type Reason string

// What can be wrong.
const (
	BadKey       Reason = "key"       // the key of the ledger is none
	Malformed    Reason = "malformed" // not the file that it should be
	NotSigned    Reason = "signature" // not signed by the key
	NotIncluded  Reason = "inclusion" // the entry is not in the ledger that was signed
	NotOpening   Reason = "opening"   // what is said of the entry is not what it commits to
	Shorter      Reason = "shorter"   // the ledger had more entries before
	Forked       Reason = "fork"      // two ledgers of as many entries
	NotContinued Reason = "rewritten" // the ledger does not begin with the older one
	NotTheOne    Reason = "other"     // the proof is of another checkpoint
)

// failure is an error with its reason.
type failure struct {
	reason Reason
	err    error
}

func (f *failure) Error() string   { return f.err.Error() }
func (f *failure) Unwrap() []error { return []error{ErrNotProven, f.err} }

// fail returns an error that wraps ErrNotProven.
func fail(reason Reason, format string, args ...any) error {
	return &failure{reason, fmt.Errorf("%w: "+format, append([]any{ErrNotProven}, args...)...)}
}

// ReasonOf is why something is not proven; Malformed where an error does not say.
func ReasonOf(err error) Reason {
	var f *failure
	if errors.As(err, &f) {
		return f.reason
	}
	return Malformed
}

// Policy says whose signatures a checkpoint must carry. Those of package
// torchwood are such.
type Policy interface {
	note.Verifiers
	// Check returns nil where the signatures, which were verified, suffice for
	// a ledger of that origin.
	Check(origin string, sigs []note.Signature) error
}

// ledgerKey wants the signature of the ledger itself, under its own name.
type ledgerKey struct{ of note.Verifier }

// Key is the policy that asks for the signature of a ledger alone. Its key is in
// the vkey form of c2sp.org/signed-note.
func Key(vkey string) (Policy, error) {
	v, err := note.NewVerifier(vkey)
	if err != nil {
		return nil, fail(BadKey, "key of the ledger: %w", err)
	}
	return ledgerKey{v}, nil
}

// Verifier implements note.Verifiers.
func (k ledgerKey) Verifier(name string, hash uint32) (note.Verifier, error) {
	return note.VerifierList(k.of).Verifier(name, hash)
}

// Check implements Policy.
func (k ledgerKey) Check(origin string, sigs []note.Signature) error {
	if origin != k.of.Name() {
		return fmt.Errorf("the origin is %q, not %q", origin, k.of.Name())
	}
	for _, s := range sigs {
		if s.Name == k.of.Name() && s.Hash == k.of.KeyHash() {
			return nil
		}
	}
	return fmt.Errorf("%s did not sign", k.of.Name())
}

// Checkpoint is a signed state of a ledger, as c2sp.org/tlog-checkpoint has it.
type Checkpoint struct {
	Origin string
	tlog.Tree
	Extension string // empty, or lines that each end with a newline
}

// maxCheckpoint bounds a checkpoint in bytes, as note.Open does.
const maxCheckpoint = 1e6

// ParseCheckpoint reads the signed text of a checkpoint.
func ParseCheckpoint(text string) (Checkpoint, error) {
	lines := strings.SplitN(text, "\n", 4)
	if len(lines) < 4 || len(text) > maxCheckpoint || lines[0] == "" {
		return Checkpoint{}, fmt.Errorf("%w: not a checkpoint", ErrMalformed)
	}
	c := Checkpoint{Origin: lines[0], Extension: lines[3]}
	var err error
	if c.N, err = count(lines[1]); err != nil {
		return Checkpoint{}, err
	}
	if c.Hash, err = hash(lines[2]); err != nil {
		return Checkpoint{}, err
	}
	for line := range strings.Lines(c.Extension) {
		if line == "\n" || !strings.HasSuffix(line, "\n") {
			return Checkpoint{}, fmt.Errorf("%w: not a checkpoint", ErrMalformed)
		}
	}
	return c, nil
}

// count reads a number of entries as it is written, and no other way.
func count(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != s {
		return 0, fmt.Errorf("%w: %q is no number of entries", ErrMalformed, s)
	}
	return n, nil
}

// hash reads a line of base64.
func hash(s string) (tlog.Hash, error) {
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != tlog.HashSize {
		return tlog.Hash{}, fmt.Errorf("%w: %q is no hash", ErrMalformed, s)
	}
	return tlog.Hash(b), nil
}

// Verify verifies a signed checkpoint. The error wraps ErrNotProven.
func Verify(signed []byte, p Policy) (Checkpoint, error) {
	n, err := note.Open(signed, p)
	if err != nil {
		reason := NotSigned
		if !strings.Contains(string(signed), "\n\n— ") {
			reason = Malformed
		}
		return Checkpoint{}, fail(reason, "checkpoint: %w", err)
	}
	c, err := ParseCheckpoint(n.Text)
	if err != nil {
		return Checkpoint{}, fail(Malformed, "checkpoint: %w", err)
	}
	if err := p.Check(c.Origin, n.Sigs); err != nil {
		return Checkpoint{}, fail(NotSigned, "checkpoint: %w", err)
	}
	// A policy that takes any origin would take the checkpoint of another ledger.
	if p.Check("check.invalid", n.Sigs) == nil {
		return Checkpoint{}, fail(NotSigned, "checkpoint: the policy does not ask whose ledger it is")
	}
	return c, nil
}
