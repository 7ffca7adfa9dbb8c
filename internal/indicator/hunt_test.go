package indicator

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/artifact"
)

// TestMarksFindWhatMatches holds the marks to the matcher: whatever it says
// fits has a mark of the indicator.
func TestMarksFindWhatMatches(t *testing.T) {
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
		{"domain-name:value = 'a.b.example'", artifact.Observable{Type: artifact.Domain, Value: "a.b.example."}},
		{"domain-name:value = 'single'", artifact.Observable{Type: artifact.Domain, Value: "single"}},
		{"domain-name:value = 'a.example/x'", artifact.Observable{Type: artifact.URL, Value: "https://user@A.example/x/y?z"}},
		{"domain-name:value = '198.51.100.7/x'", artifact.Observable{Type: artifact.URL, Value: "http://198.51.100.7/x?y"}},
		{"url:value = 'ftp://a.example/b'", artifact.Observable{Type: artifact.URL, Value: "ftp://a.example/b"}},
		{"file:path = '/private/var/tmp/bad'", artifact.Observable{Type: artifact.Process, Value: "/private/var/tmp/bad"}},
		{"file:path = '/var/tmp/bad'", artifact.Observable{Type: artifact.FilePath, Value: "/private/var/tmp/bad"}},
		{"file:path = 'Bad'", artifact.Observable{Type: artifact.FilePath, Value: "Bad"}},
		{"file:hashes.MD5 = 'D41D8CD98F00B204E9800998ECF8427E'", artifact.Observable{Type: artifact.FileHash, Value: "d41d8cd98f00b204e9800998ecf8427e"}},
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
		marks := AppendMarks(nil, p.o)
		for d := range set.All() {
			if !slices.ContainsFunc(d.Marks(), func(m uint32) bool { return slices.Contains(marks, m) }) {
				t.Errorf("%s does not find %s", p.pattern, p.o.Value)
			}
		}
	}
}

// TestMarksOfEverything is the same for random values of all kinds.
func TestMarksOfEverything(t *testing.T) {
	t.Parallel()
	w := world{rand.New(rand.NewPCG(8, 9))}
	found := 0
	for range 300 {
		var patterns []string
		for range 20 {
			patterns = append(patterns, "["+w.comparison()+"]")
		}
		m := NewMatcher([]*Set{load(t, bundleOf(patterns...))})
		for range 100 {
			o := w.observable()
			marks := AppendMarks(nil, o)
			for _, h := range m.Match("ios.x", []artifact.Observable{o}, nil) {
				found++
				if !slices.ContainsFunc(h.Indicator.Marks(), func(m uint32) bool { return slices.Contains(marks, m) }) {
					t.Fatalf("%s %q does not find %s %q", h.Indicator.Type(), h.Indicator.Value(), o.Type, o.Value)
				}
			}
		}
	}
	if found < 1000 {
		t.Errorf("only %d hits: the test says little", found)
	}
}

func TestHostOf(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"https://u@A.Example:8443/x": "a.example", "b.example.": "b.example", "http://[::ffff:198.51.100.7]/": "198.51.100.7", "": "", "/x": "",
	} {
		if got := HostOf(value); got != want {
			t.Errorf("%q: %q, want %q", value, got, want)
		}
	}
}

func TestNormalForm(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		o    artifact.Observable
		want string
	}{
		{artifact.Observable{Type: artifact.Email, Value: "A@B.example"}, "a@b.example"},
		{artifact.Observable{Type: artifact.FileHash, Value: "D41D8CD98F00B204E9800998ECF8427E"}, "d41d8cd98f00b204e9800998ecf8427e"},
		{artifact.Observable{Type: artifact.Process, Value: "bh"}, "bh"},
	} {
		if got := NormalForm(tt.o); got != tt.want {
			t.Errorf("%v: %q", tt.o, got)
		}
	}
}
