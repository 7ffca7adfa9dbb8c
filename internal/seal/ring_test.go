package seal_test

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/seal"
)

// TestRing opens fields through a ring: the same comes out, for who holds the
// identity and for nobody else, also after it was forgotten or its time is over.
func TestRing(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	ring := seal.NewRing(func() time.Time { return now })
	mine, err := seal.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	other, err := seal.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	with, others := mine.Remembering(ring), other.Remembering(ring)
	if with.Secret() != mine.Secret() || with.Recipient() != mine.Recipient() {
		t.Error("it is another identity")
	}
	sealed, err := seal.Seal(mine.Recipient(), []byte("a name"))
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []func(){func() {}, func() {}, ring.Forget, func() { now = now.Add(time.Hour) }, func() {}} {
		step()
		data, err := seal.Open(with, sealed)
		if err != nil || string(data) != "a name" {
			t.Fatalf("%q: %v", data, err)
		}
		data[0] = 'X' // the caller's own
		if _, err := seal.Open(others, sealed); !errors.Is(err, seal.ErrWrongKey) {
			t.Fatalf("with another identity: %v", err)
		}
		changed := bytes.Clone(sealed)
		changed[len(changed)-1] ^= 1
		if _, err := seal.Open(with, changed); err == nil {
			t.Fatal("what was changed is opened")
		}
	}
}

// TestRingIsBounded puts in more than it keeps, from several goroutines.
func TestRingIsBounded(t *testing.T) {
	t.Parallel()
	ring := seal.NewRing(time.Now)
	id, err := seal.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	id = id.Remembering(ring)
	large := bytes.Repeat([]byte("x"), 8<<10)
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			for n := range 50 {
				text := append([]byte(fmt.Sprintf("%d %d ", g, n)), large[:n%2*len(large)]...)
				sealed, err := seal.Seal(id.Recipient(), text)
				if err != nil {
					t.Error(err)
					return
				}
				for range 2 {
					if got, err := seal.Open(id, sealed); err != nil || !bytes.Equal(got, text) {
						t.Errorf("%v", err)
					}
				}
			}
		})
	}
	all.Wait()
}

func BenchmarkOpen(b *testing.B) {
	id, err := seal.NewIdentity()
	if err != nil {
		b.Fatal(err)
	}
	sealed, err := seal.Seal(id.Recipient(), []byte("a title of a case"))
	if err != nil {
		b.Fatal(err)
	}
	for name, with := range map[string]seal.Identity{"alone": id, "ring": id.Remembering(seal.NewRing(time.Now))} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := seal.Open(with, sealed); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
