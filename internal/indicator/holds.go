package indicator

import (
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// holds reports how an observable fits one value, "" if it does not. It says
// the rules one by one, as docs/matching.md does; the index only saves asking
// it for values that cannot fit.
func holds(k kind, key string, f flags, o *artifact.Observable) How {
	fits := false
	for _, t := range comparedWith[k] {
		fits = fits || t == o.Type
	}
	if !fits {
		return ""
	}
	switch k {
	case kindDomain:
		return holdsDomain(key, f, splitObserved(o.Value))
	case kindIP:
		if ip, ok := parseIP(splitObserved(o.Value).host); ok && ip.String() == key {
			return IP
		}
	case kindURL:
		if string(appendURL(nil, splitObserved(o.Value))) == key {
			return URL
		}
	case kindURLPrefix:
		if below(string(appendURL(nil, splitObserved(o.Value))), key, "/?") {
			return URLPrefix
		}
	case kindProcess:
		return holdsProcess(key, o.Value)
	case kindFileName:
		if lastPart(o.Value) == key {
			return FileName
		}
	case kindFilePath:
		return holdsPath(key, f, string(appendPath(nil, o.Value)))
	default:
		if string(appendKey(nil, k, o.Value)) == key {
			return simpleHow[k]
		}
	}
	return ""
}

var simpleHow = [...]How{
	kindFileHash: FileHash, kindEmail: Email, kindAppID: AppID, kindCertHash: CertHash, kindProfileID: ProfileID,
	kindProperty: AndroidProperty, kindPhone: Phone,
}

// splitObserved is split for an observed value. Where the URL is a command to
// the phone that has no host itself, the URL inside it counts: that from which
// itms-services installs an app.
func splitObserved(value string) parts {
	p := split(value)
	if p.host == "" && p.scheme != "" {
		if i := strings.Index(p.rest, "=http"); i >= 0 {
			return split(p.rest[i+1:])
		}
	}
	return p
}

func holdsDomain(key string, f flags, p parts) How {
	if _, isIP := parseIP(p.host); isIP {
		return ""
	}
	host := string(appendHost(nil, p.host))
	switch {
	case host == key:
		return Host
	case f&wholeOnly == 0 && strings.HasSuffix(host, key) && host[len(host)-len(key)-1] == '.':
		return ParentDomain
	}
	return ""
}

func holdsProcess(key, value string) How {
	name := lastPart(value)
	switch {
	case name == key, value == key:
		return Process
	case len(name) != cutIOS && len(name) != cutAndroid:
	case len(key) > len(name) && strings.HasPrefix(key, name):
		return ProcessTruncated
	}
	return ""
}

func holdsPath(key string, f flags, path string) How {
	if key[0] == '/' {
		return pathHow(key, f, path)
	}
	for range maxParts {
		path = strings.TrimPrefix(path, "/")
		if how := pathHow(key, f, path); how != "" {
			return how
		}
		slash := strings.IndexByte(path, '/')
		if slash < 0 {
			return ""
		}
		path = path[slash:]
	}
	return ""
}

func pathHow(key string, f flags, path string) How {
	switch {
	case path == key:
		return FilePath
	case f&wholeOnly == 0 && below(path, key, "/"):
		return PathBelow
	}
	return ""
}

// below reports whether text is key, or goes on behind it with one of borders.
func below(text, key, borders string) bool {
	return strings.HasPrefix(text, key) && (len(text) == len(key) || strings.IndexByte(borders, text[len(key)]) >= 0)
}
