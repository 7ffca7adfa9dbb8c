package indicator

import (
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// What is here serves looking indicators up among observables that were stored
// long ago, instead of the other way round. Keys are texts whose order is that
// of their bytes; each begins with what tells its kind. A range of keys only
// finds candidates: whether one fits, a Matcher says.

// A KeyRange holds the keys from From on, and before To.
type KeyRange struct{ From, To string }

// maxKey bounds a key in bytes: a database's index takes no more than some
// thousand. Longer values are found by their beginning.
const maxKey = 1024

func cutKey(s string) string { return s[:min(len(s), maxKey)] }

// ObservedKeys returns the keys by which an observable is found.
func ObservedKeys(o artifact.Observable) []string {
	switch o.Type {
	case artifact.URL, artifact.Domain, artifact.IP:
		return hostKeys(o)
	case artifact.Process:
		keys := []string{"p:" + cutKey(lastPart(o.Value))}
		if strings.Contains(o.Value, "/") {
			keys = append(keys, "p:"+cutKey(o.Value), "d:"+cutKey(string(appendPath(nil, o.Value))))
		}
		return keys
	case artifact.FileName:
		return []string{"f:" + cutKey(lastPart(o.Value))}
	case artifact.FilePath:
		return []string{"f:" + cutKey(lastPart(o.Value)), "d:" + cutKey(string(appendPath(nil, o.Value)))}
	}
	for k, t := range observables {
		if t == o.Type {
			if key := appendKey(nil, kind(k), o.Value); len(key) > 0 {
				return []string{simplePrefix(kind(k)) + cutKey(string(key))}
			}
			return nil
		}
	}
	return nil
}

func hostKeys(o artifact.Observable) []string {
	p := splitObserved(o.Value)
	if p.host == "" && p.scheme == "" {
		return nil
	}
	var keys []string
	if ip, ok := parseIP(p.host); ok {
		keys = append(keys, "i:"+ip.String())
	} else if host := appendHost(nil, p.host); len(host) > 0 {
		keys = append(keys, cutKey("h:"+reversed(string(host))))
	}
	if o.Type == artifact.URL {
		keys = append(keys, cutKey("u:"+string(appendURL(nil, p))))
	}
	return keys
}

// reversed turns www.example.org into org.example.www. with a dot at the end,
// so that a domain is the beginning of all hosts below it.
func reversed(host string) string {
	labels := strings.Split(host, ".")
	var b strings.Builder
	for i := len(labels) - 1; i >= 0; i-- {
		b.WriteString(labels[i])
		b.WriteByte('.')
	}
	return b.String()
}

func simplePrefix(k kind) string { return "x" + string(rune('a'+k)) + ":" }

// KeyRanges returns where observables that the indicator may fit are found. An
// indicator that asks for several things in one record has none: only a check
// sees records.
func (d *Indicator) KeyRanges() []KeyRange {
	switch d.kind {
	case kindAllOf:
		return nil
	case kindDomain:
		return beginningWith("h:" + reversed(d.key))
	case kindIP:
		return exactly("i:" + d.key)
	case kindURL:
		return exactly("u:" + d.key)
	case kindURLPrefix:
		return beginningWith("u:" + d.key)
	case kindProcess:
		r := exactly("p:" + d.key)
		for _, cut := range [...]int{cutIOS, cutAndroid} {
			if len(d.key) > cut {
				r = append(r, exactly("p:"+d.key[:cut])...)
			}
		}
		return r
	case kindFileName:
		return exactly("f:" + d.key)
	case kindFilePath:
		if d.key[0] != '/' {
			return beginningWith("d:") // from some folder on: any path may fit
		}
		return beginningWith("d:" + d.key)
	}
	return exactly(simplePrefix(d.kind) + d.key)
}

func exactly(key string) []KeyRange {
	key = cutKey(key)
	return []KeyRange{{key, key + "\x01"}}
}

// beginningWith is the range of all keys that begin with a text.
func beginningWith(key string) []KeyRange {
	key = cutKey(key)
	return []KeyRange{{key, key[:len(key)-1] + string(key[len(key)-1]+1)}}
}
