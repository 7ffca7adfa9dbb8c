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

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/amparo-project/amparo/internal/ledger"
	"github.com/amparo-project/amparo/internal/ledger/client"
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
	return r, nil
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
func continues(old []byte, p torchwood.Policy, now torchwood.Checkpoint, tree hashes) error {
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
