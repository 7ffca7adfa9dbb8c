// Package extsort sorts more items than memory should hold: items are kept in
// runs of bounded size, each sorted and written to a temporary file, and
// merged while they are read back.
//
// An item is a key and a payload, both bytes; items come out in the order of
// their keys as bytes.Compare has it. Keys should be unique: items of equal
// keys come out in no promised order.
package extsort

import (
	"bufio"
	"bytes"
	"container/heap"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
)

// DefaultRunBytes is the size up to which a run is kept in memory.
const DefaultRunBytes = 8 << 20

// A Set holds the runs of any number of sorters and merges them.
type Set struct {
	dir  string
	max  int
	runs []run
}

// NewSet returns an empty set. Runs larger than runBytes (0: the default) go
// to temporary files in dir, which Close removes.
func NewSet(dir string, runBytes int) *Set {
	if runBytes == 0 {
		runBytes = DefaultRunBytes
	}
	return &Set{dir: dir, max: runBytes}
}

// run is a sorted sequence of items: in memory, or a part of a file.
type run struct {
	file *os.File
	size int64
	mem  []byte
}

// A Sorter takes items. It serves one goroutine; several sorters of one set
// may work at the same time, each handed back by Set.Add.
type Sorter struct {
	dir   string
	max   int
	arena []byte
	index []item
	runs  []run
	file  *os.File
	end   int64
	err   error
}

// item is a place in the arena, where items lie in the form of a run: lengths
// of key and payload, key, payload. The prefix is the key's first bytes, so
// that most comparisons need no look at the arena.
type item struct {
	prefix uint64
	off    uint32
	size   uint32 // of all
	key    uint16
}

// headSize is what the two lengths take.
const headSize = 6

// Sorter returns a new sorter whose items Add brings into the set.
func (s *Set) Sorter() *Sorter { return &Sorter{dir: s.dir, max: s.max} }

// Put takes an item; key and payload are copied. A key has at most 64 KiB. An
// error of the disk is kept and told by Set.Add.
func (s *Sorter) Put(key, payload []byte) {
	if s.err != nil {
		return
	}
	need := headSize + len(key) + len(payload)
	if len(s.arena)+need > s.max && len(s.index) > 0 {
		s.spill()
	}
	s.grow(need)
	s.index = append(s.index, item{
		prefix: prefix(key), off: uint32(len(s.arena)), size: uint32(need), key: uint16(len(key)),
	})
	s.arena = binary.LittleEndian.AppendUint16(s.arena, uint16(len(key)))
	s.arena = binary.LittleEndian.AppendUint32(s.arena, uint32(len(payload)))
	s.arena = append(s.arena, key...)
	s.arena = append(s.arena, payload...)
}

// firstArena is what a sorter begins with: many have few items.
const firstArena = 16 << 10

// grow makes room in the arena by doubling it: append grows a large slice by a
// quarter, and would copy each item four times.
func (s *Sorter) grow(need int) {
	if cap(s.arena)-len(s.arena) >= need {
		return
	}
	size := max(len(s.arena)+need, min(2*cap(s.arena), s.max), min(firstArena, s.max))
	s.arena = append(make([]byte, 0, size), s.arena...)
}

func prefix(key []byte) uint64 {
	if len(key) >= 8 {
		return binary.BigEndian.Uint64(key)
	}
	var b [8]byte
	copy(b[:], key)
	return binary.BigEndian.Uint64(b[:])
}

func (s *Sorter) sort() {
	key := func(it item) []byte { return s.arena[it.off+headSize : it.off+headSize+uint32(it.key)] }
	slices.SortFunc(s.index, func(a, b item) int {
		switch {
		case a.prefix < b.prefix:
			return -1
		case a.prefix > b.prefix:
			return 1
		}
		return bytes.Compare(key(a), key(b))
	})
}

func (s *Sorter) spill() {
	s.sort()
	if s.file == nil {
		if s.file, s.err = os.CreateTemp(s.dir, "sort-*"); s.err != nil { //nolint:forbidigo // the home of this use
			return
		}
	}
	w := bufio.NewWriterSize(s.file, 256<<10)
	for _, it := range s.index {
		_, _ = w.Write(s.arena[it.off : it.off+it.size]) // a bufio.Writer keeps its first error for Flush
	}
	size := int64(len(s.arena))
	s.err = w.Flush()
	s.runs = append(s.runs, run{file: s.file, size: size})
	s.end += size
	s.arena, s.index = s.arena[:0], s.index[:0]
}

func (s *Sorter) rest() run {
	s.sort()
	buf := make([]byte, 0, len(s.arena))
	for _, it := range s.index {
		buf = append(buf, s.arena[it.off:it.off+it.size]...)
	}
	return run{mem: buf}
}

// Add brings the items of a sorter into the set. The sorter is done with.
func (s *Set) Add(from *Sorter) error {
	if len(from.runs) > 0 && len(from.index) > 0 {
		// Past the first run memory is the disk's: many sorters, each with a
		// tail in memory, would add up.
		from.spill()
	} else if len(from.index) > 0 {
		from.runs = append(from.runs, from.rest())
	}
	from.arena, from.index = nil, nil
	s.runs = append(s.runs, from.runs...)
	if from.err != nil {
		return fmt.Errorf("sort: %w", from.err)
	}
	return nil
}

// All yields all items in order. Key and payload are valid until the next
// step. After an error nothing follows. All may be called once.
func (s *Set) All() iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		h, err := s.open()
		if err != nil {
			yield(Item{}, err)
			return
		}
		for len(h) > 0 {
			c := h[0]
			if !yield(Item{c.key, c.payload}, nil) {
				return
			}
			switch err := c.next(); {
			case errors.Is(err, io.EOF):
				heap.Pop(&h)
			case err != nil:
				yield(Item{}, fmt.Errorf("sort: %w", err))
				return
			default:
				heap.Fix(&h, 0)
			}
		}
	}
}

// An Item is a key and what was put with it.
type Item struct{ Key, Payload []byte }

func (s *Set) open() (merge, error) {
	var h merge
	offsets := map[*os.File]int64{}
	for _, r := range s.runs {
		c := &cursor{rest: r.mem}
		if r.file != nil {
			c.r = io.NewSectionReader(r.file, offsets[r.file], r.size)
			c.buf = make([]byte, readBuffer)
			offsets[r.file] += r.size
		}
		if err := c.next(); err != nil {
			return nil, fmt.Errorf("sort: %w", err)
		}
		h = append(h, c)
	}
	heap.Init(&h)
	return h, nil
}

// Close removes the temporary files.
func (s *Set) Close() error {
	var errs []error
	var last *os.File
	for _, r := range s.runs {
		if r.file == nil || r.file == last {
			continue
		}
		last = r.file
		errs = append(errs, r.file.Close(), os.Remove(r.file.Name()))
	}
	s.runs = nil
	return errors.Join(errs...)
}

// cursor is the next item of one run. Items are used where they lie: in
// memory, or in the buffer that the file is read into.
type cursor struct {
	r            io.Reader // nil: all is in rest
	buf          []byte
	rest         []byte // what follows the item
	key, payload []byte
	prefix       uint64
}

const readBuffer = 64 << 10

func (c *cursor) next() error {
	if err := c.fill(headSize); err != nil {
		return err
	}
	size := headSize + int(binary.LittleEndian.Uint16(c.rest)) + int(binary.LittleEndian.Uint32(c.rest[2:]))
	if err := c.fill(size); err != nil {
		return errCut(err)
	}
	key := headSize + int(binary.LittleEndian.Uint16(c.rest))
	c.key, c.payload, c.rest = c.rest[headSize:key], c.rest[key:size], c.rest[size:]
	c.prefix = prefix(c.key)
	return nil
}

// fill has rest hold n bytes. Its error is io.EOF where the run ended before
// the first of them.
func (c *cursor) fill(n int) error {
	if len(c.rest) >= n {
		return nil
	}
	if c.r == nil {
		return io.EOF
	}
	if n > len(c.buf) {
		c.buf = append(make([]byte, 0, n), c.rest...)[:n]
	} else {
		copy(c.buf, c.rest)
	}
	have := len(c.rest)
	got, err := io.ReadAtLeast(c.r, c.buf[have:], n-have)
	c.rest = c.buf[:have+got]
	if have > 0 || errors.Is(err, io.ErrUnexpectedEOF) {
		return errCut(err)
	}
	return err
}

// errCut tells of a run that ends within an item.
func errCut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("temporary file cut short: %w", io.ErrUnexpectedEOF)
	}
	return err
}

// merge is a heap of cursors by their next key.
type merge []*cursor

func (m merge) Len() int      { return len(m) }
func (m merge) Swap(i, j int) { m[i], m[j] = m[j], m[i] }
func (m merge) Less(i, j int) bool {
	if m[i].prefix != m[j].prefix {
		return m[i].prefix < m[j].prefix
	}
	return bytes.Compare(m[i].key, m[j].key) < 0
}

// Push implements heap.Interface; merges only shrink, so it is never called
// but by package heap itself.
func (m *merge) Push(x any) { *m = append(*m, x.(*cursor)) }

// Pop implements heap.Interface.
func (m *merge) Pop() any {
	old := *m
	last := old[len(old)-1]
	*m = old[:len(old)-1]
	return last
}
