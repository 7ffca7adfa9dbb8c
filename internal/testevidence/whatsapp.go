package testevidence

import (
	"fmt"
	"strings"
	"time"
)

const (
	whatsAppDomain = "AppDomainGroup-group.net.whatsapp.WhatsApp.shared"
	whatsAppPath   = "ChatStorage.sqlite"
)

// Numbers of WhatsApp's entities (Z_ENT) in its model of 2023.
const (
	waSession  = 4
	waGroup    = 5
	waMember   = 6
	waMedia    = 8
	waMessage  = 9
	waDataItem = 10
)

// membersOfGroup is how many people a group has; one chat of ten is a group.
const membersOfGroup = 6

// A whatsAppWriter writes ChatStorage.sqlite.
type whatsAppWriter struct {
	b       *builder
	d       *database
	r       random
	chats   int
	special []func(int64) waText

	session, group, member, media, message, item *insert
}

// A waText is what a message says: its text, and the address in its preview
// where that is another.
type waText struct{ text, preview string }

// whatsApp writes thirteen messages for every hundred of sms.db.
func (b *builder) whatsApp() error {
	d := b.create(whatsAppDomain, whatsAppPath, "whatsapp", 4096)
	n := b.o.Messages * 13 / 100
	w := &whatsAppWriter{b: b, d: d, r: d.r, chats: clamp(n/400, 10, 900), special: b.whatsAppTexts()}
	w.session = d.insert("ZWACHATSESSION", "Z_PK", "Z_ENT", "Z_OPT", "ZARCHIVED", "ZFLAGS", "ZHIDDEN", "ZMESSAGECOUNTER", "ZREMOVED",
		"ZSESSIONTYPE", "ZGROUPINFO", "@ZLASTMESSAGEDATE", "ZCONTACTJID", "ZPARTNERNAME")
	w.group = d.insert("ZWAGROUPINFO", "Z_PK", "Z_ENT", "Z_OPT", "ZSTATE", "ZCHATSESSION", "@ZCREATIONDATE", "ZCREATORJID", "ZOWNERJID")
	w.member = d.insert("ZWAGROUPMEMBER", "Z_PK", "Z_ENT", "Z_OPT", "ZISACTIVE", "ZISADMIN", "ZCHATSESSION", "ZCONTACTNAME", "ZFIRSTNAME", "ZMEMBERJID")
	w.message = d.insert("ZWAMESSAGE", "Z_PK", "Z_ENT", "Z_OPT", "ZDATAITEMVERSION", "ZFLAGS", "ZGROUPEVENTTYPE", "ZISFROMME", "ZMESSAGESTATUS",
		"ZMESSAGETYPE", "ZSORT", "ZSTARRED", "ZCHATSESSION", "ZGROUPMEMBER", "ZMEDIAITEM", "@ZMESSAGEDATE", "@ZSENTDATE", "ZFROMJID",
		"ZPUSHNAME", "ZSTANZAID", "ZTEXT", "ZTOJID")
	w.media = d.insert("ZWAMEDIAITEM", "Z_PK", "Z_ENT", "Z_OPT", "ZCLOUDSTATUS", "ZFILESIZE", "ZMESSAGE", "ZASPECTRATIO", "@ZMEDIAURLDATE",
		"ZMEDIALOCALPATH", "ZMEDIAURL", "ZVCARDSTRING", "ZMEDIAKEY")
	w.item = d.insert("ZWAMESSAGEDATAITEM", "Z_PK", "Z_ENT", "Z_OPT", "ZINDEX", "ZOWNSTHUMBNAIL", "ZTYPE", "ZMESSAGE", "@ZDATE", "ZCONTENT1", "ZCONTENT2",
		"ZMATCHEDTEXT", "ZSENDERJID", "ZSUMMARY", "ZTITLE")
	for i := 1; i <= w.chats; i++ {
		w.chat(i, n/w.chats)
	}
	for i, c := 1, newClock(w.r, n); i <= n; i++ {
		w.put(i, n, c.next())
	}
	d.coreData(
		coreEntity{waSession, "WAChatSession", w.session.count.Rows}, coreEntity{waGroup, "WAGroupInfo", w.group.count.Rows},
		coreEntity{waMember, "WAGroupMember", w.member.count.Rows}, coreEntity{waMedia, "WAMediaItem", w.media.count.Rows},
		coreEntity{waMessage, "WAMessage", int64(n)}, coreEntity{waDataItem, "WAMessageDataItem", w.item.count.Rows},
	)
	return d.close()
}

func isGroup(chat int) bool { return chat%10 == 0 }

func (w *whatsAppWriter) chat(i, messages int) {
	given, family := w.r.name()
	at := w.r.between(first, last)
	if !isGroup(i) {
		w.session.row(i, waSession, 1, 0, 0, 0, messages, 0, 0, nil, macTime(at), jid(i), given+" "+family)
		return
	}
	group := w.group.count.Rows + 1
	w.session.row(i, waSession, 1, 0, 0, 0, messages, 0, 1, group, macTime(at), w.chatJID(i), "Vecinos "+family)
	w.group.row(group, waGroup, 1, 0, i, macTime(w.r.between(first, at)), jid(i), jid(i))
	for k := range membersOfGroup {
		name, surname := w.r.name()
		w.member.row(w.member.count.Rows+1, waMember, 1, 1, btoi(k == 0), i, name+" "+surname, name, jid(i+k))
	}
}

// chatJID is the identity of a chat: a number, or a group by its founder and
// the time of its founding.
func (w *whatsAppWriter) chatJID(chat int) string {
	if !isGroup(chat) {
		return jid(chat)
	}
	return fmt.Sprintf("%s-%d@g.us", strings.TrimSuffix(jid(chat), "@s.whatsapp.net"), 1_600_000_000+chat*977)
}

// put writes message i of n. Messages that are planted come at even
// distances, and are received.
func (w *whatsAppWriter) put(i, n int, at time.Time) {
	chat, mine := 1+w.r.IntN(w.chats), w.r.one(2)
	words := waText{text: w.r.talk()}
	var picture, member any
	step := max(n/8, 1)
	if len(w.special) > 0 && i%step == step/2 {
		words, mine, w.special = w.special[0](int64(i)), false, w.special[1:]
	} else if w.r.one(15) {
		picture = w.picture(chat, i, at)
	}
	var from, to, sender any = w.chatJID(chat), nil, nil
	if mine {
		from, to = nil, w.chatJID(chat)
	} else if isGroup(chat) {
		member = (chat/10-1)*membersOfGroup + 1 + w.r.IntN(membersOfGroup)
		sender, _ = w.r.name()
	}
	w.linkItem(i, at, words, from)
	when := macTime(at)
	w.message.row(i, waMessage, 2, 3, 1<<24, 0, btoi(mine), 8, kindOf(picture), i, 0, chat, member, picture, when, when, from, sender,
		w.stanza(), words.text, to)
}

func (w *whatsAppWriter) stanza() string { return fmt.Sprintf("3A%016X", w.r.Uint64()) }

// kindOf is ZMESSAGETYPE: 0 text, 1 picture.
func kindOf(picture any) int {
	if picture != nil {
		return 1
	}
	return 0
}

func (w *whatsAppWriter) picture(chat, message int, at time.Time) int64 {
	id := w.media.count.Rows + 1
	w.media.row(id, waMedia, 1, 0, 1000+w.r.IntN(900_000), message, 0.75, macTime(at),
		fmt.Sprintf("Media/%s/%x/%x/%s.jpg", w.chatJID(chat), w.r.IntN(16), w.r.IntN(16), w.r.uuid()),
		"https://mmg.whatsapp.net/v/t62.7118-24/"+w.r.token(40)+".enc", "image/jpeg", w.r.bytes(76))
	return id
}

// linkItem writes the preview of a message with a link.
func (w *whatsAppWriter) linkItem(message int, at time.Time, words waText, from any) {
	_, link, found := strings.Cut(words.text, "https://")
	if !found {
		return
	}
	link = "https://" + strings.Fields(link)[0]
	target := or(words.preview, link)
	w.item.row(w.item.count.Rows+1, waDataItem, 1, 0, 0, 0, message, macTime(at), target, target, link, from, "Lee la nota completa", "Noticias de hoy")
}

// jid is the identity of a number in WhatsApp.
func jid(i int) string { return strings.TrimPrefix(phone(i), "+") + "@s.whatsapp.net" }

// whatsAppTexts are what is planted and the decoys, as functions that note in
// which row they lie.
func (b *builder) whatsAppTexts() (list []func(int64) waText) {
	add := func(t Trace, text waText, decoy bool) {
		list = append(list, func(id int64) waText {
			t.Artifact, t.Path, t.Table, t.RowID = "ios.whatsapp", whatsAppDomain+"/"+whatsAppPath, "ZWAMESSAGE", id
			if decoy {
				b.ledger.decoy(t)
			} else {
				b.planted(t)
			}
			return text
		})
	}
	link := func(name, words, value, indicator, match string, decoy bool) {
		add(Trace{Name: name, Value: value, Indicator: indicator, Match: match}, waText{text: words + value}, decoy)
	}
	if b.o.Plant {
		link("whatsapp_link", "Te etiquetaron en estas fotos ", "https://unonoticias.net/1419678s/", "unonoticias.net", "exact", false)
		link("whatsapp_subdomain", "Mira ", "https://img.smsmensaje.mx/3376811s/", "smsmensaje.mx", "parent", false)
		const target = "https://network190.com/8361397s/"
		add(Trace{Name: "whatsapp_link_preview", Value: target, Indicator: "network190.com"},
			waText{text: "Urgente https://short.example.com/1LLYT15", preview: target}, false)
	}
	if b.o.Decoys {
		link("decoy_whatsapp_in_query", "Mira ", "https://www.example.com/?u=https%3A%2F%2Funonoticias.net%2F", "unonoticias.net", "", true)
		link("decoy_whatsapp_longer_name", "Mira ", "https://telesmsmensaje.mx/", "smsmensaje.mx", "", true)
	}
	return list
}
