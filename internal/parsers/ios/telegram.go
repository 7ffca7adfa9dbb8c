package ios

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/limit"
)

// telegram reads the chats of Telegram, where their store is not encrypted.
type telegram struct{}

var telegramInfo = artifact.Info{
	Name:    "ios.telegram",
	Version: 1,
	Summary: "Messages and contacts of Telegram, as far as its store is readable.",
	Files:   []string{"**/postbox/db/db_sqlite", "db_sqlite"},
	Kinds: []artifact.KindInfo{
		{
			Kind: "message",
			Doc:  "A message (table t7, in Telegram's own serialization).",
			Fields: append(chatFields[:len(chatFields):len(chatFields)],
				artifact.FieldInfo{Name: "message_id", Type: artifact.Int, Doc: "number of the message in its chat"},
				artifact.FieldInfo{Name: "chat_type", Type: artifact.Text, Doc: "user, group, channel or secret_chat"},
				artifact.FieldInfo{Name: "forwarded_from", Type: artifact.Text, Doc: "who wrote it first"},
				artifact.FieldInfo{Name: "attachments", Type: artifact.Strings, Doc: "names of attached files"},
				artifact.FieldInfo{Name: "attachment_types", Type: artifact.Strings, Doc: "their types: application/pdf…"},
				artifact.FieldInfo{Name: "namespace", Type: artifact.Int, Doc: "0 of the cloud, 1 of this phone alone, others: not sent yet"}),
			Times: []string{"message", "forwarded_original"},
		},
		{
			Kind: "peer",
			Doc:  "A person, group or channel that the app knows (table t2).",
			Fields: []artifact.FieldInfo{
				{Name: "peer_id", Type: artifact.Text, Doc: "number at the service"},
				{Name: "peer_type", Type: artifact.Text, Doc: "user, group, channel or secret_chat"},
				{Name: "name", Type: artifact.Text, Doc: "name or title"},
				{Name: "username", Type: artifact.Text, Doc: "name that the person or channel chose"},
				{Name: "phone", Type: artifact.Text, Doc: "phone number"},
			},
		},
		storeKind,
	},
	Caveats: []string{
		"Messages of the cloud that the phone has not loaded are not in its store.",
		"Newer versions encrypt the store with a key that lies beside it, itself encrypted when the owner has set a code for the app.",
	},
	Refs: []string{
		"https://github.com/TelegramMessenger/Telegram-iOS/tree/master/submodules/Postbox/Sources",
		"https://github.com/abrignoni/iLEAPP/blob/main/scripts/artifacts/telegramMesssages.py",
	},
}

// Info implements artifact.Parser.
func (telegram) Info() artifact.Info { return telegramInfo }

// Parse implements artifact.Parser.
func (telegram) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readChatStore(ctx, in, readTelegram)
}

// telegramPeers and telegramMessages are the tables that have had their
// numbers since the app was written anew in 2016.
const (
	telegramPeers    = "t2"
	telegramMessages = "t7"
)

// A peer is a person, group or channel.
type peer struct{ kind, name, username, phone string }

// A telegramReader reads messages.
type telegramReader struct {
	*table
	peers      map[int64]peer
	key, value int
}

func readTelegram(r *reading) error {
	t, err := r.table(telegramMessages)
	if err != nil {
		return err
	}
	g := &telegramReader{table: t, peers: map[int64]peer{}, key: t.find("key"), value: t.find("value")}
	if err := g.readPeers(); err != nil {
		return err
	}
	return t.each(g.message)
}

// readPeers yields the peers, and keeps their names.
func (g *telegramReader) readPeers() error {
	t := g.r.optional(telegramPeers)
	if t == nil {
		return nil
	}
	key, value := t.find("key"), t.find("value")
	full := false
	return t.each(func() error {
		id, ok := t.integer(key)
		root, err := postboxRoot(t.bytes(value))
		if err != nil || !ok {
			return g.r.ProblemAt(t.location(), fmt.Errorf("peer %d: %w", id, firstError(err, errPostbox)))
		}
		p := newPeer(id, root)
		if err := t.hold(p.name, p.username, p.phone); err == nil {
			g.peers[id] = p
		} else if !full {
			full = true
			if err := g.r.unjoined(err); err != nil {
				return err
			}
		}
		return g.givePeer(t, id, p)
	})
}

func newPeer(id int64, root map[string]any) peer {
	text := func(key string) string {
		s, _ := root[key].(string)
		return s
	}
	return peer{
		kind: peerKind(id), username: text("un"), phone: text("p"),
		name: strings.TrimSpace(firstText(text("t"), text("fn")+" "+text("ln"))),
	}
}

func (g *telegramReader) givePeer(t *table, id int64, p peer) error {
	rec := t.start("peer")
	rec.Set("peer_id", artifact.TextValue(peerNumber(id)))
	rec.Set("peer_type", artifact.TextValue(p.kind))
	rec.Set("name", artifact.TextOrNull(g.r.Cut(p.name)))
	rec.Set("username", artifact.TextOrNull(g.r.Cut(p.username)))
	rec.Set("phone", artifact.TextOrNull(g.r.Cut(p.phone)))
	if isPhone(p.phone) {
		rec.Observe(artifact.Phone, "+"+strings.TrimPrefix(rec.Text("phone"), "+"), "phone")
	}
	rec.Summary = func(b []byte) []byte { return appendSummary(b, p.kind, " ", firstText(p.name, p.username)) }
	return t.give()
}

// peerKinds are the kinds of peers, by the three bits of an identity that tell it.
var peerKinds = [8]string{"user", "group", "channel", "secret_chat", "kind 4", "kind 5", "kind 6", "kind 7"}

func peerKind(id int64) string { return peerKinds[id>>32&7] }

// peerNumber is the number of a peer at the service, without the kind.
func peerNumber(id int64) string {
	u := uint64(id)
	return strconv.FormatUint(u>>35<<32|u&0xffffffff, 10)
}

// party is a peer as the side of a chat.
func (g *telegramReader) party(id int64) party {
	if id == 0 {
		return party{}
	}
	p := g.peers[id]
	return party{firstText(p.username, peerNumber(id)), g.r.Cut(p.name)}
}

func (g *telegramReader) message() error {
	key, ok := parseTelegramKey(g.bytes(g.key))
	if !ok {
		return g.r.ProblemAt(g.location(), fmt.Errorf("%w: the key of a message has %d bytes", limit.ErrCorrupt, len(g.bytes(g.key))))
	}
	body, err := parseTelegramBody(g.bytes(g.value))
	if err != nil {
		return g.r.ProblemAt(g.location(), err)
	}
	rec := g.start("message")
	m := chatMessage{text: g.r.Cut(body.text), chat: g.party(key.peer), direction: sent}
	if body.flags&telegramIncoming != 0 {
		m.direction, m.sender = received, g.party(body.author)
	}
	var files, types []string
	for _, o := range append(body.attributes, body.media...) {
		m.links = g.r.treeLinks(o, m.links)
		files, types = attachmentNames(o, files, types)
	}
	g.r.setChat(rec, &m)
	g.setMore(rec, key, &body)
	g.setFiles(rec, files, types)
	return g.give()
}

func (g *telegramReader) setMore(rec *artifact.Record, key telegramKey, body *telegramBody) {
	rec.Set("message_id", artifact.IntValue(int64(key.id)))
	rec.Set("chat_type", artifact.TextValue(peerKind(key.peer)))
	from := g.party(body.forwardFrom)
	rec.Set("forwarded_from", artifact.TextOrNull(firstText(from.name, from.id)))
	rec.Set("namespace", artifact.IntValue(int64(key.namespace)))
	rec.When("message", artifact.UnixSeconds, artifact.IntValue(int64(key.date)))
	if body.forwardDate != 0 {
		rec.When("forwarded_original", artifact.UnixSeconds, artifact.IntValue(int64(body.forwardDate)))
	}
}

func (g *telegramReader) setFiles(rec *artifact.Record, files, types []string) {
	if len(types) > 0 {
		rec.Set("attachment_types", artifact.StringsValue(types))
	}
	if len(files) == 0 {
		return
	}
	for i := range files {
		files[i] = g.r.Cut(files[i])
	}
	rec.Set("attachments", artifact.StringsValue(files))
	for _, f := range files {
		rec.Observe(artifact.FileName, fileName(f), "attachments")
	}
}

// attachmentNames appends the name (fn) and type (mt) of the file that an
// object stands for. The name is one of its attributes (at).
func attachmentNames(o any, files, types []string) (names, kinds []string) {
	m, ok := o.(map[string]any)
	if !ok {
		return files, types
	}
	if s, ok := m["mt"].(string); ok && len(types) < maxList && len(s) <= limit.KiB {
		types = appendNew(types, s)
	}
	list, _ := m["at"].([]any)
	for _, a := range list {
		if attribute, ok := a.(map[string]any); ok && len(files) < maxList {
			s, _ := attribute["fn"].(string)
			files = appendNew(files, s)
		}
	}
	return files, types
}
