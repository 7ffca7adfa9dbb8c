package ios

import (
	"maps"
	"slices"

	"github.com/amparo-project/amparo/internal/artifact"
)

// chatFields are the fields that messages of all chat apps have.
var chatFields = []artifact.FieldInfo{
	{Name: "text", Type: artifact.Text, Doc: "text of the message"},
	{Name: "direction", Type: artifact.Text, Doc: "sent or received; absent where the app does not tell"},
	{Name: "sender", Type: artifact.Text, Doc: "identity of who wrote it, absent for the owner"},
	{Name: "sender_name", Type: artifact.Text, Doc: "name of who wrote it"},
	{Name: "chat", Type: artifact.Text, Doc: "identity of the other person, or of the group"},
	{Name: "chat_name", Type: artifact.Text, Doc: "name of the other person, or of the group"},
	{Name: "links", Type: artifact.Strings, Doc: "links in the message, each once"},
}

// chatKind is the kind of a message, with fields of its own app besides.
func chatKind(doc string, times []string, fields ...artifact.FieldInfo) artifact.KindInfo {
	return artifact.KindInfo{
		Kind: "message", Doc: doc + " Columns that are not listed are fields under their own names unless they are NULL, 0 or empty.",
		Fields: append(slices.Concat(chatFields, fields), otherColumns), Times: times,
	}
}

// Directions of a message.
const (
	sent     = "sent"
	received = "received"
)

// A party is one side of a chat: who, or which group, and their name.
type party struct{ id, name string }

// A chatMessage is what the messages of all chat apps have in common.
type chatMessage struct {
	text, direction string
	sender, chat    party
	links           []string
	// addresses says that identities are phone numbers or e-mail addresses.
	addresses bool
}

// setChat sets what m has, and notes its addresses and links.
func (r *reading) setChat(rec *artifact.Record, m *chatMessage) {
	rec.Set("text", artifact.TextOrNull(m.text))
	rec.Set("direction", artifact.TextOrNull(m.direction))
	if m.direction != sent {
		r.setParty(rec, "sender", m.sender, m.addresses)
	}
	r.setParty(rec, "chat", m.chat, m.addresses)
	setLinks(rec, r.addLinks(m.links, m.text))
	rec.Summary = func(b []byte) []byte {
		return appendSummary(b, firstText(rec.Text("direction"), "message"), " ",
			firstText(rec.Text("sender_name"), rec.Text("sender"), rec.Text("chat_name"), rec.Text("chat")), ": ", rec.Text("text"))
	}
}

func (r *reading) setParty(rec *artifact.Record, field string, p party, address bool) {
	rec.Set(field, artifact.TextOrNull(p.id))
	rec.Set(field+"_name", artifact.TextOrNull(p.name))
	if address {
		observeAddress(rec, p.id, field)
	}
}

// parties reads a table of persons or groups by row: an identity, and the
// first of some columns that holds a name. No table has nobody.
func (r *reading) parties(name, id string, names ...string) (map[int64]party, error) {
	t := r.optional(name, append([]string{id}, names...)...)
	if t == nil {
		return nil, nil
	}
	who, list := t.find(id), map[int64]party{}
	columns := make([]int, len(names))
	for i, n := range names {
		columns[i] = t.find(n)
	}
	err := t.each(func() error {
		p := party{id: t.plain(who)}
		for _, c := range columns {
			if p.name == "" {
				p.name = t.text(c)
			}
		}
		list[t.rowID()] = p
		return t.hold(p.id, p.name)
	})
	return list, r.unjoined(err)
}

// byIdentity appends the names of parties by their identity; of two with one
// identity the first row counts.
func byIdentity(names map[string]string, list map[int64]party) {
	for _, row := range slices.Sorted(maps.Keys(list)) {
		if p := list[row]; p.id != "" && names[p.id] == "" {
			names[p.id] = p.name
		}
	}
}
