package indicator

// space separates the keys of the index by how they are looked up.
type space uint8

const (
	spaceHost space = iota
	spaceIP
	spaceURL
	spaceURLPrefix
	spaceProcess
	spaceTruncated // processes, cut as kernels cut them
	spaceFileName
	spaceFilePath     // absolute
	spaceRelativePath // from some folder on
	spaceFileHash
	spaceCertHash
	spaceEmail
	spaceAppID
	spaceProfileID
	spaceProperty
	spacePhone
	spaces
)

var spaceOf = [...]space{
	kindDomain: spaceHost, kindIP: spaceIP, kindURL: spaceURL, kindURLPrefix: spaceURLPrefix, kindProcess: spaceProcess,
	kindFileName: spaceFileName, kindFilePath: spaceFilePath, kindFileHash: spaceFileHash, kindCertHash: spaceCertHash,
	kindEmail: spaceEmail, kindAppID: spaceAppID, kindProfileID: spaceProfileID, kindProperty: spaceProperty, kindPhone: spacePhone,
}

// An entry says that an indicator, or one of its terms, has a key.
type entry struct {
	ind   *Indicator
	next  uint32 // the next entry of the same key, 0 for none
	term  int16  // of an AllOf indicator, -1 for the indicator itself
	space space
	cut   uint8 // length of the key where it is shorter than the indicator's, 0 if not
}

// key is the text that the entry is found by.
func (e *entry) key() string {
	k := e.ind.key
	if e.term >= 0 {
		k = e.ind.form.terms[e.term].key
	}
	if e.cut > 0 {
		return k[:e.cut]
	}
	return k
}

// index is a hash table from keys to entries, with a bit filter before it. The
// filter answers nearly all look-ups from one word of memory.
type index struct {
	entries []entry // the first is unused
	tables  [spaces]table
}

// A table is the part of an index for one space: those of few keys stay in
// the processor's cache, however many keys another has. The zero value is
// empty, and stays so.
type table struct {
	slots  []uint32 // first entry of a key, 0 for none; a power of two of them
	filter []uint64 // one bit a key
}

// The hash is FNV-1a over the bytes from the last to the first, so that one
// pass over a host from its end gives the hash of each parent domain. Those of
// paths run from the first to the last, for the folders above a file.
const (
	hashStart = 14695981039346656037
	hashPrime = 1099511628211
)

func start(s space) uint64 { return (hashStart ^ uint64(s)) * hashPrime }

func step(h uint64, c byte) uint64 { return (h ^ uint64(c)) * hashPrime }

// finish spreads what step leaves in the high bits.
func finish(h uint64) uint64 {
	h ^= h >> 32
	h *= 0x9E3779B97F4A7C15
	return h ^ h>>29
}

func hashOf(s space, key []byte) uint64 {
	h := start(s)
	if forward(s) {
		for _, c := range key {
			h = step(h, c)
		}
		return finish(h)
	}
	for i := len(key) - 1; i >= 0; i-- {
		h = step(h, key[i])
	}
	return finish(h)
}

func forward(s space) bool {
	return s == spaceFilePath || s == spaceRelativePath || s == spaceURLPrefix
}

// newIndex returns an index with room for n entries in each space.
func newIndex(n [spaces]int) *index {
	x := &index{}
	total := 0
	for s, n := range n {
		if n == 0 {
			continue
		}
		total += n
		size := 64
		for size < 2*n {
			size *= 2
		}
		// 8 bits a slot, at least 16 a key.
		x.tables[s] = table{slots: make([]uint32, size), filter: make([]uint64, size/8)}
	}
	x.entries = make([]entry, 1, total+1)
	return x
}

func (x *index) has(s space) bool { return x.tables[s].slots != nil }

func (t *table) filterBit(h uint64) (word int, bit uint64) {
	h >>= 20
	return int(h>>6) & (len(t.filter) - 1), 1 << (h & 63)
}

// find returns the first entry of a key with the given hash in a space that
// is not empty, 0 for none.
func (x *index) find(h uint64, s space, key []byte) uint32 {
	t := &x.tables[s]
	if word, bit := t.filterBit(h); t.filter[word]&bit == 0 {
		return 0
	}
	mask := uint64(len(t.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		n := t.slots[i]
		if n == 0 || x.entries[n].key() == string(key) {
			return n
		}
	}
}

// look is find for a key whose hash is not at hand.
func (x *index) look(s space, key []byte) uint32 {
	if !x.has(s) || len(key) == 0 {
		return 0
	}
	return x.find(hashOf(s, key), s, key)
}

// add files e. There must be room for it in its space.
func (x *index) add(e entry) {
	key := []byte(e.key())
	h := hashOf(e.space, key)
	x.entries = append(x.entries, e)
	n := uint32(len(x.entries) - 1)
	if head := x.find(h, e.space, key); head != 0 {
		x.entries[n].next = x.entries[head].next
		x.entries[head].next = n
		return
	}
	t := &x.tables[e.space]
	word, bit := t.filterBit(h)
	t.filter[word] |= bit
	mask := uint64(len(t.slots) - 1)
	i := h & mask
	for t.slots[i] != 0 {
		i = (i + 1) & mask
	}
	t.slots[i] = n
}
