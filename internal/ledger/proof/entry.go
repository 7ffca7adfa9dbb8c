package proof

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
)

// TimeLayout is how times are written: UTC, to the microsecond.
const TimeLayout = "2006-01-02T15:04:05.000000Z"

// entryHeader begins every entry and names its format.
const entryHeader = "amparo-ledger-entry/v1"

// openingHeader separates commitments from any other use of the hash.
const openingHeader = "amparo-ledger-opening/v1\n"

// SaltSize is the length of a salt in bytes: enough that nobody can guess a
// detail and try it.
const SaltSize = 32

// ErrMalformed says that bytes are no entry.
var ErrMalformed = errors.New("malformed ledger entry")

// An Entry is one leaf of the tree.
type Entry struct {
	Time       time.Time // UTC; never before that of the entry before it
	Act        string    // "evidence.received"
	Commitment [sha256.Size]byte
}

// Marshal returns the bytes of the leaf: four lines, the same for the same entry.
func (e Entry) Marshal() []byte {
	return fmt.Appendf(nil, "%s\n%s\n%s\n%x\n", entryHeader, e.Time.UTC().Format(TimeLayout), e.Act, e.Commitment)
}

// ParseEntry reads what Marshal wrote and nothing else: no two texts give the
// same entry.
func ParseEntry(b []byte) (Entry, error) {
	lines := strings.Split(string(b), "\n")
	if len(lines) != 5 || lines[0] != entryHeader {
		return Entry{}, fmt.Errorf("%w: not four lines that begin with %q", ErrMalformed, entryHeader)
	}
	at, err := time.Parse(TimeLayout, lines[1])
	if err != nil {
		return Entry{}, fmt.Errorf("%w: time: %w", ErrMalformed, err)
	}
	e := Entry{Time: at, Act: lines[2]}
	sum, err := hex.DecodeString(lines[3])
	if err != nil || len(sum) != sha256.Size || !isAct(e.Act) {
		return Entry{}, fmt.Errorf("%w: act or commitment", ErrMalformed)
	}
	copy(e.Commitment[:], sum)
	if !bytes.Equal(e.Marshal(), b) {
		return Entry{}, fmt.Errorf("%w: not as it would be written", ErrMalformed)
	}
	return e, nil
}

// An Opening tells what an entry is about. Whoever has it can check it
// against the entry; without it the entry tells nothing of a person.
type Opening struct {
	Salt   []byte `json:"salt"`   // SaltSize bytes, base64 in JSON
	Detail string `json:"detail"` // JSON, as it was committed to, byte for byte
}

// isAct reports whether s names an act: words of small letters, digits and
// underscores that begin with a letter, with points between them.
func isAct(s string) bool {
	for i, word := range strings.Split(s, ".") {
		if word == "" || word[0] < 'a' || word[0] > 'z' {
			return false
		}
		for _, c := range []byte(word) {
			small := c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_' && i > 0
			if !small {
				return false
			}
		}
	}
	return true
}

// Commitment is the hash that an entry carries.
func (o Opening) Commitment() [sha256.Size]byte {
	h := sha256.New()
	h.Write([]byte(openingHeader))
	h.Write(o.Salt)
	h.Write([]byte(o.Detail))
	return [sha256.Size]byte(h.Sum(nil))
}

// Opens reports whether o is what e committed to.
func (o Opening) Opens(e Entry) bool {
	return len(o.Salt) == SaltSize && o.Commitment() == e.Commitment
}
