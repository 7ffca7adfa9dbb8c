package testevidence

import (
	"fmt"
	"strings"
	"time"
)

const (
	contactsDomain     = "HomeDomain"
	contactsPath       = "Library/AddressBook/AddressBook.sqlitedb"
	callsPath          = "Library/CallHistoryDB/CallHistory.storedata"
	interactionsPath   = "Library/CoreDuet/People/interactionC.db"
	publishedAppleID   = "bergers.o79@gmail.com"
	contactPhone       = 3 // ABMultiValue.property
	contactEmail       = 4
	interactionKind    = 3 // Z_ENT
	interactionContact = 2
)

// contacts writes six for every thousand messages.
func (b *builder) contacts() error {
	create := b.create
	if b.o.WAL {
		create = b.createInLog
	}
	d := create(contactsDomain, contactsPath, "contacts", 4096)
	r := d.r
	person := d.insert("ABPerson", "ROWID", "First", "Last", "Kind", "@CreationDate", "@ModificationDate", "StoreID", "guid")
	value := d.insert("ABMultiValue", "UID", "record_id", "property", "identifier", "label", "value", "guid")
	d.insert("ABMultiValueLabel", "ROWID", "value").row(1, "_$!<Mobile>!$_")
	n := max(b.o.Messages*6/1000, 20)
	values := 0
	for i := 1; i <= n; i++ {
		given, family := r.name()
		at := r.between(first, last)
		person.row(i, given, family, 0, int64(macTime(at)), int64(macTime(r.between(at, last))), 1, r.uuid())
		values++
		value.row(values, i, contactPhone, 0, 1, phone(i), r.uuid())
		if r.one(3) {
			values++
			value.row(values, i, contactEmail, 0, nil, mail(given, i), r.uuid())
		}
	}
	if b.o.Plant {
		at := int64(macTime(b.pegasus(time.Minute)))
		person.row(n+1, "Linda", "B.", 0, at, at, 1, r.uuid())
		value.row(values+1, n+1, contactEmail, 0, nil, publishedAppleID, r.uuid())
		b.planted(Trace{
			Name: "contact_email", Artifact: "ios.contacts", Path: contactsDomain + "/" + contactsPath, Table: "ABPerson", RowID: int64(n + 1), WAL: b.o.WAL,
			Value: publishedAppleID, Indicator: publishedAppleID,
		})
	}
	return d.close()
}

// mail is an address of a domain that nobody can have.
func mail(given string, i int) string {
	plain := strings.NewReplacer("á", "a", "é", "e", "í", "i", "ó", "o", "ú", "u", "ñ", "n")
	return fmt.Sprintf("%s%d@example.org", plain.Replace(strings.ToLower(given)), i)
}

// calls writes two for every hundred messages.
func (b *builder) calls() error {
	d := b.create("HomeDomain", callsPath, "calls", 4096)
	r, n := d.r, b.o.Messages*2/100
	call := d.insert("ZCALLRECORD", "Z_PK", "Z_ENT", "Z_OPT", "ZANSWERED", "ZCALLTYPE", "ZHANDLE_TYPE", "ZORIGINATED", "ZREAD", "@ZDATE", "ZDURATION",
		"ZADDRESS", "ZISO_COUNTRY_CODE", "ZLOCATION", "ZSERVICE_PROVIDER", "ZUNIQUE_ID")
	c := newClock(r, n)
	for i := 1; i <= n; i++ {
		answered := btoi(!r.one(4))
		call.row(i, 2, 1, answered, 1, 2, r.IntN(2), 1, macTime(c.next()), float64(answered)*float64(r.IntN(1800)), phone(r.IntN(500)), "mx",
			"México", "com.apple.Telephony", r.uuid())
	}
	d.coreData(coreEntity{1, "CallDBProperties", 1}, coreEntity{2, "CallRecord", int64(n)}, coreEntity{4, "Handle", 0})
	return d.close()
}

// interactions writes twenty for every hundred messages.
func (b *builder) interactions() error {
	d := b.create("HomeDomain", interactionsPath, "interactions", 4096)
	r, n := d.r, b.o.Messages/5
	people := clamp(n/100, 10, 900)
	contact := d.insert("ZCONTACTS", "Z_PK", "Z_ENT", "Z_OPT", "ZINCOMINGSENDERCOUNT", "ZOUTGOINGRECIPIENTCOUNT", "@ZCREATIONDATE",
		"@ZFIRSTINCOMINGSENDERDATE", "@ZLASTINCOMINGSENDERDATE", "ZDISPLAYNAME", "ZIDENTIFIER", "ZPERSONID")
	for i := 1; i <= people; i++ {
		given, family := r.name()
		from := r.between(first, last)
		contact.row(i, interactionContact, 1, 5, 5, macTime(from), macTime(from), macTime(r.between(from, last)), given+" "+family, phone(i), r.uuid())
	}
	row := d.insert("ZINTERACTIONS", "Z_PK", "Z_ENT", "Z_OPT", "ZDIRECTION", "ZISRESPONSE", "ZMECHANISM", "ZRECIPIENTCOUNT", "ZSENDER",
		"@ZCREATIONDATE", "@ZENDDATE", "@ZSTARTDATE", "ZBUNDLEID", "ZDOMAINIDENTIFIER", "ZUUID")
	recipient := d.insert("Z_2INTERACTIONRECIPIENT", "Z_2RECIPIENTS", "Z_3INTERACTIONRECIPIENT")
	c := newClock(r, n)
	for i := 1; i <= n; i++ {
		who := 1 + r.IntN(people)
		at := macTime(c.next())
		app := pick(r, []string{"com.apple.MobileSMS", "net.whatsapp.WhatsApp", "com.apple.InCallService"})
		var sender any = who
		if r.one(2) {
			sender = nil
			recipient.row(who, i)
		}
		row.row(i, interactionKind, 1, btoi(sender == nil), 0, 13, 1, sender, at, at, at, app, "iMessage;-;"+phone(who), r.uuid())
	}
	if b.o.Plant {
		at := macTime(b.pegasus(time.Minute))
		contact.row(people+1, interactionContact, 1, 1, 0, at, at, at, "Linda", publishedAppleID, nil)
		row.row(n+1, interactionKind, 1, 0, 0, 13, 1, people+1, at, at, at, "com.apple.MobileSMS", "iMessage;-;"+publishedAppleID, r.uuid())
		for _, t := range []Trace{
			{Name: "interaction_email", Table: "ZINTERACTIONS", RowID: int64(n + 1)},
			{Name: "interaction_contact_email", Table: "ZCONTACTS", RowID: int64(people + 1)},
		} {
			t.Artifact, t.Path = "ios.interaction_c", "HomeDomain/"+interactionsPath
			t.Value, t.Indicator = publishedAppleID, publishedAppleID
			b.planted(t)
		}
	}
	d.coreData(coreEntity{1, "Attachment", 0}, coreEntity{2, "Contacts", contact.count.Rows}, coreEntity{3, "Interactions", row.count.Rows})
	return d.close()
}
