package extsort

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// saved sorts items and returns what Save writes of them.
func saved(tb testing.TB, runBytes int, items []Item) []byte {
	tb.Helper()
	s := NewSet(tb.TempDir(), runBytes)
	defer s.Close()
	so := s.Sorter()
	for _, it := range items {
		so.Put(it.Key, it.Payload)
	}
	if err := s.Add(so); err != nil {
		tb.Fatal(err)
	}
	var b bytes.Buffer
	if err := so.Save(&b); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func TestSavedItemsComeBack(t *testing.T) {
	t.Parallel()
	items := randomItems(3000)
	for _, size := range []int{1, 4096, 1 << 20} {
		data := saved(t, size, items)
		whole := NewSet(t.TempDir(), size)
		want := collect(t, whole, 1, items)
		s := NewSet(t.TempDir(), size)
		so := s.Sorter()
		seen := 0
		if err := so.Load(bufio.NewReader(bytes.NewReader(data)), func(Item) error { seen++; return nil }); err != nil {
			t.Fatal(err)
		}
		if err := s.Add(so); err != nil {
			t.Fatal(err)
		}
		var got []string
		for it, err := range s.All() {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprintf("%x=%s", it.Key, it.Payload))
		}
		if seen != len(items) || !slices.Equal(got, want) {
			t.Errorf("runs of %d: %d items were checked, and they differ", size, seen)
		}
		if err := errors.Join(s.Close(), whole.Close()); err != nil {
			t.Error(err)
		}
		if left, _ := filepath.Glob(filepath.Join(s.dir, "*")); len(left) > 0 {
			t.Errorf("files left behind: %v", left)
		}
	}
}

// TestDamagedItems cuts and changes what was saved: nothing of it is taken, and
// nothing is left on the disk.
func TestDamagedItems(t *testing.T) {
	t.Parallel()
	items := randomItems(30)
	data := saved(t, 1024, items)
	load := func(data []byte, check func(Item) error) error {
		dir := t.TempDir()
		so := NewSet(dir, 1024).Sorter()
		err := so.Load(bufio.NewReader(bytes.NewReader(data)), check)
		so.Discard()
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
		return err
	}
	for n := 0; n < len(data); n += 1 + n%37 {
		if err := load(data[:n], nil); !errors.Is(err, ErrSaved) {
			t.Fatalf("cut after %d of %d bytes: %v", n, len(data), err)
		}
	}
	if err := load(data, func(Item) error { return os.ErrInvalid }); !errors.Is(err, ErrSaved) {
		t.Errorf("an item that its check refused: %v", err)
	}
	twice := bytes.Clone(data)
	slices.Reverse(twice)
	if err := load(twice, nil); !errors.Is(err, ErrSaved) {
		t.Errorf("bytes in reverse: %v", err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(saved(f, 1<<20, randomItems(5)))
	f.Add(saved(f, 64, randomItems(20)))
	f.Add([]byte{1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, data []byte) {
		s := NewSet(t.TempDir(), 4096)
		so := s.Sorter()
		n := 0
		if err := so.Load(bufio.NewReader(bytes.NewReader(data)), func(Item) error { n++; return nil }); err != nil {
			so.Discard()
			return
		}
		if err := s.Add(so); err != nil {
			t.Fatal(err)
		}
		for _, err := range s.All() {
			if err != nil {
				t.Fatal(err)
			}
			n--
		}
		if n != 0 {
			t.Errorf("%d items of those that were checked did not come out", n)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
