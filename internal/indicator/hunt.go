package indicator

import (
	"bytes"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// What is here serves looking indicators up among observables that were stored
// long ago. A mark is a hash of 32 bits over a form of a value by which
// indicators find it: a host and each domain above it, a URL, a path and each
// folder above it. Where an observable fits an indicator, at least one mark of
// the indicator is one of the observable. Equal marks are only candidates:
// whether one fits, a Matcher says.

// markOf hashes a text under the letter that tells its kind.
func markOf(space byte, text []byte) uint32 {
	h := step(hashStart, space)
	for _, c := range text {
		h = step(h, c)
	}
	return uint32(finish(h))
}

// Letters of marks. Simple values have 'A' and their kind.
const (
	markHost    = 'h'
	markIP      = 'i'
	markURL     = 'u'
	markProcess = 'p'
	markName    = 'f'
	markFolder  = 'd' // a path or a folder above it
	markPart    = 'c' // one part of a path
	markSimple  = 'A'
)

// AppendMarks appends the marks of an observable. Of a path they are those of
// its first 128 folders, and of all of it.
func AppendMarks(dst []uint32, o artifact.Observable) []uint32 {
	switch o.Type {
	case artifact.URL, artifact.Domain, artifact.IP:
		return hostMarks(dst, o)
	case artifact.Process:
		name := lastPart(o.Value)
		dst = append(dst, markOf(markProcess, []byte(name)))
		if len(name) < len(o.Value) {
			dst = append(dst, markOf(markProcess, []byte(o.Value)))
			dst = pathMarks(dst, o.Value)
		}
		return dst
	case artifact.FileName:
		return append(dst, markOf(markName, []byte(lastPart(o.Value))))
	case artifact.FilePath:
		return pathMarks(append(dst, markOf(markName, []byte(lastPart(o.Value)))), o.Value)
	}
	for k, t := range observables {
		if t == o.Type {
			if key := appendKey(nil, kind(k), o.Value); len(key) > 0 {
				dst = append(dst, markOf(markSimple+byte(k), key))
			}
			return dst
		}
	}
	return dst
}

func hostMarks(dst []uint32, o artifact.Observable) []uint32 {
	p := splitObserved(o.Value)
	if p.host == "" && p.scheme == "" {
		return dst
	}
	if ip, ok := parseIP(p.host); ok {
		dst = append(dst, markOf(markIP, []byte(ip.String())))
	} else if host := appendHost(nil, p.host); len(host) > 0 {
		dst = domainMarks(dst, host)
	}
	if o.Type == artifact.URL {
		dst = append(dst, markOf(markURL, appendURL(nil, p)))
	}
	return dst
}

// domainMarks marks a host and each domain above it but the topmost, as
// lookup.parents looks them up.
func domainMarks(dst []uint32, host []byte) []uint32 {
	dst = append(dst, markOf(markHost, host))
	dots := 0
	for at := len(host) - 1; at >= 0 && dots < maxParts; at-- {
		if host[at] != '.' {
			continue
		}
		if dots++; dots > 1 {
			dst = append(dst, markOf(markHost, host[at+1:]))
		}
	}
	return dst
}

func pathMarks(dst []uint32, value string) []uint32 {
	path := appendPath(nil, value)
	dst = append(dst, markOf(markFolder, path))
	for at, from, n := 0, 0, 0; at <= len(path) && n < maxParts; at++ {
		if at < len(path) && path[at] != '/' {
			continue
		}
		if at > 0 && at < len(path) {
			dst = append(dst, markOf(markFolder, path[:at]))
		}
		if at > from {
			dst = append(dst, markOf(markPart, path[from:at]))
			n++
		}
		from = at + 1
	}
	return dst
}

// Marks returns the marks of the indicator. One that asks for several things
// in one record has none: only a check sees records.
func (d *Indicator) Marks() []uint32 {
	key := []byte(d.key)
	switch d.kind {
	case kindAllOf:
		return nil
	case kindDomain:
		return []uint32{markOf(markHost, key)}
	case kindIP:
		return []uint32{markOf(markIP, key)}
	case kindURL:
		return []uint32{markOf(markURL, key)}
	case kindURLPrefix: // by its host: URLs are not marked by all their beginnings
		p := splitObserved(d.key)
		if ip, ok := parseIP(p.host); ok {
			return []uint32{markOf(markIP, []byte(ip.String()))}
		}
		return []uint32{markOf(markHost, appendHost(nil, p.host))}
	case kindProcess:
		marks := []uint32{markOf(markProcess, key)}
		for _, cut := range [...]int{cutIOS, cutAndroid} {
			if len(key) > cut {
				marks = append(marks, markOf(markProcess, key[:cut]))
			}
		}
		return marks
	case kindFileName:
		return []uint32{markOf(markName, key)}
	case kindFilePath:
		if d.key[0] != '/' {
			return []uint32{markOf(markPart, longestPart(key))}
		}
		return []uint32{markOf(markFolder, key)}
	}
	return []uint32{markOf(markSimple+byte(d.kind), key)}
}

// longestPart is the part of a relative path that fewest paths have.
func longestPart(path []byte) []byte {
	var best []byte
	for part := range bytes.SplitSeq(path, slash) {
		if len(part) > len(best) {
			best = part
		}
	}
	return best
}

// NormalForm returns what is compared of an e-mail address, an app id, a
// profile id, a hash or a phone number; other values as they are.
func NormalForm(o artifact.Observable) string {
	for k, t := range observables {
		if t == o.Type {
			return string(appendKey(nil, kind(k), o.Value))
		}
	}
	return o.Value
}

// PopularHost reports whether many people use a host for ordinary things.
func PopularHost(host string) bool { return isPopular(kindDomain, host) }

// HostOf returns the normal form of the host, or of the address, that a URL, a
// domain or an address names; "" where it names none.
func HostOf(value string) string { return string(AppendHostOf(nil, value)) }

// AppendHostOf is HostOf into memory of the caller's.
func AppendHostOf(dst []byte, value string) []byte {
	p := splitObserved(value)
	if ip, ok := parseIP(p.host); ok {
		return ip.AppendTo(dst)
	}
	return appendHost(dst, strings.TrimLeft(p.host, "."))
}
