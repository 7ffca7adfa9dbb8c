package artifact

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
)

// Summing returns in with its SHA-256 in hex, which the run needs anyway: sum
// is asked for it at most once by a parser.
func (in *Input) Summing(sum func() (string, error)) *Input {
	other := *in
	other.sum = sum
	return &other
}

// SummingCompanions returns in with a way to the hashes of its companions: sums
// returns nil for one whose bytes the run does not hash.
func (in *Input) SummingCompanions(sums func(path string) func() (string, error)) *Input {
	other := *in
	other.sums = sums
	return &other
}

// SHA256 returns the hash of the whole input in hex. It is read for that where
// the run does not hash the same bytes for its manifest.
func (in *Input) SHA256() (string, error) {
	if in.sum != nil {
		return in.sum()
	}
	h := sha256.New()
	if _, err := io.CopyBuffer(struct{ io.Writer }{h}, io.NewSectionReader(in, 0, in.Size), make([]byte, 256<<10)); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
