package ios

import (
	"testing"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

const safariFaviconPath = "private/var/mobile/Containers/Data/Application/7C2D/Library/Image Cache/Favicons/Favicons.db"

func safariFaviconSamples(tb testing.TB) []artifacttest.Sample {
	// The schema is that which SafariShared's migrations write.
	old := `
CREATE TABLE database_info (key TEXT NOT NULL ON CONFLICT FAIL UNIQUE ON CONFLICT REPLACE,value TEXT NOT NULL ON CONFLICT FAIL);
CREATE TABLE page_url (url TEXT NOT NULL ON CONFLICT FAIL UNIQUE ON CONFLICT REPLACE,uuid TEXT NOT NULL ON CONFLICT FAIL);
CREATE TABLE icon_info (uuid TEXT PRIMARY KEY NOT NULL ON CONFLICT FAIL,url TEXT NOT NULL ON CONFLICT FAIL,timestamp INTEGER);
INSERT INTO page_url VALUES ('https://example.org/', 'E1A0');
INSERT INTO icon_info VALUES ('E1A0', 'https://example.org/favicon.ico', 500000000);
`
	modern := `
CREATE TABLE page_url (url TEXT NOT NULL ON CONFLICT FAIL UNIQUE ON CONFLICT REPLACE,uuid TEXT NOT NULL ON CONFLICT FAIL);
CREATE TABLE icon_info (uuid TEXT PRIMARY KEY NOT NULL ON CONFLICT FAIL,url TEXT NOT NULL ON CONFLICT FAIL,timestamp INTEGER, width INTEGER DEFAULT 0, height INTEGER DEFAULT 0, has_generated_representations INTEGER DEFAULT 0);
CREATE TABLE rejected_resources (page_url TEXT NOT NULL ON CONFLICT FAIL,icon_url TEXT NOT NULL ON CONFLICT FAIL,timestamp INTEGER,UNIQUE(page_url, icon_url));
INSERT INTO page_url VALUES ('https://news.example.org/', 'E1A0'), ('https://news.example.org/b', 'E1A0'), ('https://lost.example/', 'FFFF');
INSERT INTO icon_info VALUES ('E1A0', 'https://news.example.org/favicon.ico', 690754922.657121, 32, 32, 1), ('B2', 'https://infection.example.com/favicon.ico', 690754923, 16, 16, 0);
INSERT INTO rejected_resources VALUES ('https://infection.example.com/p', 'https://infection.example.com/apple-touch-icon.png', 690754924);
`
	bad := `
CREATE TABLE page_url (url, uuid);
CREATE TABLE icon_info (uuid, url, timestamp, width);
CREATE TABLE rejected_resources (page_url, icon_url, timestamp);
INSERT INTO page_url VALUES (7, x'ff'), (NULL, NULL), (x'68747470733a2f2f612f', 5), ('https://twice.example/', 'T');
INSERT INTO icon_info VALUES (5, 'https://a/i', 'then', 'wide'), (NULL, NULL, NULL, NULL), ('T', 'https://one.example/', 1e300, 1), ('T', 'https://two.example/', -1, 1);
INSERT INTO rejected_resources VALUES (NULL, 9, x'00');
`
	return []artifacttest.Sample{
		databaseSample(tb, "modern", safariFaviconPath, modern),
		databaseSample(tb, "old", "private/var/mobile/Library/Image Cache/Favicons/Favicons.db", old),
		withBadValues(databaseSample(tb, "bad", safariFaviconPath, bad)),
	}
}

func TestSafariFavicon(t *testing.T) {
	t.Parallel()
	samples := safariFaviconSamples(t)
	for _, s := range samples {
		if !artifact.MatchAny(safariFavicon{}.Info().Files, s.Path) {
			t.Errorf("%s is not read", s.Path)
		}
	}
	artifacttest.Run(t, safariFavicon{}, "testdata/safari_favicon", samples...)
}

func FuzzSafariFavicon(f *testing.F) {
	artifacttest.Fuzz(f, safariFavicon{}, safariFaviconSamples(f)...)
}

func TestSafariFaviconObserves(t *testing.T) {
	t.Parallel()
	recs, errs := artifacttest.Parse(t, safariFavicon{}, safariFaviconSamples(t)[0])
	if len(recs) != 5 || len(errs) != 0 {
		t.Fatalf("%d records, errors %v", len(recs), errs)
	}
	if recs[3].Kind != "icon" || recs[4].Text("type") != "rejected" {
		t.Errorf("%v %v", recs[3], recs[4])
	}
	compareObserved(t, recs[4], []artifact.Observable{
		{Type: artifact.URL, Value: "https://infection.example.com/p", Field: "url"},
		{Type: artifact.URL, Value: "https://infection.example.com/apple-touch-icon.png", Field: "icon_url"},
	})
}
