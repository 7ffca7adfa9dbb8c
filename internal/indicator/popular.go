package indicator

import (
	_ "embed"
	"strings"
)

// Lists of hosts, each line with a name; what they are and where they come
// from stands at their top.
var (
	//go:embed data/popular_hosts.txt
	popularHosts string
	//go:embed data/short_links.txt
	shortLinks string

	popularSet = hostSet(popularHosts)
	shortSet   = hostSet(shortLinks)
)

func hostSet(text string) map[string]bool {
	set := map[string]bool{}
	for line := range strings.Lines(text) {
		if value, _ := cleanLine(line); value != "" {
			set[value] = true
		}
	}
	return set
}

// isPopular reports whether an indicator is a host that many people use for
// ordinary things: itself on one of the lists, not a name below it, which one
// of its customers may have to himself.
func isPopular(k kind, key string) bool {
	if k != kindDomain {
		return false
	}
	key = strings.TrimPrefix(key, "www.")
	return popularSet[key] || shortSet[key]
}

// ShortLink returns the service that a URL is a short link of: what is behind
// it only the service's operator can say. "" if it is none, or names the
// service alone.
func ShortLink(url string) string {
	p := splitObserved(url)
	host := strings.TrimPrefix(string(appendHost(nil, p.host)), "www.")
	rest := strings.Trim(p.rest, "/")
	if !shortSet[host] || rest == "" || strings.HasPrefix(rest, "#") {
		return ""
	}
	return host
}
