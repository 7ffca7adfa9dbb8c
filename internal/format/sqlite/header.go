package sqlite

import (
	"encoding/binary"
	"fmt"

	"github.com/amparo-project/amparo/internal/limit"
)

const (
	headerSize  = 100
	minPageSize = 512
	maxPageSize = 65536
	// minUsable is the smallest usable page that SQLite accepts.
	minUsable = 480
	// pendingByte is where SQLite takes its locks: the page that holds this
	// byte is never used (https://sqlite.org/fileformat2.html#the_lock_byte_page).
	pendingByte = 1 << 30
)

// magic starts every database.
const magic = "SQLite format 3\x00"

// Encoding is how a database stores text.
type Encoding uint8

// The encodings of text.
const (
	UTF8    Encoding = 1
	UTF16LE Encoding = 2
	UTF16BE Encoding = 3
)

// String names the encoding as PRAGMA encoding does.
func (e Encoding) String() string {
	switch e {
	case UTF8:
		return "UTF-8"
	case UTF16LE:
		return "UTF-16le"
	case UTF16BE:
		return "UTF-16be"
	}
	return fmt.Sprintf("encoding %d", uint8(e))
}

// AutoVacuum says whether a database gives free pages back to the file system.
type AutoVacuum uint8

// The modes of auto-vacuum. In both but the first the file has pointer maps.
const (
	VacuumNone AutoVacuum = iota
	VacuumFull
	VacuumIncremental
)

// A header is the first 100 bytes of a database
// (https://sqlite.org/fileformat2.html#the_database_header).
type header struct {
	pageSize      int
	reserved      int // bytes at the end of each page that SQLite does not use
	writeVersion  byte
	readVersion   byte
	changeCounter uint32
	pages         uint32 // pages of the database, if the header is to be believed
	freeTrunk     uint32 // first trunk page of the freelist
	freePages     uint32
	schemaCookie  uint32
	schemaFormat  uint32
	largestRoot   uint32 // not zero: the file has pointer maps
	encoding      Encoding
	userVersion   uint32
	incremental   uint32
	applicationID uint32
	validFor      uint32 // the change counter for which pages is right
	writer        uint32 // version number of the SQLite that wrote last
}

// parseHeader reads the header at the start of b.
func parseHeader(b []byte) (header, error) {
	if len(b) < headerSize {
		return header{}, fmt.Errorf("%w: %d bytes are too few for a database header", limit.ErrCorrupt, len(b))
	}
	if string(b[:len(magic)]) != magic {
		return header{}, fmt.Errorf("%w: not the header of a SQLite database", limit.ErrCorrupt)
	}
	u32 := func(off int) uint32 { return binary.BigEndian.Uint32(b[off:]) }
	h := header{
		pageSize:      int(binary.BigEndian.Uint16(b[16:])),
		writeVersion:  b[18],
		readVersion:   b[19],
		reserved:      int(b[20]),
		changeCounter: u32(24),
		pages:         u32(28),
		freeTrunk:     u32(32),
		freePages:     u32(36),
		schemaCookie:  u32(40),
		schemaFormat:  u32(44),
		largestRoot:   u32(52),
		encoding:      Encoding(min(u32(56), 255)),
		userVersion:   u32(60),
		incremental:   u32(64),
		applicationID: u32(68),
		validFor:      u32(92),
		writer:        u32(96),
	}
	if h.pageSize == 1 {
		h.pageSize = maxPageSize
	}
	if !validPageSize(h.pageSize) {
		return header{}, fmt.Errorf("%w: page size %d", limit.ErrCorrupt, h.pageSize)
	}
	return h, nil
}

// validPageSize reports whether n is a power of two that pages may have as size.
func validPageSize(n int) bool {
	return n >= minPageSize && n <= maxPageSize && n&(n-1) == 0
}

// filePages returns how many pages a file of that size has. Bytes behind the
// last whole page are a page that was cut, unless the header counts no more
// pages: then they are not of the database, such as the padding of a cipher.
func (h *header) filePages(size int64) uint32 {
	whole := size / int64(h.pageSize)
	counted := h.pages != 0 && h.validFor == h.changeCounter
	if size%int64(h.pageSize) != 0 && (!counted || int64(h.pages) > whole) {
		whole++
	}
	return uint32(min(whole, 1<<32-2))
}

// autoVacuum returns the mode that the header declares.
func (h *header) autoVacuum() AutoVacuum {
	switch {
	case h.largestRoot == 0:
		return VacuumNone
	case h.incremental == 0:
		return VacuumFull
	}
	return VacuumIncremental
}

// repair replaces what the header must not say by what is most likely, and
// returns a reason for each.
func (h *header) repair() []string {
	var reasons []string
	if h.pageSize-h.reserved < minUsable {
		reasons = append(reasons, fmt.Sprintf("header: %d reserved bytes leave too little of a page", h.reserved))
		h.reserved = 0
	}
	if h.encoding > UTF16BE {
		reasons = append(reasons, "header: unknown text encoding, read as UTF-8")
	}
	if h.encoding == 0 || h.encoding > UTF16BE {
		h.encoding = UTF8
	}
	if h.readVersion > 2 {
		reasons = append(reasons, fmt.Sprintf("header: read version %d is not known", h.readVersion))
	}
	if h.schemaFormat > 4 {
		reasons = append(reasons, fmt.Sprintf("header: schema format %d is not known", h.schemaFormat))
	}
	return reasons
}
