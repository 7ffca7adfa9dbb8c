package indicator

import (
	"net/netip"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// parts are the parts of a URL, as written. A host alone is one too.
type parts struct {
	scheme string // without "://"; "" if none
	host   string // without user, port and brackets
	port   string
	rest   string // path, query and fragment
}

// split takes a URL apart as a browser does: what follows the last "@" before
// the first "/", "?", "#" or "\" is the host, whatever a reader may take for it.
func split(u string) parts {
	var p parts
	u = strings.Trim(u, " \t\r\n\x00")
	if i := strings.Index(u, "://"); i > 0 && isScheme(u[:i]) {
		p.scheme, u = u[:i], u[i+3:]
	} else {
		u = strings.TrimPrefix(u, "//")
	}
	if i := strings.IndexAny(u, `/?#\`); i >= 0 {
		u, p.rest = u[:i], u[i:]
	}
	if i := strings.LastIndexByte(u, '@'); i >= 0 {
		u = u[i+1:]
	}
	p.host, p.port = splitPort(u)
	return p
}

func isScheme(s string) bool {
	if s[0]|0x20-'a' >= 26 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c|0x20-'a' >= 26 && c-'0' >= 10 && c != '+' && c != '-' && c != '.' {
			return false
		}
	}
	return true
}

// splitPort takes a port off a host, and the brackets off an address.
func splitPort(s string) (host, port string) {
	if strings.HasPrefix(s, "[") {
		if end := strings.IndexByte(s, ']'); end > 0 {
			return s[1:end], strings.TrimPrefix(s[end+1:], ":")
		}
	}
	i := strings.LastIndexByte(s, ':')
	if i < 0 || strings.IndexByte(s, ':') != i { // none, or an address without brackets
		return s, ""
	}
	for j := i + 1; j < len(s); j++ {
		if s[j]-'0' >= 10 {
			return s, ""
		}
	}
	return s[:i], s[i+1:]
}

// parseIP reads an address as written in a URL or alone. IPv4 in IPv6 is IPv4;
// a zone is left out.
func parseIP(host string) (netip.Addr, bool) {
	if host == "" || !maybeIP(host) {
		return netip.Addr{}, false
	}
	ip, err := netip.ParseAddr(strings.TrimSuffix(host, "."))
	if err != nil {
		return netip.Addr{}, false
	}
	return ip.Unmap().WithZone(""), true
}

// maybeIP tells most names from addresses at no cost.
func maybeIP(host string) bool {
	if strings.IndexByte(host, ':') >= 0 {
		return true
	}
	last := host[len(host)-1]
	return (last-'0' < 10 || last == '.') && host[0]-'0' < 10
}

// names turns host names into their ASCII form as a phone does when it looks
// them up, but lets the low lines pass that some hosts have.
var names = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false))

// appendHost appends the normal form of a host name: lower case, ASCII,
// without dots at its end.
func appendHost(dst []byte, host string) []byte {
	from := len(dst)
	for i := range len(host) {
		c := host[i]
		if c >= utf8.RuneSelf || c == '%' || c < ' ' {
			return appendRareHost(dst[:from], host)
		}
		if c-'A' < 26 {
			c |= 0x20
		}
		dst = append(dst, c)
	}
	for len(dst) > from && dst[len(dst)-1] == '.' {
		dst = dst[:len(dst)-1]
	}
	return dst
}

// appendRareHost is appendHost for percent-encoding, control characters and
// letters beyond ASCII.
func appendRareHost(dst []byte, host string) []byte {
	if len(host) > 4*maxHost {
		return dst
	}
	host = unpercent(host)
	host = strings.Map(func(r rune) rune {
		if r < ' ' || r == utf8.RuneError {
			return -1
		}
		return r
	}, host)
	if ascii, err := names.ToASCII(host); err == nil || ascii != "" {
		host = ascii
	}
	return append(dst, strings.TrimRight(strings.ToLower(host), ".")...)
}

// maxHost is the longest host name, in bytes of its normal form.
const maxHost = 253

// unpercent decodes %XX; what is no such thing stays.
func unpercent(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			hi, lo := fromHex(s[i+1]|0x20), fromHex(s[i+2]|0x20)
			if hi >= 0 && lo >= 0 {
				b.WriteByte(byte(hi<<4 | lo))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
