package ios

import (
	"testing"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

const chromeFaviconPath = "AppDomain-com.google.chrome.ios/Library/Application Support/Google/Chrome/Default/Favicons"

func chromeFaviconSamples(tb testing.TB) []artifacttest.Sample {
	// The schema is that of Chromium's favicon database, version 8.
	modern := `
CREATE TABLE meta(key LONGVARCHAR NOT NULL UNIQUE PRIMARY KEY, value LONGVARCHAR);
CREATE TABLE favicons(id INTEGER PRIMARY KEY,url LONGVARCHAR NOT NULL,icon_type INTEGER DEFAULT 1);
CREATE TABLE favicon_bitmaps(id INTEGER PRIMARY KEY,icon_id INTEGER NOT NULL,last_updated INTEGER DEFAULT 0,image_data BLOB,width INTEGER DEFAULT 0,height INTEGER DEFAULT 0,last_requested INTEGER DEFAULT 0);
CREATE TABLE icon_mapping(id INTEGER PRIMARY KEY,page_url LONGVARCHAR NOT NULL,icon_id INTEGER,page_url_type INTEGER NOT NULL DEFAULT 0);
INSERT INTO favicons VALUES (1, 'https://news.example.org/favicon.ico', 1), (2, 'https://gone.example.com/touch.png', 2);
INSERT INTO favicon_bitmaps VALUES (1, 1, 13300000000000000, x'89504e47', 16, 16, 0), (2, 1, 13300000000000000, x'89504e47', 32, 32, 13300000009000000), (3, 2, 13200000000000000, NULL, 0, 0, 0);
INSERT INTO icon_mapping VALUES (1, 'https://news.example.org/', 1, 0), (2, 'https://news.example.org/a', 1, 0), (3, 'https://lost.example/', 9, 0);
`
	bad := `
CREATE TABLE favicons(id INTEGER PRIMARY KEY, url, icon_type);
CREATE TABLE favicon_bitmaps(id INTEGER PRIMARY KEY, icon_id, last_updated, last_requested);
CREATE TABLE icon_mapping(id INTEGER PRIMARY KEY, page_url, icon_id);
INSERT INTO favicons VALUES (1, 7, 'x'), (2, x'68747470733a2f2f612f', NULL);
INSERT INTO favicon_bitmaps VALUES (1, 1, 'then', 1e300), (2, 1, -1, 9223372036854775807), (3, 'x', 1, 1), (4, 2, 'then', 1);
INSERT INTO icon_mapping VALUES (1, NULL, 1), (2, x'ff', 'one'), (3, 17, NULL);
`
	return []artifacttest.Sample{
		databaseSample(tb, "modern", chromeFaviconPath, modern),
		withBadValues(databaseSample(tb, "bad", chromeFaviconPath, bad)),
	}
}

func TestChromeFavicon(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, chromeFavicon{}, "testdata/chrome_favicon", chromeFaviconSamples(t)...)
}

func FuzzChromeFavicon(f *testing.F) {
	artifacttest.Fuzz(f, chromeFavicon{}, chromeFaviconSamples(f)...)
}

func TestChromeFaviconObserves(t *testing.T) {
	t.Parallel()
	recs, errs := artifacttest.Parse(t, chromeFavicon{}, chromeFaviconSamples(t)[0])
	if len(recs) != 4 || len(errs) != 0 {
		t.Fatalf("%d records, errors %v", len(recs), errs)
	}
	compareObserved(t, recs[0], []artifact.Observable{
		{Type: artifact.URL, Value: "https://news.example.org/", Field: "url"},
		{Type: artifact.URL, Value: "https://news.example.org/favicon.ico", Field: "icon_url"},
	})
	if len(recs[0].Times) != 2 {
		t.Errorf("times %v", recs[0].Times)
	}
	compareObserved(t, recs[3], []artifact.Observable{{Type: artifact.URL, Value: "https://gone.example.com/touch.png", Field: "icon_url"}})
}
