package testevidence

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestBugReport: the same seed gives the same bytes, another one others, and the
// text is as long as asked for.
func TestBugReport(t *testing.T) {
	t.Parallel()
	write := func(seed uint64) []byte {
		name := filepath.Join(t.TempDir(), "b.zip")
		if _, err := WriteBugReport(name, BugReport{Seed: seed, Size: 1 << 20}); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	one := write(1)
	if !bytes.Equal(one, write(1)) || bytes.Equal(one, write(2)) {
		t.Error("the seed does not decide the bytes")
	}
	z, err := zip.NewReader(bytes.NewReader(one), int64(len(one)))
	if err != nil {
		t.Fatal(err)
	}
	var size uint64
	for _, f := range z.File {
		size = max(size, f.UncompressedSize64)
	}
	if size < 1<<20 || size > 2<<20 {
		t.Errorf("%d bytes of text", size)
	}
	exists := filepath.Join(t.TempDir(), "there")
	if err := os.WriteFile(exists, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := WriteBugReport(exists, BugReport{}); err == nil {
		t.Error("a file that is there was written over")
	}
}

// TestAndroidCopies: the copies of apps are whole archives, and the list of
// packages has their hashes.
func TestAndroidCopies(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a")
	if _, err := WriteAndroidQF(dir, ""); err != nil {
		t.Fatal(err)
	}
	const size = 3<<20 + 5
	if err := WriteAndroidCopies(dir, 1, size); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "apks", "org.example.copied0.apk"))
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	lib, err := z.Open("lib/arm64-v8a/libapp.so")
	if err != nil {
		t.Fatal(err)
	}
	var content bytes.Buffer
	if n, err := content.ReadFrom(lib); n != size || err != nil {
		t.Errorf("%d bytes: %v", n, err) // the checksum is verified at the end
	}
	var list []struct {
		Name  string
		Files []struct{ SHA256 string }
	}
	packages, err := os.ReadFile(filepath.Join(dir, "packages.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(packages, &list); err != nil {
		t.Fatal(err)
	}
	last := list[len(list)-1]
	if diff := cmp.Diff("org.example.copied0 "+sha256Hex(data), last.Name+" "+last.Files[0].SHA256); diff != "" {
		t.Error(diff)
	}
}
