package android

import (
	"context"
	"iter"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// usageStats reads which apps were used, and when: also those that are gone.
type usageStats struct{}

// Info implements artifact.Parser.
func (usageStats) Info() artifact.Info {
	return artifact.Info{
		Name: "android.usage_stats", Version: 2, Summary: "Apps that were used, and when; those that were removed since among them.",
		Files: []string{"**/dumpsys/usagestats"}, Companions: clockCompanions,
		Kinds: []artifact.KindInfo{
			{Kind: "usage_event", Doc: "An event of an app in the last day.", Times: []string{"event"}, Fields: []artifact.FieldInfo{
				textField("type", "ACTIVITY_RESUMED, FOREGROUND_SERVICE_START, STANDBY_BUCKET_CHANGED…"), textField("package", "the app"),
				textField("class", "its activity or service"), intField("user", "the user of the phone"),
			}},
			{Kind: "app_use", Doc: "The use of an app in a span: a day, a week, a month, a year.", Times: []string{"last_used"}, Fields: []artifact.FieldInfo{
				textField("package", "the app"), textField("total", "how long it was in front, mm:ss or hh:mm:ss"), textField("interval", "the span as it is called there"),
				intField("launches", "how often it was started"), intField("user", "the user of the phone"),
			}},
		},
		Caveats: []string{"Times are those of the phone's clock, set by the zone that the report tells.", "Apps that were not used in a span are left out."},
		Refs:    []string{aosp("usage/java/com/android/server/usage/UserUsageStatsService.java")},
	}
}

// Parse implements artifact.Parser.
func (usageStats) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	var u usageReading
	return readSection(ctx, in, u.line, nil)
}

type usageReading struct {
	user     int64
	interval string
}

func (u *usageReading) line(r *section) error {
	text, _ := r.body()
	switch {
	case strings.HasPrefix(text, "user="):
		u.user, _ = userOf(strings.TrimPrefix(text, "user="))
	case strings.HasPrefix(text, "In-memory "):
		u.interval = strings.TrimSuffix(strings.TrimPrefix(text, "In-memory "), " stats")
	case strings.HasPrefix(text, "time=\""):
		return u.event(r, text)
	case strings.HasPrefix(text, "package=") && strings.Contains(text, "lastTimeUsed="):
		return u.use(r, text)
	}
	return nil
}

func (u *usageReading) event(r *section, text string) error {
	kind, ok := valueOf(text, "type")
	pkg, _ := valueOf(text, "package")
	if !ok {
		r.notUnderstood()
		return nil
	}
	rec := r.Start("usage_event")
	rec.Set("type", artifact.TextValue(kind))
	setPackage(rec, pkg)
	class, _ := valueOf(text, "class")
	rec.Set("class", artifact.TextOrNull(class))
	rec.Set("user", artifact.IntValue(u.user))
	if at, ok := valueOf(text, "time"); ok {
		if err := r.wall(rec, "event", at); err != nil {
			return err
		}
		rec.Summary = func(b []byte) []byte { return appendSummary(b, kind, " ", pkg) }
	}
	return r.Give()
}

// use takes the use of an app in a span, unless it was not used: its last time
// is then the beginning of the phone's time.
func (u *usageReading) use(r *section, text string) error {
	last, _ := valueOf(text, "lastTimeUsed")
	wall, ok := wallClock(last)
	if !ok || wall.Year() <= 1970 {
		return nil
	}
	rec := r.Start("app_use")
	pkg, _ := valueOf(text, "package")
	setPackage(rec, pkg)
	total, _ := valueOf(text, "totalTimeUsed")
	if total == "" {
		total, _ = valueOf(text, "totalTime")
	}
	rec.Set("total", artifact.TextOrNull(total))
	rec.Set("interval", artifact.TextOrNull(u.interval))
	launches, _ := valueOf(text, "appLaunchCount")
	setNumber(rec, "launches", launches)
	rec.Set("user", artifact.IntValue(u.user))
	if err := r.wall(rec, "last_used", last); err != nil {
		return err
	}
	rec.Summary = func(b []byte) []byte { return appendSummary(b, pkg) }
	return r.Give()
}
