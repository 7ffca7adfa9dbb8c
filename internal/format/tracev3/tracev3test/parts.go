package tracev3test

import (
	"github.com/amparo-project/amparo/internal/format/tracev3"
)

// An Arg is one argument of a message: the byte that says its kind, and
// either its bytes in place or data that lies behind all arguments.
type Arg struct {
	Kind   byte
	Inline []byte
	Data   []byte
}

// Int is a number of four bytes, Long one of eight.
func Int(v int32) Arg { return Arg{Kind: 0x00, Inline: le.AppendUint32(nil, uint32(v))} }

// Long is a number of eight bytes.
func Long(v int64) Arg { return Arg{Kind: 0x00, Inline: le.AppendUint64(nil, uint64(v))} }

// Count is the precision of the argument that follows.
func Count(v int32) Arg { return Arg{Kind: 0x12, Inline: le.AppendUint32(nil, uint32(v))} }

// Text is a public string, Object a public object, Data public bytes.
func Text(s string) Arg { return Arg{Kind: 0x22, Data: append([]byte(s), 0)} }

// Object is the description of an object.
func Object(s string) Arg { return Arg{Kind: 0x42, Data: append([]byte(s), 0)} }

// Data is bytes.
func Data(b []byte) Arg { return Arg{Kind: 0x32, Data: b} }

// Masked is a hash in place of a value.
func Masked(hash []byte) Arg { return Arg{Kind: 0xf2, Data: hash} }

// Gone is a private string that was not kept.
func Gone() Arg { return Arg{Kind: 0x21, Inline: []byte{0, 0, 0, 0}} }

// Kept is a private string that lies at an offset of the private data of its
// entry.
func Kept(off, size int) Arg {
	return Arg{Kind: 0x21, Inline: []byte{byte(off), byte(off >> 8), byte(size), byte(size >> 8)}}
}

// Args writes arguments as os_log does.
func Args(args ...Arg) []byte {
	heads, data := []byte{0, byte(len(args))}, []byte(nil)
	for _, a := range args {
		value := a.Inline
		if value == nil {
			value = le.AppendUint16(nil, uint16(len(data)))
			value = le.AppendUint16(value, uint16(len(a.Data)))
			data = append(data, a.Data...)
		}
		heads = append(append(heads, a.Kind, byte(len(value))), value...)
	}
	return append(heads, data...)
}

// Flags of entries, where the body says so.
const (
	MainExecutable = 0x0002
	SharedCache    = 0x0004
	HasPrivate     = 0x0100
	HasSubsystem   = 0x0200
	HasDataRef     = 0x0800
	HasName        = 0x8000
)

// Log returns a log entry of the main executable whose code lies at pc. A
// subsystem of 0 is none.
func Log(level byte, format, pc uint32, subsystem uint16, args ...Arg) Entry {
	e := Entry{Type: tracev3.Log, Code: level, Flags: MainExecutable, Format: format, Thread: 0x1234}
	e.Body = le.AppendUint32(nil, pc)
	if subsystem > 0 {
		e.Flags |= HasSubsystem
		e.Body = le.AppendUint16(e.Body, subsystem)
	}
	e.Body = append(e.Body, Args(args...)...)
	return e
}

// After returns the entry so many ticks after the base of its buffer.
func (e Entry) After(ticks uint64) Entry { e.Delta = ticks; return e }

// Oversize returns a chunk with data for entries of a process that refer to
// it.
func Oversize(process int, ref uint16, args ...Arg) []byte {
	data := Args(args...)
	b := le.AppendUint64(nil, uint64(process+1))
	b = le.AppendUint32(b, uint32(process+1))
	b = append(b, 14, 0, 0, 0)
	b = le.AppendUint64(b, 0)
	b = le.AppendUint32(b, uint32(ref))
	b = le.AppendUint16(b, uint16(len(data)))
	b = le.AppendUint16(b, 0)
	return Chunk(0x6002, 0, append(b, data...))
}

// State returns a chunk with a dump of state: kind 1 is a property list.
func State(process int, ticks uint64, kind uint32, name string, data []byte) []byte {
	b := make([]byte, 248)
	le.PutUint64(b[0:], uint64(process+1))
	le.PutUint32(b[8:], uint32(process+1))
	b[12] = 14
	le.PutUint64(b[16:], ticks)
	le.PutUint32(b[48:], kind)
	le.PutUint32(b[52:], uint32(len(data)))
	copy(b[184:247], name)
	return Chunk(0x6003, 0, append(b, data...))
}

// Simple returns a chunk with an entry that holds its own text.
func Simple(process int, ticks uint64, subsystem, message string) []byte {
	b := make([]byte, 84)
	le.PutUint64(b[0:], uint64(process+1))
	le.PutUint32(b[8:], uint32(process+1))
	le.PutUint64(b[16:], ticks)
	le.PutUint32(b[72:], 1)
	le.PutUint32(b[76:], uint32(len(subsystem)+1))
	le.PutUint32(b[80:], uint32(len(message)+1))
	b = append(append(b, subsystem...), 0)
	return Chunk(0x6004, 0, append(append(b, message...), 0))
}

// UUIDText returns the file of strings of an image: they lie one behind the
// other from start on, each with a zero byte.
func UUIDText(start uint32, path string, formats ...string) []byte {
	var text []byte
	for _, s := range formats {
		text = append(append(text, s...), 0)
	}
	b := []byte("\x99\x88\x77\x66")
	for _, v := range []uint32{2, 1, 1, start, uint32(len(text))} {
		b = le.AppendUint32(b, v)
	}
	return append(append(append(b, text...), path...), 0)
}

// A CacheImage is an image of a shared cache with its strings.
type CacheImage struct {
	ID      tracev3.UUID
	Path    string
	Text    uint32 // where its code starts
	Size    uint32
	Strings uint32 // where its strings start
	Formats []string
}

// SharedCache1 returns a file of shared cache strings of version 1.
func SharedCache1(images ...CacheImage) []byte { return sharedCache(1, images) }

// SharedCache2 returns one of version 2, as since iOS 15.
func SharedCache2(images ...CacheImage) []byte { return sharedCache(2, images) }

func sharedCache(version uint16, images []CacheImage) []byte {
	rangeSize, imageSize := 16, 28
	if version == 2 {
		rangeSize, imageSize = 24, 32
	}
	at := 16 + len(images)*(rangeSize+imageSize)
	var ranges, descs, data []byte
	for i, m := range images {
		start := len(data)
		for _, s := range m.Formats {
			data = append(append(data, s...), 0)
		}
		size, path := uint32(len(data)-start), uint32(at+len(data))
		data = append(append(data, m.Path...), 0)
		if version == 1 {
			for _, v := range []uint32{uint32(i), m.Strings, uint32(at + start), size} {
				ranges = le.AppendUint32(ranges, v)
			}
			descs = le.AppendUint32(descs, m.Text)
		} else {
			ranges = le.AppendUint64(ranges, uint64(m.Strings))
			ranges = le.AppendUint32(ranges, uint32(at+start))
			ranges = le.AppendUint32(ranges, size)
			ranges = le.AppendUint64(ranges, uint64(i))
			descs = le.AppendUint64(descs, uint64(m.Text))
		}
		descs = le.AppendUint32(descs, m.Size)
		descs = append(descs, m.ID[:]...)
		descs = le.AppendUint32(descs, path)
	}
	b := le.AppendUint16([]byte("hcsd"), version)
	b = le.AppendUint16(b, 0)
	b = le.AppendUint32(b, uint32(len(images)))
	b = le.AppendUint32(b, uint32(len(images)))
	return append(append(append(b, ranges...), descs...), data...)
}

// A Sync says what the wall clock showed at a continuous time.
type Sync struct {
	Ticks uint64
	Wall  int64 // nanoseconds since 1970
}

// Timesync returns a timesync file of one boot.
func Timesync(boot tracev3.UUID, num, den uint32, start int64, syncs ...Sync) []byte {
	b := []byte{0xb0, 0xbb, 48, 0, 0, 0, 0, 0}
	b = append(b, boot[:]...)
	b = le.AppendUint32(b, num)
	b = le.AppendUint32(b, den)
	b = le.AppendUint64(b, uint64(start))
	b = append(b, make([]byte, 8)...)
	for _, s := range syncs {
		b = append(b, 'T', 's', 32, 0, 0, 0, 0, 0)
		b = le.AppendUint64(b, s.Ticks)
		b = le.AppendUint64(b, uint64(s.Wall))
		b = append(b, make([]byte, 8)...)
	}
	return b
}
