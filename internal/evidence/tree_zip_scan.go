package evidence

import (
	"bufio"
	"bytes"
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

// measure finds the end of an entry whose size stands behind it.
func (z *zipFormat) measure(ctx context.Context, it *item, start int64) (end int64, ok bool) {
	switch it.method {
	case zipDeflated:
		ok = z.measureDeflated(ctx, it, start)
	case zipStored:
		ok = z.measureStored(ctx, it, start)
	}
	if !ok {
		return 0, false
	}
	return z.descriptor(it, start+it.packed), true
}

// measureDeflated inflates an entry: deflate knows its own end.
func (z *zipFormat) measureDeflated(ctx context.Context, it *item, start int64) bool {
	in := &byteCounter{r: bufio.NewReaderSize(io.NewSectionReader(z.a.file, start, z.a.size-start), 64<<10)}
	inflated := flate.NewReader(in)
	defer inflated.Close()
	g := &guard{
		r: inflated, name: "an entry without a size", max: z.a.bounds.entryBytes,
		packed: func() int64 { return in.n }, bounds: z.a.bounds,
	}
	if _, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, &untilDone{ctx, g}, make([]byte, 64<<10)); err != nil {
		return false
	}
	it.packed, it.size = in.n, g.n
	return true
}

// measureStored looks for the descriptor that names as many bytes as lie before
// it.
func (z *zipFormat) measureStored(ctx context.Context, it *item, start int64) bool {
	const step = 256 << 10
	buf := make([]byte, step+16)
	mark := binary.LittleEndian.AppendUint32(nil, zipDescriptor)
	for at := start; at < z.a.size && ctx.Err() == nil; at += step {
		n, _ := z.a.file.ReadAt(buf, at) // the next reader of the file tells of an error
		for b, from := buf[:n], at; ; {
			i := bytes.Index(b, mark)
			if i < 0 || len(b)-i < 16 {
				break
			}
			size := from + int64(i) - start
			if size == int64(binary.LittleEndian.Uint32(b[i+8:])) {
				it.packed, it.size = size, size
				return true
			}
			b, from = b[i+4:], from+int64(i)+4
		}
	}
	return false
}

// descriptor reads the checksum behind an entry and returns where it ends: a
// signature that may be missing, the checksum, two sizes of 4 or 8 bytes.
func (z *zipFormat) descriptor(it *item, at int64) int64 {
	var d [24]byte
	n, _ := z.a.file.ReadAt(d[:], at) // what is missing reads as zero
	b := d[:]
	end := at
	if n >= 4 && binary.LittleEndian.Uint32(b) == zipDescriptor {
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
