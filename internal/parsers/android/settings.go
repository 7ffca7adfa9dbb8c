package android

import (
	"context"
	"iter"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// settings reads what the command settings lists.
type settings struct{}

var settingsInfo = artifact.Info{
	Name:    "android.settings",
	Version: 1,
	Summary: "Settings of the phone: protections, accessibility, and what may be installed.",
	Files:   []string{"**/settings_*.txt"},
	Kinds: []artifact.KindInfo{{
		Kind: "setting",
		Doc:  "A setting.",
		Fields: []artifact.FieldInfo{
			{Name: "namespace", Type: artifact.Text, Doc: "list that it is in: system, secure or global"},
			{Name: "name", Type: artifact.Text, Doc: "name"},
			{Name: "value", Type: artifact.Text, Doc: "value; absent where it is empty"},
			{Name: "packages", Type: artifact.Strings, Doc: "apps that the value names"},
		},
	}},
	Caveats: []string{"A setting that is not in the list has the value that this version of Android gives it."},
	Refs: []string{
		"https://developer.android.com/reference/android/provider/Settings",
		"https://docs.mvt.re/en/latest/android/",
	},
}

// Info implements artifact.Parser.
func (settings) Info() artifact.Info { return settingsInfo }

// Parse implements artifact.Parser.
func (settings) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readWhole(ctx, in, func(r *fileReading) error {
		namespace := strings.TrimSuffix(strings.TrimPrefix(baseName(in.Path), "settings_"), ".txt")
		return r.lines(func(l textLine) error { return r.setting(namespace, l) })
	})
}

func (r *fileReading) setting(namespace string, l textLine) error {
	name, value, ok := cutFound(l.text, "=")
	if !ok {
		if strings.TrimSpace(l.text) == "" {
			return nil
		}
		return r.Problem(l.offset, errUnknownForm)
	}
	rec := r.startLine("setting", l)
	r.set("namespace", namespace)
	r.set("name", name)
	r.set("value", value)
	if list := namedPackages(value); len(list) > 0 {
		r.list("packages", list)
		for _, pkg := range list {
			rec.Observe(artifact.AppID, pkg, "packages")
		}
	}
	rec.Summary = func(b []byte) []byte { return appendSummary(b, "setting ", name, "=", value) }
	return r.Give()
}

// namedPackages returns the apps in the value of a setting: lists of parts of
// apps (package/class), joined by colons, or of names of apps.
func namedPackages(value string) []string {
	var list []string
	for part := range strings.FieldsFuncSeq(value, func(c rune) bool { return strings.ContainsRune(":,; ", c) }) {
		pkg, class, component := strings.Cut(part, "/")
		if !isPackageName(pkg) || len(list) >= maxTexts {
			continue
		}
		// A name of two parts that stands alone may be a host or a file.
		if !component && strings.Count(pkg, ".") < 2 || component && strings.Contains(class, "/") {
			continue
		}
		list = append(list, pkg)
	}
	return list
}
