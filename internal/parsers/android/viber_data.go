package android

import (
	"strconv"

	"github.com/amparo-project/amparo/internal/artifact"
)

// readViberData reads calls and contacts.
func readViberData(d *dbReading) error {
	d.numbered("calls", artifact.UnixMilliseconds)
	if err := d.need("calls", "number canonized_number viber_call_type date duration type", d.viberCall); err != nil {
		return err
	}
	names := map[int64]string{}
	if _, err := d.each("phonebookcontact", "display_name", func(r *dbRow) error {
		if len(names) < maxSide {
			names[r.row.RowID()] = r.text("display_name")
		}
		return nil
	}); err != nil {
		return err
	}
	if _, err := d.each("phonebookdata", "contact_id data1 data2", func(r *dbRow) error {
		id, _ := r.int("contact_id")
		return d.viberContact(r, names[id], "", firstOf(r.text("data2"), r.text("data1")))
	}); err != nil {
		return err
	}
	if _, err := d.each("vibernumbers", "canonized_number viber_name", func(r *dbRow) error {
		return d.viberContact(r, "", r.text("viber_name"), r.text("canonized_number"))
	}); err != nil {
		return err
	}
	_, err := d.each("blockednumbers", "canonized_number blocked_date", func(r *dbRow) error {
		rec := r.start("blocked")
		r.set("number", "canonized_number")
		observePhone(rec, rec.Text("number"), "number")
		r.when("blocked", "blocked_date", artifact.UnixMilliseconds)
		return d.Give()
	})
	return err
}

// viberCallTypes are those of viber_call_type that are known.
var viberCallTypes = map[int64]string{1: "audio", 4: "video"}

func (d *dbReading) viberCall(r *dbRow) error {
	rec := r.start("call")
	if n, ok := r.int("type"); ok && n > 0 && n < 4 {
		d.set("direction", callDirections[n])
	}
	d.set("number", firstOf(r.text("canonized_number"), r.text("number")))
	if n, ok := r.int("viber_call_type"); ok {
		d.set("call_type", firstOf(viberCallTypes[n], strconv.FormatInt(n, 10)))
	}
	r.setInt("duration", "duration")
	r.when("call", "date", artifact.UnixMilliseconds)
	observePhone(rec, rec.Text("number"), "number")
	rec.Summary = func(b []byte) []byte {
		return appendSummary(b, "Viber call ", rec.Text("direction"), " ", rec.Text("number"))
	}
	return d.Give()
}

// viberContact gives a contact that has a number: other data of one, such as
// how its name is spelt, have none.
func (d *dbReading) viberContact(r *dbRow, name, viberName, number string) error {
	if leadingNumber(number) == "" && (number == "" || number[0] != '+') {
		return nil
	}
	rec := r.start("contact")
	d.set("name", name)
	d.set("viber_name", viberName)
	d.set("number", number)
	observePhone(rec, number, "number")
	return d.Give()
}
