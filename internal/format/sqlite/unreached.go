package sqlite

import (
	"context"
	"fmt"

	"github.com/amparo-project/amparo/internal/limit"
)

// maxUnreached bounds the list of pages that nothing reaches: 64 MiB of memory.
const maxUnreached = 1 << 24

// A reach marks the pages that the structures of the database lead to.
type reach struct {
	db   *DB
	ctx  context.Context //nolint:containedctx // lives as long as one call
	seen pageSet         // pages that anything leads to
	tree pageSet         // pages that a tree leads to
	todo []uint32        // those of them still to read
	node page
	over page
}

// Unreached returns the numbers of the pages that no b-tree of the schema, no
// chain of overflow pages, no freelist and no pointer map leads to, in
// ascending order. Such a page may hold rows that were lost with a damaged
// page, or that were left behind. It reads the whole database once. What is
// damaged on the way is in Damage.
func (db *DB) Unreached(ctx context.Context) ([]uint32, error) {
	r := &reach{db: db, ctx: ctx}
	if err := r.mark(); err != nil {
		return nil, fmt.Errorf("find unreached pages: %w", err)
	}
	var pages []uint32
	for no := uint32(1); no <= db.pages; no++ {
		if r.seen.has(no) || no == db.lockPage {
			continue
		}
		if len(pages) == maxUnreached {
			return nil, fmt.Errorf("find unreached pages: %w: more than %d", limit.ErrLimit, maxUnreached)
		}
		pages = append(pages, no)
	}
	return pages, nil
}

// mark visits everything that the schema and the header lead to.
func (r *reach) mark() error {
	r.db.pointerMaps(func(no uint32) { r.seen.add(no) })
	if err := r.lost(r.db.freelist(r.ctx, r.free)); err != nil {
		return err
	}
	for _, root := range r.db.roots {
		r.push(root)
		for len(r.todo) > 0 {
			no := r.todo[len(r.todo)-1]
			r.todo = r.todo[:len(r.todo)-1]
			if err := r.lost(r.page(no)); err != nil {
				return err
			}
		}
	}
	return nil
}

// free marks a page of the freelist.
func (r *reach) free(no uint32) {
	if no == 0 || no > r.db.pages {
		r.db.note(corrupt(no, "freelist: page number outside the database of %d pages", r.db.pages).Damage)
		return
	}
	r.seen.add(no)
}

// push puts a page of a tree on the list, once.
func (r *reach) push(no uint32) {
	if no == 0 || no > r.db.pages {
		r.db.note(corrupt(no, "page number outside the database of %d pages", r.db.pages).Damage)
		return
	}
	if r.tree.add(no) {
		r.seen.add(no)
		r.todo = append(r.todo, no)
	}
}

// lost notes damage, and returns any other error.
func (r *reach) lost(err error) error {
	if d := asDamage(err); d != nil {
		r.db.note(d.Damage)
		return nil
	}
	return err
}

// page marks the overflow pages of a page of a tree, and puts its children on the list.
func (r *reach) page(no uint32) error {
	if err := r.ctx.Err(); err != nil {
		return err
	}
	p := &r.node
	if err := r.db.load(no, p); err != nil {
		return err
	}
	if err := p.parse(); err != nil {
		return err
	}
	cells := min(p.cells, p.most())
	if !p.leaf() {
		r.push(p.right)
	}
	for i := range cells {
		if err := r.lost(r.cell(p, i)); err != nil {
			return err
		}
	}
	return nil
}

// cell follows the child and the overflow pages of a cell.
func (r *reach) cell(p *page, i int) error {
	at := p.pointer(i)
	if at < p.ptrs || at+4 > p.end {
		return corrupt(p.no, "cell %d lies at %d, outside the page", i, at)
	}
	b := p.buf[at:p.end]
	n := 0
	if !p.leaf() {
		r.push(be32(b))
		n = 4
	}
	if p.kind == interiorTable {
		return nil
	}
	total, k := varint(b[n:])
	n += k
	if p.kind == leafTable {
		_, k = varint(b[n:])
		n += k
	}
	if k == 0 || total > uint64(r.db.pages)*uint64(r.db.usable) {
		return corrupt(p.no, "cell %d is damaged", i)
	}
	local := r.db.localSize(int64(total), p.kind)
	if local == int64(total) {
		return nil
	}
	if at = n + int(local); at+4 > len(b) {
		return corrupt(p.no, "cell %d is cut off", i)
	}
	return r.chain(be32(b[at:]), int64(total)-local)
}

// chain marks the overflow pages that hold n bytes.
func (r *reach) chain(no uint32, n int64) error {
	for ; n > 0; n -= int64(r.db.usable - 4) {
		if err := r.ctx.Err(); err != nil {
			return err
		}
		if no == 0 || no > r.db.pages {
			return corrupt(no, "overflow page outside the database of %d pages", r.db.pages)
		}
		if !r.seen.add(no) {
			return corrupt(no, "overflow page is reached twice")
		}
		if err := r.db.load(no, &r.over); err != nil {
			return err
		}
		no = be32(r.over.buf)
	}
	return nil
}
