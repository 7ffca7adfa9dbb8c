package evidence

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/limit"
)

func TestArchivesAgree(t *testing.T) {
	t.Parallel()
	want := contentOf(someMembers())
	plain := tarOf(t, someMembers())
	for name, data := range map[string][]byte{
		"stored":   zipOf(t, zip.Store, someMembers()),
		"deflated": zipOf(t, zip.Deflate, someMembers()),
		"tar":      plain,
		"gzip":     gzipOf(t, plain),
		"zstd":     zstdOf(t, plain),
		"members":  slices.Concat(gzipOf(t, plain[:2000]), gzipOf(t, plain[2000:])),
	} {
		tree := mustOpen(t, data)
		if diff := cmp.Diff(want, walk(t, tree, "")); diff != "" {
			t.Errorf("%s: %.500s", name, diff)
		}
		if p := tree.Problems(); len(p) > 0 {
			t.Errorf("%s: %+v", name, p)
		}
		sub, err := tree.Sub("backup")
		if err != nil {
			t.Fatal(err)
		}
		tree.Close()
		if p, ok := sub.(TreePrefetcher); ok {
			if err := p.Prefetch(t.Context(), []string{"3d/3d01", "ff/ff01", "nowhere"}); err != nil {
				t.Fatal(err)
			}
		}
		if got := read(t, sub, "3d/3d01"); got != want["backup/3d/3d01"] {
			t.Errorf("%s: the sub tree differs", name)
		}
		if _, err := sub.Open(t.Context(), "nowhere"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
		if size, err := sub.Stat("Info.plist"); size != 4 || err != nil {
			t.Errorf("%s: %d, %v", name, size, err)
		}
		for _, bad := range []string{"../backup/Info.plist", "/etc/passwd", "", "a/../Info.plist"} {
			if _, err := sub.Open(t.Context(), bad); err == nil {
				t.Errorf("%s: %q was opened", name, bad)
			}
		}
		sub.Close()
		sub.Close()
	}
}

// TestPasses counts what a compressed archive costs: one pass to list it and
// take what is wanted early, one for all that is wanted later.
func TestPasses(t *testing.T) {
	t.Parallel()
	data := gzipOf(t, tarOf(t, someMembers()))
	r := &countingReader{Reader: bytes.NewReader(data)}
	tree, err := newArchive(t.Context(), "a", r, int64(len(data)), early, tight)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	passes := func() int64 { return (r.n + int64(len(data))/2) / int64(len(data)) }
	read(t, tree, "backup/Info.plist")
	if passes() != 1 {
		t.Errorf("%d passes to list", passes())
	}
	p, ok := tree.(TreePrefetcher)
	if !ok {
		t.Fatal("no prefetcher")
	}
	names := []string{"backup/3d/3d01", "backup/3d/3d02", "backup/ff/ff01", "backup/Info.plist"}
	if err := p.Prefetch(t.Context(), names); err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		read(t, tree, n)
	}
	if passes() != 2 {
		t.Errorf("%d passes in all", passes())
	}
}

type countingReader struct {
	*bytes.Reader
	n int64
}

func (c *countingReader) Close() error { return nil }

func (c *countingReader) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.Reader.ReadAt(p, off)
	c.n += int64(n)
	return n, err
}

func TestNames(t *testing.T) {
	t.Parallel()
	list := []member{
		{name: "./dot/./a", content: "1"},
		{name: "/abs/b", content: "2"},
		{name: "../../evil", content: "x"},
		{name: "in/../../evil", content: "x"},
		{name: `win\c`, content: "3"},
		{name: `..\evil`, content: "x"},
		{name: "dup", content: "first"},
		{name: "dup", content: "second"},
		{name: "caf\x82", content: "4"},
	}
	want := map[string]string{"dot/a": "1", "abs/b": "2", "win/c": "3", "dup": "first", "café": "4"}
	for name, data := range map[string][]byte{"zip": zipOf(t, zip.Store, list), "tar": tarOf(t, list)} {
		tree := mustOpen(t, data)
		if diff := cmp.Diff(want, walk(t, tree, "")); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if p := tree.Problems(); len(p) != 4 {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

func TestTarKinds(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("long/", 60) + "name"
	data := tarOf(t, []member{
		{name: "file", content: "x"},
		{name: "dir/", typ: tar.TypeDir},
		{name: "hard", typ: tar.TypeLink, link: "file"},
		{name: "lost", typ: tar.TypeLink, link: "nowhere"},
		{name: "soft", typ: tar.TypeSymlink, link: "/etc/passwd"},
		{name: "pipe", typ: tar.TypeFifo},
		{name: long, content: "y"},
	})
	for _, data := range [][]byte{data, gzipOf(t, data)} {
		tree := mustOpen(t, data)
		got := walk(t, tree, "")
		if got["file"] != "x" || got["hard"] != "x" || got[long] != "y" {
			t.Errorf("%v", got)
		}
		for _, name := range []string{"soft", "pipe"} {
			if _, err := tree.Open(t.Context(), name); !errors.Is(err, ErrIrregular) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if p := tree.Problems(); len(p) != 1 || p[0].Path != "lost" {
			t.Errorf("%+v", p)
		}
	}
}

// TestCutArchives: what comes before the cut is used, the rest is named, and
// nothing panics wherever the cut is.
func TestCutArchives(t *testing.T) {
	t.Parallel()
	want := contentOf(someMembers())
	plain := tarOf(t, someMembers())
	for name, data := range map[string][]byte{
		"stored":   zipOf(t, zip.Store, someMembers()),
		"deflated": zipOf(t, zip.Deflate, someMembers()),
		"tar":      plain,
		"gzip":     gzipOf(t, plain),
		"zstd":     zstdOf(t, plain),
	} {
		for n := 1; n < len(data); n += 1 + len(data)/60 {
			tree, err := openBytes(t, data[:n])
			if err != nil {
				continue // not even a first header
			}
			whole := 0
			for path, content := range walk(t, tree, "") {
				if content == want[path] {
					whole++
				} else if !strings.HasPrefix(content, "error: ") && !strings.HasPrefix(want[path], content) {
					t.Errorf("%s cut at %d: %s differs", name, n, path)
				}
			}
			if whole < len(want) && len(tree.Problems()) == 0 {
				t.Errorf("%s cut at %d: %d of %d files, and no problem told", name, n, whole, len(want))
			}
			if n > len(data)*9/10 && whole < 2 && name != "zstd" {
				t.Errorf("%s cut at %d of %d: only %d files", name, n, len(data), whole)
			}
		}
	}
}

func TestBombs(t *testing.T) {
	t.Parallel()
	zeros := strings.Repeat("\x00", 512<<10)
	list := []member{{name: "good", content: "fine"}, {name: "bomb", content: zeros}, {name: "last", content: "fine"}}
	tree := mustOpen(t, zipOf(t, zip.Deflate, list))
	if _, err := tree.Open(t.Context(), "bomb"); !errors.Is(err, limit.ErrLimit) || !strings.Contains(err.Error(), "bomb") {
		t.Errorf("zip: %v", err)
	}
	if read(t, tree, "good") != "fine" || read(t, tree, "last") != "fine" {
		t.Error("zip: the other files are lost, too")
	}
	for name, data := range map[string][]byte{"gzip": gzipOf(t, tarOf(t, list)), "zstd": zstdOf(t, tarOf(t, list))} {
		tree, err := openBytes(t, data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if read(t, tree, "good") != "fine" {
			t.Errorf("%s: what comes before is lost", name)
		}
		p := tree.Problems()
		if len(p) != 1 || p[0].Path != "bomb" || !strings.Contains(p[0].Error, limit.ErrLimit.Error()) {
			t.Errorf("%s: %+v", name, p)
		}
	}
	huge := tight
	huge.entryBytes = 1000
	data := tarOf(t, list)
	big, err := newArchive(t.Context(), "a", memory{bytes.NewReader(data)}, int64(len(data)), nil, huge)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := big.Open(t.Context(), "bomb"); !errors.Is(err, limit.ErrLimit) {
		t.Errorf("an entry above the bound: %v", err)
	}
	few := tight
	few.entries = 2
	if _, err := newArchive(t.Context(), "a", memory{bytes.NewReader(data)}, int64(len(data)), nil, few); !errors.Is(err, limit.ErrLimit) {
		t.Errorf("too many entries: %v", err)
	}
}

// patch changes each central header of a zip.
func patch(data []byte, fn func(h []byte)) []byte {
	data = bytes.Clone(data)
	for i := 0; i+46 <= len(data); i++ {
		if string(data[i:i+4]) == "PK\x01\x02" {
			fn(data[i:])
		}
	}
	return data
}

func TestForgedZip(t *testing.T) {
	t.Parallel()
	base := zipOf(t, zip.Deflate, someMembers())
	put32 := func(h []byte, at int, v uint32) {
		copy(h[at:], []byte{byte(v), byte(v >> 8), byte(v >> 16), byte(v >> 24)})
	}
	for _, tt := range []struct {
		name   string
		change func([]byte)
		want   error
	}{
		{"overlapping", func(h []byte) { put32(h, 42, 0) }, limit.ErrCorrupt},
		{"smaller_than_it_is", func(h []byte) { put32(h, 24, 3) }, limit.ErrLimit},
		{"larger_than_allowed", func(h []byte) { put32(h, 24, 1<<30) }, limit.ErrLimit},
		{"outside", func(h []byte) { put32(h, 42, 1<<30) }, limit.ErrCorrupt},
		{"encrypted", func(h []byte) { h[8] |= 1 }, limit.ErrEncrypted},
		{"method", func(h []byte) { h[10] = 9 }, limit.ErrUnsupported},
		{"link", func(h []byte) { h[5] = 3; put32(h, 38, 0o120777<<16) }, ErrIrregular},
	} {
		tree := mustOpen(t, patch(base, tt.change))
		if _, err := tree.Open(t.Context(), "backup/Manifest.db"); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	tree := mustOpen(t, patch(base, func(h []byte) { put32(h, 16, 12345) }))
	if read(t, tree, "backup/ff/ff01") != contentOf(someMembers())["backup/ff/ff01"] || len(tree.Problems()) != 1 {
		t.Errorf("wrong checksum: %+v", tree.Problems())
	}
}

func TestNoArchive(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, tt := range []struct {
		data string
		want error
		say  string
	}{
		{"", ErrNotEvidence, "empty"},
		{"hello", ErrNotEvidence, "neither"},
		{strings.Repeat("x", 2000), ErrNotEvidence, "neither"},
		{strings.Repeat("\x00", 2000), ErrNotEvidence, "neither"},
		{string(gzipOf(t, []byte("hello"))), ErrNotEvidence, "no tar"},
		{"7z\xbc\xaf\x27\x1c....", limit.ErrUnsupported, "7z"},
		{"Rar!\x1a\x07....", limit.ErrUnsupported, "rar"},
		{"\xfd7zXZ\x00....", limit.ErrUnsupported, "xz"},
		{"BZh9....", limit.ErrUnsupported, "bzip2"},
	} {
		name := filepath.Join(dir, "f")
		if err := os.WriteFile(name, []byte(tt.data), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := OpenTree(t.Context(), name, nil)
		if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.say) || !strings.Contains(err.Error(), name) {
			t.Errorf("%.10q: %v", tt.data, err)
		}
	}
	if _, err := OpenTree(t.Context(), filepath.Join(dir, "nowhere"), nil); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("got %v", err)
	}
}

// TestSpoolIsSecret looks at what the folder for temporary files gets to hold.
func TestSpoolIsSecret(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	sp, err := newSpool()
	if err != nil {
		t.Fatal(err)
	}
	defer sp.close()
	plain := text(200_000, 9)
	w := sp.writer(32)
	for _, part := range []string{plain[:7], plain[7:100_000], plain[100_000:]} {
		if err := w.write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	raw := make([]byte, len(plain))
	if _, err := sp.f.ReadAt(raw, 32); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(raw, []byte(plain[1000:1016])) {
		t.Error("the temporary file holds clear text")
	}
	for _, off := range []int{0, 1, 15, 16, 17, 99_999} {
		p := make([]byte, 50_001)
		if err := sp.readAt(p, 32+int64(off)); err != nil || string(p) != plain[off:off+len(p)] {
			t.Errorf("read at %d: %v", off, err)
		}
	}
	if names, err := os.ReadDir(dir); err != nil || len(names) > 0 {
		t.Errorf("the temporary file has a name: %v, %v", names, err)
	}
}

func TestCancelledPass(t *testing.T) {
	t.Parallel()
	data := gzipOf(t, tarOf(t, someMembers()))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := newArchive(ctx, "a", memory{bytes.NewReader(data)}, int64(len(data)), nil, tight); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	tree := mustOpen(t, data)
	if _, err := tree.Open(ctx, "backup/ff/ff01"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func FuzzArchive(f *testing.F) {
	few := someMembers()
	few[1].content, few[2].content = text(300, 1), text(600, 2)
	plain := tarOf(f, few)
	for _, data := range [][]byte{
		zipOf(f, zip.Store, few), zipOf(f, zip.Deflate, few), plain, gzipOf(f, plain), zstdOf(f, plain),
	} {
		f.Add(data)
		f.Add(data[:len(data)*2/3])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		tree, err := openBytes(t, data)
		if err != nil {
			return
		}
		n := 0
		for name, content := range walk(t, tree, "") {
			if err := validName(name); err != nil {
				t.Fatal(err)
			}
			n += len(content)
		}
		if n > 64<<20 {
			t.Fatal(fmt.Sprint(n, " bytes from ", len(data)))
		}
	})
}
