package sqlite

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
)

const benchRows = 200_000

var (
	benchOnce  sync.Once
	benchBytes []byte
)

// benchDB is a table of four columns and rows of about 120 bytes.
func benchDB(tb testing.TB) []byte {
	tb.Helper()
	benchOnce.Do(func() {
		benchBytes = makeDB(tb,
			"CREATE TABLE m(id INTEGER PRIMARY KEY, a INT, b INT, s TEXT)",
			fmt.Sprintf(`WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i<%d)
				INSERT INTO m SELECT i, i*7919, i%%1000, printf('%%-110d',i) FROM n`, benchRows))
	})
	return benchBytes
}

// BenchmarkFloor copies the bytes of the database in blocks and counts lines: what
// any reader that looks at each byte through an io.ReaderAt must do.
func BenchmarkFloor(b *testing.B) {
	data := benchDB(b)
	b.SetBytes(int64(len(data)))
	buf := make([]byte, blockSize)
	for b.Loop() {
		r := bytes.NewReader(data)
		for off := int64(0); off < int64(len(data)); off += blockSize {
			n, _ := r.ReadAt(buf, off)
			sink += bytes.Count(buf[:n], []byte{'\n'})
		}
	}
}

var sink int

func BenchmarkScan(b *testing.B) {
	data := benchDB(b)
	for _, columns := range []string{"id", "id a b", "id a b s"} {
		b.Run(strings.ReplaceAll(columns, " ", "_"), func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			wanted := strings.Fields(columns)
			rows := 0
			for b.Loop() {
				db := mustOpen(b, data, Options{})
				for row, err := range mustTable(b, db, "m").Scan(b.Context(), wanted...) {
					if err != nil {
						b.Fatal(err)
					}
					rows++
					for i := range wanted {
						v := row.Value(i)
						if v.Kind() == Text {
							sink += len(v.Text())
							continue
						}
						n, _ := v.Int()
						sink += int(n)
					}
				}
			}
			b.ReportMetric(float64(rows)/b.Elapsed().Seconds()/1e6, "Mrows/s")
		})
	}
}

func BenchmarkFind(b *testing.B) {
	db := mustOpen(b, benchDB(b), Options{})
	tab := mustTable(b, db, "m")
	b.ReportAllocs()
	i := int64(0)
	for b.Loop() {
		i = (i*7919 + 13) % benchRows
		if _, err := tab.Find(i+1, "s"); err != nil {
			b.Fatal(err)
		}
	}
}
