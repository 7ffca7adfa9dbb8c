package ios

import (
	"encoding/hex"
	"testing"

	oracle "howett.net/plist"

	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

const (
	historyPath = "HomeDomain/Library/Safari/History.db"
	tabsPath    = "HomeDomain/Library/Safari/BrowserState.db"
)

// historySchema is that of iOS 13 and later.
const historySchema = `
CREATE TABLE history_items (id INTEGER PRIMARY KEY AUTOINCREMENT, url TEXT NOT NULL UNIQUE, domain_expansion TEXT NULL,
	visit_count INTEGER NOT NULL, daily_visit_counts BLOB NOT NULL, weekly_visit_counts BLOB NULL, autocomplete_triggers BLOB NULL,
	should_recompute_derived_visit_counts INTEGER NOT NULL, visit_count_score INTEGER NOT NULL, status_code INTEGER NOT NULL DEFAULT 0);
CREATE TABLE history_visits (id INTEGER PRIMARY KEY AUTOINCREMENT, history_item INTEGER NOT NULL REFERENCES history_items(id),
	visit_time REAL NOT NULL, title TEXT NULL, load_successful BOOLEAN NOT NULL DEFAULT 1, http_non_get BOOLEAN NOT NULL DEFAULT 0,
	synthesized BOOLEAN NOT NULL DEFAULT 0, redirect_source INTEGER NULL UNIQUE, redirect_destination INTEGER NULL UNIQUE,
	origin INTEGER NOT NULL DEFAULT 0, generation INTEGER NOT NULL DEFAULT 0, attributes INTEGER NOT NULL DEFAULT 0, score INTEGER NOT NULL DEFAULT 0);
CREATE TABLE history_tombstones (id INTEGER PRIMARY KEY AUTOINCREMENT, start_time REAL NOT NULL, end_time REAL NOT NULL, url TEXT, generation INTEGER NOT NULL DEFAULT 0);
`

func historySamples(tb testing.TB) []artifacttest.Sample {
	modern := historySchema + `
INSERT INTO history_items VALUES (1, 'http://yahoo.fr/', NULL, 3, x'00', NULL, NULL, 0, 100, 0),
	(2, 'https://bun54l2b67.get1tn0w.free247downloads.com:30495/szev4hz', 'free247downloads', 1, x'00', NULL, NULL, 0, 100, 0),
	(3, 'https://www.example.org/', 'example', 1, x'00', NULL, NULL, 0, 100, 200);
INSERT INTO history_visits VALUES (10, 1, 600000000.25, 'Yahoo', 1, 0, 0, NULL, 11, 0, 1, 0, 100),
	(11, 2, 600000000.50, NULL, 0, 0, 0, 10, 12, 0, 1, 0, 100),
	(12, 3, 600000001.50, 'Example', 1, 0, 0, 11, NULL, 0, 1, 0, 100),
	(13, 3, 600000100, 'Example', 1, 0, 0, NULL, NULL, 1, 2, 0, 100);
INSERT INTO history_tombstones VALUES (1, 500000000, 500000100, 'https://gone.example/', 3);
`
	old := `
CREATE TABLE history_items (id INTEGER PRIMARY KEY, url TEXT);
CREATE TABLE history_visits (id INTEGER PRIMARY KEY, history_item INTEGER, visit_time REAL);
INSERT INTO history_items VALUES (1, 'http://a.example/');
INSERT INTO history_visits VALUES (1, 1, 400000000);
`
	bad := `
CREATE TABLE history_items (id INTEGER PRIMARY KEY, url, visit_count);
CREATE TABLE history_visits (id INTEGER PRIMARY KEY, history_item, visit_time, title, redirect_source, redirect_destination, origin);
INSERT INTO history_items VALUES (1, x'ff', 'many');
INSERT INTO history_visits VALUES (1, 1, 'never', x'00ff', 'x', 1, 'here'), (2, 'one', 1e300, 5, 2, 2, 7), (3, 1, NULL, NULL, 9, 99, NULL);
`
	return []artifacttest.Sample{
		databaseSample(tb, "modern", historyPath, modern),
		databaseSample(tb, "old", historyPath, old),
		withBadValues(databaseSample(tb, "bad", historyPath, bad)),
	}
}

func TestSafariHistory(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, safariHistory{}, "testdata/safari_history", historySamples(t)...)
}

func FuzzSafariHistory(f *testing.F) {
	artifacttest.Fuzz(f, safariHistory{}, historySamples(f)...)
}

func TestRealSafariHistory(t *testing.T) {
	t.Parallel()
	files := map[string][]byte{
		historyPath:          readEvidence(t, "plaso", "safari", "History.db"),
		historyPath + "-wal": readEvidence(t, "plaso", "safari", "History.db-wal"),
	}
	recs, errs := artifacttest.Parse(t, safariHistory{}, artifacttest.Sample{Path: historyPath, Files: files})
	visits := 0
	for _, r := range recs {
		if r.Kind == "visit" {
			visits++
		}
	}
	if visits != 25 || len(errs) != 0 {
		t.Errorf("%d visits, errors %v", visits, errs)
	}
}

func tabsSamples(tb testing.TB) []artifacttest.Sample {
	session, err := oracle.Marshal(map[string]any{"SessionHistory": map[string]any{"SessionHistoryEntries": []any{
		map[string]any{"SessionHistoryEntryURL": "https://b.example/", "SessionHistoryEntryOriginalURL": "http://a.example/", "SessionHistoryEntryTitle": "B"},
		map[string]any{"SessionHistoryEntryURL": "https://c.example/"},
	}}}, oracle.BinaryFormat)
	if err != nil {
		tb.Fatal(err)
	}
	blob := "x'00000002" + hex.EncodeToString(session) + "'"
	modern := `
CREATE TABLE tabs (id INTEGER PRIMARY KEY, uuid TEXT NOT NULL UNIQUE, title TEXT, url TEXT, user_visible_url TEXT, order_index INTEGER,
	last_viewed_time REAL, opened_from_link BOOLEAN, private_browsing BOOLEAN, browser_window_uuid TEXT);
CREATE TABLE tab_sessions (id INTEGER PRIMARY KEY, tab_uuid TEXT NOT NULL UNIQUE, session_data BLOB, uncompressed_session_data_size INTEGER);
INSERT INTO tabs VALUES (1, 'U1', 'C', 'https://c.example/', 'c.example', 0, 600000000.5, 1, 0, 'W'), (2, 'U2', NULL, NULL, NULL, 1, 0, 0, 1, 'W');
INSERT INTO tab_sessions VALUES (1, 'U1', ` + blob + `, 0);
`
	old := `
CREATE TABLE tabs (id INTEGER PRIMARY KEY, uuid TEXT, title TEXT, url TEXT, last_viewed_time REAL, session_data BLOB);
INSERT INTO tabs VALUES (1, 'U1', 'C', 'https://c.example/', 500000000, ` + blob + `);
`
	bad := `
CREATE TABLE tabs (id INTEGER PRIMARY KEY, uuid, title, url, user_visible_url, last_viewed_time, session_data);
INSERT INTO tabs VALUES (1, 1, x'ff', 5, x'00', 'then', x'000000'), (2, NULL, NULL, NULL, NULL, NULL, x'0000000262706c697374');
`
	return []artifacttest.Sample{
		databaseSample(tb, "modern", tabsPath, modern),
		databaseSample(tb, "old", tabsPath, old),
		withBadValues(databaseSample(tb, "bad", tabsPath, bad)),
	}
}

func TestSafariBrowserState(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, safariBrowserState{}, "testdata/safari_browser_state", tabsSamples(t)...)
}

func FuzzSafariBrowserState(f *testing.F) {
	artifacttest.Fuzz(f, safariBrowserState{}, tabsSamples(f)...)
}
