package android

import (
	"context"
	"iter"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// platformCompat reads changes of behaviour that were set for single apps.
type platformCompat struct{}

var platformCompatInfo = artifact.Info{
	Name:    "android.platform_compat",
	Version: 1,
	Summary: "Apps for which a change of the system's behaviour was set by itself; they stay after the app is gone.",
	Files:   []string{"**/dumpsys/platform_compat"},
	Kinds: []artifact.KindInfo{{
		Kind: "override", Doc: "An app in the overrides of a change (a line ChangeId).",
		Fields: []artifact.FieldInfo{
			textField("package_name", "package of the app"), textField("change", "number of the change"), textField("name", "its name"),
			textField("value", "true or false"), boolField("raw", "from rawOverrides, which hold for apps that are not installed"),
		},
	}},
	Refs: []string{"https://android.googlesource.com/platform/frameworks/base/+/refs/heads/main/services/core/java/com/android/server/compat/CompatChange.java"},
}

// Info implements artifact.Parser.
func (platformCompat) Info() artifact.Info { return platformCompatInfo }

// Parse implements artifact.Parser.
func (platformCompat) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readSection(ctx, in, compatLine, nil)
}

func compatLine(s *section) error {
	line := strings.TrimSpace(string(s.Line))
	rest, ok := strings.CutPrefix(line, "ChangeId(")
	if !ok {
		if line != "" {
			s.notUnderstood()
		}
		return nil
	}
	id, rest, _ := strings.Cut(rest, ";")
	name, _ := attribute(rest, "name")
	// packageOverrides says again what rawOverrides does, for apps that are there.
	for _, list := range []string{"packageOverrides={", "rawOverrides={"} {
		_, overrides, ok := strings.Cut(rest, list)
		if !ok {
			continue
		}
		overrides, _, _ = strings.Cut(overrides, "}")
		for entry := range strings.SplitSeq(overrides, ", ") {
			pkg, value, _ := strings.Cut(strings.TrimSpace(entry), "=")
			if !isPackage(pkg) {
				continue
			}
			rec := s.Start("override")
			setApp(rec, pkg)
			rec.Set("change", artifact.TextValue(id))
			rec.Set("name", artifact.TextOrNull(name))
			rec.Set("value", artifact.TextOrNull(value))
			rec.Set("raw", artifact.BoolValue(list[0] == 'r'))
			if err := s.Give(); err != nil {
				return err
			}
		}
	}
	return nil
}
