package ios

import (
	"context"
	"iter"

	"github.com/amparo-project/amparo/internal/artifact"
)

// webkitSafariViewService reads which pages stored something when an app
// showed them in a view of Safari's.
type webkitSafariViewService struct{}

// safariViewRoots are the folders of the views of Safari within apps.
var safariViewRoots = onPhone("*/SystemData/com.apple.SafariViewService/Library/WebKit/WebsiteData")

var webkitSafariViewServiceInfo = artifact.Info{
	Name:    "ios.webkit_safari_view_service",
	Version: 1,
	Summary: "Pages that stored something when an app showed them in a view of Safari's.",
	Files: within(safariViewRoots,
		"LocalStorage/*.localstorage", "Default/*/*/origin", "CacheStorage/*/origin", "MediaKeys/*/origin", "MediaKeys/*/SecureStop.plist",
		"IndexedDB/*/*/IndexedDB.sqlite3", "IndexedDB/*/*/*/IndexedDB.sqlite3", "IndexedDB/*/*/*/*/IndexedDB.sqlite3",
		"Default/*/*/IndexedDB/*/IndexedDB.sqlite3", "WebSQL/*/*.db"),
	Companions: within(safariViewRoots, "Default/*/*/origin", "Default/*/*/LocalStorage/localstorage.sqlite3"),
	Kinds: []artifact.KindInfo{
		{Kind: "storage", Doc: "One page that stored something, and what.", Fields: webkitStorageFields},
	},
	Caveats: webkitStorageCaveats,
	Refs:    webkitStorageRefs,
}

// Info implements artifact.Parser.
func (webkitSafariViewService) Info() artifact.Info { return webkitSafariViewServiceInfo }

// Parse implements artifact.Parser.
func (webkitSafariViewService) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readStorage(ctx, in)
}
