package ios

import (
	"strconv"
	"strings"
)

// storageOrigins returns the origins of web pages that WebKit wrote into the
// names of storage folders and files: "https_www.example.org_0.localstorage"
// is that of https://www.example.org, "http_example.org_8080" that of port
// 8080. Storage of a page inside another page has two: first the outer one.
//
// WebKit writes scheme, host and port, 0 for the scheme's own:
// https://github.com/WebKit/WebKit/blob/main/Source/WebCore/page/SecurityOriginData.cpp
// (databaseIdentifier). Inside a folder WebsiteData, names without a port
// count too; elsewhere an ordinary file may be called so.
func storageOrigins(path string) (first, second string) {
	for rest := path; rest != ""; {
		var part string
		part, rest, _ = strings.Cut(rest, "/")
		if len(part) < len("http_a.b") || !strings.EqualFold(part[:4], "http") {
			continue
		}
		origin := originOf(part[4:], strings.Contains(path, "WebsiteData/"))
		switch {
		case origin == "":
		case first == "":
			first = origin
		case origin != first:
			return first, origin
		}
	}
	return first, ""
}

// originOf reads what follows "http" in a name.
func originOf(s string, inWebsiteData bool) string {
	scheme := "http://"
	if s[0] == 's' || s[0] == 'S' {
		scheme, s = "https://", s[1:]
	}
	s, ok := strings.CutPrefix(s, "_")
	if !ok {
		return ""
	}
	host, port := s, ""
	if i := strings.LastIndexByte(s, '_'); i >= 0 {
		host = s[:i]
		port, _, _ = strings.Cut(s[i+1:], ".") // without ".localstorage"
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil && (port != "" || !inWebsiteData) || !isHost(host) {
		return ""
	}
	host = strings.ToLower(host)
	if n != 0 {
		host += ":" + port
	}
	return scheme + host + "/"
}

// isHost reports whether s can be a host on the Internet: labels of letters,
// digits, hyphens and underscores, at least two of them.
func isHost(s string) bool {
	dots, label := 0, 0
	for i := range len(s) {
		switch c := s[i]; {
		case c == '.':
			if label == 0 {
				return false
			}
			dots, label = dots+1, 0
		case c == '-', c == '_', c >= '0' && c <= '9', c|0x20 >= 'a' && c|0x20 <= 'z':
			label++
		default:
			return false
		}
	}
	return dots > 0 && label > 0
}
