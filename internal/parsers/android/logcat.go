package android

import (
	"bytes"
	"context"
	"iter"
	"regexp"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/links"
)

// logcat reads what the phone's log buffers say of crashes, installs, refused
// accesses and starts, and what they name.
type logcat struct{}

var logcatInfo = artifact.Info{
	Name:    "android.logcat",
	Version: 2,
	Summary: "The phone's logs: crashes, installs and removals of apps, refused accesses, starts of programs, and the links that they name.",
	Files: []string{
		"**/dumpstate/SYSTEM LOG", "**/dumpstate/EVENT LOG", "**/dumpstate/KERNEL LOG", "**/dumpstate/LAST LOGCAT", "**/dumpstate/LAST KMSG",
		"**/dumpstate/PSTORE*", "**/dumpstate/SYSTEM LOG*", "**/logcat.txt", "**/logcat_old.txt", "**/last_kmsg*", "**/FS/sys/fs/pstore/*", "**/*logcat*.log",
	},
	Companions: clockCompanions,
	Kinds: []artifact.KindInfo{
		{
			Kind: "entry", Doc: "An entry that tells of one of these events, or names a host, link or address.",
			Fields: []artifact.FieldInfo{
				textField("event", "crash, native_crash, anr, process_start, process_died, activity, package, install, denial, verifier, boot, debugger, vpn, kernel_crash, named"),
				textField("level", "V, D, I, W, E, F; of the kernel 0 to 7"), textField("tag", "who wrote it"), textField("text", "what it says"), textField("uid", "user id of the writer"),
				textField("pid", "its process"), textField("process", "process that it speaks of"), textField("package_name", "package that it speaks of"),
				listField("links", "links in it"),
			},
			Times: []string{"logged"},
		},
		{
			Kind: "log", Doc: "What the log holds in all.",
			Fields: []artifact.FieldInfo{
				intField("entries", "entries"), intField("other_lines", "lines that are none"), intField("events", "entries of the kind above"),
				textField("first", "time of the first, as it stands there"), textField("last", "time of the last"),
			},
		},
	},
	Caveats: []string{"Buffers hold hours, seldom days.", "Times have no year and no zone unless the log tells them; they are set by the report's clock.", "The kernel counts from its start: of its own log only refused accesses have a time."},
	Refs:    []string{"https://developer.android.com/tools/logcat", "https://android.googlesource.com/platform/frameworks/base/+/refs/heads/main/services/core/java/com/android/server/am/EventLogTags.logtags"},
}

// Info implements artifact.Parser.
func (logcat) Info() artifact.Info { return logcatInfo }

// Parse implements artifact.Parser.
func (logcat) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	var l logcatReading
	return readSection(ctx, in, l.line, l.last)
}

type logcatReading struct {
	found            []links.Link
	entries, others  int64
	events           int64
	first, lastStamp string
}

// A logEntry is a line of a log, in parts that lie in it.
type logEntry struct {
	stamp, uid, pid, level, tag, text []byte
}

// threadtime is the form in which reports write entries: date, time, [user id,]
// process, thread, level, tag and text.
func threadtime(line []byte, e *logEntry) bool {
	*e = logEntry{}
	n := stampLength(line)
	if n == 0 {
		return false
	}
	e.stamp = line[:n]
	rest := line[n:]
	var f [4][]byte
	count := 0
	for count < len(f) {
		rest = bytes.TrimLeft(rest, " ")
		i := bytes.IndexByte(rest, ' ')
		if i < 0 {
			return false
		}
		f[count], rest = rest[:i], rest[i+1:]
		count++
		if isLevel(f[count-1]) {
			break
		}
	}
	if count < 3 || !isLevel(f[count-1]) {
		return false
	}
	e.level = f[count-1]
	e.pid = f[count-3]
	if count == 4 {
		e.uid = f[0]
	}
	tag, text, ok := bytes.Cut(rest, []byte(": "))
	if !ok {
		tag, text = bytes.TrimSuffix(rest, []byte{':'}), nil
	}
	e.tag, e.text = bytes.TrimSpace(tag), text
	return true
}

func isLevel(b []byte) bool { return len(b) == 1 && strings.IndexByte("VDIWEFSA", b[0]) >= 0 }

// stampLength returns how long the time is that a line begins with:
// "01-08 15:29:55.853", with a year and a zone where the log has them.
func stampLength(b []byte) int {
	n := len("01-08 15:29:55.853")
	if len(b) > 5 && b[4] == '-' {
		n += len("2020-")
	}
	if len(b) < n || b[n-4] != '.' && b[n-4] != ',' || b[n-7] != ':' || b[n-13] != ' ' {
		return 0
	}
	for n < len(b) && b[n] >= '0' && b[n] <= '9' { // microseconds
		n++
	}
	if len(b) > n+6 && b[n] == ' ' && (b[n+1] == '+' || b[n+1] == '-') && b[n+6] == ' ' {
		n += 6
	}
	return n
}

// tagEvents are the tags whose entries are events, each with a name for it.
var tagEvents = map[string]string{
	"am_crash": "crash", "am_anr": "anr", "am_proc_start": "process_start", "am_proc_died": "process_died", "am_kill": "process_died",
	"am_create_activity": "activity", "wm_create_activity": "activity", "am_proc_bound": "", "boot_progress_start": "boot", "boot_progress_system_run": "boot",
	"auditd": "denial", "DEBUG": "native_crash", "tombstoned": "native_crash", "PackageInstaller": "install", "PackageInstallerSession": "install",
	"PackageManager": "package", "AndroidRuntime": "crash", "Finsky": "verifier", "VerifyApps": "verifier", "adbd": "debugger", "AdbDebuggingManager": "debugger",
	"Vpn": "vpn", "crash_dump64": "native_crash", "crash_dump32": "native_crash", "libc": "native_crash", "package_added": "package", "commit_sys_config_file": "",
	"pm_uninstall": "package", "install": "install", "device_policy": "package",
}

func (l *logcatReading) line(s *section) error {
	var e logEntry
	if !threadtime(s.Line, &e) {
		if kernelLine(s.Line, &e) {
			return l.kernel(s, &e)
		}
		l.others++
		if !s.blank() && !bytes.HasPrefix(s.Line, []byte("--------- ")) {
			s.notUnderstood()
		}
		return nil
	}
	l.entries++
	if l.first == "" {
		l.first = string(e.stamp)
	}
	l.lastStamp = string(e.stamp)
	event := tagEvents[string(e.tag)]
	switch {
	case event == "package" && !bytes.Contains(e.text, []byte("nstall")) && !bytes.Contains(e.text, []byte("emov")) && !bytes.Contains(e.text, []byte("pdat")) && string(e.tag) == "PackageManager":
		event = ""
	case string(e.tag) == "libc" && !bytes.Contains(e.text, []byte("Fatal signal")):
		event = ""
	case bytes.Contains(e.text, []byte("avc: ")) && bytes.Contains(e.text, []byte("denied")):
		event = "denial"
	case event == "" && bytes.Contains(e.text, []byte("act=android.intent.action.")) && bytes.HasPrefix(e.text, []byte("START u")):
		event = "activity"
	}
	named := mayName(e.text)
	if event == "" && !named {
		return nil
	}
	return l.entry(s, &e, event, named)
}

// maxLinks bounds the links of one entry.
const maxLinks = 32

// mayName reports whether a text may have a link or a host.
func mayName(b []byte) bool { return bytes.Contains(b, []byte("://")) }

func (l *logcatReading) entry(s *section, e *logEntry, event string, named bool) error {
	rec := s.Start("entry")
	text := string(e.text)
	var found []string
	if named {
		l.found = links.Scan(text, l.found[:0])
		for _, f := range l.found[:min(len(l.found), maxLinks)] {
			found = append(found, strings.Clone(f.URL))
		}
		if len(found) == 0 && event == "" {
			return nil
		}
	}
	if event == "" {
		event = "named"
	}
	l.events++
	rec.Set("event", artifact.TextValue(event))
	rec.Set("level", artifact.TextOrNull(string(e.level)))
	tag := string(e.tag)
	rec.Set("tag", artifact.TextOrNull(tag))
	rec.Set("text", artifact.TextOrNull(text))
	rec.Set("uid", artifact.TextOrNull(string(e.uid)))
	rec.Set("pid", artifact.TextOrNull(string(e.pid)))
	l.subjects(rec, tag, text)
	rec.Set("links", artifact.StringsValue(found))
	for _, link := range found {
		rec.Observe(artifact.URL, link, "links")
	}
	if string(e.tag) == "kernel" && stampLength(e.stamp) == 0 {
		kernelTime(rec, text)
	} else if err := stampTime(s, rec, string(e.stamp)); err != nil {
		return err
	}
	summary(rec, "%s: %s: %s", event, tag, text)
	return s.Give()
}

// Whom an entry speaks of.
var (
	logProcess = regexp.MustCompile(`^Process: ([\w.:]{2,200})|>>> (\S{1,200}) <<<|in tid \d+ \(([^)]{1,64})\)`)
	logComm    = regexp.MustCompile(`\bcomm="([^"]{1,64})"`)
	logApp     = regexp.MustCompile(`\bapp=([\w.]{3,200})`)
	logPackage = regexp.MustCompile(`\b[a-zA-Z][\w]*(?:\.[a-zA-Z][\w]*){2,10}\b`)
)

// subjects sets the process and the package that an entry speaks of.
func (l *logcatReading) subjects(rec *artifact.Record, tag, text string) {
	process, pkg := "", ""
	if fields := strings.Split(strings.Trim(text, "[]"), ","); strings.HasPrefix(tag, "am_") && len(fields) > 3 {
		// User, process number, name… in the order of EventLogTags.logtags.
		for _, f := range fields[1:] {
			if app, _, _ := strings.Cut(f, ":"); isPackage(app) || isComponent(f) {
				process = f
				break
			}
		}
		process = packageOf(process)
	} else if m := logProcess.FindStringSubmatch(text); m != nil {
		process = m[1] + m[2] + m[3]
	} else if m := logComm.FindStringSubmatch(text); m != nil {
		process = m[1]
	}
	switch app, _, _ := strings.Cut(process, ":"); {
	case isPackage(app):
		pkg = app
	default:
		if m := logApp.FindStringSubmatch(text); m != nil {
			pkg = m[1]
		} else if tag == "PackageManager" || strings.HasPrefix(tag, "PackageInstaller") || strings.HasPrefix(tag, "package_") {
			pkg = logPackage.FindString(text)
		}
	}
	rec.Set("process", artifact.TextOrNull(process))
	rec.Observe(artifact.Process, process, "process")
	setApp(rec, pkg)
}

// stampTime sets the time of an entry: one with a zone is an instant, one
// without a year is set by the report's clock.
func stampTime(s *section, rec *artifact.Record, raw string) error {
	if at, err := time.Parse("2006-01-02 15:04:05.999999 -0700", raw); err == nil {
		rec.WhenAt("logged", at)
		return nil
	}
	c, err := s.clock()
	at, ok := parseWallMicro(raw)
	if !ok {
		at, ok = c.yearless(raw)
	}
	switch {
	case !ok:
		rec.Times = append(rec.Times, artifact.Time{Meaning: "logged", Epoch: artifact.LocalCalendar, Raw: artifact.TextValue(raw)})
	case c.zone == nil:
		rec.WhenLocal("logged", at)
		rec.Times[len(rec.Times)-1].Raw = artifact.TextValue(raw)
	default:
		c.set(rec, "logged", at, raw)
	}
	return err
}

func parseWallMicro(raw string) (time.Time, bool) {
	at, err := time.Parse("2006-01-02 15:04:05.999999", raw)
	return at, err == nil && at.Year() >= 1990
}

func (l *logcatReading) last(s *section) error {
	rec := s.Start("log")
	rec.Loc.Offset, rec.Loc.Length, rec.Truncated = 0, s.In.Size, false
	rec.Set("entries", artifact.IntValue(l.entries))
	rec.Set("other_lines", artifact.IntValue(l.others))
	rec.Set("events", artifact.IntValue(l.events))
	rec.Set("first", artifact.TextOrNull(l.first))
	rec.Set("last", artifact.TextOrNull(l.lastStamp))
	return s.Give()
}
