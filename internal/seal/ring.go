package seal

import (
	"bytes"
	"container/list"
	"crypto/sha256"
	"sync"
	"time"
)

// Bounds of a ring: how much it remembers in all and of one field, in bytes,
// and for how long.
const (
	maxRing    = 16 << 20
	maxInRing  = 4 << 10
	ringMemory = 10 * time.Minute
)

// A Ring remembers small fields that were opened, case keys above all, so that
// a list of a hundred names is not a hundred curve multiplications each time it
// is looked at. It is in memory alone, and bounded in size and time. Who asks
// must hold the identity: what it is remembered by is a hash of the secret and
// of what was sealed. Goroutines may share it.
type Ring struct {
	now func() time.Time

	mu    sync.Mutex
	at    map[[32]byte]*list.Element // guarded by mu
	order *list.List                 // guarded by mu: of *remembered, the last opened in front
	bytes int                        // guarded by mu
}

type remembered struct {
	key   [32]byte
	data  []byte
	until time.Time
}

// NewRing returns an empty ring with a clock.
func NewRing(now func() time.Time) *Ring {
	return &Ring{now: now, at: map[[32]byte]*list.Element{}, order: list.New()}
}

// Remembering is the identity with a ring: Open with it asks the ring first.
func (i Identity) Remembering(r *Ring) Identity {
	if i.key != nil && r != nil {
		i.ring, i.mark = r, sha256.Sum256([]byte("amparo ring\n"+i.key.String()))
	}
	return i
}

// Forgetful is the identity without its ring, for what must not be remembered.
func (i Identity) Forgetful() Identity {
	i.ring = nil
	return i
}

// Forget drops all.
func (r *Ring) Forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.at)
	r.order.Init()
	r.bytes = 0
}

func (i Identity) ringKey(sealed []byte) (key [32]byte) {
	h := sha256.New()
	h.Write(i.mark[:])
	h.Write(sealed)
	h.Sum(key[:0])
	return key
}

func (r *Ring) get(key [32]byte) ([]byte, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.at[key]
	if e == nil {
		return nil, false
	}
	m, _ := e.Value.(*remembered)
	if r.now().After(m.until) {
		r.drop(e)
		return nil, false
	}
	return bytes.Clone(m.data), true
}

func (r *Ring) put(key [32]byte, data []byte) {
	if len(data) > maxInRing {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.at[key]; e != nil {
		r.drop(e)
	}
	now := r.now()
	r.at[key] = r.order.PushFront(&remembered{key, bytes.Clone(data), now.Add(ringMemory)})
	r.bytes += cost(data)
	for e := r.order.Back(); e != nil && (r.bytes > maxRing || now.After(e.Value.(*remembered).until)); e = r.order.Back() { //nolint:forcetypeassert // of nothing else
		r.drop(e)
	}
}

func (r *Ring) drop(e *list.Element) {
	m, _ := r.order.Remove(e).(*remembered)
	delete(r.at, m.key)
	r.bytes -= cost(m.data)
	clear(m.data)
}

// cost is about what a field takes with its place in the ring.
func cost(data []byte) int { return len(data) + 200 }
