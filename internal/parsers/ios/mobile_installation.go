package ios

import (
	"context"
	"iter"
	"regexp"
	"slices"

	"github.com/amparo-project/amparo/internal/artifact"
)

// mobileInstallation reads the log of the daemon that installs apps.
type mobileInstallation struct{}

var mobileInstallationInfo = artifact.Info{
	Name:    "ios.mobile_installation",
	Version: 1,
	Summary: "Apps that were installed, updated and removed, as the installing daemon logged it.",
	Files:   []string{"**/mobile_installation.log*", "**/mobile_installation_helper.log*"},
	Kinds: []artifact.KindInfo{{
		Kind: "entry",
		Doc:  "One entry of the log.",
		Fields: slices.Concat(daemonFields, []artifact.FieldInfo{
			{Name: "action", Type: artifact.Text, Doc: "what happened: install, installed, update, uninstall, container_made, container_destroyed, reboot; absent for all else"},
			{Name: "bundle_id", Type: artifact.Text, Doc: "app, or group of apps, that it happened to"},
			{Name: "path", Type: artifact.Text, Doc: "file or folder named in the entry"},
		}),
		Times: []string{"logged"},
	}},
	Caveats: []string{
		"The phone keeps the log of a few weeks.",
		"Times are those of the phone's clock, in a time zone that the log does not tell.",
	},
	Refs: []string{
		"https://github.com/abrignoni/iLEAPP/blob/main/scripts/artifacts/mobileInstall.py",
		"https://github.com/EC-DIGIT-CSIRC/sysdiagnose/blob/main/src/sysdiagnose/parsers/mobileinstallation.py",
	},
}

// Info implements artifact.Parser.
func (mobileInstallation) Info() artifact.Info { return mobileInstallationInfo }

// Parse implements artifact.Parser.
func (mobileInstallation) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	d := &daemonLog{describe: describeInstallation}
	return readLines(ctx, in, d.line, d.last)
}

// installationActions are the messages that tell what happened to an app. The
// first group, where there is one, is the app's identifier.
var installationActions = []struct {
	action string
	form   *regexp.Regexp
}{
	{"installed", regexp.MustCompile(`Install Successful for (?:\([^:)]*:)?([A-Za-z0-9._-]+)`)},
	{"update", regexp.MustCompile(`Attempting Delta patch update of ([A-Za-z0-9._-]+)`)},
	{"uninstall", regexp.MustCompile(`[Uu]ninstall(?:ing)? identifier ([A-Za-z0-9._-]+)`)},
	{"container_destroyed", regexp.MustCompile(`Destroying (?:data )?container(?:s)? with identifier ([A-Za-z0-9._-]+)`)},
	{"container_made", regexp.MustCompile(`(?:Made container live for|Data container for) ([A-Za-z0-9._-]+)`)},
	{"install", regexp.MustCompile(`^Install(?:ing|ation)? (?:of|for) <?.*?(?:bundleID|identifier)[ =:"]+([A-Za-z0-9._-]+)`)},
	{"install", regexp.MustCompile(`Installing <MIInstallableBundle ID=([A-Za-z0-9._-]+)`)},
	{"reboot", regexp.MustCompile(`[Rr]eboot detected`)},
}

// loggedPath is a path in an entry.
var loggedPath = regexp.MustCompile(`(?:/private)?/var/[^\s"',;)\]]+`)

func describeInstallation(rec *artifact.Record, _ *daemonHead, message string) {
	for _, a := range installationActions {
		m := a.form.FindStringSubmatch(message)
		if m == nil {
			continue
		}
		rec.Set("action", artifact.TextValue(a.action))
		if len(m) > 1 {
			rec.Set("bundle_id", artifact.TextValue(m[1]))
			rec.Observe(artifact.AppID, m[1], "bundle_id")
		}
		break
	}
	observePath(rec, message)
}

// observePath notes the first path that an entry names.
func observePath(rec *artifact.Record, message string) {
	if path := loggedPath.FindString(message); path != "" {
		rec.Set("path", artifact.TextValue(path))
		rec.Observe(artifact.FilePath, devicePath(path), "path")
	}
}
