package android

import (
	"context"
	"iter"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/links"
)

// viber reads Viber's messages, calls and contacts.
type viber struct{}

var viberInfo = artifact.Info{
	Name:    "android.viber",
	Version: 1,
	Summary: "Viber messages with their links and attachments, Viber's calls, and the contacts that it copied.",
	Files:   []string{"**/viber_messages", "**/viber_data"},
	Kinds: withGaps([]artifact.KindInfo{
		{
			Kind: "message", Doc: "A message (table messages of viber_messages).",
			Fields: []artifact.FieldInfo{
				textField("direction", "sent or received"), textField("chat", "name of the chat, or the number of the other"), boolField("group", "it was sent to a group"),
				textField("sender", "name of who wrote it"), textField("number", "number of who wrote it"), textField("text", "text"),
				textField("description", "words beside a picture or file"), textField("attachment", "where the attached file lies"),
				textField("attachment_type", "what is attached, as the app names it"), listField("links", "links in text, description and preview"),
			},
			Times: []string{"message"},
		},
		{
			Kind: "call", Doc: "A call (table calls of viber_data).",
			Fields: []artifact.FieldInfo{
				textField("direction", "received, sent or missed"), textField("number", "number of the other, with its country"),
				textField("call_type", "audio or video, else the number that stands there"), intField("duration", "seconds"),
			},
			Times: []string{"call"},
		},
		{
			Kind: "contact", Doc: "A person of the address book, or a number that Viber knows (tables phonebookcontact with phonebookdata, and vibernumbers).",
			Fields: []artifact.FieldInfo{textField("name", "name in the address book"), textField("viber_name", "name that the account gave itself"), textField("number", "number")},
		},
		{
			Kind: "blocked", Doc: "A number that the owner blocked (table blockednumbers).",
			Fields: []artifact.FieldInfo{textField("number", "number")},
			Times:  []string{"blocked"},
		},
	}),
	Caveats: []string{
		"Messages that were deleted leave no row.",
		"The databases are in no backup: they come from a phone with root.",
	},
	Refs: []string{
		"https://github.com/sleuthkit/autopsy (InternalPythonModules/android/viber.py)",
		"https://github.com/abrignoni/ALEAPP (scripts/artifacts/Viber.py)",
		"https://github.com/log2timeline/plaso (android_viber_call)",
	},
}

// Info implements artifact.Parser.
func (viber) Info() artifact.Info { return viberInfo }

// Parse implements artifact.Parser.
func (viber) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readDatabase(ctx, in, func(d *dbReading) error {
		if baseName(in.Path) == "viber_data" {
			return readViberData(d)
		}
		v := &viberStore{d: d, people: map[int64]viberPerson{}, members: map[int64]int64{}, chats: map[int64]viberChat{}}
		return v.read()
	})
}

type (
	viberPerson struct{ name, number string }
	viberChat   struct {
		name  string
		group bool
	}
)

// A viberStore is what is held of a store of messages while it is read.
type viberStore struct {
	d       *dbReading
	people  map[int64]viberPerson
	members map[int64]int64 // of a chat: who they are
	chats   map[int64]viberChat
}

func (v *viberStore) read() error {
	for _, side := range []struct {
		table, columns string
		each           func(*dbRow)
	}{
		{"participants_info", "number display_name contact_name viber_name", func(r *dbRow) {
			v.people[r.row.RowID()] = viberPerson{firstOf(r.text("contact_name"), r.text("display_name"), r.text("viber_name")), r.text("number")}
		}},
		{"participants", "participant_info_id", func(r *dbRow) {
			if id, ok := r.int("participant_info_id"); ok {
				v.members[r.row.RowID()] = id
			}
		}},
		{"conversations", "name conversation_type recipient_number", func(r *dbRow) {
			kind, _ := r.int("conversation_type")
			v.chats[r.row.RowID()] = viberChat{firstOf(r.text("name"), r.text("recipient_number")), kind > 0}
		}},
	} {
		n := 0
		if _, err := v.d.each(side.table, side.columns, func(r *dbRow) error {
			if n++; n <= maxSide {
				side.each(r)
			}
			return nil
		}); err != nil {
			return err
		}
	}
	v.d.numbered("messages", artifact.UnixMilliseconds)
	// Newer versions call the time msg_date and the direction send_type.
	return v.d.need("messages", "msg_date date send_type type address body description conversation_id participant_id extra_uri extra_mime msg_info", v.message)
}

func (v *viberStore) message(r *dbRow) error {
	rec := r.start("message")
	direction, newer := r.int("send_type")
	if !newer {
		direction, _ = r.int("type")
	}
	v.d.set("direction", map[bool]string{true: "sent", false: "received"}[direction == 1])
	chatID, _ := r.int("conversation_id")
	memberID, _ := r.int("participant_id")
	chat, who := v.chats[chatID], v.people[v.members[memberID]]
	if who.number == "" && direction != 1 {
		who.number = r.text("address")
	}
	v.d.set("chat", firstOf(chat.name, who.name, who.number))
	rec.Set("group", artifact.BoolValue(chat.group))
	v.d.set("sender", who.name)
	v.d.set("number", who.number)
	observePhone(rec, who.number, "number")
	r.set("text", "body")
	r.set("description", "description")
	r.set("attachment", "extra_uri")
	r.set("attachment_type", "extra_mime")
	// Previews are JSON, in which a slash may have a backslash before it.
	more := strings.ReplaceAll(r.text("msg_info"), `\/`, "/")
	v.d.setLinks(links.Scan(more, links.Scan(rec.Text("description"), links.Scan(strings.ReplaceAll(rec.Text("text"), `\/`, "/"), nil))))
	meaning := "msg_date"
	if n, ok := r.int(meaning); !ok || n == 0 {
		meaning = "date"
	}
	r.when("message", meaning, artifact.UnixMilliseconds)
	if path, ok := strings.CutPrefix(rec.Text("attachment"), "file://"); ok {
		rec.Observe(artifact.FilePath, path, "attachment")
	}
	rec.Summary = func(b []byte) []byte {
		return appendSummary(b, "Viber ", rec.Text("direction"), " ", firstOf(rec.Text("sender"), rec.Text("chat")), ": ", rec.Text("text"))
	}
	return v.d.Give()
}
