package ios

import (
	"context"
	"iter"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/parsers/gap"
)

// lineChats reads the chats of LINE.
type lineChats struct{}

var lineInfo = artifact.Info{
	Name:       "ios.line",
	Version:    1,
	Summary:    "Messages of LINE.",
	Files:      []string{"**/Line.sqlite"},
	Companions: []string{"**/UnifiedGroup.sqlite"},
	Kinds: withGaps([]artifact.KindInfo{
		chatKind("A message (table ZMESSAGE with its chat and sender).", []string{"message"},
			artifact.FieldInfo{Name: "content_type", Type: artifact.Int, Doc: "0 text, 1 picture, 2 video, 3 sound, 6 call, 7 sticker, 13 contact, 14 file, 15 place"},
			artifact.FieldInfo{Name: "chat_type", Type: artifact.Int, Doc: "0 a person, 1 several, 2 a group, 4 an official account, 100 notes of the owner"},
			artifact.FieldInfo{Name: "message_id", Type: artifact.Text, Doc: "identity of the message at the service"}),
	}),
	Caveats: []string{
		"A message without a sender is the owner's; notices of the app have none either.",
		"Messages in encrypted stores of newer versions are not read.",
	},
	Refs: []string{
		"https://github.com/AvianJay/LINETransfer",
		"https://github.com/RealityNet/iOS-Forensics-References",
	},
}

// Info implements artifact.Parser.
func (lineChats) Info() artifact.Info { return lineInfo }

// Parse implements artifact.Parser.
func (lineChats) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readDatabase(ctx, in, readLine)
}

// A lineReader reads messages.
type lineReader struct {
	*table
	users, chats map[int64]party
	kinds        side // of chats
	groups       map[string]string

	body, sender, chat, content, at, id, metadata int
}

func readLine(r *reading) error {
	t, err := r.table("ZMESSAGE")
	if err != nil {
		return err
	}
	l := &lineReader{table: t, groups: map[string]string{}}
	if l.users, err = r.parties("ZUSER", "ZMID", "ZCUSTOMNAME", "ZADDRESSBOOKNAME", "ZNAME"); err != nil {
		return err
	}
	if l.chats, err = r.parties("ZCHAT", "ZMID"); err != nil {
		return err
	}
	if err := l.readGroups(); err != nil {
		return err
	}
	l.body, l.sender, l.chat = t.take("ZTEXT"), t.take("ZSENDER"), t.take("ZCHAT")
	l.content, l.at, l.id, l.metadata = t.take("ZCONTENTTYPE"), t.take("ZTIMESTAMP"), t.take("ZID"), t.take("ZCONTENTMETADATA")
	t.hide("Z_PK", "Z_ENT", "Z_OPT")
	t.seal(lineInfo.Kinds[0])
	t.numbered(l.at, gap.In(artifact.UnixMilliseconds))
	return t.each(l.message)
}

// readGroups reads the names of persons and groups by their identity, and the
// types of chats.
func (l *lineReader) readGroups() error {
	byIdentity(l.groups, l.users)
	groups, err := l.r.parties("ZGROUP", "ZID", "ZNAME")
	if err != nil {
		return err
	}
	byIdentity(l.groups, groups)
	folder := l.r.In.Path[:len(l.r.In.Path)-len(fileName(l.r.In.Path))]
	if err := l.r.companion(folder+"UnifiedGroup.sqlite", l.readUnified); err != nil {
		return err
	}
	t := l.r.optional("ZCHAT", "ZTYPE")
	if t == nil {
		return nil
	}
	return t.side(&l.kinds, []string{"ZTYPE"}, t.rowID)
}

// readUnified reads the names of groups in a file of their own.
func (l *lineReader) readUnified(r *reading) error {
	groups, err := r.parties("ZUNIFIEDGROUP", "ZID", "ZNAME")
	byIdentity(l.groups, groups)
	return err
}

func (l *lineReader) message() error {
	rec := l.start("message")
	chat := l.chats[l.key(l.chat)]
	chat.name = l.groups[chat.id]
	m := chatMessage{text: l.text(l.body), chat: chat, direction: sent}
	if !l.empty(l.sender) {
		m.direction, m.sender = received, l.users[l.key(l.sender)]
	}
	m.links = l.metadataLinks()
	l.r.setChat(rec, &m)
	rec.Set("content_type", l.value(l.content))
	var kind [1]artifact.Value
	if l.kinds.first(l.key(l.chat), kind[:]) {
		rec.Set("chat_type", kind[0])
	}
	rec.Set("message_id", artifact.TextOrNull(l.plain(l.id)))
	l.set(rec)
	rec.When("message", artifact.UnixMilliseconds, l.number(l.at))
	return l.give()
}

// maxMetadata bounds the metadata of a message; those of real ones have a few KB.
const maxMetadata = 1 << 20

// metadataLinks finds the links among a message's metadata, such as a preview
// or the buttons of an official account's message.
func (l *lineReader) metadataLinks() []string {
	data := l.bytes(l.metadata)
	if len(data) == 0 || len(data) > maxMetadata {
		return nil
	}
	return l.r.listLinks(data)
}
