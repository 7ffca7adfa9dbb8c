package lure

import (
	"net/netip"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// A host is a host name taken apart.
type host struct {
	name       string // lower case, ASCII, as looked up
	registered string // name below the public suffix, "" for an address or a suffix
	suffix     string // the public suffix
	label      string // the label before the suffix
	below      string // what stands before registered, without its dot; "" if nothing
	address    bool   // an IP address
	userinfo   string // what stood before an "@"
	path       string // path and query
}

// maxURL bounds a link that is looked at, in bytes; of a longer one the
// beginning tells where it leads.
const maxURL = 4096

// maxHost is the longest host name.
const maxHost = 253

// names turns a host into its ASCII form as a phone does when it looks it up.
var names = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false))

// parseHost takes a link or a host name apart as a browser does: what follows
// the last "@" before the path is the host.
func parseHost(link string) (host, bool) {
	var h host
	if len(link) > maxURL {
		link = link[:maxURL]
	}
	rest := strings.Trim(link, " \t\r\n\x00")
	if i := strings.Index(rest, "://"); i >= 0 && i < 16 {
		rest = rest[i+3:]
	} else {
		rest = strings.TrimPrefix(rest, "//")
	}
	if i := strings.IndexAny(rest, `/?#\`); i >= 0 {
		rest, h.path = rest[:i], rest[i:]
	}
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		h.userinfo, rest = rest[:i], rest[i+1:]
	}
	rest = withoutPort(rest)
	if ip, err := netip.ParseAddr(strings.Trim(rest, "[].")); err == nil {
		h.name, h.address = ip.Unmap().WithZone("").String(), true
		return h, true
	}
	if h.name = normalHost(rest); h.name == "" || len(h.name) > maxHost || !strings.Contains(h.name, ".") {
		return h, false
	}
	h.split()
	return h, true
}

func withoutPort(s string) string {
	if strings.HasPrefix(s, "[") {
		if end := strings.IndexByte(s, ']'); end > 0 {
			return s[1:end]
		}
	}
	if i := strings.LastIndexByte(s, ':'); i >= 0 && strings.IndexByte(s, ':') == i {
		return s[:i]
	}
	return s
}

func normalHost(s string) string {
	plain := true
	for i := range len(s) {
		if c := s[i]; c >= utf8.RuneSelf || c-'A' < 26 {
			plain = false
			break
		}
	}
	s = strings.Trim(s, ".")
	if plain {
		return s
	}
	if len(s) > 4*maxHost {
		return ""
	}
	s = strings.Map(dropInvisible, s)
	if ascii, err := names.ToASCII(s); err == nil {
		return strings.Trim(ascii, ".")
	}
	return strings.ToLower(s)
}

func (h *host) split() {
	h.suffix, _ = publicsuffix.PublicSuffix(h.name)
	if len(h.suffix) >= len(h.name) {
		return
	}
	head := h.name[:len(h.name)-len(h.suffix)-1]
	if i := strings.LastIndexByte(head, '.'); i >= 0 {
		h.below, h.label = head[:i], head[i+1:]
	} else {
		h.label = head
	}
	h.registered = h.label + "." + h.suffix
}

// governmentSuffixes are suffixes below which only governments, courts and
// armed forces register.
var governmentSuffixes = []string{
	"gov", "mil", "gob.mx", "gov.uk", "gob.es", "gouv.fr", "gc.ca", "gov.au", "gob.ar", "gob.cl", "gob.gt", "gob.sv", "gob.hn", "gob.ni",
	"gob.pe", "gob.ec", "gob.ve", "gob.bo", "gob.pa", "gob.do", "gub.uy", "gov.py", "gov.co", "gov.br", "go.cr", "europa.eu", "int",
	"mil.mx", "gov.in", "gov.il", "gov.it", "gov.pl", "gov.pt", "admin.ch", "bund.de", "gov.za", "gov.ie", "govt.nz", "nhs.uk", "police.uk", "go.jp", "mil.co",
}

// governmentSuffix reports whether a name is one of governmentSuffixes or
// stands below one.
func governmentSuffix(name string) bool {
	for _, s := range governmentSuffixes {
		if below(name, s) {
			return true
		}
	}
	return false
}

// below reports whether name is domain, or a name below it.
func below(name, domain string) bool {
	return len(name) >= len(domain) && strings.HasSuffix(name, domain) &&
		(len(name) == len(domain) || name[len(name)-len(domain)-1] == '.')
}
