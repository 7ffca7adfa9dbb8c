package tracev3

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"sort"

	"github.com/amparo-project/amparo/internal/limit"
)

// A sharedCache is the file of strings of all images of a shared cache.
type sharedCache struct {
	r       io.ReaderAt
	size    int64
	ranges  []cacheRange // by start
	images  []cacheImage // by index, which ranges refer to
	order   []int32      // of images, by start of their text
	formats map[uint64]*format
}

// A cacheRange says where strings of one image lie in the file.
type cacheRange struct {
	start, size uint64 // in the cache
	at          int64  // in the file
	image       uint64
}

type cacheImage struct {
	start, size uint64 // of its text in the cache
	path        int64  // in the file
	image       Image
	known       bool // the path was read
}

// layout is what differs between the versions of the format.
type layout struct {
	rangeSize, imageSize int64
	parseRange           func([]byte) cacheRange
	parseImage           func([]byte) cacheImage
}

var layouts = map[uint16]layout{
	1: {16, 28, func(b []byte) cacheRange {
		return cacheRange{le32(b[4:]), le32(b[12:]), int64(le32(b[8:])), le32(b)}
	}, func(b []byte) cacheImage {
		return cacheImage{start: le32(b), size: le32(b[4:]), path: int64(le32(b[24:])), image: Image{ID: UUID(b[8:24])}}
	}},
	2: {24, 32, func(b []byte) cacheRange {
		return cacheRange{binary.LittleEndian.Uint64(b), le32(b[12:]), int64(le32(b[8:])), binary.LittleEndian.Uint64(b[16:])}
	}, func(b []byte) cacheImage {
		return cacheImage{
			start: binary.LittleEndian.Uint64(b), size: le32(b[8:]),
			path: int64(le32(b[28:])), image: Image{ID: UUID(b[12:28])},
		}
	}},
}

func le32(b []byte) uint64 { return uint64(binary.LittleEndian.Uint32(b)) }

// open reads the tables.
func (c *sharedCache) open() error {
	const fixed = 16
	var h [fixed]byte
	if err := readAt(c.r, h[:], 0, c.size); err != nil {
		return err
	}
	if string(h[:4]) != "hcsd" {
		return fmt.Errorf("%w: no file of shared cache strings", limit.ErrCorrupt)
	}
	l, ok := layouts[binary.LittleEndian.Uint16(h[4:])]
	if !ok {
		return fmt.Errorf("%w: shared cache strings of version %d", limit.ErrUnsupported, binary.LittleEndian.Uint16(h[4:]))
	}
	ranges, images := int64(le32(h[8:])), int64(le32(h[12:]))
	if need := ranges*l.rangeSize + images*l.imageSize; need > min(c.size-fixed, maxTable) {
		return fmt.Errorf("%w: %d ranges and %d images in %d bytes", limit.ErrCorrupt, ranges, images, c.size)
	}
	table := make([]byte, ranges*l.rangeSize+images*l.imageSize)
	if err := readAt(c.r, table, fixed, c.size); err != nil {
		return err
	}
	c.ranges = make([]cacheRange, ranges)
	for i := range c.ranges {
		c.ranges[i] = l.parseRange(table[int64(i)*l.rangeSize:])
	}
	table = table[ranges*l.rangeSize:]
	c.images, c.order = make([]cacheImage, images), make([]int32, images)
	for i := range c.images {
		c.images[i], c.order[i] = l.parseImage(table[int64(i)*l.imageSize:]), int32(i)
	}
	slices.SortFunc(c.ranges, func(a, b cacheRange) int { return cmp.Compare(a.start, b.start) })
	slices.SortFunc(c.order, func(a, b int32) int { return cmp.Compare(c.images[a].start, c.images[b].start) })
	return nil
}

// format returns the format string at an offset of the cache, nil where there
// is none.
func (c *sharedCache) format(s *Strings, id UUID, ref uint64) *format {
	if f, ok := c.formats[ref]; ok {
		return f
	}
	i := sort.Search(len(c.ranges), func(i int) bool { return c.ranges[i].start > ref }) - 1
	var f *format
	if i >= 0 && ref-c.ranges[i].start < c.ranges[i].size {
		g := &c.ranges[i]
		text, err := cString(c.r, g.at+int64(ref-g.start), min(c.size, g.at+int64(g.size)))
		s.note(id, err)
		if err == nil {
			f = s.keep(compile(text, c.image(s, id, g.image)))
		}
	}
	c.formats[ref] = f
	return f
}

// at returns the image whose code lies at an offset of the cache.
func (c *sharedCache) at(s *Strings, id UUID, pc uint64) *Image {
	i := sort.Search(len(c.order), func(i int) bool { return c.images[c.order[i]].start > pc }) - 1
	if i < 0 {
		return nil
	}
	n := c.order[i]
	if pc-c.images[n].start >= c.images[n].size {
		return nil
	}
	return c.image(s, id, uint64(n))
}

// image returns an image by its number, nil where there is none.
func (c *sharedCache) image(s *Strings, id UUID, n uint64) *Image {
	if n >= uint64(len(c.images)) {
		return nil
	}
	m := &c.images[n]
	if !m.known {
		m.known = true
		var err error
		m.image.Path, err = cString(c.r, m.path, c.size)
		s.note(id, err)
	}
	return &m.image
}
