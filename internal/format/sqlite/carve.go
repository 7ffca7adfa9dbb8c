package sqlite

import (
	"encoding/binary"
	"strings"
)

// free searches the space of a page that no cell takes: what is between the
// pointers and the cells, and the chain of free blocks
// (https://sqlite.org/fileformat2.html#b_tree_pages).
func (c *carver) free(p *page, t *Table, state State) {
	end := c.usableEnd(p)
	head := 0
	if p.no == 1 && p.ptrs >= headerSize {
		head = headerSize
	}
	gap := p.ptrs + 2*p.cells
	content := int(binary.BigEndian.Uint16(p.buf[head+5:]))
	if content == 0 {
		content = 65536
	}
	if content = min(content, end); gap < content && !zero(p.buf[gap:content]) {
		if n := c.carve(p, gap, content, t, state); n == 0 && !t.WithoutRowid {
			c.earlier(p, gap, content, t, state)
		}
	}
	last := 0
	for at := int(binary.BigEndian.Uint16(p.buf[head+1:])); at > last && at >= gap && at+4 <= end; {
		size := int(binary.BigEndian.Uint16(p.buf[at+2:]))
		if size < 4 || at+size > end {
			return
		}
		c.carve(p, at, at+size, t, state)
		last, at = at+size-1, int(binary.BigEndian.Uint16(p.buf[at:]))
	}
}

// earlier searches the gap of a page for rows of the table that had the page
// before t. One cell alone may be chance.
func (c *carver) earlier(p *page, from, to int, t *Table, state State) {
	votes := map[*Table]int{}
	c.ballot(&page{buf: p.buf[:to], avail: to}, from, votes)
	if other := c.winner(votes, t); other != nil && other != t && votes[other] >= 2*sureWhole-2*oddCosts {
		c.carve(p, from, to, other, state)
	}
}

// carve searches bytes from..to of a page for cells of t. A cell that was
// freed begins with its old bytes, or with the four of a free block. It returns
// how many whole ones it met.
func (c *carver) carve(p *page, from, to int, t *Table, state State) (n int) {
	for at := from; at+4 <= to; {
		b := p.buf[at:to]
		if b[0] == 0 && b[1] == 0 && b[2] == 0 && b[3] == 0 {
			at += zeros(b)
			continue
		}
		if f, ok := c.whole(b, t); ok && c.intact(p, b, f.size, t) {
			c.keep(p, at, &f, state)
			at += f.size
			n++
			continue
		}
		if f, ok := c.headless(b, t); ok && c.intact(p, b, f.size, t) {
			c.keepPartial(p, at, &f, t, state)
			at += f.size
			continue
		}
		at++
	}
	return n
}

// intact reports whether the first size bytes of b are a cell that nothing was
// written over. An interior page was a leaf once, when its tree was small: its
// own cells grow over the old ones from the end of the page, so that the last
// old one before them, behind which no other stands, is not to be trusted.
func (c *carver) intact(p *page, b []byte, size int, t *Table) bool {
	if p.kind == interiorTable {
		if _, ok := c.whole(b[size:], t); !ok {
			return false
		}
	}
	return !c.overwritten(b, size, t)
}

// overwritten reports whether a cell that has the first size bytes of b lost
// its end to a later one: SQLite takes room from the end of a free block.
func (c *carver) overwritten(b []byte, size int, t *Table) bool {
	for i := 4; i+4 < size; i++ {
		if b[i] < 4 {
			continue
		}
		if f, ok := c.whole(b[i:], t); ok && i+f.size >= size {
			return true
		}
	}
	return false
}

// zeros returns how many bytes of b to go past: all zeros but the last three,
// which may be the start of a free block's head.
func zeros(b []byte) int {
	n := 0
	for n < len(b) && b[n] == 0 {
		n++
	}
	if n == len(b) {
		return n
	}
	return max(1, n-3)
}

// keep notes a cell that is whole, unless it is known or live.
func (c *carver) keep(p *page, at int, f *found, state State) {
	if f.table.internal() {
		return
	}
	m := remnant{
		file: c.fileOf(p), off: p.off + int64(at), page: p.no, frame: p.frame, state: state,
		sure: f.sure, size: f.size, body: f.body, total: f.total, next: f.next, rowid: f.rowid,
	}
	b := p.buf[at : at+f.size]
	if f.table.WithoutRowid {
		c.wait(f, &m) // there is no rowid to look its row up by
		return
	}
	if c.again(f.table, b) || !f.table.salvaged && c.live.has(f.table, f.rowid, b) {
		return
	}
	c.rec.add(f.table, &m)
}

// internal reports whether t holds counters or statistics of SQLite's own.
func (t *Table) internal() bool { return strings.HasPrefix(lower(t.Name), "sqlite_") }

// again reports whether the same cell of t was met before.
func (c *carver) again(t *Table, cell []byte) bool {
	sum := c.sum(t, 0, cell)
	if c.known[sum] {
		return true
	}
	if len(c.known) < 4*maxRemnants {
		c.known[sum] = true
	}
	return false
}

// fileOf is the file that a page was read from.
func (c *carver) fileOf(p *page) *blockReader {
	if p.file != nil {
		return p.file
	}
	return c.db.main
}
