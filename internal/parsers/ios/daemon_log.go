package ios

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/limit"
)

// Several daemons write logs of one form, one entry a line or a few:
//
//	Fri Sep 10 14:01:02 2021 [88] <notice> (0x16f7a7000) -[MIInstaller run]: Install of …
//
// The clock is the phone's, in a time zone that the log does not tell
// (https://github.com/EC-DIGIT-CSIRC/sysdiagnose, parsers of mobileinstallation
// and containermanager; https://github.com/log2timeline/plaso, ios_sysdiag_log).

// daemonTime is how an entry begins.
const daemonTime = "Mon Jan _2 15:04:05 2006"

// daemonFields are the fields that entries of all these logs have.
var daemonFields = []artifact.FieldInfo{
	{Name: "severity", Type: artifact.Text, Doc: "notice, err, debug…"},
	{Name: "pid", Type: artifact.Int, Doc: "number of the daemon's process"},
	{Name: "originator", Type: artifact.Text, Doc: "method of the daemon that wrote it"},
	{Name: "message", Type: artifact.Text, Doc: "what it wrote, further lines included"},
}

// A daemonLog reads such a log, or another whose entries go on in the lines that
// begin none.
type daemonLog struct {
	// parse takes the first line of an entry apart. nil: parseDaemonLine.
	parse func(line []byte) (head daemonHead, message string, ok bool)
	// describe sets what an entry says in fields of the artifact.
	describe func(rec *artifact.Record, head *daemonHead, message string)

	r     *lineReading
	open  bool // an entry is being gathered
	place artifact.Location
	head  daemonHead
	text  []byte
	cut   bool
	stray int64 // lines before the first entry
}

// daemonHead is how an entry begins.
type daemonHead struct {
	wall                 time.Time // zero: raw is none
	raw                  string
	severity, originator string
	pid                  int64
}

// line takes one line: the start of an entry, or more of the last.
func (d *daemonLog) line(r *lineReading) error {
	d.r = r
	if d.parse == nil {
		d.parse = parseDaemonLine
	}
	head, message, ok := d.parse(r.Line)
	if !ok {
		return d.more(r)
	}
	if err := d.flush(); err != nil {
		return err
	}
	d.open, d.head, d.cut = true, head, r.WasCut()
	d.place = artifact.Location{Path: r.In.Path, Offset: r.Offset, Length: r.Length}
	d.text = append(d.text[:0], message...)
	return nil
}

// more appends a line that begins no entry.
func (d *daemonLog) more(r *lineReading) error {
	switch {
	case !d.open && len(bytes.TrimSpace(r.Line)) > 0:
		d.stray++
		if d.stray == 1 {
			return r.Problem(errNoEntry)
		}
	case d.open && len(d.text)+len(r.Line) < r.In.Limits.FieldLen:
		d.text = append(append(d.text, '\n'), r.Line...)
		d.place.Length = r.Offset + r.Length - d.place.Offset
	case d.open:
		d.cut = true
	}
	return nil
}

// flush gives the entry that is open.
func (d *daemonLog) flush() error {
	if !d.open {
		return nil
	}
	d.open = false
	rec := &d.r.Rec
	rec.Reset("entry")
	rec.Loc, rec.Truncated = d.place, d.cut
	message := strings.ToValidUTF8(strings.TrimSpace(string(d.text)), "\ufffd")
	rec.Set("severity", artifact.TextOrNull(d.head.severity))
	if d.head.pid > 0 {
		rec.Set("pid", artifact.IntValue(d.head.pid))
	}
	rec.Set("originator", artifact.TextOrNull(d.head.originator))
	rec.Set("message", artifact.TextOrNull(message))
	if d.head.wall.IsZero() {
		rec.Times = append(rec.Times, artifact.Time{Meaning: "logged", Epoch: artifact.LocalCalendar, Raw: artifact.TextOrNull(d.head.raw)})
	} else {
		rec.WhenLocal("logged", d.head.wall)
	}
	d.describe(rec, &d.head, message)
	rec.Summary = func(b []byte) []byte {
		return appendSummary(b, firstText(rec.Text("action"), rec.Text("severity"), rec.Text("originator"), "entry"), " ", rec.Text("bundle_id"), " ", rec.Text("message"))
	}
	return d.r.Give()
}

// last gives the last entry. It is an error of the file if none was there.
func (d *daemonLog) last(r *lineReading) error {
	d.r = r
	if err := d.flush(); err != nil {
		return err
	}
	if d.stray > 0 && d.place.Length == 0 {
		return errNoEntry
	}
	return nil
}

var errNoEntry = fmt.Errorf("%w: no entry of a log begins here", limit.ErrCorrupt)

// daemonOriginator is a method, "-[MIInstaller run]: ", or a function, "main: ".
var daemonOriginator = regexp.MustCompile(`^(?:[-+]\[[^\]]{1,200}\](?:_block_invoke[_0-9]*)?|[A-Za-z_][A-Za-z0-9_]{0,100}): `)

// parseDaemonLine takes the beginning of an entry apart.
func parseDaemonLine(line []byte) (head daemonHead, message string, ok bool) {
	if len(line) < len(daemonTime) {
		return head, "", false
	}
	wall, err := time.Parse(daemonTime, string(line[:len(daemonTime)]))
	if err != nil {
		return head, "", false
	}
	head.wall = wall
	rest := strings.TrimSpace(string(line[len(daemonTime):]))
	if in, after, found := between(rest, "[", "]"); found {
		head.pid, _ = decimal(in)
		rest = after
	}
	if in, after, found := between(rest, "<", ">"); found {
		head.severity, rest = strings.ToLower(in), after
	}
	if _, after, found := between(rest, "(", ")"); found && strings.HasPrefix(rest, "(0x") {
		rest = after
	}
	if m := daemonOriginator.FindString(rest); m != "" {
		head.originator, rest = strings.TrimSuffix(m, ": "), rest[len(m):]
	}
	return head, rest, true
}

// between returns what stands in brackets at the start of s, and what follows.
func between(s, left, right string) (in, after string, ok bool) {
	if !strings.HasPrefix(s, left) {
		return "", s, false
	}
	in, after, ok = strings.Cut(s[len(left):], right)
	return in, strings.TrimSpace(after), ok
}

// decimal reads a whole number without a sign.
func decimal(s string) (n int64, ok bool) {
	if s == "" || len(s) > 18 {
		return 0, false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int64(s[i]-'0')
	}
	return n, true
}
