package testevidence

import "fmt"

// whatsAppPeople writes ContactsV2.sqlite and LID.sqlite: whom WhatsApp knows
// by which number and by which identity that hides the number.
func (b *builder) whatsAppPeople() error {
	n := clamp(b.o.Messages/400, 10, 900)
	if err := b.whatsAppContacts(n); err != nil {
		return err
	}
	d := b.create(whatsAppDomain, "LID.sqlite", "lid", 4096)
	pair := d.insert("ZWAPHONENUMBERLIDPAIR", "Z_PK", "Z_ENT", "Z_OPT", "@ZTIMESTAMP", "ZLID", "ZPHONENUMBER")
	for i := 1; i <= n; i++ {
		pair.row(i, 1, 1, macTime(d.r.between(last.AddDate(-2, 0, 0), last)), lid(i), jid(i))
	}
	d.coreData(coreEntity{1, "WAPhoneNumberLIDPair", int64(n)})
	return d.close()
}

// lid is an identity that says nothing of the number.
func lid(i int) string { return fmt.Sprintf("%d@lid", 100_000_000_000_000+i*7919) }

func (b *builder) whatsAppContacts(n int) error {
	d := b.create(whatsAppDomain, "ContactsV2.sqlite", "contactsv2", 4096)
	contact := d.insert("ZWAADDRESSBOOKCONTACT", "Z_PK", "Z_ENT", "Z_OPT", "ZDISAPPEARINGMODEDURATION", "ZPHONESTATUS", "ZSECTIONSORT", "ZSORT",
		"ZSPOTLIGHTSTATUS", "@ZABOUTTIMESTAMP", "@ZDISAPPEARINGMODETIMESTAMP", "@ZLASTUPDATED", "ZABOUTTEXT", "ZFULLNAME", "ZGIVENNAME", "ZLASTNAME",
		"ZIDENTIFIER", "ZLOCALIZEDPHONENUMBER", "ZPHONENUMBER", "ZPHONENUMBERLABEL", "ZWHATSAPPID", "ZLID")
	for i := 1; i <= n; i++ {
		given, family := d.r.name()
		var duration, set any
		if d.r.one(12) {
			duration, set = 604_800, macTime(d.r.between(first, last)) // messages vanish after seven days
		}
		contact.row(i, 1, 2, duration, 2, 0, 1000*i, -5, macTime(d.r.between(first, last)), set, macTime(d.r.between(last.AddDate(0, -3, 0), last)),
			"Disponible", given+" "+family, given, family, d.r.uuid()+":ABPerson", phone(i), phone(i), "_$!<Mobile>!$_", jid(i), lid(i))
	}
	d.coreData(coreEntity{1, "WAAddressBookContact", int64(n)})
	return d.close()
}
