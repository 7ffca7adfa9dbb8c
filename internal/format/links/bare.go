package links

import (
	"net/netip"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// bare reads a link without a scheme around the first dot of its host, which
// is text[dot:next].
func (s *scanner) bare(dot, next int) (Link, int) {
	start := s.labelStart(dot)
	if start == dot || labelEnd(s.text, next, len(s.text)) == next {
		return Link{}, next
	}
	h := readHost(s.text, start)
	switch {
	case h.labels < 2 || h.end < next:
		return Link{}, next
	case separator(s.text[h.end:]) > 0: // a scheme with dots
		return Link{}, h.end
	case s.inAddress(start), beforeAddress(s.text[h.end:]), s.inPath(start):
		return Link{}, h.end
	}
	g := guess{written: s.text[h.start:h.end], defanged: !h.fanged}
	g.name = hostName(g.written)
	g.address = isDigit(g.name[len(g.name)-1]) && isAddress(g.name)
	if !g.address && !listed(g.name) {
		return Link{}, h.end
	}
	return s.finish(h, g)
}

// finish adds port and path to a host that exists, or could, and decides
// whether it is a link.
func (s *scanner) finish(h host, g guess) (Link, int) {
	port := portEnd(s.text, h.end)
	g.port = port > h.end
	end, resume := port, port
	if g.address && !g.port && !letterAt(s.text, port+1) {
		// "10.0.0.0/8" is no path.
	} else if port < len(s.text) && strings.IndexByte("/?#", s.text[port]) >= 0 {
		end, resume = bodyEnd(s.text, port, h.start+MaxLen, s.quote(h.start))
		end = trimEnd(s.text, port, end, s.before(h.start))
		g.path = end > port
	}
	g.alone = s.alone(h.start, end)
	if g.path || s.proseAfter(end) && g.standsAlone() {
		kind := NoScheme
		if g.defanged {
			kind = Defanged
		}
		return s.link(h.start, end, kind), resume
	}
	return Link{}, h.end
}

// labelStart returns where the label before the dot starts: dot if there is
// none. It ends where a script without spaces meets one with spaces.
func (s *scanner) labelStart(dot int) int {
	low := max(s.floor, dot-maxHost)
	i, last := dot, dot
	var glued, known bool
	for i > low {
		c, n := classBefore(s.text, i)
		if c != hosty && c != invisible {
			break
		}
		if c == hosty {
			u := n > 1 && unspacedAt(s.text[i-n:])
			if known && u != glued {
				break
			}
			glued, known = u, true
			if b := s.text[i-n]; b != '-' && b != '_' {
				last = i - n
			}
		}
		i -= n
	}
	return last
}

// inAddress reports whether the host at start is that of an e-mail address.
func (s *scanner) inAddress(start int) bool {
	b := s.text[max(0, start-3):start]
	return strings.HasSuffix(b, "@") || b == "[@]" || b == "(@)"
}

// beforeAddress reports whether what looks like a host is the beginning of an
// e-mail address that goes on with rest: "juan.mx" of "juan.mx+2@x.org".
func beforeAddress(rest string) bool {
	const longest = 64 // of a local part
	for i := 0; i < len(rest) && i < longest; i++ {
		c := rest[i]
		switch {
		case c == '@':
			return i+1 < len(rest) && asciiClass[rest[i+1]&0x7f] == hosty
		case !isAlnum(c) && strings.IndexByte("._%+-", c) < 0:
			return strings.HasPrefix(rest[i:], "[@]") || strings.HasPrefix(rest[i:], "(@)")
		}
	}
	return false
}

// inPath reports whether the host at start is part of a path of files. A
// reference without a scheme ("//x.org/a") is not.
func (s *scanner) inPath(start int) bool {
	switch s.before(start) {
	case '/':
		return start < 2 || s.text[start-2] != '/'
	case '\\', '@', '$':
		return true
	}
	return false
}

// alone reports whether text[start:end] is all that its line holds.
func (s *scanner) alone(start, end int) bool {
	const far = 64
	for i := start; i > 0; {
		c, n := classBefore(s.text, i)
		if b := s.text[i-1]; b == '\n' {
			break
		} else if c != invisible && b != ' ' && b != '\t' || start-i > far {
			return false
		}
		i -= n
	}
	for i := end; i < len(s.text); {
		c, n := classAt(s.text, i)
		if b := s.text[i]; b == '\n' || b == '\r' {
			break
		} else if c != invisible && b != ' ' && b != '\t' || i-end > far {
			return false
		}
		i += n
	}
	return true
}

// proseAfter reports whether text may follow a link at end, and not the rest
// of a line of code ("os.name()", "spring.name=x").
func (s *scanner) proseAfter(end int) bool {
	return end >= len(s.text) || s.text[end] != '(' && s.text[end] != '='
}

// letterAt reports whether text has a letter at i.
func letterAt(text string, i int) bool {
	return i < len(text) && isAlnum(text[i]) && !isDigit(text[i])
}

func isAddress(name string) bool {
	ip, err := netip.ParseAddr(name)
	return err == nil && ip.Is4()
}

// listed reports whether name is a host below a suffix of the public suffix
// list, or a suffix that its private section lists.
func listed(name string) bool {
	if len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
	}
	suffix, icann := publicsuffix.PublicSuffix(name)
	if !icann {
		return strings.Contains(suffix, ".")
	}
	return len(suffix) < len(name)
}
