package ios

import (
	"context"
	"iter"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// messenger reads the chats of Facebook Messenger.
type messenger struct{}

var messengerInfo = artifact.Info{
	Name:    "ios.messenger",
	Version: 1,
	Summary: "Messages and contacts of Facebook Messenger, as far as they lie there readable.",
	Files:   []string{"**/lightspeed-userDatabases/*.db", "**/lightspeed-*.db"},
	Kinds: []artifact.KindInfo{
		chatKind("A message (tables messages, client_messages and secure_messages with their sender, thread and attachment).", []string{"message"},
			artifact.FieldInfo{Name: "message_id", Type: artifact.Text, Doc: "identity of the message at the service"},
			artifact.FieldInfo{Name: "secure", Type: artifact.Bool, Doc: "of an encrypted conversation: its text may be unreadable here"},
			artifact.FieldInfo{Name: "attachment", Type: artifact.Text, Doc: "name of the attached file"},
			artifact.FieldInfo{Name: "attachment_title", Type: artifact.Text, Doc: "title of the attachment: of a linked page, or what call it was"},
			artifact.FieldInfo{Name: "attachment_subtitle", Type: artifact.Text, Doc: "more of that, such as how long a call took"}),
		{
			Kind: "contact",
			Doc:  "A person that the app knows (table contacts).",
			Fields: []artifact.FieldInfo{
				{Name: "id", Type: artifact.Text, Doc: "identity at the service"},
				{Name: "name", Type: artifact.Text, Doc: "name"},
				{Name: "picture", Type: artifact.Text, Doc: "where the profile's picture lies"},
				otherColumns,
			},
		},
	},
	Caveats: []string{
		"Encrypted conversations keep their text elsewhere, encrypted.",
		"Who the owner is only the name of the file says: where it has no number, the direction of a message is not told.",
	},
	Refs: []string{"https://github.com/abrignoni/iLEAPP/blob/main/scripts/artifacts/FacebookMessenger.py"},
}

// Info implements artifact.Parser.
func (messenger) Info() artifact.Info { return messengerInfo }

// Parse implements artifact.Parser.
func (messenger) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readDatabase(ctx, in, readMessenger)
}

// messengerTables are the tables of messages in the order in which they are
// looked for. In many versions thread_messages is a view of one of the first two.
var messengerTables = []struct {
	name   string
	secure bool
}{{"messages", false}, {"client_messages", false}, {"thread_messages", false}, {"secure_messages", true}}

// A messengerFile is an attachment.
type messengerFile struct{ name, title, subtitle, link string }

// A messengerReader reads messages.
type messengerReader struct {
	r        *reading
	owner    string            // the owner's identity, "" where the name of the file has none
	contacts map[string]string // names by identity
	threads  map[string]string // names by key
	files    map[string]messengerFile

	t                            *table
	secure                       bool
	body, sender, thread, at, id int
}

func readMessenger(r *reading) error {
	m := &messengerReader{r: r, contacts: map[string]string{}, threads: map[string]string{}, files: map[string]messengerFile{}}
	owner := strings.TrimSuffix(strings.TrimPrefix(fileName(r.In.Path), "lightspeed-"), ".db")
	if _, ok := decimal(owner); ok {
		m.owner = owner
	}
	for _, read := range []func() error{m.readNames, m.readFiles} {
		if err := read(); err != nil {
			return err
		}
	}
	found := false
	for _, source := range messengerTables {
		t := r.optional(source.name)
		if t == nil || t.find("timestamp_ms") < 0 {
			continue
		}
		found = true
		m.bind(t, source.secure)
		if err := t.each(m.message); err != nil {
			return err
		}
	}
	if !found {
		if _, err := r.table("messages"); err != nil {
			return err
		}
	}
	return m.giveContacts()
}

func (m *messengerReader) bind(t *table, secure bool) {
	m.t, m.secure = t, secure
	m.body, m.sender, m.thread = t.take("text"), t.take("sender_id"), t.take("thread_key")
	m.at, m.id = t.take("timestamp_ms"), t.take("message_id")
	t.hide("primary_sort_key", "secondary_sort_key")
	t.seal(messengerInfo.Kinds[0])
}

// readNames reads the names of contacts and threads.
func (m *messengerReader) readNames() error {
	for _, source := range []struct {
		table, key, name string
		into             map[string]string
	}{{"contacts", "id", "name", m.contacts}, {"threads", "thread_key", "thread_name", m.threads}} {
		t := m.r.optional(source.table, source.key, source.name)
		if t == nil {
			continue
		}
		key, name := t.find(source.key), t.find(source.name)
		if err := m.r.unjoined(t.each(func() error {
			k, n := t.plain(key), t.text(name)
			source.into[k] = n
			return t.hold(k, n)
		})); err != nil {
			return err
		}
	}
	return nil
}

// readFiles reads attachments, and the buttons and links in them.
func (m *messengerReader) readFiles() error {
	if t := m.r.optional("attachments", "message_id", "filename", "title_text", "subtitle_text"); t != nil {
		id, name, title, sub := t.find("message_id"), t.find("filename"), t.find("title_text"), t.find("subtitle_text")
		if err := m.r.unjoined(t.each(func() error {
			k, f := t.plain(id), messengerFile{name: t.text(name), title: t.text(title), subtitle: t.text(sub)}
			m.files[k] = f
			return t.hold(k, f.name, f.title, f.subtitle)
		})); err != nil {
			return err
		}
	}
	for _, name := range []string{"attachment_items", "attachment_ctas"} {
		t := m.r.optional(name, "message_id", "title_text", "action_url", "default_action_url")
		if t == nil {
			continue
		}
		id, title, url, other := t.find("message_id"), t.find("title_text"), t.find("action_url"), t.find("default_action_url")
		if err := m.r.unjoined(t.each(func() error {
			k := t.plain(id)
			f := m.files[k]
			f.title, f.link = firstText(f.title, t.text(title)), firstText(f.link, t.text(url), t.text(other))
			m.files[k] = f
			return t.hold(k, f.title, f.link)
		})); err != nil {
			return err
		}
	}
	return nil
}

func (m *messengerReader) message() error {
	t := m.t
	rec := t.start("message")
	sender, thread, id := t.plain(m.sender), t.plain(m.thread), t.plain(m.id)
	file := m.files[id]
	c := chatMessage{
		text:   t.text(m.body),
		sender: party{sender, m.contacts[sender]},
		chat:   party{thread, firstText(m.threads[thread], m.contacts[thread])},
		links:  m.r.addLinks(m.r.addLinks(nil, file.link), file.title),
	}
	if m.owner != "" && sender != "" {
		c.direction = received
		if sender == m.owner {
			c.direction = sent
		}
	}
	m.r.setChat(rec, &c)
	rec.Set("message_id", artifact.TextOrNull(id))
	if m.secure {
		rec.Set("secure", artifact.BoolValue(true))
	}
	rec.Set("attachment", artifact.TextOrNull(file.name))
	rec.Observe(artifact.FileName, file.name, "attachment")
	rec.Set("attachment_title", artifact.TextOrNull(file.title))
	rec.Set("attachment_subtitle", artifact.TextOrNull(file.subtitle))
	t.set(rec)
	rec.When("message", artifact.UnixMilliseconds, t.number(m.at))
	return t.give()
}

func (m *messengerReader) giveContacts() error {
	t := m.r.optional("contacts")
	if t == nil {
		return nil
	}
	id, name, picture := t.take("id"), t.take("name"), t.take("profile_picture_url")
	t.seal(messengerInfo.Kinds[1])
	return t.each(func() error {
		rec := t.start("contact")
		rec.Set("id", artifact.TextOrNull(t.plain(id)))
		rec.Set("name", artifact.TextOrNull(t.text(name)))
		rec.Set("picture", artifact.TextOrNull(t.text(picture)))
		rec.Observe(artifact.URL, rec.Text("picture"), "picture")
		t.set(rec)
		rec.Summary = func(b []byte) []byte { return appendSummary(b, "contact ", rec.Text("name"), " ", rec.Text("id")) }
		return t.give()
	})
}
