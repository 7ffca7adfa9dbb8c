package testevidence_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/testevidence"
)

// TestSysdiagnose checks that the archive has what a sysdiagnose has, all of
// it below one folder, and that the same seed gives the same bytes.
func TestSysdiagnose(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("in one goroutine: the race detector finds nothing")
	}
	const size = 4 << 20
	write := func(name string) []byte {
		name = filepath.Join(t.TempDir(), name)
		if err := testevidence.WriteSysdiagnose(name, size, 7); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	data := write("a.tar.gz")
	if len(data) < size {
		t.Errorf("%d bytes", len(data))
	}
	if !bytes.Equal(data, write("b.tar.gz")) {
		t.Error("the same seed gives other bytes")
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		top, rest, _ := strings.Cut(h.Name, "/")
		if !strings.HasPrefix(top, "sysdiagnose_2025.09.10") {
			t.Fatalf("a file beside the folder: %s", h.Name)
		}
		got[path.Ext(rest)]++
	}
	for _, ext := range []string{".txt", ".ips", ".log", ".0", ".tailspin"} {
		if got[ext] == 0 {
			t.Errorf("no file with %s: %v", ext, got)
		}
	}
}
