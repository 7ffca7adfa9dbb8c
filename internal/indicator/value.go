package indicator

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// appendKey appends what is compared of a value of one of the simple kinds.
func appendKey(dst []byte, k kind, value string) []byte {
	switch k {
	case kindEmail:
		return appendEmail(dst, value)
	case kindAppID, kindProfileID:
		return appendFolded(dst, value)
	case kindFileHash, kindCertHash:
		return appendHex(dst, value)
	case kindPhone:
		return appendPhone(dst, value)
	}
	return append(dst, value...)
}

// appendURL appends the normal form of a URL: without scheme where it is http
// or https, without user, default port, fragment, and the slash at the end of
// a path.
func appendURL(dst []byte, p parts) []byte {
	web := p.scheme == "" || strings.EqualFold(p.scheme, "http") || strings.EqualFold(p.scheme, "https")
	if !web {
		dst = append(appendFolded(dst, p.scheme), "://"...)
	}
	dst = appendHost(dst, p.host)
	usual := web && (p.port == "80" || p.port == "443")
	if p.port != "" && !usual {
		dst = append(append(dst, ':'), p.port...)
	}
	rest := p.rest
	if i := strings.IndexByte(rest, '#'); i >= 0 {
		rest = rest[:i]
	}
	if strings.HasSuffix(rest, "/") && strings.IndexByte(rest, '?') < 0 {
		rest = rest[:len(rest)-1]
	}
	from := len(dst)
	dst = append(dst, rest...)
	for i := from; web && i < len(dst) && dst[i] != '?'; i++ {
		if dst[i] == '\\' {
			dst[i] = '/'
		}
	}
	return dst
}

// appendFolded appends s in lower case.
func appendFolded(dst []byte, s string) []byte {
	for i := range len(s) {
		c := s[i]
		if c >= utf8.RuneSelf {
			return append(dst, strings.ToLower(s[i:])...)
		}
		if c-'A' < 26 {
			c |= 0x20
		}
		dst = append(dst, c)
	}
	return dst
}

// appendEmail appends an address in lower case, without "mailto:".
func appendEmail(dst []byte, s string) []byte {
	s = strings.TrimSpace(s)
	if len(s) > 7 && strings.EqualFold(s[:7], "mailto:") {
		s = s[7:]
		if i := strings.IndexByte(s, '?'); i >= 0 {
			s = s[:i]
		}
	}
	return appendFolded(dst, s)
}

// appendHex appends the digits of a hash in lower case, without colons,
// hyphens and spaces; nothing if another character is among them.
func appendHex(dst []byte, s string) []byte {
	from := len(dst)
	for i := range len(s) {
		c := s[i]
		switch {
		case c-'A' < 6:
			dst = append(dst, c|0x20)
		case c-'0' < 10, c-'a' < 6:
			dst = append(dst, c)
		case c == ':' || c == ' ' || c == '-':
		default:
			return dst[:from]
		}
	}
	return dst
}

// appendPhone appends a number's digits, with a leading plus for "+" and "00".
// Nothing if it has letters, or too few digits to be anybody's.
func appendPhone(dst []byte, s string) []byte {
	const fewest = 5
	from := len(dst)
	s = strings.TrimPrefix(strings.TrimSpace(s), "tel:")
	for i, r := range s {
		switch {
		case r >= '0' && r <= '9':
			dst = append(dst, byte(r))
		case r == '+' && len(dst) == from:
			dst = append(dst, '+')
		case unicode.IsLetter(r), r == '@', i > 64:
			return dst[:from]
		}
	}
	if len(dst) > from+2 && dst[from] == '0' && dst[from+1] == '0' {
		dst = append(dst[:from+1], dst[from+2:]...)
		dst[from] = '+'
	}
	if len(dst)-from < fewest {
		return dst[:from]
	}
	return dst
}

// appendPath appends a path without empty and "." components, and with the
// names that iOS gives its folders: /private/var is /var. A folder's slash at
// the end is taken off.
func appendPath(dst []byte, s string) []byte {
	s = strings.TrimPrefix(s, "file://")
	from := len(dst)
	for len(s) > 0 {
		slash := strings.IndexByte(s, '/')
		part := s
		if slash >= 0 {
			part = s[:slash]
		}
		if part != "" && part != "." {
			dst = append(dst, part...)
		}
		if slash < 0 {
			break
		}
		if len(dst) == from || dst[len(dst)-1] != '/' {
			dst = append(dst, '/')
		}
		s = s[slash+1:]
	}
	if len(dst) > from+1 && dst[len(dst)-1] == '/' {
		dst = dst[:len(dst)-1]
	}
	return unprivate(dst, from)
}

// unprivate takes "/private" off the path dst[from:] where iOS has a link of
// the same meaning without it.
func unprivate(dst []byte, from int) []byte {
	const private = "/private"
	path := dst[from:]
	if !bytes.HasPrefix(path, []byte(private)) {
		return dst
	}
	path = path[len(private):]
	for _, p := range [...]string{"/var", "/tmp", "/etc"} {
		if bytes.HasPrefix(path, []byte(p)) && (len(path) == len(p) || path[len(p)] == '/') {
			return append(dst[:from], path...)
		}
	}
	return dst
}

// lastPart returns what follows the last slash of a path.
func lastPart(path string) string {
	path = strings.TrimRight(path, "/")
	return path[strings.LastIndexByte(path, '/')+1:]
}
