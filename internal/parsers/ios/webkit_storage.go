package ios

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/parsers/input"
)

// webkitRoots are the folders in which WebKit keeps what pages store: that of
// an app or of the phone, of a process that is no app, and of a profile.
var webkitRoots = append(onPhone(
	"*/Library/WebKit/WebsiteData", "*/Library/WebKit/*/WebsiteData", "*/Library/WebKit/WebsiteDataStore/*",
), "private/var/mobile/Library/WebKit/WebsiteData", "private/var/mobile/Library/WebKit/*/WebsiteData",
	"private/var/mobile/Library/WebKit/WebsiteDataStore/*")

// within returns the patterns of files in folders.
func within(folders []string, files ...string) []string {
	var all []string
	for _, folder := range folders {
		for _, file := range files {
			all = append(all, folder+"/"+file)
		}
	}
	return all
}

// webkitStorageFields are what the parsers of storage say of one place.
var webkitStorageFields = []artifact.FieldInfo{
	{Name: "url", Type: artifact.Text, Doc: "origin of the page that was shown, rebuilt from the name of the folder or read from the file origin"},
	{Name: "frame_url", Type: artifact.Text, Doc: "origin of a page within it that stored something, where that is another"},
	{Name: "folder", Type: artifact.Text, Doc: "name of the folder or file that stands for the origin"},
	{Name: "store", Type: artifact.Text, Doc: "what is stored: indexeddb, local_storage, websql, media_keys or origin"},
	{Name: "database", Type: artifact.Text, Doc: "name that the page gave to its database"},
	{Name: "object_stores", Type: artifact.Strings, Doc: "names of the tables within it"},
	{Name: "items", Type: artifact.Int, Doc: "values that are in local storage"},
}

// webkitStorageCaveats hold for all of them.
var webkitStorageCaveats = []string{
	"A page can store something without being visited: as a part of another page, then frame_url tells it.",
	"When the page first stored something, the dates of the folder tell: see ios.manifest in a backup.",
}

var webkitStorageRefs = []string{
	"https://github.com/WebKit/WebKit/blob/main/Source/WebCore/page/SecurityOriginData.cpp",
	"https://github.com/WebKit/WebKit/blob/main/Source/WebKit/NetworkProcess/storage/NetworkStorageManager.cpp",
	"https://docs.mvt.re/en/latest/ios/records/",
}

// A storage is one place that an origin stored something in.
type storage struct {
	r     reading
	url   string
	frame string

	database string
	stores   []string
	items    int64
	counted  bool
	cut      bool // some name was longer than the limit
}

// readStorage is the Parse of the parsers of storage. What the path says is a
// record even where the content cannot be read.
func readStorage(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return input.Parse(ctx, in, func(r *input.Reading) error {
		s := &storage{r: reading{Reading: r, told: input.Told{}}}
		return s.read()
	})
}

// hashed reports whether the folders in a path are named by hashes, with a
// file origin beside what is stored.
func hashed(path string) bool {
	return strings.Contains(path, "/Default/") || strings.Contains(path, "/Origins/")
}

// storeOf tells what a file stores by its name and its folders.
func storeOf(path string) string {
	switch name := fileName(path); {
	case name == "origin":
		return "origin"
	case name == "IndexedDB.sqlite3":
		return "indexeddb"
	case strings.Contains(path, "/WebSQL/"):
		return "websql"
	case strings.Contains(path, "/MediaKeys/"):
		return "media_keys"
	default:
		return "local_storage"
	}
}

func (s *storage) read() error {
	store := storeOf(s.r.In.Path)
	var err error
	switch store {
	case "origin":
		s.url, s.frame, err = readOrigin(s.r.In)
	default:
		if s.url, s.frame = storageOrigins(s.r.In.Path); store == "indexeddb" && hashed(s.r.In.Path) {
			s.url, s.frame, err = originAbove(s.r.In, 3)
		}
	}
	if err != nil {
		if err := s.problem(err); err != nil {
			return err
		}
	}
	if err := s.content(store); err != nil {
		return err
	}
	if s.url == "" && s.frame == "" && (store == "origin" || !hashed(s.r.In.Path)) {
		return nil // the storage of an app's own pages
	}
	return s.give(store)
}

// problem tells of a file that could not be read, and ends reading where the
// run did.
func (s *storage) problem(err error) error {
	if s.r.Ctx.Err() != nil {
		return err
	}
	return s.r.ProblemAt(artifact.Location{}, err)
}

// content reads what the databases say of themselves.
func (s *storage) content(store string) error {
	switch store {
	case "indexeddb":
		return s.open(s.r.In, s.indexedDB)
	case "local_storage":
		return s.open(s.r.In, s.localStorage)
	case "origin":
		return s.beside()
	default:
		return nil
	}
}

// beside reads the local storage that lies beside a file origin, if any.
func (s *storage) beside() error {
	folder := strings.TrimSuffix(s.r.In.Path, "origin")
	if !hashed(folder) {
		return nil
	}
	in, err := s.r.In.Companion(folder + "LocalStorage/localstorage.sqlite3")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return s.problem(err)
	}
	return s.open(in, s.localStorage)
}

// open reads a database, which may be damaged: then its records tell less.
func (s *storage) open(in *artifact.Input, read func(*reading) error) error {
	db, err := openDatabase(in)
	if err != nil {
		return s.problem(err)
	}
	r := &reading{Reading: &input.Reading{Ctx: s.r.Ctx, In: in, Yield: s.r.Yield}, db: db, told: s.r.told}
	err = read(r)
	s.cut = s.cut || r.Rec.Truncated
	if errors.Is(err, input.ErrStopped) {
		return err
	}
	if err != nil {
		return s.problem(err)
	}
	return r.tellDamage()
}

func (s *storage) indexedDB(r *reading) error {
	if t := r.optional("IDBDatabaseInfo", "key", "value"); t != nil {
		key, value := t.find("key"), t.find("value")
		err := t.each(func() error {
			if t.text(key) == "DatabaseName" {
				s.database = t.plain(value)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	t := r.optional("ObjectStoreInfo", "name")
	if t == nil {
		return nil
	}
	name := t.find("name")
	return t.each(func() error {
		if len(s.stores) < maxList {
			s.stores = append(s.stores, t.plain(name))
		}
		return nil
	})
}

func (s *storage) localStorage(r *reading) error {
	t := r.optional("ItemTable", "key")
	if t == nil {
		return nil
	}
	s.counted = true
	return t.each(func() error {
		s.items++
		return nil
	})
}

func (s *storage) give(store string) error {
	rec := &s.r.Rec
	rec.Reset("storage")
	rec.Loc, rec.Truncated = artifact.Location{Path: s.r.In.Path}, s.cut
	setURL(rec, "url", s.r.Cut(s.url))
	if s.frame != s.url {
		setURL(rec, "frame_url", s.r.Cut(s.frame))
	}
	rec.Set("folder", artifact.TextOrNull(s.r.Cut(s.folder(store))))
	rec.Set("store", artifact.TextValue(store))
	rec.Set("database", artifact.TextOrNull(s.database))
	rec.Set("object_stores", artifact.StringsValue(slices.DeleteFunc(s.stores, func(n string) bool { return n == "" })))
	if s.counted {
		rec.Set("items", artifact.IntValue(s.items))
	}
	rec.Summary = func(b []byte) []byte {
		return appendSummary(b, store, " of ", firstText(s.url, "an unknown page"), " ", s.database)
	}
	return s.r.give()
}

// folder returns the part of the path that stands for the origin: its name,
// or the hashes of it that the file origin or IndexedDB lies below.
func (s *storage) folder(store string) string {
	parts := strings.Split(s.r.In.Path, "/")
	for _, part := range parts {
		if first, _ := storageOrigins("WebsiteData/" + part); first != "" {
			return part
		}
	}
	up := map[string]int{"origin": 1, "indexeddb": 3}[store]
	if len(parts) < up+2 {
		return ""
	}
	return strings.Join(parts[len(parts)-up-2:len(parts)-up], "/")
}
