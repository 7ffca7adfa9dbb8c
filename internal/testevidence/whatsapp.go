package testevidence

import (
	"fmt"
	"strings"
)

const (
	whatsAppDomain = "AppDomainGroup-group.net.whatsapp.WhatsApp.shared"
	whatsAppPath   = "ChatStorage.sqlite"
)

// whatsApp writes four messages for every five of sms.db.
func (b *builder) whatsApp() error {
	d := b.create(whatsAppDomain, whatsAppPath, "whatsapp", 4096)
	r, n := d.r, b.o.Messages*4/5
	chats := clamp(n/400, 10, 900)
	session := d.insert("ZWACHATSESSION", "Z_PK", "Z_ENT", "Z_OPT", "ZARCHIVED", "ZMESSAGECOUNTER", "ZSESSIONTYPE", "@ZLASTMESSAGEDATE",
		"ZCONTACTJID", "ZPARTNERNAME")
	for i := 1; i <= chats; i++ {
		given, family := r.name()
		session.row(i, 4, 1, 0, n/chats, 0, macTime(r.between(first, last)), jid(i), given+" "+family)
	}
	message := d.insert("ZWAMESSAGE", "Z_PK", "Z_ENT", "Z_OPT", "ZISFROMME", "ZMESSAGESTATUS", "ZMESSAGETYPE", "ZSORT", "ZCHATSESSION",
		"ZMEDIAITEM", "@ZMESSAGEDATE", "@ZSENTDATE", "ZFROMJID", "ZTOJID", "ZPUSHNAME", "ZSTANZAID", "ZTEXT")
	media := d.insert("ZWAMEDIAITEM", "Z_PK", "Z_ENT", "Z_OPT", "ZFILESIZE", "ZMESSAGE", "ZMEDIALOCALPATH", "ZMEDIAURL")
	c := newClock(r, n)
	special := b.whatsAppTexts()
	pictures := 0
	for i := 1; i <= n; i++ {
		chat := 1 + r.IntN(chats)
		mine := r.one(2)
		words := r.talk()
		var picture any
		if len(special) > 0 && i%(n/4) == n/8 {
			words, mine, special = special[0](int64(i)), false, special[1:]
		} else if r.one(15) {
			pictures++
			picture = pictures
			media.row(pictures, 8, 1, 1000+r.IntN(900_000), i, fmt.Sprintf("Media/%s/%d/%s.jpg", jid(chat), i%16, r.uuid()),
				"https://mmg.whatsapp.net/v/t62.7118-24/"+r.token(40)+".enc")
		}
		var from, to any = jid(chat), nil
		if mine {
			from, to = nil, jid(chat)
		}
		at := macTime(c.next())
		message.row(i, 9, 2, btoi(mine), 8, 0, i, chat, picture, at, at, from, to, nil, strings.ToUpper(r.token(20)), words)
	}
	return d.close()
}

// jid is the identity of a number in WhatsApp.
func jid(i int) string { return strings.TrimPrefix(phone(i), "+") + "@s.whatsapp.net" }

// whatsAppTexts are what is planted and the decoys, as functions that note in
// which row they lie.
func (b *builder) whatsAppTexts() (list []func(int64) string) {
	add := func(name, words, value, indicator, match string, decoy bool) {
		list = append(list, func(id int64) string {
			t := Trace{
				Name: name, Artifact: "ios.whatsapp", Path: whatsAppDomain + "/" + whatsAppPath, Table: "ZWAMESSAGE", RowID: id,
				Value: value, Indicator: indicator, Match: match,
			}
			if decoy {
				b.ledger.decoy(t)
			} else {
				b.planted(t)
			}
			return words + value
		})
	}
	if b.o.Plant {
		add("whatsapp_link", "Te etiquetaron en estas fotos ", "https://unonoticias.net/1419678s/", "unonoticias.net", "exact", false)
		add("whatsapp_subdomain", "Mira ", "https://img.smsmensaje.mx/3376811s/", "smsmensaje.mx", "parent", false)
	}
	if b.o.Decoys {
		add("decoy_whatsapp_in_query", "Mira ", "https://www.example.com/?u=https%3A%2F%2Funonoticias.net%2F", "unonoticias.net", "", true)
		add("decoy_whatsapp_longer_name", "Mira ", "https://telesmsmensaje.mx/", "smsmensaje.mx", "", true)
	}
	return list
}
