package ios

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	oracle "howett.net/plist"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

const manifestSchema = `
CREATE TABLE Files (fileID TEXT PRIMARY KEY, domain TEXT, relativePath TEXT, flags INTEGER, file BLOB);
CREATE INDEX FilesDomainIdx ON Files(domain);
CREATE TABLE Properties (key TEXT PRIMARY KEY, value BLOB);
`

// mbfile is the details of a file, as iOS archives them.
func mbfile(tb testing.TB, path string, root map[string]any) string {
	tb.Helper()
	root["$class"], root["RelativePath"] = oracle.UID(2), oracle.UID(3)
	data, err := oracle.Marshal(map[string]any{
		"$version": 100000, "$archiver": "NSKeyedArchiver", "$top": map[string]any{"root": oracle.UID(1)},
		"$objects": []any{"$null", root, map[string]any{"$classname": "MBFile", "$classes": []any{"MBFile", "NSObject"}}, path},
	}, oracle.BinaryFormat)
	if err != nil {
		tb.Fatal(err)
	}
	return "x'" + hex.EncodeToString(data) + "'"
}

func manifestSamples(tb testing.TB) []artifacttest.Sample {
	row := func(id int, domain, path string, flags int, blob string) string {
		return fmt.Sprintf("INSERT INTO Files VALUES ('%040x', '%s', '%s', %d, %s);\n", id, domain, path, flags, blob)
	}
	file := map[string]any{
		"Birth": 1_600_000_000, "LastModified": 1_600_000_100, "LastStatusChange": 1_600_000_200,
		"Mode": 0o100644, "UserID": 501, "GroupID": 501, "Size": 12, "ProtectionClass": 3, "Digest": []byte{0xab, 0xcd},
	}
	modern := manifestSchema +
		row(1, "HomeDomain", "Library/SMS/sms.db", 1, mbfile(tb, "Library/SMS/sms.db", file)) +
		row(2, "AppDomain-org.example.app", "", 2, mbfile(tb, "", map[string]any{"Birth": 1_500_000_000, "Mode": 0o40755})) +
		row(3, "AppDomain-org.example.app", "Library/WebKit/WebsiteData/LocalStorage/https_www.example.org_0.localstorage", 1, "NULL") +
		row(4, "WirelessDomain", "wifi_passwords.txt", 1, mbfile(tb, "wifi_passwords.txt", map[string]any{"Size": "many"})) +
		row(5, "StrangeDomain", "a/b.txt", 1, "x'00'") +
		row(6, "AppDomainGroup-group.x", "http_plain", 4, mbfile(tb, "http_plain", map[string]any{"Mode": 0o120755}))
	bad := manifestSchema + "INSERT INTO Files VALUES (NULL, 7, x'ff', 'one', 'text');\nINSERT INTO Files VALUES ('x', NULL, NULL, NULL, NULL);\n"
	return []artifacttest.Sample{
		databaseSample(tb, "modern", "Manifest.db", modern),
		withBadValues(databaseSample(tb, "bad", "Manifest.db", bad)),
	}
}

func TestManifest(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, manifest{}, "testdata/manifest", manifestSamples(t)...)
}

func FuzzManifest(f *testing.F) { artifacttest.Fuzz(f, manifest{}, manifestSamples(f)...) }

func TestStorageOrigins(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"https_www.example.org_0.localstorage":                                "https://www.example.org/",
		"https_www.example.org_0.localstorage-wal":                            "https://www.example.org/",
		"Library/WebKit/WebsiteData/IndexedDB/v1/http_evil.com_8080":          "http://evil.com:8080/",
		"Library/WebKit/WebsiteData/WebSQL/https_www.google.fr_0/f9d2002c.db": "https://www.google.fr/",
		"a/https_x.example_0/b":                                               "https://x.example/",
		"a/HTTPS_X.Example_0/b":                                               "https://x.example/",
		"a/http_10.0.0.1_8000":                                                "http://10.0.0.1:8000/",
		"a/https_under_score.example.org_443":                                 "https://under_score.example.org:443/",
		"Library/WebKit/WebsiteData/MediaKeys/https_www.example.org":          "https://www.example.org/",
		"IndexedDB/v1/https_top.example_0/https_frame.example_0/h":            "https://top.example/ https://frame.example/",
		"IndexedDB/v1/https_top.example_0/https_top.example_0/h":              "https://top.example/",
		"Library/http_cache":                                                  "",
		"Documents/https_guide.html":                                          "",
		"Documents/http_notes.v2_1b.t":                                        "",
		"Documents/http_a b.c_0":                                              "",
		"my_https_www.example.org_0":                                          "",
		"https_localhost_0":                                                   "",
		"https_.._0":                                                          "",
		"httpd.conf":                                                          "",
		"https":                                                               "",
		"https____":                                                           "",
		"Library/Caches/https":                                                "",
		"a/https_x.example_99999":                                             "",
	} {
		first, second := storageOrigins(path)
		if got := strings.TrimSpace(first + " " + second); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
}

func TestAppendDevicePath(t *testing.T) {
	t.Parallel()
	for _, tt := range [][3]string{
		{"WirelessDomain", "wifi_passwords.txt", "/private/var/wireless/wifi_passwords.txt"},
		{"RootDomain", "keychain_dump.txt", "/private/var/root/keychain_dump.txt"},
		{"AppDomain-org.x", "Documents/a", "/private/var/mobile/Containers/Data/Application/org.x/Documents/a"},
		{"AppDomainGroup-group.x", "a", "/private/var/mobile/Containers/Shared/AppGroup/group.x/a"},
		{"HomeDomain", "", "/private/var/mobile"},
		{"OtherDomain", "a", ""},
	} {
		if got := string(appendDevicePath(nil, tt[0], []byte(tt[1]))); got != tt[2] {
			t.Errorf("%s %s: got %q, want %q", tt[0], tt[1], got, tt[2])
		}
	}
}

func TestRealManifest(t *testing.T) {
	t.Parallel()
	s := artifacttest.Sample{Path: "Manifest.db", Files: map[string][]byte{"Manifest.db": readEvidence(t, "ios_backup_small", "Manifest.db")}}
	recs, errs := artifacttest.Parse(t, manifest{}, s)
	if len(recs) != 3721 || len(errs) != 0 {
		t.Errorf("%d records, errors %v", len(recs), errs)
	}
	dated, kinds, urls := 0, map[artifact.Kind]int{}, map[string]int{}
	for _, r := range recs {
		if u := r.Text("url"); u != "" {
			urls[u]++
		}
		kinds[r.Kind]++
		if len(r.Times) == 3 {
			dated++
		}
	}
	if dated < 3700 || kinds["app_container"] == 0 {
		t.Errorf("%d have three times; kinds %v", dated, kinds)
	}
	if len(urls) != 1 || urls["https://www.google.fr/"] != 4 {
		t.Errorf("origins in names: %v", urls)
	}
}
