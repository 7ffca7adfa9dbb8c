package ios

import (
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// WhatsApp's files that tell who is behind an identity.
const (
	whatsAppGroup    = "AppDomainGroup-group.net.whatsapp.WhatsApp.shared/"
	whatsAppBusiness = "AppDomainGroup-group.net.whatsapp.WhatsAppSMB.shared/"
	whatsAppLID      = "LID.sqlite"
	whatsAppContacts = "ContactsV2.sqlite"
)

// The tables of pairs of a hidden identity and a number, with their columns.
// Versions of WhatsApp keep them in LID.sqlite or in ChatStorage.sqlite.
var lidTables = []struct{ table, lid, phone, time string }{
	{"ZWAPHONENUMBERLIDPAIR", "ZLID", "ZPHONENUMBER", "ZTIMESTAMP"},
	{"ZWAZACCOUNT", "ZIDENTIFIER", "ZPHONENUMBER", "ZCREATEDAT"},
}

// A directory resolves WhatsApp's identities: a number with "@s.whatsapp.net",
// or a hidden identity (LID) with "@lid", which only WhatsApp's own tables
// link to a number.
type directory struct {
	phones map[string]string // digits of a hidden identity to digits of a number
	names  map[string]string // digits of either to a name
}

func newDirectory() *directory {
	return &directory{map[string]string{}, map[string]string{}}
}

// digits returns an identity without its server, its device and its plus sign.
func digits(id string) string {
	id, _, _ = strings.Cut(id, "@")
	id, _, _ = strings.Cut(id, ":")
	return strings.TrimPrefix(id, "+")
}

// server returns what follows the @ of an identity.
func server(id string) string {
	_, s, _ := strings.Cut(id, "@")
	return s
}

// phone returns the number behind an identity as "+" and digits, "" where it
// is not known, is a group or a list.
func (d *directory) phone(id string) string {
	n := digits(id)
	switch server(id) {
	case "s.whatsapp.net", "c.us":
	case "lid":
		n = d.phones[n]
	case "":
		if !strings.HasPrefix(id, "+") {
			return ""
		}
	default:
		return ""
	}
	if !isNumber(n) {
		return ""
	}
	return "+" + n
}

// name returns the name behind an identity, "" where it is not known.
func (d *directory) name(id string) string {
	if s := server(id); s != "" && s != "s.whatsapp.net" && s != "c.us" && s != "lid" {
		return ""
	}
	n := digits(id)
	return firstText(d.names[n], d.names[d.phones[n]])
}

// isNumber reports whether s is a telephone number of digits alone
// (ITU-T E.164 allows fifteen); WhatsApp's own identity is 0.
func isNumber(s string) bool {
	if len(s) < 5 || len(s) > 20 {
		return false
	}
	return strings.Trim(s, "0123456789") == ""
}

// pair notes that a hidden identity belongs to a number.
func (d *directory) pair(lid, phone string) {
	lid, phone = digits(lid), digits(phone)
	if lid != "" && isNumber(phone) {
		d.phones[lid] = phone
	}
}

// pairChat notes the two identities of a chat's person, where one is hidden.
func (d *directory) pairChat(a, b string) {
	switch {
	case server(a) == "lid" && server(b) != "lid":
		d.pair(a, b)
	case server(b) == "lid":
		d.pair(b, a)
	}
}

// call notes the name behind an identity.
func (d *directory) call(id, name string) {
	if n := digits(id); n != "" && name != "" {
		d.names[n] = name
	}
}

// readLIDs reads the pairs of hidden identities and numbers.
func (d *directory) readLIDs(r *reading) error {
	for _, names := range lidTables {
		t := r.optional(names.table, names.lid, names.phone)
		if t == nil {
			continue
		}
		lid, phone := t.find(names.lid), t.find(names.phone)
		if err := r.unjoined(t.each(func() error {
			a, b := t.plain(lid), t.plain(phone)
			d.pair(a, b)
			return t.hold(a, b)
		})); err != nil {
			return err
		}
	}
	return nil
}

// readContacts reads WhatsApp's address book.
func (d *directory) readContacts(r *reading) error {
	t := r.optional("ZWAADDRESSBOOKCONTACT")
	if t == nil {
		return nil
	}
	id, lid, phone := t.find("ZWHATSAPPID"), t.find("ZLID"), t.find("ZPHONENUMBER")
	full, given, last := t.find("ZFULLNAME"), t.find("ZGIVENNAME"), t.find("ZLASTNAME")
	business := t.find("ZBUSINESSNAME")
	return r.unjoined(t.each(func() error {
		number := firstText(t.text(id), t.text(phone))
		name := firstText(t.text(full), strings.TrimSpace(t.text(given)+" "+t.text(last)), t.text(business))
		d.pair(t.text(lid), number)
		d.call(t.text(lid), name)
		d.call(number, name)
		return t.hold(number, name)
	}))
}

// observePhone notes the number behind an identity, found in field.
func (d *directory) observePhone(rec *artifact.Record, id, field string) {
	rec.Observe(artifact.Phone, d.phone(id), field)
}
