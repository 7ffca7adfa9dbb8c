package indicator

import (
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// A scopeRule narrows where indicators of a type mean anything.
//
// The first half of the scope is the type of the observable: a process name
// is compared with observables of type process alone, never with the names or
// paths of files, because two of the published names ("BackupAgent",
// "payload") are files of clean phones. What a parser observes as a process
// ran: network usage, crash and shutdown logs, permission prompts.
//
// The second half is this table. A rule without a value counts for all values
// of its type; a rule with one counts for it alone and goes first.
type scopeRule struct {
	kind      kind
	value     string
	artifacts []string // where it is valid; "ios.*" stands for all of a platform
	why       string
}

var scopeRules = []scopeRule{
	{
		kind:      kindProcess,
		value:     "gatekeeperd",
		artifacts: []string{"ios.*"},
		why: "on Android a service of every phone, which keeps the screen lock " +
			"(https://source.android.com/docs/security/features/authentication/gatekeeper)",
	},
	{
		kind:  kindProcess,
		value: "BackupAgent",
		artifacts: []string{
			"ios.datausage", "ios.netusage", "ios.os_analytics_ad_daily",
		},
		why: "a program of every iPhone, which has no reason to use the network: only traffic in its name is a trace " +
			"(KasperskyLab/triangle_check)",
	},
}

// valid reports whether an indicator's term means anything in the artifact.
func valid(k kind, key string, artifactName string) bool {
	for i := range scopeRules {
		r := &scopeRules[i]
		if r.kind != k || r.value != "" && r.value != key {
			continue
		}
		for _, a := range r.artifacts {
			if platform, all := strings.CutSuffix(a, "*"); a == artifactName || all && strings.HasPrefix(artifactName, platform) {
				return true
			}
		}
		return false
	}
	return true
}

// Scope says for people where an indicator is valid: the types of observable
// that it is compared with, the artifacts if only some, and the reason for it.
func (d *Indicator) Scope() (types []artifact.ObservableType, artifacts []string, why string) {
	types = comparedWith[d.kind]
	for i := range scopeRules {
		if r := &scopeRules[i]; r.kind == d.kind && (r.value == "" || r.value == d.key) {
			return types, r.artifacts, r.why
		}
	}
	return types, nil, ""
}

// comparedWith lists the observables that an indicator can match in.
var comparedWith = [...][]artifact.ObservableType{
	kindDomain:    {artifact.Domain, artifact.URL},
	kindURL:       {artifact.URL},
	kindURLPrefix: {artifact.URL},
	kindIP:        {artifact.IP, artifact.Domain, artifact.URL},
	kindProcess:   {artifact.Process},
	kindFileName:  {artifact.FileName, artifact.FilePath},
	kindFilePath:  {artifact.FilePath, artifact.Process}, // a process that runs from there
	kindFileHash:  {artifact.FileHash},
	kindEmail:     {artifact.Email},
	kindAppID:     {artifact.AppID},
	kindCertHash:  {artifact.CertHash},
	kindProfileID: {artifact.ProfileID},
	kindProperty:  {artifact.AndroidProperty},
	kindPhone:     {artifact.Phone},
	kindAllOf:     {}, // those of its terms
}
