package sqlite

// Info is what the header of a database and the logs beside it say.
type Info struct {
	PageSize      int    // bytes
	Reserved      int    // bytes at the end of each page that SQLite leaves alone
	Pages         uint32 // pages that are read: of the last commit in the log, otherwise of the file
	FilePages     uint32 // pages of the database file
	HeaderPages   uint32 // pages that the header claims
	FreePages     uint32 // pages on the freelist, as the header claims
	Encoding      Encoding
	AutoVacuum    AutoVacuum
	WALMode       bool // the header asks for a write-ahead log
	UserVersion   uint32
	ApplicationID uint32
	SchemaCookie  uint32
	ChangeCounter uint32
	Writer        uint32 // SQLITE_VERSION_NUMBER of the last writer, such as 3036000
	WAL           WALInfo
	Journal       JournalInfo
}

// WALInfo describes a write-ahead log.
type WALInfo struct {
	Present   bool
	Applied   bool   // its committed pages are read in place of those of the file
	PageSize  int    // bytes
	Salt      uint64 // the two salts of its header, the first one above
	Frames    int    // whole frames that the file has room for
	Valid     int    // frames from the first on whose salts and checksums hold
	Committed int    // frames up to the last commit: these count
	Commits   int
	Pages     int    // distinct pages in the committed frames
	Reason    string // why the rest, or all of it, was refused; empty: nothing was
}

// JournalInfo describes a rollback journal.
type JournalInfo struct {
	Present  bool
	Hot      bool   // a transaction was cut short: the file holds parts of it
	Applied  bool   // the original pages are read in place of those of the file
	PageSize int    // bytes
	Pages    int    // distinct original pages with a valid checksum
	DBPages  uint32 // pages of the database before the transaction
	Reason   string // why it is not hot, or where it stops being readable
}

// Info returns what is known of the file.
func (db *DB) Info() Info { return db.info }

// fillInfo copies what the header says. The logs write their own part.
func (db *DB) fillInfo(filePages uint32) {
	h, in := &db.hdr, &db.info
	in.PageSize, in.Reserved = h.pageSize, h.reserved
	in.Pages, in.FilePages, in.HeaderPages = db.pages, filePages, h.pages
	in.FreePages = h.freePages
	in.Encoding, in.AutoVacuum = h.encoding, h.autoVacuum()
	in.WALMode = h.readVersion == 2
	in.UserVersion, in.ApplicationID = h.userVersion, h.applicationID
	in.SchemaCookie, in.ChangeCounter = h.schemaCookie, h.changeCounter
	in.Writer = h.writer
}
