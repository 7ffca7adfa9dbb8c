package cli

import (
	"database/sql"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // writes the databases
)

// TestCompareFindsDeletedRows: of a message that A has and B's table has not,
// and of one whose bytes are gone too, the comparison says which is which.
func TestCompareFindsDeletedRows(t *testing.T) {
	t.Parallel()
	const visits = `PRAGMA secure_delete=off;
CREATE TABLE history_items (id INTEGER PRIMARY KEY AUTOINCREMENT,url TEXT NOT NULL UNIQUE,domain_expansion TEXT NULL,visit_count INTEGER NOT NULL);
CREATE TABLE history_visits (id INTEGER PRIMARY KEY AUTOINCREMENT,history_item INTEGER NOT NULL,visit_time REAL NOT NULL,title TEXT NULL);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9)
INSERT INTO history_items SELECT i, 'https://example.org/page/' || i, NULL, 1 FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9)
INSERT INTO history_visits SELECT i, i, 600000000.5 + i, 'the title of page ' || i FROM n;
`
	dir := t.TempDir()
	for name, script := range map[string]string{
		"a": visits, "b": visits + "DELETE FROM history_visits WHERE id = 4;", "vacuumed": visits + "DELETE FROM history_visits WHERE id = 4; VACUUM;",
	} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		db, err := sql.Open("sqlite", filepath.Join(dir, name, "History.db"))
		if err != nil {
			t.Fatal(err)
		}
		db.SetMaxOpenConns(1)
		if _, err := db.ExecContext(t.Context(), script); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		run1(t, exitOK, "check", filepath.Join(dir, name), "--out", filepath.Join(dir, name+"-result"))
	}
	for _, tt := range []struct {
		b         string
		recovered bool
	}{{"b", true}, {"vacuumed", false}} {
		// Result folders, and evidence that is checked first, say the same.
		for _, suffix := range []string{"-result", ""} {
			out := run1(t, exitOK, "compare", filepath.Join(dir, "a"+suffix), filepath.Join(dir, tt.b+suffix), "--json")
			gone, recovered := 0, false
			for line := range strings.Lines(out) {
				var d struct {
					Change    string
					A         struct{ Data map[string]any }
					Recovered *struct {
						Provenance struct{ State string }
					}
				}
				if json.Unmarshal([]byte(line), &d) != nil || d.Change != "gone" {
					continue
				}
				gone++
				recovered = d.Recovered != nil && d.Recovered.Provenance.State == "deleted"
				if d.A.Data["visit_id"] != 4.0 {
					t.Errorf("%s%s: gone is %v", tt.b, suffix, d.A.Data)
				}
			}
			if gone != 1 || recovered != tt.recovered {
				t.Errorf("%s%s: %d gone, found as deleted %v, want 1, %v\n%s", tt.b, suffix, gone, recovered, tt.recovered, out)
			}
		}
		list := run1(t, exitOK, "compare", filepath.Join(dir, "a-result"), filepath.Join(dir, tt.b+"-result"), "--list")
		if said := strings.Contains(list, "deleted"); said != tt.recovered {
			t.Errorf("%s: the list says deleted: %v\n%s", tt.b, said, list)
		}
	}
}
