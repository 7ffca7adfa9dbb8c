package account

import (
	"fmt"
	"time"
)

// Precision is how much of a date is known.
type Precision int8

// From a year to an instant.
const (
	NoDate Precision = iota
	Year
	Month
	Day
	Minute
	Second
)

// layouts are the forms in which a date is written, without and with a zone.
var layouts = []struct {
	layout    string
	precision Precision
	zoned     bool
}{
	{"2006", Year, false},
	{"2006-01", Month, false},
	{time.DateOnly, Day, false},
	{"2006-01-02T15:04", Minute, false},
	{"2006-01-02T15:04:05", Second, false},
	{"2006-01-02T15:04Z07:00", Minute, true},
	{time.RFC3339, Second, true},
}

// The widest offsets in use: a day that is said without a zone began, in UTC,
// as early as east of the date line and ended as late as west of it.
const (
	farEast = 14 * time.Hour
	farWest = 12 * time.Hour
)

// A Date is a point of time as far as it is known: 2017, 2017-06, 2017-06-19,
// 2017-06-19T14:30, 2017-06-19T14:30:05-05:00. The zero value is no date. Only
// a time of the day can have a zone; what has none is the calendar of a place
// that is not said.
type Date struct {
	at        time.Time // the beginning; as if in UTC where there is no zone
	precision Precision
	zoned     bool
}

// ParseDate reads one of the forms above, years 1800 to 2199. The empty text is
// no date. The error wraps ErrInvalid.
func ParseDate(s string) (Date, error) {
	if s == "" {
		return Date{}, nil
	}
	for _, l := range layouts {
		at, err := time.Parse(l.layout, s)
		if err != nil {
			continue
		}
		if at.Year() < 1800 || at.Year() > 2199 {
			return Date{}, fmt.Errorf("%w: date %q: the year is not between 1800 and 2199", ErrInvalid, s)
		}
		return Date{at, l.precision, l.zoned}, nil
	}
	return Date{}, fmt.Errorf("%w: date %.40q: write 2017, 2017-06, 2017-06-19, 2017-06-19T14:30 or 2017-06-19T14:30:00-05:00", ErrInvalid, s)
}

// MustDate is ParseDate for texts that are part of the program.
func MustDate(s string) Date {
	d, err := ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

// Instant is the date of a time that is known to the second, in UTC.
func Instant(t time.Time) Date { return Date{t.UTC().Truncate(time.Second), Second, true} }

// DayOf is the day of a time, in that time's zone.
func DayOf(t time.Time) Date {
	y, m, d := t.Date()
	return Date{time.Date(y, m, d, 0, 0, 0, 0, time.UTC), Day, false}
}

// IsZero reports whether there is no date.
func (d Date) IsZero() bool { return d.precision == NoDate }

// Precision is how much of it is known.
func (d Date) Precision() Precision { return d.precision }

// Zoned reports whether its zone is known.
func (d Date) Zoned() bool { return d.zoned }

// String returns the form that ParseDate reads.
func (d Date) String() string {
	for _, l := range layouts {
		if l.precision == d.precision && l.zoned == d.zoned {
			return d.at.Format(l.layout)
		}
	}
	return ""
}

// MarshalText implements encoding.TextMarshaler.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Date) UnmarshalText(b []byte) (err error) {
	*d, err = ParseDate(string(b))
	return err
}

// span is the time that d may mean: from its beginning to before its end.
func (d Date) span() (from, to time.Time) {
	switch d.precision {
	case Year:
		return d.at, d.at.AddDate(1, 0, 0)
	case Month:
		return d.at, d.at.AddDate(0, 1, 0)
	case Day:
		return d.at, d.at.AddDate(0, 0, 1)
	case Minute:
		return d.at, d.at.Add(time.Minute)
	}
	return d.at, d.at.Add(time.Second)
}

// Earliest is the first moment that d may mean, in UTC wherever its place is.
func (d Date) Earliest() time.Time {
	from, _ := d.span()
	if !d.zoned {
		from = from.Add(-farEast)
	}
	return from.UTC()
}

// Latest is the moment by which all that d may mean is over, in UTC.
func (d Date) Latest() time.Time {
	_, to := d.span()
	if !d.zoned {
		to = to.Add(farWest)
	}
	return to.UTC()
}

// Around are moments at which what begins or ends with d may change: d itself
// and, of a year or a month, the days after and before it. Of no date, none.
func (d Date) Around() []Date {
	switch d.precision {
	case NoDate:
		return nil
	case Year, Month:
		from, to := d.span()
		return []Date{DayOf(from.AddDate(0, 0, -1)), d, DayOf(to)}
	}
	return []Date{d}
}

// Before reports whether all that d may mean is over when o begins: yes or no
// where every reading of the two agrees. Two dates without zone are read in the
// same calendar. With no date on either side it is not known.
func (d Date) Before(o Date) Truth {
	if d.IsZero() || o.IsZero() {
		return NotKnown
	}
	from, to := d.readAgainst(o)
	otherFrom, otherTo := o.readAgainst(d)
	return between(!to.After(otherFrom), !from.Before(otherTo) || d == o && d.precision >= Day)
}

// Span is the time from one date to another, both included as far as they are
// known. Without From it is not known since when; without To it goes on.
type Span struct {
	From Date `json:"from,omitzero"`
	To   Date `json:"to,omitzero"`
	// Always says that it holds at every time, such as a nationality by birth.
	Always bool `json:"always,omitempty"`
}

// Holds reports whether it holds at a date. A day or a finer date is within the
// span from its beginning to its end; a year or a month leaves open when in it
// the span begins or ends.
func (s Span) Holds(d Date) Truth {
	if s.Always {
		return Yes
	}
	if d.IsZero() || s.From.IsZero() {
		if !d.IsZero() && !s.To.IsZero() && s.To.Before(d) == Yes {
			return No
		}
		return NotKnown
	}
	from, to := s.edge(s.From, d, false)
	begin, end := d.readAgainst(s.From)
	begun := between(!begin.Before(to), !end.After(from))
	if s.To.IsZero() {
		return begun
	}
	from, to = s.edge(s.To, d, true)
	begin, end = d.readAgainst(s.To)
	return begun.And(between(!end.After(from), !begin.Before(to)))
}

// edge is the time within which the span begins, or ends.
func (s Span) edge(e, d Date, end bool) (from, to time.Time) {
	from, to = e.span()
	if e.precision >= Day && end {
		from = to
	} else if e.precision >= Day {
		to = from
	}
	if !e.zoned && d.zoned {
		from, to = from.Add(-farEast), to.Add(farWest)
	}
	return from, to
}

// readAgainst is the time that d may mean beside o: in the same calendar where
// neither has a zone.
func (d Date) readAgainst(o Date) (from, to time.Time) {
	if d.zoned == o.zoned {
		return d.span()
	}
	return d.Earliest(), d.Latest()
}

func between(yes, no bool) Truth {
	switch {
	case yes:
		return Yes
	case no:
		return No
	}
	return NotKnown
}

// Validate refuses a span that ends before it begins.
func (s Span) Validate() error {
	if s.To.Before(s.From) == Yes {
		return fmt.Errorf("%w: it ends on %s and begins on %s", ErrInvalid, s.To, s.From)
	}
	if s.Always && (!s.From.IsZero() || !s.To.IsZero()) {
		return fmt.Errorf("%w: what always holds has no dates", ErrInvalid)
	}
	return nil
}
