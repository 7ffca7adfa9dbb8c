package term

import (
	"errors"
	"fmt"
	"time"
	_ "time/tzdata" // not every system brings the zones by which a day is told
)

// ErrDay says that a text is no day on which a term can begin.
var ErrDay = errors.New("not a day")

// Day returns a day as terms count it: midnight, UTC, whatever the place.
func Day(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// ParseDay reads "2017-06-20", or a time with its zone, of which it takes the
// day in zone: what reaches Mexico City at 23:50 is of that day, though UTC
// has the next. A month or a year alone, and a time without a zone, are
// refused with a sentence: no term can be counted from them.
func ParseDay(text string, zone *time.Location) (time.Time, error) {
	if d, err := time.Parse(time.DateOnly, text); err == nil {
		return d, nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		y, m, d := t.In(zone).Date()
		return Day(y, m, d), nil
	}
	for _, layout := range []string{"2006", "2006-01"} {
		if _, err := time.Parse(layout, text); err == nil {
			return time.Time{}, fmt.Errorf("%w: %q has no day, and the day decides when the term ends: 2017-06-20", ErrDay, text)
		}
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04"} {
		if _, err := time.Parse(layout, text); err == nil {
			return time.Time{}, fmt.Errorf("%w: %q has no zone, and near midnight the zone decides the day: 2017-06-20T23:50:00-05:00", ErrDay, text)
		}
	}
	return time.Time{}, fmt.Errorf("%w: %q: write 2017-06-20", ErrDay, text)
}

// civil returns the day that t has in its own zone.
func civil(t time.Time) time.Time {
	y, m, d := t.Date()
	return Day(y, m, d)
}
