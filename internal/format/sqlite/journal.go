package sqlite

import (
	"encoding/binary"
	"fmt"
)

// The rollback journal (https://sqlite.org/fileformat2.html#the_rollback_journal).
const (
	journalMagic      = "\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"
	journalHeaderSize = 28
	// allRecords in a header says that records fill the file.
	allRecords = 1<<32 - 1
	maxSector  = 65536
)

// A rollback is what a pass over a rollback journal found.
type rollback struct {
	file    *blockReader
	at      map[uint32]int64 // page number to offset of its original image
	dbPages uint32
	reason  string
}

// A segment is one header of a journal: its records follow it.
type segment struct {
	records  uint32
	nonce    uint32
	dbPages  uint32
	sector   int64
	pageSize int
}

// openJournal reads the journal beside the database and tells whether it is
// hot: whether SQLite would roll the database back before reading it.
func (db *DB) openJournal(o Options) error {
	if o.Journal == nil {
		return nil
	}
	in := &db.info.Journal
	in.Present = true
	if o.JournalSize == 0 {
		in.Reason = "the journal is empty"
		return nil
	}
	cache := orDefault(o.CacheBytes, defaultCache) / 4
	j := &rollback{file: newBlockReader("journal", o.Journal, o.JournalSize, cache), at: make(map[uint32]int64)}
	db.journalFile = j.file
	if err := j.read(db.pageSize); err != nil {
		return err
	}
	in.Pages, in.DBPages, in.Reason = len(j.at), j.dbPages, j.reason
	in.Hot = len(j.at) > 0
	if in.Hot {
		in.PageSize = db.pageSize
	}
	if in.Hot && o.Rollback && db.over == nil {
		db.apply(j)
	}
	return nil
}

// apply puts the original pages over those of the file.
func (db *DB) apply(j *rollback) {
	db.over = &overlay{
		file: j.file, state: StateJournal, at: j.at,
		frame: func(int64) uint32 { return 0 },
	}
	db.info.Journal.Applied = true
	if j.dbPages > 0 {
		db.pages = j.dbPages
	}
	var p page
	if _, ok := j.at[1]; !ok || db.load(1, &p) != nil {
		db.info.Pages = db.pages
		return
	}
	if h, err := parseHeader(p.buf); err == nil && h.pageSize == db.pageSize {
		db.setHeader(h)
	}
}

// read goes through the segments of the journal.
func (j *rollback) read(pageSize int) error {
	for off := int64(0); off+journalHeaderSize <= j.file.size; {
		var b [journalHeaderSize]byte
		n, err := j.file.read(b[:], off)
		if err != nil {
			return err
		}
		seg, reason := parseSegment(b[:n], pageSize)
		if reason != "" {
			if off == 0 {
				j.reason = reason
			}
			return nil
		}
		if off == 0 {
			j.dbPages = seg.dbPages
		}
		end, err := j.records(seg, off+seg.sector)
		if err != nil || j.reason != "" {
			return err
		}
		off = (end + seg.sector - 1) / seg.sector * seg.sector
	}
	return nil
}

// parseSegment reads a header, and returns why it is not one.
func parseSegment(b []byte, pageSize int) (segment, string) {
	if len(b) < journalHeaderSize {
		return segment{}, "too short for a header"
	}
	if string(b[:8]) != journalMagic {
		return segment{}, "the header was cleared: the transaction ended"
	}
	u32 := func(off int) uint32 { return binary.BigEndian.Uint32(b[off:]) }
	s := segment{
		records: u32(8), nonce: u32(12), dbPages: u32(16),
		sector: int64(u32(20)), pageSize: int(u32(24)),
	}
	if s.sector < 32 || s.sector > maxSector || s.sector&(s.sector-1) != 0 {
		return segment{}, fmt.Sprintf("sector size %d", s.sector)
	}
	if s.pageSize != pageSize {
		return segment{}, fmt.Sprintf("its pages have %d bytes, those of the database %d", s.pageSize, pageSize)
	}
	return s, ""
}

// records takes in the records of a segment, and returns where they end. The
// first image of a page is the original one.
func (j *rollback) records(seg segment, off int64) (int64, error) {
	rec := make([]byte, 4+seg.pageSize+4)
	left := int64(seg.records)
	if seg.records == allRecords {
		left = (j.file.size - off) / int64(len(rec))
	}
	for ; left > 0; left-- {
		n, err := j.file.read(rec, off)
		if err != nil {
			return off, err
		}
		no := binary.BigEndian.Uint32(rec)
		if n < len(rec) || no == 0 || binary.BigEndian.Uint32(rec[4+seg.pageSize:]) != seg.sum(rec[4:4+seg.pageSize]) {
			j.reason = fmt.Sprintf("record at %d: cut off, or its checksum does not hold", off)
			return off, nil
		}
		if _, ok := j.at[no]; !ok && (seg.dbPages == 0 || no <= seg.dbPages) {
			j.at[no] = off + 4
		}
		off += int64(len(rec))
	}
	return off, nil
}

// sum is the checksum of a page: every 200th byte from the end, added to the nonce.
func (s *segment) sum(b []byte) uint32 {
	sum := s.nonce
	for i := len(b) - 200; i > 0; i -= 200 {
		sum += uint32(b[i])
	}
	return sum
}
