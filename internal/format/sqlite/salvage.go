package sqlite

import (
	"fmt"
	"io"
	"slices"

	"github.com/amparo-project/amparo/internal/limit"
)

// maxSalvage bounds how much of a file without a schema is searched.
const maxSalvage = 1 << 30

// Salvage opens a file that Open refuses, for [DB.Recover] alone: its schema
// cannot be read, so the caller says which tables it may have had, each by the
// CREATE TABLE statement of its name. All rows are remnants, also those that
// were live; the tables have none to scan. The page size is the one under
// which most pages are leaves with rows in them.
//
// The error wraps limit.ErrCorrupt where no page is one, or is that of the reader.
func Salvage(r io.ReaderAt, size int64, tables map[string]string) (*DB, error) {
	db := &DB{
		main:   newBlockReader("database", r, min(size, maxSalvage), defaultCache),
		maxRow: defaultMaxRow, byName: make(map[string]*Table), indexed: make(map[string]bool), known: make(map[Damage]struct{}),
	}
	names := make([]string, 0, len(tables))
	for name := range tables {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		t := &Table{Name: name, SQL: tables[name], salvaged: true}
		if err := t.declare(db); err != nil {
			return nil, fmt.Errorf("salvage table %s: %w", name, err)
		}
		db.add(t)
	}
	best, most := 0, 0
	for pageSize := minPageSize; pageSize <= maxPageSize; pageSize *= 2 {
		n, err := db.leaves(pageSize)
		if err != nil {
			return nil, err
		}
		if n > most {
			best, most = pageSize, n
		}
	}
	if best == 0 {
		return nil, fmt.Errorf("salvage: %w: no page with rows", limit.ErrCorrupt)
	}
	db.pages = 0
	db.setHeader(header{pageSize: best, encoding: UTF8, schemaFormat: 4})
	return db, nil
}

// leaves counts pages of that size that are leaves with sound pointers, among
// the first thousands that are not empty.
func (db *DB) leaves(pageSize int) (int, error) {
	db.pages = 0
	db.setHeader(header{pageSize: pageSize, encoding: UTF8, schemaFormat: 4})
	c := &carver{db: db}
	p := page{}
	count := 0
	for no := uint32(2); no <= min(db.pages, maxSalvage/4096); no++ {
		if err := db.load(no, &p); err != nil {
			if asDamage(err) == nil {
				return 0, err
			}
			continue
		}
		if p.buf[0] != leafTable || p.parse() != nil || p.cells == 0 || p.cells > p.most() {
			continue
		}
		sound := true
		for i := 0; i < p.cells && sound; i++ {
			at := p.pointer(i)
			sound = at >= p.ptrs+2*p.cells && at < p.end
			if sound {
				_, sound = c.record(p.buf[at:p.end])
			}
		}
		if sound {
			count++
		}
	}
	return count, nil
}
