package ios

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
	"github.com/amparo-project/amparo/internal/limit"
)

// originFile is what WebKit's coder of a ClientOrigin writes, of origins as
// "https", "example.org", "8080" with "" for no port.
func originFile(origins ...[3]string) []byte {
	var b []byte
	text := func(s string) {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(s)))
		b = append(append(b, 1), s...)
	}
	for _, o := range origins {
		text(o[0])
		text(o[1])
		if o[2] == "" {
			b = append(b, 0)
			continue
		}
		b = binary.LittleEndian.AppendUint16(append(b, 1), 8080)
	}
	return b
}

const (
	// Two salted hashes as WebKit names folders.
	hashedFolder = "Default/gNRmGtUrxJP8Oh8FEsNkHbrtqKYoKbeDQ_wvOaWWCMw/T2bVY4lPQ6ds1b2LRc3NJyB0mVFzyY8pWvBKEmBEHUo"
	safariData   = "AppDomain-com.apple.mobilesafari/Library/WebKit/WebsiteData/"
	viewData     = "private/var/mobile/Containers/Data/Application/5C5A/SystemData/com.apple.SafariViewService/Library/WebKit/WebsiteData/"
	dumpData     = "private/var/mobile/Containers/Data/Application/5C5A/Library/WebKit/WebsiteData/"

	// indexedDBScript has the tables of WebKit's SQLiteIDBBackingStore that
	// tell of the database itself.
	indexedDBScript = `
CREATE TABLE IDBDatabaseInfo (key TEXT NOT NULL ON CONFLICT FAIL UNIQUE ON CONFLICT REPLACE, value TEXT NOT NULL ON CONFLICT FAIL);
CREATE TABLE ObjectStoreInfo (id INTEGER PRIMARY KEY NOT NULL ON CONFLICT FAIL UNIQUE ON CONFLICT REPLACE, name TEXT NOT NULL ON CONFLICT FAIL, keyPath BLOB NOT NULL ON CONFLICT FAIL, autoInc INTEGER NOT NULL ON CONFLICT FAIL);
INSERT INTO IDBDatabaseInfo VALUES ('MetadataVersion', '1'), ('DatabaseName', 'firebase-heartbeat'), ('DatabaseVersion', '1');
INSERT INTO ObjectStoreInfo VALUES (1, 'store-a', x'00', 0), (2, 'store-b', x'00', 0);
`
	localStorageScript = `
CREATE TABLE ItemTable (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB NOT NULL ON CONFLICT FAIL);
INSERT INTO ItemTable VALUES ('a', x'6100'), ('b', x'6200'), ('c', x'6300');
`
)

// storedSample is a file, with further ones beside it.
func storedSample(name, path string, data []byte, beside map[string][]byte) artifacttest.Sample {
	files := map[string][]byte{path: data}
	for p, d := range beside {
		files[p] = d
	}
	return artifacttest.Sample{Name: name, Path: path, Files: files}
}

func indexedDBSamples(tb testing.TB) []artifacttest.Sample {
	db := artifacttest.SQLite(tb, "PRAGMA page_size=512;"+indexedDBScript)
	path := safariData + hashedFolder + "/IndexedDB/B5A4C1F2/IndexedDB.sqlite3"
	return []artifacttest.Sample{
		storedSample("hashed", path, db, map[string][]byte{
			safariData + hashedFolder + "/origin": originFile([3]string{"https", "top.example.org"}, [3]string{"https", "frame.example.com", "8080"}),
		}),
		storedSample("hashed_alone", path, db, nil),
		storedSample("version_1", dumpData+"IndexedDB/v1/https_top.example.org_0/https_frame.example.com_0/9AB1/IndexedDB.sqlite3", db, nil),
		storedSample("named", dumpData+"IndexedDB/https_www.example.org_0/name/IndexedDB.sqlite3", db, nil),
		storedSample("own_page", dumpData+"IndexedDB/v1/asset_app_0/E51EC94A/IndexedDB.sqlite3", db, nil),
		storedSample("profile", "AppDomain-com.apple.mobilesafari/Library/WebKit/WebsiteDataStore/8A1F/Origins/a1/b2/IndexedDB/C/IndexedDB.sqlite3", db, map[string][]byte{
			"AppDomain-com.apple.mobilesafari/Library/WebKit/WebsiteDataStore/8A1F/Origins/a1/b2/origin": originFile([3]string{"https", "a.example"}, [3]string{"https", "a.example"}),
		}),
		storedSample("not_a_database", dumpData+"IndexedDB/https_www.example.org_0/name/IndexedDB.sqlite3", []byte("no database"), nil),
	}
}

func TestWebkitIndexedDB(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, webkitIndexedDB{}, "testdata/webkit_indexeddb", indexedDBSamples(t)...)
}

func FuzzWebkitIndexedDB(f *testing.F) {
	artifacttest.Fuzz(f, webkitIndexedDB{}, indexedDBSamples(f)...)
}

func localStorageSamples(tb testing.TB) []artifacttest.Sample {
	db := artifacttest.SQLite(tb, "PRAGMA page_size=512;"+localStorageScript)
	return []artifacttest.Sample{
		storedSample("named", safariData+"LocalStorage/https_www.example.org_0.localstorage", db, nil),
		storedSample("origin", safariData+hashedFolder+"/origin", originFile([3]string{"https", "top.example.org"}, [3]string{"https", "frame.example.com"}),
			map[string][]byte{safariData + hashedFolder + "/LocalStorage/localstorage.sqlite3": db}),
		storedSample("origin_alone", dumpData+hashedFolder+"/origin", originFile([3]string{"http", "10.0.0.1", "8080"}, [3]string{"http", "10.0.0.1", "8080"}), nil),
		storedSample("caches", dumpData+"CacheStorage/8F1C/origin", originFile([3]string{"https", "sw.example.org"}, [3]string{"https", "sw.example.org"}), nil),
		storedSample("websql", safariData+"WebSQL/https_www.google.fr_0/f9d2002c-7d5c-4816-951b-9fd32addd567.db", []byte{}, nil),
		storedSample("own_page", "AppDomain-org.example/Library/WebKit/LocalStorage/file__0.localstorage", db, nil),
		storedSample("cut_origin", dumpData+hashedFolder+"/origin", originFile([3]string{"https", "top.example.org"}, [3]string{"https", "frame.example.com"})[:36], nil),
		storedSample("not_an_origin", dumpData+hashedFolder+"/origin", []byte{0xff, 0xff, 0xff, 0x7f, 1, 2}, nil),
	}
}

func TestWebkitLocalStorage(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, webkitLocalStorage{}, "testdata/webkit_local_storage", localStorageSamples(t)...)
}

func FuzzWebkitLocalStorage(f *testing.F) {
	samples := localStorageSamples(f)
	artifacttest.Fuzz(f, webkitLocalStorage{}, samples[1], samples[0], samples[2])
}

func viewServiceSamples(tb testing.TB) []artifacttest.Sample {
	local := artifacttest.SQLite(tb, "PRAGMA page_size=512;"+localStorageScript)
	return []artifacttest.Sample{
		storedSample("local_storage", viewData+"LocalStorage/http_infection.example_8080.localstorage", local, nil),
		storedSample("websql", viewData+"WebSQL/https_www.example.org_0/f9d2.db", []byte{}, nil),
		storedSample("media_keys", viewData+"MediaKeys/https_www.example.org_0/SecureStop.plist", []byte("x"), nil),
		storedSample("origin", viewData+hashedFolder+"/origin", originFile([3]string{"https", "view.example"}, [3]string{"https", "view.example"}), nil),
		storedSample("indexeddb", viewData+"IndexedDB/v1/https_db.example_0/9AB1/IndexedDB.sqlite3", artifacttest.SQLite(tb, "PRAGMA page_size=512;"+indexedDBScript), nil),
	}
}

func TestWebkitSafariViewService(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, webkitSafariViewService{}, "testdata/webkit_safari_view_service", viewServiceSamples(t)...)
}

func FuzzWebkitSafariViewService(f *testing.F) {
	artifacttest.Fuzz(f, webkitSafariViewService{}, viewServiceSamples(f)...)
}

func TestWebkitStorageObserves(t *testing.T) {
	t.Parallel()
	recs, errs := artifacttest.Parse(t, webkitIndexedDB{}, indexedDBSamples(t)[0])
	if len(recs) != 1 || len(errs) != 0 {
		t.Fatalf("%d records, errors %v", len(recs), errs)
	}
	compareObserved(t, recs[0], []artifact.Observable{
		{Type: artifact.URL, Value: "https://top.example.org/", Field: "url"}, {Type: artifact.URL, Value: "https://frame.example.com:8080/", Field: "frame_url"},
	})
	recs, errs = artifacttest.Parse(t, webkitIndexedDB{}, indexedDBSamples(t)[6])
	if len(recs) != 1 || len(errs) != 1 || recs[0].Text("url") != "https://www.example.org/" {
		t.Errorf("of a broken database: %v, errors %v", recs, errs)
	}
}

func TestDecodeOrigin(t *testing.T) {
	t.Parallel()
	null := "\xff\xff\xff\xff"
	for _, tt := range []struct {
		name, data, top, client string
		err                     error
	}{
		{"two", string(originFile([3]string{"https", "a.example"}, [3]string{"http", "b.example", "8080"})), "https://a.example/", "http://b.example:8080/", nil},
		{"two bytes a character", "\x05\x00\x00\x00\x01https\x02\x00\x00\x00\x00\xf1\x00\x6e\x00\x00" + null + null + "\x00", "https://ñn/", "", nil},
		{"latin 1", "\x04\x00\x00\x00\x01http\x01\x00\x00\x00\x01\xf1\x00" + null + null + "\x00", "http://ñ/", "", nil},
		{"a file's", "\x04\x00\x00\x00\x01file\x00\x00\x00\x00\x01\x00\x04\x00\x00\x00\x01file\x00\x00\x00\x00\x01\x00", "", "", nil},
		{"one alone", string(originFile([3]string{"https", "a.example"})), "https://a.example/", "", limit.ErrCorrupt},
		{"port cut", "\x04\x00\x00\x00\x01http\x01\x00\x00\x00\x01a\x01\x50", "", "", limit.ErrCorrupt},
		{"long", "\xfe\xff\xff\xff\x00" + strings.Repeat("a", 100), "", "", limit.ErrCorrupt},
		{"empty", "", "", "", limit.ErrCorrupt},
	} {
		top, client, err := decodeOrigin([]byte(tt.data))
		if top != tt.top || client != tt.client || !errors.Is(err, tt.err) {
			t.Errorf("%s: %q %q %v", tt.name, top, client, err)
		}
	}
}
