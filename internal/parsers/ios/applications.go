package ios

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/plist"
)

// applications reads the apps that were on the phone, from Info.plist.
type applications struct{}

var applicationsInfo = artifact.Info{
	Name:    "ios.applications",
	Version: 1,
	Summary: "Apps that were installed, with who made them and where they came from.",
	Files:   []string{"Info.plist", "private/var/containers/Bundle/Application/*/" + metadataFile},
	Kinds: []artifact.KindInfo{{
		Kind: "application",
		Doc:  "One app. An app without the App Store's metadata is a record like any other.",
		Fields: []artifact.FieldInfo{
			{Name: "bundle_id", Type: artifact.Text, Doc: "bundle identifier"},
			{Name: "has_metadata", Type: artifact.Bool, Doc: "whether the backup has the App Store's metadata (iTunesMetadata) of it"},
			{Name: "metadata_bundle_id", Type: artifact.Text, Doc: "softwareVersionBundleId: the bundle identifier in the metadata"},
			{Name: "name", Type: artifact.Text, Doc: "itemName: name in the App Store"},
			{Name: "developer", Type: artifact.Text, Doc: "artistName"},
			{Name: "version", Type: artifact.Text, Doc: "bundleShortVersionString"},
			{Name: "build", Type: artifact.Text, Doc: "bundleVersion"},
			{Name: "genre", Type: artifact.Text, Doc: "genre"},
			{Name: "item_id", Type: artifact.Int, Doc: "itemId: number in the App Store"},
			{Name: "source_app", Type: artifact.Text, Doc: "sourceApp: what installed it"},
			{Name: "apple_id", Type: artifact.Text, Doc: "account that downloaded it"},
			{Name: "icon_sha256", Type: artifact.Text, Doc: "SHA-256 of the icon in the backup"},
			{Name: "metadata", Type: artifact.Tree, Doc: "what else the metadata says"},
		},
		Times: []string{"purchased", "released"},
	}},
	Caveats: []string{
		"Apps that come with iOS are not listed.",
		"Some programs that make backups leave the metadata of all apps out.",
	},
	Refs: []string{"https://www.theiphonewiki.com/wiki/ITunes_Backup"},
}

// Info implements artifact.Parser.
func (applications) Info() artifact.Info { return applicationsInfo }

// Parse implements artifact.Parser.
func (applications) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readPropertyList(ctx, in, readApplications)
}

// readApplications gives the apps that Applications describes, and then those
// that only the list of installed ones names.
//
// In a dump of the file system each app has its metadata in a file of its own,
// beside the app.
func readApplications(r *listReading) error {
	if fileName(r.In.Path) == metadataFile {
		return r.installed()
	}
	described := map[string]bool{}
	apps := r.root.Get("Applications")
	for id, app := range apps.All() {
		described[id] = true
		if err := r.application(id, app); err != nil {
			return err
		}
	}
	for v := range r.root.Get("Installed Applications").Items() {
		id := r.text(v)
		if id == "" || described[id] {
			continue
		}
		described[id] = true
		rec := r.start("application", "Installed Applications", v)
		rec.Set("bundle_id", artifact.TextValue(id))
		// Without Applications nothing is known of any app's metadata.
		if apps.Kind() == plist.Dict && apps.Len() > 0 {
			rec.Set("has_metadata", artifact.BoolValue(false))
		}
		rec.Observe(artifact.AppID, id, "bundle_id")
		rec.Summary = r.summarizeApp
		if err := r.Give(); err != nil {
			return err
		}
	}
	return nil
}

// metadataFields are the fields of iTunesMetadata with a place of their own.
var metadataFields = []struct{ key, field string }{
	{"softwareVersionBundleId", "metadata_bundle_id"},
	{"itemName", "name"},
	{"artistName", "developer"},
	{"bundleShortVersionString", "version"},
	{"bundleVersion", "build"},
	{"genre", "genre"},
	{"sourceApp", "source_app"},
	{"itemId", "item_id"},
}

func (r *listReading) application(id string, app plist.Value) error {
	path := "Applications/" + id
	rec := r.start("application", path, app)
	rec.Set("bundle_id", artifact.TextValue(r.Cut(id)))
	rec.Observe(artifact.AppID, id, "bundle_id")
	if icon, ok := app.Get("PlaceholderIcon").Bytes(); ok {
		sum := sha256.Sum256(icon)
		rec.Set("icon_sha256", artifact.TextValue(hex.EncodeToString(sum[:])))
		rec.Observe(artifact.FileHash, rec.Text("icon_sha256"), "icon_sha256")
	}
	raw, ok := app.Get("iTunesMetadata").Bytes()
	rec.Set("has_metadata", artifact.BoolValue(ok && len(raw) > 0))
	if ok && len(raw) > 0 {
		meta, err := plist.Parse(raw)
		if err != nil {
			if err := r.problem(path+"/iTunesMetadata", fmt.Errorf("metadata of the app: %w", err)); err != nil {
				return err
			}
		} else if err := r.metadata(rec, path, meta); err != nil {
			return err
		}
	}
	rec.Summary = r.summarizeApp
	return r.Give()
}

// metadataFile is what the App Store writes beside an app.
const metadataFile = "iTunesMetadata.plist"

// installed gives the app whose metadata the list is.
func (r *listReading) installed() error {
	rec := r.start("application", metadataFile, r.root)
	id := r.text(r.root.Get("softwareVersionBundleId"))
	rec.Set("bundle_id", artifact.TextOrNull(id))
	rec.Observe(artifact.AppID, id, "bundle_id")
	rec.Set("has_metadata", artifact.BoolValue(true))
	if err := r.metadata(rec, "", r.root); err != nil {
		return err
	}
	rec.Summary = r.summarizeApp
	return r.Give()
}

func (r *listReading) summarizeApp(b []byte) []byte {
	rec := &r.Rec
	return appendSummary(b, "app ", rec.Text("bundle_id"), " ", rec.Text("name"), " ", rec.Text("version"))
}

func (r *listReading) metadata(rec *artifact.Record, path string, meta plist.Value) error {
	for _, f := range metadataFields {
		if err := r.set(f.field, path+"/iTunesMetadata/"+f.key, meta.Get(f.key)); err != nil {
			return err
		}
	}
	if b := rec.Text("metadata_bundle_id"); b != rec.Text("bundle_id") {
		rec.Observe(artifact.AppID, b, "metadata_bundle_id")
	}
	account := meta.Get("com.apple.iTunesStore.downloadInfo").Get("accountInfo")
	appleID := firstText(r.text(account.Get("AppleID")), r.text(meta.Get("appleId")), r.text(meta.Get("apple-id")))
	rec.Set("apple_id", artifact.TextOrNull(appleID))
	observeAddress(rec, appleID, "apple_id")
	r.when("purchased", firstValue(meta.Get("purchaseDate"), meta.Get("com.apple.iTunesStore.downloadInfo").Get("purchaseDate")))
	r.when("released", meta.Get("releaseDate"))
	return r.rest(rec, path, meta)
}

// rest keeps what has no field of its own.
func (r *listReading) rest(rec *artifact.Record, path string, meta plist.Value) error {
	own := map[string]bool{"purchaseDate": true, "releaseDate": true}
	for _, f := range metadataFields {
		own[f.key] = true
	}
	tree := map[string]any{}
	for key, v := range meta.All() {
		if own[key] {
			continue
		}
		x, err := plist.Any(v, treeLimits)
		if err != nil {
			if err := r.problem(path+"/iTunesMetadata/"+key, err); err != nil {
				return err
			}
			continue
		}
		tree[key] = x
	}
	if len(tree) > 0 {
		rec.Set("metadata", artifact.TreeValue(tree))
	}
	return nil
}

func firstValue(values ...plist.Value) plist.Value {
	for _, v := range values {
		if v.Kind() != plist.Invalid {
			return v
		}
	}
	return plist.Value{}
}
