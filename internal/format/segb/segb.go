// Package segb reads SEGB, the container in which iOS and macOS keep the
// streams of Biome: a file of entries, each with a time, a state and a
// checksum. Both versions are read. Start with Open, then range over Entries.
//
// The format is Apple's own; what is known of it is in
// https://github.com/cclgroupltd/ccl-segb. Memory is that of one entry, and
// for version 2 that of the index, both bounded.
package segb

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
	"math"
	"slices"

	"github.com/amparo-project/amparo/internal/limit"
)

// Bounds of what is held in memory. Files of Biome have a few megabytes, and
// entries a few kilobytes.
const (
	maxEntry   = 16 * limit.MiB
	maxEntries = 4 << 20
)

const (
	header1, record1, align1 = 56, 32, 8
	header2, record2, align2 = 32, 8, 4
	slot2                    = 16
)

var magic = []byte("SEGB")

// State says what became of an entry.
type State int32

// The states of entries.
const (
	Written State = 1
	Deleted State = 3 // mostly overwritten with zeros
	Unused  State = 4
)

// String names the state.
func (s State) String() string {
	switch s {
	case Written:
		return "written"
	case Deleted:
		return "deleted"
	case Unused:
		return "unused"
	default:
		return fmt.Sprintf("state %d", int32(s))
	}
}

// An Entry is one entry. Its Data is valid until the next.
type Entry struct {
	Offset int64 // of Data in the file
	Data   []byte
	State  State
	// Times are seconds since 2001. Version 2 has one, in the first place.
	Times [2]float64
	// Intact says that Data has the checksum that the file states.
	Intact bool
}

// Blank reports whether nothing but zeros is left of the entry.
func (e *Entry) Blank() bool {
	for _, b := range e.Data {
		if b != 0 {
			return false
		}
	}
	return true
}

// A File is an open container.
type File struct {
	Version int // 1 or 2

	r     io.ReaderAt
	size  int64
	end   int64 // of the entries of version 1
	slots []slot
}

// A slot is one entry of the index of version 2.
type slot struct {
	end   int64 // of the entry, counted from the header
	state State
	at    float64
}

// An EntryError tells of a place that could not be read.
type EntryError struct {
	Offset int64
	Err    error
}

func (e *EntryError) Error() string { return fmt.Sprintf("offset %d: %v", e.Offset, e.Err) }

// Unwrap returns the cause.
func (e *EntryError) Unwrap() error { return e.Err }

// Open reads the header, and the index of version 2. The error wraps
// limit.ErrUnsupported for a file that is no SEGB.
func Open(r io.ReaderAt, size int64) (*File, error) {
	f := &File{r: r, size: size}
	head := make([]byte, header1)
	n, err := r.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	head = head[:n]
	switch {
	case len(head) >= header2 && slices.Equal(head[:4], magic):
		f.Version = 2
		return f, f.readIndex(int64(int32(binary.LittleEndian.Uint32(head[4:]))))
	case len(head) == header1 && slices.Equal(head[header1-4:], magic):
		f.Version = 1
		f.end = min(int64(binary.LittleEndian.Uint32(head)), size)
		return f, nil
	}
	return nil, fmt.Errorf("%w: no header of SEGB", limit.ErrUnsupported)
}

// readIndex reads the slots at the end of the file, and sorts them by place.
func (f *File) readIndex(count int64) error {
	if count < 0 || count > (f.size-header2)/slot2 {
		return fmt.Errorf("%w: an index of %d entries does not fit into %d bytes", limit.ErrCorrupt, count, f.size)
	}
	if count > maxEntries {
		return fmt.Errorf("%w: %d entries, at most %d are read", limit.ErrLimit, count, maxEntries)
	}
	data := make([]byte, count*slot2)
	if n, err := f.r.ReadAt(data, f.size-count*slot2); n < len(data) {
		return fmt.Errorf("read the index: %w", err)
	}
	f.slots = make([]slot, count)
	for i := range f.slots {
		b := data[i*slot2:]
		f.slots[i] = slot{
			int64(int32(binary.LittleEndian.Uint32(b))), State(binary.LittleEndian.Uint32(b[4:])),
			math.Float64frombits(binary.LittleEndian.Uint64(b[8:])),
		}
	}
	slices.SortStableFunc(f.slots, func(a, b slot) int { return cmp.Compare(a.end, b.end) })
	return nil
}

// Entries returns the entries in the order in which they lie. A place that
// cannot be read is told by an *EntryError, and reading goes on where that is
// possible; any other error is the last thing yielded.
func (f *File) Entries() iter.Seq2[*Entry, error] {
	if f.Version == 1 {
		return f.entries1
	}
	return f.entries2
}

func (f *File) entries1(yield func(*Entry, error) bool) {
	var e Entry
	var head [record1]byte
	for at := int64(header1); at+record1 <= f.end; {
		if err := f.read(head[:], at); err != nil {
			yield(nil, err)
			return
		}
		length := int64(int32(binary.LittleEndian.Uint32(head[:])))
		if length < 0 || length > f.end-at-record1 {
			yield(nil, &EntryError{at, fmt.Errorf("%w: an entry of %d bytes", limit.ErrCorrupt, length)})
			return
		}
		e.State = State(binary.LittleEndian.Uint32(head[4:]))
		e.Times[0] = math.Float64frombits(binary.LittleEndian.Uint64(head[8:]))
		e.Times[1] = math.Float64frombits(binary.LittleEndian.Uint64(head[16:]))
		if !f.give(&e, at+record1, length, binary.LittleEndian.Uint32(head[24:]), yield) {
			return
		}
		at = alignUp(at+record1+length, align1)
	}
}

func (f *File) entries2(yield func(*Entry, error) bool) {
	var e Entry
	var head [record2]byte
	limitOf := f.size - int64(len(f.slots))*slot2
	at := int64(header2)
	for _, s := range f.slots {
		end := header2 + s.end
		length := end - at - record2
		switch {
		case end <= at:
			continue // a slot without an entry
		case length < 0 || end > limitOf:
			if !yield(nil, &EntryError{at, fmt.Errorf("%w: an entry that ends at %d", limit.ErrCorrupt, end)}) {
				return
			}
			continue
		}
		if err := f.read(head[:], at); err != nil {
			yield(nil, err)
			return
		}
		e.State, e.Times = s.state, [2]float64{s.at}
		if !f.give(&e, at+record2, length, binary.LittleEndian.Uint32(head[:]), yield) {
			return
		}
		at = alignUp(end, align2)
	}
}

// give reads the data of an entry and hands it on. It reports whether to go on.
func (f *File) give(e *Entry, at, length int64, sum uint32, yield func(*Entry, error) bool) bool {
	if length > maxEntry {
		return yield(nil, &EntryError{at, fmt.Errorf("%w: an entry of %d bytes", limit.ErrLimit, length)})
	}
	e.Offset = at
	if int64(cap(e.Data)) < length {
		e.Data = make([]byte, length)
	}
	e.Data = e.Data[:length]
	if err := f.read(e.Data, at); err != nil {
		yield(nil, err)
		return false
	}
	e.Intact = crc32.ChecksumIEEE(e.Data) == sum
	return yield(e, nil)
}

func (f *File) read(b []byte, at int64) error {
	if n, err := f.r.ReadAt(b, at); n < len(b) {
		if err == nil || errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return fmt.Errorf("read %d bytes at %d: %w", len(b), at, err)
	}
	return nil
}

// alignUp returns the first multiple of n from at on.
func alignUp(at, n int64) int64 { return (at + n - 1) / n * n }
