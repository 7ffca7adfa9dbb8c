package ios

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/limit"
)

// appStore reads what the App Store's daemon keeps of apps.
type appStore struct{}

var appStoreInfo = artifact.Info{
	Name:    "ios.app_store",
	Version: 1,
	Summary: "Apps that were bought, loaded or updated through the App Store, when, and with which account.",
	Files: []string{
		"**/appstored.sqlitedb", "**/AppUpdates.sqlitedb", "**/storeUser.db", "**/downloads.*.sqlitedb",
	},
	Kinds: []artifact.KindInfo{{
		Kind: "app",
		Doc: "A row about an app, in any table that names one or the account. Columns that are not listed are fields under " +
			"their own names unless they are NULL, 0 or empty; of bytes only the length is told.",
		Fields: []artifact.FieldInfo{
			{Name: "table", Type: artifact.Text, Doc: "table: purchase_history_apps, app_update, job_software…"},
			{Name: "bundle_id", Type: artifact.Text, Doc: "the app"},
			{Name: "title", Type: artifact.Text, Doc: "its name"},
			{Name: "developer", Type: artifact.Text, Doc: "who made it"},
			{Name: "account", Type: artifact.Text, Doc: "name of the account in the store"},
			{Name: "account_name", Type: artifact.Text, Doc: "name of the account's owner, in the licence of the app"},
			{Name: "urls", Type: artifact.Strings, Doc: "addresses in the row: the app's page, icons, the file it is loaded from"},
			otherColumns,
		},
		Times: []string{"purchased", "recorded", "released", "installed", "updated", "expires"},
	}},
	Caveats: []string{
		"Purchases are those of the account, also on other devices.",
		"Apps that came another way (by a profile, by a computer) are not in the store's tables.",
		"Newer versions of iOS leave the database out of a sysdiagnose.",
	},
	Refs: []string{
		"https://github.com/EC-DIGIT-CSIRC/sysdiagnose/blob/main/src/sysdiagnose/parsers/appinstallation.py",
		"https://github.com/mvt-project/mvt/pull/917",
	},
}

// Info implements artifact.Parser.
func (appStore) Info() artifact.Info { return appStoreInfo }

// Parse implements artifact.Parser.
func (appStore) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readDatabase(ctx, in, readAppStore)
}

// The names that columns have, by what they hold.
var (
	storeBundles = []string{"bundle_id", "bundle_identifier", "bundleID", "bundleId"}
	storeTitles  = []string{"long_title", "title", "bundle_name", "item_name", "name"}
	storeMakers  = []string{"developer_name", "artist_name", "vendor_name"}
	storeNames   = []string{"store_account_name", "account_name", "apple_id"}
	storeTimes   = []struct{ column, meaning string }{
		{"date_purchased", "purchased"},
		{"store_purchase_date", "purchased"},
		{"timestamp", "recorded"},
		{"release_date", "released"},
		{"install_date", "installed"},
		{"update_date", "updated"},
		{"expiry_date", "expires"},
	}
)

// A storeReader reads a table.
type storeReader struct {
	*table
	bundle, title, maker, account, licence int

	urls  []int
	times []int // by storeTimes
}

func readAppStore(r *reading) error {
	found := false
	for _, source := range r.db.Tables() {
		t := r.optional(source.Name)
		if t == nil || strings.HasPrefix(source.Name, "sqlite_") {
			continue
		}
		s := newStoreReader(t)
		if s.bundle < 0 && s.account < 0 && s.licence < 0 {
			continue
		}
		found = true
		if err := t.each(s.row); err != nil {
			return err
		}
	}
	if !found {
		return fmt.Errorf("%w: no table names an app", limit.ErrUnsupported)
	}
	return nil
}

func newStoreReader(t *table) *storeReader {
	s := &storeReader{
		table: t, bundle: t.takeFirst(storeBundles), title: t.takeFirst(storeTitles), maker: t.takeFirst(storeMakers),
		account: t.takeFirst(storeNames), licence: t.take("sinfs_data"),
	}
	for _, when := range storeTimes {
		s.times = append(s.times, t.take(when.column))
	}
	for i := range t.columns {
		if name := strings.ToLower(t.columns[i].name); strings.HasSuffix(name, "url") {
			s.urls = append(s.urls, i)
			t.columns[i].field = ""
		}
	}
	t.hide("pid", "ROWID")
	t.seal(appStoreInfo.Kinds[0])
	return s
}

// takeFirst takes the first of the columns that the table has.
func (t *table) takeFirst(names []string) int {
	for _, name := range names {
		if t.find(name) >= 0 {
			return t.take(name)
		}
	}
	return -1
}

func (s *storeReader) row() error {
	rec := s.start("app")
	rec.Set("table", artifact.TextValue(s.name))
	bundle, account := s.text(s.bundle), s.text(s.account)
	rec.Set("bundle_id", artifact.TextOrNull(bundle))
	rec.Observe(artifact.AppID, bundle, "bundle_id")
	rec.Set("title", artifact.TextOrNull(s.plain(s.title)))
	rec.Set("developer", artifact.TextOrNull(s.text(s.maker)))
	rec.Set("account", artifact.TextOrNull(account))
	observeAddress(rec, account, "account")
	rec.Set("account_name", artifact.TextOrNull(licensee(s.bytes(s.licence))))
	s.setURLs(rec)
	s.set(rec)
	for i, when := range storeTimes {
		if raw := s.number(s.times[i]); raw.Kind() != artifact.Null && !hasTime(rec, when.meaning) {
			rec.When(when.meaning, storeEpoch(raw), raw)
		}
	}
	rec.Summary = func(b []byte) []byte {
		return appendSummary(b, "App Store, ", rec.Text("table"), ": ", firstText(rec.Text("title"), rec.Text("bundle_id"), rec.Text("account")))
	}
	return s.give()
}

func (s *storeReader) setURLs(rec *artifact.Record) {
	var list []string
	for _, i := range s.urls {
		list = appendNew(list, s.text(i))
	}
	if len(list) == 0 {
		return
	}
	rec.Set("urls", artifact.StringsValue(list))
	for _, u := range list {
		if strings.Contains(u, "://") {
			rec.Observe(artifact.URL, u, "urls")
		}
	}
}

func hasTime(rec *artifact.Record, meaning string) bool {
	for i := range rec.Times {
		if rec.Times[i].Meaning == meaning {
			return true
		}
	}
	return false
}

// macSecondsEnd is 2032 in seconds since 2001, and 2001 in those since 1970:
// the store is younger than that, so it parts the two epochs.
const macSecondsEnd = 1_000_000_000

// storeEpoch tells the epoch of a number: the tables have both, and seconds and milliseconds.
func storeEpoch(raw artifact.Value) artifact.Epoch {
	f, ok := raw.Float()
	switch {
	case ok && f > macSecondsEnd*100:
		return artifact.UnixMilliseconds
	case ok && f < macSecondsEnd:
		return artifact.MacSeconds
	default:
		return artifact.UnixSeconds
	}
}

// maxLicence bounds a licence. Real ones have a few KB.
const maxLicence = 1 << 20

// licensee returns the owner's name in a licence: the bytes have the word
// "name", the name and a zero.
func licensee(b []byte) string {
	if len(b) > maxLicence {
		return ""
	}
	_, rest, ok := strings.Cut(string(b), "name")
	name, _, ended := strings.Cut(rest, "\x00")
	if !ok || !ended {
		return ""
	}
	return strings.ToValidUTF8(name, "\ufffd")
}
