package timeline

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/amparo-project/amparo/internal/limit"
)

// The form of an index: blocks of events in the order of time, then the
// directory, then where that begins and the mark. A block holds for each event,
// as varints, how many milliseconds after the one before it is, its artifact
// and whether its row was recovered, and how far its line lies after that of
// the one before. The directory knows of each block its span and how many
// events of which artifact are in it: counting reads few blocks.
const (
	blockEvents = 64
	tailSize    = 16
	mark        = "amptl001"
)

// Build makes the index of timeline.jsonl, which open opens, and writes it to
// w. The file is in the order of time; one that is not, which may be forged, is
// opened twice and sorted in memory. Errors wrap limit.ErrCorrupt or
// limit.ErrLimit and name the line.
func Build(open func() (io.ReadCloser, error), w io.Writer) error {
	b := newBuilder(w)
	err := each(open, b.add)
	if errors.Is(err, errDisorder) {
		return buildSorted(open, w)
	}
	if err != nil {
		return err
	}
	return b.finish()
}

// errDisorder says that an event is before the one on the line before.
var errDisorder = errors.New("not in the order of time")

// An entry is what the index keeps of an event.
type entry struct {
	at     int64 // milliseconds since 1970
	offset int64 // of its line
	lane   uint32
	gone   bool // its row was recovered
}

// each calls fn for every line.
func each(open func() (io.ReadCloser, error), fn func(artifact []byte, e entry) error) error {
	r, err := open()
	if err != nil {
		return err
	}
	defer r.Close()
	sc := bufio.NewReaderSize(r, 256*limit.KiB)
	var at int64
	for n := 1; ; n++ {
		line, err := sc.ReadSlice('\n')
		whole := int64(len(line))
		if errors.Is(err, bufio.ErrBufferFull) {
			if line, whole, err = longLine(sc, line); err != nil {
				return fmt.Errorf("timeline, line %d: %w", n, err)
			}
		}
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("timeline, line %d: %w", n, err)
		}
		t, name, gone, err := head(line)
		if err == nil {
			err = fn(name[:min(len(name), maxName)], entry{at: t, offset: at, gone: gone})
		}
		if err != nil {
			return fmt.Errorf("timeline, line %d: %w", n, err)
		}
		at += whole
	}
}

// maxSorted bounds the events of a file that has to be sorted.
const maxSorted = 5_000_000

func buildSorted(open func() (io.ReadCloser, error), w io.Writer) error {
	b := newBuilder(io.Discard) // for its names
	var list []entry
	err := each(open, func(artifact []byte, e entry) (err error) {
		if len(list) == maxSorted {
			return fmt.Errorf("%w: more than %d events that are not in the order of time", limit.ErrLimit, maxSorted)
		}
		e.lane, err = b.laneOf(artifact)
		list = append(list, e)
		return err
	})
	if err != nil {
		return err
	}
	slices.SortStableFunc(list, func(a, b entry) int {
		switch {
		case a.at < b.at:
			return -1
		case a.at > b.at:
			return 1
		}
		return 0
	})
	b.w = w
	for _, e := range list {
		if err := b.put(e); err != nil {
			return err
		}
	}
	return b.finish()
}

// builder writes an index.
type builder struct {
	w      io.Writer
	pos    int64
	lanes  []string
	byName map[string]uint32
	events int64
	first  int64

	block []byte
	n     int              // events of the block
	have  map[uint32]tally // by lane
	begin entry            // of the block
	last  entry            // that was put

	dir       []byte // of the blocks so far
	blocks    int64
	lastFirst entry
}

type tally struct{ all, gone uint32 }

func newBuilder(w io.Writer) *builder {
	return &builder{w: w, byName: map[string]uint32{}, have: map[uint32]tally{}}
}

func (b *builder) laneOf(artifact []byte) (uint32, error) {
	lane, ok := b.byName[string(artifact)]
	if !ok {
		if len(b.lanes) == maxLanes {
			return 0, fmt.Errorf("%w: more than %d artifacts", limit.ErrLimit, maxLanes)
		}
		lane = uint32(len(b.lanes))
		b.byName[string(artifact)] = lane
		b.lanes = append(b.lanes, string(artifact))
	}
	return lane, nil
}

func (b *builder) add(artifact []byte, e entry) (err error) {
	if b.events > 0 && e.at < b.last.at {
		return errDisorder
	}
	if e.lane, err = b.laneOf(artifact); err != nil {
		return err
	}
	return b.put(e)
}

func (b *builder) put(e entry) error {
	if b.events == MaxEvents {
		return fmt.Errorf("%w: more than %d events", limit.ErrLimit, MaxEvents)
	}
	if b.events == 0 {
		b.first = e.at
	}
	if b.n == 0 {
		b.begin, b.last = e, e
	}
	lane := uint64(e.lane) << 1
	t := b.have[e.lane]
	t.all++
	if e.gone {
		lane |= 1
		t.gone++
	}
	b.have[e.lane] = t
	b.block = binary.AppendUvarint(b.block, uint64(e.at-b.last.at))
	b.block = binary.AppendUvarint(b.block, lane)
	b.block = binary.AppendVarint(b.block, e.offset-b.last.offset)
	b.last = e
	b.events++
	if b.n++; b.n == blockEvents {
		return b.flush()
	}
	return nil
}

func (b *builder) flush() error {
	if b.n == 0 {
		return nil
	}
	if b.blocks == 0 {
		b.lastFirst = entry{at: b.first}
	}
	b.dir = binary.AppendUvarint(b.dir, uint64(b.begin.at-b.lastFirst.at))
	b.dir = binary.AppendUvarint(b.dir, uint64(b.last.at-b.begin.at))
	b.dir = binary.AppendVarint(b.dir, b.begin.offset-b.lastFirst.offset)
	b.dir = binary.AppendUvarint(b.dir, uint64(len(b.block)))
	b.dir = binary.AppendUvarint(b.dir, uint64(len(b.have)))
	for _, lane := range sortedKeys(b.have) {
		t := b.have[lane]
		b.dir = binary.AppendUvarint(b.dir, uint64(lane))
		b.dir = binary.AppendUvarint(b.dir, uint64(t.all))
		b.dir = binary.AppendUvarint(b.dir, uint64(t.gone))
	}
	b.lastFirst = b.begin
	b.blocks++
	err := b.write(b.block)
	b.block, b.n = b.block[:0], 0
	clear(b.have)
	return err
}

func sortedKeys(m map[uint32]tally) []uint32 {
	keys := make([]uint32, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func (b *builder) write(p []byte) error {
	n, err := b.w.Write(p)
	b.pos += int64(n)
	return err
}

func (b *builder) finish() error {
	if err := b.flush(); err != nil {
		return err
	}
	at := b.pos
	head := binary.AppendUvarint(nil, uint64(len(b.lanes)))
	for _, name := range b.lanes {
		head = binary.AppendUvarint(head, uint64(len(name)))
		head = append(head, name...)
	}
	head = binary.AppendUvarint(head, uint64(b.events))
	head = binary.AppendVarint(head, b.first)
	head = binary.AppendUvarint(head, uint64(b.blocks))
	tail := append(binary.BigEndian.AppendUint64(nil, uint64(at)), mark...)
	for _, p := range [][]byte{head, b.dir, tail} {
		if err := b.write(p); err != nil {
			return err
		}
	}
	return nil
}
