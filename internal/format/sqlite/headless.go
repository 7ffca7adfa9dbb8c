package sqlite

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
)

// A free block takes the first four bytes of the cell that was there: the
// length of its payload, the rowid or a part of it, and mostly the length of
// the record's header. What follows tells them again.

// headless reads a cell of t whose first four bytes are those of a free
// block. It is one if it fills the block, or if another cell follows it there.
func (c *carver) headless(b []byte, t *Table) (found, bool) {
	size := int(binary.BigEndian.Uint16(b[2:min(4, len(b))]))
	if t.WithoutRowid || len(b) < 8 || size < 8 || size > len(b) || len(t.order) > 120 {
		return found{}, false
	}
	best := found{}
	for fixed := 2; fixed <= 9; fixed++ {
		f, ok := c.behind(b[:size], fixed, t)
		if !ok {
			continue
		}
		rest := size - f.size
		switch {
		case rest == 0:
			return f, true
		case rest < 4:
			f.sure -= 5
		default:
			if _, ok := c.whole(b[f.size:size], t); !ok {
				continue
			}
			f.sure -= 5
		}
		if best.table == nil {
			best = f
		}
	}
	return best, best.table != nil
}

// behind reads a headless cell whose record starts after fixed bytes.
func (c *carver) behind(b []byte, fixed int, t *Table) (found, bool) {
	n := len(t.order)
	var types []uint64
	body, sum := 0, int64(0)
	switch fixed {
	case 2:
		// The first type is lost too. An alias of the rowid has the type 0;
		// another column's is what is missing to fill the block.
		rest, end, s, ok := c.take(b, 4, n-1)
		if !ok {
			return found{}, false
		}
		first := uint64(0)
		if t.order[0] != t.RowidAlias {
			if !tells(rest) {
				return found{}, false
			}
			if first, ok = fillType(&t.Columns[t.order[0]], int64(len(b)-end)-s); !ok {
				return found{}, false
			}
		}
		types = append(append(types, first), rest...)
		body, sum = end, s+serialSize(first)
	case 3:
		list, end, s, ok := c.take(b, 4, n)
		if !ok {
			return found{}, false
		}
		types, body, sum = append(types, list...), end, s
	default:
		if fixed >= len(b) || !rowidTail(b[4:fixed]) {
			return found{}, false
		}
		header := int(b[fixed])
		if header < n+1 || header >= 0x80 || fixed+header > len(b) {
			return found{}, false
		}
		list, end, s, ok := c.take(b, fixed+1, n)
		if !ok || end != fixed+header {
			return found{}, false
		}
		types, body, sum = append(types, list...), end, s
	}
	return c.rebuilt(b, fixed, body, sum, types, t)
}

// tells reports whether values of these types show where they start: a text
// does. Any bytes would do for a blob, and for nothing but numbers.
func tells(types []uint64) bool {
	text := false
	for _, t := range types {
		if t >= 12 && t&1 == 0 {
			return false
		}
		text = text || t >= 21
	}
	return text
}

// telling reports whether values of these types are hardly met by chance: a
// text, a floating-point number, or several numbers.
func telling(types []uint64) bool {
	numbers := 0
	for _, t := range types {
		switch {
		case t >= 21 && t&1 == 1:
			return true
		case t == 7:
			numbers += 2
		case t > 0 && t < 7:
			numbers++
		}
	}
	return numbers >= 4
}

// rowidTail reports whether b may be the last bytes of a rowid.
func rowidTail(b []byte) bool {
	for i, x := range b {
		if (x >= 0x80) == (i == len(b)-1) {
			return false
		}
	}
	return true
}

// fillType is the type of a value of that many bytes in a column, where only
// one is likely.
func fillType(col *Column, size int64) (uint64, bool) {
	if size <= 0 || size > 57 {
		return 0, false // a longer type takes two bytes, of which one is there
	}
	switch col.Affinity {
	case AffinityText:
		return uint64(13 + 2*size), true
	case AffinityInteger:
		for typ, n := range serialSizes[:7] {
			if n == size && typ > 0 {
				return uint64(typ), true
			}
		}
	case AffinityReal:
		return 7, size == 8
	case AffinityBlob, AffinityNumeric:
	}
	return 0, false
}

// take reads n serial types at b[at:], and returns where they end and how many
// bytes their values take.
func (c *carver) take(b []byte, at, n int) (types []uint64, end int, sum int64, ok bool) {
	c.types = c.types[:0]
	for range n {
		if at >= len(b) {
			return nil, 0, 0, false
		}
		typ, k := varint(b[at:])
		if k == 0 || typ == 10 || typ == 11 || typ > 1<<20 || !minimal(typ, k) {
			return nil, 0, 0, false
		}
		if sum += serialSize(typ); sum > int64(len(b)) {
			return nil, 0, 0, false
		}
		c.types = append(c.types, typ)
		at += k
	}
	return c.types, at, sum, true
}

// rebuilt checks a headless cell and makes the header of its record up again.
func (c *carver) rebuilt(b []byte, fixed, body int, sum int64, types []uint64, t *Table) (found, bool) {
	var list []byte
	for _, typ := range types {
		list = appendVarint(list, typ)
	}
	if len(list) >= 0x7f {
		return found{}, false
	}
	header := append([]byte{byte(len(list) + 1)}, list...)
	total, size := int64(len(header))+sum, body+int(sum)
	length := len(appendVarint(nil, uint64(total)))
	if size > len(b) || c.db.localSize(total, leafTable) != total || fixed-length < 1 || length > 3 {
		return found{}, false
	}
	r := rawRecord{types: types, values: b[body:size]}
	sure, ok := c.plausible(&r, t)
	if !ok || sum < 4 || !telling(types) || sure < sureWhole-oddCosts+1 {
		return found{}, false
	}
	return found{
		table: t, sure: max(sure, sureWhole-surePartial+1) - (sureWhole - surePartial), size: size, body: body, total: total,
		values: b[body:size], header: header,
	}, true
}

// appendVarint appends v as SQLite writes it; v is below 2^56.
func appendVarint(b []byte, v uint64) []byte {
	n := 1
	for v>>(7*n) != 0 {
		n++
	}
	for i := n - 1; i > 0; i-- {
		b = append(b, byte(v>>(7*i))|0x80)
	}
	return append(b, byte(v&0x7f))
}

// A partialCell waits to be compared with the values of live rows.
type partialCell struct {
	table *Table
	m     remnant
	size  int // of the values that are on its page
	sum   uint64
}

func (c *carver) keepPartial(p *page, at int, f *found, t *Table, state State) {
	if f.table = t; t.internal() {
		return
	}
	c.wait(f, &remnant{
		file: c.fileOf(p), off: p.off + int64(at), page: p.no, frame: p.frame, state: state,
		sure: f.sure, size: f.size, body: f.body, total: f.total, noRow: true, header: f.header,
	})
}

// wait holds a remnant until its values can be compared with those of all rows.
func (c *carver) wait(f *found, m *remnant) {
	if len(c.partial) < maxRemnants {
		c.partial = append(c.partial, partialCell{f.table, *m, len(f.values), c.sum(f.table, 1, f.values)})
	}
}

// sum is a hash of bytes of t.
func (c *carver) sum(t *Table, kind byte, b []byte) uint64 {
	var h maphash.Hash
	h.SetSeed(c.seed)
	var id [5]byte
	binary.BigEndian.PutUint32(id[:], t.Root)
	id[4] = kind
	_, _ = h.Write(id[:]) // never fails
	_, _ = h.Write(b)
	return h.Sum64()
}

// settlePartial keeps the partial cells whose values are neither those of a
// live row nor of a remnant that is whole.
func (c *carver) settlePartial() error {
	if len(c.partial) == 0 {
		return nil
	}
	wanted := map[uint64]bool{}
	sizes := map[int]bool{}
	tables := map[*Table]bool{}
	for i := range c.partial {
		x := &c.partial[i]
		wanted[x.sum] = true
		sizes[x.size] = true
		tables[x.table] = true
	}
	dropped := map[uint64]bool{}
	see := func(t *Table, values []byte) {
		if sizes[len(values)] {
			if sum := c.sum(t, 1, values); wanted[sum] {
				dropped[sum] = true
			}
		}
	}
	if err := c.liveValues(tables, see); err != nil {
		return err
	}
	for t := range tables {
		if err := c.remnantValues(t, see); err != nil {
			return err
		}
	}
	for i := range c.partial {
		x := &c.partial[i]
		if dropped[x.sum] {
			continue
		}
		dropped[x.sum] = true
		c.rec.add(x.table, &x.m)
	}
	return nil
}

// remnantValues calls see with the values of the whole remnants of t.
func (c *carver) remnantValues(t *Table, see func(*Table, []byte)) error {
	for i := range c.rec.tables[t] { // none yet of a table without rowid
		m := &c.rec.tables[t][i]
		b := make([]byte, m.size)
		n, err := m.file.read(b, m.off)
		if err != nil {
			return err
		}
		if r, ok := c.record(b[:n]); ok {
			see(t, r.values)
		}
	}
	return nil
}

// liveValues calls see with the values of all rows of the tables.
func (c *carver) liveValues(tables map[*Table]bool, see func(*Table, []byte)) error {
	var p page
	for no := uint32(2); no <= c.limit; no++ {
		t := c.tableOf(no)
		if t == nil || !tables[t] {
			continue
		}
		if err := c.ctx.Err(); err != nil {
			return err
		}
		ok, err := c.loaded(no, &p)
		if err != nil {
			return err
		}
		if ok && p.kind != interiorTable {
			c.pageValues(&p, t, see)
		}
	}
	return nil
}

// pageValues calls see with the values of the rows on one page.
func (c *carver) pageValues(p *page, t *Table, see func(*Table, []byte)) {
	read, skip := c.record, 0
	if t.WithoutRowid {
		read = c.keyed
	}
	if p.kind == interiorIndex {
		skip = 4
	}
	for i := range min(p.cells, p.most()) {
		if at := p.pointer(i) + skip; at >= p.ptrs && at < p.end {
			if r, ok := read(p.buf[at:p.end]); ok {
				see(t, r.values)
			}
		}
	}
}

// A liveCheck tells whether a cell is that of a row as the table has it now.
type liveCheck struct {
	db    *DB
	p     page
	table *Table // whose leaf p is
}

// has reports whether the table has just this row.
func (l *liveCheck) has(t *Table, rowid int64, cell []byte) bool {
	if t.WithoutRowid {
		return false
	}
	if !l.within(t, rowid) && !l.seek(t, rowid) {
		return false
	}
	p := &l.p
	for lo, hi := 0, p.cells; lo < hi; {
		mid := (lo + hi) / 2
		switch key := leafKey(p, mid); {
		case key == rowid:
			return same(p, p.pointer(mid), cell)
		case key < rowid:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return false
}

// same compares a cell with the one at an offset of a page. Where a row has
// overflow pages, which ones these are does not matter.
func same(p *page, at int, cell []byte) bool {
	if at+len(cell) > p.end {
		return false
	}
	live := p.buf[at : at+len(cell)]
	if bytes.Equal(live, cell) {
		return true
	}
	total, n := varint(cell)
	return n > 0 && len(cell) > 4 && int64(total) > int64(len(cell)) && bytes.Equal(live[:len(cell)-4], cell[:len(cell)-4])
}

// within reports whether the leaf in memory is where the rowid would be.
func (l *liveCheck) within(t *Table, rowid int64) bool {
	return l.table == t && l.p.cells > 0 && leafKey(&l.p, 0) <= rowid && rowid <= leafKey(&l.p, l.p.cells-1)
}

// seek goes down to the leaf in which the rowid would be.
func (l *liveCheck) seek(t *Table, rowid int64) bool {
	l.table = nil
	no := t.Root
	for range maxDepth {
		if l.db.load(no, &l.p) != nil || l.p.parse() != nil || l.p.cells > l.p.most() {
			return false
		}
		switch l.p.kind {
		case leafTable:
			l.table = t
			return true
		case interiorTable:
			no = childOf(&l.p, rowid)
		default:
			return false
		}
	}
	return false
}
