package testevidence

import (
	"fmt"
	"time"
)

// What becomes of messages after they were sent: edited, unsent, deleted, and
// those of phones that are older than the way in which times are kept today.

// oldMessages is how many messages have their time in seconds, as iOS 10 and
// earlier wrote it; iOS 11 did not convert all of them.
const oldMessages = 3

// ordinary returns message number i of those that nobody planted. The kinds
// come at fixed distances, so that each size has all of them.
func (w *smsWriter) ordinary(i int) text {
	t := text{text: w.r.talk(), own: w.r.one(12), sms: w.r.one(15)}
	switch {
	case i%97 == 11:
		t.edited = []string{w.r.talk()}
	case i%97 == 23:
		t.retracted = true
	case i%97 == 35:
		t.deleted = true
	case i%5 == 2 && !t.sms:
		t.text, t.hidden = "", t.text
	case i%7 == 3:
		t.group = true
	}
	return t
}

// historyTexts are published links in messages that were changed or deleted.
func historyTexts() []text {
	return []text{
		{
			trace: "sms_edited", text: "Perdón, número equivocado", edited: []string{"Aquí están las fotos https://unonoticias.net/3423768s/"},
			value: "https://unonoticias.net/3423768s/", seen: "unonoticias.net",
		},
		{
			trace: "sms_recently_deleted", sms: true, deleted: true, text: "Facebook: alguien intentó entrar https://fb-accounts.com/1083172s/",
			value: "https://fb-accounts.com/1083172s/", seen: "fb-accounts.com",
		},
	}
}

// stamp returns the time of a message as stored.
func (w *smsWriter) stamp(id int64, at time.Time) int64 {
	if id <= oldMessages {
		return int64(macTime(first.AddDate(-4, 0, int(id)))) // 2016
	}
	return nanoseconds(at)
}

// summary is message_summary_info: a property list with the versions of each
// part (ec) and the parts that were unsent (rp). Keys as in
// https://github.com/ReagentX/imessage-exporter (message_types/edited.rs).
func (w *smsWriter) summary(t text, at time.Time) any {
	part := dict{{"0", dict{{"lo", 0}, {"le", len(t.text)}}}}
	switch {
	case t.retracted:
		return binaryPlist(dict{{"rp", []any{0}}, {"otr", part}, {"ust", true}, {"amc", 1}})
	case t.edited != nil:
		var versions []any
		for i, words := range append(t.edited[:len(t.edited):len(t.edited)], t.text) {
			when := at.Add(time.Duration(i) * time.Minute)
			versions = append(versions, dict{{"d", macTime(when)}, {"t", attributedBody(words)}, {"bcg", w.r.uuid()}})
		}
		return binaryPlist(dict{{"ec", dict{{"0", versions}}}, {"ep", []any{0}}, {"otr", part}, {"ust", true}, {"amc", 1}})
	}
	return nil
}

// changed returns when a message was edited and retracted, 0 for never.
func changed(t text, at time.Time) (edited, retracted int64) {
	switch {
	case t.retracted:
		return 0, nanoseconds(at.Add(90 * time.Second))
	case t.edited != nil:
		return nanoseconds(at.Add(time.Duration(len(t.edited)) * time.Minute)), 0
	}
	return 0, 0
}

// joinChat puts a message into its chat, or into Recently Deleted.
func (w *smsWriter) joinChat(t text, chat int, id, date int64, at time.Time) {
	if t.deleted {
		w.recoverable.row(chat, id, nanoseconds(at.Add(48*time.Hour)), 0)
		return
	}
	w.join.row(chat, id, date)
}

// gone writes the identifiers that stay of messages deleted for good, one for
// every two hundred.
func (w *smsWriter) gone() {
	deleted := w.d.insert("deleted_messages", "ROWID", "guid")
	synced := w.d.insert("sync_deleted_messages", "ROWID", "guid", "recordID")
	for i := 1; i <= w.b.o.Messages/200; i++ {
		deleted.row(i, w.r.uuid())
		synced.row(i, w.r.uuid(), fmt.Sprintf("%x", w.r.bytes(32)))
	}
	property := w.d.insert("_SqliteDatabaseProperties", "key", "value")
	property.row("_ClientVersion", "18026")
	property.row("_UniqueIdentifier", w.r.uuid())
}
