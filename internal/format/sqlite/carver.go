package sqlite

import (
	"context"
	"hash/maphash"
)

// owners of a page.
const (
	ownerNone   = 0 // nothing leads to it, or the freelist does
	ownerOther  = 1 // pointer map, lock byte, overflow page of a row
	ownerIndex  = 2
	ownerTables = 3 // and above: the table with that number
)

// A carver finds remnants. It goes through the database once in the order of
// its pages, knowing from the interior pages of all trees which table a page
// belongs to.
type carver struct {
	ctx    context.Context //nolint:containedctx // lives as long as one call
	db     *DB
	rec    *Recovery
	limit  uint32   // pages that are looked at
	owner  []uint32 // by page
	tables []*Table
	byN    map[int][]*Table // by number of columns in the record
	trunks map[uint32]int   // bytes that the freelist took at the start of the page
	next   map[uint32]uint32
	chains []uint32 // first overflow pages of live rows
	spare  page

	seed    maphash.Seed
	known   map[uint64]bool // remnants that were met already
	partial []partialCell
	live    liveCheck
	types   []uint64
}

func newCarver(ctx context.Context, rec *Recovery) *carver {
	db := rec.db
	c := &carver{
		ctx: ctx, db: db, rec: rec, limit: min(db.pages, maxRecoverPages),
		byN: map[int][]*Table{}, trunks: map[uint32]int{}, next: map[uint32]uint32{},
		seed: maphash.MakeSeed(), known: map[uint64]bool{},
	}
	c.live.db = db
	if db.pages > c.limit {
		db.note(Damage{Reason: "recovery: the database has more pages than the limit: the rest is not searched"})
	}
	c.owner = make([]uint32, c.limit+1)
	for _, t := range db.tables {
		if (t.Root != 0 || t.salvaged) && !t.IsVirtual && !t.IsView && len(t.order) > 0 {
			c.tables = append(c.tables, t)
			if !t.WithoutRowid {
				for n := t.fewest(); n <= len(t.order); n++ {
					c.byN[n] = append(c.byN[n], t)
				}
			}
		}
	}
	return c
}

// fewest is the smallest number of columns that a whole row of t may have:
// ALTER TABLE adds columns that earlier rows lack, each with a default or
// without NOT NULL. Rows with fewer than half of the columns are not looked for.
func (t *Table) fewest() int {
	n := len(t.order)
	for n > max(2, (len(t.order)+1)/2) {
		col := &t.Columns[t.order[n-1]]
		if col.NotNull && !col.HasDefault || col.PrimaryKey {
			break
		}
		n--
	}
	return n
}

// trees writes down whose each page is. It reads the interior pages only:
// all leaves of a sound tree are at the same depth.
func (c *carver) trees() error {
	c.mark(c.db.lockPage, ownerOther)
	c.db.pointerMaps(func(no uint32) { c.mark(no, ownerOther) })
	of := make(map[uint32]uint32, len(c.tables))
	for i, t := range c.tables {
		of[t.Root] = ownerTables + uint32(i)
	}
	for _, root := range c.db.roots {
		owner := of[root]
		if owner == 0 {
			owner = ownerIndex
		}
		if root == 1 {
			owner = ownerOther // the schema itself
		}
		if err := c.tree(root, owner); err != nil {
			return err
		}
	}
	return c.freeTrunks()
}

func (c *carver) mark(no, owner uint32) bool {
	if no == 0 || no > c.limit || c.owner[no] != ownerNone {
		return false
	}
	c.owner[no] = owner
	return true
}

// tree marks the pages of one tree.
func (c *carver) tree(root, owner uint32) error {
	depth, err := c.depth(root)
	if err != nil {
		return err
	}
	if !c.mark(root, owner) {
		return nil
	}
	level := []uint32{root}
	for ; depth > 0 && len(level) > 0; depth-- {
		var below []uint32
		for _, no := range level {
			if below, err = c.children(no, owner, below); err != nil {
				return err
			}
		}
		level = below
	}
	return nil
}

// children marks the children of an interior page, and appends them to list.
func (c *carver) children(no, owner uint32, list []uint32) ([]uint32, error) {
	if err := c.ctx.Err(); err != nil {
		return nil, err
	}
	p := &c.spare
	if ok, err := c.loaded(no, p); !ok || p.leaf() {
		return list, err
	}
	add := func(child uint32) {
		if c.mark(child, owner) {
			list = append(list, child)
		}
	}
	for i := range min(p.cells, p.most()) {
		if at := p.pointer(i); at >= p.ptrs && at+4 <= p.end {
			add(be32(p.buf[at:]))
		}
	}
	add(p.right)
	return list, nil
}

// depth returns how many levels of interior pages a tree has.
func (c *carver) depth(no uint32) (int, error) {
	p := &c.spare
	for d := range maxDepth {
		if ok, err := c.loaded(no, p); !ok || p.leaf() {
			return d, err
		}
		no = p.right
		if p.cells > 0 && p.most() > 0 && p.pointer(0)+4 <= p.end {
			no = be32(p.buf[p.pointer(0):])
		}
	}
	return maxDepth, nil
}

// loaded reads a page of a b-tree. Damage is no error here: the scan of the
// table tells of it.
func (c *carver) loaded(no uint32, p *page) (bool, error) {
	if err := c.db.load(no, p); err != nil {
		return false, harmless(err)
	}
	if err := p.parse(); err != nil {
		return false, harmless(err)
	}
	return true, nil
}

// freeTrunks notes how many bytes each trunk of the freelist overwrote.
func (c *carver) freeTrunks() error {
	var p page
	seen := pageSet{}
	for no := c.db.hdr.freeTrunk; no != 0 && no <= c.limit && seen.add(no); no = be32(p.buf) {
		if err := c.ctx.Err(); err != nil {
			return err
		}
		if err := c.db.load(no, &p); err != nil {
			return harmless(err)
		}
		n := int64(be32(p.buf[4:]))
		if n > int64(c.db.usable-8)/4 {
			return nil
		}
		c.trunks[no] = int(8 + 4*n)
	}
	return nil
}

// tableOf returns the table that a page belongs to, nil for none.
func (c *carver) tableOf(no uint32) *Table {
	if no > c.limit || c.owner[no] < ownerTables {
		return nil
	}
	return c.tables[c.owner[no]-ownerTables]
}

// pages goes through the database in the order of its pages.
func (c *carver) pages() error {
	var p page
	for no := uint32(2); no <= c.limit; no++ {
		if no&0xff == 0 && c.ctx.Err() != nil {
			return c.ctx.Err()
		}
		owner := c.owner[no]
		if owner == ownerOther {
			continue
		}
		if err := c.db.load(no, &p); err != nil {
			if asDamage(err) == nil {
				return err
			}
			continue
		}
		if owner == ownerNone {
			if !zero(p.buf) {
				c.next[no] = be32(p.buf)
			}
			continue
		}
		if p.parse() != nil || p.cells > p.most() {
			continue
		}
		c.heads(&p)
		if t := c.tableOf(no); t != nil {
			c.free(&p, t, StateDeleted)
		}
	}
	c.follow()
	return nil
}

// heads notes the first overflow page of each cell that has one.
func (c *carver) heads(p *page) {
	if p.kind == interiorTable || len(c.chains) >= maxLiveChains {
		return
	}
	least := uint64(c.db.localSize(int64(c.db.usable)-35, p.kind))
	for i := range p.cells {
		at := p.pointer(i)
		if at < p.ptrs || at+4 >= p.end {
			continue
		}
		b := p.buf[at:p.end]
		if p.kind == interiorIndex {
			b = b[4:]
		}
		total, n := varint(b)
		if n == 0 || total <= least && int64(total) <= c.db.localSize(int64(total), p.kind) {
			continue
		}
		if p.kind == leafTable {
			_, k := varint(b[n:])
			n += k
		}
		local := c.db.localSize(int64(total&(1<<40-1)), p.kind)
		if end := n + int(local); int64(total) > local && end+4 <= len(b) {
			c.chains = append(c.chains, be32(b[end:]))
		}
	}
}

// follow marks the overflow pages of live rows. What is left without an owner
// then is free.
func (c *carver) follow() {
	for _, no := range c.chains {
		for no != 0 && c.mark(no, ownerOther) {
			no = c.next[no]
		}
	}
	c.chains = nil
	lost := &pageSet{}
	for no := range c.next {
		if c.owner[no] == ownerNone && c.trunks[no] == 0 {
			lost.add(no)
		}
	}
	c.db.mu.Lock()
	c.db.lost = lost
	c.db.mu.Unlock()
	c.next = nil
}

// unowned searches the pages that no tree leads to.
func (c *carver) unowned() error {
	var p page
	for no := uint32(2); no <= c.limit; no++ {
		if c.owner[no] != ownerNone {
			continue
		}
		if err := c.ctx.Err(); err != nil {
			return err
		}
		if err := c.db.load(no, &p); err != nil {
			if asDamage(err) == nil {
				return err
			}
			continue
		}
		c.image(&p, nil, c.trunks[no], StateDeleted)
	}
	return nil
}

// image searches a page that is not part of the database as it is now. t is
// the table that it may have belonged to; the first skip bytes are not its own.
func (c *carver) image(p *page, t *Table, skip int, state State) {
	if zero(p.buf) {
		return
	}
	sound := skip == 0 && p.parse() == nil && p.cells <= p.most() && p.kind == leafTable
	if !sound {
		if skip == 0 && p.avail > 0 && (p.buf[0] == leafIndex || p.buf[0] == interiorIndex) {
			c.keyedImage(p, t, state) // entries of an index are no rows, and can look like some
			return
		}
		if state == StateDeleted || skip > 0 {
			p.no = max(p.no, 2)
			p.end = p.avail
			c.guess(p, skip)
		} else if p.kind == interiorTable && t != nil && p.cells <= p.most() {
			c.free(p, t, state)
		}
		return
	}
	if t = c.belongs(p, t); t == nil {
		return
	}
	for i := range p.cells {
		at := p.pointer(i)
		if at < p.ptrs+2*p.cells || at >= c.usableEnd(p) {
			continue
		}
		if f, ok := c.whole(p.buf[at:c.usableEnd(p)], t); ok {
			f.sure = min(f.sure+5, 99)
			c.keep(p, at, &f, state)
		}
	}
	c.free(p, t, state)
}

// usableEnd is where the cells of a page end.
func (c *carver) usableEnd(p *page) int { return min(p.avail, c.db.usable) }

// zero reports whether b has nothing but zeros.
func zero(b []byte) bool {
	for len(b) >= 8 {
		if b[0]|b[1]|b[2]|b[3]|b[4]|b[5]|b[6]|b[7] != 0 {
			return false
		}
		b = b[8:]
	}
	for _, x := range b {
		if x != 0 {
			return false
		}
	}
	return true
}

// belongs returns the table that most cells of a leaf fit, t if it is as good
// as any; nil if none fits.
func (c *carver) belongs(p *page, t *Table) *Table {
	votes := map[*Table]int{}
	for i := range p.cells {
		if at := p.pointer(i); at >= p.ptrs && at < c.usableEnd(p) {
			c.vote(p.buf[at:c.usableEnd(p)], votes)
		}
	}
	if len(votes) == 0 && t == nil && p.cells == 0 {
		c.ballot(p, p.ptrs, votes)
	}
	if p.cells == 0 && t != nil {
		return t
	}
	return c.winner(votes, t)
}

// vote counts the tables that a cell at the start of b fits.
func (c *carver) vote(b []byte, votes map[*Table]int) int {
	r, ok := c.record(b)
	if !ok {
		return 0
	}
	fits := 0
	for _, t := range c.byN[len(r.types)] {
		if sure, ok := c.plausible(&r, t); ok {
			votes[t] += int(sure)
			fits = r.size
		}
	}
	return fits
}

// ballot votes with every cell that lies on p from at on.
func (c *carver) ballot(p *page, at int, votes map[*Table]int) {
	end := c.usableEnd(p)
	for at < end {
		if p.buf[at] == 0 {
			at++
			continue
		}
		at += max(1, c.vote(p.buf[at:end], votes))
	}
}

// winner is the table with the most votes: t where it is among them, the first
// in the schema of several.
func (c *carver) winner(votes map[*Table]int, t *Table) *Table {
	var best *Table
	for _, candidate := range c.tables {
		if n := votes[candidate]; n > 0 && (best == nil || n > votes[best] || n == votes[best] && candidate == t) {
			best = candidate
		}
	}
	return best
}

// guess searches a page without a sound header for cells of one table.
func (c *carver) guess(p *page, skip int) {
	votes := map[*Table]int{}
	c.ballot(p, skip, votes)
	if t := c.winner(votes, nil); t != nil {
		c.carve(p, skip, c.usableEnd(p), t, StateDeleted)
	}
}
