package rule

import (
	"fmt"
	"net"
	"net/url"
	"strings"
	"unicode"

	"golang.org/x/net/publicsuffix"

	"github.com/amparo-project/amparo/internal/artifact"
)

// checks are the conditions of the rules, by id.
var checks = map[string]Check{
	"apple_threat_notification": appleThreatNotification,
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
func appleThreatNotification(r *artifact.Record) (string, bool) {
	text := strings.TrimSpace(r.Text("text"))
	for _, notice := range appleNotices {
		if strings.HasPrefix(text, notice) && r.Text("direction") != "sent" {
			return notice, true
		}
	}
	return "", false
}

// smsAttachmentTmp is a trace of attachments that were handled outside their
// folder; sent ones are staged there by iOS itself.
func smsAttachmentTmp(r *artifact.Record) (string, bool) {
	name := r.Text("filename")
	tmp := strings.HasPrefix(name, "/var/tmp/") || strings.HasPrefix(name, "/private/var/tmp/")
	return name, tmp && strings.HasSuffix(name, "-1") && r.Text("direction") == "received"
}

func dataUsageOrphan(r *artifact.Record) (string, bool) {
	id, _ := r.Get("proc_id").Int()
	return fmt.Sprintf("network use recorded for process entry %d, which is gone", id), true
}

func dataUsageGap(r *artifact.Record) (string, bool) {
	from, _ := r.Get("first_missing").Int()
	to, _ := r.Get("last_missing").Int()
	if from == to {
		return fmt.Sprintf("process entry %d", from), true
	}
	return fmt.Sprintf("process entries %d to %d", from, to), true
}

func appWithoutMetadata(r *artifact.Record) (string, bool) {
	has, known := r.Get("has_metadata").Bool()
	return r.Text("bundle_id"), known && !has && !strings.HasPrefix(r.Text("bundle_id"), "com.apple.")
}

// appSources are how Apple's own installers name themselves.
var appSources = map[string]bool{
	"com.apple.AppStore": true, "com.apple.AppStore.ProductPageExtension": true, "com.apple.dmd": true, "dmd": true,
}

func appSourceNotAppStore(r *artifact.Record) (string, bool) {
	source := r.Text("source_app")
	return r.Text("bundle_id") + " from " + source, source != "" && !appSources[source]
}

func lockdownModeOn(r *artifact.Record) (string, bool) {
	on, known := lockdown(r)
	return "LDMGlobalEnabled is true", known && on
}

func lockdownModeOff(r *artifact.Record) (string, bool) {
	on, known := lockdown(r)
	return "LDMGlobalEnabled is false", known && !on
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

// fastRedirect is the time below which a redirect leaves a person no choice,
// in milliseconds.
const fastRedirect = 1000

// safariFastRedirect looks for the injected redirects that Amnesty published
// in 2021: from a site in clear HTTP, within a second, to another site's
// sub-domain of at least the fourth level or to an unusual port, with a path
// that looks random. Ordinary browsing has fast redirects by the thousand, and
// none with all of these.
func safariFastRedirect(r *artifact.Record) (string, bool) {
	ms, known := r.Get("redirect_ms").Int()
	if !known || ms < 0 || ms >= fastRedirect {
		return "", false
	}
	from, err := url.Parse(r.Text("url"))
	if err != nil || !strings.EqualFold(from.Scheme, "http") {
		return "", false
	}
	to, err := url.Parse(r.Text("redirect_destination_url"))
	if err != nil || to.Host == "" || sameSite(from.Hostname(), to.Hostname()) {
		return "", false
	}
	odd := unusualPort(to.Port()) || fourthLevel(to.Hostname())
	if !odd || !looksRandom(to.Path) {
		return "", false
	}
	return fmt.Sprintf("%s redirected to %s after %d ms", from.Hostname(), to.Host, ms), true
}

func sameSite(a, b string) bool {
	if strings.EqualFold(a, b) {
		return true
	}
	sa, errA := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(a))
	sb, errB := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(b))
	return errA == nil && errB == nil && sa == sb
}

func unusualPort(port string) bool {
	switch port {
	case "", "80", "443", "8080", "8443":
		return false
	}
	return true
}

// fourthLevel reports a host of at least four labels, the public suffix
// counted as one: a.b.example.com, not www.example.com.mx.
func fourthLevel(host string) bool {
	if net.ParseIP(host) != nil {
		return false
	}
	suffix, _ := publicsuffix.PublicSuffix(strings.ToLower(host))
	return strings.Count(strings.TrimSuffix(host, suffix), ".") >= 3
}

// looksRandom reports a path of one short part that mixes letters and digits,
// or upper and lower case, as in /nszjpPRH.
func looksRandom(path string) bool {
	part := strings.Trim(path, "/")
	if len(part) < 5 || len(part) > 32 || strings.ContainsAny(part, "/.-_") {
		return false
	}
	var lower, upper, digit bool
	for _, c := range part {
		lower = lower || unicode.IsLower(c)
		upper = upper || unicode.IsUpper(c)
		digit = digit || unicode.IsDigit(c)
	}
	return lower && (upper || digit)
}
