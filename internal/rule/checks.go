package rule

import (
	"fmt"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/finding"
)

// checks are the conditions of the rules, by id.
var checks = map[string]Check{
	"apple_threat_notification": appleThreatNotification,
	"app_no_bundle_id":          appNoBundleID,
	"app_source_not_app_store":  appSourceNotAppStore,
	"app_without_metadata":      appWithoutMetadata,
	"datausage_gap":             dataUsageGap,
	"datausage_orphan":          dataUsageOrphan,
	"lockdown_mode_off":         lockdownModeOff,
	"lockdown_mode_on":          lockdownModeOn,
	"safari_fast_redirect":      safariFastRedirect,
	"sms_attachment_tmp":        smsAttachmentTmp,
}

// appleNotices are how Apple's threat notifications begin:
// https://support.apple.com/102174.
var appleNotices = []string{
	"ALERT: State-sponsored attackers may be targeting your iPhone",
	"ALERT: Apple detected a targeted mercenary spyware attack against your iPhone",
	"Apple detected a targeted mercenary spyware attack against your iPhone",
}

// appleThreatNotification asks for the beginning: people quote and forward
// these words, and a text that has them further down is about a notice.
func appleThreatNotification(r *artifact.Record) (string, finding.Severity, bool) {
	text := strings.TrimSpace(r.Text("text"))
	for _, notice := range appleNotices {
		if strings.HasPrefix(text, notice) && r.Text("direction") != "sent" {
			return notice, 0, true
		}
	}
	return "", 0, false
}

// smsAttachmentTmp is a trace of attachments that were handled outside their
// folder; sent ones are staged there by iOS itself.
func smsAttachmentTmp(r *artifact.Record) (string, finding.Severity, bool) {
	name := r.Text("filename")
	tmp := strings.HasPrefix(name, "/var/tmp/") || strings.HasPrefix(name, "/private/var/tmp/")
	return name, 0, tmp && strings.HasSuffix(name, "-1") && r.Text("direction") == "received"
}

// dataUsageOrphan fires on every record of its kind. Where a part of the
// processes could not be read, the entry may stand there.
func dataUsageOrphan(r *artifact.Record) (string, finding.Severity, bool) {
	id, _ := r.Get("proc_id").Int()
	reason := fmt.Sprintf("ZLIVEUSAGE.ZHASPROCESS = %d", id)
	if partial, _ := r.Get("processes_partial").Bool(); partial {
		return reason, finding.Low, true
	}
	return reason, 0, true
}

// dataUsageGap fires once a database, whatever the number of its gaps.
func dataUsageGap(r *artifact.Record) (string, finding.Severity, bool) {
	runs, _ := r.Get("runs").Int()
	missing, _ := r.Get("missing").Int()
	from, _ := r.Get("first_missing").Int()
	to, _ := r.Get("last_missing").Int()
	return fmt.Sprintf("ZPROCESS.Z_PK %d…%d: %d (%d)", from, to, missing, runs), 0, true
}

// ofApple reports an app that comes with iOS, which no store has papers of.
func ofApple(r *artifact.Record) bool { return strings.HasPrefix(r.Text("bundle_id"), "com.apple.") }

func appWithoutMetadata(r *artifact.Record) (string, finding.Severity, bool) {
	has, known := r.Get("has_metadata").Bool()
	return r.Text("bundle_id"), 0, known && !has && !ofApple(r)
}

// appNoBundleID wants metadata that was read: a name, at least.
func appNoBundleID(r *artifact.Record) (string, finding.Severity, bool) {
	read := r.Get("name").Kind() != artifact.Null || r.Get("metadata").Kind() != artifact.Null
	return r.Text("bundle_id"), 0, read && r.Get("metadata_bundle_id").Kind() == artifact.Null && !ofApple(r)
}

// appSources are how Apple's own installers name themselves.
var appSources = map[string]bool{
	"com.apple.AppStore": true, "com.apple.AppStore.ProductPageExtension": true, "com.apple.dmd": true, "dmd": true,
}

func appSourceNotAppStore(r *artifact.Record) (string, finding.Severity, bool) {
	source := r.Text("source_app")
	return r.Text("bundle_id") + " ← " + source, 0, source != "" && !appSources[source]
}

func lockdownModeOn(r *artifact.Record) (string, finding.Severity, bool) {
	on, known := lockdown(r)
	return "LDMGlobalEnabled = true", 0, known && on
}

func lockdownModeOff(r *artifact.Record) (string, finding.Severity, bool) {
	on, known := lockdown(r)
	return "LDMGlobalEnabled = false", 0, known && !on
}

func lockdown(r *artifact.Record) (on, known bool) {
	if r.Text("entry") != "LDMGlobalEnabled" {
		return false, false
	}
	switch v := r.Get("value").Tree().(type) {
	case bool:
		return v, true
	case int64:
		return v != 0, true
	}
	return false, false
}
