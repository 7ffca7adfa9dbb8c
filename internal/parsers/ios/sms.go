package ios

import (
	"context"
	"iter"
	"strconv"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/streamtyped"
)

// sms reads the messages of the Messages app: SMS, MMS, RCS and iMessage.
type sms struct{}

var smsInfo = artifact.Info{
	Name:    "ios.sms",
	Version: 2,
	Summary: "Messages: SMS, MMS, RCS and iMessage, with earlier versions of edited ones.",
	Files:   onPhone(messagesPath),
	Kinds: withGaps([]artifact.KindInfo{
		{
			Kind: "message",
			Doc: "One message (table message with its handle and chat), also those without a handle. Columns that are not " +
				"listed are fields under their own names unless they are NULL, 0 or empty; of bytes only the length is told.",
			Fields: []artifact.FieldInfo{
				{Name: "rowid", Type: artifact.Int, Doc: "number of the row"},
				{Name: "guid", Type: artifact.Text, Doc: "the message's own identifier, the same on all devices"},
				{Name: "direction", Type: artifact.Text, Doc: "sent or received (is_from_me)"},
				{Name: "phone_number", Type: artifact.Text, Doc: "the other party's number or e-mail address (handle.id)"},
				{Name: "text", Type: artifact.Text, Doc: "text of the message"},
				{Name: "attributed_text", Type: artifact.Text, Doc: "text of attributedBody, where it is another than that of the column text"},
				{Name: "text_source", Type: artifact.Text, Doc: "text or attributedBody: the column that the text comes from"},
				{Name: "subject", Type: artifact.Text, Doc: "subject line"},
				{Name: "service", Type: artifact.Text, Doc: "SMS, iMessage or RCS"},
				{Name: "account", Type: artifact.Text, Doc: "the owner's account that sent or received it"},
				{Name: "destination_caller_id", Type: artifact.Text, Doc: "the owner's number or address that it was sent from or to"},
				{Name: "chat_identifier", Type: artifact.Text, Doc: "the chat: the other party, or a group's identifier"},
				{Name: "chat_name", Type: artifact.Text, Doc: "name of the group (chat.display_name)"},
				{Name: "other_phone_number", Type: artifact.Text, Doc: "who was added to or left the group (other_handle)"},
				{Name: "is_read", Type: artifact.Int, Doc: "1: read"},
				{Name: "is_delivered", Type: artifact.Int, Doc: "1: delivered"},
				{Name: "attachment_count", Type: artifact.Int, Doc: "attachments of the message"},
				{Name: "attachments", Type: artifact.Strings, Doc: "their names"},
				{Name: "payload_data_length", Type: artifact.Int, Doc: "bytes of the card below the message"},
				{Name: "message_summary_info_length", Type: artifact.Int, Doc: "bytes of the summary that holds the history"},
				{Name: "preview_url", Type: artifact.Text, Doc: "link that the preview stands for, after redirects"},
				{Name: "preview_original_url", Type: artifact.Text, Doc: "link as it was sent"},
				{Name: "preview_title", Type: artifact.Text, Doc: "title in the preview"},
				{Name: "preview_summary", Type: artifact.Text, Doc: "summary in the preview"},
				{Name: "edited_texts", Type: artifact.Strings, Doc: "earlier versions of an edited message, oldest first"},
				{Name: "retracted_parts", Type: artifact.Strings, Doc: "numbers of the parts that were unsent"},
				{Name: "recoverable_deleted_date", Type: artifact.Int, Doc: "when it was moved to Recently Deleted, as stored"},
				{Name: "recoverable_texts", Type: artifact.Strings, Doc: "deleted parts that are kept in Recently Deleted"},
				{Name: "links", Type: artifact.Strings, Doc: "links in text, subject, preview, attributes and earlier versions, each once"},
				otherColumns,
			},
			Times: []string{"message", "read", "delivered", "played", "edited", "retracted", "recovered", "recoverable_deleted"},
		},
		{
			Kind: "deleted_message",
			Doc:  "The identifier of a message that was deleted (tables deleted_messages and sync_deleted_messages).",
			Fields: []artifact.FieldInfo{
				{Name: "guid", Type: artifact.Text, Doc: "the message's own identifier"},
				otherColumns,
			},
		},
	}),
	Refs: []string{
		"https://github.com/mvt-project/mvt (module sms)",
		"https://github.com/ReagentX/imessage-exporter (docs/tables)",
		"https://github.com/abrignoni/iLEAPP (artifact sms)",
	},
	Caveats: []string{
		"A message that was deleted for good leaves at most its identifier.",
		"The time of a received message is the sender's claim for iMessage, the network's for SMS.",
		"Of a message in several chats only the first chat is named.",
	},
}

// Info describes the parser.
func (sms) Info() artifact.Info { return smsInfo }

// Parse yields the messages, then the identifiers of deleted ones.
func (sms) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readDatabase(ctx, in, readSMS)
}

// A smsReader reads the table of messages, joined with those around it.
type smsReader struct {
	*table
	handles     map[int64]string
	chats       map[int64]smsChat
	inChat      pairs            // from a message to its chats
	attached    pairs            // from a message to its attachments
	attachments map[int64]string // names
	deleted     side             // dates of messages in Recently Deleted
	parts       map[int64][]string

	col     smsColumns
	times   []smsTime
	links   []string
	summary func([]byte) []byte

	// Of the message at hand, for its summary.
	handle, said string
}

type smsChat struct{ identifier, name string }

// smsColumns are the columns of message that are read one by one.
type smsColumns struct {
	id, guid, text, attributed, subject, account, caller, fromMe, handle, other, payload, info int
}

// A smsTime is a column that holds a time, and what it means.
type smsTime struct {
	meaning string
	column  int
}

func readSMS(r *reading) error {
	t, err := r.table("message")
	if err != nil {
		return err
	}
	s := &smsReader{table: t, parts: map[int64][]string{}, chats: map[int64]smsChat{}}
	s.summary = s.summarize
	s.chooseColumns()
	for _, read := range []func() error{s.readHandles, s.readChats, s.readAttachments, s.readDeleted, s.readParts} {
		if err := read(); err != nil {
			return err
		}
	}
	t.numbered(t.find("date"), artifact.MacEpochOf)
	if err := t.each(s.message); err != nil {
		return err
	}
	for _, name := range []string{"deleted_messages", "sync_deleted_messages"} {
		if err := s.giveDeleted(r.optional(name)); err != nil {
			return err
		}
	}
	return nil
}

func (s *smsReader) chooseColumns() {
	t := s.table
	s.col = smsColumns{
		id: t.take("ROWID"), guid: t.take("guid"), text: t.take("text"), attributed: t.take("attributedBody"),
		subject: t.take("subject"), account: t.take("account"), caller: t.take("destination_caller_id"),
		fromMe: t.take("is_from_me"), handle: t.take("handle_id"), other: t.find("other_handle"),
		payload: t.take("payload_data"), info: t.take("message_summary_info"),
	}
	for _, d := range [...]smsTime{
		{"message", t.take("date")},
		{"read", t.take("date_read")},
		{"delivered", t.take("date_delivered")},
		{"played", t.take("date_played")},
		{"edited", t.take("date_edited")},
		{"retracted", t.take("date_retracted")},
		{"recovered", t.take("date_recovered")},
	} {
		if d.column >= 0 {
			s.times = append(s.times, d)
		}
	}
	for _, name := range []string{"service", "is_read", "is_delivered"} {
		t.field(name, name)
	}
	t.seal(smsInfo.Kinds[0])
}

func (s *smsReader) readHandles() (err error) {
	s.handles, err = s.r.optional("handle", "id").texts("id")
	return err
}

func (s *smsReader) readChats() error {
	t := s.r.optional("chat", "chat_identifier", "display_name")
	if t == nil {
		return nil
	}
	identifier, name := t.find("chat_identifier"), t.find("display_name")
	if err := s.r.unjoined(t.each(func() error {
		c := smsChat{t.text(identifier), t.text(name)}
		s.chats[t.rowID()] = c
		return t.hold(c.identifier, c.name)
	})); err != nil {
		return err
	}
	if t = s.r.optional("chat_message_join", "message_id", "chat_id"); t == nil {
		return nil
	}
	return t.links(&s.inChat, "message_id", "chat_id")
}

func (s *smsReader) readAttachments() (err error) {
	t := s.r.optional("message_attachment_join", "message_id", "attachment_id")
	if t == nil {
		return nil
	}
	if err = t.links(&s.attached, "message_id", "attachment_id"); err != nil {
		return err
	}
	if t = s.r.optional("attachment", "transfer_name", "filename"); t == nil {
		return nil
	}
	s.attachments = map[int64]string{}
	transfer, file := t.find("transfer_name"), t.find("filename")
	return s.r.unjoined(t.each(func() error {
		name := firstText(t.text(transfer), fileName(t.text(file)))
		s.attachments[t.rowID()] = name
		return t.hold(name)
	}))
}

// readDeleted reads which messages are in Recently Deleted (iOS 16 and later).
func (s *smsReader) readDeleted() error {
	t := s.r.optional("chat_recoverable_message_join")
	if t == nil {
		return nil
	}
	message := t.find("message_id")
	return t.side(&s.deleted, []string{"delete_date"}, func() int64 { return t.key(message) })
}

// readParts reads the texts of message parts in Recently Deleted.
func (s *smsReader) readParts() error {
	t := s.r.optional("recoverable_message_part")
	if t == nil {
		return nil
	}
	message, text := t.find("message_id"), t.find("part_text")
	return s.r.unjoined(t.each(func() error {
		decoded, _, err := readAttributed(t.bytes(text))
		if err != nil {
			return s.r.ProblemAt(t.location(), err)
		}
		id := t.key(message)
		if decoded == "" || len(s.parts[id]) == maxList {
			return nil
		}
		s.parts[id] = append(s.parts[id], t.r.Cut(decoded))
		return t.hold(decoded)
	}))
}

func (s *smsReader) message() error {
	rec := s.start("message")
	s.links = s.links[:0]
	handle := s.handles[s.key(s.col.handle)]
	s.handle, s.said = handle, ""
	rec.Set("rowid", s.value(s.col.id))
	rec.Set("guid", s.value(s.col.guid))
	rec.Set("direction", s.oneOf(s.col.fromMe, "received", "sent"))
	rec.Set("phone_number", artifact.TextOrNull(handle))
	observeAddress(rec, handle, "phone_number")
	err := s.setText(rec)
	s.setOwner(rec)
	s.set(rec)
	s.setChat(rec)
	s.setAttachments(rec)
	err = firstError(err, s.setPreview(rec))
	err = firstError(err, s.setHistory(rec))
	s.setTimes(rec)
	s.setDeleted(rec)
	setLinks(rec, s.links)
	rec.Summary = s.summary
	place := rec.Loc
	if err := s.give(); err != nil {
		return err
	}
	if err != nil {
		return s.r.ProblemAt(place, err)
	}
	return nil
}

// setText sets the text, from the column text or else from the attributed
// string that newer systems keep it in; the links in its attributes count in
// any case, for a link's own text may be another.
func (s *smsReader) setText(rec *artifact.Record) error {
	text := s.text(s.col.text)
	body := s.bytes(s.col.attributed)
	var decoded string
	var links []string
	var err error
	differs := len(body) > 0 && text != "" && !streamtyped.Says(body, text)
	if len(body) > 0 && (text == "" || differs || mayLink(body)) {
		decoded, links, err = readAttributed(body)
	}
	switch {
	case text != "":
		rec.Set("text", artifact.TextValue(text))
		rec.Set("text_source", artifact.TextValue("text"))
		if differs && decoded != text {
			rec.Set("attributed_text", artifact.TextOrNull(s.r.Cut(decoded)))
			s.addLinks(rec.Text("attributed_text"))
		}
	case decoded != "":
		text = s.r.Cut(decoded)
		rec.Set("text", artifact.TextValue(text))
		rec.Set("text_source", artifact.TextValue("attributedBody"))
	case !s.empty(s.col.text):
		rec.Set("text", s.value(s.col.text)) // bytes that are no text
	}
	s.said = text
	s.addLinks(text)
	for _, link := range links {
		s.links = appendNew(s.links, s.r.Cut(link))
	}
	rec.Set("subject", s.value(s.col.subject))
	s.addLinks(s.text(s.col.subject))
	return err
}

// setOwner tells by which of the owner's accounts the message went.
func (s *smsReader) setOwner(rec *artifact.Record) {
	account, caller := s.text(s.col.account), s.text(s.col.caller)
	rec.Set("account", s.value(s.col.account))
	rec.Set("destination_caller_id", s.value(s.col.caller))
	observeAddress(rec, account, "account")
	observeAddress(rec, caller, "destination_caller_id")
	if id := s.key(s.col.other); id != 0 {
		rec.Set("other_phone_number", artifact.TextOrNull(s.handles[id]))
		observeAddress(rec, s.handles[id], "other_phone_number")
	}
}

func (s *smsReader) setChat(rec *artifact.Record) {
	chats := s.inChat.find(s.rowID())
	if len(chats) == 0 {
		return
	}
	c := s.chats[chats[0].to]
	rec.Set("chat_identifier", artifact.TextOrNull(c.identifier))
	rec.Set("chat_name", artifact.TextOrNull(c.name))
}

func (s *smsReader) setAttachments(rec *artifact.Record) {
	found := s.attached.find(s.rowID())
	if len(found) == 0 {
		return
	}
	rec.Set("attachment_count", artifact.IntValue(int64(len(found))))
	var names []string
	for _, link := range found[:min(len(found), maxList)] {
		if name := s.attachments[link.to]; name != "" {
			names = append(names, name)
		}
	}
	rec.Set("attachments", artifact.StringsValue(names))
}

// setPreview tells what the link preview, or the card of an app, points to.
func (s *smsReader) setPreview(rec *artifact.Record) error {
	payload := s.bytes(s.col.payload)
	if len(payload) == 0 {
		return nil
	}
	rec.Set("payload_data_length", artifact.IntValue(int64(len(payload))))
	p, err := readPreview(payload)
	rec.Set("preview_url", artifact.TextOrNull(s.r.Cut(p.url)))
	rec.Set("preview_original_url", artifact.TextOrNull(s.r.Cut(p.original)))
	rec.Set("preview_title", artifact.TextOrNull(s.r.Cut(p.title)))
	rec.Set("preview_summary", artifact.TextOrNull(s.r.Cut(p.summary)))
	s.links = appendNew(s.links, rec.Text("preview_url"))
	s.links = appendNew(s.links, rec.Text("preview_original_url"))
	s.addLinks(p.title)
	s.addLinks(p.summary)
	for _, link := range p.links {
		s.links = appendNew(s.links, s.r.Cut(link))
	}
	return err
}

// setHistory tells what an edited message said before, and which parts of it
// were unsent.
func (s *smsReader) setHistory(rec *artifact.Record) error {
	info := s.bytes(s.col.info)
	if len(info) == 0 {
		return nil
	}
	rec.Set("message_summary_info_length", artifact.IntValue(int64(len(info))))
	if !mayBeEdited(info) {
		return nil
	}
	h, err := readHistory(info, rec.Text("text"))
	for i, text := range h.texts {
		h.texts[i] = s.r.Cut(text)
		s.addLinks(h.texts[i])
	}
	rec.Set("edited_texts", artifact.StringsValue(h.texts))
	var parts []string
	for _, n := range h.retracted {
		parts = append(parts, strconv.FormatInt(n, 10))
	}
	rec.Set("retracted_parts", artifact.StringsValue(parts))
	return err
}

// setDeleted tells that the message lies in Recently Deleted.
func (s *smsReader) setDeleted(rec *artifact.Record) {
	var date [1]artifact.Value
	if s.deleted.first(s.rowID(), date[:]) {
		rec.Set("recoverable_deleted_date", date[0])
		rec.When("recoverable_deleted", artifact.MacEpochOf(date[0]), date[0])
	}
	if parts := s.parts[s.rowID()]; parts != nil {
		rec.Set("recoverable_texts", artifact.StringsValue(parts))
		for _, text := range parts {
			s.addLinks(text)
		}
	}
}

func (s *smsReader) setTimes(rec *artifact.Record) {
	for _, t := range s.times {
		if !s.empty(t.column) {
			raw := s.value(t.column)
			rec.When(t.meaning, artifact.MacEpochOf(raw), raw)
		}
	}
}

func (s *smsReader) addLinks(text string) { s.links = s.r.addLinks(s.links, text) }

func (s *smsReader) giveDeleted(t *table) error {
	if t == nil {
		return nil
	}
	guid := t.take("guid")
	t.hide("ROWID")
	t.seal(smsInfo.Kinds[1])
	summary := func(b []byte) []byte { return appendSummary(b, "deleted message ", t.r.Rec.Text("guid")) }
	return t.each(func() error {
		rec := t.start("deleted_message")
		rec.Set("guid", t.value(guid))
		t.set(rec)
		rec.Summary = summary
		return t.give()
	})
}

func (s *smsReader) summarize(b []byte) []byte {
	rec := &s.r.Rec
	who, text := s.handle, s.said
	if who == "" {
		who = firstText(rec.Text("chat_name"), rec.Text("chat_identifier"))
	}
	if text == "" {
		text = firstText(rec.Text("subject"), rec.Text("preview_url"))
	}
	return appendSummary(b, firstText(rec.Text("service"), "message"), " ", rec.Text("direction"), " ", who, ": ", text)
}
