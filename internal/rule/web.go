package rule

import (
	"net/netip"
	"net/url"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// maxURL bounds what is parsed as a URL: no browser keeps a longer one.
const maxURL = 64 << 10

// urlParts is what rules ask of a URL; all empty where it is none.
type urlParts struct{ scheme, host, port, path string }

func parseURL(s string) urlParts {
	if len(s) > maxURL {
		return urlParts{}
	}
	u, err := url.Parse(s)
	if err != nil {
		return urlParts{}
	}
	return urlParts{u.Scheme, strings.ToLower(u.Hostname()), u.Port(), u.Path}
}

// site returns the domain that somebody registered, of which host is a part:
// the public suffix with one label. A host without one is its own site.
func site(host string) string {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if s, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil && !isIP(host) {
		return s
	}
	return host
}

// subdomains counts the labels before the site: 2 of a.b.example.com, 1 of
// www.example.com.mx, 0 of an address.
func subdomains(host string) int {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	s := site(host)
	if isIP(host) || len(s) >= len(host) {
		return 0
	}
	return strings.Count(host[:len(host)-len(s)], ".")
}

func isIP(host string) bool {
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil
}

// looksRandom reports a name, or a path of one part, that is short and without
// a word in it, as the published /szev4hz and /nszjpPRH: it mixes lower case
// with upper case or digits, and either has a digit between letters or hardly
// a vowel. So /signIn, /oauth2 and /HomePage do not.
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
