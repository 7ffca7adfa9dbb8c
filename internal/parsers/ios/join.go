package ios

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/limit"
)

// Bounds of what a parser holds in memory to join tables. Real phones stay
// far below; past a bound rows stay unjoined, and an error says so.
const (
	maxPairs    = 8 << 20  // links between rows, 16 bytes each
	maxSideData = 96 << 20 // bytes of a side table's values
	maxHeld     = 96 << 20 // bytes of handles, chats, contacts and the like
)

// maxList bounds the lists of texts in one record.
const maxList = 1000

// matching returns the first table whose name begins and ends so, and that
// has a column that ends in column. The join tables of Core Data carry numbers
// that change with the version of the model.
func (r *reading) matching(prefix, suffix, column string) *table {
	for _, source := range r.db.Tables() {
		if !strings.HasPrefix(source.Name, prefix) || !strings.HasSuffix(source.Name, suffix) {
			continue
		}
		if t := r.optional(source.Name); t != nil && t.ending(column) >= 0 {
			return t
		}
	}
	return nil
}

// texts reads a table of few rows: a text by row. It is nil-safe: no table
// has no texts.
func (t *table) texts(column string) (map[int64]string, error) {
	if t == nil {
		return nil, nil
	}
	names, i := map[int64]string{}, t.find(column)
	err := t.each(func() error {
		s := t.text(i)
		names[t.rowID()] = s
		return t.hold(s)
	})
	return names, t.r.unjoined(err)
}

// entryBytes is what an entry of a map takes beside its texts.
const entryBytes = 64

// hold counts an entry with its texts that was put into memory for a join. Its
// error ends the scan of t.
func (t *table) hold(texts ...string) error {
	t.r.held += entryBytes
	for _, s := range texts {
		t.r.held += len(s)
	}
	if t.r.held > maxHeld {
		return t.tooMuch()
	}
	return nil
}

// links reads a join table: from the rows that one column refers to, to those
// of the other. Both are given as the ends of their names.
func (t *table) links(p *pairs, from, to string) error {
	i, j := t.ending(from), t.ending(to)
	err := t.each(func() error {
		a, okA := t.integer(i)
		b, okB := t.integer(j)
		if okA && okB && !p.add(a, b) {
			return t.tooMuch()
		}
		return nil
	})
	p.sort()
	return t.r.unjoined(err)
}

// ending returns the number of the first column whose name ends so.
func (t *table) ending(suffix string) int {
	for i := range t.columns {
		if strings.HasSuffix(t.columns[i].name, suffix) {
			return i
		}
	}
	return -1
}

// An unjoinedError ends the scan of a table that is held in memory at a bound.
type unjoinedError struct{ loc artifact.Location }

func (e *unjoinedError) Error() string {
	return fmt.Sprintf("%v: rows of %s from here on are not joined", limit.ErrLimit, e.loc.Table)
}

func (e *unjoinedError) Unwrap() error { return limit.ErrLimit }

// tooMuch is the error of a scan that reached a bound.
func (t *table) tooMuch() error { return &unjoinedError{t.location()} }

// unjoined tells of a bound that a scan reached: records follow all the same.
func (r *reading) unjoined(err error) error {
	if e := (*unjoinedError)(nil); errors.As(err, &e) {
		return r.ProblemAt(e.loc, e)
	}
	return err
}

// pairs links rows of one table to rows of another. Unlike a map it takes 16
// bytes a link, and finds in constant time what is asked for in rising order.
type pairs struct {
	list []pair
	next int // where the last search ended
}

type pair struct{ from, to int64 }

// add reports false once the bound is reached.
func (p *pairs) add(from, to int64) bool {
	if len(p.list) >= maxPairs {
		return false
	}
	p.list = append(p.list, pair{from, to})
	return true
}

// sort must come between the last add and the first find. It is stable: of
// several links from a row, the first in the database stays first.
func (p *pairs) sort() {
	byFrom := func(a, b pair) int { return cmp.Compare(a.from, b.from) }
	if !slices.IsSortedFunc(p.list, byFrom) {
		slices.SortStableFunc(p.list, byFrom)
	}
}

// find returns the links from a row.
func (p *pairs) find(from int64) []pair {
	i := p.next
	if i > 0 && p.list[i-1].from >= from {
		i = 0
	}
	if i < len(p.list) && p.list[i].from < from {
		n, _ := slices.BinarySearchFunc(p.list[i:], from, func(e pair, id int64) int { return cmp.Compare(e.from, id) })
		i += n
	}
	end := i
	for end < len(p.list) && p.list[end].from == from {
		end++
	}
	p.next = end
	return p.list[i:end]
}

// A side holds a few columns of a table's rows, by the row of another table
// that they belong to, in two pieces of memory however many rows there are.
type side struct {
	index pairs // from the other table's row to an offset in data
	data  []byte
}

// add appends the values of a row. It reports false once a bound is reached.
func (s *side) add(id int64, values ...artifact.Value) bool {
	if len(s.data) >= maxSideData || !s.index.add(id, int64(len(s.data))) {
		return false
	}
	for _, v := range values {
		s.data = appendValue(s.data, v)
	}
	return true
}

// side reads columns of all rows of a small table, by the row of another
// table that key returns for each.
func (t *table) side(s *side, columns []string, key func() int64) error {
	numbers := make([]int, len(columns))
	for i, name := range columns {
		numbers[i] = t.find(name)
	}
	values := make([]artifact.Value, len(columns))
	err := t.each(func() error {
		for i, n := range numbers {
			values[i] = t.value(n)
		}
		if !s.add(key(), values...) {
			return t.tooMuch()
		}
		return nil
	})
	s.sort()
	return t.r.unjoined(err)
}

// sort must come between the last add and the first find.
func (s *side) sort() { s.index.sort() }

// find returns the rows that belong to id, for read.
func (s *side) find(id int64) []pair { return s.index.find(id) }

// read fills values with those of a row that find returned.
func (s *side) read(row pair, values []artifact.Value) {
	b := s.data[row.to:]
	for i := range values {
		values[i], b = cutValue(b)
	}
}

// first fills values with those of the first row that belongs to id, with
// Null where there is none.
func (s *side) first(id int64, values []artifact.Value) bool {
	found := s.find(id)
	if len(found) == 0 {
		clear(values)
		return false
	}
	s.read(found[0], values)
	return true
}

// appendValue encodes v: its kind, then eight bytes of a number or a length
// and the bytes of a text. Other kinds do not come out of a column.
func appendValue(b []byte, v artifact.Value) []byte {
	b = append(b, byte(v.Kind()))
	switch v.Kind() {
	case artifact.Int:
		n, _ := v.Int()
		return binary.LittleEndian.AppendUint64(b, uint64(n))
	case artifact.Float:
		f, _ := v.Float()
		return binary.LittleEndian.AppendUint64(b, math.Float64bits(f))
	case artifact.Text:
		s, _ := v.Str()
		return append(binary.LittleEndian.AppendUint64(b, uint64(len(s))), s...)
	case artifact.Bytes:
		data := v.Bytes()
		return append(binary.LittleEndian.AppendUint64(b, uint64(len(data))), data...)
	default:
		b[len(b)-1] = byte(artifact.Null)
		return b
	}
}

// cutValue decodes what appendValue wrote, and returns what follows it.
func cutValue(b []byte) (artifact.Value, []byte) {
	kind, b := artifact.ValueKind(b[0]), b[1:]
	if kind == artifact.Null {
		return artifact.Value{}, b
	}
	n, b := binary.LittleEndian.Uint64(b), b[8:]
	switch kind {
	case artifact.Int:
		return artifact.IntValue(int64(n)), b
	case artifact.Float:
		return artifact.FloatValue(math.Float64frombits(n)), b
	case artifact.Text:
		return artifact.TextValue(string(b[:n])), b[n:]
	default:
		return artifact.BytesValue(slices.Clone(b[:n])), b[n:]
	}
}
