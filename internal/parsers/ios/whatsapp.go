package ios

import (
	"context"
	"iter"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/parsers/gap"
)

// whatsApp reads WhatsApp's chats, and its pairs of identities.
type whatsApp struct{}

var whatsAppInfo = artifact.Info{
	Name:    "ios.whatsapp",
	Version: 1,
	Summary: "WhatsApp messages, chats, and the numbers behind hidden identities.",
	Files: onPhone(
		whatsAppGroup+"ChatStorage.sqlite", whatsAppGroup+whatsAppLID,
		whatsAppBusiness+"ChatStorage.sqlite", whatsAppBusiness+whatsAppLID,
	),
	Companions: onPhone(
		whatsAppGroup+whatsAppLID, whatsAppGroup+whatsAppContacts,
		whatsAppBusiness+whatsAppLID, whatsAppBusiness+whatsAppContacts,
	),
	Kinds: withGaps([]artifact.KindInfo{
		{
			Kind: "message",
			Doc: "One message (table ZWAMESSAGE with its media item, data items and chat). Columns that are not listed " +
				"are fields under their own names unless they are NULL, 0 or empty; of bytes only the length is told.",
			Fields: []artifact.FieldInfo{
				{Name: "Z_PK", Type: artifact.Int, Doc: "number of the row"},
				{Name: "ZISFROMME", Type: artifact.Int, Doc: "1: sent by the owner"},
				{Name: "direction", Type: artifact.Text, Doc: "sent or received"},
				{Name: "ZTEXT", Type: artifact.Text, Doc: "text of the message"},
				{Name: "ZFROMJID", Type: artifact.Text, Doc: "who it came from: a number or a group"},
				{Name: "ZTOJID", Type: artifact.Text, Doc: "whom it went to"},
				{Name: "ZMESSAGETYPE", Type: artifact.Int, Doc: "0 text, 1 image, 2 video, 3 voice, 4 contact, 5 location, 6 group event, 7 link, 8 document"},
				{Name: "ZCHATSESSION", Type: artifact.Int, Doc: "the chat (row of ZWACHATSESSION)"},
				{Name: "chat_jid", Type: artifact.Text, Doc: "identity of the chat (ZCONTACTJID)"},
				{Name: "chat_name", Type: artifact.Text, Doc: "name of the chat (ZPARTNERNAME)"},
				{Name: "sender_jid", Type: artifact.Text, Doc: "identity of the sender, in a group the member"},
				{Name: "sender_name", Type: artifact.Text, Doc: "name of the sender, as a member of the group, in the address book or as they call themselves"},
				{Name: "phone_number", Type: artifact.Text, Doc: "number of the sender, also behind a hidden identity"},
				{Name: "ZAUTHORNAME", Type: artifact.Text, Doc: "author of the media item"},
				{Name: "ZMEDIAURL", Type: artifact.Text, Doc: "where the media item is loaded from"},
				{Name: "ZMEDIALOCALPATH", Type: artifact.Text, Doc: "where it was stored, in WhatsApp's folder"},
				{Name: "ZVCARDNAME", Type: artifact.Text, Doc: "name or hash of the media item"},
				{Name: "ZFILESIZE", Type: artifact.Int, Doc: "bytes of the media item"},
				{Name: "media_title", Type: artifact.Text, Doc: "title or caption of the media item (ZWAMEDIAITEM.ZTITLE)"},
				{Name: "ZCONTENT1", Type: artifact.Text, Doc: "content of the first data item, such as a link preview"},
				{Name: "ZCONTENT2", Type: artifact.Text, Doc: "further content of it"},
				{Name: "ZMATCHEDTEXT", Type: artifact.Text, Doc: "the text that was taken for a link"},
				{Name: "ZSUMMARY", Type: artifact.Text, Doc: "summary in the link preview"},
				{Name: "ZTITLE", Type: artifact.Text, Doc: "title in the link preview"},
				{Name: "links", Type: artifact.Strings, Doc: "links in all of these, each once, without those to WhatsApp's own media"},
				otherColumns,
			},
			Times: []string{"message", "sent"},
		},
		{
			Kind: "chat_session",
			Doc: "One chat (table ZWACHATSESSION). Columns that are not listed are fields under their own names " +
				"unless they are NULL, 0 or empty.",
			Fields: []artifact.FieldInfo{
				{Name: "session_pk", Type: artifact.Int, Doc: "number of the row"},
				{Name: "contact_jid", Type: artifact.Text, Doc: "the other person's identity, or the group's"},
				{Name: "partner_name", Type: artifact.Text, Doc: "name of the person or group"},
				{Name: "partner_resolved_phone_number", Type: artifact.Text, Doc: "number of the person, also behind a hidden identity"},
				{Name: "session_type", Type: artifact.Int, Doc: "0 person, 1 group, 2 broadcast, 3 status"},
				{Name: "archived", Type: artifact.Int, Doc: "1: archived"},
				{Name: "removed", Type: artifact.Int, Doc: "1: deleted by the owner"},
				{Name: "hidden", Type: artifact.Int, Doc: "1: hidden"},
				{Name: "message_counter", Type: artifact.Int, Doc: "messages that the chat ever had, as WhatsApp counts them"},
				{Name: "stored_message_count", Type: artifact.Int, Doc: "messages of the chat that are still stored"},
				otherColumns,
			},
			Times: []string{"last_message", "group_created", "chat_first_message", "chat_last_message"},
		},
		{
			Kind: "lid_pair",
			Doc:  "A hidden identity (LID) and the number behind it.",
			Fields: []artifact.FieldInfo{
				{Name: "lid", Type: artifact.Text, Doc: "the hidden identity"},
				{Name: "phone_number", Type: artifact.Text, Doc: "the number"},
				otherColumns,
			},
			Times: []string{"lid_pair_recorded"},
		},
	}),
	Refs: []string{
		"https://github.com/mvt-project/mvt (module whatsapp)",
		"https://github.com/abrignoni/iLEAPP (artifact whatsApp)",
	},
	Caveats: []string{
		"Messages that were deleted, or have disappeared, leave no row.",
		"A link preview shows what the sender's phone put there.",
	},
}

// Info describes the parser.
func (whatsApp) Info() artifact.Info { return whatsAppInfo }

// Parse yields the pairs, messages and chats of a chat store, or the pairs of
// a file that holds nothing else.
func (whatsApp) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	if strings.HasSuffix(in.Path, "/"+whatsAppLID) {
		return readDatabase(ctx, in, func(r *reading) error {
			found, err := readLIDPairs(r)
			if err == nil && !found {
				_, err = r.table(lidTables[0].table)
			}
			return err
		})
	}
	return readDatabase(ctx, in, readWhatsApp)
}

// readLIDPairs yields the pairs of a database that may have them, and reports
// whether it has a table of them.
func readLIDPairs(r *reading) (found bool, err error) {
	for _, names := range lidTables {
		t := r.optional(names.table)
		if t == nil {
			continue
		}
		found = true
		lid, phone, recorded := t.take(names.lid), t.take(names.phone), t.take(names.time)
		t.hide("Z_PK", "Z_ENT", "Z_OPT")
		t.seal(whatsAppInfo.Kinds[2])
		summary := func(b []byte) []byte {
			return appendSummary(b, "identity ", r.Rec.Text("lid"), " is number ", r.Rec.Text("phone_number"))
		}
		if err := t.each(func() error {
			rec := t.start("lid_pair")
			number := t.plain(phone)
			rec.Set("lid", artifact.TextOrNull(t.plain(lid)))
			rec.Set("phone_number", artifact.TextOrNull(number))
			if n := digits(number); isNumber(n) {
				rec.Observe(artifact.Phone, "+"+n, "phone_number")
			}
			t.set(rec)
			rec.When("lid_pair_recorded", artifact.MacSeconds, t.number(recorded))
			rec.Summary = summary
			return t.give()
		}); err != nil {
			return found, err
		}
	}
	return found, nil
}

// A chat is what a message needs of its chat, and the chat of its messages.
type chat struct {
	jid, name   string
	first, last artifact.Value // dates of the messages that are stored
	count       int64
}

// A member is a person in a group.
type member struct{ jid, name string }

// A whatsAppReader reads the messages, then the chats.
type whatsAppReader struct {
	r       *reading
	people  *directory
	chats   map[int64]*chat
	members map[int64]member
	groups  map[int64]artifact.Value // when a group was made, by group and by chat
	byChat  map[int64]artifact.Value
	media   side // by message, or by media item where byItem
	byItem  bool
	items   side // data items by message
	summary func([]byte) []byte

	messages *table
	col      whatsAppColumns
	links    []string
}

// whatsAppColumns are the columns of ZWAMESSAGE that are read one by one.
type whatsAppColumns struct {
	id, text, from, to, date, sent, fromMe, session, member, media, pushName int
}

func readWhatsApp(r *reading) error {
	messages, err := r.table("ZWAMESSAGE")
	if err != nil {
		return err
	}
	w := &whatsAppReader{
		r: r, people: newDirectory(), messages: messages,
		chats: map[int64]*chat{}, members: map[int64]member{},
		groups: map[int64]artifact.Value{}, byChat: map[int64]artifact.Value{},
	}
	w.summary = w.summarize
	if _, err := readLIDPairs(r); err != nil {
		return err
	}
	for _, read := range []func() error{w.readPeople, w.readChats, w.readMembers, w.readMedia, w.readItems, w.readMessages, w.giveChats} {
		if err := read(); err != nil {
			return err
		}
	}
	return nil
}

// readPeople reads who is behind hidden identities, in this and other files.
func (w *whatsAppReader) readPeople() error {
	if err := w.people.readLIDs(w.r); err != nil {
		return err
	}
	folder := w.r.In.Path[:strings.LastIndexByte(w.r.In.Path, '/')+1]
	if err := w.r.companion(folder+whatsAppLID, w.people.readLIDs); err != nil {
		return err
	}
	return w.r.companion(folder+whatsAppContacts, w.people.readContacts)
}

func (w *whatsAppReader) readChats() error {
	t := w.r.optional("ZWACHATSESSION", "ZCONTACTJID", "ZPARTNERNAME", "ZCONTACTIDENTIFIER")
	if t == nil {
		return nil
	}
	jid, name, other := t.find("ZCONTACTJID"), t.find("ZPARTNERNAME"), t.find("ZCONTACTIDENTIFIER")
	return w.r.unjoined(t.each(func() error {
		c := &chat{jid: t.text(jid), name: t.text(name)}
		w.chats[t.rowID()] = c
		w.people.pairChat(c.jid, t.text(other))
		return t.hold(c.jid, c.name)
	}))
}

func (w *whatsAppReader) readMembers() error {
	if t := w.r.optional("ZWAGROUPMEMBER", "ZMEMBERJID", "ZCONTACTNAME", "ZFIRSTNAME"); t != nil {
		jid, name, first := t.find("ZMEMBERJID"), t.find("ZCONTACTNAME"), t.find("ZFIRSTNAME")
		if err := w.r.unjoined(t.each(func() error {
			m := member{t.text(jid), firstText(t.text(name), t.text(first))}
			w.members[t.rowID()] = m
			return t.hold(m.jid, m.name)
		})); err != nil {
			return err
		}
	}
	t := w.r.optional("ZWAGROUPINFO")
	if t == nil {
		return nil
	}
	session, created := t.find("ZCHATSESSION"), t.find("ZCREATIONDATE")
	return w.r.unjoined(t.each(func() error {
		w.groups[t.rowID()] = t.number(created)
		if n := t.key(session); n != 0 {
			w.byChat[n] = t.number(created)
		}
		return t.hold()
	}))
}

// The columns of ZWAMEDIAITEM and ZWAMESSAGEDATAITEM that go to a message,
// and the fields that they become.
var (
	mediaColumns = [...]string{"ZAUTHORNAME", "ZMEDIAURL", "ZMEDIALOCALPATH", "ZVCARDNAME", "ZFILESIZE", "ZTITLE"}
	mediaFields  = [...]string{"ZAUTHORNAME", "ZMEDIAURL", "ZMEDIALOCALPATH", "ZVCARDNAME", "ZFILESIZE", "media_title"}
	itemColumns  = [...]string{"ZCONTENT1", "ZCONTENT2", "ZMATCHEDTEXT", "ZSUMMARY", "ZTITLE"}
)

func (w *whatsAppReader) readMedia() error {
	t := w.r.optional("ZWAMEDIAITEM", append(mediaColumns[:], "ZMESSAGE")...)
	if t == nil {
		return nil
	}
	message := t.find("ZMESSAGE")
	w.byItem = message < 0
	return t.side(&w.media, mediaColumns[:], func() int64 {
		if w.byItem {
			return t.rowID()
		}
		return t.key(message)
	})
}

func (w *whatsAppReader) readItems() error {
	t := w.r.optional("ZWAMESSAGEDATAITEM", append(itemColumns[:], "ZMESSAGE")...)
	if t == nil {
		return nil
	}
	message := t.find("ZMESSAGE")
	return t.side(&w.items, itemColumns[:], func() int64 { return t.key(message) })
}

func (w *whatsAppReader) readMessages() error {
	t := w.messages
	w.col = whatsAppColumns{
		id: t.take("Z_PK"), text: t.take("ZTEXT"), from: t.take("ZFROMJID"), to: t.take("ZTOJID"),
		date: t.take("ZMESSAGEDATE"), sent: t.take("ZSENTDATE"), fromMe: t.take("ZISFROMME"),
		session: t.take("ZCHATSESSION"), member: t.find("ZGROUPMEMBER"), media: t.find("ZMEDIAITEM"),
		pushName: t.find("ZPUSHNAME"),
	}
	t.field("ZMESSAGETYPE", "ZMESSAGETYPE")
	t.hide("Z_ENT", "Z_OPT")
	t.seal(whatsAppInfo.Kinds[0])
	t.numbered(w.col.date, gap.In(artifact.MacSeconds))
	return t.each(w.message)
}

func (w *whatsAppReader) message() error {
	t, col := w.messages, &w.col
	rec := t.start("message")
	w.links = w.links[:0]
	rec.Set("Z_PK", t.value(col.id))
	rec.Set("ZISFROMME", t.value(col.fromMe))
	rec.Set("direction", t.oneOf(col.fromMe, "received", "sent"))
	rec.Set("ZTEXT", t.value(col.text))
	w.addLinks(t.text(col.text))
	rec.Set("ZFROMJID", t.value(col.from))
	rec.Set("ZTOJID", t.value(col.to))
	w.setChat(rec)
	w.setSender(rec)
	t.set(rec)
	w.setMedia(rec)
	w.setItems(rec)
	setLinks(rec, w.links)
	rec.When("message", artifact.MacSeconds, t.number(col.date))
	rec.When("sent", artifact.MacSeconds, t.number(col.sent))
	rec.Summary = w.summary
	return t.give()
}

// setChat tells the chat of the message, and counts the message in it.
func (w *whatsAppReader) setChat(rec *artifact.Record) {
	t := w.messages
	rec.Set("ZCHATSESSION", t.value(w.col.session))
	c := w.chats[t.key(w.col.session)]
	if c == nil {
		return
	}
	rec.Set("chat_jid", artifact.TextOrNull(c.jid))
	rec.Set("chat_name", artifact.TextOrNull(c.name))
	c.count++
	date := t.number(w.col.date)
	if d, ok := date.Float(); ok {
		if first, ok := c.first.Float(); !ok || d < first {
			c.first = date
		}
		if last, ok := c.last.Float(); !ok || d > last {
			c.last = date
		}
	}
}

// setSender tells who wrote the message, and notes the numbers of both sides.
func (w *whatsAppReader) setSender(rec *artifact.Record) {
	t := w.messages
	w.people.observePhone(rec, t.text(w.col.to), "ZTOJID")
	if mine, _ := t.integer(w.col.fromMe); mine != 0 {
		return
	}
	who := w.members[t.key(w.col.member)]
	if who.jid == "" {
		who.jid = t.text(w.col.from)
	}
	rec.Set("sender_jid", artifact.TextOrNull(who.jid))
	name := firstText(who.name, w.people.name(who.jid), t.text(w.col.pushName))
	rec.Set("sender_name", artifact.TextOrNull(w.r.Cut(name)))
	phone := w.people.phone(who.jid)
	rec.Set("phone_number", artifact.TextOrNull(phone))
	rec.Observe(artifact.Phone, phone, "phone_number")
}

func (w *whatsAppReader) setMedia(rec *artifact.Record) {
	t := w.messages
	id := t.rowID()
	if w.byItem {
		id = t.key(w.col.media)
	}
	var values [len(mediaFields)]artifact.Value
	if !w.media.first(id, values[:]) {
		return
	}
	for i, v := range values {
		rec.Set(mediaFields[i], v)
	}
	url, _ := values[1].Str()
	if !isWhatsAppMedia(url) {
		w.addLinks(url)
	}
	path, _ := values[2].Str()
	rec.Observe(artifact.FileName, fileName(path), "ZMEDIALOCALPATH")
	title, _ := values[5].Str()
	w.addLinks(title)
}

// setItems tells the first data item of the message, and finds the links of all.
func (w *whatsAppReader) setItems(rec *artifact.Record) {
	var values [len(itemColumns)]artifact.Value
	for i, row := range w.items.find(w.messages.rowID()) {
		if i == maxList {
			return
		}
		w.items.read(row, values[:])
		for j, v := range values {
			if i == 0 {
				rec.Set(itemColumns[j], v)
			}
			if s, _ := v.Str(); !isWhatsAppMedia(s) {
				w.addLinks(s)
			}
		}
	}
}

func (w *whatsAppReader) addLinks(text string) { w.links = w.r.addLinks(w.links, text) }

// isWhatsAppMedia reports whether a link is to the hosts that WhatsApp keeps
// encrypted media on: mmg.whatsapp.net, mmg-fna.whatsapp.net and so on.
func isWhatsAppMedia(url string) bool {
	host, ok := strings.CutPrefix(url, "https://")
	if !ok {
		return false
	}
	host, _, _ = strings.Cut(host, "/")
	return strings.HasSuffix(host, ".whatsapp.net") &&
		(strings.HasPrefix(host, "mmg") || strings.HasPrefix(host, "media") || strings.HasPrefix(host, "pps."))
}

// giveChats yields the chats, after their messages were counted.
func (w *whatsAppReader) giveChats() error {
	t := w.r.optional("ZWACHATSESSION")
	if t == nil {
		return nil
	}
	id, last, group := t.take("Z_PK"), t.take("ZLASTMESSAGEDATE"), t.find("ZGROUPINFO")
	jid := t.take("ZCONTACTJID")
	t.fields(map[string]string{
		"ZPARTNERNAME": "partner_name", "ZSESSIONTYPE": "session_type", "ZARCHIVED": "archived",
		"ZREMOVED": "removed", "ZHIDDEN": "hidden", "ZMESSAGECOUNTER": "message_counter",
	})
	t.hide("Z_ENT", "Z_OPT")
	t.seal(whatsAppInfo.Kinds[1])
	return t.each(func() error {
		rec := t.start("chat_session")
		rec.Set("session_pk", t.value(id))
		rec.Set("contact_jid", t.value(jid))
		phone := w.people.phone(t.text(jid))
		rec.Set("partner_resolved_phone_number", artifact.TextOrNull(phone))
		rec.Observe(artifact.Phone, phone, "partner_resolved_phone_number")
		t.set(rec)
		rec.When("last_message", artifact.MacSeconds, t.number(last))
		rec.When("group_created", artifact.MacSeconds, w.groupCreated(t.rowID(), t.key(group)))
		if c := w.chats[t.rowID()]; c != nil {
			rec.Set("stored_message_count", artifact.IntValue(c.count))
			rec.When("chat_first_message", artifact.MacSeconds, c.first)
			rec.When("chat_last_message", artifact.MacSeconds, c.last)
		}
		rec.Summary = w.summary
		return t.give()
	})
}

func (w *whatsAppReader) groupCreated(chat, group int64) artifact.Value {
	if v, ok := w.byChat[chat]; ok {
		return v
	}
	return w.groups[group]
}

func (w *whatsAppReader) summarize(b []byte) []byte {
	rec := &w.r.Rec
	if rec.Kind == "chat_session" {
		return appendSummary(b, "chat with ", rec.Text("partner_name"), " ",
			firstText(rec.Text("partner_resolved_phone_number"), rec.Text("contact_jid")))
	}
	who := firstText(rec.Text("phone_number"), rec.Text("sender_jid"), rec.Text("ZTOJID"), rec.Text("chat_jid"))
	return appendSummary(b, firstText(rec.Text("direction"), "message"), " ", who, " ", rec.Text("sender_name"), ": ",
		firstText(rec.Text("ZTEXT"), rec.Text("media_title"), rec.Text("ZMEDIALOCALPATH")))
}
