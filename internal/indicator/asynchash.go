package indicator

import (
	"crypto/sha256"
	"hash"
)

// An asyncHash takes SHA-256 beside whoever reads: of a large feed that is a
// fifth of the work.
type asyncHash struct {
	work, free chan []byte
	piece      []byte // that is being filled
	done       chan struct{}
	h          hash.Hash
	ended      bool
}

const hashPiece = 256 << 10

func newAsyncHash() *asyncHash {
	a := &asyncHash{work: make(chan []byte, 4), free: make(chan []byte, 4), done: make(chan struct{}), h: sha256.New()}
	go func() {
		defer close(a.done)
		for b := range a.work {
			a.h.Write(b)
			select {
			case a.free <- b:
			default:
			}
		}
	}()
	return a
}

// Write takes a copy of b. It never fails.
func (a *asyncHash) Write(b []byte) (int, error) {
	for rest := b; len(rest) > 0; {
		if a.piece == nil {
			select {
			case a.piece = <-a.free:
				a.piece = a.piece[:0]
			default:
				a.piece = make([]byte, 0, hashPiece)
			}
		}
		n := min(len(rest), hashPiece-len(a.piece))
		a.piece = append(a.piece, rest[:n]...)
		rest = rest[n:]
		if len(a.piece) == hashPiece {
			a.flush()
		}
	}
	return len(b), nil
}

func (a *asyncHash) flush() {
	if len(a.piece) > 0 {
		a.work <- a.piece
		a.piece = nil
	}
}

// stop ends the work. It may be called twice.
func (a *asyncHash) stop() {
	if !a.ended {
		a.ended = true
		a.flush()
		close(a.work)
		<-a.done
	}
}

// sum ends the work and returns the hash.
func (a *asyncHash) sum() []byte {
	a.stop()
	return a.h.Sum(nil)
}
