package vault_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/vault/vaulttest"
)

// blob is a file in memory that counts what is read of it.
type blob struct {
	*bytes.Reader
	read *int64
}

func (blob) Close() error { return nil }

func (b blob) ReadAt(p []byte, off int64) (int, error) {
	n, err := b.Reader.ReadAt(p, off)
	*b.read += int64(n)
	return n, err
}

// growing is a bundle that several attempts fill.
type growing struct {
	t    *testing.T
	s    vault.Store
	m    *memory
	read int64 // of all that is copied
	made []string
}

// attempt fills the bundle: names that begin with "put" are made, others copied.
func (g *growing) attempt(every time.Duration, content map[string][]byte) (err error) {
	b, err := vault.Grow(g.t.Context(), g.s, g.m, options(g.m, ""), every)
	if err != nil {
		return err
	}
	defer b.Close()
	for _, name := range slices.Sorted(maps.Keys(content)) {
		data := content[name]
		if !strings.HasPrefix(name, "put") {
			sum := sha256.Sum256(data)
			err = b.Copy(name, hex.EncodeToString(sum[:]), func() (vault.Blob, error) { return blob{bytes.NewReader(data), &g.read}, nil })
		} else if b.Had(name) {
			_, err = b.Take(name)
		} else {
			g.made = append(g.made, name)
			_, err = b.Put(name, func(w io.Writer) error { _, err := w.Write(data); return err })
		}
		if err != nil {
			return err
		}
	}
	size, err := b.End()
	want := int64(0)
	for _, data := range content {
		want += int64(len(data))
	}
	if err == nil && size != want {
		g.t.Errorf("%d bytes, not %d", size, want)
	}
	return err
}

// TestGrowingGoesOn interrupts a bundle at each of its steps, in the store and in
// the index: another attempt makes it whole, and what is durable is not asked for
// again.
func TestGrowingGoesOn(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("the same work many times, by one goroutine")
	}
	_, content := folder(t, 5)
	total := int64(0)
	for _, data := range content {
		total += int64(len(data))
	}
	for i, size := range []int{0, 70_000} {
		content["put/"+string(rune('a'+i))] = vaulttest.Bytes(size, uint64(i))
	}
	for every, most := range map[time.Duration]int64{-1: total + 20_000, time.Hour: 2 * total} {
		for _, where := range []string{"store", "index"} {
			interrupted := 0
			for step, err := 1, errFault; err != nil; step++ {
				s, _ := dirStore(t)
				g := &growing{t: t, s: &faultyStore{Store: s}, m: newMemory(t)}
				if where == "store" {
					g.s = &faultyStore{Store: s, fail: int64(step)}
				} else {
					g.m.fail = step
				}
				if err = g.attempt(every, content); err != nil && !errors.Is(err, errFault) {
					t.Fatal(err)
				}
				g.s, g.m.fail = s, 0
				if err := g.attempt(every, content); err != nil {
					t.Fatal(err)
				}
				same(t, s, g.m, content)
				if g.read > most {
					t.Errorf("%s, step %d: %d bytes were read, not %d", where, step, g.read, most)
				}
				interrupted++
			}
			if interrupted < 2 {
				t.Errorf("%s: it was never interrupted", where)
			}
		}
	}
}

// TestGrowingLarge interrupts a file of more than one segment: it goes on from
// the last that is stored. One that turns out to be damaged is begun anew.
func TestGrowingLarge(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("large files, by one goroutine")
	}
	s, _ := dirStore(t)
	g := &growing{t: t, s: s, m: newMemory(t)}
	right := bytes.Repeat([]byte("0123456789abcdef"), (vault.SegmentSize+1<<20)/16)
	wrong := bytes.Clone(right)
	wrong[5] ^= 1
	b, err := vault.Grow(t.Context(), s, g.m, options(g.m, ""), -1)
	if err != nil {
		t.Fatal(err)
	}
	g.m.fail = 2
	sum := sha256.Sum256(right)
	err = b.Copy("large", hex.EncodeToString(sum[:]), func() (vault.Blob, error) { return blob{bytes.NewReader(wrong), &g.read}, nil })
	if b.Close(); !errors.Is(err, vault.ErrDamaged) {
		t.Fatal(err) // its commit failed, too: the segment is there still
	}
	g.m.fail, g.read = 0, 0
	if err := g.attempt(-1, map[string][]byte{"large": right}); !errors.Is(err, vault.ErrDamaged) || g.read != 1<<20 {
		t.Fatalf("it read %d bytes, and said %v", g.read, err)
	}
	g.read = 0
	if err := g.attempt(-1, map[string][]byte{"large": right}); err != nil || g.read != int64(len(right)) {
		t.Fatalf("it read %d bytes, and said %v", g.read, err)
	}
	same(t, s, g.m, map[string][]byte{"large": right})
}

// TestGrowingOthers asks for less than an attempt before: the rest is not handed
// out. Names that lead elsewhere, and the same name twice, are refused.
func TestGrowingOthers(t *testing.T) {
	t.Parallel()
	s, _ := dirStore(t)
	g := &growing{t: t, s: s, m: newMemory(t)}
	more := map[string][]byte{"put/kept": []byte("1"), "put/other": []byte("2"), "kept": []byte("3"), "other": []byte("4")}
	less := map[string][]byte{"put/kept": []byte("1"), "kept": []byte("5")}
	for _, content := range []map[string][]byte{more, less} {
		if err := g.attempt(-1, content); err != nil {
			t.Fatal(err)
		}
		same(t, s, g.m, content)
	}
	if want := []string{"put/kept", "put/other"}; !slices.Equal(g.made, want) {
		t.Errorf("made %q", g.made)
	}
	b, err := vault.Grow(t.Context(), s, g.m, options(g.m, ""), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for _, name := range []string{"", ".", "../x", "/x", "a//b", "kept"} {
		if name == "kept" {
			if _, err := b.Take(name); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := b.Put(name, func(io.Writer) error { return nil }); err == nil {
			t.Errorf("%q was stored", name)
		}
	}
	if _, err := b.Take("other"); err == nil {
		t.Error("what was taken out can be taken")
	}
	if _, err := b.Put("broken", func(io.Writer) error { return errFault }); !errors.Is(err, errFault) {
		t.Errorf("%v", err)
	}
}
