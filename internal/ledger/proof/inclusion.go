package proof

import (
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// proofHeader begins a proof, by c2sp.org/tlog-proof.
const proofHeader = "c2sp.org/tlog-proof@v1\n"

// maxHashes bounds a proof: a tree that high has more entries than can be counted.
const maxHashes = 128

// Proven is what a proof of one entry shows.
type Proven struct {
	Index      int64
	Entry      Entry
	Opening    *Opening   // nil: the proof does not say what it is about
	Checkpoint Checkpoint // of the ledger that it is in
	Signed     []byte     // the checkpoint as it was signed
}

// Inclusion verifies a proof of one entry. Nothing of it is returned unless all
// of it holds, the opening too. The error wraps ErrNotProven.
func Inclusion(file []byte, p Policy) (*Proven, error) {
	rest, ok := strings.CutPrefix(string(file), proofHeader)
	if !ok {
		return nil, fail(Malformed, "%w: not a proof of an entry", ErrMalformed)
	}
	extra, rest, err := field(rest, "extra ")
	if err != nil {
		return nil, fail(Malformed, "%w", err)
	}
	at, rest, err := field(rest, "index ")
	if err != nil {
		return nil, fail(Malformed, "%w", err)
	}
	out := &Proven{}
	if out.Index, err = count(at); err != nil {
		return nil, fail(Malformed, "%w", err)
	}
	path, signed, err := hashes(rest)
	if err != nil {
		return nil, fail(Malformed, "%w", err)
	}
	x, err := entryOf(extra)
	if err != nil {
		return nil, fail(Malformed, "the entry in the proof: %w", err)
	}
	out.Signed = []byte(signed)
	if out.Checkpoint, err = Verify(out.Signed, p); err != nil {
		return nil, err
	}
	c := &out.Checkpoint
	if err := tlog.CheckRecord(path, c.N, c.Hash, out.Index, tlog.RecordHash([]byte(x.Entry))); err != nil {
		return nil, fail(NotIncluded, "entry %d: %w", out.Index, err)
	}
	if out.Entry, err = ParseEntry([]byte(x.Entry)); err != nil {
		return nil, fail(Malformed, "%w", err)
	}
	out.Opening = x.Opening
	if x.Opening != nil && !x.Opening.Opens(out.Entry) {
		return nil, fail(NotOpening, "the opening is not that of the entry")
	}
	return out, nil
}

// entryOf reads the line that holds the entry.
func entryOf(line string) (Extra, error) {
	b, err := base64.StdEncoding.Strict().DecodeString(line)
	if err != nil {
		return Extra{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return ParseExtra(string(b))
}

// field takes the line that begins with name, which must be the first.
func field(text, name string) (value, rest string, err error) {
	text, ok := strings.CutPrefix(text, name)
	if ok {
		value, rest, ok = strings.Cut(text, "\n")
	}
	if !ok {
		return "", "", fmt.Errorf("%w: no line %q where it should be", ErrMalformed, strings.TrimSpace(name))
	}
	return value, rest, nil
}

// hashes takes the lines of hashes up to an empty one.
func hashes(text string) (list []tlog.Hash, rest string, err error) {
	for {
		line, after, ok := strings.Cut(text, "\n")
		if !ok || len(list) > maxHashes {
			return nil, "", fmt.Errorf("%w: the hashes do not end", ErrMalformed)
		}
		if line == "" {
			return list, after, nil
		}
		h, err := hash(line)
		if err != nil {
			return nil, "", err
		}
		list, text = append(list, h), after
	}
}
