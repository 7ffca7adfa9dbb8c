// Package schema knows which tables the databases have that parsers read, for
// databases whose own schema is lost. Start with Salvage.
package schema

import (
	"embed"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/sqlite"
	"github.com/amparo-project/amparo/internal/limit"
)

// files are CREATE TABLE statements as phones have them; each file says where
// they were published.
//
//go:embed *.sql
var files embed.FS

// databases name the files of the schema by patterns of a database's own name
// (path.Match). The first that fits counts.
var databases = []struct{ pattern, files string }{
	{"sms.db", "sms"},
	{"DataUsage.sqlite", "datausage"},
	{"netusage.sqlite", "datausage"},
	{"History.db", "history"},
	{"CallHistory.storedata", "calls"},
	{"ChatStorage.sqlite", "whatsapp"},
	{"ContactsV2.sqlite", "contactsv2"},
	{"LID.sqlite", "lid"},
	{"CallHistory.sqlite", "whatsapp_calls"},
	{"TCC.db", "tcc"},
	{"Manifest.db", "manifest"},
	{"Calendar.sqlitedb", "calendar"},
	{"AddressBook.sqlitedb", "contacts"},
	{"interactionC.db", "interactions"},
	{"SafariTabs.db", "tabs"},
	{"BrowserState.db", "tabs"},
	{"Favicons.db", "safari_favicons"},
	{"Cache.db", "cache"},
	{"Shortcuts.sqlite", "shortcuts"},
	{"TrustStore.sqlite3", "truststore"},
	{"Accounts3.sqlite", "accounts"},
	{"knowledgeC.db", "knowledgec"},
	{"*.PLSQL", "powerlog"},
	{"RMAdminStore-*.sqlite", "screen_time"},
	{"com.apple.MobileBluetooth.ledevices.paired.db", "bluetooth_paired"},
	{"com.apple.MobileBluetooth.ledevices.other.db", "bluetooth_other"},
	{"Envelope Index", "mail_envelope"},
	{"Protected Index", "mail_protected"},
	{"AppUpdates.sqlitedb", "app_updates"},
	{"appstored.sqlitedb", "appstored"},
	{"downloads.*.sqlitedb", "itunes_downloads"},
	{"storeUser.db", "store_user"},
	{"observations.db", "webkit_observations"},
	{"IndexedDB.sqlite3", "indexeddb"},
	{"*.localstorage", "localstorage"},
	{"localstorage.sqlite3", "localstorage"},
	{"*_analytics.db", "analytics"},
	{"kik.sqlite", "kik"},
	{"Line.sqlite", "line"},
	{"UnifiedGroup.sqlite", "line_groups"},
	{"Contacts.data", "viber"},
	{"browser.db", "firefox_browser"},
	{"places.db", "firefox_places"},
	{"History", "chrome"},
	{"Favicons", "chrome_favicons"},
	{"mmssms.db", "android_mmssms"},
	{"calllog.db", "android_calllog"},
	{"contacts2.db", "android_contacts2"},
	{"downloads.db", "android_downloads"},
	{"msgstore.db", "android_msgstore"},
	{"wa.db", "android_wa"},
	{"cache4.db", "android_telegram"},
	{"viber_messages", "android_viber_messages"},
	{"viber_data", "android_viber_data"},
	{"lightspeed-*.db", "messenger"},
	{"[0-9]*.db", "messenger"},
}

var createTable = regexp.MustCompile("(?ms)^CREATE TABLE [\"`']?([^\"`'( ]+)[\"`']?\\s*\\(.*?;$")

// Of returns the CREATE TABLE statements of a database by the names of its
// tables, nil for a database that is not known.
func Of(logical string) (map[string]string, error) {
	base := path.Base(logical)
	for _, d := range databases {
		if ok, err := path.Match(d.pattern, base); err != nil || !ok {
			continue
		}
		text, err := files.ReadFile(d.files + ".sql")
		if err != nil {
			return nil, fmt.Errorf("schema of %s: %w", base, err)
		}
		tables := map[string]string{}
		for _, m := range createTable.FindAllStringSubmatch(string(text), -1) {
			if !strings.HasPrefix(m[1], "sqlite_") {
				tables[m[1]] = m[0]
			}
		}
		return tables, nil
	}
	return nil, nil
}

// ErrSalvaged says that a database was searched for rows in place of reading it.
var ErrSalvaged = errors.New("could not be read whole: rows of known tables were searched for in its pages")

// Salvage opens a database that cannot be opened, for the rows that are left in
// its pages, by the schema that a file of its name has. Where that is not known,
// nothing is left, or no recovery is wanted, it returns cause.
func Salvage(in *artifact.Input, cause error) (*sqlite.DB, error) {
	if !in.Recover || !errors.Is(cause, limit.ErrCorrupt) {
		return nil, cause
	}
	tables, err := Of(in.Path)
	if err != nil {
		return nil, err
	}
	if tables == nil {
		return nil, cause
	}
	db, err := sqlite.Salvage(in, in.Size, tables)
	if err != nil {
		return nil, cause
	}
	return db, nil
}
