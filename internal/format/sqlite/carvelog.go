package sqlite

import (
	"encoding/binary"
	"slices"
)

// superseded searches the pages of the file of which the log has newer ones.
func (c *carver) superseded() error {
	if c.db.over == nil || c.db.over.state != StateWAL {
		return nil
	}
	var pages []uint32
	for no := range c.db.over.at {
		if no > 1 && int64(no)*int64(c.db.pageSize) <= c.db.main.size {
			pages = append(pages, no)
		}
	}
	slices.Sort(pages)
	p := c.blank(c.db.main, StateDeleted)
	for _, no := range pages {
		if err := c.old(p, no, int64(no-1)*int64(c.db.pageSize), 0); err != nil {
			return err
		}
	}
	return nil
}

// blank returns a page that is read from file.
func (c *carver) blank(file *blockReader, state State) *page {
	return &page{buf: make([]byte, c.db.pageSize), file: file, state: state}
}

// old searches an earlier image of page no, which lies at off of p's file.
func (c *carver) old(p *page, no uint32, off int64, frame uint32) error {
	if err := c.ctx.Err(); err != nil {
		return err
	}
	if no < 2 || no == c.db.lockPage {
		return nil
	}
	n, err := p.file.read(p.buf, off)
	if err != nil || n < len(p.buf) {
		return err
	}
	p.no, p.off, p.frame, p.avail, p.end = no, off, frame, n, n
	c.image(p, c.tableOf(no), 0, p.state)
	return nil
}

// log searches the frames of the write-ahead log that are not read: earlier
// images of pages, what was not committed, and frames that an earlier log of
// the same file left behind. A log of another database has none.
func (c *carver) log() error {
	l := c.db.log
	if l == nil || l.pageSize != c.db.pageSize || l.committed > 0 && c.db.over == nil {
		return nil
	}
	step := int64(frameHeaderSize + l.pageSize)
	for i := 0; walHeaderSize+int64(i+1)*step <= l.file.size; i++ {
		off := walHeaderSize + int64(i)*step
		no, state, err := c.frame(l, i, off)
		if err != nil {
			return err
		}
		if state == StateLive {
			continue
		}
		if err := c.old(c.blank(l.file, state), no, off+frameHeaderSize, uint32(i)+1); err != nil {
			return err
		}
	}
	return nil
}

// frame says what frame i is: StateLive for one that is read anyway or is none.
func (c *carver) frame(l *walLog, i int, off int64) (no uint32, state State, err error) {
	if i < len(l.pages) {
		no = l.pages[i]
		switch at, ok := c.db.over.find(no); {
		case i >= l.committed:
			return no, StateWALUncommitted, nil
		case ok && at == off+frameHeaderSize:
			return no, StateLive, nil
		}
		return no, StateWALHistory, nil
	}
	var head [frameHeaderSize]byte
	n, err := l.file.read(head[:], off)
	if err != nil || n < len(head) {
		return 0, StateLive, err
	}
	if no = binary.BigEndian.Uint32(head[:]); no == 0 || binary.BigEndian.Uint64(head[8:]) == 0 {
		return 0, StateLive, nil
	}
	return no, StateWALStale, nil
}

// journal searches the original pages in a rollback journal, also in one whose
// header was cleared when its transaction ended, and behind the records of the
// last transaction those of longer ones before it: all begin at the same place.
func (c *carver) journal() error {
	j := c.db.journalFile
	if j == nil || c.db.over != nil && c.db.over.state == StateJournal {
		return nil
	}
	p := c.blank(j, StateJournal)
	rec := make([]byte, 4+c.db.pageSize+4)
	seg := segment{sector: 512}
	for off := int64(0); off < j.size; {
		n, err := j.read(rec, off)
		if err != nil {
			return err
		}
		s, reason := parseSegment(rec[:n], c.db.pageSize)
		if reason == "" {
			seg = s
		}
		no := binary.BigEndian.Uint32(rec)
		switch {
		case off == 0 || reason == "":
			off += seg.sector
			continue
		case n < len(rec):
			return nil
		case no == 0 || no > c.limit:
			off = off/seg.sector*seg.sector + seg.sector
			continue
		}
		if err := c.old(p, no, off+4, 0); err != nil {
			return err
		}
		off += int64(len(rec))
	}
	return nil
}
