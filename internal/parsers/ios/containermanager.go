package ios

import (
	"context"
	"iter"
	"regexp"
	"slices"

	"github.com/amparo-project/amparo/internal/artifact"
)

// containerManager reads the log of the daemon that keeps the folders of apps.
type containerManager struct{}

var containerManagerInfo = artifact.Info{
	Name:    "ios.containermanager",
	Version: 1,
	Summary: "Folders of apps that were made and removed, as the daemon that keeps them logged it.",
	Files:   []string{"**/containermanagerd.log*", "**/containermanagerd_system.log*"},
	Kinds: []artifact.KindInfo{{
		Kind: "entry",
		Doc:  "One entry of the log.",
		Fields: slices.Concat(daemonFields, []artifact.FieldInfo{
			{Name: "action", Type: artifact.Text, Doc: "what happened: created, destroyed; absent for all else"},
			{Name: "bundle_id", Type: artifact.Text, Doc: "app, or group of apps, that is named"},
			{Name: "path", Type: artifact.Text, Doc: "file or folder named in the entry"},
		}),
		Times: []string{"logged"},
	}},
	Caveats: []string{"Times are those of the phone's clock, in a time zone that the log does not tell."},
	Refs:    []string{"https://github.com/EC-DIGIT-CSIRC/sysdiagnose/blob/main/src/sysdiagnose/parsers/containermanager.py"},
}

// Info implements artifact.Parser.
func (containerManager) Info() artifact.Info { return containerManagerInfo }

// Parse implements artifact.Parser.
func (containerManager) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	d := &daemonLog{describe: describeContainer}
	return readLines(ctx, in, d.line, d.last)
}

var (
	containerCreated   = regexp.MustCompile(`(?i)\b(?:creat(?:ed|ing)|made) .*container`)
	containerDestroyed = regexp.MustCompile(`(?i)\b(?:destroy(?:ed|ing)|delet(?:ed|ing)|remov(?:ed|ing)) .*container`)
	// namedIdentifier is an identifier after a word that introduces one.
	namedIdentifier = regexp.MustCompile(`(?:identifier|Identifier|owner|ident)["']?\s*[:=]?\s*["'(]*((?:[A-Za-z0-9_-]+\.){2,}[A-Za-z0-9_-]+)`)
)

func describeContainer(rec *artifact.Record, _ *daemonHead, message string) {
	switch {
	case containerDestroyed.MatchString(message):
		rec.Set("action", artifact.TextValue("destroyed"))
	case containerCreated.MatchString(message):
		rec.Set("action", artifact.TextValue("created"))
	}
	if m := namedIdentifier.FindStringSubmatch(message); m != nil {
		rec.Set("bundle_id", artifact.TextValue(m[1]))
		rec.Observe(artifact.AppID, m[1], "bundle_id")
	}
	observePath(rec, message)
}
