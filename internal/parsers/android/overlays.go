package android

import (
	"context"
	"iter"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// overlays reads the packages that change how others look.
type overlays struct{}

// Info implements artifact.Parser.
func (overlays) Info() artifact.Info {
	return artifact.Info{
		Name: "android.overlays", Version: 1, Summary: "Packages that change the resources of others (runtime resource overlays).",
		Files: []string{"**/dumpsys/overlay"},
		Kinds: []artifact.KindInfo{{Kind: "overlay", Doc: "An overlay.", Fields: []artifact.FieldInfo{
			textField("package", "the package that changes"), textField("target", "the package that is changed"), textField("path", "where it lies on the phone"),
			textField("state", "STATE_ENABLED, STATE_DISABLED…"), boolField("enabled", "whether it is in use"), textField("category", "its category"),
			intField("user", "the user of the phone"),
		}}},
		Refs: []string{aosp("core/java/com/android/server/om/OverlayManagerSettings.java")},
	}
}

// Parse implements artifact.Parser.
func (overlays) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	var o overlayReading
	return readLines(ctx, in, o.line, nil)
}

type overlayReading struct {
	open   bool
	offset int64
	values map[string]string
}

func (o *overlayReading) line(r *lineReading) error {
	text, _ := r.body()
	switch {
	case strings.HasSuffix(text, "{"):
		o.open, o.offset, o.values = true, r.Offset, map[string]string{}
	case text == "}" && o.open:
		o.open = false
		return o.give(r)
	case o.open && len(o.values) < 40:
		name, value, _ := strings.Cut(text, ": ")
		o.values[strings.TrimRight(name, ".:")] = value
	}
	return nil
}

func (o *overlayReading) give(r *lineReading) error {
	rec := r.StartAt("overlay", o.offset)
	get := func(name string) string {
		if v := o.values[name]; v != "null" {
			return v
		}
		return ""
	}
	setPackage(rec, get("mPackageName"))
	rec.Set("target", artifact.TextOrNull(get("mTargetPackageName")))
	path := get("mBaseCodePath")
	rec.Set("path", artifact.TextOrNull(path))
	rec.Observe(artifact.FilePath, path, "path")
	rec.Set("state", artifact.TextOrNull(get("mState")))
	setBool(rec, "enabled", get("mIsEnabled"))
	rec.Set("category", artifact.TextOrNull(get("mCategory")))
	setNumber(rec, "user", get("mUserId"))
	return r.Give()
}
