package vp8l

// pixels reads over the pixels of a picture within the picture. What follows
// them can be found in no other way, and those of the groups say how many
// codes there are.
type pixels struct {
	d            *decoder
	g            *group
	width, total int

	list      []uint32 // nil: they are not wanted
	cache     []uint32
	cacheBits uint32
}

func (p *pixels) read() ([]uint32, error) {
	b := &p.d.bits
	for at := 0; at < p.total; {
		if b.err != nil {
			return nil, b.err
		}
		switch green := p.g[0].next(b); {
		case green < literals:
			red, blue, alpha := p.g[1].next(b), p.g[2].next(b), p.g[3].next(b)
			p.put(uint32(alpha)<<24 | uint32(red)<<16 | uint32(green)<<8 | uint32(blue))
			at++
		case green < literals+lengths:
			n := number(b, green-literals)
			back := p.back(number(b, p.g[4].next(b)))
			if back > at || n > p.total-at {
				return nil, corrupt("a copy of pixels that are not there")
			}
			p.copied(n, back)
			at += n
		default:
			if p.list != nil {
				p.put(p.cache[green-literals-lengths])
			}
			at++
		}
	}
	return p.list, b.err
}

// number reads what a prefix of a length or of a distance stands for.
func number(b *bits, prefix int) int {
	if prefix < 4 {
		return prefix + 1
	}
	extra := uint32(prefix-2) >> 1
	return (2+prefix&1)<<extra + int(b.read(extra)) + 1
}

// put keeps a pixel, and remembers its color.
func (p *pixels) put(color uint32) {
	if p.list == nil {
		return
	}
	p.list = append(p.list, color)
	if p.cacheBits > 0 {
		p.cache[0x1e35a7bd*color>>(32-p.cacheBits)] = color
	}
}

func (p *pixels) copied(n, back int) {
	if p.list == nil {
		return
	}
	for range n {
		p.put(p.list[len(p.list)-back])
	}
}

// back is how many pixels back a distance lies: the small ones are places
// around the pixel.
func (p *pixels) back(distance int) int {
	if distance > len(near) {
		return distance - len(near)
	}
	n := near[distance-1]
	return max(1, int(n[0])+int(n[1])*p.width)
}

// near are the places that small distances stand for: to the left and above
// (RFC 9649, 5.2.2).
var near = [120][2]int8{
	{0, 1},
	{1, 0},
	{1, 1},
	{-1, 1},
	{0, 2},
	{2, 0},
	{1, 2},
	{-1, 2},
	{2, 1},
	{-2, 1},
	{2, 2},
	{-2, 2},
	{0, 3},
	{3, 0},
	{1, 3},
	{-1, 3},
	{3, 1},
	{-3, 1},
	{2, 3},
	{-2, 3},
	{3, 2},
	{-3, 2},
	{0, 4},
	{4, 0},
	{1, 4},
	{-1, 4},
	{4, 1},
	{-4, 1},
	{3, 3},
	{-3, 3},
	{2, 4},
	{-2, 4},
	{4, 2},
	{-4, 2},
	{0, 5},
	{3, 4},
	{-3, 4},
	{4, 3},
	{-4, 3},
	{5, 0},
	{1, 5},
	{-1, 5},
	{5, 1},
	{-5, 1},
	{2, 5},
	{-2, 5},
	{5, 2},
	{-5, 2},
	{4, 4},
	{-4, 4},
	{3, 5},
	{-3, 5},
	{5, 3},
	{-5, 3},
	{0, 6},
	{6, 0},
	{1, 6},
	{-1, 6},
	{6, 1},
	{-6, 1},
	{2, 6},
	{-2, 6},
	{6, 2},
	{-6, 2},
	{4, 5},
	{-4, 5},
	{5, 4},
	{-5, 4},
	{3, 6},
	{-3, 6},
	{6, 3},
	{-6, 3},
	{0, 7},
	{7, 0},
	{1, 7},
	{-1, 7},
	{5, 5},
	{-5, 5},
	{7, 1},
	{-7, 1},
	{4, 6},
	{-4, 6},
	{6, 4},
	{-6, 4},
	{2, 7},
	{-2, 7},
	{7, 2},
	{-7, 2},
	{3, 7},
	{-3, 7},
	{7, 3},
	{-7, 3},
	{5, 6},
	{-5, 6},
	{6, 5},
	{-6, 5},
	{8, 0},
	{4, 7},
	{-4, 7},
	{7, 4},
	{-7, 4},
	{8, 1},
	{8, 2},
	{6, 6},
	{-6, 6},
	{8, 3},
	{5, 7},
	{-5, 7},
	{7, 5},
	{-7, 5},
	{8, 4},
	{6, 7},
	{-6, 7},
	{7, 6},
	{-7, 6},
	{8, 5},
	{7, 7},
	{-7, 7},
	{8, 6},
	{8, 7},
}
