package sqlite

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// hotSample returns a database in the middle of a transaction, and its journal.
func hotSample(t *testing.T, pragmas ...string) (main, journal []byte) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "j.db")
	conn := openSQL(t, name)
	run(t, conn, "PRAGMA page_size=1024", "PRAGMA cache_size=4", "CREATE TABLE t(id INTEGER PRIMARY KEY, s TEXT)")
	run(t, conn, pragmas...)
	run(t, conn, "WITH RECURSIVE n(i) AS (VALUES(0) UNION ALL SELECT i+1 FROM n WHERE i<199) INSERT INTO t SELECT i, printf('%100d',i) FROM n",
		"BEGIN", "UPDATE t SET s='new'", "DELETE FROM t WHERE id>100", "INSERT INTO t SELECT id+5000, printf('%900d',id) FROM t")
	return readFile(t, name), readFile(t, name+"-journal")
}

func TestJournalHot(t *testing.T) {
	t.Parallel()
	for name, pragma := range map[string]string{
		"delete": "PRAGMA journal_mode=DELETE", "persist": "PRAGMA journal_mode=PERSIST", "unsynced": "PRAGMA synchronous=OFF",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			main, journal := hotSample(t, pragma)
			o := Options{Journal: bytes.NewReader(journal), JournalSize: int64(len(journal))}
			in := mustOpen(t, main, o).Info()
			if j := in.Journal; !j.Hot || j.Applied || j.Pages == 0 || j.DBPages == 0 {
				t.Fatalf("%+v", j)
			}
			o.Rollback = true
			db := mustOpen(t, main, o)
			if !db.Info().Journal.Applied {
				t.Fatalf("%+v", db.Info().Journal)
			}
			name := filepath.Join(t.TempDir(), "copy.db")
			for n, b := range map[string][]byte{name: main, name + "-journal": journal} {
				if err := os.WriteFile(n, b, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			conn := openSQL(t, name) // SQLite rolls the copy back
			if n := sameDB(t, db, conn, map[State][]byte{StateLive: main, StateJournal: journal}); n != 200 {
				t.Errorf("%d rows", n)
			}
		})
	}
}

func TestJournalCold(t *testing.T) {
	t.Parallel()
	main, journal := hotSample(t)
	cleared := bytes.Clone(journal)
	clear(cleared[:28])
	sector := bytes.Clone(journal)
	sector[23] = 3
	size := bytes.Clone(journal)
	size[26] = 8
	flipped := bytes.Clone(journal)
	flipped[512+4+1024-200] ^= 1
	for _, tt := range []struct {
		name, reason string
		journal      []byte
	}{
		{"empty", "empty", nil},
		{"cleared", "the transaction ended", cleared},
		{"short", "", journal[:20]},
		{"sector", "sector size", sector},
		{"page_size", "those of the database", size},
		{"flipped", "checksum", flipped},
		{"cut", "cut off", journal[:512+500]},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			db := mustOpen(t, main, Options{Journal: bytes.NewReader(tt.journal), JournalSize: int64(len(tt.journal)), Rollback: true})
			if j := db.Info().Journal; !j.Present || j.Hot || j.Applied || !strings.Contains(j.Reason, tt.reason) {
				t.Errorf("%+v", j)
			}
		})
	}
}
