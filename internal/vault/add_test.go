package vault_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/vault/vaulttest"
)

// TestSameBytesOnce stores two folders of many files: what is alike in them, or
// in one of them, is there once, and what is damaged is stored again.
func TestSameBytesOnce(t *testing.T) {
	t.Parallel()
	s, dir := dirStore(t)
	m := newMemory(t)
	from, content := t.TempDir(), map[string][]byte{}
	for i := range 600 {
		name := fmt.Sprintf("%02x/%d", i%7, i)
		content[name] = fmt.Appendf(nil, "one of %d", i%530)
		write(t, filepath.Join(from, name), content[name])
	}
	stored := func() (n int) {
		t.Helper()
		if err := s.List(t.Context(), func(string, time.Time) error { n++; return nil }); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for i, want := range []int{530, 530, 531} {
		o := options(m, from)
		o.Bundle = fmt.Sprintf("E-%d", i+1)
		var files, last int64
		o.Progress = func(n, bytes int64) {
			if bytes < last {
				t.Errorf("progress goes back: %d after %d bytes", bytes, last)
			}
			files, last = n, bytes
		}
		list, err := vault.Add(t.Context(), s, m, o)
		if err != nil {
			t.Fatal(err)
		}
		if n := stored(); n != want || files != 600 {
			t.Errorf("bundle %d: %d segments of %d files, want %d", i+1, n, files, want)
		}
		if !slices.IsSortedFunc(list, func(a, b vault.File) int { return strings.Compare(a.Path, b.Path) }) {
			t.Error("the list is in another order")
		}
		b, err := vault.Open(t.Context(), s, m, o.Bundle, m.Key)
		if err != nil {
			t.Fatal(err)
		}
		if bad, err := b.Verify(t.Context(), nil); err != nil || len(bad) > 0 {
			t.Error(bad, err)
		}
		for name, want := range content {
			if got := readAll(t, b, name); !bytes.Equal(got, want) {
				t.Fatalf("%s: %q", name, got)
			}
		}
		if i == 1 { // before the third
			id := list[0].Segments[0]
			write(t, filepath.Join(dir, "segments", id[2:4], id), nil)
		}
	}
}

// BenchmarkAdd stores 64 MiB.
func BenchmarkAdd(b *testing.B) {
	name := filepath.Join(b.TempDir(), "f")
	data := make([]byte, 64<<20)
	if err := os.WriteFile(name, data, 0o600); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	adding(b, name)
}

// BenchmarkAddMany stores 5,000 files of 2 KiB, as most of a phone's are.
func BenchmarkAddMany(b *testing.B) {
	from := b.TempDir()
	const files, size = 5000, 2 << 10
	for i := range files {
		if err := os.WriteFile(filepath.Join(from, fmt.Sprint(i)), vaulttest.Bytes(size, uint64(i)), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	adding(b, from)
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/files, "µs/file")
}

// adding stores what lies at a path, each time in a new store.
func adding(b *testing.B, path string) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		s, err := vault.OpenDir(b.TempDir())
		if err != nil {
			b.Fatal(err)
		}
		m := newMemory(b)
		if _, err := vault.Add(b.Context(), s, m, options(m, path)); err != nil {
			b.Fatal(err)
		}
	}
}
