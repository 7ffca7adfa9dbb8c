package ios

import (
	"context"
	"fmt"
	"iter"

	"github.com/amparo-project/amparo/internal/artifact"
)

// whatsAppContactList reads the people that WhatsApp knows.
type whatsAppContactList struct{}

var whatsAppContactListInfo = artifact.Info{
	Name:    "ios.whatsapp_contacts",
	Version: 1,
	Summary: "People that WhatsApp knows, with their numbers, hidden identities and what they say of themselves.",
	Files:   onPhone(whatsAppGroup+whatsAppContacts, whatsAppBusiness+whatsAppContacts),
	Kinds: []artifact.KindInfo{{
		Kind: "contact",
		Doc: "One person (table ZWAADDRESSBOOKCONTACT). Columns that are not listed are fields under their own names " +
			"unless they are NULL, 0 or empty; of bytes only the length is told.",
		Fields: []artifact.FieldInfo{
			{Name: "row_pk", Type: artifact.Int, Doc: "number of the row"},
			{Name: "whatsapp_id", Type: artifact.Text, Doc: "identity, mostly the number"},
			{Name: "lid", Type: artifact.Text, Doc: "hidden identity"},
			{Name: "phone_number", Type: artifact.Text, Doc: "number"},
			{Name: "localized_phone_number", Type: artifact.Text, Doc: "number as people of the country write it"},
			{Name: "full_name", Type: artifact.Text, Doc: "name"},
			{Name: "given_name", Type: artifact.Text, Doc: "first name"},
			{Name: "last_name", Type: artifact.Text, Doc: "last name"},
			{Name: "user_name", Type: artifact.Text, Doc: "name chosen in WhatsApp"},
			{Name: "business_name", Type: artifact.Text, Doc: "name of a business"},
			{Name: "about_text", Type: artifact.Text, Doc: "what the person says of themselves"},
			{Name: "about_emoji", Type: artifact.Text, Doc: "the sign beside it"},
			{Name: "notes", Type: artifact.Text, Doc: "what the owner noted"},
			{Name: "disappearing_mode_duration", Type: artifact.Float, Doc: "seconds after which messages disappear"},
			{Name: "disappearing_mode_label", Type: artifact.Text, Doc: "the same in words: off, 24 hours, 7 days…"},
			{Name: "disappearing_mode_is_on", Type: artifact.Bool, Doc: "whether messages disappear; absent: not known"},
			{Name: "phone_status", Type: artifact.Int, Doc: "whether the number uses WhatsApp, as a number"},
			{Name: "sync_policy", Type: artifact.Int, Doc: "how the contact is kept in step"},
			{Name: "links", Type: artifact.Strings, Doc: "links in what the person says, and in the notes"},
			otherColumns,
		},
		Times: []string{"disappearing_mode_set", "about_changed", "about_expiration", "contact_last_updated"},
	}},
	Refs: []string{"https://docs.mvt.re/en/latest/ios/records/", "https://github.com/abrignoni/iLEAPP/blob/main/scripts/artifacts/whatsApp.py"},
}

// Info implements artifact.Parser.
func (whatsAppContactList) Info() artifact.Info { return whatsAppContactListInfo }

// Parse implements artifact.Parser.
func (whatsAppContactList) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readDatabase(ctx, in, readWhatsAppContacts)
}

// contactTexts are the columns that hold texts, and the fields that they become.
var contactTexts = []struct{ column, field string }{
	{"ZWHATSAPPID", "whatsapp_id"},
	{"ZLID", "lid"},
	{"ZPHONENUMBER", "phone_number"},
	{"ZLOCALIZEDPHONENUMBER", "localized_phone_number"},
	{"ZFULLNAME", "full_name"},
	{"ZGIVENNAME", "given_name"},
	{"ZLASTNAME", "last_name"},
	{"ZUSERNAME", "user_name"},
	{"ZBUSINESSNAME", "business_name"},
	{"ZABOUTTEXT", "about_text"},
	{"ZABOUTEMOJI", "about_emoji"},
	{"ZNOTES", "notes"},
}

// contactTimes are those that hold times.
var contactTimes = []struct{ column, meaning string }{
	{"ZDISAPPEARINGMODETIMESTAMP", "disappearing_mode_set"},
	{"ZABOUTTIMESTAMP", "about_changed"},
	{"ZABOUTEXPIRATIONTIMESTAMP", "about_expiration"},
	{"ZLASTUPDATED", "contact_last_updated"},
}

// A waContactReader reads the contacts.
type waContactReader struct {
	*table
	texts, times []int
	duration     int
	links        []string
}

func readWhatsAppContacts(r *reading) error {
	t, err := r.table("ZWAADDRESSBOOKCONTACT")
	if err != nil {
		return err
	}
	c := &waContactReader{table: t, duration: t.take("ZDISAPPEARINGMODEDURATION")}
	for _, f := range contactTexts {
		c.texts = append(c.texts, t.take(f.column))
	}
	for _, f := range contactTimes {
		c.times = append(c.times, t.take(f.column))
	}
	t.fields(map[string]string{"ZPHONESTATUS": "phone_status", "ZSYNCPOLICY": "sync_policy"})
	t.hide("Z_PK", "Z_ENT", "Z_OPT")
	t.seal(whatsAppContactListInfo.Kinds[0])
	return t.each(c.contact)
}

func (c *waContactReader) contact() error {
	rec := c.start("contact")
	c.links = c.links[:0]
	rec.Set("row_pk", artifact.IntValue(c.rowID()))
	for i, f := range contactTexts {
		if s := c.text(c.texts[i]); s != "" {
			rec.Set(f.field, artifact.TextValue(s))
		} else if !c.empty(c.texts[i]) {
			rec.Set(f.field, c.value(c.texts[i])) // bytes, or a number, where a text belongs
		}
	}
	observeAddress(rec, rec.Text("phone_number"), "phone_number")
	for _, field := range []string{"about_text", "notes"} {
		c.links = c.r.addLinks(c.links, rec.Text(field))
	}
	c.disappearing(rec)
	c.set(rec)
	setLinks(rec, c.links)
	for i, f := range contactTimes {
		rec.When(f.meaning, artifact.MacSeconds, c.number(c.times[i]))
	}
	rec.Summary = func(b []byte) []byte {
		return appendSummary(b, "WhatsApp contact ", firstText(rec.Text("full_name"), rec.Text("user_name"), rec.Text("business_name")), " ",
			firstText(rec.Text("phone_number"), rec.Text("whatsapp_id"), rec.Text("lid")))
	}
	return c.give()
}

// disappearing tells after which time messages disappear.
func (c *waContactReader) disappearing(rec *artifact.Record) {
	seconds, ok := c.raw(c.duration).AsFloat()
	if !ok {
		rec.Set("disappearing_mode_duration", c.value(c.duration))
		return
	}
	rec.Set("disappearing_mode_duration", artifact.FloatValue(seconds))
	rec.Set("disappearing_mode_is_on", artifact.BoolValue(seconds > 0))
	const day = 86400
	label := fmt.Sprintf("%g seconds", seconds)
	switch {
	case seconds == 0:
		label = "off"
	case seconds == day:
		label = "24 hours"
	case seconds > 0 && seconds < 1e9 && int64(seconds)%day == 0 && seconds == float64(int64(seconds)):
		label = fmt.Sprintf("%d days", int64(seconds)/day)
	}
	rec.Set("disappearing_mode_label", artifact.TextValue(label))
}
