// Package ledger is the record that nobody can rewrite: an RFC 6962 Merkle
// tree of entries, published as C2SP tlog-tiles with checkpoints as signed
// notes. It proves that an act happened, at that time, in that order and
// unchanged, without saying about whom.
//
// An Entry is public: its time, the kind of act, and a commitment. An Opening
// is private: the salt and the detail that the commitment binds. Start with
// Append. What others need to check a ledger without trusting it lies in
// proof, client and fsck.
package ledger

import (
	"crypto/rand"
	"fmt"

	"github.com/amparo-project/amparo/internal/ledger/proof"
)

// What an entry is made of, as package proof reads it.
type (
	// Entry is one leaf of the tree.
	Entry = proof.Entry
	// Opening tells what an entry is about.
	Opening = proof.Opening
	// Extra is what a proof carries beside hashes.
	Extra = proof.Extra
)

// TimeLayout is how times are written: UTC, to the microsecond.
const TimeLayout = proof.TimeLayout

// SaltSize is the length of a salt in bytes.
const SaltSize = proof.SaltSize

// MaxDetail bounds the detail of an opening in bytes.
const MaxDetail = 32 << 10

// ErrMalformed says that bytes are no entry, or no checkpoint.
var ErrMalformed = proof.ErrMalformed

// ParseEntry reads what Entry.Marshal wrote and nothing else.
func ParseEntry(b []byte) (Entry, error) { return proof.ParseEntry(b) }

// NewOpening salts a detail.
func NewOpening(detail []byte) (Opening, error) {
	if len(detail) > MaxDetail {
		return Opening{}, fmt.Errorf("detail of a ledger entry: %d bytes are more than %d", len(detail), MaxDetail)
	}
	o := Opening{Salt: make([]byte, SaltSize), Detail: string(detail)}
	_, err := rand.Read(o.Salt)
	return o, err
}
