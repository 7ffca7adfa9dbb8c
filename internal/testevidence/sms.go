package testevidence

import (
	"fmt"
	"time"
)

const (
	smsDomain = "HomeDomain"
	smsPath   = "Library/SMS/sms.db"
)

// A text is one message of sms.db that is not like all others.
type text struct {
	trace   string // name of what is planted, or of the decoy
	decoy   bool
	text    string
	hidden  string // text that stands in attributedBody alone
	preview []byte // payload_data
	sms     bool   // service SMS instead of iMessage
	own     bool   // from the owner to a group, so without a handle
	sender  string // instead of one of the contacts
	value   string // what is to be found
	seen    string // indicator
	match   string
	rule    string
	level   string // severity of a rule

	group     bool     // from somebody to a group
	edited    []string // earlier versions
	retracted bool     // unsent
	deleted   bool     // in Recently Deleted
}

// plantedTexts are links and notices in every place and form that a message
// can have them in. The first address of each report is a published one.
func plantedTexts() []text {
	link := func(name, words, value, indicator, match string) text {
		return text{trace: name, text: words + value, value: value, seen: indicator, match: match, sms: true}
	}
	return []text{
		link("sms_link", "UNOTV.COM/ FALLECE HOY POR LA MAÑANA. DETALLES: ", "https://smsmensaje.mx/1656017s/", "smsmensaje.mx", "exact"),
		link("sms_subdomain", "Su estado de cuenta: ", "http://aviso.portal.unonoticias.net/1419678s", "unonoticias.net", "parent"),
		link("sms_port", "Your download is ready: ", "https://free247downloads.com:30495/szev4hz", "free247downloads.com", "exact"),
		link("sms_userinfo", "TELCEL.COM/ su saldo: ", "https://telcel.com@ideas-telcel.com.mx/7757294s", "ideas-telcel.com.mx", "exact"),
		link("sms_upper_case", "AVISO: ", "HTTP://IUSACELL-MOVIL.COM.MX/4667624s/", "iusacell-movil.com.mx", "exact"),
		link("sms_trailing_dot", "Tiene un mensaje nuevo: ", "https://smscentro.com./9371877s", "smscentro.com", "exact"),
		link("sms_no_scheme", "Mira lo que dicen de ti: ", "twiitter.com.mx/5706662s", "twiitter.com.mx", "exact"),
		link("sms_defanged", "El laboratorio dice que no abra ", "hxxps://secure-access10[.]mx/q", "secure-access10.mx", "exact"),
		{
			trace: "sms_attributed_body", hidden: "Estimada, su visa fue revisada: https://network190.com/8361397s/",
			value: "https://network190.com/8361397s/", seen: "network190.com",
		},
		{
			trace: "sms_without_handle", own: true, text: "¿A ustedes también les llegó? http://mymensaje-sms.com/6649365s/",
			value: "http://mymensaje-sms.com/6649365s/", seen: "mymensaje-sms.com",
		},
		{
			trace: "sms_link_preview", text: "https://short.example.com/1MAAWrO",
			preview: linkPreview("https://short.example.com/1MAAWrO", "https://fb-accounts.com/5840625s/", "Facebook", "Inicia sesión", "Facebook"),
			value:   "https://fb-accounts.com/5840625s/", seen: "fb-accounts.com",
		},
		{trace: "sms_sender", text: "Hello, this is Linda. Are you there?", sender: "bergers.o79@gmail.com", value: "bergers.o79@gmail.com", seen: "bergers.o79@gmail.com"},
		{
			trace: "apple_threat_notification", rule: "apple_threat_notification", level: "high", sender: "threat-notifications@apple.com",
			text:  "ALERT: Apple detected a targeted mercenary spyware attack against your iPhone. Read more at https://support.apple.com/102174",
			value: "ALERT: Apple detected a targeted mercenary spyware attack against your iPhone",
		},
	}
}

// loggedTexts stand in the write-ahead log alone.
func loggedTexts() []text {
	return []text{
		{trace: "sms_wal_link", sms: true, text: "Su paquete no pudo entregarse: https://urlpush.net/aZ81kfp", value: "https://urlpush.net/aZ81kfp", seen: "urlpush.net"},
		{
			trace: "sms_wal_attributed_body", hidden: "Look at these photos https://opposedarrangement.net/Qx7v2",
			value: "https://opposedarrangement.net/Qx7v2", seen: "opposedarrangement.net",
		},
	}
}

// decoyTexts resemble what is published, and are something else.
func decoyTexts() []text {
	link := func(name, value, resembles string) text {
		return text{trace: name, decoy: true, text: "Mira esto: " + value, value: value, seen: resembles}
	}
	return []text{
		link("decoy_sms_longer_name", "https://notfree247downloads.com/about", "free247downloads.com"),
		link("decoy_sms_longer_suffix", "https://free247downloads.com.example.org/x", "free247downloads.com"),
		link("decoy_sms_in_query", "https://search.example.com/?q=smsmensaje.mx", "smsmensaje.mx"),
		link("decoy_sms_in_path", "https://news.example.com/2017/smsmensaje.mx/story", "smsmensaje.mx"),
		link("decoy_sms_parent", "https://malaymoil.com/productos", "e5.malaymoil.com"),
		{
			trace: "decoy_sms_quoted_notice", decoy: true, rule: "apple_threat_notification",
			text:  "Leí en las noticias: \"ALERT: Apple detected a targeted mercenary spyware attack against your iPhone\". ¿Tú qué harías?",
			value: "a notice quoted in the middle of a text",
		},
	}
}

// A smsWriter writes sms.db.
type smsWriter struct {
	b       *builder
	d       *database
	r       random
	handles int
	clock   *clock
	last    int64 // ROWID
	cleaned int64 // ROWID of the message that is deleted again

	handle, chat, member, message, join, recoverable, attachment, attached *insert
}

func (b *builder) messages() error {
	d := b.create(smsDomain, smsPath, "sms", 4096)
	w := &smsWriter{b: b, d: d, r: d.r, handles: clamp(b.o.Messages/500, 20, 900), clock: newClock(d.r, smsClock(b.o.Messages))}
	w.handle = d.insert("handle", "ROWID", "id", "country", "service", "uncanonicalized_id")
	w.chat = d.insert("chat", "ROWID", "guid", "style", "state", "account_id", "chat_identifier", "service_name", "account_login", "display_name", "group_id")
	w.message = d.insert("message", "ROWID", "guid", "text", "handle_id", "attributedBody", "version", "service", "account", "account_guid",
		"@date", "@date_read", "@date_delivered", "is_delivered", "is_finished", "is_from_me", "is_read", "is_sent", "cache_has_attachments",
		"was_data_detected", "balloon_bundle_id", "payload_data", "message_summary_info", "destination_caller_id", "@date_retracted", "@date_edited", "part_count")
	w.member = d.insert("chat_handle_join", "chat_id", "handle_id")
	w.join = d.insert("chat_message_join", "chat_id", "message_id", "message_date")
	w.recoverable = d.insert("chat_recoverable_message_join", "chat_id", "message_id", "@delete_date", "ck_sync_state")
	w.attachment = d.insert("attachment", "ROWID", "guid", "@created_date", "@start_date", "filename", "uti", "mime_type", "transfer_state",
		"is_outgoing", "transfer_name", "total_bytes", "original_guid")
	w.attached = d.insert("message_attachment_join", "message_id", "attachment_id")
	w.people()
	w.all()
	w.attachments()
	w.gone()
	if b.o.Plant {
		w.clean()
	}
	if b.o.WAL {
		d.startWAL()
		for range 5 {
			w.put(text{text: w.r.talk()}, true)
		}
		if b.o.Plant {
			for _, t := range loggedTexts() {
				w.put(t, true)
			}
		}
	}
	return d.close()
}

// people writes the handles, each with its conversation, and after them a
// group and the senders of what is planted.
func (w *smsWriter) people() {
	for i := 1; i <= w.handles; i++ {
		w.person(i, phone(i))
	}
	w.person(w.handles+1, "bergers.o79@gmail.com")
	w.person(w.handles+2, "threat-notifications@apple.com")
	guid := "iMessage;+;chat" + w.r.token(18)
	w.chat.row(w.handles+3, guid, 43, 3, w.r.uuid(), guid[len("iMessage;+;"):], "iMessage", "E:owner@example.org", "Familia", w.r.uuid())
	for i := 1; i <= 5; i++ {
		w.member.row(w.handles+3, i)
	}
}

func (w *smsWriter) person(i int, id string) {
	if !w.b.o.Plant && i > w.handles {
		return
	}
	w.handle.row(i, id, "mx", "iMessage", nil)
	w.chat.row(i, "iMessage;-;"+id, 45, 3, w.r.uuid(), id, "iMessage", "E:owner@example.org", "", w.r.uuid())
	w.member.row(i, i)
}

// all writes the messages, those that are planted spread among the ordinary.
func (w *smsWriter) all() {
	special := w.b.specialTexts()
	n := w.b.o.Messages
	for i, k := 0, 0; i < n; i++ {
		if i == n/2+1 && w.b.o.Plant {
			w.lure()
		}
		if k < len(special) && i == specialPlace(k, len(special), n) {
			w.put(special[k], false)
			k++
			continue
		}
		w.put(w.ordinary(i), false)
	}
}

// put writes one message and what is to be known of it.
func (w *smsWriter) put(t text, logged bool) {
	w.last++
	id, at := w.last, w.clock.next()
	w.write(id, at, t)
	if t.trace == "" {
		return
	}
	tr := Trace{
		Name: t.trace, Artifact: "ios.sms", Path: smsDomain + "/" + smsPath, Table: "message", RowID: id, WAL: logged,
		Value: t.value, Indicator: t.seen, Match: t.match, Rule: t.rule, Severity: t.level,
	}
	switch {
	case t.decoy:
		w.b.ledger.decoy(tr)
	case t.rule != "":
		tr.Source = appleNotice
		w.b.ledger.plant(tr)
	default:
		w.b.planted(tr)
	}
}

func (w *smsWriter) write(id int64, at time.Time, t text) {
	handle, mine := w.from(t)
	chat := handle
	if handle == 0 || t.group {
		chat = w.handles + 3
	}
	service, account := "iMessage", "E:owner@example.org"
	if t.sms {
		service, account = "SMS", "P:+5215550000000"
	}
	date := w.stamp(id, at)
	edited, retracted := changed(t, at)
	// Receipts of delivery exist for iMessage alone, and most messages are read
	// where they are shown at once, so that the two times are one.
	var read, delivered any = date, 0
	switch {
	case mine && !t.sms && id%4 == 0:
		read, delivered = 0, date+w.r.Int64N(5e9)
	case mine:
		read = 0
	case id%4 == 0:
		read = date + w.r.Int64N(3600e9)
	}
	var balloon any
	if t.preview != nil {
		balloon = "com.apple.messages.URLBalloonProvider"
	}
	words := t.text
	if t.retracted {
		words = ""
	}
	w.message.row(id, w.r.uuid(), nullable(words), handle, w.body(t), 10, service, account, "7B3C0C54-8D0E-4C5B-9D3E-3C6A1E5F0A11",
		date, read, delivered, btoi(mine), 1, btoi(mine), 1, btoi(mine), btoi(id%25 == 0), 1, balloon, nullableBytes(t.preview),
		w.summary(t, at), "+5215550000000", retracted, edited, 1)
	w.joinChat(t, chat, id, date, at)
}

// from returns the handle of a message, 0 without one, and whether the
// owner sent it.
func (w *smsWriter) from(t text) (handle int, mine bool) {
	switch {
	case t.own:
		return 0, true
	case t.sender == "bergers.o79@gmail.com":
		return w.handles + 1, false
	case t.sender != "":
		return w.handles + 2, false
	case t.trace != "":
		return 1 + w.r.IntN(w.handles), false
	}
	return 1 + w.r.IntN(w.handles), w.r.one(2)
}

// body is the attributed text, which two of three messages have.
func (w *smsWriter) body(t text) any {
	switch {
	case t.hidden != "":
		return attributedBody(t.hidden)
	case t.retracted, t.trace == "" && w.r.one(3):
		return nil
	}
	return attributedBody(t.text)
}

// attachments writes one for every 25 messages.
func (w *smsWriter) attachments() {
	n := int64(w.b.o.Messages / 25)
	for i := int64(1); i <= n; i++ {
		guid := w.r.uuid()
		name := fmt.Sprintf("IMG_%04d.HEIC", i%10000)
		file := fmt.Sprintf("~/Library/SMS/Attachments/%02x/%02d/%s/%s", i%256, i%16, guid, name)
		w.attach(i, i*25, guid, file, name, "public.heic", "image/heic", w.r.one(2))
	}
	guid, other := w.r.uuid(), w.r.uuid()
	const tmp = "/var/tmp/com.apple.messages/"
	if w.b.o.Plant {
		file := tmp + "IMG_0042.gif-1"
		w.attach(n+1, 1, guid, file, "IMG_0042.gif", "com.compuserve.gif", "image/gif", false)
		w.b.ledger.plant(Trace{
			Name: "sms_attachment_tmp", Artifact: "ios.sms_attachments", Path: smsDomain + "/" + smsPath, Table: "attachment", RowID: n + 1,
			Value: file, Rule: "sms_attachment_tmp", Severity: "medium", Source: "https://docs.mvt.re/en/latest/ios/records/",
		})
	}
	if w.b.o.Decoys {
		file := tmp + "IMG_0043.gif-1"
		w.attach(n+2, 2, other, file, "IMG_0043.gif", "com.compuserve.gif", "image/gif", true)
		w.b.ledger.decoy(Trace{
			Name: "decoy_sms_attachment_sent", Artifact: "ios.sms_attachments", Path: smsDomain + "/" + smsPath, Table: "attachment",
			RowID: n + 2, Value: file, Rule: "sms_attachment_tmp",
		})
	}
}

func (w *smsWriter) attach(id, message int64, guid, file, name, uti, mime string, sent bool) {
	at := int64(macTime(w.r.between(first, last)))
	w.attachment.row(id, guid, at, at, file, uti, mime, 5, btoi(sent), name, 1000+w.r.IntN(5_000_000), guid)
	w.attached.row(message, id)
}

// nanoseconds is the time of messages since iOS 11.
func nanoseconds(t time.Time) int64 { return (t.Unix()-macEpoch)*1e9 + int64(t.Nanosecond()) }

// nullable returns NULL for an empty text.
func nullable(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func nullableBytes(b []byte) any {
	if b == nil {
		return nil
	}
	return b
}
