package android

import (
	"bytes"
	"context"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
)

// batteryDaily reads which packages changed, day by day.
type batteryDaily struct{}

var batteryDailyInfo = artifact.Info{
	Name:       "android.battery_daily",
	Version:    1,
	Summary:    "Packages that were installed, updated, downgraded or removed, day by day, for some weeks.",
	Files:      []string{"**/dumpsys/batterystats"},
	Companions: clockCompanions,
	Kinds: []artifact.KindInfo{{
		Kind: "package_change", Doc: "A change of a package within a day (a line \"Update NAME vers=N\").",
		Fields: []artifact.FieldInfo{
			textField("package_name", "package"), intField("version_code", "its version after the change; 0 where it was removed"),
			intField("previous_version_code", "its version on the day before, where that is listed too"),
			textField("action", "update, downgrade or uninstall"),
			textField("from", "beginning of the day, by the phone's clock"), textField("to", "its end"),
		},
		Times: []string{"day_start", "day_end"},
	}},
	Caveats: []string{"The change lies between the two times; the hour is not told. A first install is listed as an update."},
	Refs:    []string{"https://android.googlesource.com/platform/frameworks/base/+/refs/heads/main/core/java/android/os/BatteryStats.java"},
}

// Info implements artifact.Parser.
func (batteryDaily) Info() artifact.Info { return batteryDailyInfo }

// Parse implements artifact.Parser.
func (batteryDaily) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	d := dailyReading{seen: map[change]bool{}, versions: map[string]int64{}}
	return readSection(ctx, in, d.line, d.last)
}

// change is a package's version within a day.
type change struct {
	pkg     string
	version int64
}

// heldChange waits for the version of the day before, which is listed after it.
type heldChange struct {
	change
	from, to       string
	offset, length int64
	cut            bool
}

type dailyReading struct {
	from, to string
	held     []heldChange
	seen     map[change]bool  // within the day
	versions map[string]int64 // of days before, at the end of the list
}

// maxChanges bounds how many changes are held; batterystats keeps ten days.
const maxChanges = 100_000

func (d *dailyReading) line(s *section) error {
	start := bytes.TrimLeft(s.Line, " ")
	if len(start) == 0 || bytes.IndexByte([]byte("DCSU"), start[0]) < 0 {
		return nil // none of the lines below
	}
	line := strings.TrimSpace(string(start))
	if rest, ok := strings.CutPrefix(line, "Daily from "); ok {
		d.from, d.to, _ = strings.Cut(strings.TrimSuffix(rest, ":"), " to ")
		clear(d.seen)
		return nil
	}
	if strings.HasPrefix(line, "Current daily steps") || strings.HasPrefix(line, "Statistics since last charge") {
		d.from, d.to = "", ""
		clear(d.seen)
	}
	rest, ok := strings.CutPrefix(line, "Update ")
	pkg, vers, hasVersion := strings.Cut(rest, " vers=")
	if !ok || !hasVersion || !isPackage(pkg) {
		return nil // the rest of the section is for batteryHistory and batteryApps
	}
	version, err := strconv.ParseInt(vers, 10, 64)
	c := change{strings.Clone(pkg), version}
	// The same change is listed once for each part of an app that is updated.
	if err != nil || d.seen[c] || len(d.held) >= maxChanges {
		return nil
	}
	d.seen[c] = true
	d.held = append(d.held, heldChange{c, d.from, d.to, s.Offset, s.Length, s.WasCut()})
	return nil
}

// last gives the changes, each set against the one before it: days are listed
// from the newest to the oldest.
func (d *dailyReading) last(s *section) error {
	previous := make([]int64, len(d.held))
	for i := len(d.held) - 1; i >= 0; i-- {
		h := &d.held[i]
		previous[i] = d.versions[h.pkg]
		d.versions[h.pkg] = h.version
	}
	for i := range d.held {
		if err := d.give(s, &d.held[i], previous[i]); err != nil {
			return err
		}
	}
	return nil
}

func (d *dailyReading) give(s *section, h *heldChange, previous int64) error {
	action := "update"
	switch {
	case h.version == 0:
		action = "uninstall"
	case previous > h.version:
		action = "downgrade"
	}
	rec := s.Start("package_change")
	rec.Loc.Offset, rec.Loc.Length, rec.Truncated = h.offset, h.length, h.cut
	setApp(rec, h.pkg)
	rec.Set("version_code", artifact.IntValue(h.version))
	if previous > 0 {
		rec.Set("previous_version_code", artifact.IntValue(previous))
	}
	rec.Set("action", artifact.TextValue(action))
	rec.Set("from", artifact.TextOrNull(h.from))
	rec.Set("to", artifact.TextOrNull(h.to))
	if err := s.wall(rec, "day_start", h.from); err != nil {
		return err
	}
	if err := s.wall(rec, "day_end", h.to); err != nil {
		return err
	}
	pkg, version := h.pkg, h.version
	summary(rec, "%s %s: version %d", action, pkg, version)
	return s.Give()
}

// batteryHistory reads what ran since the last charge.
type batteryHistory struct{}

var batteryHistoryInfo = artifact.Info{
	Name:       "android.battery_history",
	Version:    1,
	Summary:    "What ran since the battery was last charged: apps in front, jobs, alarms, installs, by the minute.",
	Files:      []string{"**/dumpsys/batterystats", "**/dumpstate/CHECKIN BATTERYSTATS"},
	Companions: clockCompanions,
	Kinds: []artifact.KindInfo{{
		Kind: "event", Doc: "An event of the history that names an app.",
		Fields: []artifact.FieldInfo{
			textField("event", "start_job, end_job, start_top, end_top, start_foreground, end_foreground, wake, package_installed, package_removed, start_sync, end_sync, alarm…"),
			textField("uid", "user id, as the dump writes it (u0a94)"), textField("value", "what is named: a service, a package"),
			textField("package_name", "package in it"), textField("elapsed", "time since the history began"),
		},
		Times: []string{"occurred"},
	}},
	Caveats: []string{"Times are counted from the clock that the history notes (RESET:TIME, TIME); without it they are not known."},
	Refs:    []string{"https://android.googlesource.com/platform/frameworks/base/+/refs/heads/main/core/java/android/os/BatteryStats.java"},
}

// Info implements artifact.Parser.
func (batteryHistory) Info() artifact.Info { return batteryHistoryInfo }

// Parse implements artifact.Parser.
func (batteryHistory) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	var h historyReading
	return readSection(ctx, in, h.line, nil)
}

type historyReading struct {
	within bool
	clock  time.Time     // as the history last noted it
	at     time.Duration // when, since its beginning
}

// historyEvents name the events of BatteryStats.HISTORY_EVENT_NAMES that tell
// of an app.
var historyEvents = map[string]string{
	"job": "job", "top": "top", "fg": "foreground", "sync": "sync", "wake_lock": "wake", "wake_lock_in": "wake", "user": "user", "userfg": "user_foreground",
	"proc": "process", "conn": "connection", "alarm": "alarm", "pkginst": "package_installed", "pkgunin": "package_removed",
	"longwake": "long_wake", "pkginactive": "package_inactive", "pkgactive": "package_active", "tmpwhitelist": "temporary_exception", "screenwake": "screen_wake",
	"active": "package_active", "wakeupap": "wakeup",
}

func (h *historyReading) line(s *section) error {
	if bytes.HasPrefix(s.Line, []byte("Battery History")) {
		h.within = true
		return nil
	}
	if !h.within {
		return nil
	}
	line := strings.TrimSpace(string(s.Line))
	first, rest, _ := strings.Cut(line, " ")
	elapsed, ok := parseElapsed(first)
	if !ok {
		h.within = line != "" && !strings.HasPrefix(line, "Per-PID") && !strings.HasPrefix(line, "Daily stats") && !strings.HasPrefix(line, "Discharge step")
		if h.within {
			s.notUnderstood()
		}
		return nil
	}
	for _, mark := range []string{"RESET:TIME: ", "TIME: "} {
		if _, raw, ok := strings.Cut(rest, mark); ok {
			if at, ok := parseWall(strings.TrimSpace(raw)); ok {
				h.clock, h.at = at, elapsed
			}
			return nil
		}
	}
	return h.events(s, first, elapsed, rest)
}

// events gives the events that stand in a line: +job=u0a94:"com.example/.Job".
func (h *historyReading) events(s *section, raw string, elapsed time.Duration, rest string) error {
	for rest != "" {
		var word string
		word, rest = nextWord(rest)
		name, value, ok := strings.Cut(word, "=")
		sign := ""
		if name != "" && (name[0] == '+' || name[0] == '-') {
			sign, name = name[:1], name[1:]
		}
		event := historyEvents[name]
		uid, quoted, named := strings.Cut(value, ":")
		if !ok || event == "" || !named {
			continue
		}
		value = strings.Trim(quoted, `"`)
		rec := s.Start("event")
		switch {
		case sign == "+" && (event != "wake" || !strings.HasPrefix(value, "*")):
			event = "start_" + event
		case sign == "-":
			event = "end_" + event
		}
		rec.Set("event", artifact.TextValue(event))
		rec.Set("uid", artifact.TextOrNull(uid))
		rec.Set("value", artifact.TextOrNull(value))
		setApp(rec, packageWithin(value))
		rec.Set("elapsed", artifact.TextOrNull(raw))
		if err := h.time(s, rec, raw, elapsed); err != nil {
			return err
		}
		summary(rec, "%s %s", event, value)
		if err := s.Give(); err != nil {
			return err
		}
	}
	return nil
}

func (h *historyReading) time(s *section, rec *artifact.Record, raw string, elapsed time.Duration) error {
	if h.clock.IsZero() {
		return nil
	}
	c, err := s.clock()
	at := h.clock.Add(elapsed - h.at)
	if c.zone == nil {
		rec.WhenLocal("occurred", at)
		return err
	}
	at = time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), at.Nanosecond(), c.zone)
	rec.WhenDerived("occurred", at, artifact.TextValue(raw))
	return err
}

// nextWord takes a word off a line; a quoted part of it may hold blanks.
func nextWord(s string) (word, rest string) {
	quoted := false
	for i := range len(s) {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == ' ' && !quoted:
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

// packageWithin returns the first package in a name as
// "*job*/com.example/.Service" or "*walarm*:com.example.ACTION".
func packageWithin(value string) string {
	for part := range strings.FieldsFuncSeq(value, func(c rune) bool { return strings.ContainsRune("*/:@ ", c) }) {
		if isPackage(part) && strings.Contains(part, ".") {
			return part
		}
	}
	return ""
}

// parseElapsed reads "+1h26m18s315ms", "+47s645ms" or "0".
func parseElapsed(s string) (time.Duration, bool) {
	if s == "0" {
		return 0, true
	}
	rest, ok := strings.CutPrefix(s, "+")
	if !ok || rest == "" || len(rest) > 40 {
		return 0, false
	}
	// time.ParseDuration knows no days.
	var days time.Duration
	if d, after, ok := strings.Cut(rest, "d"); ok {
		n, err := strconv.Atoi(d)
		if err != nil || n < 0 || n > 100_000 {
			return 0, false
		}
		days, rest = time.Duration(n)*24*time.Hour, after
	}
	if rest == "" {
		return days, true
	}
	d, err := time.ParseDuration(rest)
	return days + d, err == nil && d >= 0
}
