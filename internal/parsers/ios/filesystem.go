package ios

import (
	"context"
	"errors"
	"iter"

	"github.com/amparo-project/amparo/internal/artifact"
)

// filesystem reads the list of all files in a dump of the phone's file system.
type filesystem struct{}

var filesystemInfo = artifact.Info{
	Name:    "ios.filesystem",
	Version: 1,
	Summary: "Every file in a copy of the phone's file system, with its size and time.",
	Files:   []string{artifact.ListingPath},
	Kinds: []artifact.KindInfo{{
		Kind: "file",
		Doc:  "One file.",
		Fields: []artifact.FieldInfo{
			{Name: "path", Type: artifact.Text, Doc: "path on the phone"},
			{Name: "size", Type: artifact.Int, Doc: "bytes"},
		},
		Times: []string{"modified"},
	}},
	Caveats: []string{
		"The time is the one that the copy kept: a tool that did not keep the phone's gives that of the copying.",
		"Names of processes are not looked for among folders: ordinary files share them.",
	},
	Refs: []string{"https://docs.mvt.re/en/latest/ios/records/"},
}

// Info implements artifact.Parser.
func (filesystem) Info() artifact.Info { return filesystemInfo }

// Parse implements artifact.Parser.
func (filesystem) Parse(_ context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return func(yield func(*artifact.Record, error) bool) {
		var rec artifact.Record
		summary := func(b []byte) []byte { return appendSummary(b, rec.Text("path")) }
		for f, err := range in.Files() {
			if err != nil {
				var re *artifact.RecordError
				if !yield(nil, err) || !errors.As(err, &re) {
					return
				}
				continue
			}
			rec.Reset("file")
			rec.Loc = artifact.Location{Path: f.Path}
			path := "/" + f.Path
			rec.Set("path", artifact.TextValue(path))
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
