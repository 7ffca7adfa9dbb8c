package sqlite

import (
	"encoding/binary"
	"fmt"
)

// Sizes and numbers of the log (https://sqlite.org/fileformat2.html#walformat).
const (
	walHeaderSize   = 32
	frameHeaderSize = 24
	walMagic        = 0x377f0682 // the lowest bit says that checksums are big-endian
	walVersion      = 3007000
)

// A walLog is what a pass over a write-ahead log found.
type walLog struct {
	file      *blockReader
	pageSize  int
	salt      uint64
	bigEndian bool
	sum       [2]uint32
	pages     []uint32 // of each valid frame
	committed int      // frames up to the last commit
	commits   int
	dbPages   uint32 // size of the database at the last commit
	reason    string // why the frames end
}

// openWAL reads the log beside the database and, when it belongs to it,
// puts its committed pages over those of the file. hdr becomes the header in
// the log if it holds one.
func (db *DB) openWAL(o Options, hdr *header, hdrErr error) error {
	if o.WAL == nil {
		return nil
	}
	db.info.WAL.Present = true
	if o.WALSize == 0 {
		return nil
	}
	cache := orDefault(o.CacheBytes, defaultCache) / 4
	l := &walLog{file: newBlockReader("write-ahead log", o.WAL, o.WALSize, cache)}
	if err := l.read(); err != nil {
		return err
	}
	db.log = l
	defer func() { l.inform(&db.info.WAL) }()
	if l.committed == 0 {
		l.because("no transaction in it was committed")
		return nil
	}
	over := l.overlay()
	inLog, err := l.header(over)
	if err != nil {
		return err
	}
	if reason := l.foreign(hdr, hdrErr, inLog, db.main.size); reason != "" {
		l.reason = reason
		return nil
	}
	if inLog != nil {
		*hdr = *inLog
	}
	db.over, db.pages = over, l.dbPages
	db.info.WAL.Applied = true
	db.info.WAL.Pages = len(over.at)
	return nil
}

// because sets the reason, unless an earlier one stands.
func (l *walLog) because(reason string) {
	if l.reason == "" {
		l.reason = reason
	}
}

func (l *walLog) inform(w *WALInfo) {
	w.PageSize, w.Salt = l.pageSize, l.salt
	if l.pageSize > 0 {
		w.Frames = int((l.file.size - walHeaderSize) / int64(frameHeaderSize+l.pageSize))
	}
	w.Valid, w.Committed, w.Commits = len(l.pages), l.committed, l.commits
	if l.committed < len(l.pages) {
		l.because(fmt.Sprintf("frames from %d on were not committed", l.committed+1))
	}
	w.Reason = l.reason
}

// read goes through the log up to the first frame that does not belong to it.
// Its error is that of the reader; what is wrong with the log is a reason.
func (l *walLog) read() error {
	head := make([]byte, walHeaderSize)
	n, err := l.file.read(head, 0)
	if err != nil {
		return err
	}
	if l.reason = l.parseHeader(head[:n]); l.reason != "" {
		return nil
	}
	frame := make([]byte, frameHeaderSize+l.pageSize)
	for off := int64(walHeaderSize); off < l.file.size; off += int64(len(frame)) {
		n, err := l.file.read(frame, off)
		if err != nil {
			return err
		}
		if reason := l.frame(frame[:n]); reason != "" {
			l.reason = fmt.Sprintf("frame %d: %s", len(l.pages)+1, reason)
			return nil
		}
	}
	return nil
}

// parseHeader reads the header of the log, and returns why it is not one.
func (l *walLog) parseHeader(b []byte) string {
	if len(b) < walHeaderSize {
		return "too short for a header"
	}
	u32 := func(off int) uint32 { return binary.BigEndian.Uint32(b[off:]) }
	if u32(0)&^1 != walMagic {
		return "not the header of a write-ahead log"
	}
	if u32(4) != walVersion {
		return fmt.Sprintf("version %d is not known", u32(4))
	}
	if size := u32(8); size > maxPageSize || !validPageSize(int(size)) {
		return fmt.Sprintf("page size %d", size)
	}
	l.bigEndian = u32(0)&1 == 1
	l.checksum(b[:24])
	if l.sum != [2]uint32{u32(24), u32(28)} {
		return "header checksum does not hold"
	}
	l.pageSize = int(u32(8))
	l.salt = binary.BigEndian.Uint64(b[16:])
	return ""
}

// frame takes in the next frame, and returns why it is not one.
func (l *walLog) frame(b []byte) string {
	if len(b) < frameHeaderSize+l.pageSize {
		return "cut off"
	}
	if binary.BigEndian.Uint64(b[8:]) != l.salt {
		return "of an earlier log: other salts"
	}
	no := binary.BigEndian.Uint32(b)
	if no == 0 {
		return "page number 0"
	}
	l.checksum(b[:8])
	l.checksum(b[frameHeaderSize:])
	if l.sum != [2]uint32{binary.BigEndian.Uint32(b[16:]), binary.BigEndian.Uint32(b[20:])} {
		return "checksum does not hold"
	}
	l.pages = append(l.pages, no)
	if size := binary.BigEndian.Uint32(b[4:]); size != 0 {
		l.dbPages, l.committed = size, len(l.pages)
		l.commits++
	}
	return ""
}

// checksum adds b, whose length is a multiple of 8, to the running checksum
// (https://sqlite.org/fileformat2.html#checksum_algorithm).
func (l *walLog) checksum(b []byte) {
	s0, s1 := l.sum[0], l.sum[1]
	if l.bigEndian {
		for ; len(b) >= 8; b = b[8:] {
			s0 += binary.BigEndian.Uint32(b) + s1
			s1 += binary.BigEndian.Uint32(b[4:]) + s0
		}
	} else {
		for ; len(b) >= 8; b = b[8:] {
			s0 += binary.LittleEndian.Uint32(b) + s1
			s1 += binary.LittleEndian.Uint32(b[4:]) + s0
		}
	}
	l.sum = [2]uint32{s0, s1}
}

// overlay returns the last committed image of each page.
func (l *walLog) overlay() *overlay {
	step := int64(frameHeaderSize + l.pageSize)
	o := &overlay{
		file: l.file, state: StateWAL, at: make(map[uint32]int64),
		frame: func(off int64) uint32 {
			return uint32((off-walHeaderSize)/step) + 1
		},
	}
	for i, no := range l.pages[:l.committed] {
		if no <= l.dbPages {
			o.at[no] = walHeaderSize + int64(i)*step + frameHeaderSize
		}
	}
	return o
}

// header returns the database header in the log, nil if its first page is not there.
func (l *walLog) header(o *overlay) (*header, error) {
	off, ok := o.find(1)
	if !ok {
		return nil, nil //nolint:nilnil // no header is no error: most transactions write none
	}
	b := make([]byte, headerSize)
	n, err := l.file.read(b, off)
	if err != nil {
		return nil, err
	}
	h, err := parseHeader(b[:n])
	if err != nil {
		return &header{}, nil //nolint:nilerr // not a database: foreign refuses its page size of 0
	}
	return &h, nil
}

// foreign returns why the log does not belong to the database: empty if it
// may. SQLite checks none of this, for it deletes a log with its database; in
// evidence the two may have been copied apart.
func (l *walLog) foreign(main *header, mainErr error, inLog *header, mainSize int64) string {
	switch {
	case inLog != nil && inLog.pageSize != l.pageSize:
		return "its first page is not that of a database with its page size"
	case inLog == nil && mainErr != nil:
		if mainSize == 0 {
			return "the database is empty and its first page is not in the log"
		}
		return "the database has no header and its first page is not in the log"
	case mainErr != nil:
		return ""
	case main.pageSize != l.pageSize:
		return fmt.Sprintf("its pages have %d bytes, those of the database %d", l.pageSize, main.pageSize)
	case inLog == nil && main.readVersion == 1:
		return "the database does not use a write-ahead log"
	case inLog != nil:
		return newer(main, inLog)
	}
	return ""
}

// newer returns why the header in the log cannot come after that of the file.
func newer(main, inLog *header) string {
	if main.encoding != inLog.encoding && main.encoding != 0 {
		return fmt.Sprintf("its text is %v, that of the database %v", inLog.encoding, main.encoding)
	}
	if main.reserved != inLog.reserved {
		return "its pages reserve other bytes than those of the database"
	}
	// Both counters only rise, past 2^32 too.
	if int32(inLog.changeCounter-main.changeCounter) < 0 || int32(inLog.schemaCookie-main.schemaCookie) < 0 {
		return fmt.Sprintf("it is older than the database: change %d after change %d", inLog.changeCounter, main.changeCounter)
	}
	return ""
}
