package ios

import (
	"slices"
	"testing"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

const chromePath = "AppDomain-com.google.chrome.ios/Library/Application Support/Google/Chrome/Default/History"

// chromeSchema is that of Chromium's history database, version 70, without
// indexes and the tables that no parser reads.
const chromeSchema = `
CREATE TABLE meta(key LONGVARCHAR NOT NULL UNIQUE PRIMARY KEY, value LONGVARCHAR);
CREATE TABLE urls(id INTEGER PRIMARY KEY AUTOINCREMENT,url LONGVARCHAR,title LONGVARCHAR,visit_count INTEGER DEFAULT 0 NOT NULL,typed_count INTEGER DEFAULT 0 NOT NULL,last_visit_time INTEGER NOT NULL,hidden INTEGER DEFAULT 0 NOT NULL);
CREATE TABLE visits(id INTEGER PRIMARY KEY AUTOINCREMENT,url INTEGER NOT NULL,visit_time INTEGER NOT NULL,from_visit INTEGER,external_referrer_url TEXT,transition INTEGER DEFAULT 0 NOT NULL,segment_id INTEGER,visit_duration INTEGER DEFAULT 0 NOT NULL,incremented_omnibox_typed_score BOOLEAN DEFAULT FALSE NOT NULL,opener_visit INTEGER,originator_cache_guid TEXT,originator_visit_id INTEGER,originator_from_visit INTEGER,originator_opener_visit INTEGER,is_known_to_sync BOOLEAN DEFAULT FALSE NOT NULL,consider_for_ntp_most_visited BOOLEAN DEFAULT FALSE NOT NULL,visited_link_id INTEGER DEFAULT 0 NOT NULL,app_id TEXT);
CREATE TABLE visit_source(id INTEGER PRIMARY KEY,source INTEGER NOT NULL);
CREATE TABLE keyword_search_terms (keyword_id INTEGER NOT NULL,url_id INTEGER NOT NULL,term LONGVARCHAR NOT NULL,normalized_term LONGVARCHAR NOT NULL);
CREATE TABLE visited_links(id INTEGER PRIMARY KEY AUTOINCREMENT,link_url_id INTEGER NOT NULL,top_level_url LONGVARCHAR NOT NULL,frame_url LONGVARCHAR NOT NULL,visit_count INTEGER DEFAULT 0 NOT NULL);
CREATE TABLE downloads (id INTEGER PRIMARY KEY,guid VARCHAR NOT NULL,current_path LONGVARCHAR NOT NULL,target_path LONGVARCHAR NOT NULL,start_time INTEGER NOT NULL,received_bytes INTEGER NOT NULL,total_bytes INTEGER NOT NULL,state INTEGER NOT NULL,danger_type INTEGER NOT NULL,interrupt_reason INTEGER NOT NULL,hash BLOB NOT NULL,end_time INTEGER NOT NULL,opened INTEGER NOT NULL,last_access_time INTEGER NOT NULL,transient INTEGER NOT NULL,referrer VARCHAR NOT NULL,site_url VARCHAR NOT NULL,embedder_download_data VARCHAR NOT NULL,tab_url VARCHAR NOT NULL,tab_referrer_url VARCHAR NOT NULL,http_method VARCHAR NOT NULL,by_ext_id VARCHAR NOT NULL,by_ext_name VARCHAR NOT NULL,by_web_app_id VARCHAR NOT NULL,etag VARCHAR NOT NULL,last_modified VARCHAR NOT NULL,mime_type VARCHAR(255) NOT NULL,original_mime_type VARCHAR(255) NOT NULL);
CREATE TABLE downloads_url_chains (id INTEGER NOT NULL,chain_index INTEGER NOT NULL,url LONGVARCHAR NOT NULL, PRIMARY KEY (id, chain_index) );
`

// chromeVisits is a link that two redirects lead on, a new tab, a page whose
// visits are gone, and a visit of another device.
const chromeVisits = `
INSERT INTO urls VALUES (1, 'https://news.example.org/', 'News', 3, 1, 13300000000000000, 0), (2, 'http://bit.example/a', '', 1, 0, 13300000001000000, 1),
	(3, 'https://redirect.example.net/?x=1', '', 1, 0, 13300000001100000, 1), (4, 'https://infection.example.com/p', 'Blank', 1, 0, 13300000001200000, 0),
	(5, 'https://deleted.example.com/', 'Was here', 2, 0, 13200000000000000, 0), (6, 'https://www.google.com/search?q=ni%C3%B1o', 'niño', 1, 0, 13300000003000000, 0);
INSERT INTO visits (id, url, visit_time, from_visit, transition, visit_duration, opener_visit, originator_cache_guid, originator_visit_id, external_referrer_url, segment_id) VALUES
	(1, 1, 13300000000000000, 0, 838860801, 5000000, 0, '', 0, '', 4), (2, 2, 13300000001000000, 1, 268435456, 0, 0, '', 0, '', 0),
	(3, 3, 13300000001100000, 2, -2147483648, 0, 0, '', 0, '', 0), (4, 4, 13300000001200000, 3, 2684354560, 1200000, 0, '', 0, '', 0),
	(5, 6, 13300000003000000, 0, 805306373, 0, 4, '', 0, 'android-app://org.example', 0), (6, 1, 13300000004000000, 0, 805306368, 0, 0, 'Zm9v', 77, '', 0);
INSERT INTO visit_source VALUES (6, 0);
INSERT INTO keyword_search_terms VALUES (2, 6, 'Niño', 'niño');
INSERT INTO visited_links VALUES (1, 4, 'https://news.example.org', 'https://frame.example.org', 1);
INSERT INTO downloads VALUES (1, 'b0a1', '/var/mobile/x/a.pdf.crdownload', '/var/mobile/x/a.pdf', 13300000005000000, 10, 20, 4, 0, 40, x'', 0, 0, 0, 0, 'https://news.example.org/', '', '', 'https://news.example.org/', '', '', '', '', '', '', '', 'application/pdf', 'application/pdf'),
	(2, 'b0a2', '/private/var/mobile/y.bin', '/private/var/mobile/y.bin', 13300000006000000, 20, 20, 1, 8, 0, x'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', 13300000006500000, 1, 13300000007000000, 0, '', 'https://site.example/', '', '', 'https://tabref.example/', '', '', '', '', '', '', '', '');
INSERT INTO downloads_url_chains VALUES (1, 1, 'https://cdn.example/a.pdf'), (1, 0, 'https://short.example/a'), (2, 0, 'https://cdn.example/y.bin');
`

func chromeSamples(tb testing.TB) []artifacttest.Sample {
	old := `
CREATE TABLE urls(id INTEGER PRIMARY KEY,url LONGVARCHAR,title LONGVARCHAR,visit_count INTEGER DEFAULT 0 NOT NULL,typed_count INTEGER DEFAULT 0 NOT NULL,last_visit_time INTEGER NOT NULL,hidden INTEGER DEFAULT 0 NOT NULL,favicon_id INTEGER DEFAULT 0 NOT NULL);
CREATE TABLE visits(id INTEGER PRIMARY KEY,url INTEGER NOT NULL,visit_time INTEGER NOT NULL,from_visit INTEGER,transition INTEGER DEFAULT 0 NOT NULL,segment_id INTEGER,visit_duration INTEGER DEFAULT 0 NOT NULL);
CREATE TABLE keyword_search_terms (keyword_id INTEGER NOT NULL,url_id INTEGER NOT NULL,lower_term LONGVARCHAR NOT NULL,term LONGVARCHAR NOT NULL);
CREATE TABLE downloads (id INTEGER PRIMARY KEY,current_path LONGVARCHAR NOT NULL,target_path LONGVARCHAR NOT NULL,start_time INTEGER NOT NULL,received_bytes INTEGER NOT NULL,total_bytes INTEGER NOT NULL,state INTEGER NOT NULL,danger_type INTEGER NOT NULL, interrupt_reason INTEGER NOT NULL,end_time INTEGER NOT NULL,opened INTEGER NOT NULL,referrer VARCHAR NOT NULL,by_ext_id VARCHAR NOT NULL,by_ext_name VARCHAR NOT NULL,etag VARCHAR NOT NULL,last_modified VARCHAR NOT NULL);
CREATE TABLE downloads_url_chains (id INTEGER NOT NULL,chain_index INTEGER NOT NULL,url LONGVARCHAR NOT NULL, PRIMARY KEY (id, chain_index) );
INSERT INTO urls VALUES (1, 'http://example.org/', 'Example', 1, 1, 12990000000000000, 0, 0);
INSERT INTO visits VALUES (1, 1, 12990000000000000, 0, 805306369, 0, 0);
INSERT INTO keyword_search_terms VALUES (1, 1, 'exam', 'Exam');
INSERT INTO downloads VALUES (1, '/x/y', '/x/y', 12990000001000000, 1, 1, 1, 4, 0, 12990000002000000, 0, 'http://example.org/', '', '', '', '');
INSERT INTO downloads_url_chains VALUES (1, 0, 'http://example.org/y');
`
	bad := `
CREATE TABLE urls(id INTEGER PRIMARY KEY, url, title, visit_count, typed_count, last_visit_time);
CREATE TABLE visits(id INTEGER PRIMARY KEY, url, visit_time, from_visit, transition, opener_visit, external_referrer_url);
CREATE TABLE visit_source(id INTEGER PRIMARY KEY, source);
CREATE TABLE keyword_search_terms (keyword_id, url_id, term);
CREATE TABLE downloads (id INTEGER PRIMARY KEY, target_path, current_path, state, danger_type, hash, start_time);
CREATE TABLE downloads_url_chains (id, chain_index, url);
INSERT INTO urls VALUES (1, x'ff00', 7, 'many', NULL, 'then'), (2, NULL, NULL, NULL, NULL, NULL), (3, 'https://a.example/', 'A', 1, 0, 1e300), (-4, 'https://b.example/', 'B', 1, 0, 0);
INSERT INTO visits VALUES (1, 'one', 'now', 'x', 'link', x'00', 9), (2, 3, -5, 3, 0xA0000000, 2, x'68747470733a2f2f612f'), (3, -4, 9223372036854775807, 2, 0x8000000B, 99, NULL), (4, 99, NULL, 4, NULL, NULL, NULL), (5, NULL, 1, 5, 0xE0000000, 5, '');
INSERT INTO visit_source VALUES (2, 'x'), (3, 42);
INSERT INTO keyword_search_terms VALUES ('a', 'b', 7), (1, 3, NULL);
INSERT INTO downloads VALUES (1, 7, x'ff', 77, 'x', 'short', 'then'), (2, NULL, NULL, NULL, NULL, x'00', NULL);
INSERT INTO downloads_url_chains VALUES (1, 'x', 7), ('one', 0, 'https://lost.example/'), (2, NULL, 'https://c.example/');
`
	return []artifacttest.Sample{
		databaseSample(tb, "modern", chromePath, chromeSchema+chromeVisits),
		databaseSample(tb, "old", chromePath, old),
		withBadValues(databaseSample(tb, "bad", chromePath, bad)),
	}
}

func TestChromeHistory(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, chromeHistory{}, "testdata/chrome_history", chromeSamples(t)...)
}

func FuzzChromeHistory(f *testing.F) {
	artifacttest.Fuzz(f, chromeHistory{}, chromeSamples(f)...)
}

func TestChromeRedirects(t *testing.T) {
	t.Parallel()
	recs, errs := artifacttest.Parse(t, chromeHistory{}, chromeSamples(t)[0])
	if len(errs) != 0 {
		t.Fatal(errs)
	}
	last := recs[3]
	want := []string{"http://bit.example/a", "https://redirect.example.net/?x=1", "https://infection.example.com/p"}
	if got := last.Get("redirect_chain").Strings(); !slices.Equal(got, want) {
		t.Errorf("chain %q", got)
	}
	if got := last.Text("redirect_source_url"); got != want[1] {
		t.Errorf("redirected by %q", got)
	}
	compareObserved(t, last, []artifact.Observable{{Type: artifact.URL, Value: want[2], Field: "url"}})
}

func TestChromeFiles(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{
		chromePath: true,
		"AppDomain-com.google.chrome.ios/Library/Application Support/Google/Chrome/Profile 2/History":                   true,
		"private/var/mobile/Containers/Data/Application/0A7C/Library/Application Support/Google/Chrome/Default/History": true,
		"AppDomain-com.google.chrome.ios/Library/Application Support/Google/Chrome/Default/History-journal":             false,
		"AppDomain-com.google.chrome.ios/Library/Application Support/Google/Chrome/Default/Extensions/History":          false,
	} {
		if got := artifact.MatchAny(chromeHistory{}.Info().Files, path); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
}

// TestRealChromeHistory: databases of the desktop have the schema of the
// phone's.
func TestRealChromeHistory(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]map[artifact.Kind]int{
		"30": {"visit": 46, "page": 0, "download": 2, "search": 5},
		"60": {"visit": 61, "page": 0, "download": 2, "search": 5},
	} {
		recs, errs := artifacttest.Parse(t, chromeHistory{}, artifacttest.Sample{
			Path: chromePath, Files: map[string][]byte{chromePath: readEvidence(t, "hindsight", version, "History")},
		})
		kinds := map[artifact.Kind]int{}
		chains, times := 0, 0
		for _, r := range recs {
			kinds[r.Kind]++
			chains += len(r.Get("redirect_chain").Strings())
			for _, at := range r.Times {
				if !at.At.IsZero() {
					times++
				}
			}
			if r.Kind == "visit" && (r.Text("url") == "" || r.Text("transition") == "" || r.Times[0].At.IsZero()) {
				t.Errorf("%s: visit without address, transition or time: %v", version, r.Fields)
			}
		}
		t.Log(version, kinds, chains, times)
		for kind, n := range want {
			if kinds[kind] != n {
				t.Errorf("%s: %d records of kind %s, want %d", version, kinds[kind], kind, n)
			}
		}
		if len(errs) != 0 {
			t.Error(errs)
		}
	}
}
