package ios

import (
	"testing"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

const calendarPath = "HomeDomain/Library/Calendar/Calendar.sqlitedb"

// calendarSchema has the tables and columns of a real Calendar.sqlitedb
// (https://github.com/mvt-project/mvt, tests/artifacts), as far as they matter.
const calendarSchema = `
CREATE TABLE Participant (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, entity_type INTEGER, type INTEGER, status INTEGER, role INTEGER, identity_id INTEGER, owner_id INTEGER, external_rep BLOB, UUID TEXT, email TEXT, phone_number TEXT, is_self INTEGER, comment TEXT, last_modified REAL);
CREATE TABLE CalendarItem (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, summary TEXT, location_id INTEGER, description TEXT, start_date REAL, start_tz TEXT, end_date REAL, all_day INTEGER, calendar_id INTEGER, organizer_id INTEGER, status INTEGER, url TEXT, last_modified REAL, external_id TEXT, external_mod_tag TEXT, unique_identifier TEXT, hidden INTEGER, UUID TEXT, entity_type INTEGER, creation_date REAL, action TEXT, created_by_id INTEGER, first_alert_date REAL, structured_data BLOB, conference_url TEXT);
CREATE TABLE Calendar (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, store_id INTEGER, title TEXT);
CREATE TABLE Location (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT, address TEXT);
`

func calendarSamples(tb testing.TB) []artifacttest.Sample {
	tb.Helper()
	return []artifacttest.Sample{
		databaseSample(tb, "ios14", calendarPath, calendarSchema+`
INSERT INTO Calendar VALUES (1, 1, 'Casa');
INSERT INTO Location VALUES (1, 'Juzgado', 'Calle 1');
INSERT INTO CalendarItem (ROWID, summary, location_id, description, start_date, start_tz, end_date, calendar_id, organizer_id, url, last_modified, hidden, UUID, creation_date, conference_url) VALUES
	(1, 'Audiencia', 1, 'ver https://notes.example.com/a', 700000000, 'America/Mexico_City', 700003600, 1, 2, 'https://url.example.com/b', 699000000.5, 0, 'U-1', 698000000, 'https://meet.example.com/c'),
	(2, 'Meeting', NULL, 'Notes', 500000000, NULL, 500003600, 1, 3, NULL, 690000000, 1, 'U-2', 690000000, NULL);
INSERT INTO Participant (ROWID, entity_type, owner_id, email, phone_number, is_self, comment, last_modified) VALUES
	(1, 7, 1, 'ana@example.org', NULL, 1, NULL, NULL), (2, 8, 1, 'mailto:boss@example.org', NULL, 0, 'hola', 698000001), (3, 8, 2, 'attacker@example.net', NULL, 0, NULL, NULL), (4, 9, 2, NULL, '+525555550101', 0, NULL, NULL);
`),
		withBadValues(databaseSample(tb, "bad", calendarPath, calendarSchema+`
INSERT INTO CalendarItem (ROWID, summary, description, start_date, end_date, creation_date, calendar_id, organizer_id, structured_data) VALUES (1, x'ff', 7, 'tomorrow', x'00', 1e300, 'x', 'y', x'0102');
INSERT INTO Participant (ROWID, entity_type, owner_id, email, last_modified) VALUES (1, 'x', 'none', x'ff', 'never');
`)),
	}
}

func TestCalendar(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, calendar{}, "testdata/calendar", calendarSamples(t)...)
}

func FuzzCalendar(f *testing.F) { artifacttest.Fuzz(f, calendar{}, calendarSamples(f)...) }

func TestCalendarObserved(t *testing.T) {
	t.Parallel()
	recs, _ := artifacttest.Parse(t, calendar{}, calendarSamples(t)[0])
	compareObserved(t, recs[0], []artifact.Observable{
		{Type: artifact.Email, Value: "boss@example.org", Field: "organizer"},
		{Type: artifact.URL, Value: "https://notes.example.com/a", Field: "links"},
		{Type: artifact.URL, Value: "https://url.example.com/b", Field: "links"},
		{Type: artifact.URL, Value: "https://meet.example.com/c", Field: "links"},
	})
	if n, _ := recs[1].Get("created_before_days").Int(); n > -2000 {
		t.Errorf("an invitation into the past: %d days", n)
	}
}

func TestRealCalendar(t *testing.T) {
	t.Parallel()
	data := readEvidence(t, "ios_backup_small", "20", "2041457d5fe04d39d0ab481178355df6781e6858")
	s := artifacttest.Sample{Name: "real", Path: calendarPath, Files: map[string][]byte{calendarPath: data}}
	if recs, errs := artifacttest.Parse(t, calendar{}, s); len(recs) == 0 || len(errs) != 0 {
		t.Errorf("%d records, %v", len(recs), errs)
	}
}
