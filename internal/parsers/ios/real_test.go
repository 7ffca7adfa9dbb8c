package ios

import (
	"archive/zip"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// evidence returns the path of real evidence, which is not part of the
// project. Tests skip where it is missing.
func evidence(tb testing.TB, elem ...string) string {
	tb.Helper()
	shared := os.Getenv("AMPARO_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "..", "..", "shared")
	}
	name := filepath.Join(append([]string{shared, "evidence"}, elem...)...)
	if _, err := os.Stat(name); err != nil {
		tb.Skipf("no real evidence here (set AMPARO_SHARED): %v", err)
	}
	return name
}

func readEvidence(tb testing.TB, elem ...string) []byte {
	tb.Helper()
	data, err := os.ReadFile(evidence(tb, elem...))
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// unzipEvidence returns the files of a zip archive by base name.
func unzipEvidence(tb testing.TB, name string) map[string][]byte {
	tb.Helper()
	r, err := zip.OpenReader(evidence(tb, "ileapp", name))
	if err != nil {
		tb.Fatal(err)
	}
	defer r.Close()
	files := map[string][]byte{}
	for _, f := range r.File {
		rc, err := f.Open()
		if err != nil {
			tb.Fatal(err)
		}
		data, err := io.ReadAll(rc)
		if err != nil {
			tb.Fatal(err)
		}
		_ = rc.Close()
		files[filepath.Base(f.Name)] = data
	}
	return files
}
