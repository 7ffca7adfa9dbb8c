package web

import (
	"crypto/sha256"
	"fmt"
	"sync"
	"time"
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
	mu  sync.Mutex
	all map[[sha256.Size]byte]time.Time // guarded by mu; when
}

// wholeKey is a stored file: of which evidence, where it lies in it, what it is
// stored as (vault.Bundle.Mark), and the hash that was found. ok is false for
// what is not known to be stored: it is hashed each time.
func wholeKey(evidence, root, stored, mark, sum string) (key [sha256.Size]byte, ok bool) {
	return sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q %q", evidence, root, stored, mark, sum)), mark != ""
}

// get returns when the file was hashed.
func (w *wholes) get(key [sha256.Size]byte, now time.Time) (time.Time, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	at, ok := w.all[key]
	if age := now.Sub(at); ok && (age < 0 || age > wholesLife) {
		delete(w.all, key)
		return time.Time{}, false
	}
	return at, ok
}

// put remembers; where there are too many, the oldest is forgotten.
func (w *wholes) put(key [sha256.Size]byte, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all == nil {
		w.all = map[[sha256.Size]byte]time.Time{}
	}
	if _, known := w.all[key]; !known && len(w.all) >= maxWholes {
		var oldest [sha256.Size]byte
		first := now
		for k, at := range w.all {
			if !at.After(first) {
				oldest, first = k, at
			}
		}
		delete(w.all, oldest)
	}
	w.all[key] = now
}

// drop forgets one: it was asked for anew.
func (w *wholes) drop(key [sha256.Size]byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.all, key)
}

// forget drops all.
func (w *wholes) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all = nil
}
