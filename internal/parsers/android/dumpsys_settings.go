package android

import (
	"context"
	"iter"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// dumpsysSettings reads the phone's settings.
type dumpsysSettings struct{}

var dumpsysSettingsInfo = artifact.Info{
	Name:    "android.dumpsys_settings",
	Version: 1,
	Summary: "Settings of the phone, and which package set each.",
	Files:   []string{"**/dumpsys/settings"},
	Kinds: []artifact.KindInfo{{
		Kind: "setting", Doc: "A setting.",
		Fields: []artifact.FieldInfo{
			textField("namespace", "global, secure, system; as the heading says"), textField("name", "name of the setting"), textField("value", "its value"),
			textField("user", "user that it is of, where the dump tells"), textField("set_by", "package that set it, where the dump tells"),
		},
	}},
	Refs: []string{"https://android.googlesource.com/platform/frameworks/base/+/refs/heads/main/packages/SettingsProvider/src/com/android/providers/settings/SettingsProvider.java"},
}

// Info implements artifact.Parser.
func (dumpsysSettings) Info() artifact.Info { return dumpsysSettingsInfo }

// Parse implements artifact.Parser.
func (dumpsysSettings) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	var r dumpsysSettingsReading
	return readSection(ctx, in, r.line, nil)
}

type dumpsysSettingsReading struct {
	namespace, user string
}

// line reads a heading "SECURE SETTINGS (user 0)", or "_id:1 name:adb_enabled
// pkg:android value:1 default:…".
func (r *dumpsysSettingsReading) line(s *section) error {
	line := strings.TrimSpace(string(s.Line))
	if head, rest, ok := strings.Cut(line, " SETTINGS (user "); ok {
		r.namespace, r.user = strings.ToLower(head), strings.TrimSuffix(rest, ")")
		return nil
	}
	_, rest, ok := strings.Cut(line, " name:")
	name, rest, ok2 := strings.Cut(rest, " pkg:")
	by, value, ok3 := strings.Cut(rest, " value:")
	if !ok || !ok2 || !ok3 || !strings.HasPrefix(line, "_id:") {
		// Old values are listed by time, as "1970-01-01 00:00:09 initialize".
		if strings.HasPrefix(line, "_id:") {
			s.notUnderstood()
		}
		return nil
	}
	value, _, _ = strings.Cut(value, " default:")
	return r.give(s, name, value, by)
}

func (r *dumpsysSettingsReading) give(s *section, name, value, by string) error {
	rec := s.Start("setting")
	rec.Set("namespace", artifact.TextOrNull(r.namespace))
	rec.Set("name", artifact.TextValue(name))
	rec.Set("value", artifact.TextValue(value))
	rec.Set("user", artifact.TextOrNull(r.user))
	rec.Set("set_by", artifact.TextOrNull(by))
	rec.Observe(artifact.AndroidProperty, name, "name")
	// Lists of services, and single ones: input method, VPN, assistant.
	for part := range strings.SplitSeq(value, ":") {
		if isComponent(part) || isPackage(part) && strings.Count(part, ".") > 1 {
			rec.Observe(artifact.AppID, packageOf(part), "value")
		}
	}
	return s.Give()
}
