package sqlite

import (
	"context"
	"fmt"
	"iter"

	"github.com/amparo-project/amparo/internal/limit"
)

// maxDepth bounds the levels of a b-tree, as SQLite bounds its cursors.
const maxDepth = 20

// keepArena is how much memory for overflow a scan keeps from row to row.
const keepArena = 1 << 20

// A scan is one pass over a table.
type scan struct {
	db       *DB
	table    *Table
	row      Row
	cell1    cell
	want     []int   // by record column: index in row.vals, or -1
	real     []bool  // by record column: an integer means a Float
	defaults []Value // by record column: what a shorter record means
	alias    int     // index in row.vals of the rowid; -1: not wanted
	dups     []dup   // columns that were asked for twice
	arena    []byte  // bytes of the row that are not on its page
	gathered int64   // bytes of the row that came from overflow pages
	overflow page    // the overflow page in memory
	seen     pageSet // pages that this scan has read
	stack    []page  // from the root down
	stop     bool    // the consumer wants no more
	yield    func(*Row, error) bool
	ctx      func() error
}

type dup struct{ to, from int }

// Scan yields the rows of the table in the order of its b-tree: by rowid, or
// by primary key in a table without rowid.
//
// Row.Value(i) is the i-th of the columns that are named here, in any case. A
// column that the table lacks reads Null, and so do virtual generated
// columns; rowid names the rowid if no column does. Without names, all
// columns are read. Overflow pages are read only where a column asked for, or
// one behind it, lies there.
//
// An error that is a [*DamageError] costs a page, a cell or values, and the
// sequence goes on after it. A row that comes with one has its readable
// columns, and Value.Lost tells the others; otherwise the row is nil. Any
// other error ends the sequence: of a reader or of ctx, or
// limit.ErrUnsupported for a view or a virtual table.
func (t *Table) Scan(ctx context.Context, columns ...string) iter.Seq2[*Row, error] {
	return func(yield func(*Row, error) bool) {
		if t.salvaged {
			return
		}
		if t.Root == 0 {
			yield(nil, fmt.Errorf("scan %q: %w: it has no rows of its own", t.Name, limit.ErrUnsupported))
			return
		}
		s := t.newScan(columns)
		s.yield, s.ctx = yield, ctx.Err
		s.walk()
	}
}

// newScan returns a scan that reads the named columns.
func (t *Table) newScan(columns []string) *scan {
	if len(columns) == 0 {
		columns = make([]string, len(t.Columns))
		for i := range t.Columns {
			columns[i] = t.Columns[i].Name
		}
	}
	s := &scan{db: t.db, table: t, alias: -1}
	s.row.vals = make([]Value, len(columns))
	first := make(map[int]int) // column to index in vals; -1: the rowid
	for out, name := range columns {
		col, ok := t.column(name)
		if !ok {
			continue
		}
		if from, again := first[col]; again {
			s.dups = append(s.dups, dup{out, from})
			continue
		}
		first[col] = out
		if col == rowidColumn {
			s.alias = out
		}
	}
	s.plan(first)
	return s
}

// rowidColumn stands for the rowid among the indexes of columns.
const rowidColumn = -1

// column returns the index of a column, and whether the table has it.
func (t *Table) column(name string) (int, bool) {
	name = lower(name)
	i, ok := t.names[name]
	if !ok && !t.WithoutRowid && (name == "rowid" || name == "oid" || name == "_rowid_") {
		return rowidColumn, true
	}
	if ok && i == t.RowidAlias {
		return rowidColumn, true
	}
	return i, ok
}

// plan maps the columns of the record, up to the last wanted one.
func (s *scan) plan(out map[int]int) {
	t := s.table
	last := 0
	for i, col := range t.order {
		if _, ok := out[col]; ok {
			last = i + 1
		}
	}
	s.want = make([]int, last)
	s.real = make([]bool, last)
	s.defaults = make([]Value, last)
	for i, col := range t.order[:last] {
		s.want[i] = -1
		if o, ok := out[col]; ok {
			s.want[i] = o
		}
		s.real[i] = t.Columns[col].Affinity == AffinityReal
		s.defaults[i] = t.Columns[col].missing()
	}
}

// walk goes through the b-tree, depth first.
func (s *scan) walk() {
	s.stack = make([]page, 0, maxDepth)
	s.push(s.table.Root)
	for len(s.stack) > 0 && !s.stop {
		p := &s.stack[len(s.stack)-1]
		switch {
		case p.leaf():
			s.leaf(p)
			s.pop()
		case !s.interior(p):
			s.pop()
		}
	}
}

func (s *scan) pop() { s.stack = s.stack[:len(s.stack)-1] }

// push reads a page of the tree and makes it the current one.
func (s *scan) push(no uint32) {
	if err := s.ctx(); err != nil {
		s.fail(err)
		return
	}
	if len(s.stack) == maxDepth {
		s.fail(corrupt(no, "tree is deeper than %d levels", maxDepth))
		return
	}
	if !s.seen.add(no) {
		s.fail(corrupt(no, "page is in the tree twice"))
		return
	}
	s.stack = s.stack[:len(s.stack)+1]
	p := &s.stack[len(s.stack)-1]
	if err := s.load(no, p); err != nil {
		s.pop()
		s.fail(err)
		return
	}
	if room := p.most(); p.cells > room {
		s.fail(corrupt(no, "page claims %d cells and has room for %d", p.cells, room))
		p.cells = room
	}
}

// load reads page no, which must be of the kind of this tree.
func (s *scan) load(no uint32, p *page) error {
	if err := s.db.load(no, p); err != nil {
		return err
	}
	if err := p.parse(); err != nil {
		return err
	}
	if (p.kind == interiorIndex || p.kind == leafIndex) != s.table.WithoutRowid {
		return corrupt(no, "page belongs to another kind of tree: type %d", p.kind)
	}
	return nil
}

// fail hands an error to the consumer. What is not damage ends the scan.
func (s *scan) fail(err error) { s.emit(nil, err) }

func (s *scan) emit(row *Row, err error) {
	if s.stop {
		return
	}
	if d := asDamage(err); d != nil {
		d.Table = s.table.Name
		s.db.note(d.Damage)
	} else if err != nil {
		s.yield(nil, fmt.Errorf("scan %q: %w", s.table.Name, err))
		s.stop = true
		return
	}
	s.stop = !s.yield(row, err)
}

// leaf yields the rows of a leaf.
func (s *scan) leaf(p *page) {
	for i := 0; i < p.cells && !s.stop; i++ {
		if !s.rowAt(p, i) {
			return
		}
	}
}

// rowAt yields the row of cell i, and reports whether the page is worth reading on.
func (s *scan) rowAt(p *page, i int) bool {
	c := &s.cell1
	if err := s.cell(p, i, c); err != nil {
		s.fail(err)
		return p.used <= s.db.pageSize
	}
	s.place(p, c)
	if err := s.decode(c); err != nil {
		if cap(s.arena) > keepArena {
			s.arena = nil
		}
		s.emit(&s.row, err)
		return true
	}
	s.stop = s.stop || !s.yield(&s.row, nil)
	if cap(s.arena) > keepArena {
		s.arena = nil
	}
	return true
}

// place writes down where the cell lies.
func (s *scan) place(p *page, c *cell) {
	r := &s.row
	r.rowid = c.rowid
	r.page, r.frame, r.state = p.no, p.frame, p.state
	r.offset, r.length = p.off+int64(c.at), int64(c.size)
}

// interior takes the next step on an interior page: down into a child or, in
// the tree of an index, the row between two children. It reports whether
// there was one.
func (s *scan) interior(p *page) bool {
	if p.kind == interiorTable {
		if p.step > p.cells {
			return false
		}
		p.step++
		s.child(p, p.step-1)
		return true
	}
	if p.step > 2*p.cells {
		return false
	}
	p.step++
	i := (p.step - 1) / 2
	if p.step%2 == 1 {
		s.child(p, i)
		return true
	}
	return s.rowAt(p, i)
}

// child goes down into child i of an interior page.
func (s *scan) child(p *page, i int) {
	if i == p.cells {
		s.push(p.right)
		return
	}
	at := p.pointer(i)
	if at < p.ptrs || at+4 > p.end {
		s.fail(corrupt(p.no, "cell %d lies at %d, outside the page", i, at))
		return
	}
	s.push(be32(p.buf[at:]))
}
