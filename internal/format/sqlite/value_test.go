package sqlite

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/amparo-project/amparo/internal/limit"
)

func TestValueAs(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		v                            Value
		asInt, asFloat, asText, kind string
	}{
		{Value{}, "no", "no", "no", "null"},
		{intValue(-7), "-7", "-7", "-7", "integer"},
		{floatValue(7), "7", "7", "7.0", "real"},
		{floatValue(7.5), "no", "7.5", "7.5", "real"},
		{floatValue(1e300), "no", "1e+300", "1.0e+300", "real"},
		{floatValue(math.Inf(1)), "no", "+Inf", "Inf", "real"},
		{floatValue(math.Inf(-1)), "no", "-Inf", "-Inf", "real"},
		{floatValue(-1 << 63), "-9223372036854775808", "-9.223372036854775808e+18", "-9.22337203685478e+18", "real"},
		{floatValue(1 << 63), "no", "9.223372036854775808e+18", "9.22337203685478e+18", "real"},
		{textValue(" 42 "), "42", "42", " 42 ", "text"},
		{textValue("4.5"), "no", "4.5", "4.5", "text"},
		{textValue("x"), "no", "no", "x", "text"},
		{textValue("NaN"), "no", "no", "NaN", "text"},
		{Value{kind: Blob, data: []byte("1")}, "no", "no", "no", "blob"},
	} {
		say := func(v any, ok bool) string {
			if !ok {
				return "no"
			}
			return fmt.Sprint(v)
		}
		n, nok := tt.v.AsInt()
		f, fok := tt.v.AsFloat()
		s, sok := tt.v.AsText()
		want := tt.asFloat
		if tt.asFloat != "no" {
			var x float64
			_, _ = fmt.Sscan(tt.asFloat, &x)
			want = fmt.Sprint(x)
		}
		if say(n, nok) != tt.asInt || say(f, fok) != want || say(s, sok) != tt.asText || tt.v.Kind().String() != tt.kind {
			t.Errorf("%v: %v %v, %v %v, %q %v, %v", tt, n, nok, f, fok, s, sok, tt.v.Kind())
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	got := fmt.Sprint(StateLive, StateWAL, StateJournal, State(9), UTF8, UTF16LE, UTF16BE, Encoding(9),
		AffinityBlob, AffinityText, AffinityNumeric, AffinityInteger, AffinityReal, Kind(9))
	want := "live wal journal unknown UTF-8 UTF-16le UTF-16be encoding 9 BLOB TEXT NUMERIC INTEGER REAL unknown"
	if got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func FuzzUTF16(f *testing.F) {
	f.Add([]byte("a\x00\x3d\xd8\x00\xde"), false)
	f.Add([]byte("\xd8\x3d\xde\x00\xd8"), true)
	f.Add([]byte("\x00\xdc\x00\xd8"), false)
	f.Fuzz(func(t *testing.T, b []byte, big bool) {
		enc, order := UTF16LE, binary.ByteOrder(binary.LittleEndian)
		if big {
			enc, order = UTF16BE, binary.BigEndian
		}
		units := make([]uint16, len(b)/2)
		for i := range units {
			units[i] = order.Uint16(b[2*i:])
		}
		if got, want := string(appendUTF16(nil, b, enc)), string(utf16.Decode(units)); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

func TestVarint(t *testing.T) {
	t.Parallel()
	for _, v := range []uint64{0, 1, 127, 128, 16383, 16384, 1 << 31, 1<<56 - 1, 1 << 56, math.MaxUint64} {
		b := putVarint(nil, v)
		if got, n := varint(append(b, 0xff)); got != v || n != len(b) {
			t.Errorf("%d: %d in %d bytes of %d", v, got, n, len(b))
		}
		if _, n := varint(b[:len(b)-1]); n != 0 {
			t.Errorf("%d cut off: %d bytes", v, n)
		}
	}
}

// putVarint appends v as SQLite writes it.
func putVarint(b []byte, v uint64) []byte {
	if v >= 1<<56 {
		b = putGroups(b, v>>8, 8, true)
		return append(b, byte(v))
	}
	n := 1
	for v>>(7*n) != 0 {
		n++
	}
	return putGroups(b, v, n, false)
}

func putGroups(b []byte, v uint64, n int, more bool) []byte {
	for i := n - 1; i >= 0; i-- {
		c := byte(v>>(7*i)) & 0x7f
		if i > 0 || more {
			c |= 0x80
		}
		b = append(b, c)
	}
	return b
}

// TestWide reads a record whose header needs overflow pages itself.
func TestWide(t *testing.T) {
	t.Parallel()
	var names, values []string
	for i := range 1900 {
		names = append(names, fmt.Sprint("c", i))
		values = append(values, fmt.Sprint(1000*i))
	}
	b := makeDB(t, "PRAGMA page_size=512", "CREATE TABLE w("+strings.Join(names, ",")+")",
		"INSERT INTO w VALUES("+strings.Join(values, ",")+")")
	row, err := mustTable(t, mustOpen(t, b, Options{}), "w").Find(1, "c1899", "c0", "c1000")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int64{1899000, 0, 1000000} {
		if n, _ := row.Value(i).Int(); n != want {
			t.Errorf("column %d is %d, want %d", i, n, want)
		}
	}
}

// TestRowLimit loses a value that is too long, and neither its neighbours nor the next row.
func TestRowLimit(t *testing.T) {
	t.Parallel()
	b := makeDB(t, "CREATE TABLE t(a INT, big BLOB, z INT)", "INSERT INTO t VALUES(1, zeroblob(100000), 2),(3, x'01', 4)")
	db := mustOpen(t, b, Options{MaxRowBytes: 50000})
	n := 0
	for row, err := range mustTable(t, db, "t").Scan(t.Context()) {
		n++
		if n == 2 {
			if err != nil {
				t.Error(err)
			}
			break
		}
		if !errors.Is(err, limit.ErrLimit) || asDamage(err) == nil || row == nil {
			t.Fatalf("%v, row %v", err, row)
		}
		if a, _ := row.Value(0).Int(); a != 1 || !row.Value(1).Lost() || row.Value(0).Lost() {
			t.Errorf("a is %d, lost %v; big lost %v", a, row.Value(0).Lost(), row.Value(1).Lost())
		}
	}
	for row, err := range mustTable(t, db, "t").Scan(t.Context(), "a", "z") {
		if z, _ := row.Value(1).Int(); err != nil || z%2 != 0 {
			t.Errorf("without the long column: %d, %v", z, err)
		}
	}
}

// TestNotScanned refuses what has no b-tree of rows.
func TestNotScanned(t *testing.T) {
	t.Parallel()
	b := makeDB(t, "CREATE TABLE t(a PRIMARY KEY) WITHOUT ROWID", "CREATE VIEW v AS SELECT a FROM t", "CREATE VIRTUAL TABLE f USING fts5(body)",
		"INSERT INTO f VALUES('word')")
	db := mustOpen(t, b, Options{})
	for _, name := range []string{"v", "f"} {
		n := 0
		for _, err := range mustTable(t, db, name).Scan(t.Context()) {
			if n++; !errors.Is(err, limit.ErrUnsupported) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n != 1 {
			t.Errorf("%s: %d times", name, n)
		}
	}
	if _, err := mustTable(t, db, "t").Find(1); !errors.Is(err, limit.ErrUnsupported) {
		t.Errorf("find without rowid: %v", err)
	}
	if v, f := mustTable(t, db, "v"), mustTable(t, db, "f"); !v.IsView || !f.IsVirtual {
		t.Errorf("view %v, virtual %v", v.IsView, f.IsVirtual)
	}
	if _, ok := db.Table("none"); ok {
		t.Error("a table that is not there")
	}
	if n := countRows(t, db, "sqlite_master"); n < 4 {
		t.Errorf("%d entries in the schema", n)
	}
}

// FuzzOpen: no file makes reading panic, run on or fail without a class.
func FuzzOpen(f *testing.F) {
	main := makeDB(f, "PRAGMA page_size=512", "CREATE TABLE t(a INTEGER PRIMARY KEY, b)", "CREATE TABLE k(a PRIMARY KEY, b) WITHOUT ROWID",
		"INSERT INTO t VALUES(1,'x'),(2,zeroblob(1200))", "INSERT INTO k VALUES('a',1.5)")
	f.Add(main, []byte(nil), []byte(nil))
	f.Add(main[:700], main[:40], main[:30])
	f.Fuzz(func(t *testing.T, main, wal, journal []byte) {
		got := readAll(t.Context(), main, Options{
			WAL: bytes.NewReader(wal), WALSize: int64(len(wal)),
			Journal: bytes.NewReader(journal), JournalSize: int64(len(journal)), Rollback: true,
			MaxRowBytes: 1 << 16,
		})
		if got.err != nil && !classified(got.err) {
			t.Error(got.err)
		}
	})
}
