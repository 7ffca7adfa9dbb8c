package android

import (
	"context"
	"errors"
	"iter"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// fileTimes reads the list of files that a bugreport or an acquisition copied
// from the phone.
type fileTimes struct{}

var fileTimesInfo = artifact.Info{
	Name:    "android.file_times",
	Version: 1,
	Summary: "Files that were copied from the phone into the evidence, with the times that the copies kept.",
	Files:   []string{artifact.ListingPath},
	Kinds: []artifact.KindInfo{{
		Kind: "file",
		Doc:  "A copied file.",
		Fields: []artifact.FieldInfo{
			{Name: "path", Type: artifact.Text, Doc: "path on the phone"},
			{Name: "copy", Type: artifact.Text, Doc: "path in the evidence"},
			{Name: "size", Type: artifact.Int, Doc: "bytes"},
		},
		Times: []string{"modified"},
	}},
	Caveats: []string{
		"The time is the one that the copy kept: where it was unpacked or copied on, that may be the time of the copying.",
		"Archives keep times in the phone's clock, without a time zone.",
	},
	Refs: []string{
		"https://android.googlesource.com/platform/frameworks/native/+/refs/heads/main/cmds/dumpstate/bugreport-format.md",
		"https://github.com/mvt-project/androidqf (modules/logs.go, temp.go)",
	},
}

// Info implements artifact.Parser.
func (fileTimes) Info() artifact.Info { return fileTimesInfo }

// copiedFrom are the folders of evidence that hold copies, with the folder on
// the phone that each stands for.
var copiedFrom = []struct{ folder, on string }{
	{"FS/", "/"},
	{"logs/", "/"},
	{"tmp/", "/data/local/tmp/"},
}

// onPhone returns the path on the phone of a copy, "" for a file that is none.
func onPhone(path string) string {
	for _, c := range copiedFrom {
		if rest, ok := strings.CutPrefix(path, c.folder); ok {
			return c.on + rest
		}
	}
	return ""
}

// Parse implements artifact.Parser.
func (fileTimes) Parse(_ context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return func(yield func(*artifact.Record, error) bool) {
		var rec artifact.Record
		summary := func(b []byte) []byte { return appendSummary(b, "copied file ", rec.Text("path")) }
		for f, err := range in.Files() {
			if err != nil {
				var re *artifact.RecordError
				if !yield(nil, err) || !errors.As(err, &re) {
					return
				}
				continue
			}
			path := onPhone(f.Path)
			if path == "" {
				continue
			}
			rec.Reset("file")
			rec.Loc = artifact.Location{Path: f.Path}
			rec.Set("path", artifact.TextValue(path))
			rec.Set("copy", artifact.TextValue(f.Path))
			rec.Set("size", artifact.IntValue(f.Size))
			rec.Observe(artifact.FilePath, path, "path")
			if !f.Modified.IsZero() {
				rec.WhenAt("modified", f.Modified)
			}
			rec.Summary = summary
			if !yield(&rec, nil) {
				return
			}
		}
	}
}
