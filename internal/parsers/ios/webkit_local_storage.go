package ios

import (
	"context"
	"iter"

	"github.com/amparo-project/amparo/internal/artifact"
)

// webkitLocalStorage reads which pages stored something in the browser.
type webkitLocalStorage struct{}

var webkitLocalStorageInfo = artifact.Info{
	Name:    "ios.webkit_local_storage",
	Version: 1,
	Summary: "Pages that stored something in Safari or in the web views of apps.",
	Files: append(within(webkitRoots,
		"LocalStorage/*.localstorage", "Default/*/*/origin", "Origins/*/*/origin", "CacheStorage/*/origin", "MediaKeys/*/origin", "WebSQL/*/*.db"),
		onPhone("*/Library/WebKit/LocalStorage/*.localstorage", "*/Library/Caches/*.localstorage")...),
	Companions: within(webkitRoots,
		"Default/*/*/LocalStorage/localstorage.sqlite3", "Origins/*/*/LocalStorage/localstorage.sqlite3"),
	Kinds: []artifact.KindInfo{
		{Kind: "storage", Doc: "One page that stored something. In newer versions of iOS a file origin stands for all that it stored.", Fields: webkitStorageFields},
	},
	Caveats: webkitStorageCaveats,
	Refs:    webkitStorageRefs,
}

// Info implements artifact.Parser.
func (webkitLocalStorage) Info() artifact.Info { return webkitLocalStorageInfo }

// Parse implements artifact.Parser.
func (webkitLocalStorage) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readStorage(ctx, in)
}
