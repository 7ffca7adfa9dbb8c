package evidence

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/amparo-project/amparo/internal/limit"
)

// member is one entry of an archive that a test makes.
type member struct {
	name, content string
	typ           byte // of a tar
	link          string
}

func text(n int, seed uint64) string {
	r := rand.New(rand.NewPCG(seed, 1))
	b := make([]byte, n)
	for i := range b {
		b[i] = "abcdefgh"[r.IntN(8)]
	}
	return string(b)
}

func someMembers() []member {
	return []member{
		{name: "backup/Info.plist", content: "info"},
		{name: "backup/Manifest.db", content: text(30_000, 1)},
		{name: "backup/3d/3d01", content: text(100_000, 2)},
		{name: "backup/3d/3d02", content: ""},
		{name: "backup/3d-x", content: "sorts between"},
		{name: "backup/ff/ff01", content: text(5_000, 3)},
	}
}

func zipOf(t testing.TB, method uint16, list []member) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, m := range list {
		f, err := w.CreateHeader(&zip.FileHeader{Name: m.name, Method: method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, m.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func tarOf(t testing.TB, list []member) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, m := range list {
		h := &tar.Header{Name: m.name, Mode: 0o600, Size: int64(len(m.content)), Typeflag: m.typ, Linkname: m.link}
		if m.typ == 0 {
			h.Typeflag = tar.TypeReg
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, m.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gzipOf(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zstdOf(t testing.TB, data []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(data, nil)
}

// memory is an archive that lies in memory.
type memory struct{ *bytes.Reader }

func (memory) Close() error { return nil }

// tight are bounds that small archives reach: files above 4 KiB are spooled.
var tight = bounds{
	entries: 1000, entryBytes: 1 << 20, totalBytes: 8 << 20,
	ratio: 100, ratioFrom: 1 << 16, memEntry: 4 << 10, memTotal: 8 << 10,
}

func early(name string) bool { return strings.HasSuffix(name, ".plist") }

func openBytes(t testing.TB, data []byte) (Tree, error) {
	t.Helper()
	tree, err := newArchive(t.Context(), "a.archive", memory{bytes.NewReader(data)}, int64(len(data)), early, tight)
	if err == nil {
		t.Cleanup(func() { tree.Close() })
	}
	return tree, err
}

func mustOpen(t testing.TB, data []byte) Tree {
	t.Helper()
	tree, err := openBytes(t, data)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// walk reads all files of a tree; those that cannot be opened have their error.
func walk(t testing.TB, tree Tree, dir string) map[string]string {
	t.Helper()
	got := map[string]string{}
	list, err := tree.ReadDir(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.IsSortedFunc(list, func(a, b TreeEntry) int { return strings.Compare(a.Name, b.Name) }) {
		t.Errorf("%s is not sorted: %v", dir, list)
	}
	for _, e := range list {
		name := join(dir, e.Name)
		if e.Dir {
			for k, v := range walk(t, tree, name) {
				got[k] = v
			}
			continue
		}
		got[name] = read(t, tree, name)
	}
	return got
}

func read(t testing.TB, tree Tree, name string) string {
	t.Helper()
	b, err := tree.Open(t.Context(), name)
	if err != nil {
		return "error: " + err.Error()
	}
	defer b.Close()
	data, err := limit.ReadFull(b, b.Size(), 1<<30)
	if err != nil {
		t.Errorf("%s: %v", name, err)
	}
	return string(data)
}

func contentOf(list []member) map[string]string {
	want := map[string]string{}
	for _, m := range list {
		want[m.name] = m.content
	}
	return want
}
