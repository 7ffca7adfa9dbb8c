package sqlite

import (
	"encoding/binary"
)

// The types of b-tree pages.
const (
	interiorIndex = 2
	interiorTable = 5
	leafIndex     = 10
	leafTable     = 13
)

// State says where the bytes of a row were.
type State uint8

// The places of a row.
const (
	StateLive    State = iota // in the database file
	StateWAL                  // in a committed frame of the write-ahead log
	StateJournal              // in the rollback journal, as an original page
	// The states of what Recover finds, besides StateJournal.
	StateDeleted        // in space that nothing uses, or on a page of the file that the log replaces
	StateWALHistory     // in a committed frame that a later one replaces
	StateWALUncommitted // in a frame after the last commit
	StateWALStale       // in a frame that an earlier log left behind
)

// String names the state.
func (s State) String() string {
	switch s {
	case StateLive:
		return "live"
	case StateWAL:
		return "wal"
	case StateJournal:
		return "journal"
	case StateDeleted:
		return "deleted"
	case StateWALHistory:
		return "wal_history"
	case StateWALUncommitted:
		return "wal_uncommitted"
	case StateWALStale:
		return "wal_stale"
	}
	return "unknown"
}

// A page is a copy of one page of the database, and where it came from.
type page struct {
	no    uint32
	buf   []byte
	avail int // bytes of buf that the file has; the rest is zero
	off   int64
	file  *blockReader
	frame uint32 // of the write-ahead log; 0: from elsewhere
	state State

	// Set by parse.
	kind  byte
	cells int
	ptrs  int    // offset of the cell pointers
	end   int    // cells end before this offset
	right uint32 // last child of an interior page
	step  int    // of the walk: children and cells already done
	used  int    // bytes of the cells already done
}

// load copies page no into p.
func (db *DB) load(no uint32, p *page) error {
	if no == 0 || no > db.pages {
		return corrupt(no, "page number outside the database of %d pages", db.pages)
	}
	if no == db.lockPage {
		return corrupt(no, "the lock-byte page holds no data")
	}
	if p.buf == nil {
		p.buf = make([]byte, db.pageSize)
	}
	file := db.main
	p.no, p.state, p.frame = no, StateLive, 0
	p.off = int64(no-1) * int64(db.pageSize)
	if off, ok := db.over.find(no); ok {
		file, p.off, p.state, p.frame = db.over.file, off, db.over.state, db.over.frame(off)
	}
	p.file = file
	n, err := file.read(p.buf, p.off)
	if err != nil {
		return err
	}
	clear(p.buf[n:])
	p.avail = n
	if n == 0 {
		return corrupt(no, "page lies past the end of the file")
	}
	return nil
}

// parse reads the b-tree header of the page
// (https://sqlite.org/fileformat2.html#b_tree_pages).
func (p *page) parse() error {
	head := 0
	if p.no == 1 {
		head = headerSize
	}
	p.kind = p.buf[head]
	p.ptrs = head + 8
	p.right, p.step, p.used = 0, 0, 0
	switch p.kind {
	case interiorIndex, interiorTable:
		p.ptrs = head + 12
		p.right = binary.BigEndian.Uint32(p.buf[head+8:])
	case leafIndex, leafTable:
	default:
		return corrupt(p.no, "not a b-tree page: type %d", p.kind)
	}
	if p.avail < p.ptrs {
		return corrupt(p.no, "page cut off in its header")
	}
	p.cells = int(binary.BigEndian.Uint16(p.buf[head+3:]))
	// Sound cells end before the reserved bytes. A header that lies about
	// those must not cost the rows.
	p.end = p.avail
	return nil
}

// most returns how many cell pointers the page has room for.
func (p *page) most() int { return max(0, (p.end-p.ptrs)/2) }

// pointer returns the offset of cell i, which must be below most.
func (p *page) pointer(i int) int {
	return int(binary.BigEndian.Uint16(p.buf[p.ptrs+2*i:]))
}

// leaf reports whether the page has no children.
func (p *page) leaf() bool { return p.kind == leafIndex || p.kind == leafTable }

// An overlay holds newer or older images of pages, in another file.
type overlay struct {
	file  *blockReader
	state State
	at    map[uint32]int64 // page number to offset of its image
	frame func(off int64) uint32
}

// find returns the offset of the image of a page. A nil overlay has none.
func (o *overlay) find(no uint32) (int64, bool) {
	if o == nil {
		return 0, false
	}
	off, ok := o.at[no]
	return off, ok
}
