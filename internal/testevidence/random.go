package testevidence

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"time"
)

// A random is a seeded source. Each writer has its own, by name, so that
// they can run at the same time and one that changes does not change others.
type random struct{ *rand.Rand }

func newRandom(seed uint64, name string) random {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(name), seed))
	return random{rand.New(rand.NewPCG(binary.BigEndian.Uint64(sum[:]), binary.BigEndian.Uint64(sum[8:])))}
}

func (r random) bytes(n int) []byte {
	b := make([]byte, n)
	for i := 0; i < n; i += 8 {
		var w [8]byte
		binary.LittleEndian.PutUint64(w[:], r.Uint64())
		copy(b[i:], w[:])
	}
	return b
}

// uuid returns a random identifier as Apple writes them.
func (r random) uuid() string {
	const digits = "0123456789ABCDEF"
	var out [36]byte
	hi, lo := r.Uint64(), r.Uint64()
	hi = hi&^0xf000 | 0x4000
	lo = lo&^(3<<62) | 2<<62
	at := 0
	for i := range 32 {
		if i == 8 || i == 12 || i == 16 || i == 20 {
			out[at] = '-'
			at++
		}
		var nibble uint64
		if i < 16 {
			nibble = hi >> (60 - 4*i) & 15
		} else {
			nibble = lo >> (60 - 4*(i-16)) & 15
		}
		out[at] = digits[nibble]
		at++
	}
	return string(out[:])
}

// one reports true once in n.
func (r random) one(n int) bool { return r.IntN(n) == 0 }

func pick[T any](r random, list []T) T { return list[r.IntN(len(list))] }

// between returns a time between two others, to the microsecond.
func (r random) between(from, to time.Time) time.Time {
	return from.Add(time.Duration(r.Int64N(int64(to.Sub(from))/1000)) * 1000)
}

// token returns n random letters and digits.
func (r random) token(n int) string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	b := make([]byte, n)
	for i := range b {
		b[i] = letters[r.IntN(len(letters))]
	}
	return string(b)
}

// A clock gives n times that rise evenly, each with some chance, from the
// first to shortly before the last event of the phone.
type clock struct {
	r        random
	at       time.Time
	step     time.Duration
	produced int
}

func newClock(r random, n int) *clock {
	return &clock{r: r, at: first, step: last.Add(-time.Hour).Sub(first) / time.Duration(n+1)}
}

func (c *clock) next() time.Time {
	c.produced++
	return c.base(c.produced).Add(-time.Duration(c.r.Int64N(int64(c.step)/1000)) * 1000)
}

// base returns the latest that the n-th time, from 1, can be.
func (c *clock) base(n int) time.Time { return first.Add(time.Duration(n) * c.step) }

// phone returns a number of the range that Mexico or the US keep for nobody:
// no subscriber can have it.
func phone(i int) string {
	if i%4 == 3 {
		return fmt.Sprintf("+1%03d55501%02d", 201+i/100%700, i%100) // 555-0100 to -0199 are for fiction
	}
	return fmt.Sprintf("+52155000%05d", i%100000) // no area code begins with 0 in Mexico
}
