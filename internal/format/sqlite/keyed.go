package sqlite

// keyedImage searches a page of the kind that indexes and tables WITHOUT ROWID
// have, and that is not part of the database as it is now. t is the table that
// it may have belonged to. A page counts as one of a table only if every cell
// on it fits that table and no other, and none of an index could look so.
func (c *carver) keyedImage(p *page, t *Table, state State) {
	if p.parse() != nil || p.cells == 0 || p.cells > p.most() {
		return
	}
	if t != nil && !t.WithoutRowid {
		return
	}
	var owner *Table
	for _, candidate := range c.tables {
		if !candidate.WithoutRowid || t != nil && candidate != t || c.db.indexed[lower(candidate.Name)] {
			continue
		}
		if !c.allOf(p, candidate) {
			continue
		}
		if owner != nil {
			return
		}
		owner = candidate
	}
	if owner == nil {
		return
	}
	for i := range p.cells {
		at := c.keyedCell(p, i)
		if f, ok := c.whole(p.buf[at:c.usableEnd(p)], owner); ok {
			c.keep(p, at, &f, state)
		}
	}
	if p.kind == leafIndex {
		c.free(p, owner, state)
	}
}

// keyedCell returns where the i-th cell's length lies, 0 where that is outside
// the page. In an interior page the number of a child comes first.
func (c *carver) keyedCell(p *page, i int) int {
	at := p.pointer(i)
	if p.kind == interiorIndex {
		at += 4
	}
	if at < p.ptrs+2*p.cells || at >= c.usableEnd(p) {
		return 0
	}
	return at
}

// allOf reports whether all cells of p are rows of t. Each entry of an index
// ends in the number of its row: where all cells end in integers, they may be
// such entries.
func (c *carver) allOf(p *page, t *Table) bool {
	row := false
	for i := range p.cells {
		at := c.keyedCell(p, i)
		if at == 0 {
			return false
		}
		r, ok := c.keyed(p.buf[at:c.usableEnd(p)])
		if !ok || len(r.types) > len(t.order) || len(r.types) < t.fewest() {
			return false
		}
		last := r.types[len(r.types)-1]
		row = row || last == 0 || last == 7 || last > 9
		if _, ok := c.plausible(&r, t); !ok {
			return false
		}
	}
	return row
}
