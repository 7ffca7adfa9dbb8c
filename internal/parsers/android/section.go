package android

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path"
	"strings"
	"time"
	_ "time/tzdata" // the examiner's machine may have no list of zones

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/limit"
)

// clockCompanions are the files that tell a report's clock: its head, and the
// phone's properties.
var clockCompanions = []string{"**/dumpstate/HEADER", "**/dumpstate/SYSTEM PROPERTIES", "**/getprop.txt"}

// A clock is what is known of the clock of a report.
type clock struct {
	zone *time.Location // nil: not told
	made time.Time      // by the phone's own clock, as if it showed UTC; zero: not told
}

// A section is one Parse of a section of a report.
type section struct {
	*lineReading
	known clock
	asked bool
}

// readSection is the Parse of a parser of sections: each is called at every
// line, last, if any, after the last.
func readSection(
	ctx context.Context, in *artifact.Input, each, last func(*section) error,
) iter.Seq2[*artifact.Record, error] {
	s := &section{}
	var end func(*lineReading) error
	if last != nil {
		end = func(r *lineReading) error { s.lineReading = r; return last(s) }
	}
	return readLines(ctx, in, func(r *lineReading) error {
		s.lineReading = r
		if r.trailer() {
			return nil
		}
		return each(s)
	}, end)
}

// trailer reports whether the line is the one by which dumpsys or dumpstate
// ends a section.
func (r *lineReading) trailer() bool {
	return bytes.HasPrefix(r.Line, []byte("------ ")) && bytes.Contains(r.Line, []byte("s was the duration of '")) ||
		bytes.HasPrefix(r.Line, []byte("--------- ")) && bytes.Contains(r.Line, []byte("was the duration of"))
}

// clock returns the clock of the report that the section is of. A companion
// that cannot be read is told once.
func (s *section) clock() (clock, error) {
	if s.asked {
		return s.known, nil
	}
	s.asked = true
	dir := base(s.In.Path)
	for _, name := range []string{"dumpstate/HEADER", "dumpstate/SYSTEM PROPERTIES", "getprop.txt"} {
		data, err := s.companion(dir+name, maxClock)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			if err := s.Problem(fmt.Errorf("the report's clock: %w", err)); err != nil {
				return s.known, err
			}
			continue
		}
		s.known.learn(data)
	}
	return s.known, nil
}

// maxClock bounds a companion that is read for the clock.
const maxClock = 4 * limit.MiB

func (s *section) companion(name string, most int64) ([]byte, error) {
	in, err := s.In.Companion(name)
	if err != nil {
		return nil, err
	}
	return in.All(most)
}

// base returns what stands before "dumpsys/…" or "dumpstate/…", with the
// slash, and without the number of a section that comes again.
func base(name string) string {
	// Files of the phone lie below FS, beside the report.
	if i := strings.Index("/"+name, "/FS/"); i >= 0 {
		return name[:i]
	}
	dir := path.Dir(name)
	if b := path.Base(dir); b == "dumpsys" || b == "dumpstate" {
		dir = path.Dir(dir)
	}
	if b := path.Base(dir); len(b) > 0 && strings.Trim(b, "0123456789") == "" {
		dir = path.Dir(dir)
	}
	if dir == "." {
		return ""
	}
	return dir + "/"
}

// learn takes what the head or the properties say.
func (c *clock) learn(data []byte) {
	for line := range bytes.Lines(data) {
		line = bytes.TrimRight(line, "\r\n")
		if rest, ok := bytes.CutPrefix(line, []byte("== dumpstate: ")); ok {
			c.made, _ = time.Parse(time.DateTime, string(rest))
		}
		if rest, ok := bytes.CutPrefix(line, []byte("[persist.sys.timezone]: [")); ok {
			name := string(bytes.TrimSuffix(rest, []byte{']'}))
			if name != "" && name != "Local" && len(name) <= 64 && !strings.ContainsAny(name, `\.`) {
				c.zone, _ = time.LoadLocation(name)
			}
		}
	}
}

// wall sets a time of the phone's own clock: an instant where its zone is
// known. raw is what stands there.
func (s *section) wall(rec *artifact.Record, meaning, raw string) error {
	at, ok := parseWall(raw)
	if !ok {
		if raw != "" {
			rec.Times = append(rec.Times, artifact.Time{Meaning: meaning, Epoch: artifact.LocalCalendar, Raw: artifact.TextValue(raw)})
		}
		return nil
	}
	c, err := s.clock()
	c.set(rec, meaning, at, raw)
	return err
}

// set sets a time of the phone's own clock, taken as if it showed UTC.
func (c clock) set(rec *artifact.Record, meaning string, at time.Time, raw string) {
	if c.zone == nil {
		rec.WhenLocal(meaning, at)
		return
	}
	at = time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), at.Nanosecond(), c.zone)
	rec.WhenDerived(meaning, at, artifact.TextValue(raw))
}

// wallLayouts are the forms in which dumps write a time of the phone's clock.
var wallLayouts = []string{"2006-01-02 15:04:05.999", "2006-01-02-15-04-05", "2006-01-02T15:04:05.999"}

func parseWall(raw string) (time.Time, bool) {
	if len(raw) < len(time.DateOnly) || len(raw) > 40 || raw[4] != '-' {
		return time.Time{}, false
	}
	for _, layout := range wallLayouts {
		if at, err := time.Parse(layout, raw); err == nil && at.Year() >= 1990 {
			return at, true
		}
	}
	return time.Time{}, false
}

// yearless resolves "01-08 15:29:55.853" by when the report was made: it is the
// last such date before then. A day's grace is for clocks that were set.
func (c clock) yearless(raw string) (time.Time, bool) {
	if c.made.IsZero() {
		return time.Time{}, false
	}
	for year := c.made.Year(); year >= c.made.Year()-8; year-- {
		at, err := time.Parse("2006-01-02 15:04:05.999999", fmt.Sprintf("%04d-%s", year, raw))
		if err == nil && at.Before(c.made.Add(24*time.Hour)) {
			return at, true
		}
	}
	return time.Time{}, false
}

func listField(name, doc string) artifact.FieldInfo {
	return artifact.FieldInfo{Name: name, Type: artifact.Strings, Doc: doc}
}

// packageOf returns the package of a component "com.example/.Service".
func packageOf(component string) string {
	name, _, _ := strings.Cut(component, "/")
	return name
}

// setAppPart sets a component and its package, which an indicator can match.
func setAppPart(rec *artifact.Record, component string) {
	name := packageOf(component)
	rec.Set("package_name", artifact.TextOrNull(name))
	rec.Set("component", artifact.TextOrNull(component))
	rec.Observe(artifact.AppID, name, "package_name")
}

// setApp sets a package, which an indicator can match.
func setApp(rec *artifact.Record, name string) {
	rec.Set("package_name", artifact.TextOrNull(name))
	rec.Observe(artifact.AppID, name, "package_name")
}

// isPackage reports whether a text may be the name of a package.
func isPackage(s string) bool {
	if len(s) == 0 || len(s) > 255 || !strings.Contains(s, ".") && s != "android" {
		return false
	}
	for i := range len(s) {
		c := s[i] | 0x20 // in lower case, where it is a letter
		if (c < 'a' || c > 'z') && (s[i] < '0' || s[i] > '9') && s[i] != '_' && s[i] != '.' && s[i] != '-' {
			return false
		}
	}
	return true
}

// isComponent reports whether a text may be a component.
func isComponent(s string) bool {
	name, class, ok := strings.Cut(s, "/")
	return ok && isPackage(name) && class != "" && !strings.ContainsAny(class, " \t,;{}()[]")
}

// attribute returns the value of " name=value" in a line, up to a blank, or to
// the closing quote of a quoted one.
func attribute(line, name string) (string, bool) {
	rest := line
	for {
		i := strings.Index(rest, name+"=")
		if i < 0 {
			return "", false
		}
		ok := i == 0 || strings.IndexByte(" \t{[(,", rest[i-1]) >= 0
		rest = rest[i+len(name)+1:]
		if !ok {
			continue
		}
		if strings.HasPrefix(rest, `"`) {
			value, _, _ := strings.Cut(rest[1:], `"`)
			return value, true
		}
		if end := strings.IndexAny(rest, " \t,;}])"); end >= 0 {
			return rest[:end], true
		}
		return rest, true
	}
}

// summary sets the line of the timeline, at most as long as one may be.
func summary(rec *artifact.Record, format string, args ...any) {
	rec.Summary = func(b []byte) []byte { return appendSummary(b, fmt.Sprintf(format, args...)) }
}

// indent is how many blanks begin the line; a tab counts as one.
func (r *lineReading) indent() int { return len(r.Line) - len(bytes.TrimLeft(r.Line, " \t")) }
