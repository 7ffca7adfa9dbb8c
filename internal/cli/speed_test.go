package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/testevidence"
)

// speedEvidence writes a backup and the indicators that it is checked against.
func speedEvidence(tb testing.TB, messages, count int) (backup, indicators string) {
	tb.Helper()
	dir := tb.TempDir()
	backup, indicators = filepath.Join(dir, "backup"), filepath.Join(dir, "indicators")
	if _, err := testevidence.WriteIOSBackup(backup, testevidence.Options{Seed: 1, Messages: messages, Plant: true, Decoys: true, Partial: true}); err != nil {
		tb.Fatal(err)
	}
	if err := testevidence.WriteIndicatorFile(filepath.Join(indicators, "random.stix2"), count, 1); err != nil {
		tb.Fatal(err)
	}
	return backup, indicators
}

// checked runs the command as a user does, with a result folder, and returns
// how many records it found.
func checked(tb testing.TB, backup, indicators string) int64 {
	tb.Helper()
	out := filepath.Join(tb.TempDir(), "out")
	defer os.RemoveAll(out)
	var problems bytes.Buffer
	args := []string{"check", backup, "--indicators", indicators, "--out", out}
	if code := Main(tb.Context(), args, Streams{Out: io.Discard, Err: &problems}); code != exitOK {
		tb.Fatalf("exit %d: %s", code, &problems)
	}
	data, err := os.ReadFile(filepath.Join(out, "run.json"))
	if err != nil {
		tb.Fatal(err)
	}
	var run finding.Run
	if err := json.Unmarshal(data, &run); err != nil {
		tb.Fatal(err)
	}
	return run.Totals.Records
}

// BenchmarkCheck checks a backup into a result folder, all of it.
func BenchmarkCheck(b *testing.B) {
	for _, messages := range []int{1000, 10_000, 100_000} {
		b.Run(fmt.Sprint(messages), func(b *testing.B) {
			backup, indicators := speedEvidence(b, messages, 30_000)
			b.ReportAllocs()
			records := int64(0)
			for b.Loop() {
				records += checked(b, backup, indicators)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(records), "ns/record")
		})
	}
}
