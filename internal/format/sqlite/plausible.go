package sqlite

import (
	"encoding/binary"
	"math"
	"unicode/utf8"
)

// A rawRecord is what looks like a cell at some place, of whatever table.
type rawRecord struct {
	rowid  int64
	size   int // bytes of the cell on its page
	body   int // where the payload starts in the cell
	total  int64
	next   uint32
	types  []uint64 // valid until the next record
	values []byte   // of the record, as far as they are on the page
}

// A found is a cell of a table.
type found struct {
	table  *Table
	sure   uint8
	size   int
	body   int
	total  int64
	next   uint32
	rowid  int64
	values []byte
	header []byte
}

// minimal reports whether a varint of n bytes is the shortest for v: SQLite
// writes no other.
func minimal(v uint64, n int) bool { return n == 1 || n == 9 || v>>(7*(n-1)) != 0 }

// record reads the cell of a table with rowid at the start of b. It is one if
// its lengths agree with each other.
func (c *carver) record(b []byte) (rawRecord, bool) {
	if len(b) < 5 || b[0] < 2 {
		return rawRecord{}, false
	}
	total, n := varint(b)
	if n == 0 || !minimal(total, n) || total > 1<<40 {
		return rawRecord{}, false
	}
	rowid, k := varint(b[n:])
	if k == 0 || !minimal(rowid, k) || int64(rowid) < 0 {
		return rawRecord{}, false
	}
	r := rawRecord{rowid: int64(rowid), body: n + k, total: int64(total)}
	return r, c.payload(&r, b, leafTable)
}

// keyed is record for a table without rowid.
func (c *carver) keyed(b []byte) (rawRecord, bool) {
	if len(b) < 4 || b[0] < 2 {
		return rawRecord{}, false
	}
	total, n := varint(b)
	if n == 0 || !minimal(total, n) || total > 1<<40 {
		return rawRecord{}, false
	}
	r := rawRecord{body: n, total: int64(total)}
	return r, c.payload(&r, b, leafIndex)
}

// payload checks what follows the fixed part of a cell.
func (c *carver) payload(r *rawRecord, b []byte, kind byte) bool {
	local := r.total
	if r.total > int64(c.db.usable)/8 {
		local = c.db.localSize(r.total, kind)
	}
	r.size = r.body + int(local)
	if local < r.total {
		if r.size += 4; r.size > len(b) || r.total > int64(c.db.pages)*int64(c.db.usable) {
			return false
		}
		if r.next = be32(b[r.size-4:]); r.next < 2 || r.next > c.db.pages {
			return false
		}
	}
	if r.size > len(b) {
		return false
	}
	pay := b[r.body : r.body+int(local)]
	header, n := varint(pay)
	if n == 0 || !minimal(header, n) || header < uint64(n)+1 || header > uint64(len(pay)) {
		return false
	}
	sum, ok := c.serials(pay[n:header])
	if !ok || int64(header)+sum != r.total {
		return false
	}
	r.types, r.values = c.types, pay[header:]
	return true
}

// serials reads serial types up to the end of b into c.types, and returns how
// many bytes their values take.
func (c *carver) serials(b []byte) (sum int64, ok bool) {
	c.types = c.types[:0]
	for len(b) > 0 {
		typ, n := uint64(b[0]), 1
		if typ >= 0x80 {
			if typ, n = varint(b); n == 0 || !minimal(typ, n) {
				return 0, false
			}
		}
		if typ == 10 || typ == 11 || typ > 1<<40 {
			return 0, false
		}
		sum += serialSize(typ)
		c.types = append(c.types, typ)
		b = b[n:]
	}
	return sum, true
}

// whole reads a cell of t at the start of b.
func (c *carver) whole(b []byte, t *Table) (found, bool) {
	var r rawRecord
	var ok bool
	if t.WithoutRowid {
		r, ok = c.keyed(b)
	} else {
		r, ok = c.record(b)
	}
	if !ok || len(r.types) > len(t.order) || len(r.types) < t.fewest() {
		return found{}, false
	}
	sure, ok := c.plausible(&r, t)
	return found{
		table: t, sure: sure, size: r.size, body: r.body, total: r.total, next: r.next, rowid: r.rowid, values: r.values,
	}, ok
}

// Confidence, in percent: what a whole cell in free space is worth, and what
// each thing takes off that SQLite allows and apps hardly do.
const (
	sureWhole   = 92
	surePartial = 70
	oddCosts    = 12
	fewerCosts  = 8
	thinCosts   = 20
)

// plausible reports whether t may have had the record, and how sure that is.
func (c *carver) plausible(r *rawRecord, t *Table) (uint8, bool) {
	sure, odd, weight, at := sureWhole, 0, 0, 0
	alias := 0 // what the alias of the rowid weighs, which says nothing by itself
	if len(r.types) < len(t.order) {
		sure -= fewerCosts
	}
	for i, typ := range r.types {
		size := serialSize(typ)
		var v []byte
		if at < len(r.values) {
			v = r.values[at:min(int64(len(r.values)), int64(at)+size)]
		}
		at += int(min(size, int64(len(r.values))))
		col := t.order[i]
		if col == t.RowidAlias {
			if typ != 0 {
				return 0, false
			}
			alias = 1
			continue
		}
		n, ok := c.fits(&t.Columns[col], typ, v, int64(len(v)) == size)
		if !ok {
			return 0, false
		}
		odd += n
		weight += int(min(size, 8))
	}
	if odd > 1+len(r.types)/8 || weight == 0 {
		return 0, false
	}
	weight += alias
	if weight < 3 {
		sure -= thinCosts
	}
	if len(r.types) < 2 && weight < 6 {
		return 0, false
	}
	return uint8(max(sure-odd*oddCosts, 1)), true
}

// fits reports whether a column may hold a value, and how odd that would be.
func (c *carver) fits(col *Column, typ uint64, v []byte, all bool) (odd int, ok bool) {
	switch {
	case typ == 0:
		return 0, !col.NotNull
	case typ >= 12 && typ&1 == 1:
		return c.fitsText(col, v, all)
	case typ >= 12:
		if col.Affinity != AffinityBlob {
			odd = 1
		}
		if col.holdsTime() || col.Affinity == AffinityReal {
			odd = 2
		}
		return odd, true
	}
	if col.Affinity == AffinityText {
		return 0, false // SQLite would have made a text of it
	}
	if typ == 7 {
		return fitsFloat(col, v, all)
	}
	if !all || typ >= 8 {
		return 0, c.db.hdr.schemaFormat >= 4 || c.db.hdr.schemaFormat == 0 || typ < 8
	}
	n := number(typ, v)
	if !c.shortest(typ, n) {
		return 0, false
	}
	return oddTime(col, float64(n)), true
}

// shortest reports whether SQLite would have stored n in that type.
func (c *carver) shortest(typ uint64, n int64) bool {
	switch typ {
	case 1:
		return c.db.hdr.schemaFormat < 4 && c.db.hdr.schemaFormat != 0 || n != 0 && n != 1
	case 2:
		return n < -1<<7 || n >= 1<<7
	case 3:
		return n < -1<<15 || n >= 1<<15
	case 4:
		return n < -1<<23 || n >= 1<<23
	case 5:
		return n < -1<<31 || n >= 1<<31
	}
	return n < -1<<47 || n >= 1<<47
}

func fitsFloat(col *Column, v []byte, all bool) (int, bool) {
	if !all {
		return 0, true
	}
	f := math.Float64frombits(binary.BigEndian.Uint64(v))
	if math.IsNaN(f) {
		return 0, false
	}
	if a := math.Abs(f); a != 0 && (a < 1e-30 || a > 1e30) {
		return 1, true
	}
	return oddTime(col, f), true
}

// oddTime is 1 for a column that is declared to hold times, and a number that
// is one in no unit and epoch: neither 0 nor at least some months of seconds,
// nor below what nanoseconds reach within three hundred years.
func oddTime(col *Column, f float64) int {
	if !col.holdsTime() || f == 0 {
		return 0
	}
	if a := math.Abs(f); a < 1e7 || a > 1e19 {
		return 1
	}
	return 0
}

func (c *Column) holdsTime() bool {
	switch lower(c.Decl) {
	case "timestamp", "datetime", "date":
		return true
	}
	return false
}

func (c *carver) fitsText(col *Column, v []byte, all bool) (odd int, ok bool) {
	switch col.Affinity {
	case AffinityInteger, AffinityReal, AffinityNumeric:
		if numeric(Value{kind: Text, data: v}).kind != Text && all && len(v) > 0 {
			return 0, false // SQLite would have made a number of it
		}
		odd = 1
	case AffinityBlob, AffinityText:
	}
	if c.db.hdr.encoding != UTF8 {
		return odd, len(v)%2 == 0 || !all
	}
	strange := 0
	for i := 0; i < len(v); {
		if v[i] < utf8.RuneSelf {
			if v[i] < ' ' && v[i] != '\n' && v[i] != '\t' && v[i] != '\r' {
				strange++
			}
			i++
			continue
		}
		r, n := utf8.DecodeRune(v[i:])
		if r == utf8.RuneError && n == 1 {
			if !all && len(v)-i < utf8.UTFMax {
				break // cut where its overflow page begins
			}
			return 0, false
		}
		i += n
	}
	if strange > 0 {
		odd++
	}
	return odd, strange <= 1+len(v)/16
}
