package sqlite

import (
	"github.com/amparo-project/amparo/internal/limit"
)

// A cell is one entry of a b-tree page that has a payload.
type cell struct {
	rowid int64
	at    int // offset on its page
	size  int // bytes on its page
	pay   payload
}

// A payload is the record of a cell: its start on the page of the cell, the
// rest in a chain of overflow pages (https://sqlite.org/fileformat2.html#ovflpgs).
type payload struct {
	page  uint32 // of the cell
	local []byte
	total int64
	next  uint32 // next overflow page of the chain; 0: none
	pos   int64  // offset in the payload at which page next starts
	from  int64  // offset in the payload of the overflow page in memory
	to    int64  // and its end; from == to: none is in memory
}

// cell reads cell i of p, which is not an interior page of a table.
func (s *scan) cell(p *page, i int, c *cell) error {
	at := p.pointer(i)
	if at < p.ptrs || at >= p.end {
		return corrupt(p.no, "cell %d lies at %d, outside the page", i, at)
	}
	b := p.buf[at:p.end]
	n := 0
	if p.kind == interiorIndex {
		n = 4 // the child before the cell
	}
	if n >= len(b) {
		return corrupt(p.no, "cell %d is cut off", i)
	}
	total, k := varint(b[n:])
	n += k
	c.rowid = 0
	if p.kind == leafTable && k > 0 {
		rowid, k2 := varint(b[n:])
		c.rowid = int64(rowid)
		n += k2
		k = k2
	}
	if k == 0 {
		return corrupt(p.no, "cell %d is cut off", i)
	}
	if total > uint64(s.db.pages)*uint64(s.db.usable) {
		return corrupt(p.no, "cell %d claims %d bytes, more than the database has", i, total)
	}
	c.at = at
	return s.body(p, i, c, b, n, int64(total))
}

// body finds the payload of a cell whose fixed part takes n bytes of b.
func (s *scan) body(p *page, i int, c *cell, b []byte, n int, total int64) error {
	local := s.db.localSize(total, p.kind)
	c.size = n + int(local)
	c.pay = payload{page: p.no, total: total, pos: local}
	if local < total {
		if c.size+4 > len(b) {
			return corrupt(p.no, "cell %d is cut off", i)
		}
		c.pay.next = be32(b[c.size:])
		c.size += 4
	}
	if c.size > len(b) {
		return corrupt(p.no, "cell %d is cut off", i)
	}
	// Cells share no bytes. Without this check one page could claim thousands
	// of rows out of the same bytes.
	if p.used += c.size; p.used > s.db.pageSize {
		return corrupt(p.no, "cell %d overlaps others", i)
	}
	c.pay.local = b[n : n+int(local)]
	return nil
}

func be32(b []byte) uint32 {
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}

// localSize returns how many bytes of a payload are on the page of its cell
// (https://sqlite.org/fileformat2.html#cell_payload_overflow_pages).
func (db *DB) localSize(total int64, kind byte) int64 {
	u := int64(db.usable)
	most := u - 35
	if kind != leafTable {
		most = (u-12)*64/255 - 23
	}
	if total <= most {
		return total
	}
	least := (u-12)*32/255 - 23
	if k := least + (total-least)%(u-4); k <= most {
		return k
	}
	return least
}

// span returns n bytes of the payload from off on. Calls go forward: off is
// never below the end of an earlier span. The bytes are valid until the next row.
func (s *scan) span(pay *payload, off, n int64) ([]byte, error) {
	if off+n <= int64(len(pay.local)) {
		return pay.local[off : off+n], nil
	}
	if s.gathered += n; s.gathered > s.db.maxRow {
		return nil, &DamageError{Damage{Page: pay.page, Reason: "row is longer than the limit"}, limit.ErrLimit}
	}
	start := len(s.arena)
	if off < int64(len(pay.local)) {
		s.arena = append(s.arena, pay.local[off:]...)
		off = int64(len(pay.local))
	}
	for want := n - int64(len(s.arena)-start); want > 0; {
		if off >= pay.to {
			if err := s.nextOverflow(pay); err != nil {
				return nil, err
			}
			continue
		}
		b := s.overflow.buf[4+off-pay.from : 4+pay.to-pay.from]
		b = b[:min(int64(len(b)), want)]
		s.arena = append(s.arena, b...)
		off += int64(len(b))
		want -= int64(len(b))
	}
	return s.arena[start:len(s.arena):len(s.arena)], nil
}

// nextOverflow reads the next page of the chain. A page belongs to one chain
// only and is at most once in it, so that a scan reads no page twice.
func (s *scan) nextOverflow(pay *payload) error {
	no := pay.next
	pay.next = 0
	if no == 0 {
		return corrupt(pay.page, "chain of overflow pages ends early")
	}
	if !s.seen.add(no) {
		return corrupt(pay.page, "overflow page %d belongs to two pages", no)
	}
	if err := s.db.load(no, &s.overflow); err != nil {
		return err
	}
	n := min(int64(s.db.usable-4), pay.total-pay.pos)
	if int64(s.overflow.avail) < 4+n {
		return corrupt(no, "overflow page is cut off")
	}
	pay.next = be32(s.overflow.buf)
	pay.from, pay.to = pay.pos, pay.pos+n
	pay.pos = pay.to
	return nil
}
