package evidence

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/klauspost/compress/flate"
)

// scan lists an archive without a directory by walking from one local header
// to the next.
func (z *zipFormat) scan(ctx context.Context) error {
	for at := int64(0); at <= z.a.size-zipLocalLen; {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		next, err := z.scanOne(ctx, at)
		if err != nil {
			return err
		}
		if next <= at {
			return nil
		}
		at = next
	}
	return nil
}

// scanOne lists the entry at an offset and returns where it ends, 0 if there is
// none.
func (z *zipFormat) scanOne(ctx context.Context, at int64) (int64, error) {
	var h [zipLocalLen]byte
	if _, err := z.a.file.ReadAt(h[:], at); err != nil {
		return 0, fmt.Errorf("header at %d: %w", at, err)
	}
	if binary.LittleEndian.Uint32(h[:]) != zipLocal {
		return 0, nil
	}
	name := make([]byte, le16(h[26:])+le16(h[28:]))
	if _, err := z.a.file.ReadAt(name, at+zipLocalLen); err != nil {
		return 0, nil //nolint:nilerr // the archive ends within the header: nothing follows
	}
	n := le16(h[26:])
	it := zipItem(h[4:], 0, name[n:])
	it.off = at
	start := at + zipLocalLen + int64(len(name))
	end := start + it.packed
	if le16(h[6:])&zipFlagDescriptor != 0 && it.packed == 0 {
		var ok bool
		if end, ok = z.measure(ctx, &it, start); !ok {
			return 0, nil
		}
	}
	if it.packed < 0 || it.size < 0 || end < start {
		return 0, nil
	}
	if n > 0 && name[n-1] != '/' {
		if end > z.a.size {
			it.state = itemCut
		}
		if err := z.a.add(string(name[:n]), it); err != nil {
			return 0, err
		}
	}
	return end, nil
}

// measure inflates an entry whose size stands behind it, and reads that.
func (z *zipFormat) measure(ctx context.Context, it *item, start int64) (end int64, ok bool) {
	if it.method != zipDeflated {
		return 0, false
	}
	in := &byteCounter{r: bufio.NewReaderSize(io.NewSectionReader(z.a.file, start, z.a.size-start), 64<<10)}
	inflated := flate.NewReader(in)
	defer inflated.Close()
	g := &guard{
		r: inflated, name: "an entry without a size", max: z.a.bounds.entryBytes,
		packed: func() int64 { return in.n }, bounds: z.a.bounds,
	}
	buf := make([]byte, 64<<10)
	for {
		if ctx.Err() != nil {
			return 0, false
		}
		_, err := g.Read(buf)
		if err == io.EOF { //nolint:errorlint // inflate returns it bare
			break
		}
		if err != nil {
			return 0, false
		}
	}
	it.packed, it.size = in.n, g.n
	return z.descriptor(it, start+in.n), true
}

// descriptor reads the checksum behind an entry and returns where it ends: a
// signature that may be missing, the checksum, two sizes of 4 or 8 bytes.
func (z *zipFormat) descriptor(it *item, at int64) int64 {
	const signature = 0x08074b50
	var d [24]byte
	n, _ := z.a.file.ReadAt(d[:], at) // what is missing reads as zero
	b := d[:]
	end := at
	if n >= 4 && binary.LittleEndian.Uint32(b) == signature {
		b, end = b[4:], end+4
	}
	it.crc = binary.LittleEndian.Uint32(b)
	if int64(binary.LittleEndian.Uint32(b[4:])) == it.packed && int64(binary.LittleEndian.Uint32(b[8:])) == it.size {
		return end + 12
	}
	return end + 20
}

// byteCounter counts the bytes that inflate takes; it takes no more than it
// needs from an io.ByteReader.
type byteCounter struct {
	r *bufio.Reader
	n int64
}

func (b *byteCounter) ReadByte() (byte, error) {
	c, err := b.r.ReadByte()
	if err == nil {
		b.n++
	}
	return c, err
}

func (b *byteCounter) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.n += int64(n)
	return n, err
}
