package ios

import (
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
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

// TestRedirectWithoutAWayBack: the destination need not name its source.
func TestRedirectWithoutAWayBack(t *testing.T) {
	t.Parallel()
	s := databaseSample(t, "one_way", historyPath, historySchema+`
INSERT INTO history_items VALUES (1, 'http://a.example/', NULL, 1, x'00', NULL, NULL, 0, 100, 0), (2, 'https://b.example/', NULL, 1, x'00', NULL, NULL, 0, 100, 0);
INSERT INTO history_visits VALUES (1, 1, 600000000, NULL, 1, 0, 0, NULL, 2, 0, 1, 0, 100), (2, 2, 600086400.5, NULL, 1, 0, 0, NULL, NULL, 0, 1, 0, 100);
`)
	recs, errs := artifacttest.Parse(t, safariHistory{}, s)
	if len(recs) != 2 || len(errs) != 0 {
		t.Fatalf("%d records, errors %v", len(recs), errs)
	}
	if ms, _ := recs[0].Get("redirect_ms").Int(); ms != 86_400_500 || recs[0].Text("redirect_destination_url") != "https://b.example/" {
		t.Errorf("%v", recs[0].Fields)
	}
}

// TestRedirectsInACircle: a chain that comes back to itself ends.
func TestRedirectsInACircle(t *testing.T) {
	t.Parallel()
	s := databaseSample(t, "circle", historyPath, strings.ReplaceAll(historySchema, "INTEGER NULL UNIQUE", "INTEGER")+`
INSERT INTO history_items VALUES (1, 'http://a.example/', NULL, 1, x'00', NULL, NULL, 0, 100, 0), (2, 'https://b.example/', NULL, 1, x'00', NULL, NULL, 0, 100, 0),
	(3, 'http://start.example/', NULL, 1, x'00', NULL, NULL, 0, 100, 0);
INSERT INTO history_visits (id, history_item, visit_time, redirect_source, redirect_destination) VALUES
	(1, 1, 600000000, 2, 2), (2, 2, 600000001, 1, 1), (5, 3, 600000000, NULL, 1);
`)
	recs, errs := artifacttest.Parse(t, safariHistory{}, s)
	if len(recs) != 5 || len(errs) != 0 { // with a gap, and all gaps
		t.Fatalf("%d records, errors %v", len(recs), errs)
	}
	want := []string{"http://start.example/", "http://a.example/", "https://b.example/"}
	if diff := cmp.Diff(want, recs[2].Get("redirect_chain").Strings()); diff != "" {
		t.Errorf("chain (-want +got):\n%s", diff)
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
		databaseSample(tb, "tabs", safariTabsPath, bookmarksScript(tb, session)),
		withBadValues(databaseSample(tb, "tabs_bad", safariTabsPath, badBookmarks)),
	}
}

// safariTabsPath is that of iOS 15 and later.
const safariTabsPath = "AppDomain-com.apple.mobilesafari/Library/Safari/SafariTabs.db"

const badBookmarks = `
CREATE TABLE bookmarks (id INTEGER PRIMARY KEY, parent, type, title, url, extra_attributes, local_attributes, last_modified, date_closed);
CREATE TABLE windows (id INTEGER PRIMARY KEY, private_tab_group_id);
INSERT INTO windows VALUES (1, 'x'), (2, NULL);
INSERT INTO bookmarks VALUES (1, 'p', 'folder', x'ff', NULL, NULL, NULL, NULL, NULL), (2, 1, NULL, 5, 7, x'00', 'text', 'then', x'00'),
	(3, NULL, 0, NULL, 'https://a.example/', x'62706c697374', NULL, 1e300, 0);
`

// bookmarksScript makes a SafariTabs.db with a tab in a private group, one
// in a named group, and one whose address is in its attributes alone.
func bookmarksScript(tb testing.TB, session []byte) string {
	tb.Helper()
	day := time.Date(2023, 5, 6, 7, 8, 9, 0, time.UTC)
	blob := func(v any) string {
		data, err := oracle.Marshal(v, oracle.BinaryFormat)
		if err != nil {
			tb.Fatal(err)
		}
		return "x'" + hex.EncodeToString(data) + "'"
	}
	extra := blob(map[string]any{
		"DateLastViewed": day, "LocalURL": "https://b.example/", "com.apple.Bookmark": map[string]any{"DateAdded": day.AddDate(0, 0, -1)},
	})
	local := blob(map[string]any{
		"LastVisitTime": day.Add(time.Minute), "OpenedFromLink": true, "SessionState": append([]byte{0, 0, 0, 2}, session...),
	})
	opaque := blob(map[string]any{"OpenedFromLink": false, "DateClosed": day, "SessionState": []byte("opaque")})
	return `
CREATE TABLE bookmarks (id INTEGER PRIMARY KEY, special_id INTEGER, parent INTEGER, type INTEGER, subtype INTEGER, title TEXT, url TEXT,
	num_children INTEGER, order_index INTEGER, external_uuid TEXT, last_modified REAL, extra_attributes BLOB, local_attributes BLOB, date_closed REAL);
CREATE TABLE windows (id INTEGER PRIMARY KEY, active_tab_group_id INTEGER, private_tab_group_id INTEGER, uuid TEXT);
INSERT INTO windows VALUES (1, 2, 3, 'W');
INSERT INTO bookmarks VALUES (1, 0, NULL, 1, 0, 'Root', NULL, 2, 0, 'Root', NULL, NULL, NULL, NULL),
	(2, 0, 1, 1, 0, 'Work', NULL, 1, 0, 'G1', NULL, NULL, NULL, NULL), (3, 0, 1, 1, 0, 'Private', NULL, 1, 1, 'G2', NULL, NULL, NULL, NULL),
	(4, 0, 2, 0, 0, 'A', 'https://a.example/', 0, 0, 'T1', NULL, ` + extra + `, ` + local + `, NULL),
	(5, 0, 3, 0, 0, NULL, 'https://p.example/', 0, 0, 'T2', 600000000, NULL, ` + opaque + `, NULL),
	(6, 0, 2, 0, 0, NULL, NULL, 0, 1, 'T3', NULL, ` + extra + `, NULL, 600000001.5);
`
}

func TestSafariBrowserState(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, safariBrowserState{}, "testdata/safari_browser_state", tabsSamples(t)...)
}

func FuzzSafariBrowserState(f *testing.F) {
	artifacttest.Fuzz(f, safariBrowserState{}, tabsSamples(f)...)
}
