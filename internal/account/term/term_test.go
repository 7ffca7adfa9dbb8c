package term

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func load(t testing.TB) *Set {
	t.Helper()
	s, err := Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func day(t testing.TB, s string) time.Time {
	t.Helper()
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// free lists the working days of the week of a year that do not count.
func free(c *Calendar, year int, strict bool) []string {
	var out []string
	for d := Day(year, 1, 1); d.Year() == year; d = d.AddDate(0, 0, 1) {
		if ok, _ := c.Business(d, strict); !ok && !weekend(d) {
			out = append(out, d.Format("01-02"))
		}
	}
	return out
}

// TestHolidays holds the calendars to the lists that were published: those of
// OPM for the United States, art. 74 of the LFT for Mexico.
func TestHolidays(t *testing.T) {
	t.Parallel()
	s := load(t)
	for _, tt := range []struct {
		calendar string
		year     int
		strict   bool
		want     string
	}{
		{"us", 2017, true, "01-02 01-16 02-20 05-29 07-04 09-04 10-09 11-10 11-23 12-25"},
		{"us", 2020, true, "01-01 01-20 02-17 05-25 07-03 09-07 10-12 11-11 11-26 12-25"},
		{"us", 2021, true, "01-01 01-18 02-15 05-31 06-18 07-05 09-06 10-11 11-11 11-25 12-24 12-31"},
		{"us", 2022, true, "01-17 02-21 05-30 06-20 07-04 09-05 10-10 11-11 11-24 12-26"},
		{"us", 2023, true, "01-02 01-16 02-20 05-29 06-19 07-04 09-04 10-09 11-10 11-23 12-25"},
		{"mx", 2005, true, "03-21 09-16"},
		{"mx", 2006, true, "02-06 03-21 05-01 11-20 12-01 12-25"},
		{"mx", 2017, true, "02-06 03-20 05-01 11-20 12-25"},
		{"mx", 2018, true, "01-01 02-05 03-19 05-01 11-19 12-25"},
		{"mx", 2024, true, "01-01 02-05 03-18 05-01 09-16 10-01 11-18 12-25"},
		{"mx", 2025, true, "01-01 02-03 03-17 05-01 09-16 11-17 12-25"},
		{"mx", 2017, false, "02-06 03-20 03-21 05-01 05-05 09-01 11-20 12-25"},
	} {
		if got := strings.Join(free(s.Calendars[tt.calendar], tt.year, tt.strict), " "); got != tt.want {
			t.Errorf("%s %d: got  %s\nwant %s", tt.calendar, tt.year, got, tt.want)
		}
	}
}

func TestCount(t *testing.T) {
	t.Parallel()
	s := load(t)
	for _, tt := range []struct {
		name, term, received string
		extension            *Extension
		closures             []Closure
		due                  string
		late                 bool
	}{
		{name: "mexico", term: "mx-lgtaip-2015", received: "2017-06-20", due: "2017-07-18"},
		{name: "mexico_extended", term: "mx-lgtaip-2015", received: "2017-06-20", extension: &Extension{On: day(t, "2017-07-18")}, due: "2017-08-01"},
		{name: "extended_by_less", term: "mx-lgtaip-2015", received: "2017-06-20", extension: &Extension{On: day(t, "2017-07-10"), Days: 5}, due: "2017-07-25"},
		{name: "extended_by_too_much", term: "mx-lgtaip-2015", received: "2017-06-20", extension: &Extension{On: day(t, "2017-07-10"), Days: 60}, due: "2017-08-01"},
		{name: "extended_too_late", term: "mx-lgtaip-2015", received: "2017-06-20", extension: &Extension{On: day(t, "2017-07-19")}, due: "2017-07-18", late: true},
		{name: "received_on_a_sunday", term: "mx-lgtaip-2015", received: "2017-06-18", due: "2017-07-17"},
		{name: "received_on_a_holiday", term: "mx-lgtaip-2015", received: "2017-11-20", due: "2017-12-19"},
		{name: "closed", term: "mx-lgtaip-2015", received: "2017-06-20", closures: []Closure{{day(t, "2017-07-17"), day(t, "2017-07-28")}}, due: "2017-08-01"},
		{name: "us", term: "us-foia", received: "2017-12-07", due: "2018-01-08"},
		{name: "us_new_year_on_saturday", term: "us-foia", received: "2021-12-20", due: "2022-01-20"},
		{name: "months", term: "mx-petition", received: "2017-11-30", due: "2018-02-28"},
		{name: "un", term: "un-special-procedures", received: "2017-12-07", due: "2018-02-05"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			received := day(t, tt.received)
			term, err := s.Term(tt.term, received)
			if err != nil {
				t.Fatal(err)
			}
			c, err := term.Count(received, Rules{Calendar: s.Calendars[term.Calendar], Extension: tt.extension, Closures: tt.closures})
			if err != nil {
				t.Fatal(err)
			}
			if got := c.Due.Format(time.DateOnly); got != tt.due || c.Late != tt.late {
				t.Errorf("due %s, late %v; want %s, %v", got, c.Late, tt.due, tt.late)
			}
		})
	}
}

// TestOursIsNeverLater holds a person's own term to the earlier day wherever
// laws differ, and an authority's to the later.
func TestOursIsNeverLater(t *testing.T) {
	t.Parallel()
	c := load(t).Calendars["mx"]
	rapid.Check(t, func(t *rapid.T) {
		received := Day(2015, 1, 1).AddDate(0, 0, rapid.IntRange(0, 5000).Draw(t, "day"))
		span := Span{Days: rapid.IntRange(1, 60).Draw(t, "days")}
		theirs, err1 := span.Count(received, Rules{Calendar: c})
		ours, err2 := span.Count(received, Rules{Calendar: c, Ours: true})
		if err1 != nil || err2 != nil || ours.Due.After(theirs.Due) {
			t.Fatalf("ours %v, theirs %v (%v, %v)", ours.Due, theirs.Due, err1, err2)
		}
		if ok, why := c.Business(theirs.Due, false); !ok {
			t.Fatalf("due on a free day: %v", why)
		}
	})
}

func TestParseDay(t *testing.T) {
	t.Parallel()
	mexico := load(t).Calendars["mx"].Zone()
	for _, tt := range []struct{ text, want, says string }{
		{"2017-06-20", "2017-06-20", ""},
		{"2017-06-20T23:50:00-05:00", "2017-06-20", ""},
		{"2017-06-21T04:50:00Z", "2017-06-20", ""},
		{"2017-06", "", "has no day"},
		{"2017", "", "has no day"},
		{"2017-06-20T23:50:00", "", "has no zone"},
		{"2017-06-20 23:50", "", "has no zone"},
		{"20/6/2017", "", "write 2017-06-20"},
		{"2017-02-30", "", "write"},
		{"", "", "write"},
	} {
		got, err := ParseDay(tt.text, mexico)
		if tt.says != "" {
			if !errors.Is(err, ErrDay) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%q: %v", tt.text, err)
			}
			continue
		}
		if err != nil || got.Format(time.DateOnly) != tt.want {
			t.Errorf("%q: %v, %v", tt.text, got, err)
		}
	}
}

func TestTermsByDay(t *testing.T) {
	t.Parallel()
	s := load(t)
	for _, tt := range []struct{ request, calendar, day, want string }{
		{"access", "mx", "2017-06-20", "mx-lgtaip-2015"},
		{"access", "mx", "2025-03-20", "mx-lgtaip-2015"},
		{"access", "mx", "2025-03-21", "mx-lgtaip-2025"},
		{"access", "us", "2017-06-20", "us-foia"},
		{"un", "mx", "2017-06-20", "un-special-procedures"},
		{"complaint", "mx", "2017-06-20", ""},
		{"access", "mx", "2010-01-01", ""},
	} {
		if got, _ := s.For(tt.request, tt.calendar, day(t, tt.day)); got.ID != tt.want {
			t.Errorf("%v: got %s", tt, got.ID)
		}
	}
	if _, err := s.Term("mx-lgtaip-2015", day(t, "2026-01-01")); !errors.Is(err, ErrUnknown) {
		t.Errorf("a law that ended: %v", err)
	}
}

func TestOwnTerms(t *testing.T) {
	t.Parallel()
	own := `
calendars:
  xx: {name: {en: X}, zone: UTC, law: L, holidays: [{name: {en: H}, month: 1, weekday: monday, nth: -1, law: L}]}
terms:
  - {id: us-foia, calendar: xx, request: access, from: 2000-01-01, days: 5, law: L}
`
	s, err := Load([]byte(own))
	if err != nil {
		t.Fatal(err)
	}
	term, err := s.Term("us-foia", day(t, "2017-01-27"))
	if err != nil || term.Days != 5 {
		t.Fatalf("%+v, %v", term, err)
	}
	c, err := term.Count(day(t, "2017-01-27"), Rules{Calendar: s.Calendars["xx"]})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Skipped{{day(t, "2017-01-30"), Text{En: "H"}}}, c.Skipped); diff != "" || c.Due != day(t, "2017-02-06") {
		t.Errorf("due %v, skipped (-want +got):\n%s", c.Due, diff)
	}
	for _, bad := range []struct{ text, says string }{
		{"terms: [{id: a}]", "are needed"},
		{"terms: [{id: a, request: r, law: l, from: 2000-01-01, days: 5, calendar: zz}]", "no calendar"},
		{"terms: [{id: a, request: r, law: l, from: 2000-01-01, days: 0, calendar: mx}]", "0 business"},
		{"terms: [{id: a, colour: red}]", "colour"},
		{"calendars: {a: {zone: Nowhere/No}}", "zone"},
		{"calendars: {a: {zone: UTC, holidays: [{month: 13, law: L}]}}", "month 13"},
		{"calendars: {a: {zone: UTC, holidays: [{month: 1, day: 40, law: L}]}}", "day 40"},
		{"calendars: {a: }", "empty"},
		{"calendars: {a: {zone: UTC, library: fr}}", "no library"},
		{"\x00", "terms"},
	} {
		if _, err := Load([]byte(bad.text)); err == nil || !strings.Contains(err.Error(), bad.says) {
			t.Errorf("%s: %v", bad.text, err)
		}
	}
}

func TestEverythingClosed(t *testing.T) {
	t.Parallel()
	c := load(t).Calendars["mx"]
	always := []Closure{{Day(1900, 1, 1), Day(2200, 1, 1)}}
	if _, err := (Span{Days: 1}).Count(Day(2017, 1, 2), Rules{Calendar: c, Closures: always}); !errors.Is(err, ErrDay) {
		t.Errorf("got %v", err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte("terms: [{id: a, request: r, law: l, from: 2000-01-01, days: 5, calendar: mx}]"))
	f.Add([]byte("calendars: {a: {zone: UTC, holidays: [{month: 1, weekday: monday, nth: -1, every: 6, from: 2000, law: L}]}}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Load(data)
		if err != nil {
			return
		}
		for i := range s.Terms {
			c, err := s.Terms[i].Count(Day(2017, 6, 20), Rules{Calendar: s.Calendars[s.Terms[i].Calendar]})
			if err == nil && !c.Due.After(Day(2017, 6, 19)) {
				t.Errorf("%+v ends on %v", s.Terms[i], c.Due)
			}
		}
	})
}
