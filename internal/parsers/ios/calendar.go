package ios

import (
	"context"
	"iter"

	"github.com/amparo-project/amparo/internal/artifact"
)

// calendar reads the appointments of the phone's calendars.
type calendar struct{}

var calendarInfo = artifact.Info{
	Name:    "ios.calendar",
	Version: 1,
	Summary: "Appointments and invitations, with everybody who takes part in them.",
	Files:   onPhone("HomeDomain/Library/Calendar/Calendar.sqlitedb"),
	Kinds: []artifact.KindInfo{
		{
			Kind: "item",
			Doc: "One appointment, invitation or reminder (table CalendarItem). Columns that are not listed are fields under " +
				"their own names unless they are NULL, 0 or empty; of bytes only the length is told.",
			Fields: []artifact.FieldInfo{
				{Name: "id", Type: artifact.Int, Doc: "number of the row"},
				{Name: "summary", Type: artifact.Text, Doc: "title"},
				{Name: "description", Type: artifact.Text, Doc: "notes"},
				{Name: "url", Type: artifact.Text, Doc: "address that it points to"},
				{Name: "location", Type: artifact.Text, Doc: "place, as it is called"},
				{Name: "calendar", Type: artifact.Text, Doc: "calendar that it is in"},
				{Name: "organizer", Type: artifact.Text, Doc: "who invited: e-mail address or number"},
				{Name: "participants", Type: artifact.Strings, Doc: "e-mail addresses and numbers of all who take part"},
				{Name: "created_before_days", Type: artifact.Int, Doc: "days from its making to its start; negative: it began before it was made"},
				{Name: "links", Type: artifact.Strings, Doc: "links in title, notes, place and addresses"},
				otherColumns,
			},
			Times: []string{"start_date", "end_date", "last_modified", "creation_date", "first_alert"},
		},
		{
			Kind: "participant",
			Doc: "One who takes part in an appointment (table Participant). Columns that are not listed are fields under their own " +
				"names unless they are NULL, 0 or empty; of bytes only the length is told.",
			Fields: []artifact.FieldInfo{
				{Name: "item_id", Type: artifact.Int, Doc: "number of the appointment"},
				{Name: "summary", Type: artifact.Text, Doc: "title of the appointment"},
				{Name: "role", Type: artifact.Text, Doc: "organizer or attendee"},
				{Name: "entity_type", Type: artifact.Int, Doc: "the role as a number, where it is another"},
				{Name: "email", Type: artifact.Text, Doc: "e-mail address"},
				{Name: "phone_number", Type: artifact.Text, Doc: "number"},
				{Name: "comment", Type: artifact.Text, Doc: "what the person wrote to it"},
				otherColumns,
			},
			Times: []string{"participant_last_modified"},
		},
	},
	Caveats: []string{"Appointments that were removed are not here."},
	Refs: []string{
		"https://docs.mvt.re/en/latest/ios/records/",
		"https://github.com/abrignoni/iLEAPP/blob/main/scripts/artifacts/calendarAll.py",
		"https://citizenlab.ca/2023/04/spyware-vendor-quadream-exploits-victims-customers/",
	},
}

// Info implements artifact.Parser.
func (calendar) Info() artifact.Info { return calendarInfo }

// Parse implements artifact.Parser.
func (calendar) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readDatabase(ctx, in, readCalendar)
}

// Kinds of participants (Participant.entity_type).
const (
	calendarAttendee  = 7
	calendarOrganizer = 8
)

// A calendarReader reads items with what other tables say of them.
type calendarReader struct {
	*table
	calendars, places map[int64]string
	titles            map[int64]string
	people            map[int64][]string // of an item
	organizers        map[int64]string   // by the participant's row
	links             []string

	summary, notes, url, conference, place, in, organizer int
	start, end, modified, created, alert                  int
}

func readCalendar(r *reading) error {
	t, err := r.table("CalendarItem")
	if err != nil {
		return err
	}
	c := &calendarReader{table: t, titles: map[int64]string{}, people: map[int64][]string{}, organizers: map[int64]string{}}
	if c.calendars, err = r.optional("Calendar", "title").texts("title"); err != nil {
		return err
	}
	if c.places, err = r.optional("Location", "title").texts("title"); err != nil {
		return err
	}
	if c.titles, err = r.optional("CalendarItem", "summary").texts("summary"); err != nil {
		return err
	}
	if err := c.readPeople(); err != nil {
		return err
	}
	c.summary, c.notes, c.url, c.conference = t.take("summary"), t.take("description"), t.take("url"), t.find("conference_url")
	c.place, c.in, c.organizer = t.find("location_id"), t.find("calendar_id"), t.find("organizer_id")
	c.start, c.end, c.modified = t.take("start_date"), t.take("end_date"), t.take("last_modified")
	c.created, c.alert = t.take("creation_date"), t.take("first_alert_date")
	t.hide("ROWID")
	t.seal(calendarInfo.Kinds[0])
	if err := t.each(c.item); err != nil {
		return err
	}
	return c.giveParticipants()
}

// readPeople reads who takes part in what.
func (c *calendarReader) readPeople() error {
	t := c.r.optional("Participant", "owner_id", "email", "phone_number")
	if t == nil {
		return nil
	}
	owner, email, phone := t.find("owner_id"), t.find("email"), t.find("phone_number")
	return c.r.unjoined(t.each(func() error {
		who := firstText(t.text(email), t.text(phone))
		c.organizers[t.rowID()] = who
		id := t.key(owner)
		if who == "" || len(c.people[id]) == maxList {
			return nil
		}
		c.people[id] = appendNew(c.people[id], who)
		return t.hold(who)
	}))
}

func (c *calendarReader) item() error {
	rec := c.table.start("item")
	c.links = c.links[:0]
	rec.Set("id", artifact.IntValue(c.rowID()))
	rec.Set("summary", c.value(c.summary))
	rec.Set("description", c.value(c.notes))
	rec.Set("url", c.value(c.url))
	rec.Set("location", artifact.TextOrNull(c.places[c.key(c.place)]))
	rec.Set("calendar", artifact.TextOrNull(c.calendars[c.key(c.in)]))
	organizer := c.organizers[c.key(c.organizer)]
	rec.Set("organizer", artifact.TextOrNull(organizer))
	observeAddress(rec, organizer, "organizer")
	rec.Set("participants", artifact.StringsValue(c.people[c.rowID()]))
	c.setDistance(rec)
	for _, text := range []string{c.text(c.summary), c.text(c.notes), c.text(c.url), c.text(c.conference), rec.Text("location")} {
		c.links = c.r.addLinks(c.links, text)
	}
	c.set(rec)
	setLinks(rec, c.links)
	for _, t := range []struct {
		meaning string
		column  int
	}{{"start_date", c.start}, {"end_date", c.end}, {"last_modified", c.modified}, {"creation_date", c.created}, {"first_alert", c.alert}} {
		rec.When(t.meaning, artifact.MacSeconds, c.number(t.column))
	}
	rec.Summary = func(b []byte) []byte {
		return appendSummary(b, "appointment ", rec.Text("summary"), " ", rec.Text("organizer"), " ", rec.Text("url"))
	}
	return c.give()
}

// setDistance tells how long before its start an appointment was made: the
// invitations that carried QuaDream's exploit began years before.
func (c *calendarReader) setDistance(rec *artifact.Record) {
	created, ok := artifact.MacSeconds.At(c.number(c.created))
	if !ok {
		return
	}
	if start, ok := artifact.MacSeconds.At(c.number(c.start)); ok {
		rec.Set("created_before_days", artifact.IntValue(int64(start.Sub(created).Hours()/24)))
	}
}

// giveParticipants gives each who takes part as a record of its own: an
// address that is listed counts for whoever has it.
func (c *calendarReader) giveParticipants() error {
	t := c.r.optional("Participant")
	if t == nil {
		return nil
	}
	owner, email, phone, comment := t.take("owner_id"), t.take("email"), t.take("phone_number"), t.take("comment")
	kind, modified := t.take("entity_type"), t.take("last_modified")
	t.hide("ROWID")
	t.seal(calendarInfo.Kinds[1])
	return t.each(func() error {
		rec := t.start("participant")
		rec.Set("item_id", t.value(owner))
		rec.Set("summary", artifact.TextOrNull(c.titles[t.key(owner)]))
		switch t.key(kind) {
		case calendarOrganizer:
			rec.Set("role", artifact.TextValue("organizer"))
		case calendarAttendee:
			rec.Set("role", artifact.TextValue("attendee"))
		default:
			rec.Set("entity_type", t.value(kind))
		}
		rec.Set("email", t.value(email))
		observeAddress(rec, t.text(email), "email")
		rec.Set("phone_number", t.value(phone))
		observeAddress(rec, t.text(phone), "phone_number")
		rec.Set("comment", t.value(comment))
		t.set(rec)
		rec.When("participant_last_modified", artifact.MacSeconds, t.number(modified))
		rec.Summary = func(b []byte) []byte {
			return appendSummary(b, "takes part: ", firstText(rec.Text("email"), rec.Text("phone_number")), " in ", rec.Text("summary"))
		}
		return t.give()
	})
}
