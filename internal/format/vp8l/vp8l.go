// Package vp8l reads the prefix codes of a lossless WebP picture, and decodes
// none of it.
//
// CVE-2023-4863, with which BLASTPASS began, lay in how libwebp built tables
// from such codes: it took memory for the largest tables that complete codes
// can need, and filled a table before it found the code to be incomplete. Only
// a file made for it has codes that need more.
//
// Sources: RFC 9649, section 3 (the format);
// https://chromium.googlesource.com/webm/libwebp/+/902bc9190331343b2017211debcec8d2ab87e17a
// (the repair, and the sizes that were taken for granted);
// https://blog.isosceles.com/the-webp-0day/ (how it overflows).
//
// Start with Inspect.
package vp8l

import (
	"errors"
	"fmt"

	"github.com/amparo-project/amparo/internal/limit"
)

// A Report says what the codes of a picture ask for.
type Report struct {
	Width, Height int // pixels
	Groups        int // of five codes each, of the main picture
	// Tables is the largest number of entries that the tables of one group
	// need, Room what libwebp took memory for.
	Tables, Room int
	// Overflow says that some group needs more than there is room for.
	Overflow bool
}

// Limits of what is looked at: a picture of a message is far below them.
const (
	maxGroups = 1 << 16 // as in libwebp
	maxPixels = 1 << 22 // of a picture within the picture, such as that of the groups
)

// Inspect reads the codes of the payload of a chunk VP8L. An error says where
// the picture stopped making sense; the report has what was read up to there:
// exploits are broken files.
func Inspect(data []byte) (Report, error) {
	d := &decoder{bits: bits{data: data}}
	if d.bits.read(8) != 0x2f {
		return d.out, fmt.Errorf("%w: no signature of a lossless picture", limit.ErrCorrupt)
	}
	d.out.Width, d.out.Height = int(d.bits.read(14))+1, int(d.bits.read(14))+1
	d.bits.read(4) // alpha and version
	width, err := d.transforms(d.out.Width)
	if err == nil {
		err = d.main(width, d.out.Height)
	}
	if err == nil {
		err = d.bits.err
	}
	return d.out, err
}

type decoder struct {
	bits bits
	out  Report
}

// Kinds of transforms.
const (
	predictor = iota
	crossColor
	subtractGreen
	colorIndexing
)

// transforms reads over the transforms, and returns the width of the picture
// that they leave.
func (d *decoder) transforms(width int) (int, error) {
	for n := 0; d.bits.read(1) == 1; n++ {
		if n == 4 || d.bits.err != nil {
			return 0, corrupt("too many transforms")
		}
		switch d.bits.read(2) {
		case predictor, crossColor:
			size := d.bits.read(3) + 2
			if _, err := d.picture(below(width, size), below(d.out.Height, size), false); err != nil {
				return 0, err
			}
		case subtractGreen:
		case colorIndexing:
			colors := int(d.bits.read(8)) + 1
			if _, err := d.picture(colors, 1, false); err != nil {
				return 0, err
			}
			width = below(width, packed(colors))
		}
	}
	return width, nil
}

// packed is how many bits of a position a pixel of so many colors shares.
func packed(colors int) uint32 {
	switch {
	case colors <= 2:
		return 3
	case colors <= 4:
		return 2
	case colors <= 16:
		return 1
	}
	return 0
}

// below is a size in blocks of 1<<n pixels.
func below(size int, n uint32) int { return (size + 1<<n - 1) >> n }

// main reads the codes of the main picture: of all its groups.
func (d *decoder) main(width, height int) error {
	cache, err := d.cacheBits()
	if err != nil {
		return err
	}
	groups := 1
	if d.bits.read(1) == 1 {
		size := d.bits.read(3) + 2
		pixels, err := d.picture(below(width, size), below(height, size), true)
		if err != nil {
			return err
		}
		for _, p := range pixels {
			groups = max(groups, int(p>>8&0xffff)+1) // red and green
		}
	}
	if groups > maxGroups {
		return fmt.Errorf("%w: %d groups of codes", limit.ErrLimit, groups)
	}
	d.out.Groups = groups
	for range groups {
		if _, err := d.group(cache); err != nil {
			return err
		}
	}
	return nil
}

// cacheBits reads the size of the cache of colors, 0 for none.
func (d *decoder) cacheBits() (uint32, error) {
	if d.bits.read(1) == 0 {
		return 0, nil
	}
	n := d.bits.read(4)
	if n < 1 || n > 11 {
		return 0, corrupt("a cache of colors of no such size")
	}
	return n, nil
}

// picture reads a picture within the picture: its codes and its pixels, which
// are returned where they are wanted.
func (d *decoder) picture(width, height int, wanted bool) ([]uint32, error) {
	if width*height > maxPixels {
		return nil, fmt.Errorf("%w: a picture of %d pixels within the picture", limit.ErrLimit, width*height)
	}
	cache, err := d.cacheBits()
	if err != nil {
		return nil, err
	}
	g, err := d.group(cache)
	if err != nil {
		return nil, err
	}
	p := &pixels{d: d, g: g, width: width, total: width * height}
	if wanted {
		p.list = make([]uint32, 0, p.total)
		p.cacheBits = cache
		p.cache = make([]uint32, 1<<cache)
	}
	return p.read()
}

func corrupt(what string) error { return fmt.Errorf("%w: %s", limit.ErrCorrupt, what) }

// bits reads numbers of a stream, the lowest bit first. Beyond the end all
// bits are 0 and err is set.
type bits struct {
	data []byte
	at   int
	err  error
}

var errEnd = errors.New("the picture ends early")

func (b *bits) read(n uint32) uint32 {
	v := uint32(0)
	for i := range n {
		if b.at>>3 >= len(b.data) {
			b.err = errEnd
			return v
		}
		v |= uint32(b.data[b.at>>3]>>(b.at&7)&1) << i
		b.at++
	}
	return v
}
