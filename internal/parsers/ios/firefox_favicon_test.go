package ios

import (
	"testing"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

func firefoxFaviconSamples(tb testing.TB) []artifacttest.Sample {
	bad := `
CREATE TABLE favicons (id INTEGER PRIMARY KEY, url, width, height, type, date);
CREATE TABLE favicon_sites (siteID, faviconID);
CREATE TABLE favicon_site_urls (site_url, faviconID);
INSERT INTO favicons VALUES (1, 7, 'wide', x'00', NULL, 'then'), (2, NULL, NULL, NULL, NULL, 1e300);
INSERT INTO favicon_sites VALUES ('x', 1), (9, 1), (NULL, NULL);
INSERT INTO favicon_site_urls VALUES (7, 2), (x'ff', 2), (NULL, 2);
`
	return []artifacttest.Sample{
		databaseSample(tb, "browser", firefoxBrowserPath, firefoxBrowserSchema+firefoxBrowserRows),
		withBadValues(databaseSample(tb, "bad", firefoxBrowserPath, bad)),
		databaseSample(tb, "none", firefoxBrowserPath, "CREATE TABLE clients (guid TEXT PRIMARY KEY);"),
	}
}

func TestFirefoxFavicon(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, firefoxFavicon{}, "testdata/firefox_favicon", firefoxFaviconSamples(t)...)
}

func FuzzFirefoxFavicon(f *testing.F) {
	artifacttest.Fuzz(f, firefoxFavicon{}, firefoxFaviconSamples(f)...)
}

func TestFirefoxFaviconObserves(t *testing.T) {
	t.Parallel()
	recs, errs := artifacttest.Parse(t, firefoxFavicon{}, firefoxFaviconSamples(t)[0])
	if len(recs) != 4 || len(errs) != 0 {
		t.Fatalf("%d records, errors %v", len(recs), errs)
	}
	icon := artifact.Observable{Type: artifact.URL, Value: "https://example.org/favicon.ico", Field: "url"}
	compareObserved(t, recs[0], []artifact.Observable{icon, {Type: artifact.URL, Value: "https://example.org/", Field: "history_url"}})
	compareObserved(t, recs[2], []artifact.Observable{icon, {Type: artifact.URL, Value: "https://third.example/", Field: "site_url"}})
}
