// Package evidencetest holds every Source to the laws of the seam. A new kind
// of evidence calls Suite once.
package evidencetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/amparo-project/amparo/internal/evidence"
)

// Options says what is special about the evidence under test.
type Options struct {
	// Path is the folder or file on disk that must not change; "": none.
	Path string
	// Open opens the evidence. It is called several times.
	Open func(testing.TB) evidence.Source
	// MaxEntries bounds how many files are read; 0: 50.
	MaxEntries int
}

// Suite checks that a Source keeps its contract: unique, clean names in a
// stable order; reads at any place, by several goroutines, that agree; stable
// stored bytes; an end to sequences whose context ended; and evidence that is
// the same afterwards as before.
func Suite(t *testing.T, o Options) {
	t.Helper()
	if o.MaxEntries == 0 {
		o.MaxEntries = 50
	}
	before := Sum(t, o.Path)
	s := o.Open(t)
	entries := list(t, s)
	t.Run("entries", func(t *testing.T) { checkEntries(t, o, s, entries) })
	t.Run("reads", func(t *testing.T) { checkReads(t, o, s, entries) })
	t.Run("stored", func(t *testing.T) { checkStored(t, o, s, entries) })
	t.Run("stops", func(t *testing.T) { checkStops(t, s) })
	t.Run("close", func(t *testing.T) {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("close again: %v", err)
		}
	})
	if after := Sum(t, o.Path); after != before {
		t.Errorf("the evidence changed: %s before, %s after", before, after)
	}
}

func list(t testing.TB, s evidence.Source) []evidence.Entry {
	t.Helper()
	var entries []evidence.Entry
	for e, err := range s.Files(t.Context()) {
		var ee *evidence.EntryError
		if err != nil && !errors.As(err, &ee) {
			t.Fatalf("list: %v", err)
		}
		if err == nil {
			entries = append(entries, e)
		}
	}
	return entries
}

func paths(entries []evidence.Entry) []string {
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Path
	}
	return names
}

func checkEntries(t *testing.T, o Options, s evidence.Source, entries []evidence.Entry) {
	seen := map[string]bool{}
	for _, e := range entries {
		if !fs.ValidPath(e.Path) || e.Path == "." || strings.ContainsRune(e.Path, 0) {
			t.Errorf("%q is not clean", e.Path)
		}
		if seen[e.Path] {
			t.Errorf("%s is listed twice", e.Path)
		}
		seen[e.Path] = true
	}
	if !slices.Equal(paths(entries), paths(list(t, s))) {
		t.Error("a second listing differs")
	}
	again := o.Open(t)
	defer again.Close()
	if !slices.Equal(paths(entries), paths(list(t, again))) {
		t.Error("the listing differs when the evidence is opened again")
	}
	if kind := s.Evidence().Kind; kind == "" {
		t.Error("evidence without a kind")
	}
	_, err := s.Open(t.Context(), evidence.Entry{Path: "no/such/entry"})
	if err == nil {
		t.Error("an entry that was never listed can be opened")
	}
}

// some spreads the files to read over the whole list.
func some(o Options, entries []evidence.Entry) []evidence.Entry {
	step := max(len(entries)/o.MaxEntries, 1)
	var few []evidence.Entry
	for i := 0; i < len(entries); i += step {
		few = append(few, entries[i])
	}
	return few
}

// open opens an entry; nil where the evidence lacks the file, which is allowed.
func open(t testing.TB, s evidence.Source, e evidence.Entry) evidence.File {
	t.Helper()
	f, err := s.Open(t.Context(), e)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Errorf("open %s: %v", e.Path, err)
		return nil
	}
	return f
}

func checkReads(t *testing.T, o Options, s evidence.Source, entries []evidence.Entry) {
	for _, e := range some(o, entries) {
		f := open(t, s, e)
		if f == nil {
			continue
		}
		checkFile(t, e.Path, f)
		if err := f.Close(); err != nil {
			t.Errorf("close %s: %v", e.Path, err)
		}
	}
}

func checkFile(t *testing.T, name string, f evidence.File) {
	size := f.Size()
	if size > 64<<20 {
		return // other files tell as much
	}
	want := make([]byte, size)
	if n, err := f.ReadAt(want, 0); int64(n) != size || err != nil && !errors.Is(err, io.EOF) {
		t.Errorf("%s: %d of %d bytes: %v", name, n, size, err)
		return
	}
	for _, off := range []int64{0, 1, 15, 16, 17, size / 2, size - 17, size - 1} {
		for _, n := range []int64{1, 16, 33, 20_000} {
			if off >= 0 && off < size {
				checkRead(t, name, f, want, off, n)
			}
		}
	}
	var p [8]byte
	if n, err := f.ReadAt(p[:], size); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("%s: read at the end: %d, %v", name, n, err)
	}
	if n, err := f.ReadAt(p[:], size+1000); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("%s: read past the end: %d, %v", name, n, err)
	}
	if _, err := f.ReadAt(p[:], -1); err == nil {
		t.Errorf("%s: read before the start", name)
	}
	checkConcurrent(t, name, f, want)
}

func checkRead(t *testing.T, name string, f io.ReaderAt, want []byte, off, n int64) {
	got := make([]byte, n)
	end := min(off+n, int64(len(want)))
	k, err := f.ReadAt(got, off)
	if int64(k) != end-off || !bytes.Equal(got[:k], want[off:end]) {
		t.Errorf("%s: %d bytes at %d differ", name, n, off)
	}
	if int64(k) < n && !errors.Is(err, io.EOF) || err != nil && !errors.Is(err, io.EOF) {
		t.Errorf("%s: %d bytes at %d: %v", name, n, off, err)
	}
}

func checkConcurrent(t *testing.T, name string, f io.ReaderAt, want []byte) {
	var wg sync.WaitGroup
	for w := range int64(4) {
		wg.Go(func() {
			p := make([]byte, 1000+w*7000)
			for off := w * 13; off < int64(len(want)) && off < 1<<20; off += int64(len(p)) {
				n, err := f.ReadAt(p, off)
				if err != nil && !errors.Is(err, io.EOF) || !bytes.Equal(p[:n], want[off:off+int64(n)]) {
					t.Errorf("%s: reads at once: %d bytes at %d differ: %v", name, n, off, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func checkStored(t *testing.T, o Options, s evidence.Source, entries []evidence.Entry) {
	for _, e := range some(o, entries) {
		f := open(t, s, e)
		if f == nil {
			continue
		}
		name, size, read := f.Stored()
		if !fs.ValidPath(name) {
			t.Errorf("%s: stored as %q", e.Path, name)
		}
		if a, b := stored(t, read, size), stored(t, read, size); a != b {
			t.Errorf("%s: its stored bytes differ from time to time", e.Path)
		}
		f.Close()
	}
}

func stored(t testing.TB, open func() (io.ReadCloser, error), size int64) string {
	t.Helper()
	r, err := open()
	if err != nil {
		t.Error(err)
		return ""
	}
	defer r.Close()
	h := sha256.New()
	n, err := io.Copy(h, r)
	if err != nil || n != size {
		t.Errorf("%d of %d stored bytes: %v", n, size, err)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func checkStops(t *testing.T, s evidence.Source) {
	for range s.Files(t.Context()) {
		break // a consumer that has enough
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var last error
	for _, err := range s.Files(ctx) {
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("a listing whose context ended ends with %v", last)
	}
}

// Sum hashes a file, or names, contents, modes and times of all files of a
// folder: what must not change. "" has no sum.
func Sum(t testing.TB, path string) string {
	t.Helper()
	if path == "" {
		return ""
	}
	h := sha256.New()
	err := filepath.WalkDir(path, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		io.WriteString(h, strings.Join([]string{name, info.Mode().String(), info.ModTime().String(), ""}, "\x00"))
		if !info.Mode().IsRegular() {
			return nil
		}
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.Copy(h, f)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(h.Sum(nil))
}
