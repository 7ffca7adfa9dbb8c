package sqlite

import "fmt"

// guess reads the database without its header: it tries every page size and
// encoding, and takes the ones under which the schema on the first page leads
// to the most tables. It returns cause if none leads anywhere.
func (db *DB) guess(cause error) (header, error) {
	var best header
	most := 0
	for size := maxPageSize; size >= minPageSize; size /= 2 {
		for _, enc := range []Encoding{UTF8, UTF16LE, UTF16BE} {
			h := header{pageSize: size, encoding: enc}
			n, err := db.try(h)
			if err != nil {
				return header{}, err
			}
			if n > most {
				best, most = h, n
			}
		}
	}
	if most == 0 {
		return header{}, cause
	}
	db.note(Damage{Page: 1, Reason: fmt.Sprintf("header is destroyed: read with pages of %d bytes and text in %v, under which tables are found",
		best.pageSize, best.encoding)})
	return best, nil
}

// try returns how many tables have a root under a header. Its error is that
// of the reader.
func (db *DB) try(h header) (int, error) {
	t := &DB{main: db.main, maxRow: db.maxRow, byName: make(map[string]*Table), indexed: make(map[string]bool), known: make(map[Damage]struct{})}
	t.setHeader(h)
	if err := t.readSchema(); err != nil {
		return 0, harmless(err)
	}
	if ok, err := t.fits(1); !ok {
		return 0, err
	}
	n := 0
	for _, tab := range t.tables {
		ok, err := t.fits(tab.Root)
		if err != nil {
			return 0, err
		}
		if ok {
			n++
		}
	}
	return n, nil
}

// harmless drops damage, and returns any other error.
func harmless(err error) error {
	if asDamage(err) != nil {
		return nil
	}
	return err
}

// fits reports whether a page is one of a b-tree of this page size. Cells
// fill a page from its end: where all of them lie in the first half, pages
// are smaller than that, and where some lie past the end, they are larger.
func (db *DB) fits(no uint32) (bool, error) {
	var p page
	if err := db.load(no, &p); err != nil {
		return false, harmless(err)
	}
	if p.parse() != nil || p.cells > p.most() {
		return false, nil
	}
	last := 0
	for i := range p.cells {
		last = max(last, p.pointer(i))
	}
	return last < p.end && (p.cells == 0 || last >= db.pageSize/2), nil
}
