package term

import (
	"fmt"
	"time"
)

// A Closure is a span of days that do not count: the authority declared them
// so, or the law did. Both ends are part of it.
type Closure struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

func (c Closure) holds(day time.Time) bool { return !day.Before(c.From) && !day.After(c.To) }

// A Count is a term that was counted.
type Count struct {
	Received time.Time `json:"received"` // the day on which the term began to run
	First    time.Time `json:"first"`    // the first day that counts
	Due      time.Time `json:"due"`      // the last day
	Days     int       `json:"days"`     // counted, in Unit, with the extension
	Unit     string    `json:"unit"`
	Law      string    `json:"law"`
	Skipped  []Skipped `json:"skipped,omitempty"` // free days that are no weekends
	// Late says that the extension came when the term had passed: it does not
	// count.
	Late bool `json:"late_extension,omitempty"`
}

// Skipped is a day that did not count.
type Skipped struct {
	Day time.Time `json:"day"`
	Why Text      `json:"why"`
}

// An Extension is one that the authority took. Days is as it said; 0 is all
// that the law gives.
type Extension struct {
	On   time.Time
	Days int
}

// Rules is what a count needs beside its span.
type Rules struct {
	Calendar *Calendar // nil where only days are counted
	// Ours says that the term is one in which a person must act: only days
	// that are free by every law are left out. An authority's leaves out all
	// that may be free.
	Ours      bool
	Closures  []Closure
	Extension *Extension
}

// maxCount bounds a count in days: a term that closures stretch over more is a
// mistake in what was entered.
const maxCount = 40 * 366

// Count counts a span from the day on which a request was received, or a
// decision notified. The day itself does not count; what arrives on a free day
// is received on the next business day.
func (s Span) Count(received time.Time, r Rules) (Count, error) {
	c := Count{Received: received, Unit: s.unit(), Law: s.Law, Days: s.Days}
	if c.Unit == Business && r.Calendar == nil {
		return c, fmt.Errorf("%w: no calendar to count %d business days by", ErrUnknown, s.Days)
	}
	if err := c.run(r); err != nil {
		return c, err
	}
	e := r.Extension
	if e == nil {
		return c, nil
	}
	if e.On.After(c.Due) {
		c.Late = true
		return c, nil
	}
	more := e.Days
	if more <= 0 || more > s.Extension {
		more = s.Extension
	}
	longer := Count{Received: received, Unit: c.Unit, Law: c.Law, Days: s.Days + more}
	return longer, longer.run(r)
}

// run finds First and Due.
func (c *Count) run(r Rules) error {
	day := c.Received
	if c.Unit == Months {
		c.First = day.AddDate(0, 0, 1)
		c.Due = addMonths(day, c.Days)
		return nil
	}
	if c.Unit == Business {
		for n := 0; !c.counts(day, r, false); n++ {
			if n > maxCount {
				return fmt.Errorf("%w: every day is closed", ErrDay)
			}
			day = day.AddDate(0, 0, 1)
		}
		c.Received = day
	}
	for n := c.Days; n > 0; {
		day = day.AddDate(0, 0, 1)
		if day.Sub(c.Received) > maxCount*24*time.Hour {
			return fmt.Errorf("%w: the closures that were entered stretch the term over more than 40 years", ErrDay)
		}
		if !c.counts(day, r, true) {
			continue
		}
		if n--; c.First.IsZero() {
			c.First = day
		}
	}
	c.Due = day
	return nil
}

// counts reports whether a day counts, and notes why not where note is set.
func (c *Count) counts(day time.Time, r Rules, note bool) bool {
	for _, closed := range r.Closures {
		if closed.holds(day) {
			if note && !weekend(day) {
				c.Skipped = append(c.Skipped, Skipped{day, Text{En: "closed", Es: "cerrado"}})
			}
			return false
		}
	}
	if c.Unit != Business {
		return true
	}
	ok, why := r.Calendar.Business(day, r.Ours)
	if !ok && note && !weekend(day) {
		c.Skipped = append(c.Skipped, Skipped{day, why})
	}
	return ok
}

func weekend(day time.Time) bool {
	return day.Weekday() == time.Saturday || day.Weekday() == time.Sunday
}

// addMonths returns the same day some months later, or the last of that month
// where it has no such day.
func addMonths(day time.Time, n int) time.Time {
	y, m, d := day.Date()
	last := Day(y, m+time.Month(n)+1, 0)
	return Day(y, m+time.Month(n), min(d, last.Day()))
}
