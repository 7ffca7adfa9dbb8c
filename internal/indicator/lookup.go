package indicator

import (
	"bytes"

	"github.com/amparo-project/amparo/internal/artifact"
)

// A lookup is the work of one Match. Its methods only find candidates by
// their keys; whether one fits, and how, holds decides.
type lookup struct {
	*Matcher
	artifact string
	observed []artifact.Observable
	hits     []Hit
	base     int  // hits before it belong to the caller
	found    bool // candidates for the observable at hand
	buf      [256]byte
}

// observable looks up what the i-th observable can match.
func (l *lookup) observable(i int) {
	value := l.observed[i].Value
	switch l.observed[i].Type {
	case artifact.URL, artifact.Domain, artifact.IP:
		l.host(i, splitObserved(value))
	case artifact.Process:
		l.process(i, value)
	case artifact.FileName:
		l.name(i, value)
	case artifact.FilePath:
		l.name(i, value)
		l.path(i, value)
	case artifact.FileHash:
		l.simple(i, kindFileHash)
	case artifact.CertHash:
		l.simple(i, kindCertHash)
	case artifact.Email:
		l.simple(i, kindEmail)
	case artifact.AppID:
		l.simple(i, kindAppID)
	case artifact.ProfileID:
		l.simple(i, kindProfileID)
	case artifact.AndroidProperty:
		l.simple(i, kindProperty)
	case artifact.Phone:
		l.simple(i, kindPhone)
	}
}

func (l *lookup) simple(i int, k kind) {
	if s := spaceOf[k]; l.index.has(s) {
		l.candidates(i, l.index.look(s, appendKey(l.buf[:0], k, l.observed[i].Value)))
	}
}

// host looks up the host of a URL, those above it, and the URL.
func (l *lookup) host(i int, p parts) {
	if p.host == "" && p.scheme == "" {
		return
	}
	if ip, ok := parseIP(p.host); ok {
		if l.index.has(spaceIP) {
			l.candidates(i, l.index.look(spaceIP, ip.AppendTo(l.buf[:0])))
		}
	} else if l.index.has(spaceHost) {
		l.parents(i, appendHost(l.buf[:0], p.host))
	}
	if l.observed[i].Type != artifact.URL || !l.index.has(spaceURL) && !l.index.has(spaceURLPrefix) {
		return
	}
	url := appendURL(l.buf[:0], p)
	l.candidates(i, l.index.look(spaceURL, url))
	if l.index.has(spaceURLPrefix) {
		l.borders(i, spaceURLPrefix, url)
	}
}

// parents looks up a host and each domain above it but the topmost.
func (l *lookup) parents(i int, host []byte) {
	h := start(spaceHost)
	dots := 0
	for at := len(host) - 1; at >= 0; at-- {
		if host[at] == '.' {
			if dots++; dots > 1 { // nothing matches below a bare label, see tooBroad
				l.candidates(i, l.index.find(finish(h), spaceHost, host[at+1:]))
			}
		}
		h = step(h, host[at])
	}
	if len(host) > 0 {
		l.candidates(i, l.index.find(finish(h), spaceHost, host))
	}
}

// borders looks up each beginning of text that ends before a slash, "?" or
// the end.
func (l *lookup) borders(i int, s space, text []byte) {
	h := start(s)
	for at, c := range text {
		if at > 0 && (c == '/' || c == '?' && s == spaceURLPrefix) {
			l.candidates(i, l.index.find(finish(h), s, text[:at]))
		}
		h = step(h, c)
	}
	if len(text) > 0 {
		l.candidates(i, l.index.find(finish(h), s, text))
	}
}

func (l *lookup) process(i int, value string) {
	name := lastPart(value)
	if l.index.has(spaceProcess) {
		l.candidates(i, l.index.look(spaceProcess, append(l.buf[:0], name...)))
		if len(name) < len(value) {
			l.candidates(i, l.index.look(spaceProcess, append(l.buf[:0], value...)))
		}
	}
	if len(name) == cutIOS || len(name) == cutAndroid {
		l.candidates(i, l.index.look(spaceTruncated, append(l.buf[:0], name...)))
	}
	if len(name) < len(value) {
		l.path(i, value)
	}
}

func (l *lookup) name(i int, value string) {
	if l.index.has(spaceFileName) {
		l.candidates(i, l.index.look(spaceFileName, append(l.buf[:0], lastPart(value)...)))
	}
}

var slash = []byte("/")

// maxParts bounds the folders of a path from which relative paths are tried.
const maxParts = 128

func (l *lookup) path(i int, value string) {
	if !l.index.has(spaceFilePath) && !l.index.has(spaceRelativePath) {
		return
	}
	path := appendPath(l.buf[:0], value)
	if l.index.has(spaceFilePath) {
		l.borders(i, spaceFilePath, path)
	}
	if !l.index.has(spaceRelativePath) {
		return
	}
	rest := path
	for range maxParts {
		if len(rest) > 0 && rest[0] == '/' {
			rest = rest[1:]
		}
		part, _, more := bytes.Cut(rest, slash)
		if l.relative[string(part)] {
			l.borders(i, spaceRelativePath, rest)
		}
		if !more {
			return
		}
		rest = rest[len(part):]
	}
}

// candidates adds a hit for each indicator that the i-th observable fits,
// from entry n on.
func (l *lookup) candidates(i int, n uint32) {
	l.found = l.found || n != 0
	for ; n != 0; n = l.index.entries[n].next {
		e := &l.index.entries[n]
		if l.told(e.ind) {
			continue
		}
		if e.term >= 0 {
			l.allOf(e.ind)
			continue
		}
		if !valid(e.ind.kind, e.ind.key, l.artifact) {
			continue
		}
		if how := holds(e.ind.kind, e.ind.key, e.ind.flags, &l.observed[i]); how != "" {
			l.hits = append(l.hits, Hit{Indicator: e.ind, Observed: i, How: how})
		}
	}
}

// told reports whether d has a hit in this record.
func (l *lookup) told(d *Indicator) bool {
	for _, h := range l.hits[l.base:] {
		if h.Indicator == d {
			return true
		}
	}
	return false
}

// allOf adds a hit if each term of d holds in the record.
func (l *lookup) allOf(d *Indicator) {
	first := -1
	for n := range d.form.terms {
		t := &d.form.terms[n]
		if !valid(t.kind, t.key, l.artifact) {
			return
		}
		at := -1
		for i := range l.observed {
			if holds(t.kind, t.key, t.flags, &l.observed[i]) != "" {
				at = i
				break
			}
		}
		if at < 0 {
			return
		}
		if n == 0 {
			first = at
		}
	}
	l.hits = append(l.hits, Hit{Indicator: d, Observed: first, How: All})
}
