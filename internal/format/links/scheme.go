package links

import "strings"

// maxScheme is the longest scheme that is looked for.
const maxScheme = 32

// separators stand between a scheme and the rest, the harmless ones included.
var separators = [...]string{"://", "[:]//", "[://]", "(:)//", "(://)", ":[//]", "[:][//]"}

// separator returns the length of the separator that text starts with, 0 for none.
func separator(text string) int {
	for _, sep := range separators {
		if strings.HasPrefix(text, sep) {
			return len(sep)
		}
	}
	return 0
}

// withScheme reads the link whose separator starts at i.
func (s *scanner) withScheme(i int) (Link, int) {
	n := separator(s.text[i:])
	if n == 0 {
		return Link{}, i + 1
	}
	start, web, kind := s.scheme(i)
	if start < 0 {
		return Link{}, i + n
	}
	if n != len("://") {
		kind = Defanged
	}
	first := i + n
	end := first
	if web {
		var fanged, more bool
		end, fanged, more = hostPort(s.text, first)
		if end == first {
			return Link{}, first
		}
		if !fanged {
			kind = Defanged
		}
		if !more {
			return s.link(start, end, kind), end
		}
	}
	stop, resume := bodyEnd(s.text, end, start+MaxLen, s.quote(start))
	stop = trimEnd(s.text, first, stop, s.before(start))
	if stop <= first {
		return Link{}, resume
	}
	return s.link(start, stop, kind), resume
}

// quote returns the apostrophe if one stands before start, so that the next
// one ends the link; 0 if not.
func (s *scanner) quote(start int) byte {
	if s.before(start) == '\'' {
		return '\''
	}
	return 0
}

// webSchemes are those that a host follows, with their harmless spellings.
// The longer of two that end alike comes first.
var webSchemes = [...]struct{ written, means string }{
	{"https", "https"},
	{"http", "http"},
	{"hxxps", "https"},
	{"hxxp", "http"},
	{"h**ps", "https"},
	{"h**p", "http"},
	{"ftps", "ftps"},
	{"sftp", "sftp"},
	{"fxp", "ftp"},
	{"ftp", "ftp"},
	{"wss", "wss"},
	{"ws", "ws"},
}

// scheme finds the scheme that ends at i: where it starts (-1: there is none)
// and whether a host must follow it. A web scheme may be glued to the word
// before it ("aquíhttp://"); the short ones must stand alone.
func (s *scanner) scheme(i int) (start int, web bool, k Kind) {
	low := max(s.floor, i-maxScheme)
	start = i
	for start > low && schemeByte(s.text[start-1]) {
		start--
	}
	word := s.text[start:i]
	for _, w := range webSchemes {
		if !hasSuffixFold(word, w.written) {
			continue
		}
		if len(word) > len(w.written) && len(w.written) < 4 {
			continue
		}
		k = Full
		if w.written != w.means {
			k = Defanged
		}
		return i - len(w.written), true, k
	}
	word = strings.TrimLeft(word, "0123456789+.-*")
	if len(word) < 2 || strings.Contains(word, "*") {
		return -1, false, 0
	}
	return i - len(word), false, Full
}

func schemeByte(c byte) bool {
	return isAlnum(c) || c == '+' || c == '-' || c == '.' || c == '*'
}

func hasSuffixFold(s, suffix string) bool {
	return len(s) >= len(suffix) && strings.EqualFold(s[len(s)-len(suffix):], suffix)
}
