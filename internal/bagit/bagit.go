// Package bagit writes bags by RFC 8493, version 1.0: a folder whose payload
// lies in data/ and is listed, with the SHA-256 of each file, in a manifest;
// and packs them into one file. Start with Open.
//
// A bag is whole when its last file, the tag manifest, is there. One that was
// interrupted is opened again: what is there under its name and has the hash
// that is wanted is not written again, and Finish removes what nobody asked
// for any more.
package bagit

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// Names of tag files.
const (
	Declaration     = "bagit.txt"
	Info            = "bag-info.txt"
	PayloadManifest = "manifest-sha256.txt"
	TagManifest     = "tagmanifest-sha256.txt"
	payload         = "data/"
)

// ErrDiffers says that what was written does not have the hash that it should
// have.
var ErrDiffers = errors.New("the bytes are not those that were recorded")

// A Bag is a bag in the making. Its methods are for one goroutine.
type Bag struct {
	root *os.Root
	sums map[string]string // by path in the bag, slash-separated
	size map[string]int64
	keep string // a file of the caller that is no part of the bag
}

// Open opens the folder dir, which must exist, to write a bag in it. keep
// names a file at its top that Finish leaves alone and does not list.
func Open(dir, keep string) (*Bag, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("bag: %w", err)
	}
	return &Bag{root: root, sums: map[string]string{}, size: map[string]int64{}, keep: keep}, nil
}

// Close closes the folder.
func (b *Bag) Close() error { return b.root.Close() }

// Put writes one file through fn; name is its path in the bag, "data/…" for
// the payload. Where sum is given, a file that has that hash already is left
// as it is, and fn must write bytes that have it: else ErrDiffers, and no file.
func (b *Bag) Put(name, sum string, fn func(io.Writer) error) (string, error) {
	if !fs.ValidPath(name) || name == "." {
		return "", fmt.Errorf("bag: %q is no path in a bag", name)
	}
	if sum != "" && b.has(name, sum) {
		return sum, nil
	}
	if err := b.root.MkdirAll(path.Dir(name), 0o700); err != nil {
		return "", fmt.Errorf("bag: %w", err)
	}
	got, err := b.write(name, sum, fn)
	if err != nil {
		return "", fmt.Errorf("bag: %s: %w", name, err)
	}
	return got, nil
}

// PutBytes writes one file.
func (b *Bag) PutBytes(name string, data []byte) error {
	_, err := b.Put(name, "", func(w io.Writer) error { _, err := w.Write(data); return err })
	return err
}

// has notes a file that is there with the hash.
func (b *Bag) has(name, sum string) bool { return b.hasIn(b.root.FS(), name, sum) }

// hasIn notes a file that lies in fsys with the hash.
func (b *Bag) hasIn(fsys fs.FS, name, sum string) bool {
	f, err := fsys.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err != nil || hex.EncodeToString(h.Sum(nil)) != sum {
		return false
	}
	b.sums[name], b.size[name] = sum, n
	return true
}

// partial ends the names of files that are being written.
const partial = ".partial"

// write writes a file under its name only once it is whole.
func (b *Bag) write(name, want string, fn func(io.Writer) error) (string, error) {
	part := name + partial
	f, err := b.root.OpenFile(part, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	count := &counter{w: io.MultiWriter(f, h)}
	err = fn(count)
	err = errors.Join(err, f.Close())
	sum := hex.EncodeToString(h.Sum(nil))
	if err == nil && want != "" && sum != want {
		err = fmt.Errorf("%w: SHA-256 %s instead of %s", ErrDiffers, sum, want)
	}
	if err != nil {
		return "", errors.Join(err, b.root.Remove(part))
	}
	if err := b.root.Rename(part, name); err != nil {
		return "", err
	}
	b.sums[name], b.size[name] = sum, count.n
	return sum, nil
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// FinishPayload writes the payload manifest and returns its SHA-256, which
// stands for all of the payload.
func (b *Bag) FinishPayload() (string, error) {
	return b.Put(PayloadManifest, "", func(w io.Writer) error { return manifest(w, b.sums, true) })
}

// A Field is a line of bag-info.txt.
type Field struct{ Label, Value string }

// Finish completes the bag: what is not of it is removed, and the tag
// manifest, which comes last, lists all other tag files.
func (b *Bag) Finish(info []Field) error {
	if err := b.PutBytes(Declaration, []byte("BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")); err != nil {
		return err
	}
	octets, files := int64(0), 0
	for name, n := range b.size {
		if strings.HasPrefix(name, payload) {
			octets, files = octets+n, files+1
		}
	}
	info = append(slices.Clone(info), Field{"Payload-Oxum", fmt.Sprintf("%d.%d", octets, files)})
	var text strings.Builder
	for _, f := range info {
		// One line a field: what would end it, or begin a new one, is a blank.
		fmt.Fprintf(&text, "%s: %s\n", f.Label, strings.Join(strings.Fields(f.Value), " "))
	}
	if err := b.PutBytes(Info, []byte(text.String())); err != nil {
		return err
	}
	if err := b.sweep(); err != nil {
		return fmt.Errorf("bag: %w", err)
	}
	_, err := b.Put(TagManifest, "", func(w io.Writer) error { return manifest(w, b.sums, false) })
	return err
}

// Manifest writes the payload manifest of a bag that lies elsewhere: sums are
// the SHA-256 of all its files by path. Put and FinishPayload write the same.
func Manifest(w io.Writer, sums map[string]string) error { return manifest(w, sums, true) }

// manifest writes the lines of a manifest in the order of names.
func manifest(w io.Writer, sums map[string]string, ofPayload bool) error {
	names := make([]string, 0, len(sums))
	for name := range sums {
		if strings.HasPrefix(name, payload) == ofPayload && name != TagManifest {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, cmp.Compare[string])
	for _, name := range names {
		if _, err := fmt.Fprintf(w, "%s  %s\n", sums[name], Encode(name)); err != nil {
			return err
		}
	}
	return nil
}

// Encode writes a path as manifests have it: RFC 8493, 2.1.3.
func Encode(name string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(name)
}

// sweep removes files that are not of the bag, and folders that hold none.
func (b *Bag) sweep() error {
	var dirs []string
	err := fs.WalkDir(b.root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir():
			dirs = append(dirs, name)
		case b.sums[name] == "" && name != b.keep:
			return b.root.Remove(name)
		}
		return nil
	})
	for _, name := range slices.Backward(dirs) {
		if name != "." {
			_ = b.root.Remove(name) // one that is not empty stays
		}
	}
	return err
}

// Adopt takes the payload as the payload manifest in the folder lists it. The
// error wraps ErrDiffers for a file that is not as it is listed.
func (b *Bag) Adopt() error { return b.AdoptFrom(b.root.FS()) }

// AdoptFrom is Adopt for a payload that lies elsewhere, with its manifest, and
// stays there: WriteFrom packs it from there.
func (b *Bag) AdoptFrom(fsys fs.FS) error { return b.holds(fsys, PayloadManifest) }
