package android

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

// evidence returns the path of public phone evidence. A test that needs it is
// skipped, and says so, where it is missing.
func evidence(tb testing.TB, elem ...string) string {
	tb.Helper()
	shared := os.Getenv("AMPARO_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "..", "..", "shared")
	}
	name := filepath.Join(append([]string{shared, "evidence"}, elem...)...)
	if _, err := os.Stat(name); err != nil {
		tb.Skip("no public evidence: ", err)
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

// fileSample is a sample of one file.
func fileSample(name, path, data string) artifacttest.Sample {
	return artifacttest.Sample{Name: name, Path: path, Files: map[string][]byte{path: []byte(data)}}
}
