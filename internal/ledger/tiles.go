package ledger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"
)

// StampDir holds timestamps of checkpoints, beside the tiles.
const StampDir = "timestamps"

// PublishStamp writes a timestamp of the checkpoint of n entries; i tells
// those of one checkpoint apart.
func PublishStamp(dir string, n int64, i int, token []byte) error {
	return put(dir, fmt.Sprintf("%s/%06d-%d.tsr", StampDir, n, i), token)
}

// CheckpointFile is the name of the checkpoint beside the tiles.
const CheckpointFile = "checkpoint"

// Publish writes the first n entries, their tiles and the checkpoint that
// signs them below dir, as c2sp.org/tlog-tiles lays them out. A full tile that
// is there already is left alone, for it never changes; the checkpoint is
// written last, so that what it signs is there. entries reads the leaves from
// one to before another, at most 256.
func Publish(dir string, n int64, checkpoint []byte, r tlog.HashReader, entries func(from, to int64) ([][]byte, error)) error {
	for _, t := range tlog.NewTiles(torchwood.TileHeight, 0, n) {
		name := torchwood.TilePath(t)
		if t.W == 1<<torchwood.TileHeight && exists(dir, name) {
			continue
		}
		data, err := tlog.ReadTileData(t, r)
		if err != nil {
			return fmt.Errorf("ledger: %w", err)
		}
		if err := put(dir, name, data); err != nil {
			return err
		}
	}
	for from := int64(0); from < n; from += 1 << torchwood.TileHeight {
		if err := publishBundle(dir, from, n, entries); err != nil {
			return err
		}
	}
	return put(dir, CheckpointFile, checkpoint)
}

// publishBundle writes the bundle of entries that begins at from.
func publishBundle(dir string, from, n int64, entries func(from, to int64) ([][]byte, error)) error {
	width := min(1<<torchwood.TileHeight, n-from)
	t := tlog.Tile{H: torchwood.TileHeight, L: -1, N: from >> torchwood.TileHeight, W: int(width)}
	name := torchwood.TilePath(t)
	if width == 1<<torchwood.TileHeight && exists(dir, name) {
		return nil
	}
	list, err := entries(from, from+width)
	if err != nil {
		return err
	}
	if int64(len(list)) != width {
		return fmt.Errorf("%w: ledger: %d of the %d entries from %d on", ErrMalformed, len(list), width, from)
	}
	var bundle []byte
	for i, data := range list {
		if bundle, err = torchwood.AppendTileEntry(bundle, data); err != nil {
			return fmt.Errorf("ledger: entry %d: %w", from+int64(i), err)
		}
	}
	return put(dir, name, bundle)
}

func exists(dir, name string) bool {
	_, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name)))
	return err == nil
}

// put writes a public file under its name once it is whole.
func put(dir, name string, data []byte) error {
	file := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil { //nolint:gosec // the ledger is public
		return fmt.Errorf("publish ledger: %w", err)
	}
	part := file + ".partial"
	if err := os.WriteFile(part, data, 0o644); err != nil { //nolint:gosec // the ledger is public
		return fmt.Errorf("publish ledger: %w", errors.Join(err, os.Remove(part)))
	}
	if err := os.Rename(part, file); err != nil {
		return fmt.Errorf("publish ledger: %w", err)
	}
	return nil
}

// ReadBundle returns the entries of the bundle that begins at entry from, of a
// ledger of n entries. Its errors name the file.
func ReadBundle(fsys fs.FS, from, n int64) ([][]byte, error) {
	width := min(1<<torchwood.TileHeight, n-from)
	t := tlog.Tile{H: torchwood.TileHeight, L: -1, N: from >> torchwood.TileHeight, W: int(width)}
	name := path.Clean(torchwood.TilePath(t))
	rest, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	list := make([][]byte, 0, width)
	for len(rest) > 0 {
		var data []byte
		if data, rest, err = torchwood.ReadTileEntry(rest); err != nil {
			return nil, fmt.Errorf("ledger: %s: %w", name, err)
		}
		list = append(list, data)
	}
	if int64(len(list)) != width {
		return nil, fmt.Errorf("ledger: %s: %w: %d entries instead of %d", name, ErrMalformed, len(list), width)
	}
	return list, nil
}
