package indicator

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/artifact"
)

// bundleOf returns a bundle of one indicator for each pattern, all of them
// indicating the malware "Test".
func bundleOf(patterns ...string) string {
	objects := []map[string]any{{"type": "malware", "id": "malware--1", "name": "Test"}}
	for i, p := range patterns {
		id := fmt.Sprintf("indicator--00000000-0000-4000-8000-%012d", i+1)
		objects = append(objects,
			map[string]any{"type": "indicator", "id": id, "pattern": p, "pattern_type": "stix"},
			map[string]any{"type": "relationship", "id": "relationship--1", "relationship_type": "indicates", "source_ref": id, "target_ref": "malware--1"})
	}
	b, err := json.Marshal(map[string]any{"type": "bundle", "id": "bundle--1", "objects": objects})
	if err != nil {
		panic(err)
	}
	return string(b)
}

func load(t testing.TB, text string) *Set {
	t.Helper()
	s, err := Load(strings.NewReader(text), "test.stix2")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// expression returns the pattern that lists value, in single quotes.
func expression(property, value string) string {
	value = strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(value)
	return "[" + property + "='" + value + "']"
}

func TestMatchRules(t *testing.T) {
	t.Parallel()
	const (
		domain  = "domain-name:value"
		url     = "url:value"
		ipv4    = "ipv4-addr:value"
		ipv6    = "ipv6-addr:value"
		process = "process:name"
		name    = "file:name"
		path    = "file:path"
		sha256  = "file:hashes.'SHA-256'"
		hash    = "a3f5b1c0d2e4f60718293a4b5c6d7e8fa3f5b1c0d2e4f60718293a4b5c6d7e8f"
	)
	for _, tt := range []struct {
		property, listed string
		typ              artifact.ObservableType
		observed         string
		want             How
	}{
		{domain, "evil.com", artifact.URL, "https://evil.com/a?b#c", Host},
		{domain, "evil.com", artifact.URL, "HTTPS://EVIL.COM", Host},
		{domain, "evil.com", artifact.URL, "http://evil.com:8080/a", Host},
		{domain, "evil.com", artifact.URL, "http://user:pass@evil.com/", Host},
		{domain, "evil.com", artifact.URL, "http://bank.mx@evil.com/", Host},
		{domain, "evil.com", artifact.URL, "http://evil.com@bank.mx/", ""},
		{domain, "evil.com", artifact.URL, "http://evil.com./a", Host},
		{domain, "evil.com", artifact.URL, `http:\\evil.com\a`, ""},
		{domain, "evil.com", artifact.URL, `http://evil.com\@bank.mx/`, Host},
		{domain, "evil.com", artifact.URL, "https://a.b.evil.com/x", ParentDomain},
		{domain, "evil.com", artifact.URL, "evil.com/x", Host},
		{domain, "evil.com", artifact.URL, "//evil.com/x", Host},
		{domain, "evil.com", artifact.URL, "wss://evil.com/x", Host},
		{domain, "evil.com", artifact.URL, "http://e%76il.com/x", Host},
		{domain, "evil.com", artifact.URL, "http://ev\u200bil.com/x", Host},
		{domain, "evil.com", artifact.URL, "http://ev\til.com/x", Host},
		{domain, "evil.com", artifact.URL, "itms-services://?action=download-manifest&url=https://a.evil.com/m.plist", ParentDomain},
		{domain, "evil.com", artifact.URL, "https://notevil.com/", ""},
		{domain, "evil.com", artifact.URL, "https://evil.com.mx/", ""},
		{domain, "evil.com", artifact.URL, "https://bank.mx/evil.com", ""},
		{domain, "evil.com", artifact.URL, "https://bank.mx/?u=https://evil.com/", ""},
		{domain, "evil.com", artifact.URL, "https://bank.mx/#@evil.com/", ""},
		{domain, "evil.com", artifact.Domain, "A.Evil.Com.", ParentDomain},
		{domain, "evil.com", artifact.Domain, "evil.com:443", Host},
		{domain, "evil.com", artifact.Email, "a@evil.com", ""},
		{domain, "evil.com", artifact.FileName, "evil.com", ""},
		{domain, "Evil.COM.", artifact.Domain, "evil.com", Host},
		{domain, "*.evil.com", artifact.Domain, "a.evil.com", ParentDomain},
		{domain, "evil[.]com", artifact.Domain, "evil.com", Host},
		{domain, "www.evil.com", artifact.Domain, "www.evil.com", Host},
		{domain, "www.evil.com", artifact.Domain, "a.www.evil.com", ParentDomain},
		{domain, "www.evil.com", artifact.Domain, "evil.com", ""},
		{domain, "whatsapp-x.com", artifact.Domain, "hatsapp-x.com", ""},
		{domain, "wwww.xyz", artifact.Domain, "wwww.xyz", Host},
		{domain, "ñandú.mx", artifact.URL, "http://xn--and-6ma2c.mx/", Host},
		{domain, "xn--and-6ma2c.mx", artifact.URL, "http://ÑANDÚ.mx/", Host},
		{domain, "ev_il.com", artifact.Domain, "a_b.ev_il.com", ParentDomain},
		{domain, "co.uk", artifact.Domain, "bank.co.uk", ""},
		{domain, "co.uk", artifact.Domain, "co.uk", Host},
		{domain, "com.mx", artifact.Domain, "banco.com.mx", ""},
		{domain, "github.io", artifact.Domain, "people.github.io", ""},
		{domain, "evil.github.io", artifact.Domain, "a.evil.github.io", ParentDomain},
		{domain, "despachosnegocios", artifact.Domain, "despachosnegocios", Host},
		{domain, "despachosnegocios", artifact.Domain, "a.despachosnegocios", ""},
		{domain, "1.2.3.4", artifact.URL, "http://1.2.3.4:81/x", IP},
		{domain, "1.2.3.4", artifact.URL, "http://11.2.3.4/x", ""},
		{domain, "fgr1w2.xyz/x", artifact.URL, "https://fgr1w2.xyz/x", URLPrefix},
		{domain, "fgr1w2.xyz/x", artifact.URL, "https://fgr1w2.xyz/x/y", URLPrefix},
		{domain, "fgr1w2.xyz/x", artifact.URL, "https://fgr1w2.xyz/x?y", URLPrefix},
		{domain, "fgr1w2.xyz/x", artifact.URL, "https://fgr1w2.xyz/xy", ""},
		{domain, "fgr1w2.xyz/x", artifact.URL, "https://fgr1w2.xyz/", ""},
		{domain, "https://evil.com/", artifact.Domain, "a.evil.com", ParentDomain},

		{url, "https://bit.ly/2AbC", artifact.URL, "http://bit.ly/2AbC", URL},
		{url, "https://bit.ly/2AbC", artifact.URL, "https://BIT.LY:443/2AbC/", URL},
		{url, "https://bit.ly/2AbC", artifact.URL, "https://bit.ly/2AbC#x", URL},
		{url, "https://bit.ly/2AbC", artifact.URL, "https://bit.ly/2abc", ""},
		{url, "https://bit.ly/2AbC", artifact.URL, "https://bit.ly/2AbC?x=1", ""},
		{url, "https://bit.ly/2AbC", artifact.URL, "https://bit.ly:8443/2AbC", ""},
		{url, "https://bit.ly/2AbC", artifact.Domain, "bit.ly", ""},
		{url, "bit.ly/2AbC", artifact.URL, "https://bit.ly/2AbC", URL},
		{url, "hxxp://a[.]mx/?a=b=c", artifact.URL, "http://a.mx/?a=b=c", URL},
		{url, "ftp://a.mx/f", artifact.URL, "http://a.mx/f", ""},
		{url, "ftp://a.mx/f", artifact.URL, "FTP://A.mx/f", URL},

		{ipv4, "1.2.3.4", artifact.IP, "1.2.3.4", IP},
		{ipv4, "1.2.3.4", artifact.IP, "1.2.3.4:443", IP},
		{ipv4, "1.2.3.4", artifact.IP, "::ffff:1.2.3.4", IP},
		{ipv4, "1.2.3.4", artifact.IP, "11.2.3.4", ""},
		{ipv4, "1.2.3.4", artifact.IP, "1.2.3.49", ""},
		{ipv4, "1.2.3.4", artifact.Domain, "1.2.3.4.evil.com", ""},
		{ipv4, "1.2.3.4/32", artifact.IP, "1.2.3.4", IP},
		{ipv4, "1.2.3.0/24", artifact.IP, "1.2.3.4", ""},
		{ipv6, "2001:DB8::0:1", artifact.IP, "2001:db8::1", IP},
		{ipv6, "2001:db8::1", artifact.URL, "http://[2001:db8::1]:80/x", IP},
		{ipv6, "fe80::1", artifact.IP, "fe80::1%en0", IP},
		{ipv4, "evil.com", artifact.Domain, "a.evil.com", ParentDomain},

		{process, "bh", artifact.Process, "bh", Process},
		{process, "bh", artifact.Process, "/private/var/db/x/bh", Process},
		{process, "bh", artifact.Process, "BH", ""},
		{process, "bh", artifact.Process, "bhd", ""},
		{process, "bh", artifact.FileName, "bh", ""},
		{process, "bh", artifact.FilePath, "/x/bh", ""},
		{process, "com.apple.rapports.events", artifact.Process, "com.apple.rappor", ProcessTruncated},
		{process, "com.apple.rapports.events", artifact.Process, "com.apple.rappo", ProcessTruncated},
		{process, "com.apple.rapports.events", artifact.Process, "com.apple.rapp", ""},
		{process, "com.apple.rapports.events", artifact.Process, "com.apple.rapports", ""},

		{name, "rce_loader.js", artifact.FileName, "rce_loader.js", FileName},
		{name, "rce_loader.js", artifact.FilePath, "/a/rce_loader.js", FileName},
		{name, "rce_loader.js", artifact.FileName, "xrce_loader.js", ""},
		{name, "rce_loader.js", artifact.FileName, "RCE_loader.js", ""},
		{name, "rce_loader.js", artifact.FilePath, "/rce_loader.js/a", ""},
		{path, "rce_loader.js", artifact.FilePath, "/a/rce_loader.js", FileName},
		{path, "/private/var/tmp/stop", artifact.FilePath, "/private/var/tmp/stop", FilePath},
		{path, "/private/var/tmp/stop", artifact.FilePath, "/var/tmp/stop", FilePath},
		{path, "/private/var/tmp/stop", artifact.FilePath, "/private/var/tmp/stop/a/b", PathBelow},
		{path, "/private/var/tmp/stop", artifact.FilePath, "/private/var/tmp/stopwatch.log", ""},
		{path, "/private/var/tmp/stop", artifact.FilePath, "/x/private/var/tmp/stop", ""},
		{path, "/private/var/tmp/stop", artifact.FilePath, "/private/var/tmp", ""},
		{path, "/private/var/tmp/stop", artifact.FileName, "stop", ""},
		{path, "/private/var/tmp/stop", artifact.Process, "/private/var/tmp/stop", FilePath},
		{path, "/private/var/tmp/stop", artifact.Process, "stop", ""},
		{path, "/tmp/l/", artifact.FilePath, "/private/tmp/l", FilePath},
		{path, "/tmp/l/", artifact.FilePath, "/private/tmp/l/x", PathBelow},
		{path, "/private/var/tmp/", artifact.FilePath, "/private/var/tmp/x", ""},
		{path, "/private/var/tmp/", artifact.FilePath, "/var/tmp", FilePath},
		{path, "Library/Preferences/x.plist", artifact.FilePath, "/private/var/mobile/Library/Preferences/x.plist", FilePath},
		{path, "Library/Preferences/x.plist", artifact.FilePath, "/a/MyLibrary/Preferences/x.plist", ""},
		{path, "Library/Preferences/", artifact.FilePath, "/a/Library/Preferences/x.plist", PathBelow},
		{name, "/private/var/tmp/stop", artifact.FilePath, "/var/tmp/stop", FilePath},
		{path, "/private/variable/x", artifact.FilePath, "/variable/x", ""},

		{sha256, hash, artifact.FileHash, strings.ToUpper(hash), FileHash},
		{sha256, strings.ToUpper(hash), artifact.FileHash, hash, FileHash},
		{sha256, hash, artifact.CertHash, hash, ""},
		{"file:hashes.sha1", hash[:40], artifact.FileHash, hash[:40], FileHash},
		{`file:hashes."MD5"`, hash[:32], artifact.FileHash, hash[:32], FileHash},
		{"app:cert.sha1", hash[:40], artifact.CertHash, "A3:F5:B1:C0:D2:E4:F6:07:18:29:3A:4B:5C:6D:7E:8F:A3:F5:B1:C0", CertHash},

		{"email-addr:value", "A@evil.com", artifact.Email, "a@EVIL.com", Email},
		{"email-addr:value", "a@evil.com", artifact.Email, "mailto:a@evil.com", Email},
		{"email-addr:value", "a@evil.com", artifact.Email, "ba@evil.com", ""},
		{"app:id", "com.Evil.app", artifact.AppID, "com.evil.App", AppID},
		{"app:id", "com.evil", artifact.AppID, "com.evil.app", ""},
		{"configuration-profile:id", "76DAB334-7E17", artifact.ProfileID, "76dab334-7e17", ProfileID},
		{"configuration-profile:id", "76DAB334-7E17", artifact.ProfileID, "76dab334", ""},
		{"android-property:name", "sys.brand.note", artifact.AndroidProperty, "sys.brand.note", AndroidProperty},
		{"android-property:name", "sys.brand.note", artifact.AndroidProperty, "sys.brand.notes", ""},
		{"phone-number:value", "+52 55 1234 5678", artifact.Phone, "00525512345678", Phone},
		{"phone-number:value", "+52 55 1234 5678", artifact.Phone, "+525512345679", ""},
		{"phone-number:value", "+52 55 1234 5678", artifact.Phone, "bank", ""},
	} {
		text := fmt.Sprintf("%s_%s/%s_%s", tt.property, tt.listed, tt.typ, tt.observed)
		set := load(t, bundleOf(expression(tt.property, tt.listed)))
		hits := NewMatcher([]*Set{set}).Match("ios.test", []artifact.Observable{{Type: tt.typ, Value: tt.observed}}, nil)
		var got How
		if len(hits) > 0 {
			got = hits[0].How
		}
		if got != tt.want || len(hits) > 1 {
			t.Errorf("%s: %d hits, %q, want %q", text, len(hits), got, tt.want)
		}
	}
}
