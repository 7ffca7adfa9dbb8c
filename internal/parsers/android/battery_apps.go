package android

import (
	"bytes"
	"context"
	"iter"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// batteryApps reads what each app did since the battery was charged: apps that
// were removed since then still stand there.
type batteryApps struct{}

var batteryAppsInfo = artifact.Info{
	Name: "android.battery_apps", Version: 2, Summary: "What each app did since the battery was charged: power, network, jobs, services; removed apps among them.",
	Files: []string{"**/dumpsys/batterystats", "**/dumpstate/CHECKIN BATTERYSTATS"},
	Kinds: []artifact.KindInfo{
		{Kind: "app", Doc: "An app, with what its user id did: apps that share one have the same.", Fields: []artifact.FieldInfo{
			textField("package_name", "the app, or the process where no app is told"), textField("uid", "user id, as it stands there"),
			textField("power", "mAh, as estimated"), textField("mobile_received", "over the mobile network, as it stands there; bytes in the check-in form"),
			textField("mobile_sent", "likewise"), textField("wifi_received", "over Wi-Fi"), textField("wifi_sent", "likewise"),
			intField("jobs", "kinds of jobs that ran"), intField("wake_locks", "kinds of locks that kept the phone awake"), textField("wakeups", "how often alarms of it woke the phone"),
			textField("foreground_services", "how long services with a notification ran"), textField("running", "how long it ran in all"),
			listField("services", "services of it that ran"), listField("processes", "processes of the user id"),
		}},
		{Kind: "power", Doc: "A user id with its share of the power.", Fields: []artifact.FieldInfo{
			textField("uid", "user id, as it stands there"), textField("power", "mAh, as estimated"), textField("text", "the line"),
		}},
	},
	Caveats: []string{"Figures are since the last full charge, which the history tells."},
	Refs:    []string{"https://android.googlesource.com/platform/frameworks/base/+/refs/heads/main/core/java/android/os/BatteryStats.java"},
}

// Info implements artifact.Parser.
func (batteryApps) Info() artifact.Info { return batteryAppsInfo }

// Parse implements artifact.Parser.
func (batteryApps) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	b := batteryReading{users: map[string]*batteryUser{}}
	return readSection(ctx, in, b.line, b.last)
}

// maxBatteryUsers bounds the user ids that are held; maxBatteryNames the names
// of one.
const (
	maxBatteryUsers = 20_000
	maxBatteryNames = 500
)

type batteryReading struct {
	power   bool // within the list of power
	started bool // "Statistics since last charge", below which user ids have blocks
	at      *batteryUser
	apk     *batteryApp
	users   map[string]*batteryUser // of the check-in form
	order   []*batteryUser
}

// batteryUser is a user id.
type batteryUser struct {
	uid    string
	apps   []*batteryApp
	values map[string]string
	procs  []string
	jobs   int64
	locks  int64
}

type batteryApp struct {
	name        string
	offset, end int64
	wakeups     string
	services    []string
}

func (b *batteryReading) line(s *section) error {
	if bytes.HasPrefix(s.Line, []byte("9,")) {
		b.checkin(s, string(s.Line))
		return nil
	}
	text := strings.TrimSpace(string(s.Line))
	switch {
	case strings.HasPrefix(text, "Statistics since last charge"):
		b.started = true
	case strings.HasPrefix(text, "Estimated power use"):
		b.power = true
	case b.power && text == "":
		b.power = false
	case b.power:
		return b.powerLine(s, text)
	case b.started && s.indent() == 2 && strings.HasSuffix(text, ":") && isUserID(strings.TrimSuffix(text, ":")):
		err := b.flush(s)
		b.at, b.apk = &batteryUser{uid: strings.TrimSuffix(text, ":"), values: map[string]string{}}, nil
		return err
	case b.at != nil && s.indent() >= 4:
		b.detail(s, text)
	case b.at != nil && text != "":
		return b.flush(s)
	}
	return nil
}

// isUserID reports whether a text is a user id as dumps write it: 1000, u0a94.
func isUserID(s string) bool {
	return s != "" && len(s) < 16 && strings.Trim(s, "0123456789uasi") == "" && strings.ContainsAny(s, "0123456789")
}

func (b *batteryReading) powerLine(s *section, text string) error {
	head, rest, ok := strings.Cut(text, ": ")
	uid, isUser := strings.CutPrefix(strings.Replace(head, "UID ", "Uid ", 1), "Uid ")
	value, _, _ := strings.Cut(rest, " ")
	if !ok || !isUser || leadingNumber(value) == "" {
		return nil // the screen, the radio
	}
	rec := s.Start("power")
	rec.Set("uid", artifact.TextValue(uid))
	rec.Set("power", artifact.TextValue(value))
	rec.Set("text", artifact.TextValue(text))
	return s.Give()
}

// batteryTexts are lines of a user id whose rest becomes a field.
var batteryTexts = map[string]string{"Foreground services for": "foreground_services", "Total running": "running"}

// detail takes a line below a user id.
func (b *batteryReading) detail(s *section, text string) {
	u := b.at
	if name, ok := strings.CutPrefix(text, "Apk "); ok && strings.HasSuffix(name, ":") {
		b.apk = u.app(strings.TrimSuffix(name, ":"), s)
		return
	}
	name, value, _ := strings.Cut(text, ": ")
	switch {
	case strings.HasPrefix(text, "Proc ") && strings.HasSuffix(text, ":"):
		b.apk = nil
		u.process(strings.TrimSuffix(strings.TrimPrefix(text, "Proc "), ":"))
	case strings.HasPrefix(text, "Mobile network: "), strings.HasPrefix(text, "Wi-Fi network: "):
		kind := strings.ToLower(strings.ReplaceAll(text[:strings.IndexByte(text, ' ')], "-", ""))
		received, rest, _ := strings.Cut(value, " received, ")
		sent, _, _ := strings.Cut(rest, " sent")
		u.values[kind+"_received"], u.values[kind+"_sent"] = received, sent
	case strings.HasPrefix(text, "Wake lock "):
		u.locks++
	case strings.HasPrefix(text, "Job ") && !strings.HasPrefix(text, "Job Completions"):
		u.jobs++
	case batteryTexts[name] != "":
		u.values[batteryTexts[name]] = strings.TrimSpace(value)
	case b.apk != nil:
		b.apk.end = s.Offset + s.Length
		if strings.HasPrefix(text, "Wakeup alarm ") {
			b.apk.wakeups = strings.TrimSuffix(text[strings.LastIndexByte(text, ':')+1:], " times")
		} else if service, ok := strings.CutPrefix(text, "Service "); ok {
			b.apk.service(strings.TrimSuffix(service, ":"))
		}
	}
}

func (u *batteryUser) process(name string) {
	if len(u.procs) < maxBatteryNames && !slices.Contains(u.procs, name) {
		u.procs = append(u.procs, name)
	}
}

// app returns the app of that name, which begins at the line at hand if it is new.
func (u *batteryUser) app(name string, s *section) *batteryApp {
	for _, a := range u.apps {
		if a.name == name {
			return a
		}
	}
	a := &batteryApp{name: name, offset: s.Offset, end: s.Offset + s.Length}
	if len(u.apps) < maxBatteryNames {
		u.apps = append(u.apps, a)
	}
	return a
}

func (a *batteryApp) service(name string) {
	if len(a.services) < maxBatteryNames && !slices.Contains(a.services, name) {
		a.services = append(a.services, name)
	}
}

// flush gives the apps of the user id that ended.
func (b *batteryReading) flush(s *section) error {
	u := b.at
	b.at, b.apk = nil, nil
	if u == nil {
		return nil
	}
	return u.give(s)
}

func (u *batteryUser) give(s *section) error {
	for _, a := range u.apps {
		rec := s.Start("app")
		rec.Loc.Offset, rec.Loc.Length = a.offset, a.end-a.offset
		setApp(rec, a.name)
		rec.Set("uid", artifact.TextValue(u.uid))
		for _, name := range []string{"power", "mobile_received", "mobile_sent", "wifi_received", "wifi_sent"} {
			rec.Set(name, artifact.TextOrNull(u.values[name]))
		}
		rec.Set("jobs", artifact.IntValue(u.jobs))
		rec.Set("wake_locks", artifact.IntValue(u.locks))
		rec.Set("wakeups", artifact.TextOrNull(strings.TrimSpace(a.wakeups)))
		rec.Set("foreground_services", artifact.TextOrNull(u.values["foreground_services"]))
		rec.Set("running", artifact.TextOrNull(u.values["running"]))
		rec.Set("services", artifact.StringsValue(a.services))
		rec.Set("processes", artifact.StringsValue(u.procs))
		for _, p := range u.procs {
			rec.Observe(artifact.Process, p, "processes")
		}
		if err := s.Give(); err != nil {
			return err
		}
	}
	return nil
}

// last gives what is left, and the user ids of the check-in form, whose lines
// are not together.
func (b *batteryReading) last(s *section) error {
	if err := b.flush(s); err != nil {
		return err
	}
	for _, u := range b.order {
		if err := u.give(s); err != nil {
			return err
		}
	}
	return nil
}
