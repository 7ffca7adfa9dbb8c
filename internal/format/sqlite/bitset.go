package sqlite

// chunkBits is how many pages one chunk of a pageSet covers.
const chunkBits = 1 << 15

// A pageSet is a set of page numbers. It takes memory only near the numbers
// that are in it, so that a page number of four billion costs 4 KiB.
type pageSet struct {
	chunks map[uint32]*[chunkBits / 64]uint64
	last   *[chunkBits / 64]uint64
	lastNo uint32
}

// add puts page into s, and reports whether it was not there yet.
func (s *pageSet) add(page uint32) bool {
	c := s.chunk(page / chunkBits)
	word, bit := page%chunkBits/64, uint64(1)<<(page%64)
	if c[word]&bit != 0 {
		return false
	}
	c[word] |= bit
	return true
}

// has reports whether page is in s.
func (s *pageSet) has(page uint32) bool {
	c := s.chunks[page/chunkBits]
	return c != nil && c[page%chunkBits/64]&(1<<(page%64)) != 0
}

func (s *pageSet) chunk(no uint32) *[chunkBits / 64]uint64 {
	if s.last != nil && s.lastNo == no {
		return s.last
	}
	c := s.chunks[no]
	if c == nil {
		if s.chunks == nil {
			s.chunks = make(map[uint32]*[chunkBits / 64]uint64)
		}
		c = new([chunkBits / 64]uint64)
		s.chunks[no] = c
	}
	s.last, s.lastNo = c, no
	return c
}
