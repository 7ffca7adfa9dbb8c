package android

import (
	"context"
	"iter"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/links"
)

// whatsApp reads WhatsApp's messages and contacts.
type whatsApp struct{}

var whatsAppInfo = artifact.Info{
	Name:    "android.whatsapp",
	Version: 1,
	Summary: "WhatsApp messages with their links and media, and WhatsApp's contacts.",
	Files:   []string{"**/msgstore.db", "**/wa.db"},
	Kinds: withGaps([]artifact.KindInfo{
		{
			Kind: "message",
			Doc:  "A message.",
			Fields: []artifact.FieldInfo{
				{Name: "direction", Type: artifact.Text, Doc: "sent or received"},
				{Name: "chat", Type: artifact.Text, Doc: "identity of the chat: a number or a group"},
				{Name: "chat_name", Type: artifact.Text, Doc: "name of the group"},
				{Name: "sender", Type: artifact.Text, Doc: "who wrote it, in a group"},
				{Name: "text", Type: artifact.Text, Doc: "text"},
				{Name: "message_type", Type: artifact.Int, Doc: "0 text, 1 image, 2 sound, 3 video, 4 contact, 5 location, 9 document; older versions count alike"},
				{Name: "media_url", Type: artifact.Text, Doc: "where the media are loaded from"},
				{Name: "media_path", Type: artifact.Text, Doc: "where they were put"},
				{Name: "mime_type", Type: artifact.Text, Doc: "kind of media"},
				{Name: "page_title", Type: artifact.Text, Doc: "title in the preview of a link"},
				{Name: "links", Type: artifact.Strings, Doc: "links in text and preview"},
			},
			Times: []string{"message", "received"},
		},
		{
			Kind: "contact",
			Doc:  "A contact.",
			Fields: []artifact.FieldInfo{
				{Name: "jid", Type: artifact.Text, Doc: "identity"},
				{Name: "number", Type: artifact.Text, Doc: "number"},
				{Name: "display_name", Type: artifact.Text, Doc: "name in the address book"},
				{Name: "wa_name", Type: artifact.Text, Doc: "name that the contact gave itself"},
				{Name: "status", Type: artifact.Text, Doc: "what the contact says of itself"},
			},
			Times: []string{"status_set"},
		},
	}),
	Caveats: []string{
		"Messages that were deleted, or have disappeared, leave no row.",
		"The database is in no backup: it comes from a phone with root, or from a copy of WhatsApp's own.",
	},
	Refs: []string{
		"https://github.com/abrignoni/ALEAPP (scripts/artifacts/WhatsApp.py)",
		"https://github.com/KnugiHK/WhatsApp-Chat-Exporter",
		"https://docs.mvt.re/en/latest/android/",
	},
}

// Info implements artifact.Parser.
func (whatsApp) Info() artifact.Info { return whatsAppInfo }

// Parse implements artifact.Parser.
func (whatsApp) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readDatabase(ctx, in, func(d *dbReading) error {
		if strings.HasSuffix(in.Path, "wa.db") {
			return d.need("wa_contacts", "jid number display_name wa_name status status_timestamp", d.waContact)
		}
		w := &waStore{d: d, jids: map[int64]string{}, chats: map[int64]waChat{}, media: map[int64]waMedia{}, previews: map[int64]waPreview{}}
		return w.read()
	})
}

// The rows of side tables, which are held to join them to messages.
type (
	waChat    struct{ jid, name string }
	waMedia   struct{ url, path, mime string }
	waPreview struct{ url, title, description string }
)

// maxSide bounds the rows of each side table that are held.
const maxSide = 1 << 20

// A waStore is what is held of a store of messages while it is read.
type waStore struct {
	d        *dbReading
	jids     map[int64]string
	chats    map[int64]waChat
	media    map[int64]waMedia
	previews map[int64]waPreview
}

func (w *waStore) read() error {
	for _, side := range []struct {
		table, columns string
		each           func(*dbRow)
	}{
		{"jid", "raw_string user server", func(r *dbRow) {
			jid := r.text("raw_string")
			if jid == "" && r.text("user") != "" {
				jid = r.text("user") + "@" + r.text("server")
			}
			w.jids[r.row.RowID()] = jid
		}},
		{"chat", "jid_row_id subject", func(r *dbRow) {
			id, _ := r.int("jid_row_id")
			w.chats[r.row.RowID()] = waChat{w.jids[id], r.text("subject")}
		}},
		{"message_media", "message_row_id message_url file_path mime_type", func(r *dbRow) {
			if id, ok := r.int("message_row_id"); ok {
				w.media[id] = waMedia{r.text("message_url"), r.text("file_path"), r.text("mime_type")}
			}
		}},
		{"message_text", "message_row_id url page_title description", func(r *dbRow) {
			if id, ok := r.int("message_row_id"); ok {
				w.previews[id] = waPreview{r.text("url"), r.text("page_title"), r.text("description")}
			}
		}},
	} {
		n := 0
		if _, err := w.d.each(side.table, side.columns, func(r *dbRow) error {
			if n++; n <= maxSide {
				side.each(r)
			}
			return nil
		}); err != nil {
			return err
		}
	}
	w.d.numbered("message", artifact.UnixMilliseconds)
	// WhatsApp 2.21.x moved messages to a table of another form and name.
	found, err := w.d.each("message", "chat_row_id from_me sender_jid_row_id timestamp received_timestamp message_type text_data", w.message)
	if err != nil {
		return err
	}
	const old = "key_remote_jid key_from_me remote_resource data timestamp received_timestamp media_wa_type media_url media_mime_type media_caption"
	w.d.numbered("messages", artifact.UnixMilliseconds)
	if found {
		_, err = w.d.each("messages", old, w.oldMessage)
		return err
	}
	return w.d.need("messages", old, w.oldMessage)
}

func (w *waStore) message(r *dbRow) error {
	rec := r.start("message")
	chatID, _ := r.int("chat_row_id")
	senderID, _ := r.int("sender_jid_row_id")
	id := r.row.RowID()
	chat, media, preview := w.chats[chatID], w.media[id], w.previews[id]
	w.direction(r, "from_me")
	w.d.set("chat", chat.jid)
	w.d.set("chat_name", chat.name)
	w.d.set("sender", w.jids[senderID])
	r.set("text", "text_data")
	r.setInt("message_type", "message_type")
	w.d.set("media_url", media.url)
	w.d.set("media_path", media.path)
	w.d.set("mime_type", media.mime)
	w.d.set("page_title", preview.title)
	w.finish(r, rec, preview.url+"\n"+preview.title+"\n"+preview.description)
	return w.d.Give()
}

func (w *waStore) oldMessage(r *dbRow) error {
	if r.text("key_remote_jid") == "-1" {
		return nil // the row that every store begins with
	}
	rec := r.start("message")
	w.direction(r, "key_from_me")
	r.set("chat", "key_remote_jid")
	r.set("sender", "remote_resource")
	r.set("text", "data")
	r.setInt("message_type", "media_wa_type")
	r.set("media_url", "media_url")
	r.set("mime_type", "media_mime_type")
	w.finish(r, rec, r.text("media_caption"))
	return w.d.Give()
}

func (w *waStore) direction(r *dbRow, column string) {
	switch n, ok := r.int(column); {
	case ok && n == 1:
		w.d.set("direction", "sent")
	case ok:
		w.d.set("direction", "received")
	}
}

// finish sets links and times, and notes what an indicator may name.
func (w *waStore) finish(r *dbRow, rec *artifact.Record, more string) {
	w.d.setLinks(links.Scan(more, links.Scan(rec.Text("text"), nil)))
	r.when("message", "timestamp", artifact.UnixMilliseconds)
	r.when("received", "received_timestamp", artifact.UnixMilliseconds)
	for _, field := range []string{"chat", "sender"} {
		observeJID(rec, field)
	}
	rec.Observe(artifact.FilePath, rec.Text("media_path"), "media_path")
	rec.Summary = func(b []byte) []byte {
		return appendSummary(b, "WhatsApp ", rec.Text("direction"), " ", firstOf(rec.Text("sender"), rec.Text("chat")), ": ", rec.Text("text"))
	}
}

// observeJID notes the number in an identity such as 525500000001@s.whatsapp.net.
func observeJID(rec *artifact.Record, field string) {
	user, server, ok := strings.Cut(rec.Text(field), "@")
	user, _, _ = strings.Cut(user, ":")
	if ok && server == "s.whatsapp.net" && strings.Trim(user, "0123456789") == "" && len(user) > 6 {
		rec.Observe(artifact.Phone, "+"+user, field)
	}
}

func (d *dbReading) waContact(r *dbRow) error {
	rec := r.start("contact")
	for _, column := range []string{"jid", "number", "display_name", "wa_name", "status"} {
		r.set(column, column)
	}
	r.when("status_set", "status_timestamp", artifact.UnixMilliseconds)
	observeJID(rec, "jid")
	observePhone(rec, rec.Text("number"), "number")
	d.scanLinks(rec)
	rec.Summary = func(b []byte) []byte {
		return appendSummary(b, "WhatsApp contact ", firstOf(rec.Text("display_name"), rec.Text("wa_name")), " ", rec.Text("jid"))
	}
	return d.Give()
}

// scanLinks notes the links in what a contact says of itself.
func (d *dbReading) scanLinks(rec *artifact.Record) {
	for _, l := range links.Scan(rec.Text("status"), nil) {
		rec.Observe(artifact.URL, l.URL, "status")
	}
}
