package sqlite

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// walSample returns a database and a log of several commits, each of which
// adds ten rows to the table t, and at the end frames of an open transaction.
func walSample(t *testing.T) (main, wal []byte) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "w.db")
	conn := openSQL(t, name)
	run(t, conn, "PRAGMA page_size=1024", "PRAGMA journal_mode=WAL", "PRAGMA wal_autocheckpoint=0",
		"CREATE TABLE t(id INTEGER PRIMARY KEY, s TEXT)", "PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA cache_size=2")
	for i := range 5 {
		run(t, conn, fmt.Sprintf("WITH RECURSIVE n(i) AS (VALUES(0) UNION ALL SELECT i+1 FROM n WHERE i<9) INSERT INTO t SELECT %d+i, printf('%%300d',i) FROM n", 10*i))
	}
	run(t, conn, "BEGIN", "INSERT INTO t SELECT id+1000, s FROM t", "UPDATE t SET s='open'")
	return readFile(t, name), readFile(t, name+"-wal")
}

func openWAL(tb testing.TB, main, wal []byte) *DB {
	tb.Helper()
	return mustOpen(tb, main, Options{WAL: bytes.NewReader(wal), WALSize: int64(len(wal))})
}

func countRows(tb testing.TB, db *DB, table string) int {
	tb.Helper()
	n := 0
	for _, err := range mustTable(tb, db, table).Scan(tContext) {
		if err != nil {
			tb.Fatal(err)
		}
		n++
	}
	return n
}

func TestWALCommitted(t *testing.T) {
	t.Parallel()
	main, wal := walSample(t)
	db := openWAL(t, main, wal)
	w := db.Info().WAL
	// SQLite writes the checksums of an open transaction anew when it commits.
	if !w.Applied || w.Commits != 5 || w.Frames <= w.Committed || w.Valid < w.Committed || w.Reason == "" {
		t.Errorf("%+v", w)
	}
	if n := countRows(t, db, "t"); n != 50 {
		t.Errorf("%d rows, want those of five commits", n)
	}
	if n := countRows(t, mustOpen(t, main, Options{}), "t"); n != 0 {
		t.Errorf("%d rows without the log", n)
	}
	for row, err := range mustTable(t, db, "t").Scan(t.Context()) {
		if err != nil || row.State() != StateWAL || row.Frame() == 0 || row.Value(1).Text() == "open" {
			t.Fatalf("%v %v %d", err, row.State(), row.Frame())
		}
	}
}

// TestWALCut cuts the log everywhere: what was committed before stays readable.
func TestWALCut(t *testing.T) {
	t.Parallel()
	main, wal := walSample(t)
	last := 0
	for n := 0; n <= len(wal); n += 509 {
		db := openWAL(t, main, wal[:n])
		rows := countRows(t, db, "t")
		if rows%10 != 0 || rows < last {
			t.Fatalf("log of %d bytes: %d rows after %d", n, rows, last)
		}
		if w := db.Info().WAL; n > 0 && rows < 50 && w.Reason == "" {
			t.Errorf("log of %d bytes: no reason", n)
		}
		last = rows
	}
	if last != 50 {
		t.Errorf("%d rows with the whole log", last)
	}
}

// TestWALFlipped inverts bytes: no frame from there on counts.
func TestWALFlipped(t *testing.T) {
	t.Parallel()
	main, wal := walSample(t)
	for off := 0; off < len(wal); off += 97 {
		bad := bytes.Clone(wal)
		bad[off] ^= 0xff
		db := openWAL(t, main, bad)
		w := db.Info().WAL
		if off >= walHeaderSize && w.Valid > (off-walHeaderSize)/(1024+frameHeaderSize) {
			t.Fatalf("byte %d: %d valid frames", off, w.Valid)
		}
		if countRows(t, db, "t")%10 != 0 {
			t.Fatalf("byte %d: part of a commit was read", off)
		}
	}
}

// reseal computes all checksums of a log anew, in one byte order or the other.
func reseal(wal []byte, bigEndian bool) []byte {
	wal = bytes.Clone(wal)
	l := walLog{bigEndian: bigEndian, pageSize: int(binary.BigEndian.Uint32(wal[8:]))}
	binary.BigEndian.PutUint32(wal, walMagic)
	if bigEndian {
		wal[3] |= 1
	}
	put := func(b []byte) {
		binary.BigEndian.PutUint32(b, l.sum[0])
		binary.BigEndian.PutUint32(b[4:], l.sum[1])
	}
	l.checksum(wal[:24])
	put(wal[24:])
	for f := wal[walHeaderSize:]; len(f) >= frameHeaderSize+l.pageSize; f = f[frameHeaderSize+l.pageSize:] {
		l.checksum(f[:8])
		l.checksum(f[frameHeaderSize : frameHeaderSize+l.pageSize])
		put(f[16:])
	}
	return wal
}

func TestWALByteOrders(t *testing.T) {
	t.Parallel()
	main, wal := walSample(t)
	committed := walHeaderSize + openWAL(t, main, wal).Info().WAL.Committed*(frameHeaderSize+1024)
	if !bytes.Equal(reseal(wal, false)[:committed], wal[:committed]) {
		t.Fatal("checksums differ from those of SQLite")
	}
	if n := countRows(t, openWAL(t, main, reseal(wal, true)), "t"); n != 50 {
		t.Errorf("%d rows with big-endian checksums", n)
	}
}

// TestWALAlone reads a database whose file is still empty.
func TestWALAlone(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "w.db")
	conn := openSQL(t, name)
	run(t, conn, "PRAGMA journal_mode=WAL", "PRAGMA wal_autocheckpoint=0", "CREATE TABLE t(a)", "INSERT INTO t VALUES(1),(2)")
	main, wal := readFile(t, name), readFile(t, name+"-wal")
	for _, m := range [][]byte{main, nil, make([]byte, len(main)), main[:min(50, len(main))]} {
		db := openWAL(t, m, wal)
		if n := countRows(t, db, "t"); n != 2 || db.Info().WAL.Reason != "" {
			t.Errorf("%d bytes of database: %d rows, %+v", len(m), n, db.Info().WAL)
		}
	}
}

// TestWALForeign refuses logs that cannot belong to the database.
func TestWALForeign(t *testing.T) {
	t.Parallel()
	main, wal := walSample(t)
	rollbackMode := makeDB(t, "PRAGMA page_size=1024", "CREATE TABLE t(a)")
	otherSize := makeDB(t, "PRAGMA page_size=4096", "PRAGMA journal_mode=WAL", "CREATE TABLE t(a)")
	newer := bytes.Clone(main)
	binary.BigEndian.PutUint32(newer[24:], 1000)
	utf16 := bytes.Clone(main)
	utf16[59] = byte(UTF16BE)
	reserved := bytes.Clone(main)
	reserved[20] = 8
	page1 := func(change func(b []byte)) []byte {
		w := bytes.Clone(wal)
		for f := w[walHeaderSize:]; len(f) > 0; f = f[frameHeaderSize+1024:] {
			if binary.BigEndian.Uint32(f) == 1 {
				change(f[frameHeaderSize:])
			}
		}
		return reseal(w, false)
	}
	unsalted := bytes.Clone(wal)
	unsalted[walHeaderSize+8]++
	for _, tt := range []struct {
		name, reason string
		main, wal    []byte
	}{
		{"page_size", "those of the database", otherSize, wal},
		{"rollback_mode", "does not use", rollbackMode, noPage1(wal)},
		{"older", "older than the database", newer, wal},
		{"encoding", "its text is", utf16, wal},
		{"reserved", "reserve other bytes", reserved, wal},
		{"not_a_database", "its first page", main, page1(func(b []byte) { clear(b[:16]) })},
		{"empty_database", "the database is empty", nil, noPage1(wal)},
		{"no_header", "has no header", make([]byte, 4096), noPage1(wal)},
		{"salts", "other salts", main, unsalted},
		{"not_a_log", "not the header", main, main},
		{"short", "too short", main, wal[:31]},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			db := &DB{main: newBlockReader("database", bytes.NewReader(tt.main), int64(len(tt.main)), 0), known: map[Damage]struct{}{}}
			err := db.open(Options{WAL: bytes.NewReader(tt.wal), WALSize: int64(len(tt.wal))})
			w := db.Info().WAL
			if w.Applied || !strings.Contains(w.Reason, tt.reason) {
				t.Errorf("%+v, %v", w, err)
			}
		})
	}
}

// noPage1 turns the images of page 1 in a log into images of page 2.
func noPage1(wal []byte) []byte {
	wal = bytes.Clone(wal)
	for f := wal[walHeaderSize:]; len(f) > 0; f = f[frameHeaderSize+1024:] {
		if binary.BigEndian.Uint32(f) == 1 {
			f[3] = 2
		}
	}
	return reseal(wal, false)
}
