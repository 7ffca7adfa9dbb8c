package ios

import (
	"context"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/plist"
)

// mobileBackup reads what the phone notes of its own backups and restores.
type mobileBackup struct{}

var mobileBackupInfo = artifact.Info{
	Name:    "ios.mobile_backup",
	Version: 1,
	Summary: "Backups of the phone and their results, whether it was set up from a backup or another phone, and the apps in its backups.",
	Files:   []string{"**/com.apple.MobileBackup.plist"},
	Kinds: []artifact.KindInfo{
		{
			Kind: "attempt",
			Doc:  "A backup and how it ended (BackupStateInfo, its list errors).",
			Fields: []artifact.FieldInfo{
				{Name: "result", Type: artifact.Text, Doc: "how it ended, in words"},
				{Name: "code", Type: artifact.Int, Doc: "the same as a number, 0 for success"},
				{Name: "domain", Type: artifact.Text, Doc: "what the number counts in"},
			},
			Times: []string{"backed_up"},
		},
		{
			Kind: "state",
			Doc:  "The last backup or restore (BackupStateInfo, RestoreInfo and lists like them).",
			Fields: []artifact.FieldInfo{
				{Name: "entry", Type: artifact.Text, Doc: "key of the list"},
				{Name: "cloud", Type: artifact.Bool, Doc: "to or from iCloud"},
				{Name: "state", Type: artifact.Int, Doc: "state, as a number"},
				{Name: "backup_build", Type: artifact.Text, Doc: "build of iOS that made the backup"},
				{Name: "device_build", Type: artifact.Text, Doc: "build of iOS that it was put on"},
				{Name: "value", Type: artifact.Tree, Doc: "the whole list, without the attempts"},
			},
			Times: []string{"backed_up", "restored"},
		},
		{
			Kind: "condition",
			Doc:  "A span of time in which the phone could back up: on power, locked and on Wi-Fi (LastOnConditionEvents).",
			Fields: []artifact.FieldInfo{
				{Name: "seconds", Type: artifact.Float, Doc: "length of the span"},
				{Name: "utc_offset", Type: artifact.Text, Doc: "offset of the phone's clock from UTC: -04:00"},
				{Name: "text", Type: artifact.Text, Doc: "the entry as it is"},
			},
			Times: []string{"began"},
		},
		{
			Kind: "domain",
			Doc:  "What a part of the backup takes (PreflightSizing).",
			Fields: []artifact.FieldInfo{
				{Name: "domain", Type: artifact.Text, Doc: "part of the backup"},
				{Name: "app_id", Type: artifact.Text, Doc: "app, group or extension that it belongs to"},
				{Name: "size", Type: artifact.Int, Doc: "its bytes"},
			},
		},
		{
			Kind: "setting",
			Doc:  "Any other key of the list.",
			Fields: []artifact.FieldInfo{
				{Name: "entry", Type: artifact.Text, Doc: "key"},
				{Name: "value", Type: artifact.Tree, Doc: "value, of whatever type it is"},
			},
			Times: []string{"set"},
		},
	},
	Caveats: []string{"The list of attempts has the last ten.", "Domains are those of the last backup that was measured: the app may be gone."},
	Refs: []string{
		"https://github.com/log2timeline/plaso/blob/main/plaso/parsers/plist_plugins/ios_mobilebackup.py",
		"https://github.com/abrignoni/iLEAPP/blob/main/scripts/artifacts/mobileBackup.py",
	},
}

// Info implements artifact.Parser.
func (mobileBackup) Info() artifact.Info { return mobileBackupInfo }

// Parse implements artifact.Parser.
func (mobileBackup) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readPropertyList(ctx, in, readMobileBackup)
}

func readMobileBackup(r *listReading) error {
	for key, v := range r.root.All() {
		var err error
		switch {
		case v.Kind() == plist.Dict && (strings.HasSuffix(key, "StateInfo") || strings.Contains(key, "Restore")):
			if err = r.attempts(key, v.Get("errors")); err == nil {
				err = r.backupState(key, v)
			}
		case v.Kind() == plist.Dict && key == "PreflightSizing":
			err = r.sizes(key, v)
		case v.Kind() == plist.Array && key == "LastOnConditionEvents":
			err = r.conditions(key, v)
		default:
			err = r.setting(key, v)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// attempts gives the backups of the list errors, successes among them.
func (r *listReading) attempts(key string, list plist.Value) error {
	for v := range list.Items() {
		rec := r.start("attempt", key+".errors", v)
		rec.Set("result", artifact.TextOrNull(r.text(v.Get("localizedDescription"))))
		if err := r.set("code", key+".errors.code", v.Get("code")); err != nil {
			return err
		}
		rec.Set("domain", artifact.TextOrNull(r.text(v.Get("domain"))))
		r.when("backed_up", v.Get("date"))
		rec.Summary = func(b []byte) []byte { return appendSummary(b, "backup: ", rec.Text("result")) }
		if err := r.Give(); err != nil {
			return err
		}
	}
	return nil
}

// backupState gives the last backup, or the restore that set the phone up.
func (r *listReading) backupState(key string, v plist.Value) error {
	rec := r.start("state", key, v)
	tree, err := plist.Any(v, treeLimits)
	if err != nil {
		if err := r.problem(key, err); err != nil {
			return err
		}
	}
	rec.Set("entry", artifact.TextValue(r.Cut(key)))
	for _, k := range []string{"isCloud", "WasCloudRestore"} {
		if b, ok := v.Get(k).Bool(); ok && rec.Get("cloud").Kind() == artifact.Null {
			rec.Set("cloud", artifact.BoolValue(b))
		}
	}
	if n, ok := v.Get("state").Int(); ok {
		rec.Set("state", artifact.IntValue(n))
	}
	rec.Set("backup_build", artifact.TextOrNull(r.text(v.Get("BackupBuildVersion"))))
	rec.Set("device_build", artifact.TextOrNull(r.text(v.Get("DeviceBuildVersion"))))
	if m, ok := tree.(map[string]any); ok {
		delete(m, "errors")
		rec.Set("value", artifact.TreeValue(m))
	}
	meaning := "backed_up"
	if strings.Contains(key, "Restore") {
		meaning = "restored"
	}
	r.when(meaning, v.Get("date"))
	r.when("restored", v.Get("RestoreDate"))
	rec.Summary = func(b []byte) []byte {
		return appendSummary(b, "backup: ", rec.Text("entry"), " ", rec.Text("backup_build"))
	}
	return r.Give()
}

// conditions gives the spans in which the phone could back up. An entry is
// "2023-05-17T18:07:23.222-04:00|1511.560|1|…": when it began, and for how long.
func (r *listReading) conditions(key string, list plist.Value) error {
	for v := range list.Items() {
		rec := r.start("condition", key, v)
		text := r.text(v)
		began, rest, _ := strings.Cut(text, "|")
		length, _, _ := strings.Cut(rest, "|")
		if seconds, err := strconv.ParseFloat(length, 64); err == nil && seconds-seconds == 0 {
			rec.Set("seconds", artifact.FloatValue(seconds))
		}
		if at, err := time.Parse(time.RFC3339, began); err == nil {
			rec.Set("utc_offset", artifact.TextValue(at.Format("-07:00")))
			rec.WhenAt("began", at)
		}
		rec.Set("text", artifact.TextOrNull(text))
		rec.Summary = func(b []byte) []byte { return appendSummary(b, "ready to back up: ", text) }
		if err := r.Give(); err != nil {
			return err
		}
	}
	return nil
}

// sizes gives the domains of the backup.
func (r *listReading) sizes(key string, list plist.Value) error {
	for domain, v := range list.All() {
		rec := r.start("domain", key, v)
		rec.Set("domain", artifact.TextOrNull(r.Cut(domain)))
		kind, app, ok := strings.Cut(domain, "-")
		if ok && strings.HasPrefix(kind, "AppDomain") {
			rec.Set("app_id", artifact.TextOrNull(r.Cut(app)))
			rec.Observe(artifact.AppID, rec.Text("app_id"), "app_id")
		}
		if err := r.set("size", key, v); err != nil {
			return err
		}
		rec.Summary = func(b []byte) []byte { return appendSummary(b, "in backups: ", rec.Text("domain")) }
		if err := r.Give(); err != nil {
			return err
		}
	}
	return nil
}

func (r *listReading) setting(key string, v plist.Value) error {
	rec := r.start("setting", key, v)
	rec.Set("entry", artifact.TextValue(r.Cut(key)))
	value, err := plist.Any(v, treeLimits)
	if err != nil {
		if err := r.problem(key, err); err != nil {
			return err
		}
	}
	rec.Set("value", artifact.TreeValue(value))
	if v.Kind() == plist.Date {
		r.when("set", v)
	}
	rec.Summary = func(b []byte) []byte { return appendSummary(b, "setting ", rec.Text("entry")) }
	return r.Give()
}
