package sqlite

import "context"

// Bounds of one recovery. Past them the rest is left out, and Damage says so.
const (
	// maxRemnants takes some 80 MiB of memory.
	maxRemnants = 1 << 19
	// maxRecoverPages takes 32 MiB of memory: 16 GiB of pages of 4 KiB.
	maxRecoverPages = 1 << 22
	// maxLiveChains bounds the rows with overflow pages that are followed.
	maxLiveChains = 1 << 22
)

// A remnant is a cell that is no longer in the database, and where its bytes are.
type remnant struct {
	file   *blockReader
	off    int64 // of the cell in file
	page   uint32
	frame  uint32
	state  State
	sure   uint8 // percent
	size   int   // bytes of the cell on its page
	body   int   // where the payload starts in the cell; of a partial one, where its values do
	total  int64 // bytes of the payload
	next   uint32
	rowid  int64
	noRow  bool   // the rowid was overwritten
	header []byte // of the record, made up where the cell's own is lost; nil: it is in the cell
}

// A Recovery holds what was found of rows that are no longer in the tables.
type Recovery struct {
	db     *DB
	tables map[*Table][]remnant
	n      int
	full   bool
}

// Recover looks for rows that are not, or no longer, in the tables: in free
// space within pages, on the pages of the freelist, on pages that nothing
// leads to, in earlier images of pages that a write-ahead log or a rollback
// journal holds. It reads every file once, and writes nothing.
//
// A row that is in its table as it is now is no remnant, and of several equal
// ones the first is kept. What limits it is in [DB.Damage]. The error is that
// of a reader or of ctx.
func (db *DB) Recover(ctx context.Context) (*Recovery, error) {
	rec := &Recovery{db: db, tables: make(map[*Table][]remnant)}
	c := newCarver(ctx, rec)
	for _, step := range []func() error{c.trees, c.pages, c.unowned, c.superseded, c.log, c.journal, c.settlePartial} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return rec, nil
}

// Count returns how many remnants were found of rows of t.
func (r *Recovery) Count(t *Table) int { return len(r.tables[t]) }

// add keeps a remnant, and reports whether there was room for it.
func (r *Recovery) add(t *Table, m *remnant) bool {
	if r.n == maxRemnants {
		if !r.full {
			r.db.note(Damage{Reason: "recovery: more deleted rows than the limit: the rest is left out"})
		}
		r.full = true
		return false
	}
	r.n++
	r.tables[t] = append(r.tables[t], *m)
	return true
}

// Rows yields the remnants of rows of t, in the order in which they were
// found, with the columns as [Table.Scan] gives them. A column whose bytes are
// gone is Lost. It stops, without an error of its own, when yield returns
// false; its error is that of a reader or of ctx.
func (r *Recovery) Rows(ctx context.Context, t *Table, columns []string, yield func(*Row) bool) error {
	list := r.tables[t]
	if len(list) == 0 {
		return nil
	}
	s := t.newScan(columns)
	s.ctx = ctx.Err
	for i := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.revive(&list[i]); err != nil {
			return err
		}
		if !yield(&s.row) {
			return nil
		}
	}
	return nil
}

// revive decodes a remnant into the row of the scan.
func (s *scan) revive(m *remnant) error {
	b := make([]byte, m.size)
	n, err := m.file.read(b, m.off)
	if err != nil {
		return err
	}
	pay, err := s.db.remains(m, b[:n])
	if err != nil {
		return err
	}
	c := &s.cell1
	*c = cell{rowid: m.rowid, size: m.size, pay: payload{page: m.page, local: pay, total: m.total}}
	if err := s.decode(c); err != nil && asDamage(err) == nil {
		return err
	}
	if m.noRow && s.alias >= 0 {
		s.row.vals[s.alias] = Value{lost: true}
	}
	r := &s.row
	r.rowid, r.noRow, r.sure = m.rowid, m.noRow, m.sure
	r.page, r.frame, r.state = m.page, m.frame, m.state
	r.offset, r.length = m.off, int64(m.size)
	return nil
}

// remains puts the payload of a remnant together: what is on its page, and
// what is left of its overflow pages.
func (db *DB) remains(m *remnant, cell []byte) ([]byte, error) {
	local := cell[min(m.body, len(cell)):]
	if m.header != nil {
		return append(append([]byte(nil), m.header...), local...), nil
	}
	if m.next == 0 {
		return local, nil
	}
	local = local[:max(0, len(local)-4)]
	var p page
	seen := pageSet{}
	for no := m.next; no != 0 && int64(len(local)) < min(m.total, db.maxRow) && seen.add(no); no = be32(p.buf) {
		if db.lost == nil || !db.lost.has(no) {
			break // the page is in use for something else
		}
		if err := db.load(no, &p); err != nil {
			return local, harmless(err)
		}
		local = append(local, p.buf[4:4+min(int64(db.usable-4), m.total-int64(len(local)))]...)
	}
	return local, nil
}
