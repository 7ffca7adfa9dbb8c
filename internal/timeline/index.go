package timeline

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"sort"
	"strings"

	"github.com/amparo-project/amparo/internal/limit"
)

// An Index is the directory of what Build wrote. It does not change: goroutines
// may share it. Its methods read blocks of the same file.
type Index struct {
	lanes  []string // names of artifacts
	events int64
	blocks []block
	counts []laneTally // of all blocks, one after the other
}

type block struct {
	first, last int64 // times
	offset      int64 // of the first event's line
	pos         int64 // of the block
	size        int32
	events      int32 // of it
	counts      int32 // where they begin in those of all
	number      int64 // of its first event
}

type laneTally struct{ lane, all, gone uint32 }

// maxDirectory bounds the directory of an index, in bytes.
const maxDirectory = 256 * limit.MiB

// Open reads the directory of an index of size bytes. Errors wrap
// limit.ErrCorrupt.
func Open(r io.ReaderAt, size int64) (*Index, error) {
	tail := make([]byte, tailSize)
	if size < tailSize {
		return nil, fmt.Errorf("%w: index of a timeline: %d bytes", limit.ErrCorrupt, size)
	}
	if _, err := r.ReadAt(tail, size-tailSize); err != nil {
		return nil, fmt.Errorf("index of a timeline: %w", err)
	}
	at := binary.BigEndian.Uint64(tail)
	if string(tail[8:]) != mark || at > uint64(size-tailSize) || uint64(size)-at > maxDirectory {
		return nil, fmt.Errorf("%w: index of a timeline: no directory", limit.ErrCorrupt)
	}
	dir := make([]byte, uint64(size)-tailSize-at)
	if _, err := r.ReadAt(dir, int64(at)); err != nil {
		return nil, fmt.Errorf("index of a timeline: %w", err)
	}
	x, err := readDirectory(dir, int64(at))
	if err != nil {
		return nil, fmt.Errorf("index of a timeline: %w", err)
	}
	return x, nil
}

// varints reads numbers until one fails.
type varints struct {
	b   []byte
	bad bool
}

func (v *varints) uint() uint64 {
	if len(v.b) > 0 && v.b[0] < 0x80 { // most are small
		n := v.b[0]
		v.b = v.b[1:]
		return uint64(n)
	}
	n, size := binary.Uvarint(v.b)
	if size <= 0 {
		v.bad = true
		return 0
	}
	v.b = v.b[size:]
	return n
}

func (v *varints) int() int64 {
	n, size := binary.Varint(v.b)
	if size <= 0 {
		v.bad = true
		return 0
	}
	v.b = v.b[size:]
	return n
}

// upTo is a number that is at most most.
func (v *varints) upTo(most int64) int64 {
	n := v.uint()
	if n > uint64(most) {
		v.bad = true
		return 0
	}
	return int64(n)
}

func readDirectory(dir []byte, end int64) (*Index, error) {
	v := &varints{b: dir}
	x := &Index{}
	for range v.upTo(min(maxLanes, int64(len(dir)))) {
		n := v.upTo(min(maxName, int64(len(v.b))))
		if v.bad || n > int64(len(v.b)) {
			return nil, limit.ErrCorrupt
		}
		x.lanes = append(x.lanes, string(v.b[:n]))
		v.b = v.b[n:]
	}
	x.events = v.upTo(MaxEvents)
	first := v.int()
	n := v.upTo(int64(len(v.b)) / 5) // of five numbers at least
	if v.bad {
		return nil, limit.ErrCorrupt
	}
	x.blocks = make([]block, 0, n)
	b := block{first: first}
	for range n {
		if !x.readBlock(v, &b) {
			return nil, limit.ErrCorrupt
		}
		x.blocks = append(x.blocks, b)
		b.pos, b.number = b.pos+int64(b.size), b.number+int64(b.events)
	}
	if b.number != x.events || b.pos > end || len(v.b) != 0 {
		return nil, limit.ErrCorrupt
	}
	return x, nil
}

// maxTime bounds times to those that a date can have; what is forged cannot
// overflow.
const maxTime = 1 << 49

// readBlock reads an entry of the directory; b is the block before it.
func (x *Index) readBlock(v *varints, b *block) bool {
	b.first += v.upTo(maxTime)
	b.last = b.first + v.upTo(maxTime)
	b.offset += v.int()
	b.size = int32(v.upTo(blockEvents * 30))
	b.counts, b.events = int32(len(x.counts)), 0
	for range v.upTo(blockEvents) {
		t := laneTally{uint32(v.upTo(maxLanes)), uint32(v.upTo(blockEvents)), uint32(v.upTo(blockEvents))}
		if v.bad || int(t.lane) >= len(x.lanes) || t.gone > t.all {
			return false
		}
		b.events += int32(t.all)
		x.counts = append(x.counts, t)
	}
	return !v.bad && b.events > 0 && b.events <= blockEvents && b.offset >= 0 && b.first > -maxTime && b.last < maxTime
}

func (x *Index) countsOf(i int) []laneTally {
	end := len(x.counts)
	if i+1 < len(x.blocks) {
		end = int(x.blocks[i+1].counts)
	}
	return x.counts[x.blocks[i].counts:end]
}

// Len is the number of events.
func (x *Index) Len() int64 { return x.events }

// Bytes is about what the directory takes in memory.
func (x *Index) Bytes() int64 { return int64(len(x.blocks))*56 + int64(len(x.counts))*12 + 1024 }

// Span returns the times of the first and the last event, in milliseconds; of
// an empty index zero.
func (x *Index) Span() (from, to int64) {
	if len(x.blocks) == 0 {
		return 0, 0
	}
	return x.blocks[0].first, x.blocks[len(x.blocks)-1].last
}

// A Lane is how many events of an artifact lie in each part of a span.
type Lane struct {
	Artifact  string  `json:"artifact"`
	Total     int64   `json:"total"`
	Counts    []int32 `json:"counts"`
	Recovered []int32 `json:"recovered,omitempty"` // of them; nil: none
}

// MaxBuckets bounds into how many parts a span is cut.
const MaxBuckets = 2000

// counting gathers the lanes of an answer.
type counting struct {
	from, to int64
	n        int
	width    float64
	lanes    []Lane
}

func (c *counting) bucket(at int64) int {
	return min(c.n-1, int(float64(at-c.from)*c.width))
}

func (c *counting) add(lane uint32, bucket int, all, gone int32) {
	l := &c.lanes[lane]
	if l.Counts == nil {
		l.Counts = make([]int32, c.n)
	}
	l.Counts[bucket] += all
	l.Total += int64(all)
	if gone > 0 {
		if l.Recovered == nil {
			l.Recovered = make([]int32, c.n)
		}
		l.Recovered[bucket] += gone
	}
}

// Count cuts the span from ≤ time ≤ to into n parts and counts, by the name of
// the artifact. Artifacts without an event in it are left out. r is the file
// that x was opened on.
func (x *Index) Count(r io.ReaderAt, from, to int64, n int) ([]Lane, error) {
	n = max(1, min(n, MaxBuckets))
	c := &counting{from: from, to: to, n: n, width: float64(n) / float64(max(1, to-from+1)), lanes: make([]Lane, len(x.lanes))}
	buf := reading{r: r}
	for i := x.firstBlock(from); i < len(x.blocks) && x.blocks[i].first <= to; i++ {
		b := &x.blocks[i]
		if b.first >= from && b.last <= to && c.bucket(b.first) == c.bucket(b.last) {
			for _, t := range x.countsOf(i) {
				c.add(t.lane, c.bucket(b.first), int32(t.all), int32(t.gone))
			}
			continue
		}
		err := buf.each(x, b, func(_ int64, e entry) bool {
			if e.at >= from && e.at <= to {
				gone := int32(0)
				if e.gone {
					gone = 1
				}
				c.add(e.lane, c.bucket(e.at), 1, gone)
			}
			return e.at <= to
		})
		if err != nil {
			return nil, err
		}
	}
	out := c.lanes[:0]
	for i := range c.lanes {
		if c.lanes[i].Counts != nil {
			c.lanes[i].Artifact = x.lanes[i]
			out = append(out, c.lanes[i])
		}
	}
	slices.SortFunc(out, func(a, b Lane) int { return strings.Compare(a.Artifact, b.Artifact) })
	return out, nil
}

// firstBlock is the first block that may hold an event at a time or later.
func (x *Index) firstBlock(at int64) int {
	return sort.Search(len(x.blocks), func(i int) bool { return x.blocks[i].last >= at })
}

// reading reads blocks, a stretch of the file at a time.
type reading struct {
	r    io.ReaderAt
	buf  []byte
	at   int64
	have int
}

// stretch is how much is read at once: a chunk of what is decrypted.
const stretch = 64 * limit.KiB

func (g *reading) block(b *block) ([]byte, error) {
	size := int64(b.size)
	if b.pos >= g.at && b.pos+size <= g.at+int64(g.have) {
		return g.buf[b.pos-g.at:][:size], nil
	}
	if g.buf == nil {
		g.buf = make([]byte, stretch)
	}
	n, err := g.r.ReadAt(g.buf, b.pos)
	g.at, g.have = b.pos, n
	if int64(n) < size {
		if err == nil || errors.Is(err, io.EOF) {
			err = limit.ErrCorrupt
		}
		return nil, fmt.Errorf("index of a timeline: %w", err)
	}
	return g.buf[:size], nil
}

// each calls fn for the events of a block until it returns false.
func (g *reading) each(x *Index, b *block, fn func(number int64, e entry) bool) error {
	data, err := g.block(b)
	if err != nil {
		return err
	}
	v := varints{b: data}
	e := entry{at: b.first, offset: b.offset}
	for i := range int64(b.events) {
		e.at += v.upTo(maxTime)
		lane := v.upTo(2 * maxLanes)
		e.lane, e.gone = uint32(lane>>1), lane&1 != 0
		e.offset += v.int()
		if v.bad || int(e.lane) >= len(x.lanes) || e.offset < 0 {
			return fmt.Errorf("index of a timeline: %w", limit.ErrCorrupt)
		}
		if !fn(b.number+i, e) {
			return nil
		}
	}
	return nil
}

// A Row is an event of a list: its number in the order of time, and where its
// line begins in timeline.jsonl.
type Row struct {
	Number int64
	At     int64 // milliseconds since 1970
	Offset int64
}

// Rows returns the events of a span, from the number after on, at most n of
// them; artifact narrows it unless it is "". more says that there are others.
func (x *Index) Rows(r io.ReaderAt, from, to int64, artifact string, after int64, n int) (rows []Row, more bool, err error) {
	want := -1
	if artifact != "" {
		if want = slices.Index(x.lanes, artifact); want < 0 {
			return nil, false, nil
		}
	}
	buf := reading{r: r}
	for i := x.firstBlock(from); i < len(x.blocks) && x.blocks[i].first <= to && !more; i++ {
		b := &x.blocks[i]
		if b.number+int64(b.events) <= after || want >= 0 && !slices.ContainsFunc(x.countsOf(i), func(t laneTally) bool { return int(t.lane) == want }) {
			continue
		}
		err := buf.each(x, b, func(number int64, e entry) bool {
			switch {
			case e.at > to:
				return false
			case number < after || e.at < from || want >= 0 && int(e.lane) != want:
			case len(rows) == n:
				more = true
				return false
			default:
				rows = append(rows, Row{number, e.at, e.offset})
			}
			return true
		})
		if err != nil {
			return nil, false, err
		}
	}
	return rows, more, nil
}
