package sqlite

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/amparo-project/amparo/internal/limit"
)

// damageDB is a database of about 140 pages of 1024 bytes, with a deep table,
// overflow chains, a table without rowid, an index and a freelist.
func damageDB(tb testing.TB) []byte {
	tb.Helper()
	return makeDB(tb, "PRAGMA page_size=1024", "PRAGMA auto_vacuum=INCREMENTAL",
		"CREATE TABLE t(id INTEGER PRIMARY KEY, n INT, s TEXT, raw BLOB)",
		"CREATE TABLE k(a TEXT, b INT, PRIMARY KEY(a, b)) WITHOUT ROWID",
		"CREATE INDEX i ON t(s)",
		`WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i<400)
			INSERT INTO t SELECT i, i*3, printf('%40d', i), CASE WHEN i%40=0 THEN zeroblob(3000) ELSE x'01' END FROM n`,
		"INSERT INTO k SELECT s, n FROM t WHERE id<200",
		"CREATE TABLE gone(x)", "INSERT INTO gone SELECT s FROM t", "DROP TABLE gone",
	)
}

// outcome is what a whole reading of a database gave.
type outcome struct {
	rows    map[string]bool // of t and k, printed
	partial int             // rows that came with damage
	damage  int
	err     error // that ended a scan or Open
}

// readAll reads everything there is.
func readAll(ctx context.Context, b []byte, o Options) outcome {
	out := outcome{rows: make(map[string]bool)}
	db, err := Open(bytes.NewReader(b), int64(len(b)), o)
	if err != nil {
		out.err = err
		return out
	}
	for _, tab := range db.Tables() {
		for row, err := range tab.Scan(ctx) {
			switch {
			case err != nil && asDamage(err) == nil:
				out.err = err
			case err != nil && row != nil:
				out.partial++
			case row != nil:
				out.rows[printRow(tab, row)] = true
			}
		}
	}
	if _, err := db.Unreached(ctx); err != nil {
		out.err = err
	}
	out.damage = db.DamageCount()
	return out
}

func printRow(tab *Table, row *Row) string {
	s := fmt.Sprint(tab.Name, row.RowID())
	for i := range row.Len() {
		s += "|" + show(row.Value(i))
	}
	return s
}

// classified reports whether an error tells the caller what to do.
func classified(err error) bool {
	return errors.Is(err, limit.ErrCorrupt) || errors.Is(err, limit.ErrLimit) ||
		errors.Is(err, limit.ErrEncrypted) || errors.Is(err, limit.ErrUnsupported)
}

// TestZeroedPage clears each page in turn: only what was on it is lost.
func TestZeroedPage(t *testing.T) {
	t.Parallel()
	b := damageDB(t)
	whole := readAll(t.Context(), b, Options{})
	if whole.damage != 0 || whole.err != nil || len(whole.rows) != 599 {
		t.Fatalf("%d rows, %d damages, %v", len(whole.rows), whole.damage, whole.err)
	}
	leaves := 0
	for no := 2; no <= len(b)/1024; no++ {
		bad := bytes.Clone(b)
		kind := bad[(no-1)*1024]
		clear(bad[(no-1)*1024 : no*1024])
		got := readAll(t.Context(), bad, Options{})
		if got.err != nil {
			t.Fatalf("page %d: %v", no, got.err)
		}
		for r := range got.rows {
			if !whole.rows[r] {
				t.Fatalf("page %d: invented %q", no, r)
			}
		}
		lost := len(whole.rows) - len(got.rows)
		if lost > 0 && got.damage == 0 {
			t.Errorf("page %d: %d rows lost without a word", no, lost)
		}
		if kind == leafTable {
			leaves++
			if lost > 25 {
				t.Errorf("page %d: a leaf costs %d rows", no, lost)
			}
		}
	}
	if leaves < 30 {
		t.Errorf("only %d leaves were cleared", leaves)
	}
}

// TestTruncated cuts the file at many lengths: the rows that are left are read.
func TestTruncated(t *testing.T) {
	t.Parallel()
	b := damageDB(t)
	whole := readAll(t.Context(), b, Options{})
	last := 0
	for n := 0; n < len(b); n += 777 {
		got := readAll(t.Context(), b[:n], Options{})
		if got.err != nil && !classified(got.err) {
			t.Fatalf("%d bytes: %v", n, got.err)
		}
		for r := range got.rows {
			if !whole.rows[r] {
				t.Fatalf("%d bytes: invented %q", n, r)
			}
		}
		if len(got.rows) < last {
			t.Errorf("%d bytes: %d rows, fewer than the %d of a shorter file", n, len(got.rows), last)
		}
		last = len(got.rows)
		if got.err == nil && len(got.rows) < len(whole.rows) && got.damage == 0 {
			t.Errorf("%d bytes: rows lost without a word", n)
		}
	}
}

// TestFlipped changes a few bytes anywhere. Whatever they say, reading ends, and
// what it says is an error of ours.
func TestFlipped(t *testing.T) {
	t.Parallel()
	b := damageDB(t)
	rounds := 200
	if testing.Short() {
		rounds = 40
	}
	for seed := range uint64(rounds) {
		r := rand.New(rand.NewPCG(seed, 1))
		bad := bytes.Clone(b)
		for range 1 + r.IntN(8) {
			bad[r.IntN(len(bad))] = byte(r.Uint32())
		}
		for range 4 { // headers of pages, where it hurts
			bad[r.IntN(len(bad)/1024)*1024+r.IntN(12)] = byte(r.Uint32())
		}
		got := readAll(t.Context(), bad, Options{MaxRowBytes: 1 << 16})
		if got.err != nil && !classified(got.err) {
			t.Fatalf("seed %d: %v", seed, got.err)
		}
		if len(got.rows) > 5000 {
			t.Fatalf("seed %d: %d rows", seed, len(got.rows))
		}
	}
}

// TestHostile changes one thing each, and wants it named.
func TestHostile(t *testing.T) {
	t.Parallel()
	base := damageDB(t)
	db := mustOpen(t, base, Options{})
	root := mustTable(t, db, "t").Root
	page := func(b []byte, no uint32) []byte { return b[(no-1)*1024 : no*1024] }
	p := page(base, root)
	if p[0] != interiorTable {
		t.Fatal("the root of t has no children")
	}
	cellOf := func(b []byte, no uint32, i int) []byte {
		p := page(b, no)
		return p[binary.BigEndian.Uint16(p[8+2*i:]):]
	}
	firstChild := be32(p[binary.BigEndian.Uint16(p[12:]):])
	for page(base, firstChild)[0] != leafTable {
		q := page(base, firstChild)
		firstChild = be32(q[binary.BigEndian.Uint16(q[12:]):])
	}
	for _, tt := range []struct {
		name   string
		change func(b []byte)
		least  int // rows of t that stay
	}{
		{"loop_to_itself", func(b []byte) { binary.BigEndian.PutUint32(page(b, root)[8:], root) }, 300},
		{"loop_to_root", func(b []byte) { copy(page(b, firstChild), page(b, root)) }, 300},
		{"page_out_of_range", func(b []byte) { binary.BigEndian.PutUint32(page(b, root)[8:], 1<<31) }, 300},
		{"page_zero", func(b []byte) { binary.BigEndian.PutUint32(page(b, root)[8:], 0) }, 300},
		{"other_tree", func(b []byte) { binary.BigEndian.PutUint32(page(b, root)[8:], mustTable(t, db, "k").Root) }, 300},
		{"cell_of_four_gigabytes", func(b []byte) { copy(cellOf(b, firstChild, 0), "\x8f\xff\xff\xff\x7f") }, 390},
		{"cell_of_nine_bytes_length", func(b []byte) { copy(cellOf(b, firstChild, 0), "\xff\xff\xff\xff\xff\xff\xff\xff\xff") }, 390},
		{"cells_out_of_page", func(b []byte) { binary.BigEndian.PutUint16(page(b, firstChild)[8:], 0xffff) }, 390},
		{"cells_in_header", func(b []byte) { binary.BigEndian.PutUint16(page(b, firstChild)[8:], 3) }, 390},
		{"many_cells", func(b []byte) { binary.BigEndian.PutUint16(page(b, firstChild)[3:], 0xffff) }, 390},
		{"same_cell_often", func(b []byte) {
			p := page(b, firstChild)
			binary.BigEndian.PutUint16(p[3:], 200)
			for i := range 200 {
				copy(p[8+2*i:10+2*i], p[8:10])
			}
		}, 370},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := bytes.Clone(base)
			tt.change(b)
			db := mustOpen(t, b, Options{})
			rows, damages := 0, 0
			for row, err := range mustTable(t, db, "t").Scan(t.Context()) {
				if err != nil && !errors.Is(err, limit.ErrCorrupt) {
					t.Fatal(err)
				}
				if err != nil {
					damages++
				}
				if row != nil {
					rows++
				}
			}
			if rows < tt.least || rows > 1000 || damages == 0 || len(db.Damage()) == 0 {
				t.Errorf("%d rows, %d damages: %v", rows, damages, db.Damage())
			}
			if _, err := db.Unreached(t.Context()); err != nil {
				t.Error(err)
			}
			_, _ = mustTable(t, db, "t").Find(1)
			_, _ = mustTable(t, db, "t").Find(399)
		})
	}
}

// FuzzEdits changes bytes of a database at will: four bytes of an edit are
// where, and what. Random changes of a whole file seldom get past its header.
func FuzzEdits(f *testing.F) {
	base := damageDB(f)
	f.Add([]byte{0, 0, 0, 0})
	f.Add([]byte{0, 0, 103, 255, 0, 8, 0, 5, 0, 12, 3, 200})
	f.Fuzz(func(t *testing.T, edits []byte) {
		b := bytes.Clone(base)
		for ; len(edits) >= 4; edits = edits[4:] {
			off := int(edits[0])<<16 | int(edits[1])<<8 | int(edits[2])
			b[off%len(b)] = edits[3]
		}
		got := readAll(t.Context(), b, Options{MaxRowBytes: 1 << 16})
		if got.err != nil && !classified(got.err) {
			t.Error(got.err)
		}
		if len(got.rows) > 20*len(b)/4 {
			t.Errorf("%d rows out of %d bytes", len(got.rows), len(b))
		}
	})
}
