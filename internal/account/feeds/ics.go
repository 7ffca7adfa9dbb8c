// Package feeds writes the dates and events of an account in the forms that
// people's programs read: iCalendar and Atom. What is not marked public is in
// them by its number alone, for calendars are copied to servers of others.
package feeds

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/amparo-project/amparo/internal/account/clock"
	"github.com/amparo-project/amparo/internal/message"
)

// Options is what both forms need beside the account.
type Options struct {
	Workspace string // identifier: the same entry keeps its name
	Case      string
	Printer   *message.Printer
}

// name is the identifier of one thing: the same in every edition.
func (o Options) name(parts ...string) uuid.UUID {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("amparo:"+o.Workspace+":"+o.Case+":"+strings.Join(parts, ":")))
}

// ICS writes the days on which something ends as a calendar of RFC 5545: days
// as a whole, with a reminder a day before. The same standing gives the same
// bytes.
func ICS(w io.Writer, s *clock.Standing, o Options) error {
	out := &folded{w: bufio.NewWriter(w)}
	out.line("BEGIN", "VCALENDAR")
	out.line("VERSION", "2.0")
	out.line("PRODID", "-//Amparo//Account//EN")
	out.text("X-WR-CALNAME", o.Printer.Text("promises.calendar", "Case", o.Case))
	public := publicOf(s)
	for _, d := range s.Dates {
		day, err := time.Parse(time.DateOnly, d.Day)
		if err != nil {
			return fmt.Errorf("calendar: %s: %w", d.ID, err)
		}
		title := o.Printer.Text("promises.date."+d.Kind, "Who", d.Who)
		out.line("BEGIN", "VEVENT")
		out.line("UID", o.name("date", d.ID, d.Kind).String()+"@amparo.invalid")
		out.line("DTSTAMP", s.On.Format("20060102T150405Z"))
		out.line("DTSTART;VALUE=DATE", day.Format("20060102"))
		out.line("DTEND;VALUE=DATE", day.AddDate(0, 0, 1).Format("20060102"))
		out.text("SUMMARY", title)
		out.text("DESCRIPTION", describe(d.ID, d.What, public[d.ID]))
		out.line("TRANSP", "TRANSPARENT")
		out.line("BEGIN", "VALARM")
		out.line("ACTION", "DISPLAY")
		out.text("DESCRIPTION", title)
		out.line("TRIGGER", "-P1D")
		out.line("END", "VALARM")
		out.line("END", "VEVENT")
	}
	out.line("END", "VCALENDAR")
	if out.err == nil {
		out.err = out.w.Flush()
	}
	if out.err != nil {
		return fmt.Errorf("calendar: %w", out.err)
	}
	return nil
}

// describe is the number of an entry, and what it says where that is public.
func describe(id, text string, public bool) string {
	if !public {
		return id
	}
	return id + ": " + text
}

func publicOf(s *clock.Standing) map[string]bool {
	out := map[string]bool{}
	for i := range s.Requests {
		out[s.Requests[i].ID] = s.Requests[i].Public
	}
	for i := range s.Promises {
		out[s.Promises[i].ID] = s.Promises[i].Public
	}
	return out
}

// folded writes content lines: no longer than 75 bytes, with CRLF.
type folded struct {
	w   *bufio.Writer
	err error
}

// icsText escapes what RFC 5545, 3.3.11 says, and drops control characters.
var icsText = strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\r\n", `\n`, "\n", `\n`, "\r", `\n`)

func (f *folded) text(name, value string) {
	clean := strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\r' || r == 0x7f {
			return -1
		}
		return r
	}, value)
	f.line(name, icsText.Replace(clean))
}

// maxLine is the length of a content line in bytes, without its end.
const maxLine = 75

func (f *folded) line(name, value string) {
	line := name + ":" + strings.ToValidUTF8(value, "\uFFFD")
	var b strings.Builder
	width := 0
	for _, r := range line {
		n := len(string(r))
		if width+n > maxLine {
			b.WriteString("\r\n ")
			width = 1
		}
		b.WriteRune(r)
		width += n
	}
	b.WriteString("\r\n")
	if f.err == nil {
		_, f.err = f.w.WriteString(b.String())
	}
}
