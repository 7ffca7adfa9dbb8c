package rule

import (
	"fmt"
	"net"
	"net/url"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/finding"
)

// fastRedirect is the time below which a redirect leaves a person no choice,
// in milliseconds.
const fastRedirect = 1000

// safariFastRedirect looks for the injected redirects that Amnesty published
// in 2021: from a site in clear HTTP, within a second, to another site's
// sub-domain of at least the fourth level or to an unusual port, with a path
// that looks random. Ordinary browsing has fast redirects by the thousand, and
// hardly one with all of these.
func safariFastRedirect(r *artifact.Record) (string, finding.Severity, bool) {
	ms, known := r.Get("redirect_ms").Int()
	if !known || ms < 0 || ms >= fastRedirect {
		return "", 0, false
	}
	from, err := url.Parse(r.Text("url"))
	if err != nil || !strings.EqualFold(from.Scheme, "http") {
		return "", 0, false
	}
	to, err := url.Parse(r.Text("redirect_destination_url"))
	if err != nil || to.Host == "" || sameSite(from.Hostname(), to.Hostname()) {
		return "", 0, false
	}
	odd := unusualPort(to.Port()) || fourthLevel(to.Hostname())
	if !odd || !looksRandom(to.Path) {
		return "", 0, false
	}
	return fmt.Sprintf("%s → %s%s (%d ms)", from.Host, to.Host, to.Path, ms), 0, true
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
	case "", "80", "443", "8000", "8008", "8080", "8443", "8888":
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
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	suffix, _ := publicsuffix.PublicSuffix(host)
	return strings.Count(strings.TrimSuffix(host, suffix), ".") >= 3
}

// looksRandom reports a path of one part, short and without a word in it, as
// the published /szev4hz and /nszjpPRH: it mixes lower case with upper case
// or digits, and either has a digit between letters or hardly a vowel. So
// /signIn, /oauth2 and /HomePage do not.
func looksRandom(path string) bool {
	part := strings.Trim(path, "/")
	if len(part) < 5 || len(part) > 16 {
		return false
	}
	var lower, upper, digits, vowels int
	inside := false // a digit between letters
	for i := range len(part) {
		switch c := part[i]; {
		case c >= '0' && c <= '9':
			digits++
			inside = inside || i > 0 && i < len(part)-1 && isLetter(part[i-1]) && isLetter(part[i+1])
		case !isLetter(c):
			return false
		case c >= 'a':
			lower++
		default:
			upper++
		}
		if strings.IndexByte("aeiouAEIOU", part[i]) >= 0 {
			vowels++
		}
	}
	mixed := lower > 0 && upper+digits > 0
	return mixed && (inside || vowels*4 <= lower+upper)
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
