package sqlite

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime"
	"testing"

	"github.com/amparo-project/amparo/internal/limit"
)

// noise returns n bytes that look random, always the same.
func noise(n int) []byte {
	var b []byte
	for sum := sha256.Sum256(nil); len(b) < n; sum = sha256.Sum256(sum[:]) {
		b = append(b, sum[:]...)
	}
	return b[:n]
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	sound := makeDB(t, "CREATE TABLE t(a)", "INSERT INTO t VALUES(1)")
	plainHeader := noise(len(sound)) // as SQLCipher leaves it for iOS to see a database
	copy(plainHeader, sound[:32])
	change := func(off int, to ...byte) []byte {
		b := bytes.Clone(sound)
		copy(b[off:], to)
		return b
	}
	for _, tt := range []struct {
		name string
		b    []byte
		want error
	}{
		{"empty", nil, limit.ErrCorrupt},
		{"truncated_header", sound[:60], limit.ErrCorrupt},
		{"truncated_in_magic", sound[:10], limit.ErrCorrupt},
		{"header_only", sound[:100], limit.ErrCorrupt},
		{"zeros", make([]byte, 8192), limit.ErrCorrupt},
		{"text", bytes.Repeat([]byte("these are words, not pages. "), 300), limit.ErrCorrupt},
		{"encrypted", noise(8192), limit.ErrEncrypted},
		{"encrypted_plain_header", plainHeader, limit.ErrEncrypted},
		{"random_but_short", noise(300), limit.ErrCorrupt},
		{"encrypted_then_zeros", append(noise(1000), make([]byte, 7192)...), limit.ErrCorrupt},
		{"first_page_zeroed", append(bytes.Clone(sound[:100]), make([]byte, len(sound)-100)...), limit.ErrCorrupt},
		{"schema_cells_lost", change(100+8, 0xff, 0xff), limit.ErrCorrupt},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := Open(bytes.NewReader(tt.b), int64(len(tt.b)), Options{}); !errors.Is(err, tt.want) {
				t.Errorf("%v, want %v", err, tt.want)
			}
		})
	}
}

// TestHeaderLies gives headers that are wrong in what reading can do without.
func TestHeaderLies(t *testing.T) {
	t.Parallel()
	sound := makeDB(t, "CREATE TABLE t(a)", "INSERT INTO t VALUES(1),('two')")
	u32 := func(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }
	for _, tt := range []struct {
		name   string
		off    int
		to     []byte
		damage int
	}{
		{"sound", 0, []byte(magic), 0},
		{"pages_too_many", 28, u32(1 << 31), 0},
		{"pages_none", 28, u32(0), 0},
		{"pages_too_few", 28, u32(1), 0},
		{"reserved", 20, []byte{255}, 0},
		{"encoding", 56, u32(9), 1},
		{"encoding_zero", 56, u32(0), 0},
		{"read_version", 19, []byte{9}, 1},
		{"schema_format", 44, u32(77), 1},
		{"freelist", 32, u32(1 << 30), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := bytes.Clone(sound)
			copy(b[tt.off:], tt.to)
			db := mustOpen(t, b, Options{})
			if n := countRows(t, db, "t"); n != 2 || db.DamageCount() != tt.damage {
				t.Errorf("%d rows, damage %v", n, db.Damage())
			}
		})
	}
	b := makeDB(t, "PRAGMA page_size=512", "CREATE TABLE t(a)")
	b[20] = 100
	if db := mustOpen(t, b, Options{}); db.DamageCount() != 1 || db.Info().Reserved != 0 {
		t.Errorf("too many reserved bytes: %v", db.Damage())
	}
}

// TestHeaderDestroyed reads databases whose first 100 bytes are gone.
func TestHeaderDestroyed(t *testing.T) {
	t.Parallel()
	for _, size := range []int{512, 1024, 4096, 65536} {
		for _, enc := range []string{"UTF-8", "UTF-16le", "UTF-16be"} {
			b := makeDB(t, fmt.Sprintf("PRAGMA page_size=%d", size), "PRAGMA encoding='"+enc+"'", "CREATE TABLE t(a TEXT)", "CREATE TABLE u(a)",
				"WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i<99) INSERT INTO t SELECT 'word'||i FROM n")
			copy(b, noise(headerSize))
			db := mustOpen(t, b, Options{})
			if n := countRows(t, db, "t"); n != 99 || db.DamageCount() != 1 {
				t.Errorf("%d %s: %d rows, %v", size, enc, n, db.Damage())
			}
			row, err := mustTable(t, db, "t").Find(7)
			if err != nil || row.Value(0).Text() != "word7" {
				t.Errorf("%d %s: %v", size, enc, err)
			}
		}
	}
}

// TestReserved reads pages whose last bytes SQLite leaves alone.
func TestReserved(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := dir + "/r.db"
	b := makeDB(t, "PRAGMA page_size=1024", "PRAGMA user_version=7")
	const reserved = 32
	b[20] = reserved
	binary.BigEndian.PutUint16(b[105:], 1024-reserved) // cells of the empty schema end there
	writeFile(t, name, b)
	conn := openSQL(t, name)
	run(t, conn, "CREATE TABLE t(id INTEGER PRIMARY KEY, a)", "CREATE TABLE k(a PRIMARY KEY, b) WITHOUT ROWID",
		"INSERT INTO t(a) VALUES(zeroblob(989)),(zeroblob(5000)),('x')", "INSERT INTO k SELECT zeroblob(100*id), a FROM t")
	db := mustOpen(t, readFile(t, name), Options{})
	if in := db.Info(); in.Reserved != reserved || in.UserVersion != 7 {
		t.Errorf("%+v", in)
	}
	if n := sameDB(t, db, conn, map[State][]byte{StateLive: readFile(t, name)}); n != 6 {
		t.Errorf("%d rows", n)
	}
}

// A watched reader counts the reads of each block, and may fail one.
type watched struct {
	r     io.ReaderAt
	reads map[int64]int
	n     int
	fail  int // number of the read that fails; 0: none
}

var errDisk = errors.New("bad sector")

func (w *watched) ReadAt(p []byte, off int64) (int, error) {
	if w.n++; w.n == w.fail {
		return 0, errDisk
	}
	if w.reads != nil {
		w.reads[off/blockSize]++
	}
	return w.r.ReadAt(p, off)
}

// TestReadErrors fails each read in turn: the error comes out.
func TestReadErrors(t *testing.T) {
	t.Parallel()
	b := makeDB(t, "CREATE TABLE t(a, b)", `WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i<300)
		INSERT INTO t SELECT i, zeroblob(i%40*200) FROM n`)
	for fail := 1; ; fail++ {
		w := &watched{r: bytes.NewReader(b), fail: fail}
		err := readTable(t.Context(), w, int64(len(b)))
		if w.n < fail {
			if err != nil {
				t.Fatal(err)
			}
			break
		}
		if !errors.Is(err, errDisk) {
			t.Fatalf("read %d failed: %v", fail, err)
		}
	}
}

// readTable opens a database and reads its table t and the unreached pages.
func readTable(ctx context.Context, r io.ReaderAt, size int64) error {
	db, err := Open(r, size, Options{})
	if err != nil {
		return err
	}
	tab, _ := db.Table("t")
	for _, err := range tab.Scan(ctx) {
		if err != nil {
			return err
		}
	}
	_, err = db.Unreached(ctx)
	return err
}

// TestShortReader has less than the size that is given for it.
func TestShortReader(t *testing.T) {
	t.Parallel()
	b := damageDB(t)
	cut := b[:len(b)/2+100]
	db, err := Open(bytes.NewReader(cut), int64(len(b)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	rows, lost := 0, 0
	for row, err := range mustTable(t, db, "t").Scan(t.Context()) {
		if err != nil && !errors.Is(err, limit.ErrCorrupt) {
			t.Fatal(err)
		}
		if err != nil {
			lost++
		} else if row != nil {
			rows++
		}
	}
	if rows < 50 || lost == 0 {
		t.Errorf("%d rows, %d losses", rows, lost)
	}
}

// TestBlocks asks for each block of the file about once, even with the
// smallest cache: pages between the leaves may lie anywhere.
func TestBlocks(t *testing.T) {
	t.Parallel()
	b := makeDB(t, "CREATE TABLE t(a, b)", `WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i<20000)
		INSERT INTO t SELECT i, printf('%100d', i) FROM n`)
	w := &watched{r: bytes.NewReader(b), reads: make(map[int64]int)}
	db, err := Open(w, int64(len(b)), Options{CacheBytes: 1})
	if err != nil {
		t.Fatal(err)
	}
	if n := countRows(t, db, "t"); n != 20000 {
		t.Fatal(n)
	}
	if len(w.reads) < 30 {
		t.Fatalf("only %d blocks", len(w.reads))
	}
	if w.n > len(w.reads)+3 {
		t.Errorf("%d reads of %d blocks", w.n, len(w.reads))
	}
}

// TestMemory reads a table of 0.5 MB and one of 5 MB in the same memory.
func TestMemory(t *testing.T) {
	allocated := func(rows string) uint64 {
		b := makeDB(t, "CREATE TABLE t(a, b)", `WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i<`+rows+`)
			INSERT INTO t SELECT i, printf('%100d', i) FROM n`)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		countRows(t, mustOpen(t, b, Options{CacheBytes: 1 << 18}), "t")
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	small, large := allocated("4000"), allocated("40000")
	if large > small+small/5 {
		t.Errorf("%d bytes for the large table, %d for the small one", large, small)
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	db := mustOpen(t, damageDB(t), Options{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	var last error
	for _, err := range mustTable(t, db, "t").Scan(ctx) {
		n++
		cancel()
		last = err
	}
	if !errors.Is(last, context.Canceled) || n > 100 {
		t.Errorf("%d rows, then %v", n, last)
	}
	if _, err := db.Unreached(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("unreached: %v", err)
	}
	for range mustTable(t, db, "t").Scan(t.Context()) {
		break // must not go on
	}
}
