package sqlite_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/amparo-project/amparo/internal/format/sqlite"
	"github.com/amparo-project/amparo/internal/testevidence/history"
)

// histories are the settings that decide what deleting leaves behind.
func histories(n int) []history.Options {
	var list []history.Options
	for i := range n {
		list = append(list, history.Options{
			Seed: uint64(i), PageSize: []int{512, 1024, 4096, 8192, 4096}[i%5], SecureDelete: i%7 == 6, AutoVacuum: i / 2 % 3,
			Journal: []string{"DELETE", "WAL", "PERSIST", "WAL", "TRUNCATE"}[i/3%5], Steps: 30 + i%5*20,
		})
	}
	return list
}

// openHistory opens the files of a history.
func openHistory(t testing.TB, h *history.History) *sqlite.DB {
	t.Helper()
	var o sqlite.Options
	if h.WAL != nil {
		o.WAL, o.WALSize = bytes.NewReader(h.WAL), int64(len(h.WAL))
	}
	if h.Journal != nil {
		o.Journal, o.JournalSize = bytes.NewReader(h.Journal), int64(len(h.Journal))
	}
	db, err := sqlite.Open(bytes.NewReader(h.DB), int64(len(h.DB)), o)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// recovered calls see with everything that is recovered, as versions.
func recovered(t testing.TB, db *sqlite.DB, see func(v history.Version, row *sqlite.Row)) {
	t.Helper()
	rec, err := db.Recover(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range db.Tables() {
		err := rec.Rows(t.Context(), table, nil, func(r *sqlite.Row) bool {
			v := history.Version{Table: table.Name, RowID: r.RowID()}
			for i := range r.Len() {
				v.Values = append(v.Values, plain(r.Value(i)))
			}
			see(v, r)
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func plain(v sqlite.Value) any {
	switch v.Kind() {
	case sqlite.Int:
		n, _ := v.Int()
		return n
	case sqlite.Float:
		f, _ := v.Float()
		return f
	case sqlite.Text:
		return v.Text()
	case sqlite.Blob:
		return append([]byte{}, v.Bytes()...)
	default:
		return nil
	}
}

// A score adds up what was recovered.
type score struct{ whole, got, reported, partial, invented, cut int }

func (s *score) String() string {
	return fmt.Sprintf("%d of %d deleted versions left whole recovered (%.2f%%); %d reported, %d of them without header, %d cut; %d never existed (%.2f%%)",
		s.got, s.whole, 100*float64(s.got)/float64(max(s.whole, 1)), s.reported, s.partial, s.cut, s.invented, 100*float64(s.invented)/float64(max(s.reported, 1)))
}

func (s *score) add(t testing.TB, h *history.History, o history.Options) {
	t.Helper()
	ever, loose, found := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for i := range h.Ever {
		ever[h.Ever[i].Key(false)] = true
		loose[h.Ever[i].Key(true)] = true
	}
	recovered(t, openHistory(t, h), func(v history.Version, row *sqlite.Row) {
		s.reported++
		lost := false
		for i := range row.Len() {
			lost = lost || row.Value(i).Lost() && (i > 0 || !row.RowIDLost())
		}
		switch {
		case lost:
			s.cut++ // its overflow pages are in use for others
		case row.RowIDLost():
			s.partial++
			if !loose[v.Key(true)] {
				s.invented++
				t.Logf("seed %d: never existed: %s, page %d offset %d state %v sure %d", o.Seed, v.Key(true), row.Page(), row.Offset(), row.State(), row.Confidence())
			}
		case !ever[v.Key(false)]:
			s.invented++
			t.Logf("seed %d: never existed: %.200s, page %d offset %d state %v", o.Seed, v.Key(false), row.Page(), row.Offset(), row.State())
		default:
			found[v.Key(false)] = true
		}
		if h.Live[v.Key(false)] && !row.RowIDLost() && !lost {
			t.Errorf("seed %d: a live row is told as deleted: %.200s", o.Seed, v.Key(false))
		}
	})
	seen := map[string]bool{}
	for i := range h.Ever {
		v := &h.Ever[i]
		key := v.Key(false)
		if h.Live[key] || seen[key] || !h.Whole(v, o.PageSize) {
			continue
		}
		seen[key] = true
		s.whole++
		if found[key] {
			s.got++
		} else {
			t.Logf("seed %d: missed %.120s", o.Seed, key)
		}
	}
}

// TestRecall measures recovery against histories that a real SQLite wrote.
func TestRecall(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("in one goroutine: the race detector finds nothing")
	}
	var s score
	for _, o := range histories(40) {
		h, err := history.Write(t.TempDir(), o)
		if err != nil {
			t.Fatal(err)
		}
		s.add(t, h, o)
	}
	t.Log(s.String())
	if s.got*100 < s.whole*95 || s.invented*100 > s.reported || s.whole < 1000 {
		t.Errorf("below what is promised: %s", s.String())
	}
}

// TestNothingIsInvented: databases from which nothing was deleted, and such
// that were vacuumed, yield nothing.
func TestNothingIsInvented(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("in one goroutine: the race detector finds nothing")
	}
	for _, o := range histories(30) {
		o.Vacuum = o.Seed%2 == 0
		o.NoDelete = !o.Vacuum
		if o.NoDelete {
			o.Vacuum = false
		}
		h, err := history.Write(t.TempDir(), o)
		if err != nil {
			t.Fatal(err)
		}
		if o.Vacuum {
			h.WAL, h.Journal = nil, nil
		}
		recovered(t, openHistory(t, h), func(v history.Version, r *sqlite.Row) {
			t.Errorf("seed %d: %+v tells %.200s (page %d, offset %d, %v)", o.Seed, o, v.Key(false), r.Page(), r.Offset(), r.State())
		})
	}
}
