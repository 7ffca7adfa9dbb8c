package sqlite

import (
	"errors"
	"fmt"
	"sort"

	"github.com/amparo-project/amparo/internal/limit"
)

// Find returns the row with that rowid, read as Scan reads it, by one seek
// through the b-tree. It returns ErrNotFound if there is none, and
// limit.ErrUnsupported for what has no rowid. A row that comes with a
// *DamageError has its readable columns.
func (t *Table) Find(rowid int64, columns ...string) (*Row, error) {
	if t.Root == 0 || t.WithoutRowid {
		return nil, fmt.Errorf("find in %q: %w: it has no rowid", t.Name, limit.ErrUnsupported)
	}
	s := t.newScan(columns)
	row, err := s.find(rowid)
	if d := asDamage(err); d != nil {
		d.Table = t.Name
		t.db.note(d.Damage)
		return row, err
	}
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, fmt.Errorf("find in %q: %w", t.Name, err)
	}
	return row, err
}

// find goes down from the root to the leaf of the rowid. The depth is
// bounded, so that a loop of pages ends.
func (s *scan) find(rowid int64) (*Row, error) {
	var p page
	no := s.table.Root
	for range maxDepth {
		if err := s.load(no, &p); err != nil {
			return nil, err
		}
		if room := p.most(); p.cells > room {
			return nil, corrupt(no, "page claims %d cells and has room for %d", p.cells, room)
		}
		if p.leaf() {
			return s.findLeaf(&p, rowid)
		}
		no = childOf(&p, rowid)
	}
	return nil, corrupt(no, "tree is deeper than %d levels", maxDepth)
}

// childOf returns the child of an interior page in which the rowid may be.
func childOf(p *page, rowid int64) uint32 {
	i := sort.Search(p.cells, func(i int) bool { return keyAt(p, i, 4) >= rowid })
	if i == p.cells {
		return p.right
	}
	if at := p.pointer(i); at+4 <= p.end {
		return be32(p.buf[at:])
	}
	return 0
}

// keyAt returns the rowid of cell i, which follows skip bytes. A broken cell
// has the rowid 0: the search then ends at another cell, which is compared.
func keyAt(p *page, i, skip int) int64 {
	at := p.pointer(i) + skip
	if at >= p.end {
		return 0
	}
	key, _ := varint(p.buf[at:p.end])
	return int64(key)
}

func (s *scan) findLeaf(p *page, rowid int64) (*Row, error) {
	i := sort.Search(p.cells, func(i int) bool { return leafKey(p, i) >= rowid })
	if i == p.cells || leafKey(p, i) != rowid {
		return nil, ErrNotFound
	}
	c := &s.cell1
	if err := s.cell(p, i, c); err != nil {
		return nil, err
	}
	s.place(p, c)
	return &s.row, s.decode(c)
}

// leafKey returns the rowid of cell i of a leaf, behind the length of its payload.
func leafKey(p *page, i int) int64 {
	at := p.pointer(i)
	if at >= p.end {
		return 0
	}
	_, n := varint(p.buf[at:p.end])
	return keyAt(p, i, n)
}
