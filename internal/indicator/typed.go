package indicator

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// typed makes a term of a published value. A value under a type that it
// plainly is not of is typed by what it is: an address under domain-name, a
// domain with a path, a file name with folders.
func typed(k kind, value string) (term, error) {
	value = strings.TrimSpace(value)
	if value == "" {
		return term{}, errors.New("empty value")
	}
	switch k {
	case kindDomain, kindIP, kindURL:
		return typedHost(k, refang(value))
	case kindFileName, kindFilePath:
		return typedFile(value)
	case kindFileHash, kindCertHash:
		return typedHash(k, value)
	case kindEmail:
		value = refang(value)
	}
	t := term{kind: k, value: value, key: string(appendKey(nil, k, value))}
	if t.key == "" {
		return term{}, fmt.Errorf("%q is no %s", clip(value, 80), k.observable())
	}
	return t, nil
}

// typedHost sorts domains, addresses and URLs by what the value is.
func typedHost(k kind, value string) (term, error) {
	p := split(value)
	switch {
	case k == kindURL && p.host == "" && p.scheme == "":
		return term{}, fmt.Errorf("%q has no host", clip(value, 80))
	case k == kindURL:
		key := string(appendURL(nil, p))
		if key == "" {
			return term{}, fmt.Errorf("%q has no host", clip(value, 80))
		}
		return term{kind: kindURL, value: value, key: key}, nil
	case strings.Trim(p.rest, "/") != "":
		return urlPrefix(value, p)
	}
	if ip, ok := parseIP(p.host); ok {
		return term{kind: kindIP, value: value, key: ip.String()}, nil
	}
	return typedDomain(value, p.host)
}

// urlPrefix is a domain that was published with a path: what lies below it.
func urlPrefix(value string, p parts) (term, error) {
	if r, err := netip.ParsePrefix(value); err == nil && r.IsSingleIP() {
		return term{kind: kindIP, value: value, key: r.Addr().Unmap().String()}, nil
	} else if err == nil {
		return term{}, fmt.Errorf("%q is a range of addresses", clip(value, 80))
	}
	key := appendURL(nil, p)
	if len(key) > 0 && key[len(key)-1] == '/' {
		key = key[:len(key)-1]
	}
	if p.host == "" || len(key) == 0 {
		return term{}, fmt.Errorf("%q has no host", clip(value, 80))
	}
	return term{kind: kindURLPrefix, value: value, key: string(key)}, nil
}

func typedDomain(value, host string) (term, error) {
	host = strings.TrimPrefix(host, "*.")
	t := term{kind: kindDomain, value: value, key: value}
	var buf [maxHost]byte
	if key := appendHost(buf[:0], host); string(key) != value {
		t.key = string(key)
	}
	switch {
	case t.key == "", strings.ContainsAny(t.key, " \t,;<>\"'"):
		return term{}, fmt.Errorf("%q is no domain name", clip(value, 80))
	case tooBroad(t.key):
		t.flags = wholeOnly
	}
	return t, nil
}

// tooBroad reports whether a domain is one that unrelated people have names
// below: a public suffix, of which hosting services are some, or a bare label.
func tooBroad(domain string) bool {
	if strings.IndexByte(domain, '.') < 0 {
		return true
	}
	suffix, _ := publicsuffix.PublicSuffix(domain)
	return suffix == domain
}

// typedFile tells names from paths by their slash.
func typedFile(value string) (term, error) {
	if strings.IndexByte(value, '/') < 0 {
		return term{kind: kindFileName, value: value, key: value}, nil
	}
	key := string(appendPath(nil, value))
	t := term{kind: kindFilePath, value: value, key: key}
	if key == "" || key == "/" {
		return term{}, fmt.Errorf("%q names no file", clip(value, 80))
	}
	if broadFolders[key] {
		t.flags = wholeOnly
	}
	return t, nil
}

// broadFolders hold files of every phone: as indicators they stand for
// themselves, not for what lies below.
var broadFolders = map[string]bool{
	"/var": true, "/var/tmp": true, "/var/db": true, "/var/root": true, "/var/mobile": true, "/var/logs": true,
	"/var/mobile/Library": true, "/var/mobile/Media": true, "/var/mobile/Containers": true, "/var/containers": true,
	"/var/log": true, "/var/run": true, "/tmp": true, "/etc": true, "/private": true, "/usr": true, "/bin": true, "/sbin": true,
	"/usr/bin": true, "/usr/sbin": true, "/usr/lib": true, "/usr/libexec": true, "/System": true, "/Library": true,
	"/System/Library": true, "/Applications": true, "/Users": true, "/data": true, "/data/app": true, "/data/data": true,
	"/data/local": true, "/data/local/tmp": true, "/sdcard": true, "/storage": true, "/storage/emulated/0": true,
	"/system": true, "/system/bin": true, "/system/lib": true, "/system/app": true, "/vendor": true, "/proc": true, "/dev": true,
}

func typedHash(k kind, value string) (term, error) {
	key := string(appendHex(nil, value))
	switch len(key) {
	case 32, 40, 64:
		return term{kind: k, value: value, key: key}, nil
	}
	return term{}, fmt.Errorf("%q is no MD5, SHA-1 or SHA-256", clip(value, 80))
}

// refang undoes what made a published value harmless.
func refang(s string) string {
	if !strings.ContainsAny(s, "[(") && !strings.HasPrefix(strings.ToLower(s), "hxxp") {
		return s
	}
	s = harmless.Replace(s)
	if len(s) > 4 && strings.EqualFold(s[:4], "hxxp") {
		s = "http" + s[4:]
	}
	return s
}

var harmless = strings.NewReplacer("[.]", ".", "(.)", ".", "[dot]", ".", "(dot)", ".", "[:]", ":", "[://]", "://", "[@]", "@", "[at]", "@")
