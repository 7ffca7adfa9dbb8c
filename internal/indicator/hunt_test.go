package indicator

import (
	"fmt"
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/artifact"
)

// TestRangesFindWhatMatches holds the ranges to the matcher: whatever it says
// fits lies in a range of the indicator.
func TestRangesFindWhatMatches(t *testing.T) {
	t.Parallel()
	pairs := []struct {
		pattern string
		o       artifact.Observable
	}{
		{"domain-name:value = 'evil.example'", artifact.Observable{Type: artifact.Domain, Value: "a.b.EVIL.example"}},
		{"domain-name:value = 'evil.example'", artifact.Observable{Type: artifact.URL, Value: "https://evil.example:8443/x?y"}},
		{"ipv4-addr:value = '198.51.100.7'", artifact.Observable{Type: artifact.URL, Value: "http://198.51.100.7/x"}},
		{"url:value = 'https://a.example/b/c'", artifact.Observable{Type: artifact.URL, Value: "https://a.example/b/c"}},
		{"process:name = 'bh'", artifact.Observable{Type: artifact.Process, Value: "/private/var/db/bh"}},
		{"process:name = 'averyveryverylongname'", artifact.Observable{Type: artifact.Process, Value: "averyveryverylon"}},
		{"file:name = 'x.dylib'", artifact.Observable{Type: artifact.FilePath, Value: "/var/tmp/x.dylib"}},
		{"file:path = '/private/var/tmp/bad'", artifact.Observable{Type: artifact.FilePath, Value: "/private/var/tmp/bad/below"}},
		{"file:path = 'Library/Bad'", artifact.Observable{Type: artifact.FilePath, Value: "HomeDomain/Library/Bad/x"}},
		{"email-addr:value = 'a@b.example'", artifact.Observable{Type: artifact.Email, Value: "A@b.example"}},
	}
	for i, p := range pairs {
		bundle := fmt.Sprintf(`{"type":"bundle","id":"bundle--1","objects":[{"type":"indicator","id":"indicator--00000000-0000-4000-8000-%012d",
			"pattern_type":"stix","pattern":"[%s]","valid_from":"2020-01-01T00:00:00Z","created":"2020-01-01T00:00:00Z","modified":"2020-01-01T00:00:00Z"}]}`, i, p.pattern)
		set, err := Load(strings.NewReader(bundle), "x.stix2")
		if err != nil {
			t.Fatal(err)
		}
		if len(NewMatcher([]*Set{set}).Match("ios.x", []artifact.Observable{p.o}, nil)) == 0 {
			t.Errorf("%s does not match %s: the test is wrong", p.pattern, p.o.Value)
		}
		found := false
		for d := range set.All() {
			for _, r := range d.KeyRanges() {
				for _, key := range ObservedKeys(p.o) {
					found = found || key >= r.From && key < r.To
				}
			}
		}
		if !found {
			t.Errorf("%s does not find %s by %q", p.pattern, p.o.Value, ObservedKeys(p.o))
		}
	}
}
