// Package fsck recomputes a whole ledger from its published files and trusts
// none of them: each entry, each tile, the checkpoint, and every checkpoint
// that somebody kept from earlier. Any edit, removal, reordering or fork of
// past entries is an error that names the place.
package fsck

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/amparo-project/amparo/internal/ledger"
	"github.com/amparo-project/amparo/internal/ledger/client"
	"github.com/amparo-project/amparo/internal/ledger/proof"
)

// ErrTampered says that a ledger is not what was signed.
var ErrTampered = errors.New("the ledger was changed")

// Report is what was found to hold.
type Report struct {
	Origin  string         `json:"origin"`
	Size    int64          `json:"size"` // entries
	Root    string         `json:"root"` // base64
	Acts    map[string]int `json:"acts"`
	Earlier int            `json:"earlier_checkpoints"` // that the ledger continues
	Stamps  []Stamped      `json:"timestamps,omitempty"`
}

// A Stamped is a timestamp that lies beside the ledger.
type Stamped struct {
	File  string    `json:"file"`
	Size  int64     `json:"size"` // entries that the ledger had
	Time  time.Time `json:"time,omitzero"`
	Holds bool      `json:"holds"` // false: no roots were given to verify it by
}

// hashes is a tree in memory.
type hashes []tlog.Hash

// ReadHashes implements tlog.HashReader.
func (h hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		if x < 0 || x >= int64(len(h)) {
			return nil, fmt.Errorf("hash %d is not in the tree", x)
		}
		out[i] = h[x]
	}
	return out, nil
}

// Check verifies the ledger in fsys against a policy, and that it continues
// each of the earlier checkpoints. The error wraps ErrTampered, or
// client.ErrNotProven where a signature does not hold.
func Check(fsys fs.FS, p torchwood.Policy, earlier ...[]byte) (*Report, error) {
	return CheckStamped(fsys, p, nil, earlier...)
}

// CheckStamped is Check, and verifies the timestamps beside the ledger too, by
// verify, which gets a token and the bytes that it must be of. nil: they are
// counted alone.
func CheckStamped(fsys fs.FS, p torchwood.Policy, verify func(token, text []byte) (time.Time, error), earlier ...[]byte) (*Report, error) {
	signed, err := fs.ReadFile(fsys, ledger.CheckpointFile)
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	c, err := client.Checkpoint(signed, p)
	if err != nil {
		return nil, err
	}
	r := &Report{Origin: c.Origin, Size: c.N, Root: c.Hash.String(), Acts: map[string]int{}}
	tree, err := rebuild(fsys, c.N, r)
	if err != nil {
		return nil, err
	}
	root, err := tlog.TreeHash(c.N, tree)
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	if root != c.Hash {
		return nil, fmt.Errorf("%w: the %d entries do not give the root that was signed", ErrTampered, c.N)
	}
	if err := tiles(fsys, c.N, tree); err != nil {
		return nil, err
	}
	for _, old := range earlier {
		if err := continues(old, p, c, tree); err != nil {
			return nil, err
		}
		r.Earlier++
	}
	return r, stamps(fsys, r, tree, verify)
}

// stamps verifies the timestamps: each is of the checkpoint of so many entries,
// as the tree gives it.
func stamps(fsys fs.FS, r *Report, tree hashes, verify func(token, text []byte) (time.Time, error)) error {
	list, err := fs.Glob(fsys, ledger.StampDir+"/*.tsr")
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	for _, name := range list {
		s := Stamped{File: name}
		digits, _, _ := strings.Cut(strings.TrimPrefix(name, ledger.StampDir+"/"), "-")
		if s.Size, err = strconv.ParseInt(digits, 10, 64); err != nil || s.Size < 0 {
			return fmt.Errorf("%w: %s: its name does not say of how many entries it is", ErrTampered, name)
		}
		if s.Size > r.Size {
			return fmt.Errorf("%w: %s is of %d entries, and there are %d", ErrTampered, name, s.Size, r.Size)
		}
		if verify != nil {
			if err := s.verify(fsys, r, tree, verify); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		r.Stamps = append(r.Stamps, s)
	}
	return nil
}

func (s *Stamped) verify(fsys fs.FS, r *Report, tree hashes, verify func(token, text []byte) (time.Time, error)) error {
	token, err := fs.ReadFile(fsys, s.File)
	if err != nil {
		return err
	}
	root, err := tlog.TreeHash(s.Size, tree)
	if err != nil {
		return err
	}
	c := torchwood.Checkpoint{Origin: r.Origin, Tree: tlog.Tree{N: s.Size, Hash: root}}
	s.Time, err = verify(token, []byte(c.String()))
	s.Holds = err == nil
	return err
}

// rebuild computes all hashes from the entries.
func rebuild(fsys fs.FS, n int64, r *Report) (hashes, error) {
	var (
		tree hashes
		last ledger.Entry
	)
	for from := int64(0); from < n; from += 1 << torchwood.TileHeight {
		list, err := ledger.ReadBundle(fsys, from, n)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrTampered, err)
		}
		for i, data := range list {
			e, err := ledger.ParseEntry(data)
			if err != nil {
				return nil, fmt.Errorf("%w: entry %d: %w", ErrTampered, from+int64(i), err)
			}
			if e.Time.Before(last.Time) {
				return nil, fmt.Errorf("%w: entry %d is older than the one before it", ErrTampered, from+int64(i))
			}
			last = e
			r.Acts[e.Act]++
			more, err := tlog.StoredHashes(from+int64(i), data, tree)
			if err != nil {
				return nil, fmt.Errorf("ledger: %w", err)
			}
			tree = append(tree, more...)
		}
	}
	return tree, nil
}

// tiles compares the published tiles with the tree.
func tiles(fsys fs.FS, n int64, tree hashes) error {
	for _, t := range tlog.NewTiles(torchwood.TileHeight, 0, n) {
		want, err := tlog.ReadTileData(t, tree)
		if err != nil {
			return fmt.Errorf("ledger: %w", err)
		}
		name := torchwood.TilePath(t)
		got, err := fs.ReadFile(fsys, name)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrTampered, err)
		}
		if !bytes.Equal(want, got) {
			return fmt.Errorf("%w: %s is not the tile of these entries", ErrTampered, name)
		}
	}
	return nil
}

// continues verifies an earlier checkpoint and that the tree still begins
// with what it signed.
func continues(old []byte, p torchwood.Policy, now proof.Checkpoint, tree hashes) error {
	c, err := client.Checkpoint(old, p)
	if err != nil {
		return fmt.Errorf("earlier checkpoint: %w", err)
	}
	if c.N > now.N {
		return fmt.Errorf("%w: an earlier checkpoint has %d entries, and now there are %d", ErrTampered, c.N, now.N)
	}
	root, err := tlog.TreeHash(c.N, tree)
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	if root != c.Hash {
		return fmt.Errorf("%w: the first %d entries are not those that an earlier checkpoint signed: history was rewritten or forked", ErrTampered, c.N)
	}
	return nil
}
