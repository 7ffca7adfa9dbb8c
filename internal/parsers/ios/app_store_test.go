package ios

import (
	"encoding/hex"
	"testing"

	oracle "howett.net/plist"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

const appStorePath = "logs/appinstallation/appstored.sqlitedb"

func appStoreSamples(tb testing.TB) []artifacttest.Sample {
	tb.Helper()
	licence, err := oracle.Marshal([]any{map[string]any{"sinf": []byte("\x00\x10nameAna Example\x00\x00rest")}}, oracle.BinaryFormat)
	if err != nil {
		tb.Fatal(err)
	}
	return []artifacttest.Sample{
		databaseSample(tb, "daemon", appStorePath, `
CREATE TABLE job_software (pid INTEGER PRIMARY KEY, bundle_id TEXT, artist_name TEXT, title TEXT, store_account_name TEXT, store_item_id INTEGER, store_purchase_date INTEGER, store_url TEXT, thumbnail_url TEXT, timestamp INTEGER DEFAULT (strftime('%s', 'now')));
CREATE TABLE asset (pid INTEGER PRIMARY KEY, bytes_total INTEGER, sinfs_data BLOB, url TEXT);
CREATE TABLE app_update (pid INTEGER PRIMARY KEY, bundle_id TEXT, timestamp REAL, install_date DATETIME, update_state INTEGER);
CREATE TABLE settings (key TEXT, value TEXT);
INSERT INTO job_software VALUES (1, 'org.example.app', 'Example Org', 'Una app', 'ana@example.org', 99, 1600000000, 'https://apps.example.org/app/id99', NULL, 1600000100), (2, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL);
INSERT INTO asset VALUES (1, 12, x'`+hex.EncodeToString(licence)+`', 'https://cdn.example.org/a.ipa');
INSERT INTO app_update VALUES (1, 'org.example.two', 1600000200.5, 700000000.5, 3);
INSERT INTO settings VALUES ('a', 'b');`),
		databaseSample(tb, "purchases", "private/var/mobile/Library/com.apple.appstored/storeUser.db", `
CREATE TABLE purchase_history_apps (pid INTEGER PRIMARY KEY, bundle_id TEXT, date_purchased DATETIME, developer_name TEXT, hidden INTEGER, long_title TEXT, product_url URL, purchaser_dsid INTEGER, store_item_id INTEGER, title TEXT);
INSERT INTO purchase_history_apps VALUES (1, 'org.example.app', 1500000000, 'Example Org', 0, 'Una app, la larga', 'https://apps.example.org/id1', 1234567, 99, 'Una app');`),
		withBadValues(databaseSample(tb, "bad", appStorePath, `CREATE TABLE a (bundle_id, title, timestamp, icon_url, sinfs_data, date_purchased);
INSERT INTO a VALUES (x'ff', 7, 'then', 8, 'name', 1e300), (NULL, NULL, 1600000000000, NULL, x'6e616d65', -3);`)),
	}
}

func TestAppStore(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, appStore{}, "testdata/app_store", appStoreSamples(t)...)
}

func FuzzAppStore(f *testing.F) { artifacttest.Fuzz(f, appStore{}, appStoreSamples(f)...) }

func TestStoreEpoch(t *testing.T) {
	t.Parallel()
	for raw, want := range map[float64]artifact.Epoch{
		700000000: artifact.MacSeconds, 1600000000: artifact.UnixSeconds, 1600000000000: artifact.UnixMilliseconds, -1: artifact.MacSeconds,
	} {
		if got := storeEpoch(artifact.FloatValue(raw)); got != want {
			t.Errorf("%v: %s", raw, got)
		}
	}
}
