// Package inbrowser is how the pages verify what a ledger hands out: package
// proof, compiled to WebAssembly (module), with a request and an answer that
// need no parser in JavaScript.
//
// Start with Answer.
package inbrowser

import (
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/amparo-project/amparo/internal/ledger/proof"
)

// MaxRequest bounds a request in bytes.
const MaxRequest = 4 << 20

// Answer verifies what a request holds and says what came of it. Both are lists
// of names and values, each as its length in four bytes, the lowest first, and
// its text in UTF-8.
//
// A request has the ledger's "key", and either a "proof" of an entry or a "kept"
// checkpoint with the proof "consistency" that goes on from it. The answer has
// "holds" with "yes" or "no"; if not, the "reason" by which package proof names
// it, and the "error" in English; if so, what was shown.
func Answer(request []byte) []byte {
	in, ok := unpack(request)
	if !ok {
		return failed(string(proof.Malformed), "the request is cut")
	}
	policy, err := proof.Key(strings.TrimSpace(in["key"]))
	if err != nil {
		return failed(string(proof.ReasonOf(err)), err.Error())
	}
	var out []string
	if in["proof"] != "" {
		out, err = inclusion(lines(in["proof"]), policy)
	} else {
		out, err = consistency(lines(in["kept"]), lines(in["consistency"]), policy)
	}
	if err != nil {
		return failed(string(proof.ReasonOf(err)), err.Error())
	}
	return pack(append([]string{"holds", "yes"}, out...)...)
}

func failed(reason, err string) []byte {
	return pack("holds", "no", "reason", reason, "error", err)
}

func inclusion(file []byte, p proof.Policy) ([]string, error) {
	got, err := proof.Inclusion(file, p)
	if err != nil {
		return nil, err
	}
	out := []string{
		"entry", strconv.FormatInt(got.Index, 10), "time", got.Entry.Time.Format(proof.TimeLayout), "act", got.Entry.Act,
		"size", strconv.FormatInt(got.Checkpoint.N, 10), "origin", got.Checkpoint.Origin, "root", got.Checkpoint.Hash.String(), "signed", string(got.Signed),
	}
	if got.Opening != nil {
		out = append(out, "detail", got.Opening.Detail)
	}
	return out, nil
}

func consistency(kept, file []byte, p proof.Policy) ([]string, error) {
	old, now, err := proof.Consistency(kept, file, p)
	if err != nil {
		return nil, err
	}
	return []string{
		"before", strconv.FormatInt(old.N, 10), "size", strconv.FormatInt(now.N, 10), "origin", now.Origin, "root", now.Hash.String(),
	}, nil
}

// lines mends what a form or an editor does to a file: other line ends, empty
// lines before it and after it, no end of the last line.
func lines(s string) []byte {
	s = strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n"))
	return []byte(s + "\n")
}

// pack writes a list of texts.
func pack(texts ...string) []byte {
	var b []byte
	for _, s := range texts {
		b = append(binary.LittleEndian.AppendUint32(b, uint32(len(s))), s...)
	}
	return b
}

// unpack reads names and values.
func unpack(b []byte) (map[string]string, bool) {
	var texts []string
	for len(b) > 0 {
		if len(b) < 4 {
			return nil, false
		}
		n := uint64(binary.LittleEndian.Uint32(b))
		if b = b[4:]; n > uint64(len(b)) {
			return nil, false
		}
		texts, b = append(texts, string(b[:n])), b[n:]
	}
	out := map[string]string{}
	for i := 0; i+1 < len(texts); i += 2 {
		out[texts[i]] = texts[i+1]
	}
	return out, len(texts)%2 == 0
}
