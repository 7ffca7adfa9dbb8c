package vp8l

const (
	literals  = 256
	lengths   = 24
	distances = 40

	maxLength = 15 // of a code word
	rootBits  = 8  // of the first table that libwebp builds
)

// room is how many entries libwebp took memory for, for the five codes of a
// group, by the bits of the cache of colors: the largest tables that complete
// codes can need, as its comment has it computed by enough.c of zlib.
var room = [12]int{
	fixed + 654, fixed + 656, fixed + 658, fixed + 662, fixed + 670, fixed + 686, fixed + 718, fixed + 782, fixed + 912,
	fixed + 1168, fixed + 1680, fixed + 2704,
}

const fixed = 630*3 + 410

// A group is the codes of green with lengths and cache, red, blue, alpha and
// distance.
type group [5]code

// group reads five codes and notes what their tables need.
func (d *decoder) group(cache uint32) (*group, error) {
	g := new(group)
	total := 0
	for i, n := range []int{literals + lengths, literals, literals, literals, distances} {
		if i == 0 && cache > 0 {
			n += 1 << cache
		}
		words, err := d.words(n)
		if err != nil {
			return nil, err
		}
		size, whole := tableSize(words)
		if total += size; total > d.out.Tables {
			d.out.Tables, d.out.Room = total, room[cache]
		}
		d.out.Overflow = d.out.Overflow || total > room[cache]
		if !whole {
			return nil, corrupt("a code that is not complete")
		}
		g[i] = newCode(words)
	}
	return g, nil
}

// order is that in which the lengths of the code of lengths are written.
var order = [19]int{17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}

// words reads the lengths of the words of a code of n symbols.
func (d *decoder) words(n int) ([]uint8, error) {
	out := make([]uint8, n)
	if d.bits.read(1) == 1 {
		return d.simple(out)
	}
	var first [19]uint8
	count := int(d.bits.read(4)) + 4
	for i := range count {
		first[order[i]] = uint8(d.bits.read(3))
	}
	if _, whole := tableSize(first[:]); !whole {
		return nil, corrupt("a code of lengths that is not complete")
	}
	most := n
	if d.bits.read(1) == 1 {
		if most = 2 + int(d.bits.read(2+2*d.bits.read(3))); most > n {
			return nil, corrupt("more lengths than symbols")
		}
	}
	return out, d.lengths(out, newCode(first[:]), most)
}

// simple reads a code of one or two symbols.
func (d *decoder) simple(out []uint8) ([]uint8, error) {
	two := d.bits.read(1) == 1
	width := uint32(1)
	if d.bits.read(1) == 1 {
		width = 8
	}
	symbols := []uint32{d.bits.read(width)}
	if two {
		symbols = append(symbols, d.bits.read(8))
	}
	for _, s := range symbols {
		if int(s) >= len(out) {
			return nil, corrupt("a symbol that the code does not have")
		}
		out[s] = 1
	}
	return out, d.bits.err
}

// lengths reads lengths that are written in a code of their own.
func (d *decoder) lengths(out []uint8, c code, most int) error {
	last := uint8(8)
	for i := 0; i < len(out) && most > 0; most-- {
		if d.bits.err != nil {
			return d.bits.err
		}
		symbol := c.next(&d.bits)
		if symbol < 16 {
			out[i] = uint8(symbol)
			i++
			if symbol != 0 {
				last = uint8(symbol)
			}
			continue
		}
		value, times := uint8(0), 0
		switch symbol {
		case 16:
			value, times = last, 3+int(d.bits.read(2))
		case 17:
			times = 3 + int(d.bits.read(3))
		case 18:
			times = 11 + int(d.bits.read(7))
		default:
			return corrupt("a length that there is not")
		}
		if i+times > len(out) {
			return corrupt("more lengths than symbols")
		}
		for range times {
			out[i] = value
			i++
		}
	}
	return d.bits.err
}

// tableSize returns how many entries libwebp writes for a code before it finds
// out whether the code is complete, and whether it is.
func tableSize(words []uint8) (size int, whole bool) {
	var count [maxLength + 1]int
	used := 0
	for _, n := range words {
		if n > 0 {
			count[n]++
			used++
		}
	}
	size = 1 << rootBits
	if used <= 1 {
		return size, used == 1
	}
	t := &tables{count: count, size: size, low: -1}
	open := 1
	for n := 1; n <= maxLength; n++ {
		if open = open<<1 - count[n]; open < 0 {
			return t.size, false
		}
		t.level(n)
	}
	return t.size, open == 0
}

// tables follows how the tables of the second level grow.
type tables struct {
	count    [maxLength + 1]int // words that have no place yet
	size     int
	key, low int
}

func (t *tables) level(n int) {
	for ; t.count[n] > 0; t.count[n]-- {
		if low := t.key & (1<<rootBits - 1); n > rootBits && low != t.low {
			t.low = low
			t.size += 1 << t.bits(n)
		}
		t.key = nextKey(t.key, n)
	}
}

// bits is the width of the next table of the second level.
func (t *tables) bits(n int) int {
	left := 1 << (n - rootBits)
	for n < maxLength {
		if left -= t.count[n]; left <= 0 {
			break
		}
		n++
		left <<= 1
	}
	return n - rootBits
}

// nextKey counts up a word of n bits that is read from its end.
func nextKey(key, n int) int {
	step := 1 << (n - 1)
	for key&step != 0 {
		step >>= 1
	}
	if step == 0 {
		return key
	}
	return key&(step-1) + step
}

// A code finds symbols by the count of words of each length.
type code struct {
	count   [maxLength + 1]int
	symbols []uint16 // by length, then by number
	only    int      // the symbol of a code of one, which takes no bits; -1: there are more
}

func newCode(words []uint8) code {
	c := code{only: -1}
	for _, n := range words {
		if n > 0 {
			c.count[n]++
		}
	}
	for n := uint8(1); n <= maxLength; n++ {
		if c.count[n] == 0 {
			continue
		}
		for s, w := range words {
			if w == n {
				c.symbols = append(c.symbols, uint16(s))
			}
		}
	}
	if len(c.symbols) == 1 {
		c.only = int(c.symbols[0])
	}
	return c
}

// next reads a symbol.
func (c *code) next(b *bits) int {
	if c.only >= 0 {
		return c.only
	}
	word, first, index := 0, 0, 0
	for n := 1; n <= maxLength; n++ {
		word |= int(b.read(1))
		if k := word - first; k < c.count[n] {
			return int(c.symbols[index+k])
		}
		index += c.count[n]
		first = (first + c.count[n]) << 1
		word <<= 1
	}
	b.err = errEnd
	return 0
}
