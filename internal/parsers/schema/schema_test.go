package schema_test

import (
	"errors"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
	"github.com/amparo-project/amparo/internal/parsers/android"
	"github.com/amparo-project/amparo/internal/parsers/ios"
	"github.com/amparo-project/amparo/internal/parsers/schema"
)

// TestOneSource holds the schemas to those of the generator of evidence, which
// may import nothing of ours.
func TestOneSource(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob(filepath.Join("..", "..", "testevidence", "schema", "*.sql"))
	if err != nil || len(names) < 10 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		theirs, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		ours, err := os.ReadFile(filepath.Base(name))
		if err != nil {
			t.Fatal(err)
		}
		if string(ours) != string(theirs) {
			t.Errorf("%s differs from %s", filepath.Base(name), name)
		}
	}
}

// unknown are databases without a schema here: Signal's is encrypted, and
// Telegram's tables hold bytes alone, which nothing tells from other bytes.
var unknown = map[string]bool{"signal.sqlite": true, "signal.db": true, "db_sqlite": true, "Settings.data": true}

var database = regexp.MustCompile(`\.(db|sqlite|sqlite3|sqlitedb|storedata|localstorage|PLSQL|data)$|^(History|Favicons|Envelope Index|Protected Index|db_sqlite|viber_messages|viber_data)$`)

// TestEveryDatabase: each database that a parser reads has a schema, and each
// schema declares tables.
func TestEveryDatabase(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, p := range append(ios.All(), android.All()...) {
		for _, pattern := range p.Info().Files {
			base := path.Base(pattern)
			if !database.MatchString(base) || unknown[base] || base == "*.db" {
				continue // *.db is a folder's; its files have names of their own
			}
			name := strings.ReplaceAll(base, "*", "1")
			tables, err := schema.Of("HomeDomain/" + name)
			if err != nil || len(tables) == 0 {
				t.Errorf("%s reads %s: %d tables, %v", p.Info().Name, base, len(tables), err)
			}
			seen++
		}
	}
	if seen < 45 {
		t.Errorf("%d databases", seen)
	}
	if tables, err := schema.Of("other.db"); tables != nil || err != nil {
		t.Error(tables, err)
	}
}

// TestSalvagedRows: real and synthetic databases whose first page is zeroed
// give their rows, and say that they could not be read whole.
func TestSalvagedRows(t *testing.T) {
	t.Parallel()
	plaso := func(elem ...string) []string { return append([]string{"plaso"}, elem...) }
	for _, tt := range []struct {
		parser string
		path   string
		file   []string
		least  int
	}{
		{"ios.kik", "AppDomain-com.kik.chat/Documents/kik.sqlite", plaso("ios", "kik.sqlite"), 20},
		{"ios.accounts", "HomeDomain/Library/Accounts/Accounts3.sqlite", plaso("ios", "Accounts3.sqlite"), 10},
		{"ios.datausage", "WirelessDomain/Library/Databases/DataUsage.sqlite", plaso("ios", "DataUsage.sqlite"), 100},
		{"ios.safari_history", "HomeDomain/Library/Safari/History.db", plaso("safari", "History.db"), 20},
		{"ios.chrome_history", "AppDomain-com.google.chrome.ios/Library/Application Support/Google/Chrome/Default/History", []string{"hindsight", "60", "History"}, 20},
		{"android.phone_databases", "data/data/com.android.providers.downloads/databases/downloads.db", plaso("android", "downloads.db"), 1},
		{"android.phone_databases", "data/data/com.android.providers.contacts/databases/contacts2.db", plaso("android", "contacts2.db"), 3},
		{"android.viber", "data/data/com.viber.voip/databases/viber_data", plaso("android", "viber_data"), 4},
	} {
		t.Run(filepath.Base(tt.path), func(t *testing.T) {
			t.Parallel()
			data := evidence(t, tt.file...)
			pageSize := int(data[16])<<8 | int(data[17])
			clear(data[:pageSize])
			recs, errs := artifacttest.Parse(t, named(t, tt.parser), artifacttest.Sample{
				Path: tt.path, Files: map[string][]byte{tt.path: data}, Recover: true,
			})
			if len(errs) == 0 || !errors.Is(errs[0], schema.ErrSalvaged) {
				t.Fatalf("errors %v", errs)
			}
			for _, r := range recs {
				if r.Loc.State != artifact.Carved || r.Loc.Confidence < 50 {
					t.Errorf("%s: state %s, confidence %d", r.Kind, r.Loc.State, r.Loc.Confidence)
				}
			}
			if len(recs) < tt.least {
				t.Errorf("%d records, want at least %d", len(recs), tt.least)
			}
		})
	}
}

func named(t *testing.T, name string) artifact.Parser {
	t.Helper()
	for _, p := range append(ios.All(), android.All()...) {
		if p.Info().Name == name {
			return p
		}
	}
	t.Fatal(name)
	return nil
}

func evidence(t *testing.T, elem ...string) []byte {
	t.Helper()
	dir := os.Getenv("AMPARO_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "shared")
	}
	data, err := os.ReadFile(filepath.Join(append([]string{dir, "evidence"}, elem...)...))
	if err != nil {
		t.Skipf("no public evidence here (set AMPARO_SHARED): %v", err)
	}
	return data
}
