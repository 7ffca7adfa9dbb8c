package android

import (
	"context"
	"iter"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/links"
)

// phoneDatabases reads databases of the system, from a phone with root: calls,
// text messages, downloads.
type phoneDatabases struct{}

var phoneDatabasesInfo = artifact.Info{
	Name:    "android.phone_databases",
	Version: 1,
	Summary: "Calls, text messages and downloads from databases of the system.",
	Files:   []string{"**/contacts2.db", "**/calllog.db", "**/mmssms.db", "**/downloads.db"},
	Kinds: withGaps([]artifact.KindInfo{
		{
			Kind: "call",
			Doc:  "A call.",
			Fields: []artifact.FieldInfo{
				{Name: "number", Type: artifact.Text, Doc: "number"},
				{Name: "name", Type: artifact.Text, Doc: "name in the address book"},
				{Name: "direction", Type: artifact.Text, Doc: "received, sent, missed, voicemail, rejected or blocked"},
				{Name: "duration", Type: artifact.Int, Doc: "seconds"},
				{Name: "place", Type: artifact.Text, Doc: "place of the number, as the phone knows it"},
			},
			Times: []string{"call"},
		},
		{
			Kind: "message",
			Doc:  "A text message.",
			Fields: []artifact.FieldInfo{
				{Name: "direction", Type: artifact.Text, Doc: "received, sent, or draft"},
				{Name: "folder", Type: artifact.Text, Doc: "inbox, sent, draft, outbox, failed, queued"},
				{Name: "address", Type: artifact.Text, Doc: "the other's number or name"},
				{Name: "body", Type: artifact.Text, Doc: "text"},
				{Name: "subject", Type: artifact.Text, Doc: "subject"},
				{Name: "creator", Type: artifact.Text, Doc: "app that wrote it"},
				{Name: "service_center", Type: artifact.Text, Doc: "centre that passed it on"},
				{Name: "links", Type: artifact.Strings, Doc: "links in text and subject"},
			},
			Times: []string{"message", "sent"},
		},
		{
			Kind: "download",
			Doc:  "A download by the system's manager.",
			Fields: []artifact.FieldInfo{
				{Name: "url", Type: artifact.Text, Doc: "address"},
				{Name: "path", Type: artifact.Text, Doc: "where it was put"},
				{Name: "title", Type: artifact.Text, Doc: "title"},
				{Name: "mime_type", Type: artifact.Text, Doc: "kind of file"},
				{Name: "package_name", Type: artifact.Text, Doc: "app that asked for it"},
				{Name: "referrer", Type: artifact.Text, Doc: "page that it was found on"},
				{Name: "bytes", Type: artifact.Int, Doc: "size"},
				{Name: "deleted", Type: artifact.Bool, Doc: "it was removed from the list"},
			},
			Times: []string{"last_modified"},
		},
	}),
	Caveats: []string{"Rows that were deleted are told only where their bytes are left."},
	Refs: []string{
		"https://developer.android.com/reference/android/provider/CallLog.Calls",
		"https://developer.android.com/reference/android/provider/Telephony.TextBasedSmsColumns",
		"https://developer.android.com/reference/android/app/DownloadManager",
	},
}

// Info implements artifact.Parser.
func (phoneDatabases) Info() artifact.Info { return phoneDatabasesInfo }

// Parse implements artifact.Parser.
func (phoneDatabases) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readDatabase(ctx, in, func(d *dbReading) error {
		switch baseName(in.Path) {
		case "mmssms.db":
			d.numbered("sms", artifact.UnixMilliseconds)
			return d.need("sms", "address body subject type date date_sent creator service_center", d.storedMessage)
		case "downloads.db":
			return d.need("downloads", "uri _data title mimetype notificationpackage referer total_bytes deleted lastmod", d.download)
		default:
			d.numbered("calls", artifact.UnixMilliseconds)
			// Since Android 7 contacts2.db has no calls.
			_, err := d.each("calls", "number name type duration geocoded_location date", d.call)
			return err
		}
	})
}

// callDirections are the directions of calls by their type.
var callDirections = []string{"", "received", "sent", "missed", "voicemail", "rejected", "blocked"}

func (d *dbReading) call(r *dbRow) error {
	rec := r.start("call")
	r.set("number", "number")
	r.set("name", "name")
	if n, ok := r.int("type"); ok && n > 0 && n < int64(len(callDirections)) {
		d.set("direction", callDirections[n])
	}
	r.setInt("duration", "duration")
	r.set("place", "geocoded_location")
	r.when("call", "date", artifact.UnixMilliseconds)
	observePhone(rec, rec.Text("number"), "number")
	rec.Summary = func(b []byte) []byte {
		return appendSummary(b, "call ", rec.Text("direction"), " ", rec.Text("number"), " ", rec.Text("name"))
	}
	return d.Give()
}

func (d *dbReading) storedMessage(r *dbRow) error {
	rec := r.start("message")
	if n, ok := r.int("type"); ok && n > 0 && n < int64(len(folders)) {
		d.set("direction", directions[folders[n]])
		d.set("folder", folders[n])
	}
	for _, column := range []string{"address", "body", "subject", "creator", "service_center"} {
		r.set(column, column)
	}
	d.setLinks(links.Scan(rec.Text("subject"), links.Scan(rec.Text("body"), nil)))
	r.when("message", "date", artifact.UnixMilliseconds)
	r.when("sent", "date_sent", artifact.UnixMilliseconds)
	observePhone(rec, rec.Text("address"), "address")
	rec.Summary = func(b []byte) []byte {
		return appendSummary(b, "SMS ", rec.Text("direction"), " ", rec.Text("address"), ": ", rec.Text("body"))
	}
	return d.Give()
}

func (d *dbReading) download(r *dbRow) error {
	rec := r.start("download")
	r.set("url", "uri")
	r.set("path", "_data")
	r.set("title", "title")
	r.set("mime_type", "mimetype")
	r.set("package_name", "notificationpackage")
	r.set("referrer", "referer")
	r.setInt("bytes", "total_bytes")
	if n, ok := r.int("deleted"); ok {
		rec.Set("deleted", artifact.BoolValue(n != 0))
	}
	r.when("last_modified", "lastmod", artifact.UnixMilliseconds)
	for _, field := range []string{"url", "referrer"} {
		if strings.Contains(rec.Text(field), "://") {
			rec.Observe(artifact.URL, rec.Text(field), field)
		}
	}
	rec.Observe(artifact.FilePath, rec.Text("path"), "path")
	rec.Observe(artifact.AppID, rec.Text("package_name"), "package_name")
	rec.Summary = func(b []byte) []byte { return appendSummary(b, "downloaded ", rec.Text("url")) }
	return d.Give()
}
