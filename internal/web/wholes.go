package web

import (
	"crypto/sha256"
	"fmt"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// Bounds of what is remembered of hashes: how many, and for how long.
const (
	maxWholes  = 1000
	wholesLife = time.Hour
)

// wholes remembers of which stored files this process computed the SHA-256 and
// found the one that a check had found, in memory alone. An entry is known by a
// hash of all that it rests on, so that memory says nothing of evidence: where
// one of them is another, the file was not hashed.
type wholes struct {
	all *lru.Cache[[sha256.Size]byte, time.Time] // when
}

func newWholes() (wholes, error) {
	all, err := lru.New[[sha256.Size]byte, time.Time](maxWholes)
	return wholes{all}, err
}

// wholeKey is a stored file: of which evidence, where it lies in it, what it is
// stored as (vault.Bundle.Mark), and the hash that was found. ok is false for
// what is not known to be stored: it is hashed each time.
func wholeKey(evidence, root, stored, mark, sum string) (key [sha256.Size]byte, ok bool) {
	return sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q %q", evidence, root, stored, mark, sum)), mark != ""
}

// get returns when the file was hashed. It does not count as use: the oldest is
// the first to be forgotten.
func (w wholes) get(key [sha256.Size]byte, now time.Time) (time.Time, bool) {
	at, ok := w.all.Peek(key)
	if age := now.Sub(at); ok && (age < 0 || age > wholesLife) {
		w.all.Remove(key)
		return time.Time{}, false
	}
	return at, ok
}

// put remembers; where there are too many, the oldest is forgotten.
func (w wholes) put(key [sha256.Size]byte, now time.Time) { w.all.Add(key, now) }

// drop forgets one: it was asked for anew.
func (w wholes) drop(key [sha256.Size]byte) { w.all.Remove(key) }

// forget drops all.
func (w wholes) forget() { w.all.Purge() }
