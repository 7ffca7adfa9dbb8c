package ios

import (
	"context"
	"encoding/hex"
	"fmt"
	"iter"
	"math"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/limit"
)

// interactionC reads what CoreDuet keeps of who the owner was in touch with,
// in any app that tells the system.
type interactionC struct{}

var interactionCInfo = artifact.Info{
	Name:    "ios.interaction_c",
	Version: 1,
	Summary: "Who the owner was in touch with, in which app and when, as the system noted it to make suggestions.",
	Files:   onPhone("HomeDomain/Library/CoreDuet/People/interactionC.db"),
	Companions: []string{
		whatsAppGroup + whatsAppLID, whatsAppGroup + whatsAppContacts,
		whatsAppBusiness + whatsAppLID, whatsAppBusiness + whatsAppContacts,
	},
	Kinds: []artifact.KindInfo{
		{
			Kind: "interaction",
			Doc: "One interaction (table ZINTERACTIONS), a record for each of its recipients and attachments. Columns that are not " +
				"listed are fields under their own names unless they are NULL, 0 or empty; of bytes only the length is told.",
			Fields: []artifact.FieldInfo{
				{Name: "table_id", Type: artifact.Int, Doc: "Z_PK, the number of the row"},
				{Name: "bundle_id", Type: artifact.Text, Doc: "the app"},
				{Name: "target_bundle_id", Type: artifact.Text, Doc: "the app that it was meant for"},
				{Name: "account", Type: artifact.Text, Doc: "the owner's account in the app"},
				{Name: "direction", Type: artifact.Text, Doc: "INCOMING or OUTGOING"},
				{Name: "sender_display_name", Type: artifact.Text, Doc: "name of the sender"},
				{Name: "sender_identifier", Type: artifact.Text, Doc: "number, address or identity of the sender"},
				{Name: "sender_personid", Type: artifact.Text, Doc: "the sender in the address book"},
				{Name: "sender_resolved_phone_number", Type: artifact.Text, Doc: "number behind a WhatsApp identity of the sender"},
				{Name: "sender_resolved_name", Type: artifact.Text, Doc: "name in WhatsApp's address book"},
				{Name: "recipient_display_name", Type: artifact.Text, Doc: "name of the recipient"},
				{Name: "recipient_identifier", Type: artifact.Text, Doc: "number, address or identity of the recipient"},
				{Name: "recipient_personid", Type: artifact.Text, Doc: "the recipient in the address book"},
				{Name: "recipient_resolved_phone_number", Type: artifact.Text, Doc: "number behind a WhatsApp identity of the recipient"},
				{Name: "recipient_resolved_name", Type: artifact.Text, Doc: "name in WhatsApp's address book"},
				{Name: "recipient_count", Type: artifact.Int, Doc: "recipients, as counted by the system"},
				{Name: "domain_identifier", Type: artifact.Text, Doc: "the conversation"},
				{Name: "domain_resolved_phone_number", Type: artifact.Text, Doc: "number behind a WhatsApp conversation"},
				{Name: "domain_resolved_name", Type: artifact.Text, Doc: "name in WhatsApp's address book"},
				{Name: "is_response", Type: artifact.Int, Doc: "1: an answer"},
				{Name: "mechanism", Type: artifact.Int, Doc: "how, in a numbering of the system's own"},
				{Name: "group_name", Type: artifact.Text, Doc: "name of the group"},
				{Name: "location_uuid", Type: artifact.Text, Doc: "a place of the system's own list"},
				{Name: "derivied_intent_id", Type: artifact.Text, Doc: "the intent that it was derived from"},
				{Name: "interaction_content_url", Type: artifact.Text, Doc: "link of the interaction"},
				{Name: "interactions_creation_date", Type: artifact.Float, Doc: "when the row was written, in seconds since 2001"},
				{Name: "content", Type: artifact.Text, Doc: "text of the attachment"},
				{Name: "uti", Type: artifact.Text, Doc: "type of the attachment"},
				{Name: "attachment_content_url", Type: artifact.Text, Doc: "link of the attachment"},
				{Name: "size", Type: artifact.Int, Doc: "bytes of the attachment"},
				{Name: "photo_local_id", Type: artifact.Text, Doc: "the photo that was shared"},
				{Name: "attachment_id", Type: artifact.Text, Doc: "identifier of the attachment, in hex"},
				{Name: "cloud_id", Type: artifact.Text, Doc: "identifier of the attachment in iCloud"},
				{Name: "links", Type: artifact.Strings, Doc: "links in the content"},
				otherColumns,
			},
			Times: []string{"start_date", "end_date", "interactions_creation_date"},
		},
		{
			Kind: "contact_dates",
			Doc: "One contact (table ZCONTACTS) with the first and last dates that the system counted, once and not with every " +
				"interaction. Columns that are not listed are fields under their own names unless they are NULL, 0 or empty.",
			Fields: []artifact.FieldInfo{
				{Name: "table_id", Type: artifact.Int, Doc: "Z_PK, the number of the row"},
				{Name: "display_name", Type: artifact.Text, Doc: "name"},
				{Name: "identifier", Type: artifact.Text, Doc: "number, address or identity"},
				{Name: "personid", Type: artifact.Text, Doc: "the contact in the address book"},
				{Name: "custom_id", Type: artifact.Text, Doc: "identity that an app gave"},
				{Name: "resolved_phone_number", Type: artifact.Text, Doc: "number behind a WhatsApp identity"},
				{Name: "resolved_name", Type: artifact.Text, Doc: "name in WhatsApp's address book"},
				{Name: "incoming_recipient_count", Type: artifact.Int, Doc: "times that the contact also received"},
				{Name: "incoming_sender_count", Type: artifact.Int, Doc: "times that the contact sent"},
				{Name: "outgoing_recipient_count", Type: artifact.Int, Doc: "times that the owner sent to the contact"},
				otherColumns,
			},
			Times: contactDateMeanings(),
		},
	},
	Refs: []string{
		"https://github.com/mvt-project/mvt (module interactionc)",
		"https://github.com/mac4n6/APOLLO (modules interaction_contact_interactions)",
	},
	Caveats: []string{
		"The system deletes old interactions by rules of its own; the dates of a contact outlive them.",
		"Apps tell the system what they like, also long after the fact.",
	},
}

// contactDates are the columns of ZCONTACTS that hold dates, and what they mean.
var contactDates = []struct{ column, meaning string }{
	{"ZCREATIONDATE", "contacts_creation_date"},
	{"ZFIRSTINCOMINGRECIPIENTDATE", "first_incoming_recipient_date"},
	{"ZFIRSTINCOMINGSENDERDATE", "first_incoming_sender_date"},
	{"ZFIRSTOUTGOINGRECIPIENTDATE", "first_outgoing_recipient_date"},
	{"ZLASTINCOMINGSENDERDATE", "last_incoming_sender_date"},
	{"ZLASTINCOMINGRECIPIENTDATE", "last_incoming_recipient_date"},
	{"ZLASTOUTGOINGRECIPIENTDATE", "last_outgoing_recipient_date"},
}

func contactDateMeanings() []string {
	var list []string
	for _, d := range contactDates {
		list = append(list, d.meaning)
	}
	return list
}

// Info describes the parser.
func (interactionC) Info() artifact.Info { return interactionCInfo }

// Parse yields the contacts, then the interactions.
func (interactionC) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readDatabase(ctx, in, readInteractions)
}

// A person is one end of an interaction.
type person struct{ name, identifier, id string }

// The fields of a sender and of a recipient.
var (
	senderFields = personFields{
		"sender_display_name", "sender_identifier", "sender_personid", "sender_resolved_phone_number", "sender_resolved_name",
	}
	recipientFields = personFields{
		"recipient_display_name", "recipient_identifier", "recipient_personid",
		"recipient_resolved_phone_number", "recipient_resolved_name",
	}
)

type personFields struct{ name, identifier, id, phone, resolved string }

// The columns of ZATTACHMENT, and the fields that they become.
var (
	sharedColumns = [...]string{
		"ZCONTENTTEXT", "ZCONTENTURL", "ZUTI", "ZSIZEINBYTES", "ZPHOTOLOCALIDENTIFIER", "ZCLOUDIDENTIFIER", "ZIDENTIFIER",
	}
	sharedFields = [...]string{
		"content", "attachment_content_url", "uti", "size", "photo_local_id", "cloud_id", "attachment_id",
	}
)

// An interactionReader reads the contacts, then the interactions.
type interactionReader struct {
	r          *reading
	people     *directory
	contacts   map[int64]person
	recipients pairs // from an interaction to contacts
	attached   pairs // from an interaction to attachments
	shared     side  // attachments
	summary    func([]byte) []byte

	*table
	links []string

	id, bundle, account, direction, domain, url, sender, start, end, created int
}

func readInteractions(r *reading) error {
	t, err := r.table("ZINTERACTIONS")
	if err != nil {
		return err
	}
	i := &interactionReader{r: r, people: newDirectory(), contacts: map[int64]person{}, table: t}
	i.summary = i.summarize
	for _, folder := range []string{whatsAppGroup, whatsAppBusiness} {
		if err := r.companion(folder+whatsAppLID, i.people.readLIDs); err != nil {
			return err
		}
		if err := r.companion(folder+whatsAppContacts, i.people.readContacts); err != nil {
			return err
		}
	}
	for _, read := range []func() error{i.readContacts, i.readRecipients, i.readShared} {
		if err := read(); err != nil {
			return err
		}
	}
	i.chooseColumns()
	return t.each(i.interaction)
}

// readContacts yields the contacts, and keeps what interactions need of them.
func (i *interactionReader) readContacts() error {
	t := i.r.optional("ZCONTACTS")
	if t == nil {
		return nil
	}
	id, name, identifier := t.take("Z_PK"), t.take("ZDISPLAYNAME"), t.take("ZIDENTIFIER")
	personID := t.take("ZPERSONID")
	dates := make([]int, len(contactDates))
	for n, d := range contactDates {
		dates[n] = t.take(d.column)
	}
	t.fields(map[string]string{
		"ZCUSTOMIDENTIFIER": "custom_id", "ZINCOMINGRECIPIENTCOUNT": "incoming_recipient_count",
		"ZINCOMINGSENDERCOUNT": "incoming_sender_count", "ZOUTGOINGRECIPIENTCOUNT": "outgoing_recipient_count",
	})
	t.hide("Z_ENT", "Z_OPT")
	t.seal(interactionCInfo.Kinds[1])
	full := false
	return t.each(func() error {
		rec := t.start("contact_dates")
		p := person{t.text(name), t.text(identifier), t.plain(personID)}
		rec.Set("table_id", t.value(id))
		rec.Set("display_name", t.value(name))
		rec.Set("identifier", t.value(identifier))
		rec.Set("personid", artifact.TextOrNull(p.id))
		i.resolve(rec, p.identifier, "resolved_phone_number", "resolved_name")
		i.observe(rec, p.identifier, "identifier")
		t.set(rec)
		for n, d := range contactDates {
			rec.When(d.meaning, artifact.MacSeconds, t.number(dates[n]))
		}
		rec.Summary = i.summary
		if !full {
			i.contacts[t.rowID()] = p
			err := t.hold(p.name, p.identifier, p.id)
			full = err != nil
			if err = i.r.unjoined(err); err != nil {
				return err
			}
		}
		return t.give()
	})
}

// readRecipients reads which contacts an interaction went to. The numbers in
// the names of the join tables change with the version of the model.
func (i *interactionReader) readRecipients() error {
	t := i.r.matching("Z_", "INTERACTIONRECIPIENT", "RECIPIENTS")
	if t == nil {
		return nil
	}
	return t.links(&i.recipients, "INTERACTIONRECIPIENT", "RECIPIENTS")
}

func (i *interactionReader) readShared() error {
	join, t := i.r.matching("Z_", "INTERACTIONS", "ATTACHMENTS"), i.r.optional("ZATTACHMENT", sharedColumns[:]...)
	if join == nil || t == nil {
		return nil
	}
	if err := join.links(&i.attached, "INTERACTIONS", "ATTACHMENTS"); err != nil {
		return err
	}
	return t.side(&i.shared, sharedColumns[:], t.rowID)
}

func (i *interactionReader) chooseColumns() {
	t := i.table
	i.id, i.bundle, i.account = t.take("Z_PK"), t.take("ZBUNDLEID"), t.take("ZACCOUNT")
	i.direction, i.domain, i.url = t.take("ZDIRECTION"), t.take("ZDOMAINIDENTIFIER"), t.take("ZCONTENTURL")
	i.sender, i.start, i.end = t.take("ZSENDER"), t.take("ZSTARTDATE"), t.take("ZENDDATE")
	i.created = t.take("ZCREATIONDATE")
	t.fields(map[string]string{
		"ZTARGETBUNDLEID": "target_bundle_id", "ZRECIPIENTCOUNT": "recipient_count", "ZISRESPONSE": "is_response",
		"ZMECHANISM": "mechanism", "ZGROUPNAME": "group_name", "ZLOCATIONUUID": "location_uuid",
		"ZDERIVEDINTENTIDENTIFIER": "derivied_intent_id",
	})
	t.hide("Z_ENT", "Z_OPT")
	t.seal(interactionCInfo.Kinds[0])
}

// interaction yields a record for each recipient and attachment of the row,
// one where it has none.
func (i *interactionReader) interaction() error {
	none := []pair{{}}
	recipients, attached := i.recipients.find(i.rowID()), i.attached.find(i.rowID())
	if len(recipients) == 0 {
		recipients = none
	}
	if len(attached) == 0 {
		attached = none
	}
	n := 0
	for _, a := range attached {
		for _, to := range recipients {
			if n++; n > maxList {
				return i.r.ProblemAt(i.location(), fmt.Errorf("%w: more than %d recipients and attachments", limit.ErrLimit, maxList))
			}
			if err := i.combination(to.to, a.to); err != nil {
				return err
			}
		}
	}
	return nil
}

func (i *interactionReader) combination(recipient, attachment int64) error {
	t := i.table
	rec := t.start("interaction")
	i.links = i.links[:0]
	app := t.text(i.bundle)
	rec.Set("table_id", t.value(i.id))
	rec.Set("bundle_id", t.value(i.bundle))
	rec.Observe(artifact.AppID, app, "bundle_id")
	rec.Set("account", t.value(i.account))
	observeAddress(rec, t.text(i.account), "account")
	rec.Set("direction", t.oneOf(i.direction, "INCOMING", "OUTGOING"))
	whatsApp := strings.HasPrefix(app, "net.whatsapp.WhatsApp")
	i.setPerson(rec, i.contacts[t.key(i.sender)], &senderFields, whatsApp)
	i.setPerson(rec, i.contacts[recipient], &recipientFields, whatsApp)
	rec.Set("domain_identifier", t.value(i.domain))
	if whatsApp {
		i.resolve(rec, t.text(i.domain), "domain_resolved_phone_number", "domain_resolved_name")
	}
	rec.Set("interaction_content_url", t.value(i.url))
	i.addLinks(t.text(i.url))
	t.set(rec)
	i.setShared(rec, attachment)
	setLinks(rec, i.links)
	i.setTimes(rec)
	rec.Summary = i.summary
	return t.give()
}

func (i *interactionReader) setPerson(rec *artifact.Record, p person, f *personFields, whatsApp bool) {
	rec.Set(f.name, artifact.TextOrNull(p.name))
	rec.Set(f.identifier, artifact.TextOrNull(p.identifier))
	rec.Set(f.id, artifact.TextOrNull(p.id))
	if whatsApp {
		i.resolve(rec, p.identifier, f.phone, f.resolved)
	}
	i.observe(rec, p.identifier, f.identifier)
}

// resolve tells who is behind a WhatsApp identity.
func (i *interactionReader) resolve(rec *artifact.Record, identifier, phoneField, nameField string) {
	phone := i.people.phone(identifier)
	if phone != "" && phone != identifier {
		rec.Set(phoneField, artifact.TextValue(phone))
		rec.Observe(artifact.Phone, phone, phoneField)
	}
	rec.Set(nameField, artifact.TextOrNull(i.r.Cut(i.people.name(identifier))))
}

// observe notes the number or the e-mail address of a contact; a WhatsApp
// identity looks like one, and is none.
func (i *interactionReader) observe(rec *artifact.Record, identifier, field string) {
	switch server(identifier) {
	case "s.whatsapp.net", "c.us", "lid", "g.us":
	default:
		observeAddress(rec, identifier, field)
	}
}

func (i *interactionReader) setShared(rec *artifact.Record, attachment int64) {
	var values [len(sharedFields)]artifact.Value
	if attachment == 0 || !i.shared.first(attachment, values[:]) {
		return
	}
	last := len(values) - 1
	if id := values[last].Bytes(); id != nil {
		values[last] = artifact.TextValue(i.r.Cut(hex.EncodeToString(id)))
	}
	for n, v := range values {
		rec.Set(sharedFields[n], v)
	}
	content, _ := values[0].Str()
	url, _ := values[1].Str()
	i.addLinks(content)
	i.addLinks(url)
}

// backfill is how much later than the interaction its row may be written
// without that being worth an event of its own.
const backfill = 3600 // seconds

// setTimes tells when the interaction was, and when its row was written if
// that is another time: the row was then filled in later, or the clock or the
// row was changed.
func (i *interactionReader) setTimes(rec *artifact.Record) {
	t := i.table
	start, end, created := t.number(i.start), t.number(i.end), t.number(i.created)
	rec.When("start_date", artifact.MacSeconds, start)
	if seconds, ok := apart(start, end); !ok || seconds > 0 {
		rec.When("end_date", artifact.MacSeconds, end)
	}
	rec.Set("interactions_creation_date", asFloat(created))
	if seconds, ok := apart(start, created); !ok || seconds >= backfill {
		rec.When("interactions_creation_date", artifact.MacSeconds, created)
	}
}

// apart returns how far apart two numbers are, and whether both are numbers.
func apart(a, b artifact.Value) (float64, bool) {
	x, okX := a.Float()
	y, okY := b.Float()
	return math.Abs(x - y), okX && okY
}

// asFloat turns a whole number, as which SQLite may store a time, into a Float.
func asFloat(v artifact.Value) artifact.Value {
	if n, ok := v.Int(); ok {
		return artifact.FloatValue(float64(n))
	}
	return v
}

func (i *interactionReader) addLinks(text string) { i.links = i.r.addLinks(i.links, text) }

func (i *interactionReader) summarize(b []byte) []byte {
	rec := &i.r.Rec
	if rec.Kind == "contact_dates" {
		return appendSummary(b, "contact ", rec.Text("display_name"), " ", rec.Text("identifier"))
	}
	sender := firstText(rec.Text("sender_identifier"), rec.Text("sender_display_name"), "?")
	recipient := firstText(rec.Text("recipient_identifier"), rec.Text("recipient_display_name"), rec.Text("domain_identifier"), "?")
	return appendSummary(b, "[", rec.Text("bundle_id"), "] ", rec.Text("account"), " ", rec.Text("direction"),
		" from ", sender, " to ", recipient, " ", rec.Text("group_name"), " ", rec.Text("content"))
}
