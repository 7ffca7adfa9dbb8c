package sqlite_test

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/format/sqlite"
	"github.com/amparo-project/amparo/internal/testevidence/history"
)

// TestRecoverSurvives: a database whose bytes were turned, whose freelist runs
// in a loop, or whose cells claim gigabytes costs no more than its size.
func TestRecoverSurvives(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("in one goroutine: the race detector finds nothing")
	}
	h, err := history.Write(t.TempDir(), history.Options{Seed: 1, PageSize: 1024, Journal: "WAL", Steps: 60})
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	start := time.Now()
	for i := range 200 {
		bad := *h
		bad.DB, bad.WAL = bytes.Clone(h.DB), bytes.Clone(h.WAL)
		switch i % 4 {
		case 0: // a freelist of one page that leads to itself
			binary.BigEndian.PutUint32(bad.DB[32:], 3)
			binary.BigEndian.PutUint32(bad.DB[2*1024:], 3)
			binary.BigEndian.PutUint32(bad.DB[2*1024+4:], uint32(i)*1e7)
		case 1: // lengths of gigabytes
			for range 50 {
				binary.BigEndian.PutUint32(bad.DB[100+r.IntN(len(bad.DB)-200):], 0x8fffffff)
			}
		default:
			for range 100 {
				bad.DB[100+r.IntN(len(bad.DB)-100)] = byte(r.Uint32())
				bad.WAL[r.IntN(len(bad.WAL))] = byte(r.Uint32())
			}
		}
		drainRecovery(t, &bad)
	}
	if took := time.Since(start); took > time.Minute {
		t.Errorf("200 broken databases took %v", took)
	}
}

// drainRecovery opens the files, where they can be opened, and reads all that is recovered.
func drainRecovery(t testing.TB, h *history.History) {
	t.Helper()
	db, err := sqlite.Open(bytes.NewReader(h.DB), int64(len(h.DB)), sqlite.Options{
		WAL: bytes.NewReader(h.WAL), WALSize: int64(len(h.WAL)),
		Journal: bytes.NewReader(h.Journal), JournalSize: int64(len(h.Journal)),
	})
	if err != nil {
		return
	}
	recovered(t, db, func(_ history.Version, r *sqlite.Row) {
		if r.Confidence() < 1 || r.Confidence() > 99 || r.Length() < 4 || r.Offset() < 0 || r.State() < sqlite.StateJournal {
			t.Fatalf("a row without place or confidence: %+v", r)
		}
	})
}

// TestForeignLog: a write-ahead log of another database yields no row.
func TestForeignLog(t *testing.T) {
	t.Parallel()
	var h [2]*history.History
	for i := range h {
		var err error
		h[i], err = history.Write(t.TempDir(), history.Options{Seed: uint64(i), PageSize: 1024 << i, Journal: "WAL", Steps: 30})
		if err != nil {
			t.Fatal(err)
		}
	}
	h[0].WAL = h[1].WAL
	recovered(t, openHistory(t, h[0]), func(v history.Version, r *sqlite.Row) {
		if r.Frame() > 0 {
			t.Errorf("frame %d of another database's log gives %v", r.Frame(), v)
		}
	})
}

// TestHistoryOfARow: the versions of a row come in the order of the log.
func TestHistoryOfARow(t *testing.T) {
	t.Parallel()
	frames := map[sqlite.State]int{}
	for seed := range uint64(8) {
		h, err := history.Write(t.TempDir(), history.Options{Seed: seed, PageSize: 4096, Journal: "WAL", Steps: 60})
		if err != nil {
			t.Fatal(err)
		}
		last := uint32(0)
		lastTable := ""
		recovered(t, openHistory(t, h), func(v history.Version, r *sqlite.Row) {
			if v.Table != lastTable {
				last, lastTable = 0, v.Table
			}
			frames[r.State()]++
			if r.State() >= sqlite.StateWALHistory && !r.RowIDLost() {
				if r.Frame() < last {
					t.Errorf("seed %d: frame %d after frame %d", seed, r.Frame(), last)
				}
				last = r.Frame()
			}
		})
	}
	for _, state := range []sqlite.State{sqlite.StateDeleted, sqlite.StateWALHistory, sqlite.StateWALStale} {
		if frames[state] == 0 {
			t.Errorf("no row in state %v: %v", state, frames)
		}
	}
}

func FuzzRecover(f *testing.F) {
	for seed := range uint64(3) {
		h, err := history.Write(f.TempDir(), history.Options{Seed: seed, PageSize: 512, Journal: []string{"WAL", "PERSIST", "DELETE"}[seed], Steps: 8})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(h.DB, h.WAL, h.Journal)
	}
	f.Fuzz(func(t *testing.T, db, wal, journal []byte) {
		drainRecovery(t, &history.History{DB: db, WAL: wal, Journal: journal})
	})
}

func BenchmarkRecover(b *testing.B) {
	h, err := history.Write(b.TempDir(), history.Options{Seed: 2, PageSize: 4096, Journal: "WAL", Steps: 300})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(h.DB) + len(h.WAL)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := openHistory(b, h).Recover(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
