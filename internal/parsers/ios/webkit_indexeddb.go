package ios

import (
	"context"
	"iter"

	"github.com/amparo-project/amparo/internal/artifact"
)

// webkitIndexedDB reads which pages made databases of their own in the
// browser.
type webkitIndexedDB struct{}

var webkitIndexedDBInfo = artifact.Info{
	Name:    "ios.webkit_indexeddb",
	Version: 1,
	Summary: "Pages that keep databases of their own in Safari or in the web views of apps.",
	Files: within(webkitRoots,
		"IndexedDB/*/*/IndexedDB.sqlite3", "IndexedDB/*/*/*/IndexedDB.sqlite3", "IndexedDB/*/*/*/*/IndexedDB.sqlite3",
		"Default/*/*/IndexedDB/*/IndexedDB.sqlite3", "Origins/*/*/IndexedDB/*/IndexedDB.sqlite3"),
	Companions: within(webkitRoots, "Default/*/*/origin", "Origins/*/*/origin"),
	Kinds: []artifact.KindInfo{
		{Kind: "storage", Doc: "One database of one page.", Fields: webkitStorageFields},
	},
	Caveats: webkitStorageCaveats,
	Refs:    webkitStorageRefs,
}

// Info implements artifact.Parser.
func (webkitIndexedDB) Info() artifact.Info { return webkitIndexedDBInfo }

// Parse implements artifact.Parser.
func (webkitIndexedDB) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readStorage(ctx, in)
}
