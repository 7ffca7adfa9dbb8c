package ios

import (
	"encoding/binary"
	"io"
)

// Tags of a TIFF file that matter here (TIFF 6.0, Adobe's DNG specification).
const (
	tagCompression     = 0x0103
	tagStripOffsets    = 0x0111
	tagSamplesPerPixel = 0x0115
	tagTileOffsets     = 0x0144
	tagSubIFDs         = 0x014a

	losslessJPEG = 7
)

const (
	maxIFDs       = 64
	maxIFDEntries = 4_096
	maxMarkers    = 1_000
)

// A tiff reads the directories of a TIFF file.
type tiff struct {
	r     io.ReaderAt
	size  int64
	order binary.ByteOrder
	err   error // the first read that failed
}

// dngCounts returns the samples a pixel that a directory with a lossless JPEG
// declares, and the components of that JPEG: in a sound DNG they agree. Zeros
// where there is none. Of several directories the first in which they differ
// counts, else the last.
func dngCounts(r io.ReaderAt, size int64) (samples, components int64, err error) {
	t := &tiff{r: r, size: size, order: binary.LittleEndian}
	var head [8]byte
	if n, err := readAt(r, head[:], 0, size); err != nil || n < len(head) {
		return 0, 0, err
	}
	if head[0] == 'M' {
		t.order = binary.BigEndian
	}
	todo, seen := []int64{int64(t.order.Uint32(head[4:]))}, map[int64]bool{}
	for len(todo) > 0 && len(seen) < maxIFDs && t.err == nil {
		at := todo[0]
		todo = todo[1:]
		if at == 0 || seen[at] {
			continue
		}
		seen[at] = true
		d := t.directory(at)
		todo = append(append(todo, d.sub...), d.next)
		if d.compression != losslessJPEG || d.samples == 0 || d.data == 0 {
			continue
		}
		if n := t.components(d.data); n > 0 {
			samples, components = d.samples, n
			if samples != components {
				break
			}
		}
	}
	return samples, components, t.err
}

// A tiffDirectory is what matters of one directory.
type tiffDirectory struct {
	compression, samples, data, next int64
	sub                              []int64
}

func (t *tiff) directory(at int64) (d tiffDirectory) {
	count := t.uint(at, 2)
	if count > maxIFDEntries {
		return d
	}
	for i := range count {
		entry := at + 2 + 12*i
		switch t.uint(entry, 2) {
		case tagCompression:
			d.compression = t.value(entry)
		case tagSamplesPerPixel:
			d.samples = t.value(entry)
		case tagStripOffsets, tagTileOffsets:
			d.data = t.value(entry)
		case tagSubIFDs:
			d.sub = t.values(entry)
		}
		if t.err != nil {
			return d
		}
	}
	d.next = t.uint(at+2+12*count, 4)
	return d
}

// value returns the first value of an entry: short, long, or at an offset.
func (t *tiff) value(entry int64) int64 {
	all := t.values(entry)
	if len(all) == 0 {
		return 0
	}
	return all[0]
}

// values returns the first values of an entry of shorts or longs.
func (t *tiff) values(entry int64) []int64 {
	kind, count := t.uint(entry+2, 2), min(t.uint(entry+4, 4), maxIFDs)
	width := int64(2)
	switch kind {
	case 3:
	case 4, 13:
		width = 4
	default:
		return nil
	}
	at := entry + 8
	if t.uint(entry+4, 4)*width > 4 {
		at = t.uint(entry+8, 4)
	}
	var list []int64
	for i := range count {
		list = append(list, t.uint(at+i*width, int(width)))
	}
	return list
}

// components returns how many components the start of frame of a lossless JPEG
// (SOF3) has, 0 where there is none.
func (t *tiff) components(at int64) int64 {
	at += 2 // the start of the image
	for range maxMarkers {
		marker := t.bytes(at, 4)
		if len(marker) < 4 || marker[0] != 0xff {
			return 0
		}
		if marker[1] == 0xc3 {
			frame := t.bytes(at+9, 1)
			if len(frame) == 0 {
				return 0
			}
			return int64(frame[0])
		}
		at += 2 + int64(binary.BigEndian.Uint16(marker[2:]))
	}
	return 0
}

func (t *tiff) bytes(at, n int64) []byte {
	b := make([]byte, n)
	if t.err != nil {
		return nil
	}
	m, err := readAt(t.r, b, at, t.size)
	if err != nil {
		t.err = err
		return nil
	}
	return b[:m]
}

// uint returns a number of 2 or 4 bytes, 0 beyond the end.
func (t *tiff) uint(at int64, width int) int64 {
	b := t.bytes(at, int64(width))
	switch {
	case len(b) < width:
		return 0
	case width == 2:
		return int64(t.order.Uint16(b))
	}
	return int64(t.order.Uint32(b))
}
