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
	entries []entry  // the first is unused
	slots   []uint32 // first entry of a key, 0 for none; a power of two of them
	filter  []uint64 // one bit a key
	has     [spaces]bool
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

// newIndex returns an index with room for n entries.
func newIndex(n int) *index {
	size := 16
	for size < 2*n {
		size *= 2
	}
	return &index{
		entries: make([]entry, 1, n+1),
		slots:   make([]uint32, size),
		filter:  make([]uint64, size/8), // 8 bits a slot, at least 16 a key
	}
}

func (x *index) filterBit(h uint64) (word int, bit uint64) {
	h >>= 20
	return int(h>>6) & (len(x.filter) - 1), 1 << (h & 63)
}

// find returns the first entry of a key with the given hash, 0 for none.
func (x *index) find(h uint64, s space, key []byte) uint32 {
	if word, bit := x.filterBit(h); x.filter[word]&bit == 0 {
		return 0
	}
	mask := uint64(len(x.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		n := x.slots[i]
		if n == 0 {
			return 0
		}
		if e := &x.entries[n]; e.space == s && e.key() == string(key) {
			return n
		}
	}
}

// look is find for a key whose hash is not at hand.
func (x *index) look(s space, key []byte) uint32 {
	if !x.has[s] || len(key) == 0 {
		return 0
	}
	return x.find(hashOf(s, key), s, key)
}

// add files e.
func (x *index) add(e entry) {
	key := []byte(e.key())
	h := hashOf(e.space, key)
	x.has[e.space] = true
	x.entries = append(x.entries, e)
	n := uint32(len(x.entries) - 1)
	if head := x.find(h, e.space, key); head != 0 {
		x.entries[n].next = x.entries[head].next
		x.entries[head].next = n
		return
	}
	word, bit := x.filterBit(h)
	x.filter[word] |= bit
	mask := uint64(len(x.slots) - 1)
	i := h & mask
	for x.slots[i] != 0 {
		i = (i + 1) & mask
	}
	x.slots[i] = n
}
