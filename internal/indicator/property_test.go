package indicator

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/artifact"
)

// A world makes listed and observed values from few parts, so that they often
// meet and often nearly do.
type world struct{ r *rand.Rand }

func pick[T any](w world, from ...T) T { return from[w.r.IntN(len(from))] }

func (w world) host() string {
	h := pick(w, "evil.com", "notevil.com", "evil.com.mx", "www.x.com", "x.com", "com.mx", "a.b.c.org", "b.c.org", "local", "github.io", "me.github.io", "ñ.mx", "xn--ida.mx", "1.2.3.4")
	if w.r.IntN(3) == 0 && h != "1.2.3.4" {
		h = pick(w, "a", "www", "deep.er", "x_y") + "." + h
	}
	if w.r.IntN(6) == 0 {
		h = strings.ToUpper(h)
	}
	return h
}

func (w world) url() string {
	return pick(w, "http://", "https://", "HTTP://", "ftp://", "") + pick(w, "", "", "u:p@") + w.host() + pick(w, "", "", ":80", ":8080", ".") +
		pick(w, "", "/", "/x", "/x/", "/x/y", "/xy", "/x?a=b", "/X", "?q", "#f")
}

func (w world) path() string {
	return pick(w, "/private", "", "") + pick(w, "/var/tmp", "/tmp", "/var/db/x", "/opt", "Library") + "/" + pick(w, "", "stop", "stopwatch.log", "stop/a", "x.js", "Library/x.js", "./stop", "/stop//a")
}

func (w world) process() string {
	return pick(w, "", "", "/usr/libexec/") + pick(w, "bh", "bhd", "com.apple.rapports.events", "com.apple.rappor", "com.apple.rappo", "com.apple.rapp", "BackupAgent")
}

func (w world) hash() string {
	return strings.Repeat(pick(w, "a1", "A1", "b2"), pick(w, 16, 20, 32))
}

func (w world) observable() artifact.Observable {
	t := pick(w, artifact.URL, artifact.URL, artifact.Domain, artifact.IP, artifact.Process, artifact.FileName, artifact.FilePath, artifact.FilePath,
		artifact.FileHash, artifact.CertHash, artifact.Email, artifact.AppID, artifact.ProfileID, artifact.AndroidProperty, artifact.Phone)
	v := ""
	switch t {
	case artifact.URL:
		v = w.url()
	case artifact.Domain, artifact.IP:
		v = w.host()
	case artifact.Process:
		v = pick(w, w.process(), w.path())
	case artifact.FileName, artifact.FilePath:
		v = w.path()
	case artifact.FileHash, artifact.CertHash:
		v = w.hash()
	default:
		v = pick(w, "a@b.mx", "A@b.mx", "com.x", "com.X", "+52 555 1234", "00525551234")
	}
	return artifact.Observable{Type: t, Value: v}
}

func (w world) comparison() string {
	property, value := "", ""
	switch w.r.IntN(8) {
	case 0, 1:
		property, value = "domain-name:value", pick(w, w.host(), w.host()+pick(w, "/x", "/x/"))
	case 2:
		property, value = "url:value", w.url()
	case 3:
		property, value = "file:path", w.path()
	case 4:
		property, value = "process:name", w.process()
	case 5:
		property, value = pick(w, "file:hashes.MD5", "app:cert.md5"), w.hash()
	case 6:
		property, value = "file:name", pick(w, "stop", "x.js", "a", "stopwatch.log")
	default:
		property, value = pick(w, "email-addr:value", "app:id", "configuration-profile:id", "phone-number:value"), pick(w, "a@b.mx", "com.x", "+525551234")
	}
	return strings.Trim(expression(property, value), "[]")
}

func (w world) pattern() string {
	p := w.comparison()
	for w.r.IntN(4) == 0 {
		p += pick(w, " AND ", " OR ") + w.comparison()
	}
	return "[" + p + "]"
}

// naive says what a matcher must find, by asking every indicator.
func naive(sets []*Set, artifactName string, observed []artifact.Observable) []string {
	var all []string
	for _, s := range sets {
		for d := range s.All() {
			if i, how := naiveOne(d, artifactName, observed); how != "" {
				all = append(all, fmt.Sprint(label(d), " ", i, " ", how))
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func naiveOne(d *Indicator, artifactName string, observed []artifact.Observable) (int, How) {
	terms := []term{{kind: d.kind, key: d.key, flags: d.flags}}
	if d.kind == kindAllOf {
		terms = d.form.terms
	}
	first, how := -1, How("")
	for n, t := range terms {
		at := slices.IndexFunc(observed, func(o artifact.Observable) bool { return holds(t.kind, t.key, t.flags, &o) != "" })
		if at < 0 || !valid(t.kind, t.key, artifactName) {
			return 0, ""
		}
		if n == 0 {
			first, how = at, holds(t.kind, t.key, t.flags, &observed[at])
		}
	}
	if d.kind == kindAllOf {
		how = All
	}
	return first, how
}

// TestMatcherEqualsNaiveSearch also checks that neither the order of sets nor
// that of indicators changes a hit.
func TestMatcherEqualsNaiveSearch(t *testing.T) {
	t.Parallel()
	w := world{rand.New(rand.NewPCG(5, 6))}
	found := 0
	for range 150 {
		var patterns [2][]string
		for i := range patterns {
			for range 20 {
				patterns[i] = append(patterns[i], w.pattern())
			}
		}
		sets := []*Set{load(t, bundleOf(patterns[0]...)), load(t, bundleOf(patterns[1]...))}
		m := NewMatcher(sets)
		reversed := NewMatcher([]*Set{sets[1], sets[0], sets[1]})
		known := map[string]*Memory{"ios.datausage": {}, "ios.tcc": {}}
		var before []artifact.Observable
		for range 40 {
			var observed []artifact.Observable
			for i := range 1 + w.r.IntN(3) {
				if i < len(before) && w.r.IntN(2) == 0 {
					observed = append(observed, before[i])
					continue
				}
				observed = append(observed, w.observable())
			}
			before = observed
			name := pick(w, "ios.datausage", "ios.tcc")
			want := naive(sets, name, observed)
			hits := m.Match(name, observed, nil)
			if diff := gocmp.Diff(want, values(hits)); diff != "" {
				t.Fatalf("%+v (-naive +matcher):\n%s", observed, diff)
			}
			if again := reversed.Match(name, observed, nil); !sameHits(hits, again) {
				t.Fatalf("%+v: other order of sets: %v, %v", observed, values(hits), values(again))
			}
			if next := m.MatchNext(known[name], name, observed, nil); !sameHits(hits, next) {
				t.Fatalf("%+v: after the record before: %v, %v", observed, values(hits), values(next))
			}
			found += len(hits)
		}
	}
	if found < 1000 {
		t.Errorf("only %d hits: the test says little", found)
	}
}

// label names an indicator by what it matches: of those of a set that say the
// same, only one is told.
func label(d *Indicator) string { return cmp.Or(d.key, d.Value()) }

func sameHits(a, b []Hit) bool {
	return slices.EqualFunc(a, b, func(a, b Hit) bool {
		return a.Indicator == b.Indicator && a.Observed == b.Observed && a.How == b.How && slices.Equal(a.Also, b.Also)
	})
}

func values(hits []Hit) []string {
	var all []string
	for _, h := range hits {
		all = append(all, fmt.Sprint(label(h.Indicator), " ", h.Observed, " ", h.How))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// TestHostsAgainstNetURL takes the host from another hand: where net/url reads
// one in plain ASCII, a domain holds for it exactly if it is it or a parent.
func TestHostsAgainstNetURL(t *testing.T) {
	t.Parallel()
	w := world{rand.New(rand.NewPCG(7, 8))}
	for range 20_000 {
		observed, listed := w.url(), strings.ToLower(w.host())
		u, err := url.Parse(observed)
		if err != nil || u.Host == "" || strings.Contains(observed+listed, "ñ") || strings.Contains(strings.ToLower(observed), "ñ") {
			continue
		}
		if _, err := netip.ParseAddr(listed); err == nil {
			continue
		}
		host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
		want := How("")
		switch {
		case host == listed:
			want = Host
		case strings.HasSuffix(host, "."+listed) && !tooBroad(listed):
			want = ParentDomain
		}
		tm, err := typed(kindDomain, listed)
		if err != nil {
			t.Fatal(err)
		}
		if got := holds(tm.kind, tm.key, tm.flags, &artifact.Observable{Type: artifact.URL, Value: observed}); got != want {
			t.Fatalf("%s in %s: %q, want %q", listed, observed, got, want)
		}
	}
}

func TestAllOf(t *testing.T) {
	t.Parallel()
	set := load(t, bundleOf(`[file:name='x' AND file:hashes.MD5='`+strings.Repeat("a1", 16)+`']`, `[file:parent_directory_ref.path='/var/x' AND file:name='y']`))
	m := NewMatcher([]*Set{set})
	name := artifact.Observable{Type: artifact.FileName, Value: "x"}
	hash := artifact.Observable{Type: artifact.FileHash, Value: strings.Repeat("A1", 16)}
	for _, tt := range []struct {
		name     string
		observed []artifact.Observable
		want     []string
	}{
		{"both", []artifact.Observable{hash, name}, []string{"file_name=x AND file_hash=" + strings.Repeat("a1", 16) + " 1 all_of"}},
		{"name", []artifact.Observable{name}, nil},
		{"hash", []artifact.Observable{hash}, nil},
		{"one_value", []artifact.Observable{{Type: artifact.FilePath, Value: "/private/var/x/a/y"}}, []string{"file_path=/var/x AND file_name=y 0 all_of"}},
		{"other_folder", []artifact.Observable{{Type: artifact.FilePath, Value: "/private/var/z/y"}}, nil},
	} {
		if diff := gocmp.Diff(tt.want, values(m.Match("ios.manifest", tt.observed, nil))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestHitsOfOneRecord(t *testing.T) {
	t.Parallel()
	set := load(t, bundleOf(expression("domain-name:value", "evil.com"), expression("domain-name:value", "a.evil.com"), expression("domain-name:value", "evil.com"),
		expression("url:value", "http://a.evil.com/x")))
	before := []Hit{{Observed: 99}}
	hits := NewMatcher([]*Set{set}).Match("ios.sms", []artifact.Observable{
		{Type: artifact.URL, Value: "http://a.evil.com/x"}, {Type: artifact.URL, Value: "https://a.evil.com/y"},
	}, before)
	want := []string{" evil.com 0 parent_domain", " a.evil.com 0 host", " http://a.evil.com/x 0 url"}
	var got []string
	for _, h := range hits[1:] {
		got = append(got, fmt.Sprint(" ", h.Indicator.Value(), " ", h.Observed, " ", h.How))
	}
	if diff := gocmp.Diff(want, got); diff != "" || hits[0].Observed != 99 {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !strings.HasSuffix(hits[1].Indicator.ID(), "1") {
		t.Errorf("of two that say the same, %s is told", hits[1].Indicator.ID())
	}
}

func TestRevokedNeverMatches(t *testing.T) {
	t.Parallel()
	m := NewMatcher([]*Set{load(t, bundle(object1(uuid1, "evil.com", `"revoked":true`), object1(uuid2, "old.com", `"valid_until":"2020-01-01T00:00:00Z"`)))})
	hits := m.Match("ios.sms", []artifact.Observable{{Type: artifact.Domain, Value: "evil.com"}, {Type: artifact.Domain, Value: "old.com"}}, nil)
	if len(hits) != 1 || hits[0].Indicator.Value() != "old.com" {
		t.Errorf("%v", values(hits))
	}
}

// TestScope keeps the two published process names that are files of clean
// phones from making findings of files.
func TestScope(t *testing.T) {
	t.Parallel()
	sets, err := LoadPath(shared(t))
	if err != nil {
		t.Fatal(err)
	}
	m := NewMatcher(sets)
	for _, tt := range []struct {
		artifact, name string
		typ            artifact.ObservableType
		want           int
	}{
		{"ios.datausage", "BackupAgent", artifact.Process, 1},
		{"ios.netusage", "BackupAgent", artifact.Process, 1},
		{"ios.os_analytics_ad_daily", "BackupAgent", artifact.Process, 1},
		{"ios.tcc", "BackupAgent", artifact.Process, 0},
		{"ios.datausage", "BackupAgent2", artifact.Process, 0},
		{"ios.manifest", "BackupAgent", artifact.FileName, 0},
		{"ios.manifest", "/usr/libexec/BackupAgent", artifact.FilePath, 0},
		{"ios.manifest", "/private/var/mobile/payload", artifact.FilePath, 0},
		{"ios.manifest", "payload", artifact.FileName, 0},
		{"ios.datausage", "payload", artifact.Process, 1},
		{"ios.datausage", "bh", artifact.Process, 1},
		{"ios.datausage", "com.apple.mobilesafari", artifact.Process, 0},
	} {
		hits := m.Match(tt.artifact, []artifact.Observable{{Type: tt.typ, Value: tt.name}}, nil)
		if len(hits) != tt.want {
			t.Errorf("%s %s %s: %v, want %d hits", tt.artifact, tt.typ, tt.name, values(hits), tt.want)
		}
	}
}

func FuzzMatch(f *testing.F) {
	m := NewMatcher([]*Set{mustLoad(bundleOf(expression("domain-name:value", "evil.com"), expression("url:value", "http://a.mx/x"), expression("domain-name:value", "a.mx/x"),
		expression("file:path", "/private/var/x"), expression("file:path", "Library/x"), expression("process:name", "com.apple.rapports.events"), expression("ipv4-addr:value", "1.2.3.4"),
		expression("phone-number:value", "+525551234")))})
	for _, s := range []string{"http://u@a.evil.com.:80/x?y#z", "http://[::ffff:1.2.3.4]/", "/private/var/x/../y", "com.apple.rappor", "http://%65vil.com\\x", "00525551234", "ünï.mx"} {
		f.Add(s)
	}
	types := []artifact.ObservableType{
		artifact.URL, artifact.Domain, artifact.IP, artifact.Process, artifact.FileName, artifact.FilePath, artifact.FileHash,
		artifact.CertHash, artifact.Email, artifact.AppID, artifact.ProfileID, artifact.AndroidProperty, artifact.Phone,
	}
	f.Fuzz(func(t *testing.T, value string) {
		for _, typ := range types {
			observed := []artifact.Observable{{Type: typ, Value: value}}
			if diff := gocmp.Diff(naive(fuzzSets(m), "x", observed), values(m.Match("x", observed, nil))); diff != "" {
				t.Errorf("%s %q (-naive +matcher):\n%s", typ, value, diff)
			}
		}
	})
}

func mustLoad(text string) *Set {
	s, err := Load(strings.NewReader(text), "x")
	if err != nil {
		panic(err)
	}
	return s
}

// fuzzSets returns the sets behind a matcher.
func fuzzSets(m *Matcher) []*Set { return []*Set{m.index.entries[1].ind.Set()} }
