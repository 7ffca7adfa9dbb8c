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
	Files:   []string{"**/mobileactivationd.log*", "**/" + activationRequestName},
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
	}, {
		Kind: "device",
		Doc:  "What the phone told Apple of itself when it asked to be activated.",
		Fields: []artifact.FieldInfo{
			{Name: "serial_number", Type: artifact.Text, Doc: "serial number"},
			{Name: "product_type", Type: artifact.Text, Doc: "model: iPhone12,1"},
			{Name: "product_name", Type: artifact.Text, Doc: "system: iPhone OS"},
			{Name: "imei", Type: artifact.Text, Doc: "number of the device in mobile networks"},
			{Name: "meid", Type: artifact.Text, Doc: "the same in other networks"},
			{Name: "os_version", Type: artifact.Text, Doc: "version of the system"},
			{Name: "build", Type: artifact.Text, Doc: "build of the system"},
			{Name: "udid", Type: artifact.Text, Doc: "unique number of the device"},
		},
	}},
	Caveats: []string{"Times are those of the phone's clock, in a time zone that the log does not tell."},
	Refs: []string{
		"https://github.com/abrignoni/iLEAPP/blob/main/scripts/artifacts/mobileActivationLogs.py",
		"https://github.com/EC-DIGIT-CSIRC/sysdiagnose/blob/main/src/sysdiagnose/parsers/mobileactivation.py",
		"https://github.com/mvt-project/mvt/pull/917 (collection_oob_request.txt)",
	},
}

// Info implements artifact.Parser.
func (mobileActivation) Info() artifact.Info { return mobileActivationInfo }

// Parse implements artifact.Parser.
func (mobileActivation) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	if fileName(in.Path) == activationRequestName {
		a := &activationRequest{}
		return readLines(ctx, in, a.line, a.last)
	}
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
