package sqlite

import (
	"context"
)

// freelist calls visit for each page of the freelist, trunks and leaves
// (https://sqlite.org/fileformat2.html#the_freelist). It returns the damage
// that ends the list early, or the error of a reader or of ctx.
func (db *DB) freelist(ctx context.Context, visit func(no uint32)) error {
	var trunks pageSet
	var p page
	for no := db.hdr.freeTrunk; no != 0; no = be32(p.buf) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !trunks.add(no) {
			return corrupt(no, "freelist: trunk page is in the list twice")
		}
		if err := db.load(no, &p); err != nil {
			return err
		}
		visit(no)
		n := int64(be32(p.buf[4:]))
		if room := int64(db.usable-8) / 4; n > room {
			return corrupt(no, "freelist: trunk page claims %d pages and has room for %d", n, room)
		}
		for i := range int(n) {
			visit(be32(p.buf[8+4*i:]))
		}
	}
	return nil
}

// pointerMaps calls visit for each pointer-map page
// (https://sqlite.org/fileformat2.html#pointer_map_or_ptrmap_pages).
func (db *DB) pointerMaps(visit func(no uint32)) {
	if db.hdr.largestRoot == 0 {
		return
	}
	step := uint64(db.usable/5 + 1)
	for no := uint64(2); no <= uint64(db.pages); no += step {
		at := uint32(no)
		if at == db.lockPage {
			at++
		}
		visit(at)
	}
}
