package evidence

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"slices"

	"github.com/klauspost/compress/flate"

	"github.com/amparo-project/amparo/internal/limit"
)

// zipFormat reads .ZIP files, as APPNOTE.TXT 6.3.10 describes them
// (https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT). It is not
// archive/zip, because that reads nothing of an archive whose end is missing,
// keeps 400 bytes of each entry, and lets entries overlap.
type zipFormat struct{ a *archive }

// Signatures and lengths of the parts.
const (
	zipLocal     = 0x04034b50
	zipCentral   = 0x02014b50
	zipEnd       = 0x06054b50
	zip64Locator = 0x07064b50
	zip64End     = 0x06064b50
	// zipDescriptor stands before sizes that follow the bytes; it is optional.
	zipDescriptor = 0x08074b50

	zipLocalLen   = 30
	zipCentralLen = 46
	zipEndLen     = 22
	zipLocatorLen = 20
	zip64EndLen   = 56

	zipStored   = 0
	zipDeflated = 8

	zipFlagEncrypted  = 1 << 0
	zipFlagDescriptor = 1 << 3 // sizes stand after the bytes

	unknown32 = 0xffffffff // the value stands in the zip64 extra field
)

var errZipCut = fmt.Errorf("%w: its directory is missing, as of a copy that was cut", limit.ErrCorrupt)

func (z *zipFormat) index(ctx context.Context) error {
	off, size, err := z.directory()
	if err == nil {
		err = z.readDirectory(ctx, off, size)
	}
	if err != nil && ctx.Err() == nil && !errors.Is(err, limit.ErrLimit) {
		z.a.note(z.a.path, fmt.Errorf("%w; what comes before is read", err))
		z.a.items = nil
		err = z.scan(ctx)
	}
	z.markOverlaps()
	return err
}

// directory finds the central directory by the record at the end, which a
// comment of at most 64 KiB may follow.
func (z *zipFormat) directory() (off, size int64, err error) {
	n := min(z.a.size, zipEndLen+0xffff)
	tail := make([]byte, n)
	if _, err := z.a.file.ReadAt(tail, z.a.size-n); err != nil {
		return 0, 0, err
	}
	i := bytes.LastIndex(tail, binary.LittleEndian.AppendUint32(nil, zipEnd))
	if i < 0 || len(tail)-i < zipEndLen {
		return 0, 0, errZipCut
	}
	end := tail[i:]
	at := z.a.size - n + int64(i)
	size, off = int64(binary.LittleEndian.Uint32(end[12:])), int64(binary.LittleEndian.Uint32(end[16:]))
	if size == unknown32 || off == unknown32 || binary.LittleEndian.Uint16(end[10:]) == 0xffff {
		if o, s, ok := z.directory64(at - zipLocatorLen); ok {
			off, size = o, s
		}
	}
	if off < 0 || size < 0 || off > at || size > at-off {
		return 0, 0, fmt.Errorf("%w: its directory lies outside", limit.ErrCorrupt)
	}
	return off, size, nil
}

// directory64 follows the locator that stands before the end record of a large
// archive.
func (z *zipFormat) directory64(at int64) (off, size int64, ok bool) {
	var loc [zipLocatorLen]byte
	if at < 0 {
		return 0, 0, false
	}
	if _, err := z.a.file.ReadAt(loc[:], at); err != nil || binary.LittleEndian.Uint32(loc[:]) != zip64Locator {
		return 0, 0, false
	}
	var end [zip64EndLen]byte
	from := int64(binary.LittleEndian.Uint64(loc[8:]))
	if from < 0 || from > at-zip64EndLen {
		return 0, 0, false
	}
	if _, err := z.a.file.ReadAt(end[:], from); err != nil || binary.LittleEndian.Uint32(end[:]) != zip64End {
		return 0, 0, false
	}
	return int64(binary.LittleEndian.Uint64(end[48:])), int64(binary.LittleEndian.Uint64(end[40:])), true
}

// readDirectory lists the central directory.
func (z *zipFormat) readDirectory(ctx context.Context, off, size int64) error {
	r := bufio.NewReaderSize(io.NewSectionReader(z.a.file, off, size), 1<<16)
	var h [zipCentralLen]byte
	var rest []byte
	for size >= zipCentralLen {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if _, err := io.ReadFull(r, h[:]); err != nil {
			return fmt.Errorf("its directory: %w", err)
		}
		if binary.LittleEndian.Uint32(h[:]) != zipCentral {
			return fmt.Errorf("%w: its directory is damaged", limit.ErrCorrupt)
		}
		name, extra, comment := le16(h[28:]), le16(h[30:]), le16(h[32:])
		rest = slices.Grow(rest[:0], name+extra+comment)[:name+extra+comment]
		if _, err := io.ReadFull(r, rest); err != nil {
			return fmt.Errorf("its directory: %w", err)
		}
		size -= int64(zipCentralLen + len(rest))
		it := zipItem(h[6:], binary.LittleEndian.Uint32(h[42:]), rest[name:name+extra])
		// The upper half of the attributes is a Unix mode where Unix made it.
		if mode := binary.LittleEndian.Uint32(h[38:]) >> 16; h[5] == 3 && mode&0o170000 == 0o120000 {
			it.state = itemIrregular
		}
		if name == 0 || rest[name-1] == '/' || rest[name-1] == '\\' {
			continue // a folder
		}
		if err := z.a.add(string(rest[:name]), it); err != nil {
			return err
		}
	}
	return nil
}

func le16(b []byte) int { return int(binary.LittleEndian.Uint16(b)) }

// zipItem reads the fields that local and central headers share, from
// "version needed" on, and the zip64 extra field.
func zipItem(h []byte, off uint32, extra []byte) item {
	it := item{
		method: binary.LittleEndian.Uint16(h[4:]),
		crc:    binary.LittleEndian.Uint32(h[10:]),
		packed: int64(binary.LittleEndian.Uint32(h[14:])),
		size:   int64(binary.LittleEndian.Uint32(h[18:])),
		off:    int64(off),
	}
	if le16(h[2:])&zipFlagEncrypted != 0 {
		it.state = itemEncrypted
	}
	for len(extra) >= 4 {
		id, n := le16(extra), le16(extra[2:])
		if n > len(extra)-4 {
			break
		}
		switch id {
		case 1:
			zip64Fields(&it, extra[4:4+n])
		case zipTimestamp:
			it.time = extendedTime(extra[4 : 4+n])
		}
		extra = extra[4+n:]
	}
	return it
}

// zipTimestamp is the extra field of Info-ZIP with times in UTC. The time in
// the header itself is in a zone that nothing tells, and is not used.
const zipTimestamp = 0x5455

// extendedTime returns the time of the last change, 0 where the field has none.
func extendedTime(b []byte) int64 {
	if len(b) < 5 || b[0]&1 == 0 {
		return 0
	}
	return int64(int32(binary.LittleEndian.Uint32(b[1:])))
}

// zip64Fields replaces the values that did not fit in 32 bits; only those are
// there, in this order.
func zip64Fields(it *item, b []byte) {
	for _, v := range []*int64{&it.size, &it.packed, &it.off} {
		if *v == unknown32 && len(b) >= 8 {
			*v = int64(binary.LittleEndian.Uint64(b))
			b = b[8:]
		}
	}
}

// markOverlaps marks entries that share bytes, by which a small file would
// expand to many large ones, and entries that lie outside.
func (z *zipFormat) markOverlaps() {
	items := z.a.items
	order := make([]int32, len(items))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(x, y int32) int { return cmp.Compare(items[x].off, items[y].off) })
	var end int64
	last := -1
	for _, i := range order {
		it := &items[i]
		switch {
		case it.off < 0 || it.packed < 0 || it.size < 0 || it.off > z.a.size-zipLocalLen:
			it.state = itemOverlaps
			continue
		case it.off < end:
			it.state = itemOverlaps
			items[last].state = itemOverlaps
		}
		if e := it.off + zipLocalLen + min(it.packed, z.a.size); e > end {
			end, last = e, int(i)
		}
	}
}

// open opens an entry: a stored one where it lies, a deflated one expanded.
func (z *zipFormat) open(ctx context.Context, it *item) (Blob, error) {
	start, err := z.start(it)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", it.name, err)
	}
	there := min(it.packed, z.a.size-start)
	if it.method == zipStored && it.packed == it.size {
		if there < it.size {
			z.a.note(it.name, errCut(there, it.size))
		}
		return z.a.section(start, there), nil
	}
	if it.method != zipDeflated {
		return nil, fmt.Errorf("%s: %w: compressed by method %d; unpack the archive and give the folder", it.name, limit.ErrUnsupported, it.method)
	}
	if b := z.a.stash.get(it); b != nil {
		return b, nil
	}
	return z.expand(ctx, it, io.NewSectionReader(z.a.file, start, there))
}

func errCut(there, claimed int64) error {
	return fmt.Errorf("%w: it is cut: %d of %d bytes are there", limit.ErrCorrupt, there, claimed)
}

// start reads the local header, whose own extra field says where the bytes are.
func (z *zipFormat) start(it *item) (int64, error) {
	var h [zipLocalLen]byte
	if _, err := z.a.file.ReadAt(h[:], it.off); err != nil {
		return 0, fmt.Errorf("its header: %w", err)
	}
	if binary.LittleEndian.Uint32(h[:]) != zipLocal {
		return 0, fmt.Errorf("%w: it has no header", limit.ErrCorrupt)
	}
	start := it.off + zipLocalLen + int64(le16(h[26:])+le16(h[28:]))
	if start > z.a.size {
		return 0, fmt.Errorf("%w: it is cut", limit.ErrCorrupt)
	}
	return start, nil
}

// expand inflates an entry. One that is damaged is used up to there.
func (z *zipFormat) expand(ctx context.Context, it *item, packed *io.SectionReader) (Blob, error) {
	inflated := flate.NewReader(bufio.NewReaderSize(packed, 64<<10))
	defer inflated.Close()
	sum := &summing{r: inflated, h: crc32.NewIEEE()}
	g := &guard{r: sum, name: it.name, max: it.size, packed: packed.Size, bounds: z.a.bounds}
	err := z.a.stash.put(ctx, it, g)
	b := z.a.stash.get(it)
	switch {
	case b == nil:
		return nil, err
	case err != nil:
		z.a.note(it.name, fmt.Errorf("%w; %w", errCut(b.Size(), it.size), err))
	case sum.h.Sum32() != it.crc:
		z.a.note(it.name, fmt.Errorf("%w: its checksum does not fit its bytes", limit.ErrCorrupt))
	}
	return dropped{b, z.a.stash}, nil
}

// dropped gives memory back as soon as it is closed: to expand a file of a zip
// again costs no more than the file.
type dropped struct {
	Blob
	s *stash
}

func (d dropped) Close() error {
	err := d.Blob.Close()
	d.s.drop(nil)
	return err
}

// summing computes the checksum of what is read.
type summing struct {
	r io.Reader
	h hash.Hash32
}

func (s *summing) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.h.Write(p[:n])
	return n, err
}
