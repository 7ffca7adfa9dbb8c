package workspace

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/indicator"
)

// A Sighting is a value that an artifact of one evidence holds, once or more.
type Sighting struct {
	Type        artifact.ObservableType
	Value       string
	Artifact    string
	First, Last time.Time // of its records; zero: undated
}

// Types of sightings that no indicator names: of lures, for links.
const (
	ObservedLure  artifact.ObservableType = "lure"       // the domain to which one leads
	ObservedTheme artifact.ObservableType = "lure_theme" // whom it speaks for: its kind, a blank, its id
)

// MaxObservedValue bounds a value in the index, in bytes.
const MaxObservedValue = 8192

// What was observed in a run lies in the database in two forms, both gone with
// one DELETE of the run's number:
//
//   - parts of some hundred values in a fixed order, compressed;
//   - the marks of each part (indicator.AppendMarks), all of a run in one row.
//
// A hunt reads the marks of all runs, and the few parts that have one of its
// own. Nothing is filed by value: trees over the values of many phones took
// thirty times as long to build, for each run touched all of them.

// Bounds of a part: the first that is reached ends it.
const (
	valuesPerPart = 512
	bytesPerPart  = 1 << 20
)

// packVersion begins each part before it is compressed.
const packVersion = 1

// maxPacked bounds a part when it is read, in bytes.
const maxPacked = 64 << 20

var (
	packer   = sync.OnceValues(func() (*zstd.Encoder, error) { return zstd.NewWriter(nil, zstd.WithEncoderConcurrency(2)) })
	unpacker = sync.OnceValues(func() (*zstd.Decoder, error) {
		return zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxPacked))
	})
)

// index stores what was observed in a run.
func (t *tx) index(run int64, seen []Sighting) error {
	if len(seen) == 0 {
		return t.err
	}
	if !slices.IsSortedFunc(seen, compareSightings) {
		seen = slices.SortedFunc(slices.Values(seen), compareSightings)
	}
	enc, err := packer()
	if err != nil {
		return err
	}
	var clear, packed, marks []byte
	var of []uint32
	for part := 0; len(seen) > 0; part++ {
		n := partOf(seen)
		clear = appendPart(clear[:0], seen[:n])
		packed = enc.EncodeAll(clear, packed[:0])
		t.exec("INSERT INTO observed (run_n, part, packed) VALUES ($1, $2, $3)", run, part, packed)
		of = of[:0]
		for i := range seen[:n] {
			of = indicator.AppendMarks(of, artifact.Observable{Type: seen[i].Type, Value: seen[i].Value})
		}
		marks = appendMarks(marks, of)
		seen = seen[n:]
	}
	t.exec("INSERT INTO observed_marks (run_n, marks) VALUES ($1, $2)", run, marks)
	return t.err
}

func compareSightings(a, b Sighting) int {
	return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Value, b.Value), cmp.Compare(a.Artifact, b.Artifact))
}

// partOf is how many of the values make the next part.
func partOf(seen []Sighting) int {
	bytes := 0
	for i := range seen {
		if bytes += len(seen[i].Value); i == valuesPerPart || i > 0 && bytes > bytesPerPart {
			return i
		}
	}
	return len(seen)
}

// appendMarks appends the marks of one part: their number, and each once.
func appendMarks(dst []byte, marks []uint32) []byte {
	slices.Sort(marks)
	marks = slices.Compact(marks)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(marks)))
	for _, m := range marks {
		dst = binary.LittleEndian.AppendUint32(dst, m)
	}
	return dst
}

var errMarks = fmt.Errorf("%w: the marks of a run", ErrDamaged)

// eachMark calls fn with the marks of a run, and the part that has them.
func eachMark(marks []byte, fn func(part int, mark uint32)) error {
	for part := 0; len(marks) > 0; part++ {
		if len(marks) < 4 {
			return errMarks
		}
		n := int(binary.LittleEndian.Uint32(marks))
		if marks = marks[4:]; n > len(marks)/4 {
			return errMarks
		}
		for i := 0; i < 4*n; i += 4 {
			fn(part, binary.LittleEndian.Uint32(marks[i:]))
		}
		marks = marks[4*n:]
	}
	return nil
}

// names numbers the few types and artifacts of a part.
type names struct {
	list []string
	at   map[string]uint64
}

func (n *names) number(s string) uint64 {
	i, ok := n.at[s]
	if !ok {
		i = uint64(len(n.list))
		n.at[s], n.list = i, append(n.list, s)
	}
	return i
}

// appendPart writes values: of each what it does not share with the one before.
func appendPart(dst []byte, seen []Sighting) []byte {
	n := names{at: map[string]uint64{}}
	var rows []byte
	before := ""
	for i := range seen {
		s := &seen[i]
		same := 0
		for same < min(len(before), len(s.Value)) && before[same] == s.Value[same] {
			same++
		}
		rows = binary.AppendUvarint(rows, n.number(string(s.Type)))
		rows = binary.AppendUvarint(rows, n.number(s.Artifact))
		rows = binary.AppendUvarint(rows, uint64(same))
		rows = binary.AppendUvarint(rows, uint64(len(s.Value)-same))
		rows = append(rows, s.Value[same:]...)
		rows = appendSpan(rows, s.First, s.Last)
		before = s.Value
	}
	dst = append(dst, packVersion)
	dst = binary.AppendUvarint(dst, uint64(len(n.list)))
	for _, name := range n.list {
		dst = append(binary.AppendUvarint(dst, uint64(len(name))), name...)
	}
	return append(binary.AppendUvarint(dst, uint64(len(seen))), rows...)
}

// appendSpan writes a dated or an undated span, in microseconds.
func appendSpan(dst []byte, first, last time.Time) []byte {
	if first.IsZero() {
		return append(dst, 0)
	}
	dst = binary.AppendVarint(append(dst, 1), first.UnixMicro())
	return binary.AppendVarint(dst, last.UnixMicro()-first.UnixMicro())
}

// seenRow is a sighting as it is read. Value is valid until the next.
type seenRow struct {
	kind, artifact string
	value          []byte
	dated          bool
	first, last    int64 // microseconds since 1970
}

var errPart = errors.New("a part of what was observed cannot be read")

// eachSeen unpacks a part.
func eachSeen(packed []byte, fn func(*seenRow) error) error {
	dec, err := unpacker()
	if err != nil {
		return err
	}
	clear, err := dec.DecodeAll(packed, nil)
	if err != nil {
		return fmt.Errorf("%w: %w: %w", ErrDamaged, errPart, err)
	}
	r := partReader{rest: clear}
	if r.byte() != packVersion {
		return fmt.Errorf("%w: %w", ErrDamaged, errPart)
	}
	var list []string
	for n := r.count(); n > 0 && !r.bad; n-- {
		list = append(list, string(r.take(r.count())))
	}
	var row seenRow
	for n := r.count(); n > 0 && !r.bad; n-- {
		if r.row(&row, list); r.bad {
			break
		}
		if err := fn(&row); err != nil {
			return err
		}
	}
	if r.bad {
		return fmt.Errorf("%w: %w", ErrDamaged, errPart)
	}
	return nil
}

// partReader reads a part, and remembers where it could not.
type partReader struct {
	rest []byte
	bad  bool
}

func (r *partReader) take(n int) []byte {
	if r.bad || n > len(r.rest) {
		r.bad = true
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *partReader) byte() byte {
	if b := r.take(1); len(b) == 1 {
		return b[0]
	}
	return 0
}

// count reads a number of things that take a byte or more each.
func (r *partReader) count() int {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 || v > maxPacked {
		r.bad = true
		return 0
	}
	r.take(n)
	return int(v)
}

func (r *partReader) varint() int64 {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		r.bad = true
		return 0
	}
	r.take(n)
	return v
}

func (r *partReader) row(row *seenRow, list []string) {
	kind, where, same := r.count(), r.count(), r.count()
	tail := r.take(r.count())
	if r.bad || kind >= len(list) || where >= len(list) || same > len(row.value) {
		r.bad = true
		return
	}
	row.kind, row.artifact = list[kind], list[where]
	row.value = append(row.value[:same], tail...)
	row.first, row.last = 0, 0
	if row.dated = r.byte() == 1; row.dated {
		row.first = r.varint()
		row.last = row.first + r.varint()
	}
}

// forget removes what was observed in a run.
func (t *tx) forget(run string) {
	for _, table := range [...]string{"observed", "observed_marks"} {
		t.exec("DELETE FROM "+table+" WHERE run_n = (SELECT n FROM run WHERE id = $1)", run)
	}
	t.exec("DELETE FROM hunted WHERE run_id = $1", run)
}
