package ios

import (
	"bytes"
	"regexp"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/links"
)

// A stamp is the time that a line of a log begins with.
type stamp struct {
	at    time.Time // the phone's clock as if it showed UTC, where zoned is not set
	zoned bool      // the line tells the offset from UTC
	raw   string    // as it stands there
}

// The forms in which the phone's logs begin a line.
var (
	yearFirst   = regexp.MustCompile(`^\[?(\d{4})[-/.](\d\d)[-/.](\d\d)[ T_](\d\d)[:.-](\d\d)[:.-](\d\d)(?:[.,](\d{1,9}))?(?: ?(Z|GMT|UTC|[+-]\d\d:?\d\d))?\]?`)
	monthFirst  = regexp.MustCompile(`^\[?(\d\d)/(\d\d)/(\d{4}|\d\d) (\d\d:\d\d:\d\d)(?:\.\d{1,9})?\]?`)
	nameFirst   = regexp.MustCompile(`^\[?([A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d) (\d\d:\d\d:\d\d)(?:\.\d{1,9})?(?: (\d{4}))?\]?`)
	clockOnly   = regexp.MustCompile(`^\[\d\d:\d\d:\d\d\.\d{1,9}(?:-GMT)?\]`)
	afterStamps = " \t:,-|"
)

// parseStamp takes the time off the beginning of a line. One without a date or
// a year has a raw text alone.
func parseStamp(s string) (at stamp, rest string, ok bool) {
	if len(s) == 0 || s[0] != '[' && (s[0] < '0' || s[0] > '9') && (s[0] < 'A' || s[0] > 'Z') {
		return at, s, false
	}
	var raw string
	switch {
	case match(yearFirst, s, &raw):
		at = yearStamp(yearFirst.FindStringSubmatch(raw))
	case match(monthFirst, s, &raw):
		m := monthFirst.FindStringSubmatch(raw)
		layout := "01/02/2006 15:04:05"
		if len(m[3]) == 2 {
			layout = "01/02/06 15:04:05"
		}
		at.at, _ = time.Parse(layout, m[1]+"/"+m[2]+"/"+m[3]+" "+m[4]+fraction(raw))
	case match(nameFirst, s, &raw):
		if m := nameFirst.FindStringSubmatch(raw); m[3] != "" {
			at.at, _ = time.Parse(daemonTime, m[1]+" "+m[2]+" "+m[3])
		}
	case match(clockOnly, s, &raw):
	default:
		return at, s, false
	}
	at.raw = strings.Trim(raw, "[]")
	return at, strings.TrimLeft(s[len(raw):], afterStamps), true
}

func match(form *regexp.Regexp, s string, raw *string) bool {
	*raw = form.FindString(s)
	return *raw != ""
}

// fraction returns the part of a second at the end of a stamp.
func fraction(raw string) string {
	raw = strings.Trim(raw, "[]")
	if i := strings.LastIndexByte(raw, '.'); i > 0 {
		return raw[i:]
	}
	return ""
}

// yearStamp reads the parts of a time that begins with the year.
func yearStamp(m []string) stamp {
	text := m[1] + "-" + m[2] + "-" + m[3] + "T" + m[4] + ":" + m[5] + ":" + m[6]
	if m[7] != "" {
		text += "." + m[7]
	}
	zone := m[8]
	switch {
	case zone == "":
		at, _ := time.Parse("2006-01-02T15:04:05", text)
		return stamp{at: at}
	case zone == "GMT", zone == "UTC":
		zone = "Z"
	case len(zone) == len("+0200"):
		zone = zone[:3] + ":" + zone[3:]
	}
	at, err := time.Parse(time.RFC3339, text+zone)
	return stamp{at: at, zoned: err == nil}
}

// set sets the time as far as the line tells it. zone, where it is known, is
// that of a clock whose lines do not tell theirs.
func (at stamp) set(rec *artifact.Record, zone *time.Location) {
	switch {
	case at.at.IsZero():
		rec.Times = append(rec.Times, artifact.Time{Meaning: "logged", Epoch: artifact.LocalCalendar, Raw: artifact.TextValue(at.raw)})
	case at.zoned:
		rec.WhenAt("logged", at.at)
	case zone != nil:
		w := at.at
		rec.WhenAt("logged", time.Date(w.Year(), w.Month(), w.Day(), w.Hour(), w.Minute(), w.Second(), w.Nanosecond(), zone))
	default:
		rec.WhenLocal("logged", at.at)
	}
}

// namedFields are the fields of what a text names.
var namedFields = []artifact.FieldInfo{
	{Name: "links", Type: artifact.Strings, Doc: "links in the text"},
	{Name: "hosts", Type: artifact.Strings, Doc: "names of servers in the text"},
	{Name: "addresses", Type: artifact.Strings, Doc: "IP addresses in the text, without those of this device alone"},
	{Name: "paths", Type: artifact.Strings, Doc: "files in the text, of the part of the phone that can be written to"},
}

// maxNamed bounds what is taken of one text.
const maxNamed = 64

// setNamed sets what a text names, and notes each.
func setNamed(rec *artifact.Record, text string) {
	var hosts, addresses, urls []string
	for word := range strings.FieldsFuncSeq(text, func(c rune) bool { return strings.ContainsRune(" \t\n,;()<>\"'=|", c) }) {
		word = strings.Trim(word, ".:[]{}")
		if len(word) > maxHostLen || len(hosts)+len(addresses) >= maxNamed {
			continue
		}
		if ip := loggedIP(word); ip != "" {
			addresses = appendNew(addresses, ip)
		} else if host := wholeHost([]byte(word)); host != "" {
			hosts = appendNew(hosts, host)
		}
	}
	if strings.Contains(text, "://") {
		for _, l := range links.Scan(text, nil) {
			if l.Kind != links.NoScheme && !strings.HasPrefix(l.URL, "file:") && len(urls) < maxNamed {
				urls = appendNew(urls, l.URL)
			}
		}
	}
	setEach(rec, "links", artifact.URL, urls)
	setEach(rec, "hosts", artifact.Domain, hosts)
	setEach(rec, "addresses", artifact.IP, addresses)
	var paths []string
	for _, p := range filePaths(text, nil) {
		paths = appendNew(paths, p)
	}
	setEach(rec, "paths", artifact.FilePath, paths)
}

func setEach(rec *artifact.Record, field string, t artifact.ObservableType, list []string) {
	if len(list) == 0 {
		return
	}
	rec.Set(field, artifact.StringsValue(list))
	for _, v := range list {
		rec.Observe(t, v, field)
	}
}

// loggedIP is wholeIP for a word of a log: netstat sets a port off by a dot,
// and others write a network's length.
func loggedIP(word string) string {
	if ip := wholeIP([]byte(word)); ip != "" {
		return ip
	}
	if i := strings.LastIndexByte(word, '.'); i > 0 && (strings.Count(word, ".") == 4 || strings.Contains(word, ":")) {
		return wholeIP([]byte(word[:i]))
	}
	return ""
}

// A textLog reads a log whose entries begin with a time in one of the forms,
// and may go on over lines.
type textLog struct {
	// describe sets what a message says in fields of the artifact.
	describe func(rec *artifact.Record, message string)
	// plain is called at a line that belongs to no entry.
	plain func(r *lineReading, text string) error
	zone  *time.Location // of the clock, where something told it

	r     *lineReading
	open  bool
	place artifact.Location
	at    stamp
	text  []byte
	cut   bool
}

// line takes one line: the start of an entry, or more of the last.
func (l *textLog) line(r *lineReading) error {
	l.r = r
	at, rest, ok := parseStamp(strings.ToValidUTF8(string(r.Line), "\ufffd"))
	switch {
	case ok:
		if err := l.flush(); err != nil {
			return err
		}
		l.open, l.at, l.cut = true, at, r.WasCut()
		l.place = artifact.Location{Path: r.In.Path, Offset: r.Offset, Length: r.Length}
		l.text = append(l.text[:0], rest...)
		return nil
	case !l.open:
		return l.plain(r, strings.ToValidUTF8(string(r.Line), "\ufffd"))
	case len(l.text)+len(r.Line) < r.In.Limits.FieldLen:
		l.text = append(append(l.text, '\n'), bytes.ToValidUTF8(r.Line, []byte("\ufffd"))...)
		l.place.Length = r.Offset + r.Length - l.place.Offset
	default:
		l.cut = true
	}
	return nil
}

// flush gives the entry that is open.
func (l *textLog) flush() error {
	if !l.open {
		return nil
	}
	l.open = false
	rec := &l.r.Rec
	rec.Reset("entry")
	rec.Loc, rec.Truncated = l.place, l.cut
	message := strings.TrimSpace(string(l.text))
	rec.Set("message", artifact.TextOrNull(message))
	l.describe(rec, message)
	setNamed(rec, message)
	l.at.set(rec, l.zone)
	rec.Summary = func(b []byte) []byte { return appendSummary(b, "log: ", message) }
	return l.r.Give()
}

// last gives the last entry.
func (l *textLog) last(r *lineReading) error {
	l.r = r
	return l.flush()
}
