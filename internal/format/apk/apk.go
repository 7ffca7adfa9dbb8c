// Package apk reads Android packages: their manifest, the certificates that
// they are signed with, the texts in their code.
//
// Start with Open. A package is made by whoever wants it run, and some are
// made to break readers: every length is checked, every entry is bounded, and
// what an entry lacks costs that entry alone.
//
// Formats: https://source.android.com/docs/security/features/apksigning,
// https://source.android.com/docs/core/runtime/dex-format, and ResourceTypes.h
// of https://android.googlesource.com/platform/frameworks/base for the binary
// XML of manifests and the table of resources.
package apk

import (
	"archive/zip"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/limit"
)

// Bounds of what is read of one package.
const (
	maxEntries   = 200_000         // files in it; the largest apps have some ten thousand
	maxDirectory = 64 * limit.MiB  // bytes of their list
	maxManifest  = 32 * limit.MiB  // bytes of a manifest, unpacked
	maxTable     = 256 * limit.MiB // bytes of the table of resources, unpacked
	maxDex       = 256 * limit.MiB // bytes of one file of code, unpacked
	maxUnpacked  = 2 * limit.GiB   // bytes unpacked in all
)

// The files in a package that have a fixed name.
const (
	manifestName = "AndroidManifest.xml"
	tableName    = "resources.arsc"
)

// An APK is an open package. It is not safe for concurrent use.
type APK struct {
	r        io.ReaderAt
	size     int64
	files    []*zip.File
	byName   map[string]*zip.File
	dirStart int64 // of the list of files: what is signed ends before it
	unpacked int64
	odd      []string
}

// Open reads the list of files of a package. The error wraps
// limit.ErrUnsupported where it is no zip archive that a phone would install,
// limit.ErrLimit where its list of files is beyond all measure.
func Open(r io.ReaderAt, size int64) (*APK, error) {
	start, err := directory(r, size)
	if err != nil {
		return nil, err
	}
	z, err := zip.NewReader(r, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, fmt.Errorf("%w: list of files: %w", limit.ErrCorrupt, err)
	}
	a := &APK{r: r, size: size, files: z.File, byName: make(map[string]*zip.File, len(z.File)), dirStart: start}
	for _, f := range z.File {
		if first := a.byName[f.Name]; first == nil {
			a.byName[f.Name] = f
		} else {
			a.note("the file " + f.Name + " is there twice")
		}
		if f.Flags&1 != 0 {
			a.note("a file is marked as encrypted, which a phone ignores")
		}
		if f.Method != zip.Store && f.Method != zip.Deflate {
			a.note("a file has a method of compression that does not exist, which a phone ignores")
		}
	}
	return a, nil
}

// endRecord is the record that ends a zip archive, without its comment.
const endRecord = 22

// directory finds the list of files, and refuses one that no phone would read:
// the zip reader takes memory for each entry.
func directory(r io.ReaderAt, size int64) (start int64, err error) {
	n := min(size, endRecord+0xffff)
	if n < endRecord {
		return 0, fmt.Errorf("%w: too short for a package", limit.ErrUnsupported)
	}
	tail := make([]byte, n)
	if m, err := r.ReadAt(tail, size-n); int64(m) < n {
		return 0, fmt.Errorf("read the end of the package: %w", err)
	}
	for i := len(tail) - endRecord; i >= 0; i-- {
		if string(tail[i:i+4]) != "PK\x05\x06" {
			continue
		}
		entries := binary.LittleEndian.Uint16(tail[i+10:])
		length := int64(binary.LittleEndian.Uint32(tail[i+12:]))
		start = int64(binary.LittleEndian.Uint32(tail[i+16:]))
		if entries == 0xffff || length > maxDirectory || length/46 > maxEntries {
			return 0, fmt.Errorf("%w: list of %d bytes with %d files", limit.ErrLimit, length, entries)
		}
		return start, nil
	}
	return 0, fmt.Errorf("%w: no zip archive", limit.ErrUnsupported)
}

// maxOdd bounds the list of oddities.
const maxOdd = 16

func (a *APK) note(s string) {
	if len(a.odd) < maxOdd && !slices.Contains(a.odd, s) {
		a.odd = append(a.odd, s)
	}
}

// Odd returns what was seen so far that no tool for making packages does, and
// that keeps others from reading it: a way to evade analysis.
func (a *APK) Odd() []string { return a.odd }

// Has reports whether the package holds a file of that name.
func (a *APK) Has(name string) bool { return a.byName[name] != nil }

// IsPackage reports whether the archive is an Android package.
func (a *APK) IsPackage() bool { return a.Has(manifestName) }

// ABIs returns the architectures that the package has native code for.
func (a *APK) ABIs() []string {
	var abis []string
	for _, f := range a.files {
		dir, _ := path.Split(f.Name)
		if abi, ok := strings.CutPrefix(strings.TrimSuffix(dir, "/"), "lib/"); ok && strings.HasSuffix(f.Name, ".so") && !slices.Contains(abis, abi) && len(abis) < maxOdd {
			abis = append(abis, abi)
		}
	}
	slices.Sort(abis)
	return abis
}

// Read returns the content of a file, at most max bytes of it.
func (a *APK) Read(name string, max int64) ([]byte, error) {
	f := a.byName[name]
	if f == nil {
		return nil, fmt.Errorf("%w: no file %s", limit.ErrCorrupt, name)
	}
	max = min(max, maxUnpacked-a.unpacked)
	data, err := a.read(f, max)
	a.unpacked += int64(len(data))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return data, nil
}

// read unpacks as a phone does: whatever is not deflated lies there as it is,
// and a mark of encryption means nothing.
func (a *APK) read(f *zip.File, max int64) ([]byte, error) {
	offset, err := f.DataOffset()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", limit.ErrCorrupt, err)
	}
	length := int64(f.CompressedSize64)
	if f.Method != zip.Deflate {
		length = int64(f.UncompressedSize64)
	}
	if length < 0 || offset > a.size-length {
		return nil, fmt.Errorf("%w: it ends behind the end of the package", limit.ErrCorrupt)
	}
	packed := io.NewSectionReader(a.r, offset, length)
	if f.Method != zip.Deflate {
		return limit.ReadAll(packed, max)
	}
	unpack := flate.NewReader(packed)
	defer unpack.Close()
	data, err := limit.ReadAll(unpack, max)
	if err != nil && !errors.Is(err, limit.ErrLimit) {
		return data, fmt.Errorf("%w: %w", limit.ErrCorrupt, err)
	}
	return data, err
}
