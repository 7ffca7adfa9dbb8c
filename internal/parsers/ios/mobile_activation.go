package ios

import (
	"context"
	"iter"
	"regexp"
	"slices"

	"github.com/amparo-project/amparo/internal/artifact"
)

// mobileActivation reads the log of the daemon that activates the phone with Apple.
type mobileActivation struct{}

var mobileActivationInfo = artifact.Info{
	Name:    "ios.mobile_activation",
	Version: 1,
	Summary: "Starts of the phone's system, its activation, and changes of its version, as the activating daemon logged it.",
	Files:   []string{"**/mobileactivationd.log*"},
	Kinds: []artifact.KindInfo{{
		Kind: "entry",
		Doc:  "One entry of the log.",
		Fields: slices.Concat(daemonFields, []artifact.FieldInfo{
			{Name: "action", Type: artifact.Text, Doc: "what happened: started, upgraded, activated; absent for all else"},
			{Name: "build_from", Type: artifact.Text, Doc: "build of the system before an upgrade"},
			{Name: "build", Type: artifact.Text, Doc: "build of the system, after an upgrade the new one"},
			{Name: "hardware_model", Type: artifact.Text, Doc: "model of the mainboard"},
		}),
		Times: []string{"logged"},
	}},
	Caveats: []string{"Times are those of the phone's clock, in a time zone that the log does not tell."},
	Refs: []string{
		"https://github.com/abrignoni/iLEAPP/blob/main/scripts/artifacts/mobileActivationLogs.py",
		"https://github.com/EC-DIGIT-CSIRC/sysdiagnose/blob/main/src/sysdiagnose/parsers/mobileactivation.py",
	},
}

// Info implements artifact.Parser.
func (mobileActivation) Info() artifact.Info { return mobileActivationInfo }

// Parse implements artifact.Parser.
func (mobileActivation) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	d := &daemonLog{describe: describeActivation}
	return readLines(ctx, in, d.line, d.last)
}

var (
	activationStart   = regexp.MustCompile(`Mobile Activation Startup`)
	activationUpgrade = regexp.MustCompile(`[Uu]pgrade from (?:build )?"?([0-9]{1,3}[A-Z][0-9]+[a-z]?)"? to (?:build )?"?([0-9]{1,3}[A-Z][0-9]+[a-z]?)`)
	activationDone    = regexp.MustCompile(`(?i)\bactivation state(?: has)?(?: changed)?.*\bActivated\b`)
	activationBuild   = regexp.MustCompile(`build[_ ]version:?\s+"?([0-9]{1,3}[A-Z][0-9]+[a-z]?)`)
	activationModel   = regexp.MustCompile(`hardware[_ ]model:?\s+"?([A-Za-z0-9]+)`)
)

func describeActivation(rec *artifact.Record, _ *daemonHead, message string) {
	switch m := activationUpgrade.FindStringSubmatch(message); {
	case m != nil:
		rec.Set("action", artifact.TextValue("upgraded"))
		rec.Set("build_from", artifact.TextValue(m[1]))
		rec.Set("build", artifact.TextValue(m[2]))
	case activationStart.MatchString(message):
		rec.Set("action", artifact.TextValue("started"))
	case activationDone.MatchString(message):
		rec.Set("action", artifact.TextValue("activated"))
	}
	if m := activationBuild.FindStringSubmatch(message); m != nil {
		rec.Set("build", artifact.TextValue(m[1]))
	}
	if m := activationModel.FindStringSubmatch(message); m != nil {
		rec.Set("hardware_model", artifact.TextValue(m[1]))
	}
}
