package sqlite

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/amparo-project/amparo/internal/limit"
)

// Defaults of Options.
const (
	defaultMaxRow = 64 * limit.MiB
	defaultCache  = 4 * limit.MiB
)

// Options says what lies beside a database, and how much memory reading it may take.
type Options struct {
	// WAL is the file with the suffix -wal. nil: there is none.
	WAL     io.ReaderAt
	WALSize int64
	// Journal is the file with the suffix -journal. nil: there is none.
	Journal     io.ReaderAt
	JournalSize int64
	// Rollback applies a hot journal: the database is read as it was before
	// the transaction that was cut short. Without it the pages of the
	// unfinished transaction are read, and Info says that a journal is hot.
	Rollback bool
	// MaxRowBytes bounds what one row may take from overflow pages. A value
	// past it is lost, with limit.ErrLimit. 0: 64 MiB.
	MaxRowBytes int64
	// CacheBytes bounds the blocks of the file that are kept. 0: 4 MiB.
	CacheBytes int64
}

// A DB is an open database. It holds no resource but memory and the readers
// it was given, so there is nothing to close. Its methods, and scans of its
// tables, may run concurrently when the readers allow it.
type DB struct {
	main *blockReader
	over *overlay // nil: none
	log  *walLog  // nil: none
	// journalFile is the rollback journal, nil for none.
	journalFile *blockReader
	lost        *pageSet // pages that nothing uses, known after Recover
	hdr         header
	pageSize    int
	usable      int // bytes of a page that SQLite uses
	pages       uint32
	lockPage    uint32
	maxRow      int64
	info        Info

	tables  []*Table
	columns int               // of all tables
	byName  map[string]*Table // by lower-case name
	roots   []uint32          // of all b-trees in the schema
	indexed map[string]bool   // names of tables that have an index, lower-case

	mu      sync.Mutex
	damage  []Damage
	damages int
	known   map[Damage]struct{}
}

// Open reads the header, the logs beside it and the schema of the database
// of size bytes in r. Its errors wrap limit.ErrCorrupt, limit.ErrEncrypted
// or the error of a reader.
func Open(r io.ReaderAt, size int64, o Options) (*DB, error) {
	db := &DB{
		main:    newBlockReader("database", r, size, orDefault(o.CacheBytes, defaultCache)),
		maxRow:  orDefault(o.MaxRowBytes, defaultMaxRow),
		byName:  make(map[string]*Table),
		indexed: make(map[string]bool),
		known:   make(map[Damage]struct{}),
	}
	if err := db.open(o); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := db.readSchema(); err != nil {
		return nil, fmt.Errorf("read schema: %w", err)
	}
	return db, nil
}

func orDefault(v, def int64) int64 {
	if v <= 0 {
		return def
	}
	return v
}

// open reads the header and decides which logs apply.
func (db *DB) open(o Options) error {
	first := make([]byte, headerSize)
	n, err := db.main.read(first, 0)
	if err != nil {
		return err
	}
	hdr, hdrErr := parseHeader(first[:n])
	if err := db.openWAL(o, &hdr, hdrErr); err != nil {
		return err
	}
	if db.over != nil {
		hdrErr = nil
	}
	if hdrErr != nil {
		if hdr, err = db.guess(db.refuse(hdrErr)); err != nil {
			return err
		}
	}
	db.setHeader(hdr)
	if err := db.openJournal(o); err != nil {
		return err
	}
	return db.checkFirstPage()
}

// setHeader takes over what the header says, and what the file says against it.
func (db *DB) setHeader(h header) {
	for _, reason := range h.repair() {
		db.note(Damage{Reason: reason})
	}
	db.hdr = h
	db.pageSize, db.usable = h.pageSize, h.pageSize-h.reserved
	db.lockPage = uint32(pendingByte/db.pageSize) + 1
	filePages := h.filePages(db.main.size)
	if db.pages == 0 {
		db.pages = filePages
	}
	db.fillInfo(filePages)
}

// checkFirstPage tells an encrypted database with a plain header from a damaged one.
func (db *DB) checkFirstPage() error {
	var p page
	err := db.load(1, &p)
	if err == nil {
		err = p.parse()
	}
	if err == nil || asDamage(err) == nil {
		return err
	}
	if p.avail > headerSize && highEntropy(p.buf[headerSize:p.avail]) {
		return fmt.Errorf("%w: plain header; first page as random as SQLCipher's", limit.ErrEncrypted)
	}
	return err
}

// refuse says why a file without a header cannot be read, if nothing else
// helps: its error is never nil.
func (db *DB) refuse(cause error) error {
	if db.main.size == 0 {
		return fmt.Errorf("%w: the file is empty", limit.ErrCorrupt)
	}
	head := make([]byte, 4096)
	n, err := db.main.read(head, 0)
	if err != nil {
		return err
	}
	if strings.HasPrefix(magic, string(head[:min(n, len(magic))])) {
		return cause
	}
	if highEntropy(head[:n]) {
		return fmt.Errorf("%w: no SQLite header; bytes as random as SQLCipher's", limit.ErrEncrypted)
	}
	return cause
}

// Tables returns the tables, virtual tables and views of the schema, in its order.
func (db *DB) Tables() []*Table { return append([]*Table(nil), db.tables...) }

// Table returns the table with that name, in any case. sqlite_schema and
// sqlite_master name the schema itself.
func (db *DB) Table(name string) (*Table, bool) {
	t, ok := db.byName[lower(name)]
	return t, ok
}

// ErrNotFound says that a table has no row with the rowid that was asked for.
var ErrNotFound = errors.New("no such row")
