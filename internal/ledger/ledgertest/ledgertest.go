// Package ledgertest makes small ledgers in memory, for tests of what verifies
// them.
package ledgertest

import (
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/amparo-project/amparo/internal/ledger"
)

// Origin is the name of the ledgers.
const Origin = "amparo.test/w"

// Ledger is a ledger in memory, with the key that signs it.
type Ledger struct {
	Key     string // public, in the vkey form
	Opens   []ledger.Opening
	Entries [][]byte

	t      testing.TB
	signer note.Signer
	hashes []tlog.Hash
}

// New makes a ledger of n entries with a key of its own.
func New(t testing.TB, n int) *Ledger {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, Origin)
	if err != nil {
		t.Fatal(err)
	}
	return By(t, skey, vkey, n)
}

// By makes a ledger of n entries that a key signs.
func By(t testing.TB, skey, vkey string, n int) *Ledger {
	t.Helper()
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	return grow(&Ledger{Key: vkey, t: t, signer: signer}, n)
}

// Of makes another ledger of n entries that the key of l signs too: a forgery.
func Of(t testing.TB, l *Ledger, n int) *Ledger {
	t.Helper()
	return grow(&Ledger{Key: l.Key, t: t, signer: l.signer}, n)
}

func grow(l *Ledger, n int) *Ledger {
	for i := range n {
		l.Append(fmt.Sprintf(`{"n":%d}`, i))
	}
	return l
}

// Size implements ledger.Tx.
func (l *Ledger) Size() (int64, error) { return int64(len(l.Entries)), nil }

// ReadHashes implements tlog.HashReader.
func (l *Ledger) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = l.hashes[x]
	}
	return out, nil
}

// Put implements ledger.Tx.
func (l *Ledger) Put(_ int64, entry []byte, _ int64, hashes []tlog.Hash) error {
	l.Entries, l.hashes = append(l.Entries, entry), append(l.hashes, hashes...)
	return nil
}

// Append adds an entry with a detail.
func (l *Ledger) Append(detail string) {
	l.t.Helper()
	o, err := ledger.NewOpening([]byte(detail))
	if err != nil {
		l.t.Fatal(err)
	}
	l.Opens = append(l.Opens, o)
	at := time.Date(2026, 1, 2, 3, 4, 5+len(l.Entries), 0, time.UTC)
	if _, err := ledger.Append(l, ledger.Entry{Time: at, Act: "case.created", Commitment: o.Commitment()}); err != nil {
		l.t.Fatal(err)
	}
}

// Checkpoint signs the ledger as it is.
func (l *Ledger) Checkpoint() []byte {
	l.t.Helper()
	return must(l.t)(ledger.Checkpoint(Origin, int64(len(l.Entries)), l, l.signer))
}

// Proof proves entry i, with its opening.
func (l *Ledger) Proof(i int64) []byte {
	l.t.Helper()
	return l.ProofWith(i, &l.Opens[i])
}

// ProofWith proves entry i with an opening that need not be its own.
func (l *Ledger) ProofWith(i int64, o *ledger.Opening) []byte {
	l.t.Helper()
	return must(l.t)(ledger.Prove(i, int64(len(l.Entries)), l, l.Checkpoint(), ledger.Extra{Entry: string(l.Entries[i]), Opening: o}))
}

// Consistency proves that the ledger begins with its first old entries.
func (l *Ledger) Consistency(old int64) []byte {
	l.t.Helper()
	return must(l.t)(ledger.Consist(old, int64(len(l.Entries)), l, l.Checkpoint()))
}

// Hash is the hash of a leaf.
func Hash(entry []byte) tlog.Hash { return tlog.RecordHash(entry) }

func must(t testing.TB) func([]byte, error) []byte {
	return func(b []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
}
