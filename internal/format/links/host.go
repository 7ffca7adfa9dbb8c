package links

import (
	"strings"
	"unicode/utf8"
)

// maxHost bounds a host as written: 253 characters, with room for invisible
// ones, letters of several bytes and harmless dots.
const maxHost = 1024

// dots are the ways to write a dot harmlessly.
var dots = [...]string{"[.]", "(.)", "{.}", "[dot]", "(dot)", "{dot}"}

// dotLen returns the length of the dot that text starts with, plain or
// harmless; 0 if it starts with none.
func dotLen(text string) int {
	if text == "" {
		return 0
	}
	switch text[0] {
	case '.':
		return 1
	case '[', '(', '{':
		for _, d := range dots {
			if len(text) >= len(d) && strings.EqualFold(text[:len(d)], d) {
				return len(d)
			}
		}
	}
	return 0
}

// A host is a host name as written in a text.
type host struct {
	start, end int
	labels     int
	last       int  // where the last label starts
	fanged     bool // no dot is written harmlessly
}

// readHost reads the labels that start at i, with dots between them. The host
// does not end in a hyphen, a low line or an invisible character.
func readHost(text string, i int) host {
	h := readLabels(text, i)
	for h.end > h.last {
		c, n := classBefore(text, h.end)
		if b := text[h.end-1]; c != invisible && b != '-' && b != '_' {
			break
		}
		h.end -= n
	}
	return h
}

func readLabels(text string, i int) host {
	h := host{start: i, end: i, last: i, fanged: true}
	for {
		end := labelEnd(text, i, h.start+maxHost)
		if end == i {
			return h
		}
		h.labels++
		h.last, h.end = i, end
		n := dotLen(text[end:])
		if n == 0 || end+n >= len(text) || labelEnd(text, end+n, h.start+maxHost) == end+n {
			return h
		}
		h.fanged = h.fanged && n == 1
		i = end + n
	}
}

// labelEnd returns where the label at i ends. One that begins in a script
// with spaces ends where a script without begins: "com查看" is "com".
func labelEnd(text string, i, limit int) int {
	start, ascii := i, false
	for i < len(text) && i < limit {
		c, n := classAt(text, i)
		switch {
		case c == invisible:
		case c != hosty, n > 1 && ascii && unspacedAt(text[i:]):
			return i
		case n == 1:
			ascii = ascii || i == start
		}
		i += n
	}
	return i
}

// unspacedAt is unspaced for the first character of text.
func unspacedAt(text string) bool {
	r, _ := utf8.DecodeRuneInString(text)
	return unspaced(r)
}

// hostPort reads what follows "http://": user information, host and port. It
// returns their end (start if there is no host), whether no dot is written
// harmlessly, and whether a path, query or fragment may follow.
func hostPort(text string, start int) (end int, fanged, more bool) {
	limit := min(len(text), start+MaxLen)
	stopAt, at := start, -1
	for stopAt < limit {
		c, n := classAt(text, stopAt)
		if c == stop || strings.IndexByte(`/?#\`, text[stopAt]) >= 0 {
			break
		}
		if text[stopAt] == '@' {
			at = stopAt
		}
		stopAt += n
	}
	from := start
	if at >= 0 && (at == start || text[at-1] != '[') {
		from = at + 1
	}
	end, fanged = hostAt(text, from)
	if end == from {
		return start, fanged, false
	}
	end = portEnd(text, end)
	return end, fanged, end < len(text) && strings.IndexByte(`/?#\`, text[end]) >= 0
}

// hostAt reads a host name, an address in brackets, or percent-encoding.
func hostAt(text string, i int) (end int, fanged bool) {
	if n := addressLen(text[i:]); n > 0 {
		return i + n, true
	}
	h := readHost(text, i)
	for h.end < len(text) && text[h.end] == '%' && h.end-h.start < maxHost {
		more := readHost(text, h.end+1)
		if more.end == h.end+1 {
			break
		}
		h.end, h.last, h.fanged = more.end, more.last, h.fanged && more.fanged
	}
	return h.end, h.fanged
}

// addressLen returns the length of the IPv6 address in brackets that text
// starts with, 0 for none.
func addressLen(text string) int {
	if text == "" || text[0] != '[' {
		return 0
	}
	const longest = len("[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255%25interface0000]")
	end := strings.IndexByte(text[:min(len(text), longest)], ']')
	if end < 3 || strings.Count(text[:end], ":") < 2 {
		return 0
	}
	return end + 1
}

// portEnd returns where the port behind a host ends, i if there is none.
func portEnd(text string, i int) int {
	if i >= len(text) || text[i] != ':' {
		return i
	}
	end := i + 1
	for end < len(text) && end-i <= 5 && isDigit(text[end]) {
		end++
	}
	if end == i+1 {
		return i
	}
	return end
}
