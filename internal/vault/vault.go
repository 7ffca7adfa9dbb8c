// Package vault keeps evidence as it came: hashed while it is read once,
// encrypted by age in segments that can be read at any offset, identical
// segments of a case stored once, under names that tell nothing.
//
// A bundle is what one evidence, or the result of one run, consists of: a list
// of files, each a list of segments. Segments lie in a Store; the list, sealed,
// in an Index, which is the database. Start with Add and Open.
//
// What Add reported as stored is durable: segments are synced before the index
// knows them. What it did not report is invisible, and the next Add goes on
// from there.
package vault

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/seal"
)

// SegmentSize is how much of a file one segment holds, in bytes of clear text.
// An interrupted Add repeats at most one batch of that size.
const SegmentSize = 64 << 20

// Errors of this package.
var (
	// ErrChanged says that a file changed while it was read.
	ErrChanged = errors.New("it changed while it was read")
	// ErrDamaged says that what is stored is not what was stored.
	ErrDamaged = errors.New("the stored evidence is damaged")
)

// An Index remembers segments and lists. Its methods may be called by several
// processes at once.
type Index interface {
	// Parts returns the sealed parts of the list of a bundle, in order.
	Parts(ctx context.Context, bundle string) ([][]byte, error)
	// Same returns segments of the case by the hash of their clear text, as far
	// as there are any with one of sums that the caller can open.
	Same(ctx context.Context, caseID string, sums []string) (map[string]Found, error)
	// Commit stores part number n of a list together with its segments, all
	// or nothing. It fails where the part is there already.
	Commit(ctx context.Context, bundle, caseID string, n int, sealed []byte, segments []Segment) error
	// Segments returns the segments of a bundle by id.
	Segments(ctx context.Context, bundle string) (map[string]Segment, error)
}

// A Segment is one encrypted file of the store.
type Segment struct {
	ID           string
	SHA256       string // of the clear text, hex
	Size         int64  // of the clear text
	StoredSHA256 string // of the encrypted file, hex
	StoredSize   int64
	// Wrapped is the file key of a segment that another bundle brought, sealed
	// for this one. Empty: the segment's own header is for this bundle.
	Wrapped []byte
	// New says that the store has it only now.
	New bool
}

// Found is a segment that the case has, and the identity that opens it.
type Found struct {
	Segment
	Key seal.Identity
}

// A File is one file of a bundle, as the list has it.
type File struct {
	Path     string   `json:"path"` // slash-separated, relative, clean
	Size     int64    `json:"size"`
	Modified string   `json:"modified,omitempty"` // RFC 3339, as the file system said
	SHA256   string   `json:"sha256,omitempty"`   // of all of it
	Segments []string `json:"segments,omitempty"`
	// Note says why a name was not stored: a link, a pipe.
	Note string `json:"note,omitempty"`
	// State is that of the hash over the segments so far, of a file that is
	// not complete.
	State []byte `json:"state,omitempty"`
}

// whole reports whether all of the file is stored.
func (f *File) whole() bool { return f.SHA256 != "" || f.Note != "" }

// Sum is the SHA-256 over the list of files, as sha256sum prints it sorted by
// name: it stands for all of a bundle.
func Sum(files []File) string {
	list := slices.Clone(files)
	slices.SortFunc(list, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	h := sha256.New()
	for i := range list {
		if list[i].SHA256 != "" {
			fmt.Fprint(h, ManifestLine(list[i].SHA256, list[i].Path))
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// ManifestLine is one line as `sha256sum -c` reads it. A name with a line end
// or a backslash is escaped, as GNU coreutils does.
func ManifestLine(sum, name string) string {
	esc := strings.NewReplacer("\\", `\\`, "\n", `\n`, "\r", `\r`).Replace(name)
	if esc != name {
		sum = `\` + sum
	}
	return sum + "  " + esc + "\n"
}

// files reads the list of a bundle: later parts complete what earlier ones
// began.
func files(ctx context.Context, x Index, bundle string, key seal.Identity) (list []File, parts int, err error) {
	sealed, err := x.Parts(ctx, bundle)
	if err != nil {
		return nil, 0, err
	}
	at := map[string]int{}
	for n, part := range sealed {
		data, err := seal.Open(key, part)
		if err != nil {
			return nil, 0, fmt.Errorf("list of files, part %d: %w", n, err)
		}
		var some []File
		if err := json.Unmarshal(data, &some); err != nil {
			return nil, 0, fmt.Errorf("list of files, part %d: %w: %w", n, ErrDamaged, err)
		}
		for _, f := range some {
			if i, ok := at[f.Path]; ok {
				list[i] = f
				continue
			}
			at[f.Path] = len(list)
			list = append(list, f)
		}
	}
	return list, len(sealed), nil
}

// hashing counts and hashes what goes through.
type hashing struct {
	w io.Writer
	h interface {
		io.Writer
		Sum(b []byte) []byte
	}
	n int64
}

func newHashing(w io.Writer) *hashing { return &hashing{w: w, h: sha256.New()} }

func (h *hashing) Write(b []byte) (int, error) {
	n, err := h.w.Write(b)
	h.h.Write(b[:n]) //nolint:errcheck // a hash never fails
	h.n += int64(n)
	return n, err
}

func (h *hashing) sum() string { return hex.EncodeToString(h.h.Sum(nil)) }

// maxPart bounds the JSON of one part of a list, within what seal takes.
const maxPart = 4 * limit.MiB
