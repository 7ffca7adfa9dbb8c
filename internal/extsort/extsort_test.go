package extsort

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// collect sorts the items, dealt out to several sorters, and returns "key=payload".
func collect(t *testing.T, s *Set, sorters int, items []Item) []string {
	t.Helper()
	all := make([]*Sorter, sorters)
	for i := range all {
		all[i] = s.Sorter()
	}
	for i, it := range items {
		all[i%sorters].Put(it.Key, it.Payload)
	}
	for _, so := range all {
		if err := s.Add(so); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for it, err := range s.All() {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%x=%s", it.Key, it.Payload))
	}
	return got
}

func randomItems(n int) []Item {
	rng := rand.New(rand.NewPCG(1, 2))
	items := make([]Item, n)
	for i := range items {
		key := make([]byte, 2+rng.IntN(20))
		for j := range key {
			key[j] = byte(rng.IntN(3))
		}
		key = binary.BigEndian.AppendUint32(key, uint32(i))
		items[i] = Item{key, bytes.Repeat([]byte{'p'}, rng.IntN(200))}
	}
	return items
}

func TestOrderInMemoryAndOnDisk(t *testing.T) {
	t.Parallel()
	items := randomItems(5000)
	want := make([]string, len(items))
	sorted := slices.SortedFunc(slices.Values(items), func(a, b Item) int { return bytes.Compare(a.Key, b.Key) })
	for i, it := range sorted {
		want[i] = fmt.Sprintf("%x=%s", it.Key, it.Payload)
	}
	for _, run := range []int{1, 100, 4096, 1 << 20} {
		for _, sorters := range []int{1, 3} {
			s := NewSet(t.TempDir(), run)
			if got := collect(t, s, sorters, items); !slices.Equal(got, want) {
				t.Errorf("run of %d bytes, %d sorters: order differs", run, sorters)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			if left, _ := filepath.Glob(filepath.Join(s.dir, "*")); len(left) > 0 {
				t.Errorf("files left behind: %v", left)
			}
		}
	}
}

func TestEmptySet(t *testing.T) {
	t.Parallel()
	s := NewSet(t.TempDir(), 0)
	if got := collect(t, s, 2, nil); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}

func TestDiskErrorIsTold(t *testing.T) {
	t.Parallel()
	s := NewSet(filepath.Join(t.TempDir(), "missing"), 10)
	so := s.Sorter()
	for i := range 10 {
		so.Put([]byte{byte(i)}, []byte("0123456789"))
	}
	if err := s.Add(so); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want not exist", err)
	}
}

func TestCutTemporaryFileIsTold(t *testing.T) {
	t.Parallel()
	s := NewSet(t.TempDir(), 64)
	so := s.Sorter()
	for i := range 100 {
		so.Put([]byte{byte(i)}, []byte("0123456789"))
	}
	if err := s.Add(so); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.runs[0].file.Truncate(100); err != nil {
		t.Fatal(err)
	}
	var last error
	for _, err := range s.All() {
		last = err
	}
	if last == nil {
		t.Error("a cut file was read without an error")
	}
}

func BenchmarkSort(b *testing.B) {
	payload := bytes.Repeat([]byte{'x'}, 150)
	const n = 200_000
	b.SetBytes(n * 170)
	b.ReportAllocs()
	for b.Loop() {
		s := NewSet(b.TempDir(), 0)
		so := s.Sorter()
		var key [20]byte
		for i := range uint64(n) {
			binary.BigEndian.PutUint64(key[:], i*2654435761%n)
			binary.BigEndian.PutUint64(key[8:], i)
			so.Put(key[:], payload)
		}
		if err := s.Add(so); err != nil {
			b.Fatal(err)
		}
		for _, err := range s.All() {
			if err != nil {
				b.Fatal(err)
			}
		}
		_ = s.Close()
	}
}
