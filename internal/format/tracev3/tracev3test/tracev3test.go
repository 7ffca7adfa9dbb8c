// Package tracev3test writes small logs in the layout of Apple's unified log,
// for tests: a tracev3 file, and the uuidtext, dsc and timesync files that
// belong to it.
//
// It follows the description of libyal's dtformats, not the reader:
// https://github.com/libyal/dtformats/blob/main/documentation/Apple%20Unified%20Logging%20and%20Activity%20Tracing%20formats.asciidoc.
package tracev3test

import (
	"encoding/binary"
	"time"

	"github.com/amparo-project/amparo/internal/format/tracev3"
)

var le = binary.LittleEndian

// A File is a tracev3 file of one boot, with one catalog.
type File struct {
	Boot      tracev3.UUID
	Num, Den  uint32 // nanoseconds are ticks * Num / Den
	Ticks     uint64 // continuous time when the file began
	Wall      time.Time
	Processes []Process
	Buffers   []Buffer
	Chunks    [][]byte // further chunks of the set, see Chunk
	Stored    bool     // the set is not compressed
}

// A Process of the catalog. Its number there is its index and one.
type Process struct {
	PID, EUID    uint32
	Image, Cache tracev3.UUID
	Subsystems   [][2]string // the first has the identifier 1
	Loaded       []Loaded
}

// Loaded is an image at an address.
type Loaded struct {
	Image tracev3.UUID
	Base  uint64
	Size  uint32
}

// A Buffer is a firehose chunk: entries of one process.
type Buffer struct {
	Process int // index of File.Processes
	Base    uint64
	Entries []Entry
	Private []byte
}

// An Entry of a buffer; Body is what follows its fixed header.
type Entry struct {
	Type   tracev3.Type
	Code   byte
	Flags  uint16
	Format uint32
	Thread uint64
	Delta  uint64
	Body   []byte
}

// Bytes returns the file.
func (f *File) Bytes() []byte {
	out := Chunk(0x1000, 0x11, f.header())
	out = append(out, Chunk(0x600b, 0x11, f.catalog())...)
	return append(out, Chunk(0x600d, 0x11, f.pack())...)
}

// Chunk returns a chunk with its padding.
func Chunk(tag, sub uint32, body []byte) []byte {
	b := le.AppendUint32(nil, tag)
	b = le.AppendUint32(b, sub)
	b = le.AppendUint64(b, uint64(len(body)))
	return align(append(b, body...))
}

func align(b []byte) []byte {
	for len(b)%8 != 0 {
		b = append(b, 0)
	}
	return b
}

func (f *File) header() []byte {
	b := make([]byte, 208)
	le.PutUint32(b[0:], f.Num)
	le.PutUint32(b[4:], f.Den)
	le.PutUint64(b[8:], f.Ticks)
	le.PutUint64(b[16:], uint64(f.Wall.Unix()))
	le.PutUint32(b[24:], uint32(f.Wall.Nanosecond()/1000))
	le.PutUint32(b[36:], 3)
	le.PutUint32(b[40:], 0x6100)
	le.PutUint32(b[44:], 8)
	le.PutUint64(b[48:], f.Ticks)
	le.PutUint32(b[56:], 0x6101)
	le.PutUint32(b[60:], 56)
	copy(b[72:], "19D52")
	copy(b[88:], "D20AP")
	le.PutUint32(b[120:], 0x6102)
	le.PutUint32(b[124:], 24)
	copy(b[128:], f.Boot[:])
	le.PutUint32(b[152:], 0x6103)
	le.PutUint32(b[156:], 48)
	copy(b[160:], "/var/db/timezone/zoneinfo/America/Mexico_City")
	return b
}

// catalog writes UUIDs, names and processes, and no list of the chunks that
// follow.
func (f *File) catalog() []byte {
	var uuids, names, procs []byte
	uuid := func(id tracev3.UUID) uint16 {
		if id == (tracev3.UUID{}) {
			return 0xffff
		}
		uuids = append(uuids, id[:]...)
		return uint16(len(uuids)/16 - 1)
	}
	name := func(s string) uint16 {
		names = append(append(names, s...), 0)
		return uint16(len(names) - len(s) - 1)
	}
	for i, p := range f.Processes {
		b := le.AppendUint16(nil, uint16(i))
		b = le.AppendUint16(b, 0)
		b = le.AppendUint16(b, uuid(p.Image))
		b = le.AppendUint16(b, uuid(p.Cache))
		b = le.AppendUint64(b, uint64(i+1))
		for _, v := range []uint32{uint32(i + 1), p.PID, p.EUID, 0, uint32(len(p.Loaded)), 0} {
			b = le.AppendUint32(b, v)
		}
		for _, l := range p.Loaded {
			b = le.AppendUint32(b, l.Size)
			b = le.AppendUint32(b, 0)
			b = le.AppendUint16(b, uuid(l.Image))
			b = le.AppendUint32(b, uint32(l.Base))
			b = le.AppendUint16(b, uint16(l.Base>>32))
		}
		b = le.AppendUint32(b, uint32(len(p.Subsystems)))
		b = le.AppendUint32(b, 0)
		for k, s := range p.Subsystems {
			b = le.AppendUint16(b, uint16(k+1))
			b = le.AppendUint16(b, name(s[0]))
			b = le.AppendUint16(b, name(s[1]))
		}
		procs = append(procs, align(b)...)
	}
	names = align(names)
	b := make([]byte, 24)
	le.PutUint16(b[0:], uint16(len(uuids)))
	le.PutUint16(b[2:], uint16(len(uuids)+len(names)))
	le.PutUint16(b[4:], uint16(len(f.Processes)))
	le.PutUint16(b[6:], uint16(len(uuids)+len(names)+len(procs)))
	le.PutUint64(b[16:], f.Ticks)
	return append(append(append(b, uuids...), names...), procs...)
}

// pack returns the content of the chunk set in Apple's framing of LZ4. A
// compressed block holds literals alone, which is the least that a block can
// be.
func (f *File) pack() []byte {
	var set []byte
	for _, c := range f.Chunks {
		set = append(set, c...)
	}
	for i := range f.Buffers {
		set = append(set, f.Buffers[i].chunk()...)
	}
	if f.Stored {
		b := le.AppendUint32([]byte("bv4-"), uint32(len(set)))
		return append(append(b, set...), "bv4$"...)
	}
	block := literals(set)
	b := le.AppendUint32([]byte("bv41"), uint32(len(set)))
	b = le.AppendUint32(b, uint32(len(block)))
	return append(append(b, block...), "bv4$"...)
}

func literals(b []byte) []byte {
	n := len(b)
	if n < 15 {
		return append([]byte{byte(n << 4)}, b...)
	}
	out := []byte{0xf0}
	for n -= 15; n >= 255; n -= 255 {
		out = append(out, 255)
	}
	return append(append(out, byte(n)), b...)
}

// chunk writes the buffer: public data first, private data at the end.
func (u *Buffer) chunk() []byte {
	var public []byte
	for _, e := range u.Entries {
		b := []byte{byte(e.Type), e.Code}
		b = le.AppendUint16(b, e.Flags)
		b = le.AppendUint32(b, e.Format)
		b = le.AppendUint64(b, e.Thread)
		b = le.AppendUint32(b, uint32(e.Delta))
		b = le.AppendUint16(b, uint16(e.Delta>>32))
		b = le.AppendUint16(b, uint16(len(e.Body)))
		public = append(public, align(append(b, e.Body...))...)
	}
	b := le.AppendUint64(nil, uint64(u.Process+1))
	b = le.AppendUint32(b, uint32(u.Process+1))
	b = append(b, 14, 1, 0, 0)
	b = le.AppendUint16(b, uint16(len(public)+16))
	b = le.AppendUint16(b, uint16(0x1000-len(u.Private)))
	b = append(b, 0, 0, 0, 2)
	b = le.AppendUint64(b, u.Base)
	return Chunk(0x6001, 0x10, append(append(b, public...), u.Private...))
}
