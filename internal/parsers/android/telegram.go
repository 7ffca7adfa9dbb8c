package android

import (
	"context"
	"iter"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/links"
	"github.com/amparo-project/amparo/internal/format/tl"
)

// telegram reads the store of Telegram, as far as it can be read in every
// version of the app: its objects are written in a language of which each
// version has another dictionary.
type telegram struct{}

var telegramInfo = artifact.Info{
	Name:    "android.telegram",
	Version: 1,
	Summary: "Telegram messages with their links, as far as the store can be read in every version, and whom the app knows.",
	Files:   []string{"**/cache4.db"},
	Kinds: []artifact.KindInfo{
		{
			Kind: "message", Doc: "A message (tables messages_v2, messages and scheduled_messages_v2, and media_v4 where the others have lost it).",
			Fields: []artifact.FieldInfo{
				textField("direction", "sent or received"), intField("message_id", "number of the message in its chat"),
				intField("chat_id", "number of the chat: positive of a person, negative of a group or channel"),
				textField("chat", "name of the chat, where the store has it"), textField("chat_kind", "person, group or secret"),
				intField("sender_id", "who wrote it, where the message says so"), textField("sender", "name of the sender"),
				textField("text", "text, where it was found"), boolField("service", "the app wrote it: somebody joined, a name was changed"),
				boolField("forwarded", "it was passed on"), boolField("reply", "it answers another"),
				listField("links", "links in text, preview and the marks of the text"),
			},
			Times: []string{"message"},
		},
		{
			Kind: "user", Doc: "Somebody whom the app has seen (table users).",
			Fields: []artifact.FieldInfo{
				intField("user_id", "number of the account"), textField("name", "name"), textField("username", "name by which the account can be found"),
				textField("phone", "number, where the account showed it"),
			},
			Times: []string{"last_seen"},
		},
		{Kind: "chat", Doc: "A group or channel (table chats).", Fields: []artifact.FieldInfo{intField("chat_id", "its number, as messages have it"), textField("name", "name")}},
		{
			Kind: "secret_chat", Doc: "A chat whose messages only the two phones have (table enc_chats).",
			Fields: []artifact.FieldInfo{intField("secret_chat_id", "its number"), intField("user_id", "with whom"), textField("name", "name of the other")},
		},
		{
			Kind: "dialog", Doc: "A chat in the list of chats (table dialogs).",
			Fields: []artifact.FieldInfo{intField("chat_id", "its number"), textField("chat", "name, where the store has it"), intField("unread", "messages that were not read")},
			Times:  []string{"last_message"},
		},
		{
			Kind: "contact", Doc: "A person of the address book (tables user_contacts_v7 and user_phones_v7).",
			Fields: []artifact.FieldInfo{intField("user_id", "number of the account, 0 where there is none"), textField("first_name", "first name"), textField("last_name", "last name"), listField("phones", "numbers")},
		},
	},
	Caveats: []string{
		"The text is what follows the time of the message in its object, as in every version known; where it was not found there, it is left out.",
		"A sender is told only where the object has its place before the text; in a chat of two the other wrote what was received.",
		"The store is a copy of a part of what the servers hold: older messages and those of other devices may be missing.",
	},
	Refs: []string{
		"https://github.com/DrKLO/Telegram (TMessagesProj/src/main/java/org/telegram/messenger/MessagesStorage.java: tables; tgnet/TLRPC.java: objects)",
		"https://core.telegram.org/mtproto/serialize",
		"https://github.com/RealityNet/teleparser",
		"https://github.com/abrignoni/ALEAPP (scripts/artifacts/telegramAndroid.py)",
	},
}

// Info implements artifact.Parser.
func (telegram) Info() artifact.Info { return telegramInfo }

// Parse implements artifact.Parser.
func (telegram) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readDatabase(ctx, in, func(d *dbReading) error {
		t := &tgStore{d: d, names: map[int64]string{}, secret: map[int64]string{}, phones: map[string][]string{}, seen: map[tgMessageKey]bool{}}
		return t.read()
	})
}

// A tgStore is what is held of a store while it is read.
type tgStore struct {
	d      *dbReading
	names  map[int64]string // of chats and people, by the number that messages have
	secret map[int64]string // of secret chats
	phones map[string][]string
	seen   map[tgMessageKey]bool // messages that were given
}

type tgMessageKey struct{ chat, id int64 }

func (t *tgStore) read() error {
	for _, table := range []struct {
		name, columns string
		each          func(*dbRow) error
	}{
		{"users", "uid name status data", t.user},
		{"chats", "uid name", t.chat},
		{"enc_chats", "uid user name", t.secretChat},
		{"dialogs", "did date unread_count", t.dialog},
		{"user_phones_v7", "key phone deleted", t.phone},
		{"user_contacts_v7", "key uid fname sname", t.contact},
	} {
		if _, err := t.d.each(table.name, table.columns, table.each); err != nil {
			return err
		}
	}
	const columns = "mid uid date out data"
	old, err := t.d.each("messages", columns, t.message)
	if err != nil {
		return err
	}
	if old {
		_, err = t.d.each("messages_v2", columns, t.message)
	} else {
		err = t.d.need("messages_v2", columns, t.message)
	}
	for _, more := range []string{"scheduled_messages_v2", "media_v4"} {
		if err == nil {
			_, err = t.d.each(more, columns, t.message)
		}
	}
	return err
}

// name splits "ana pérez;;;ana_p", as the table of users has it.
func (t *tgStore) name(text string) (name, username string) {
	name, username, _ = strings.Cut(text, ";;;")
	return strings.TrimSpace(name), strings.TrimSpace(username)
}

func (t *tgStore) learn(id int64, name string) {
	if name != "" && len(t.names) < maxSide {
		t.names[id] = name
	}
}

func (t *tgStore) user(r *dbRow) error {
	id, ok := r.int("uid")
	if !ok {
		return nil
	}
	name, username := t.name(r.text("name"))
	t.learn(id, name)
	rec := r.start("user")
	rec.Set("user_id", artifact.IntValue(id))
	t.d.set("name", name)
	t.d.set("username", username)
	if phone := tgPhone(r.bytes("data"), id); phone != "" {
		t.d.set("phone", "+"+phone)
		observePhone(rec, "+"+phone, "phone")
	}
	r.when("last_seen", "status", artifact.UnixSeconds)
	rec.Summary = func(b []byte) []byte { return appendSummary(b, "Telegram account ", name, " ", username) }
	return t.d.Give()
}

func (t *tgStore) chat(r *dbRow) error {
	id, ok := r.int("uid")
	if !ok {
		return nil
	}
	t.learn(-id, r.text("name"))
	rec := r.start("chat")
	rec.Set("chat_id", artifact.IntValue(-id))
	r.set("name", "name")
	return t.d.Give()
}

func (t *tgStore) secretChat(r *dbRow) error {
	id, ok := r.int("uid")
	if !ok {
		return nil
	}
	name, _ := t.name(r.text("name"))
	if len(t.secret) < maxSide {
		t.secret[id] = name
	}
	rec := r.start("secret_chat")
	rec.Set("secret_chat_id", artifact.IntValue(id))
	r.setInt("user_id", "user")
	t.d.set("name", name)
	return t.d.Give()
}

func (t *tgStore) dialog(r *dbRow) error {
	id, ok := r.int("did")
	if !ok {
		return nil
	}
	rec := r.start("dialog")
	rec.Set("chat_id", artifact.IntValue(id))
	name, _ := t.chatOf(id)
	t.d.set("chat", name)
	r.setInt("unread", "unread_count")
	r.when("last_message", "date", artifact.UnixSeconds)
	rec.Summary = func(b []byte) []byte { return appendSummary(b, "last message of a Telegram chat: ", name) }
	return t.d.Give()
}

func (t *tgStore) phone(r *dbRow) error {
	key, phone := r.text("key"), r.text("phone")
	if len(t.phones) < maxSide && len(t.phones[key]) < 20 && phone != "" {
		t.phones[key] = append(t.phones[key], phone)
	}
	return nil
}

func (t *tgStore) contact(r *dbRow) error {
	rec := r.start("contact")
	r.setInt("user_id", "uid")
	r.set("first_name", "fname")
	r.set("last_name", "sname")
	phones := t.phones[r.text("key")]
	t.d.list("phones", phones)
	for _, phone := range phones {
		observePhone(rec, phone, "phones")
	}
	return t.d.Give()
}

// chatOf returns the name of a chat, and of what kind it is: the number of a
// secret one is marked in its highest bits, or stands in the upper half of old
// numbers.
func (t *tgStore) chatOf(id int64) (name, kind string) {
	switch {
	case id < 0:
		return t.names[id], "group"
	case id>>62 == 1:
		return t.secret[int64(int32(id))], "secret"
	case id > 1<<32 && id&(1<<32-1) == 0:
		return t.secret[id>>32], "secret"
	}
	return t.names[id], "person"
}

func (t *tgStore) message(r *dbRow) error {
	id, _ := r.int("mid")
	chat, ok := r.int("uid")
	key := tgMessageKey{chat, id}
	if !ok || t.seen[key] {
		return nil
	}
	if len(t.seen) < maxSide {
		t.seen[key] = true
	}
	date, _ := r.int("date")
	blob := r.bytes("data")
	m := readTGMessage(blob, id, date)
	rec := r.start("message")
	if out, ok := r.int("out"); ok {
		t.d.set("direction", map[bool]string{true: "sent", false: "received"}[out == 1])
	}
	rec.Set("message_id", artifact.IntValue(id))
	rec.Set("chat_id", artifact.IntValue(chat))
	name, kind := t.chatOf(chat)
	t.d.set("chat", name)
	t.d.set("chat_kind", kind)
	if m.sender != 0 {
		rec.Set("sender_id", artifact.IntValue(m.sender))
		t.d.set("sender", t.names[m.sender])
	}
	t.d.set("text", m.text)
	if m.known {
		rec.Set("service", artifact.BoolValue(m.service))
		rec.Set("forwarded", artifact.BoolValue(m.forwarded))
		rec.Set("reply", artifact.BoolValue(m.reply))
	}
	if !m.found && !m.service && len(blob) > 0 {
		t.d.notUnderstood()
	}
	found := links.Scan(m.text, nil)
	for _, prefix := range []string{"https://", "http://"} {
		for _, url := range tl.Texts(blob, prefix, maxTexts) {
			found = links.Scan(url, found)
		}
	}
	t.d.setLinks(found)
	r.when("message", "date", artifact.UnixSeconds)
	rec.Summary = func(b []byte) []byte {
		return appendSummary(b, "Telegram ", rec.Text("direction"), " ", firstOf(rec.Text("sender"), name), ": ", rec.Text("text"))
	}
	return t.d.Give()
}
