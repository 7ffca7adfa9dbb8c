package links

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// names turns host names into their ASCII form as a phone does when it looks
// them up, but lets the low lines pass that some hosts have.
var names = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false))

// hostName returns the normal form of a host as written: refanged, visible,
// lower case, in ASCII. What has no ASCII form stays as it is.
func hostName(written string) string {
	h := visible(written)
	h = undot(h)
	for i := range len(h) {
		if h[i] >= utf8.RuneSelf {
			if ascii, err := names.ToASCII(h); err == nil {
				return ascii
			}
			break
		}
	}
	return strings.ToLower(h)
}

// normal returns the URL that a link as written means.
func normal(written string, k Kind) string {
	u := visible(written)
	switch k {
	case NoScheme:
		return "http://" + u
	case Defanged:
		return refang(u)
	}
	return u
}

// refang undoes what made a link harmless.
func refang(u string) string {
	i, n := firstSeparator(u)
	if n == 0 {
		return "http://" + undot(u)
	}
	scheme := strings.ToLower(u[:i])
	for _, w := range webSchemes {
		if scheme == w.written {
			scheme = w.means
		}
	}
	return scheme + "://" + undot(u[i+n:])
}

// firstSeparator finds the separator behind the scheme that u starts with.
func firstSeparator(u string) (i, n int) {
	for i < len(u) && i <= maxScheme && schemeByte(u[i]) {
		i++
	}
	return i, separator(u[i:])
}

// undot makes harmless dots plain.
func undot(u string) string {
	if !strings.ContainsAny(u, "[({") {
		return u
	}
	var b strings.Builder
	for i := 0; i < len(u); {
		if n := dotLen(u[i:]); n > 0 {
			b.WriteByte('.')
			i += n
			continue
		}
		b.WriteByte(u[i])
		i++
	}
	return b.String()
}

// visible takes the characters out that have no width.
func visible(s string) string {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return strings.Map(func(r rune) rune {
				if isInvisible(r) {
					return -1
				}
				return r
			}, s)
		}
	}
	return s
}
