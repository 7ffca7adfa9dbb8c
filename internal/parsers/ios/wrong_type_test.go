package ios

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	oracle "howett.net/plist"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

// silent are the parsers for which a file of that kind is no wrong one: a list
// that lacks the members they read, as new versions of iOS write it; a database
// of another of the app's uses; a file whose name, and not its content, is what
// is read, and is no origin here; the zeros that end a log.
var silent = func() map[string]map[string]bool {
	m := map[string]map[string]bool{}
	for kind, names := range map[string][]string{
		"list_binary": {
			"accounts", "bluetooth", "locationd_clients", "profile_events", "wifi_known_networks", "applications",
			"webkit_session_resource_log", "id_status_cache", "os_analytics_ad_daily",
		},
		"database": {"cache_files", "firefox_favicon", "webkit_indexeddb"},
		"zeros":    {"unified_log"},
		"one_zero": {"unified_log"},
	} {
		for _, name := range names {
			m["ios."+name] = set(m["ios."+name], kind)
		}
	}
	for _, kind := range []string{
		"zeros", "database", "utf16", "tracev3", "text", "segb", "png", "one_zero", "list_xml", "list_of_other_types",
		"list_binary", "lines", "json_array", "json", "html", "gzip", "encrypted",
	} {
		for _, name := range []string{"ios.webkit_local_storage", "ios.webkit_safari_view_service"} {
			m[name] = set(m[name], kind)
		}
	}
	return m
}()

func set(m map[string]bool, key string) map[string]bool {
	if m == nil {
		m = map[string]bool{}
	}
	m[key] = true
	return m
}

// wrongTypes are small files of every kind that lies on a phone.
func wrongTypes(t *testing.T) map[string][]byte {
	t.Helper()
	marshal := func(v any, format int) []byte {
		b, err := oracle.Marshal(v, format)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	nested := []any{}
	for range 200 {
		nested = []any{nested}
	}
	return map[string][]byte{
		"empty":               {},
		"one_zero":            {0},
		"zeros":               make([]byte, 8192),
		"text":                []byte("this is no such file\n"),
		"lines":               []byte(strings.Repeat("2024-01-01 00:00:00 x[1]: y\n", 50)),
		"html":                []byte("<!DOCTYPE html><html><body>404</body></html>"),
		"json":                []byte(`{"a":[1,null,{"b":"c"}]}`),
		"json_array":          []byte(`[[[[[[1]]]]]]`),
		"png":                 []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01"),
		"gzip":                []byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x00\x00"),
		"encrypted":           bytes.Repeat([]byte{0x9e, 0x37, 0x79, 0xb9, 0x7f, 0x4a, 0x7c}, 1171),
		"segb":                []byte("SEGB\x01\x00\x00\x00" + strings.Repeat("\x00", 24)),
		"tracev3":             binary.LittleEndian.AppendUint64([]byte{0, 0x10, 0, 0, 0x11, 0, 0, 0}, 208),
		"database":            artifacttest.SQLite(t, `CREATE TABLE other (a, b); INSERT INTO other VALUES (1, 'x');`),
		"database_no_table":   artifacttest.SQLite(t, ``),
		"list_binary":         marshal(map[string]any{"x": 1}, oracle.BinaryFormat),
		"list_of_other_types": marshal([]any{1, "a", true, nested}, oracle.BinaryFormat),
		"list_xml":            marshal("a text", oracle.XMLFormat),
		"utf16":               []byte("\xff\xfet\x00e\x00x\x00t\x00"),
	}
}

// TestWrongTypes gives each parser, under the name of its own, files of all
// other kinds: it ends, panics never, and what is lost says the file's name.
func TestWrongTypes(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("in one goroutine: the race detector finds nothing")
	}
	for kind, data := range wrongTypes(t) {
		for _, p := range All() {
			info := p.Info()
			for _, pattern := range info.Files {
				if pattern == artifact.ListingPath {
					continue
				}
				name := strings.NewReplacer("**/", "", "*", "x").Replace(pattern)
				s := artifacttest.Sample{Path: name, Files: map[string][]byte{name: data}, BadValues: true}
				recs, errs := artifacttest.Parse(t, p, s)
				for _, err := range errs {
					// What ends a file is named by who reads it.
					if re := new(artifact.RecordError); errors.As(err, &re) && re.Loc.Path != name {
						t.Errorf("%s, given %s: %v does not name %s", info.Name, kind, err, name)
					}
				}
				if len(recs) == 0 && len(errs) == 0 && !silent[info.Name][kind] {
					t.Errorf("%s, given %s as %s: neither a record nor a word", info.Name, kind, name)
				}
			}
		}
	}
}

// TestEveryParserIsHeld finds, for each parser, a test with golden files and a
// fuzz target: TestX and FuzzX of the suite, which also give it the truncated,
// the bit-flipped and the failing read.
func TestEveryParserIsHeld(t *testing.T) {
	t.Parallel()
	var tests strings.Builder
	names, err := fs.Glob(os.DirFS("."), "*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		tests.Write(data)
	}
	text := tests.String()
	for _, p := range All() {
		if p.Info().Files[0] == artifact.ListingPath {
			continue // of the list of files alone: see filesystem_test.go, missing_programs_test.go
		}
		typ := strings.TrimPrefix(strings.TrimPrefix(typeName(p), "*"), "ios.")
		short := strings.TrimPrefix(p.Info().Name, "ios.")
		for _, call := range []string{"artifacttest.Run(t, " + typ + "{}", "artifacttest.Fuzz(f, " + typ + "{}"} {
			if !strings.Contains(text, call) {
				t.Errorf("%s: no %s", p.Info().Name, call)
			}
		}
		if golden, err := filepath.Glob(filepath.Join("testdata", short, "*.jsonl")); err != nil || len(golden) == 0 {
			t.Errorf("%s: no golden file in testdata/%s", p.Info().Name, short)
		}
	}
}

func typeName(p artifact.Parser) string { return reflect.TypeOf(p).String() }
