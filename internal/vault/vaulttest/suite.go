// Package vaulttest is what every store of segments has to pass.
package vaulttest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/amparo-project/amparo/internal/vault"
)

// Suite tests the contract of vault.Store on empty stores that open makes.
func Suite(t *testing.T, open func(t *testing.T) vault.Store) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, vault.Store){
		"names": names, "sizes": sizes, "unseen": unseen, "aborted": aborted, "deleted": deleted, "together": together,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

// Bytes returns n bytes that no store compresses, the same for each seed.
func Bytes(n int, seed uint64) []byte {
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)})
	b := make([]byte, n)
	_, _ = r.Read(b) // it never fails
	return b
}

// Put stores a segment, written in pieces as a vault does.
func Put(t *testing.T, s vault.Store, data []byte) string {
	t.Helper()
	id := vault.NewID()
	if err := put(t, s, id, data); err != nil {
		t.Fatal(err)
	}
	return id
}

func put(t *testing.T, s vault.Store, id string, data []byte) error {
	t.Helper()
	w, err := s.Create(t.Context(), id)
	if err != nil {
		return err
	}
	defer w.Abort()
	for len(data) > 0 {
		n := min(len(data), 256<<10)
		if _, err := w.Write(data[:n]); err != nil {
			return err
		}
		data = data[n:]
	}
	return errors.Join(w.Sync(), w.Commit())
}

// All reads a whole segment.
func All(t *testing.T, s vault.Store, id string) []byte {
	t.Helper()
	b, err := s.Open(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	data := make([]byte, b.Size())
	if n, err := b.ReadAt(data, 0); n != len(data) || err != nil && !errors.Is(err, io.EOF) {
		t.Fatalf("read %d of %d bytes: %v", n, len(data), err)
	}
	return data
}

// IDs lists a store.
func IDs(t *testing.T, s vault.Store) map[string]bool {
	t.Helper()
	ids := map[string]bool{}
	if err := s.List(t.Context(), func(id string, modified time.Time) error {
		if age := time.Since(modified); age > time.Hour || age < -time.Hour {
			t.Errorf("%s was modified at %v", id, modified)
		}
		ids[id] = true
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return ids
}

func names(t *testing.T, s vault.Store) {
	for _, id := range []string{"", "../../x", "S-../../../x", "S-00/../../etc/passwd", "S-0", "workspace"} {
		if _, err := s.Open(t.Context(), id); err == nil {
			t.Errorf("%q opens", id)
		}
		if w, err := s.Create(t.Context(), id); err == nil {
			w.Abort()
			t.Errorf("%q is created", id)
		}
		if err := s.Delete(t.Context(), id); err == nil {
			t.Errorf("%q is deleted", id)
		}
	}
	if _, err := s.Open(t.Context(), vault.NewID()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a segment that is not there: %v", err)
	}
}

func sizes(t *testing.T, s vault.Store) {
	const mib = 1 << 20
	for i, n := range []int{0, 1, 200, 64<<10 + 1, 256 << 10, 8*mib - 1, 8 * mib, 8*mib + 1, 21*mib + 77} {
		data := Bytes(n, uint64(i))
		id := Put(t, s, data)
		if got := All(t, s, id); !bytes.Equal(got, data) {
			t.Errorf("%d bytes came back as %d others", n, len(got))
		}
		b, err := s.Open(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if b.Size() != int64(n) {
			t.Errorf("the size of %d bytes is %d", n, b.Size())
		}
		r := rand.New(rand.NewPCG(1, uint64(i)))
		for range 40 {
			if n == 0 {
				break
			}
			off := r.IntN(n)
			p := make([]byte, 1+r.IntN(min(n, 3*mib)))
			k, err := b.ReadAt(p, int64(off))
			want := min(len(p), n-off)
			if k != want || !bytes.Equal(p[:k], data[off:off+k]) || (k < len(p)) != errors.Is(err, io.EOF) {
				t.Fatalf("%d bytes at %d of %d: %d, %v", len(p), off, n, k, err)
			}
		}
		if _, err := b.ReadAt(make([]byte, 1), int64(n)); !errors.Is(err, io.EOF) {
			t.Errorf("behind the end: %v", err)
		}
		if _, err := b.ReadAt(make([]byte, 1), -1); err == nil {
			t.Error("a negative offset is read")
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
}

func unseen(t *testing.T, s vault.Store) {
	w, err := s.Create(t.Context(), vault.NewID())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	if _, err := w.Write(Bytes(20<<20, 1)); err != nil {
		t.Fatal(err)
	}
	if ids := IDs(t, s); len(ids) != 0 {
		t.Errorf("half a segment is listed: %v", ids)
	}
}

func aborted(t *testing.T, s vault.Store) {
	for _, n := range []int{10, 20 << 20} {
		for _, synced := range []bool{false, true} {
			id := vault.NewID()
			w, err := s.Create(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write(Bytes(n, 1)); err != nil {
				t.Fatal(err)
			}
			if synced {
				if err := w.Sync(); err != nil {
					t.Fatal(err)
				}
			}
			w.Abort()
			if _, err := s.Open(t.Context(), id); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%d bytes, synced %v, aborted: %v", n, synced, err)
			}
		}
	}
	if err := s.CleanIncoming(t.Context(), time.Now().Add(time.Hour)); err != nil {
		t.Error(err)
	}
	id := Put(t, s, []byte("kept"))
	if err := s.CleanIncoming(t.Context(), time.Now().Add(time.Hour)); err != nil {
		t.Error(err)
	}
	if got := All(t, s, id); string(got) != "kept" {
		t.Errorf("cleaning took what was committed: %q", got)
	}
}

func deleted(t *testing.T, s vault.Store) {
	id, other := Put(t, s, []byte("one")), Put(t, s, []byte("two"))
	for range 2 {
		if err := s.Delete(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Open(t.Context(), id); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a segment that was deleted: %v", err)
	}
	if ids := IDs(t, s); len(ids) != 1 || !ids[other] {
		t.Errorf("left are %v", ids)
	}
}

func together(t *testing.T, s vault.Store) {
	var g errgroup.Group
	want := map[string][]byte{}
	for i := range 16 {
		id, data := vault.NewID(), Bytes(1000+i*70_000, uint64(i))
		want[id] = data
		g.Go(func() error { return put(t, s, id, data) })
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	if ids := IDs(t, s); len(ids) != len(want) {
		t.Errorf("%d segments of %d", len(ids), len(want))
	}
	for id, data := range want {
		b, err := s.Open(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		for range 4 { // on one open segment
			g.Go(func() error {
				p := make([]byte, len(data))
				if n, err := b.ReadAt(p, 0); n != len(p) || !bytes.Equal(p, data) {
					return fmt.Errorf("%s: %d bytes: %w", id, n, err)
				}
				return nil
			})
		}
	}
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
}
