package sqlite_test

import (
	"bytes"
	"io"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/format/sqlite"
	"github.com/amparo-project/amparo/internal/testevidence/history"
)

// TestSalvage: a database whose first page was zeroed gives its rows by the
// schema that it is known to have had, whatever its page size, and no others.
func TestSalvage(t *testing.T) {
	t.Parallel()
	for i, pageSize := range []int{512, 1024, 4096, 16384} {
		h, err := history.Write(t.TempDir(), history.Options{Seed: uint64(i), PageSize: pageSize, Journal: "DELETE", Steps: 60})
		if err != nil {
			t.Fatal(err)
		}
		tables := map[string]string{}
		for _, table := range openHistory(t, h).Tables() {
			tables[table.Name] = table.SQL
		}
		clear(h.DB[:pageSize])
		db, err := sqlite.Salvage(bytes.NewReader(h.DB), int64(len(h.DB)), tables)
		if err != nil {
			t.Fatal(err)
		}
		if db.Info().PageSize != pageSize {
			t.Errorf("page size %d, want %d", db.Info().PageSize, pageSize)
		}
		ever := map[string]bool{}
		for j := range h.Ever {
			ever[h.Ever[j].Key(false)] = true
		}
		live, told, invented := map[string]bool{}, 0, 0
		recovered(t, db, func(v history.Version, row *sqlite.Row) {
			if row.RowIDLost() {
				return
			}
			told++
			if h.Live[v.Key(false)] {
				live[v.Key(false)] = true
			} else if !ever[v.Key(false)] {
				invented++
			}
		})
		if len(live)*100 < len(h.Live)*80 || invented*50 > told {
			t.Errorf("pages of %d: %d of %d live rows, %d of %d told never existed", pageSize, len(live), len(h.Live), invented, told)
		}
	}
}

// zeros is a file of nothing but zeros.
type zeros struct{}

func (zeros) ReadAt(p []byte, _ int64) (int, error) { clear(p); return len(p), nil }

// TestSalvageZeros: twenty gigabytes of zeros end soon, and are no database.
func TestSalvageZeros(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("in one goroutine: the race detector finds nothing")
	}
	start := time.Now()
	var r io.ReaderAt = zeros{}
	if _, err := sqlite.Salvage(r, 20<<30, map[string]string{"message": "CREATE TABLE message (id INTEGER PRIMARY KEY, text TEXT)"}); err == nil {
		t.Error("zeros are a database")
	}
	if took := time.Since(start); took > 2*time.Minute {
		t.Errorf("took %v", took)
	}
}
