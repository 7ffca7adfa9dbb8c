package bagit

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// maxManifest bounds a manifest in bytes: a million files have some hundred.
const maxManifest = 512 << 20

// Verify holds a bag that came from elsewhere to its manifests: each file that
// they list is there and has its hash, and no other is there. It returns the
// SHA-256 of the payload manifest. The error wraps ErrDiffers.
func Verify(dir string) (sum string, err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return "", fmt.Errorf("bag: %w", err)
	}
	b := &Bag{root: root, sums: map[string]string{}, size: map[string]int64{}}
	defer func() { err = errors.Join(err, b.Close()) }()
	for _, manifest := range []string{TagManifest, PayloadManifest} {
		if err := b.holds(root.FS(), manifest); err != nil {
			return "", err
		}
	}
	sum, listed := b.sums[PayloadManifest]
	if !listed {
		return "", fmt.Errorf("bag: %s: %w: it is not listed", PayloadManifest, ErrDiffers)
	}
	return sum, fs.WalkDir(root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || name == TagManifest || b.sums[name] != "" {
			return err
		}
		return fmt.Errorf("bag: %s: %w: it is in no manifest", name, ErrDiffers)
	})
}

// holds checks every file of fsys that a manifest in it lists.
func (b *Bag) holds(fsys fs.FS, manifest string) error {
	f, err := fsys.Open(manifest)
	if err != nil {
		return fmt.Errorf("bag: %w: %w", ErrDiffers, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxManifest+1)) //nolint:forbidigo // bounded
	if err != nil || len(data) > maxManifest {
		return fmt.Errorf("bag: %s: %w: it cannot be read", manifest, errors.Join(ErrDiffers, err))
	}
	for line := range strings.Lines(string(data)) {
		sum, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		name = decode(name)
		if raw, err := hex.DecodeString(sum); !ok || err != nil || len(raw) != sha256.Size || !fs.ValidPath(name) ||
			strings.HasPrefix(name, payload) != (manifest == PayloadManifest) || !b.hasIn(fsys, name, sum) {
			return fmt.Errorf("bag: %q: %w", name, ErrDiffers)
		}
	}
	return nil
}

// decode reads what Encode wrote.
func decode(name string) string {
	return strings.NewReplacer("%0A", "\n", "%0D", "\r", "%25", "%").Replace(name)
}
