package testevidence

import "time"

const calendarPath = "Library/Calendar/Calendar.sqlitedb"

// quaDream2023 published the invitations that carried QuaDream's exploit.
const quaDream2023 = "https://citizenlab.ca/2023/04/spyware-vendor-quadream-exploits-victims-customers/"

// Kinds of participants (Participant.entity_type).
const (
	calendarAttendee  = 7
	calendarOrganizer = 8
)

// A calendarWriter writes Calendar.sqlitedb.
type calendarWriter struct {
	d           *database
	r           random
	items       int64
	people      int64
	item, guest *insert
}

// calendar writes two appointments for every hundred messages.
func (b *builder) calendar() error {
	d := b.create("HomeDomain", calendarPath, "calendar", 4096)
	w := &calendarWriter{d: d, r: d.r}
	d.insert("Store", "ROWID", "name", "type", "disabled", "persistent_id", "flags", "display_order").row(1, "iCloud", 2, 0, w.r.uuid(), 0, 0)
	d.insert("Calendar", "ROWID", "store_id", "title", "flags", "color", "supported_entity_types", "UUID", "display_order").
		row(1, 1, "Casa", 0, "#1BADF8", 4, w.r.uuid(), 0)
	w.item = d.insert("CalendarItem", "ROWID", "summary", "description", "@start_date", "start_tz", "@end_date", "all_day", "calendar_id",
		"organizer_id", "url", "@last_modified", "unique_identifier", "hidden", "has_attendees", "UUID", "entity_type", "@creation_date", "conference_url")
	w.guest = d.insert("Participant", "ROWID", "entity_type", "type", "status", "role", "owner_id", "UUID", "email", "is_self")
	for c, n := newClock(w.r, b.o.Messages/50), b.o.Messages/50; n > 0; n-- {
		w.add(pick(w.r, []string{"Dentista", "Reunión", "Lunch with Sarah", "Cumpleaños", "Hearing"}), pick(w.r, middles), "", c.next())
	}
	if b.o.Plant {
		// Sent on one day, dated years back, so that nobody sees it.
		const invited = "kleinleon1987@gmail.com"
		id := w.add("Meeting", "Notes", invited, first.AddDate(-2, 0, 0))
		path := "HomeDomain/" + calendarPath
		b.ledger.plant(Trace{
			Name: "calendar_organizer", Artifact: "ios.calendar", Path: path, Table: "Participant", RowID: w.people,
			Value: invited, Type: "email", Indicator: invited, Match: "exact", Severity: "critical", Source: amnesty2021,
		})
		b.ledger.plant(Trace{
			Name: "calendar_invisible_invitation", Artifact: "ios.calendar", Path: path, Table: "CalendarItem", RowID: id,
			Value: "Meeting, Notes", Rule: "calendar_quadream", Severity: "high", Source: quaDream2023,
		})
	}
	return d.close()
}

// add writes an appointment of an hour, and who invited to it.
func (w *calendarWriter) add(summary, notes, organizer string, at time.Time) int64 {
	w.items++
	made := macTime(w.r.between(first, last))
	var host any
	if organizer != "" {
		w.people++
		host = w.people
		w.guest.row(w.people, calendarOrganizer, 0, 0, 0, w.items, w.r.uuid(), organizer, 0)
	} else if w.r.one(4) {
		w.people++
		w.guest.row(w.people, calendarAttendee, 1, 1, 1, w.items, w.r.uuid(), mail(pick(w.r, names), int(w.items)), 0)
	}
	w.item.row(w.items, summary, notes, macTime(at), "America/Mexico_City", macTime(at.Add(time.Hour)), 0, 1, host, nil, made, w.r.uuid(), 0,
		btoi(host != nil), w.r.uuid(), 2, made, nil)
	return w.items
}
