package ios

import (
	"slices"
	"testing"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

const (
	firefoxBrowserPath = "AppDomainGroup-group.org.mozilla.ios.Firefox/profile.profile/browser.db"
	firefoxPlacesPath  = "private/var/mobile/Containers/Shared/AppGroup/3F2504E0/profile.profile/places.db"
)

// firefoxBrowserSchema is that of BrowserSchema.swift, version 40, without
// indexes, views and the tables that no parser reads.
const firefoxBrowserSchema = `
CREATE TABLE domains (id INTEGER PRIMARY KEY AUTOINCREMENT, domain TEXT NOT NULL UNIQUE, showOnTopSites TINYINT NOT NULL DEFAULT 1);
CREATE TABLE history (id INTEGER PRIMARY KEY AUTOINCREMENT, guid TEXT NOT NULL UNIQUE, url TEXT UNIQUE, title TEXT NOT NULL, server_modified INTEGER, local_modified INTEGER, is_deleted TINYINT NOT NULL, should_upload TINYINT NOT NULL, domain_id INTEGER REFERENCES domains(id) ON DELETE CASCADE, CONSTRAINT urlOrDeleted CHECK (url IS NOT NULL OR is_deleted = 1));
CREATE TABLE visits (id INTEGER PRIMARY KEY AUTOINCREMENT, siteID INTEGER NOT NULL REFERENCES history(id) ON DELETE CASCADE, date REAL NOT NULL, type INTEGER NOT NULL, is_local TINYINT NOT NULL, UNIQUE (siteID, date, type));
CREATE TABLE favicons (id INTEGER PRIMARY KEY AUTOINCREMENT, url TEXT NOT NULL UNIQUE, width INTEGER, height INTEGER, type INTEGER NOT NULL, date REAL NOT NULL);
CREATE TABLE favicon_sites (id INTEGER PRIMARY KEY AUTOINCREMENT, siteID INTEGER NOT NULL REFERENCES history(id) ON DELETE CASCADE, faviconID INTEGER NOT NULL REFERENCES favicons(id) ON DELETE CASCADE, UNIQUE (siteID, faviconID));
CREATE TABLE favicon_site_urls (id INTEGER PRIMARY KEY AUTOINCREMENT, site_url TEXT NOT NULL, faviconID INTEGER NOT NULL REFERENCES favicons(id) ON DELETE CASCADE, UNIQUE (site_url, faviconID));
CREATE TABLE queue (url TEXT NOT NULL UNIQUE, title TEXT);
CREATE TABLE tabs (id INTEGER PRIMARY KEY AUTOINCREMENT, client_guid TEXT, url TEXT NOT NULL, title TEXT, history TEXT, last_used INTEGER);
CREATE TABLE cached_top_sites (historyID INTEGER, url TEXT NOT NULL, title TEXT NOT NULL, guid TEXT NOT NULL UNIQUE, domain_id INTEGER, domain TEXT NO NULL, localVisitDate REAL, remoteVisitDate REAL, localVisitCount INTEGER, remoteVisitCount INTEGER, iconID INTEGER, iconURL TEXT, iconDate REAL, iconType INTEGER, iconWidth INTEGER, frecencies REAL);
CREATE TABLE pinned_top_sites (historyID INTEGER, url TEXT NOT NULL UNIQUE, title TEXT, guid TEXT, pinDate REAL, domain TEXT NOT NULL);
CREATE TABLE page_metadata (id INTEGER PRIMARY KEY, cache_key LONGVARCHAR UNIQUE, site_url TEXT, media_url LONGVARCHAR, title TEXT, type VARCHAR(32), description TEXT, provider_name TEXT, created_at DATETIME DEFAULT CURRENT_TIMESTAMP, expired_at LONG);
`

const firefoxBrowserRows = `
INSERT INTO domains VALUES (1, 'example.org', 1);
INSERT INTO history VALUES (1, 'aaaaaaaaaaaa', 'https://example.org/', 'Example', NULL, 1600000000000, 0, 1, 1), (2, 'bbbbbbbbbbbb', 'https://other.example.com/', 'Other', 1600000001000, NULL, 0, 0, NULL),
	(3, 'cccccccccccc', NULL, '', NULL, 1600000002000, 1, 1, NULL);
INSERT INTO visits VALUES (1, 1, 1600000000123456.0, 2, 1), (2, 1, 1600000100000000.0, 1, 0);
INSERT INTO favicons VALUES (1, 'https://example.org/favicon.ico', 32, 32, 1, 1600000000.5), (2, 'https://alone.example/i.png', NULL, NULL, 0, 1600000001);
INSERT INTO favicon_sites VALUES (1, 1, 1), (2, 2, 1);
INSERT INTO favicon_site_urls VALUES (1, 'https://third.example/', 1);
INSERT INTO queue VALUES ('https://queued.example/', 'Sent');
INSERT INTO tabs VALUES (1, 'desk', 'https://tab.example/', 'Tab', '["https://before.example/","https://tab.example/"]', 1600000003000);
INSERT INTO cached_top_sites VALUES (1, 'https://example.org/', 'Example', 'aaaaaaaaaaaa', 1, 'example.org', 1600000000123456.0, 0, 1, 0, 1, 'https://example.org/favicon.ico', 1600000000.5, 1, 32, 100.0);
INSERT INTO pinned_top_sites VALUES (1, 'https://example.org/', 'Example', 'aaaaaaaaaaaa', 1600000004000.0, 'example.org');
INSERT INTO page_metadata (id, site_url, media_url, title, created_at, expired_at) VALUES (1, 'https://example.org/', 'https://cdn.example/p.jpg', 'Example', '2020-09-13 12:26:40', 1600086400000);
`

// firefoxPlaces is the schema of Mozilla's application-services, without
// indexes, constraints on other tables and the tables of bookmarks.
const firefoxPlaces = `
CREATE TABLE moz_places (id INTEGER PRIMARY KEY, url LONGVARCHAR NOT NULL, title LONGVARCHAR, visit_count_local INTEGER NOT NULL DEFAULT 0, visit_count_remote INTEGER NOT NULL DEFAULT 0, hidden INTEGER DEFAULT 0 NOT NULL, typed INTEGER DEFAULT 0 NOT NULL, frecency INTEGER DEFAULT -1 NOT NULL, last_visit_date_local INTEGER NOT NULL DEFAULT 0, last_visit_date_remote INTEGER NOT NULL DEFAULT 0, guid TEXT NOT NULL UNIQUE, foreign_count INTEGER DEFAULT 0 NOT NULL, url_hash INTEGER DEFAULT 0 NOT NULL, description TEXT, preview_image_url TEXT, origin_id INTEGER, sync_status TINYINT NOT NULL DEFAULT 1, sync_change_counter INTEGER NOT NULL DEFAULT 0);
CREATE TABLE moz_historyvisits (id INTEGER PRIMARY KEY, is_local INTEGER NOT NULL, from_visit INTEGER, place_id INTEGER NOT NULL, visit_date INTEGER NOT NULL, visit_type INTEGER NOT NULL);
CREATE TABLE moz_historyvisit_tombstones (place_id INTEGER NOT NULL, visit_date INTEGER NOT NULL, PRIMARY KEY(place_id, visit_date));
CREATE TABLE moz_inputhistory (place_id INTEGER NOT NULL, input LONGVARCHAR NOT NULL, use_count INTEGER, PRIMARY KEY (place_id, input));
CREATE TABLE moz_places_metadata (id INTEGER PRIMARY KEY, place_id INTEGER NOT NULL, referrer_place_id INTEGER, created_at INTEGER NOT NULL DEFAULT 0, updated_at INTEGER NOT NULL DEFAULT 0, total_view_time INTEGER NOT NULL DEFAULT 0, search_query_id INTEGER, document_type INTEGER NOT NULL DEFAULT 0, typing_time INTEGER, key_presses INTEGER, title TEXT);
CREATE TABLE moz_places_metadata_search_queries (id INTEGER PRIMARY KEY, term TEXT NOT NULL UNIQUE);
INSERT INTO moz_places (id, url, title, visit_count_local, typed, last_visit_date_local, last_visit_date_remote, guid, url_hash, preview_image_url) VALUES
	(1, 'https://news.example.org/', 'News', 2, 1, 1700000000000, 0, 'p1__________', 47356411089529, NULL),
	(2, 'http://bit.example/a', NULL, 1, 0, 1700000001000, 0, 'p2__________', 1, NULL), (3, 'https://redirect.example.net/', NULL, 1, 0, 1700000001100, 0, 'p3__________', 2, NULL),
	(4, 'https://infection.example.com/p', 'Blank', 1, 0, 1700000001200, 0, 'p4__________', 3, NULL), (5, 'https://deleted.example.com/', 'Was here', 0, 0, 0, 1690000000000, 'p5__________', 4, 'https://img.example/x.png');
INSERT INTO moz_historyvisits VALUES (1, 1, NULL, 1, 1700000000000, 2), (2, 1, 1, 2, 1700000001000, 1), (3, 1, 2, 3, 1700000001100, 6), (4, 1, 3, 4, 1700000001200, 5), (5, 0, NULL, 1, 1699999990000, 1);
INSERT INTO moz_historyvisit_tombstones VALUES (1, 1699000000000);
INSERT INTO moz_inputhistory VALUES (1, 'new', 3);
INSERT INTO moz_places_metadata_search_queries VALUES (1, 'noticias');
INSERT INTO moz_places_metadata VALUES (1, 4, 1, 1700000001300, 1700000009300, 8000, 1, 0, 0, 0, 'Blank page');
`

func firefoxSamples(tb testing.TB) []artifacttest.Sample {
	bad := `
CREATE TABLE moz_places (id INTEGER PRIMARY KEY, url, title, visit_count_local, typed, last_visit_date_local);
CREATE TABLE moz_historyvisits (id INTEGER PRIMARY KEY, is_local, from_visit, place_id, visit_date, visit_type);
CREATE TABLE moz_historyvisit_tombstones (place_id, visit_date);
CREATE TABLE moz_inputhistory (place_id, input);
CREATE TABLE moz_places_metadata (id INTEGER PRIMARY KEY, place_id, referrer_place_id, created_at, search_query_id);
INSERT INTO moz_places VALUES (1, x'ff', 7, 'many', 'x', 'then'), (2, NULL, NULL, NULL, NULL, NULL), (3, 'https://a.example/', 'A', 1, 1, 1e300);
INSERT INTO moz_historyvisits VALUES (1, 'here', 'x', 'one', 'now', 'link'), (2, NULL, 3, 3, -5, 5), (3, 1, 2, 3, 9223372036854775807, 6), (4, 1, 4, 99, 1700000000, 99), (5, NULL, NULL, NULL, NULL, NULL);
INSERT INTO moz_historyvisit_tombstones VALUES (x'00', 'x'), (3, 1700000000123456);
INSERT INTO moz_inputhistory VALUES (NULL, 9);
INSERT INTO moz_places_metadata VALUES (1, 'x', 3, x'00', 5);
`
	badBrowser := `
CREATE TABLE visits (id INTEGER PRIMARY KEY, siteID, date, type, is_local);
CREATE TABLE tabs (url, title, history, last_used);
CREATE TABLE page_metadata (site_url, media_url);
INSERT INTO visits VALUES (1, 'one', 'now', NULL, 'x');
INSERT INTO tabs VALUES (7, 9, x'ff', 'then'), (NULL, NULL, '[["https://in.example/"', 1e300);
INSERT INTO page_metadata VALUES (x'ff', 7);
`
	return []artifacttest.Sample{
		databaseSample(tb, "places", firefoxPlacesPath, firefoxPlaces),
		databaseSample(tb, "browser", firefoxBrowserPath, firefoxBrowserSchema+firefoxBrowserRows),
		databaseSample(tb, "browser_after", firefoxBrowserPath, "CREATE TABLE queue (url TEXT NOT NULL UNIQUE, title TEXT); INSERT INTO queue VALUES ('https://queued.example/', 'Sent');"),
		withBadValues(databaseSample(tb, "bad", firefoxPlacesPath, bad)),
		withBadValues(databaseSample(tb, "bad_browser", firefoxBrowserPath, badBrowser)),
	}
}

func TestFirefoxHistory(t *testing.T) {
	t.Parallel()
	samples := firefoxSamples(t)
	for _, s := range samples {
		if !artifact.MatchAny(firefoxHistory{}.Info().Files, s.Path) {
			t.Errorf("%s is not read", s.Path)
		}
	}
	artifacttest.Run(t, firefoxHistory{}, "testdata/firefox_history", samples...)
}

func FuzzFirefoxHistory(f *testing.F) {
	artifacttest.Fuzz(f, firefoxHistory{}, firefoxSamples(f)...)
}

func TestFirefoxRedirects(t *testing.T) {
	t.Parallel()
	recs, errs := artifacttest.Parse(t, firefoxHistory{}, firefoxSamples(t)[0])
	if len(errs) != 0 {
		t.Fatal(errs)
	}
	want := []string{"http://bit.example/a", "https://redirect.example.net/", "https://infection.example.com/p"}
	if got := recs[3].Get("redirect_chain").Strings(); !slices.Equal(got, want) {
		t.Errorf("chain %q", got)
	}
	compareObserved(t, recs[3], []artifact.Observable{{Type: artifact.URL, Value: want[2], Field: "url"}})
}

func TestFirefoxEpoch(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		raw  artifact.Value
		want artifact.Epoch
	}{
		{artifact.IntValue(1600000000), artifact.UnixSeconds},
		{artifact.FloatValue(1600000000.5), artifact.UnixSeconds},
		{artifact.IntValue(1600000000000), artifact.UnixMilliseconds},
		{artifact.FloatValue(1600000000123456), artifact.UnixMicroseconds},
		{artifact.TextValue("then"), artifact.UnixSeconds},
		{artifact.Value{}, artifact.UnixSeconds},
	} {
		if got := firefoxEpoch(tt.raw); got != tt.want {
			t.Errorf("%v: %s", tt.raw, got)
		}
	}
}
