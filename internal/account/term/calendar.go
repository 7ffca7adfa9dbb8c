package term

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/us"

	"github.com/amparo-project/amparo/internal/limit"
)

// Text is a text in each language of the catalogue.
type Text struct {
	En string `yaml:"en" json:"en"`
	Es string `yaml:"es" json:"es"`
}

// In returns the text in a language, English where there is no other.
func (t Text) In(lang string) string {
	if lang == "es" && t.Es != "" {
		return t.Es
	}
	return t.En
}

// A Calendar tells which days of a country are business days.
type Calendar struct {
	Name     Text      `yaml:"name"`
	ZoneName string    `yaml:"zone"`
	Law      string    `yaml:"law"`
	Library  string    `yaml:"library"` // "us": the holidays come from the library
	Holidays []holiday `yaml:"holidays"`

	zone *time.Location
	free []freeDay
}

// holiday is a line of the data.
type holiday struct {
	Name    Text   `yaml:"name"`
	Month   int    `yaml:"month"`
	Day     int    `yaml:"day"`
	Weekday string `yaml:"weekday"`
	Nth     int    `yaml:"nth"` // of the weekday in the month; -1: the last
	From    int    `yaml:"from"`
	Until   int    `yaml:"until"`
	Every   int    `yaml:"every"` // years, counted from From
	Perhaps bool   `yaml:"perhaps"`
	Law     string `yaml:"law"`
}

// freeDay is a holiday as the library counts it.
type freeDay struct {
	*cal.Holiday
	name    Text
	perhaps bool
	every   int
}

var weekdays = []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}

// build turns the data into days. It says which line is wrong.
func (c *Calendar) build(id string) (err error) {
	if c.zone, err = time.LoadLocation(c.ZoneName); err != nil || c.ZoneName == "" {
		err := fmt.Errorf("calendar %s: zone %q is not known", id, c.ZoneName)
		return limit.At(limit.Because(err, "zone", "Value", c.ZoneName), "zone")
	}
	switch c.Library {
	case "":
	case "us":
		for _, h := range us.Holidays {
			c.free = append(c.free, freeDay{Holiday: h, name: Text{En: h.Name, Es: usNames[h.Name]}})
		}
	default:
		err := fmt.Errorf("calendar %s: no library %q", id, c.Library)
		return limit.At(limit.Because(err, "library", "Value", c.Library), "library")
	}
	for i := range c.Holidays {
		f, err := c.Holidays[i].build()
		if err != nil {
			return limit.At(fmt.Errorf("calendar %s: holiday %d (%s): %w", id, i+1, c.Holidays[i].Name.En, err), "holidays", i)
		}
		c.free = append(c.free, f)
	}
	return nil
}

func (h holiday) build() (freeDay, error) {
	f := freeDay{name: h.Name, perhaps: h.Perhaps, every: h.Every, Holiday: &cal.Holiday{
		Name: h.Name.En, Month: time.Month(h.Month), Day: h.Day, StartYear: h.From, EndYear: h.Until, Func: cal.CalcDayOfMonth,
	}}
	switch {
	case h.Month < 1 || h.Month > 12:
		return f, limit.At(limit.Because(fmt.Errorf("month %d", h.Month), "month", "Value", h.Month), "month")
	case h.Every != 0 && h.From == 0:
		return f, limit.At(limit.Because(fmt.Errorf("every %d years, and from which year is not said", h.Every), "every", "Years", h.Every), "every")
	case h.Law == "":
		return f, limit.Because(errors.New("no law"), "holiday_law")
	case h.Weekday == "":
		if h.Day < 1 || h.Day > 31 {
			return f, limit.At(limit.Because(fmt.Errorf("day %d", h.Day), "day", "Value", h.Day), "day")
		}
		return f, nil
	}
	day := slices.Index(weekdays, h.Weekday)
	if day < 0 || h.Nth < -1 || h.Nth == 0 || h.Nth > 5 {
		err := fmt.Errorf("weekday %q, number %d", h.Weekday, h.Nth)
		return f, limit.At(limit.Because(err, "weekday", "Value", h.Weekday, "Number", h.Nth), "weekday")
	}
	f.Weekday, f.Offset, f.Func = time.Weekday(day), h.Nth, cal.CalcWeekdayOffset
	return f, nil
}

// Zone is where the day of the country is told.
func (c *Calendar) Zone() *time.Location { return c.zone }

// Business reports whether a day counts, and for a free day why. Strict
// leaves out only the days that are free by every law.
func (c *Calendar) Business(day time.Time, strict bool) (ok bool, why Text) {
	if w := day.Weekday(); w == time.Saturday || w == time.Sunday {
		return false, Text{En: "weekend", Es: "fin de semana"}
	}
	for _, f := range c.free {
		if strict && f.perhaps {
			continue
		}
		// A holiday of the first of January may be observed on the last day of the year before.
		for _, year := range []int{day.Year(), day.Year() + 1} {
			if f.every > 0 && (year-f.StartYear)%f.every != 0 {
				continue
			}
			actual, observed := f.Calc(year)
			if same(actual, day) || same(observed, day) {
				return false, f.name
			}
		}
	}
	return true, Text{}
}

func same(t, day time.Time) bool { return !t.IsZero() && civil(t).Equal(day) }

// usNames are the Spanish names of the library's holidays.
var usNames = map[string]string{
	"New Year's Day": "Año Nuevo", "Martin Luther King Jr. Day": "Día de Martin Luther King Jr.", "Presidents' Day": "Natalicio de Washington",
	"Memorial Day": "Día de los Caídos", "Juneteenth": "Juneteenth", "Independence Day": "Día de la Independencia", "Labor Day": "Día del Trabajo",
	"Columbus Day": "Día de Colón", "Veterans Day": "Día de los Veteranos", "Thanksgiving Day": "Día de Acción de Gracias", "Christmas Day": "Navidad",
}
