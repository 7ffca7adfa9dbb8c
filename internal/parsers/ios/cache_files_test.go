package ios

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

const cachePath = "private/var/mobile/Containers/Data/Application/E9C9/Library/Caches/com.apple.mobilesafari/Cache.db"

// cacheSchema is that of CFNetwork on iOS 16.
const cacheSchema = `
CREATE TABLE cfurl_cache_response(entry_ID INTEGER PRIMARY KEY AUTOINCREMENT UNIQUE, version INTEGER, hash_value INTEGER, storage_policy INTEGER, request_key TEXT UNIQUE, time_stamp NOT NULL DEFAULT CURRENT_TIMESTAMP, partition TEXT);
CREATE TABLE cfurl_cache_blob_data(entry_ID INTEGER PRIMARY KEY, response_object BLOB, request_object BLOB, proto_props BLOB, user_info BLOB);
CREATE TABLE cfurl_cache_receiver_data(entry_ID INTEGER PRIMARY KEY, isDataOnFS INTEGER, receiver_data BLOB);
`

// cacheObjects returns a request and an answer as CFNetwork stores them, in
// hex.
func cacheObjects(tb testing.TB, url, answered, page string, status int, request, response map[string]any) (string, string) {
	tb.Helper()
	address := func(s string) map[string]any { return map[string]any{"_CFURLStringType": 15, "_CFURLString": s} }
	null := "__CFURLRequestNullTokenString__"
	asked := map[string]any{"Version": 9, "Array": []any{
		false, address(url), 60.0, 0, address(page), true, 4, null, null, true, false, 0, 0.0, 0.0, 0, -1, null, 2, "GET", request, null, null,
	}}
	answer := map[string]any{"Version": 1, "Array": []any{address(answered), 690754922.657121, 0, status, response, 124730, "text/html"}}
	return hex.EncodeToString(binaryList(tb, asked)), hex.EncodeToString(binaryList(tb, answer))
}

func cacheSamples(tb testing.TB) []artifacttest.Sample {
	asked, answer := cacheObjects(tb, "https://bit.example/a", "https://infection.example/p", "https://news.example/", 200,
		map[string]any{"User-Agent": "MobileSafari/8614", "Referer": "https://news.example/x", "Cookie": "secret=1", "__hhaa__": "order"},
		map[string]any{"content-type": "text/html", "Location": "https://next.example/", "Set-Cookie": "secret=2"})
	same, plain := cacheObjects(tb, "https://same.example/", "https://same.example/", "https://same.example/", 404, nil, map[string]any{"Location": "/relative"})
	modern := cacheSchema + fmt.Sprintf(`
INSERT INTO cfurl_cache_response VALUES (1, 0, 2864141631479785102, 0, 'https://bit.example/a', '2022-11-21 20:22:02', NULL), (2, 0, -5, 0, 'https://same.example/', '2022-11-21 20:22:03', 'https://part.example'),
	(4, 0, 7, 1, 'https://alone.example/', '2022-11-21 20:22:04', NULL);
INSERT INTO cfurl_cache_blob_data VALUES (1, x'%s', x'%s', NULL, NULL), (2, x'%s', x'%s', NULL, NULL), (3, NULL, x'%s', NULL, NULL);
INSERT INTO cfurl_cache_receiver_data VALUES (1, 1, x'%s'), (2, 0, x'616263'), (4, 0, NULL);
`, answer, asked, plain, same, asked, hex.EncodeToString([]byte("C59437F6-C2B2-4F0B-BF90-177ACBB893C0")))
	bad := `
CREATE TABLE cfurl_cache_response(entry_ID INTEGER PRIMARY KEY, version, request_key, time_stamp);
CREATE TABLE cfurl_cache_blob_data(entry_ID INTEGER PRIMARY KEY, response_object, request_object);
CREATE TABLE cfurl_cache_receiver_data(entry_ID INTEGER PRIMARY KEY, isDataOnFS, receiver_data);
INSERT INTO cfurl_cache_response VALUES (1, 'x', 7, 'then'), (2, NULL, NULL, NULL), (3, 1, x'ff', 1669062122);
INSERT INTO cfurl_cache_blob_data VALUES (1, 'no list', x'62706c697374'), (2, NULL, 9), (3, '<plist><dict><key>Array</key><array><string>GET</string><dict/><real>nan</real></array></dict></plist>', NULL);
INSERT INTO cfurl_cache_receiver_data VALUES (1, 'on', 7), (2, 1, NULL);
`
	return []artifacttest.Sample{
		databaseSample(tb, "modern", cachePath, modern),
		withBadValues(databaseSample(tb, "bad", cachePath, bad)),
		databaseSample(tb, "another", "AppDomainGroup-group.org.example/Cache.db", "CREATE TABLE ZENTITY (Z_PK INTEGER PRIMARY KEY);"),
	}
}

func TestCacheFiles(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, cacheFiles{}, "testdata/cache_files", cacheSamples(t)...)
}

func FuzzCacheFiles(f *testing.F) { artifacttest.Fuzz(f, cacheFiles{}, cacheSamples(f)...) }

func TestCacheFilesObserve(t *testing.T) {
	t.Parallel()
	recs, errs := artifacttest.Parse(t, cacheFiles{}, cacheSamples(t)[0])
	if len(recs) != 4 || len(errs) != 0 {
		t.Fatalf("%d records, errors %v", len(recs), errs)
	}
	compareObserved(t, recs[0], []artifact.Observable{
		{Type: artifact.URL, Value: "https://bit.example/a", Field: "url"},
		{Type: artifact.URL, Value: "https://infection.example/p", Field: "response_url"},
		{Type: artifact.URL, Value: "https://news.example/", Field: "main_url"},
		{Type: artifact.URL, Value: "https://next.example/", Field: "location"},
		{Type: artifact.URL, Value: "https://news.example/x", Field: "referer"},
		{Type: artifact.FileName, Value: "C59437F6-C2B2-4F0B-BF90-177ACBB893C0", Field: "data_file"},
	})
	compareObserved(t, recs[1], []artifact.Observable{
		{Type: artifact.URL, Value: "https://same.example/", Field: "url"},
		{Type: artifact.URL, Value: "https://part.example", Field: "partition"},
		{Type: artifact.FileHash, Value: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", Field: "data_sha256"},
	})
	for _, r := range recs {
		if strings.Contains(string(r.AppendJSON(nil)), "secret") {
			t.Errorf("a cookie is kept: %v", r.Fields)
		}
	}
}

// TestRealCache: the entry lies in the write-ahead log of Safari's cache.
func TestRealCache(t *testing.T) {
	t.Parallel()
	files := unzipEvidence(t, "testdata.safariCache.safariCache.mvs_ios_2023.zip")
	s := artifacttest.Sample{Path: cachePath, Files: map[string][]byte{cachePath: files["Cache.db"], cachePath + "-wal": files["Cache.db-wal"]}}
	recs, errs := artifacttest.Parse(t, cacheFiles{}, s)
	if len(recs) != 1 || len(errs) != 0 {
		t.Fatalf("%d records, errors %v", len(recs), errs)
	}
	r := recs[0]
	if got := r.Text("url"); got != "https://configuration.apple.com/configurations/internetservices/safari/AutoFillQuirks-1.plist" {
		t.Errorf("url %q", got)
	}
	if r.Text("data_file") != "C59437F6-C2B2-4F0B-BF90-177ACBB893C0" || files[r.Text("data_file")] == nil || r.Text("method") != "GET" {
		t.Errorf("%v", r.Fields)
	}
	if n, _ := r.Get("status").Int(); n != 200 || r.Text("mime_type") != "text/xml" || len(r.Times) != 2 {
		t.Errorf("%v %v", r.Fields, r.Times)
	}
	if at := time.Date(2022, 11, 21, 20, 22, 2, 0, time.UTC); !r.Times[0].At.Equal(at) || r.Times[1].At.Sub(at) > time.Second {
		t.Errorf("times %v", r.Times)
	}
}
