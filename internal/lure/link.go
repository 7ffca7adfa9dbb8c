package lure

import (
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
)

// exploitPath is the path of links to exploit servers that were published of
// 2015 to 2017: seven digits and an "s". Of 75 published links 74 have it, of
// 10,634 links in phones of others none.
var exploitPath = regexp.MustCompile(`^/[0-9]{7}s/?$`)

// maxShown bounds a link or name in a reading.
const maxShown = 512

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}

func (k *Knowledge) classify(l *Link, h *host) {
	switch i, owned := k.ownerOf(h.name); {
	case h.address:
		l.Kind = Address
	case owned:
		l.Kind = Official
		k.attribute(l, i)
	case governmentSuffix(h.name):
		l.Kind = Official
	case k.isShort(h):
		l.Kind = ShortLink
	default:
		k.suspect(l, h)
	}
}

// suspect looks at a host that belongs to nobody known.
func (k *Knowledge) suspect(l *Link, h *host) {
	if like, ok := k.like(h); ok {
		l.Kind, l.Trick = Lookalike, like.trick
		if like.institution >= 0 {
			k.attribute(l, like.institution)
		}
		return
	}
	label, _ := readable(h.label)
	switch core, all, ok := k.service.only(label); {
	case ok && core >= 1 && all >= 2:
		l.Kind = ServiceName
	case exploitPath.MatchString(h.path):
		l.Kind = ExploitPath
	case oddName(h):
		l.Kind = OddName
	}
}

func (k *Knowledge) attribute(l *Link, i int) {
	in := k.institutions[i]
	l.Of, l.Name = in.ID, in.name("any")
	if len(in.Domains) > 0 {
		l.Official = in.Domains[0]
	}
}

func (k *Knowledge) isShort(h *host) bool {
	if _, ok := k.shorteners[h.name]; ok {
		return true
	}
	_, ok := k.shorteners[h.registered]
	return ok
}

// Shortener returns who runs the service of a short link, "" where it is none:
// a laboratory can ask them where it led at the time.
func (k *Knowledge) Shortener(hostName string) string {
	h, ok := parseHost(hostName)
	if !ok {
		return ""
	}
	if who := k.shorteners[h.name]; who != "" {
		return who
	}
	return k.shorteners[h.registered]
}

// hidesHost reports a link that shows another host than the one it leads to:
// by a name before an "@", or by marks that turn the direction of reading.
func hidesHost(url string, h *host) bool {
	if strings.Contains(h.userinfo, ".") {
		return true
	}
	head := url
	if len(head) > maxURL {
		head = head[:maxURL]
	}
	return strings.IndexFunc(head, turns) >= 0
}

// oddName reports a name that nobody would choose for people to remember.
func oddName(h *host) bool {
	if strings.HasPrefix(h.label, "xn--") {
		u, err := idna.Punycode.ToUnicode(h.label)
		return err == nil && mixesAlphabets(u)
	}
	if strings.Count(h.label, "-") >= 3 {
		return true
	}
	return randomLooking(h.label)
}

func mixesAlphabets(s string) bool {
	latin, other := false, false
	for _, r := range s {
		switch {
		case !unicode.IsLetter(r):
		case unicode.Is(unicode.Latin, r):
			latin = true
		case unicode.In(r, unicode.Cyrillic, unicode.Greek, unicode.Armenian, unicode.Cherokee):
			other = true
		}
	}
	return latin && other
}

// randomLooking reports letters and digits in turn, or consonants in a row,
// as programs make them.
func randomLooking(label string) bool {
	turns, run, longest, digits := 0, 0, 0, 0
	for i := range len(label) {
		c := label[i]
		digit := c-'0' < 10
		if digit {
			digits++
		}
		if i > 0 && digit != (label[i-1]-'0' < 10) && c != '-' && label[i-1] != '-' {
			turns++
		}
		if c-'a' < 26 && !strings.ContainsRune("aeiouy", rune(c)) {
			run++
			longest = max(longest, run)
		} else {
			run = 0
		}
	}
	return turns >= 4 && digits >= 4 || longest >= 7 && len(label) >= 10
}
