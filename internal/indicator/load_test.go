package indicator

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/limit"
)

var update = flag.Bool("update", false, "rewrite golden files")

// shared returns the folder of published indicators.
func shared(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("AMPARO_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	dir = filepath.Join(dir, "indicators")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no published indicators: set AMPARO_SHARED (%v)", err)
	}
	return dir
}

// TestPublishedSets loads every published set: all is understood, and the
// counts are those of the golden file.
func TestPublishedSets(t *testing.T) {
	t.Parallel()
	sets, err := Survey(shared(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var all []finding.IndicatorSet
	for _, s := range sets {
		d := s.Describe()
		if len(d.NotUnderstood) > 0 {
			t.Errorf("%s: not understood: %+v", d.File, d.NotUnderstood)
		}
		if !s.Format.Listed() {
			d.SHA256 = ""
		}
		for x := range s.All() {
			if s.Format != STIX2 {
				break
			}
			if len(x.Threats()) == 0 || x.ValidFrom().IsZero() || !strings.Contains(x.Pattern(), x.Value()) || len(x.ID()) != len(idPrefix)+36 {
				t.Fatalf("%s: %s: threats %v, from %v, pattern %s", d.File, x.ID(), x.Threats(), x.ValidFrom(), x.Pattern())
			}
		}
		all = append(all, d)
	}
	got, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/published.golden", append(got, '\n'))
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

const uuid1, uuid2 = "indicator--11111111-1111-4111-8111-111111111111", "indicator--22222222-2222-4222-8222-222222222222"

// seen renders a set: its indicators, what was not understood, its notes.
func seen(s *Set) string {
	var b strings.Builder
	for d := range s.All() {
		fmt.Fprintf(&b, "%s %s %s %q\n", strings.TrimPrefix(d.ID(), idPrefix)[:1], d.Type(), d.Value(), d.Threats())
	}
	d := s.Describe()
	for _, u := range d.NotUnderstood {
		fmt.Fprintf(&b, "? %s %s: %s\n", strings.TrimPrefix(u.ID, idPrefix), u.Pattern, u.Reason)
	}
	for _, n := range d.Notes {
		fmt.Fprintf(&b, "- %s\n", n)
	}
	return b.String()
}

// object1 is an indicator of the given value; more are further members.
func object1(id, domain string, more ...string) string {
	return fmt.Sprintf(`{"type":"indicator","id":%q,"pattern":"[domain-name:value='%s']"%s}`, id, domain, strings.Join(append([]string{""}, more...), ","))
}

func bundle(objects ...string) string {
	return `{"type":"bundle","id":"bundle--1","objects":[` + strings.Join(objects, ",") + `]}`
}

func TestLoad(t *testing.T) {
	t.Parallel()
	one := object1(uuid1, "a.com")
	for _, tt := range []struct{ name, text, want string }{
		{"bundle", bundle(one), "1 domain a.com []\n"},
		{"byte_order_mark", "\xEF\xBB\xBF" + bundle(one), "1 domain a.com []\n"},
		{"space_around", " \r\n" + bundle(one) + "\n\n", "1 domain a.com []\n"},
		{"version_2_0", `{"objects":[` + one + `],"spec_version":"2.0","id":"b","type":"bundle"}`, "1 domain a.com []\n"},
		{"empty", bundle(), ""},
		{"no_objects", `{"type":"bundle"}`, ""},
		{"list_of_objects", "[" + one + "," + object1(uuid2, "b.com") + "]", "1 domain a.com []\n2 domain b.com []\n"},
		{"list_of_bundles", "[" + bundle(one) + "," + bundle(object1(uuid2, "b.com")) + "]", "1 domain a.com []\n2 domain b.com []\n"},
		{
			"pattern_type", bundle(object1(uuid1, "a.com", `"pattern_type":"stix"`), object1(uuid2, "b.com", `"pattern_type":"yara"`)),
			"1 domain a.com []\n? 22222222-2222-4222-8222-222222222222 [domain-name:value='b.com']: pattern of type yara\n",
		},
		{
			"wrong_type", bundle(`{"type":"indicator","id":"`+uuid1+`","pattern":7}`, object1(uuid2, "b.com")),
			"2 domain b.com []\n? 11111111-1111-4111-8111-111111111111 : object 1: not JSON: at byte 85: expected a string\n",
		},
		{"broken_object", bundle(`{"type":indicator}`, object1(uuid2, "b.com")), "2 domain b.com []\n?  : object 1: not JSON: at byte 8: expected a string\n"},
		{"no_id", bundle(`{"type":"indicator"}`, one), "1 domain a.com []\n?  : object 1: no type or no id\n"},
		{"no_pattern", bundle(`{"type":"indicator","id":"` + uuid1 + `"}`), "? 11111111-1111-4111-8111-111111111111 : at byte 1: expected [\n"},
		{"null_members", bundle(object1(uuid1, "a.com", `"name":null`, `"revoked":null`, `"external_references":null`, `"valid_until":null`)), "1 domain a.com []\n"},
		{"truncated", bundle(one, object1(uuid2, "b.com"))[:170], "1 domain a.com []\n- read up to byte 170: corrupt data: the text ends in the middle\n"},
		{"invalid_utf8", bundle(object1(uuid1, "a.com", "\"name\":\"x\xff\"")), "1 domain a.com []\n"},
		{"escapes", bundle(`{"type":"indicator","id":"` + uuid1 + `","pattern":"[file:name='\u00f1\"\/\ud83d\ude00']"}`), "1 file_path ñ\"/😀 []\n"},
		{"revoked", bundle(object1(uuid1, "a.com", `"revoked":true`), object1(uuid2, "b.com")), "2 domain b.com []\n- 1 revoked by the publisher: never matched\n"},
		{"later_version", bundle(object1(uuid1, "new.com", `"modified":"2024-01-01T00:00:00Z"`), object1(uuid1, "old.com", `"modified":"2023-01-01T00:00:00Z"`)), "1 domain new.com []\n"},
		{"later_version_last", bundle(object1(uuid1, "old.com", `"modified":"2023-01-01T00:00:00Z"`), object1(uuid1, "new.com", `"modified":"2024-01-01T00:00:00Z"`)), "1 domain new.com []\n"},
		{"later_version_keeps_threat", bundle(`{"type":"malware","id":"malware--1","name":"Zeta"}`, object1(uuid1, "old.com", `"modified":"2023-01-01T00:00:00Z"`),
			`{"type":"relationship","id":"r","relationship_type":"indicates","source_ref":"`+uuid1+`","target_ref":"malware--1"}`,
			object1(uuid1, "new.com", `"modified":"2024-01-01T00:00:00Z"`)), "1 domain new.com [\"Zeta\"]\n"},
		{"later_version_revoked", bundle(object1(uuid1, "a.com", `"modified":"2023-01-01T00:00:00Z"`), object1(uuid1, "a.com", `"modified":"2024-01-01T00:00:00Z"`, `"revoked":true`)), "- 1 revoked by the publisher: never matched\n"},
		{"observables_alone", bundle(`{"type":"domain-name","id":"domain-name--1","value":"a.com"}`), "- objects of type domain-name are no indicators and are not matched: 1\n"},
		{"broad_domain", bundle(object1(uuid1, "com.mx")), "1 domain com.mx []\n- com.mx: so broad that only the value itself matches, not what is below\n"},
		{"threats", bundle(
			`{"type":"relationship","id":"r","relationship_type":"indicates","source_ref":"`+uuid1+`","target_ref":"malware--1"}`, one,
			`{"type":"relationship","id":"r","relationship_type":"indicates","source_ref":"`+uuid1+`","target_ref":"campaign--1"}`,
			`{"type":"relationship","id":"r","relationship_type":"related-to","source_ref":"`+uuid1+`","target_ref":"tool--1"}`,
			`{"type":"malware","id":"malware--1","name":"Zeta"}`, `{"type":"campaign","id":"campaign--1","name":"Alfa"}`, `{"type":"tool","id":"tool--1","name":"Tool"}`,
		), "1 domain a.com [\"Alfa\" \"Zeta\"]\n"},
		{"malware_without_name", bundle(one, `{"type":"malware","id":"malware--1"}`,
			`{"type":"relationship","id":"r","relationship_type":"indicates","source_ref":"`+uuid1+`","target_ref":"malware--1"}`), "1 domain a.com []\n"},
		{"report", bundle(one, `{"type":"report","id":"report--1","name":"The report","object_refs":["`+uuid1+`","`+uuid2+`"]}`), "1 domain a.com [\"The report\"]\n"},
		{"odd_id", bundle(object1("indicator--x", "a.com")), "x domain a.com []\n"},
		{
			"alternatives", bundle(`{"type":"indicator","id":"` + uuid1 + `","pattern":"[domain-name:value IN ('a.com','b.com') OR file:size=1]"}`),
			"1 domain a.com []\n1 domain b.com []\n? 11111111-1111-4111-8111-111111111111 [domain-name:value IN ('a.com','b.com') OR file:size=1]: file:size: no artifact tells this\n",
		},
		{"all_of", bundle(`{"type":"indicator","id":"` + uuid1 + `","pattern":"[file:name='x' AND app:id='y']"}`), "1 all_of file_name=x AND app_id=y []\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for how, r := range map[string]io.Reader{"whole": strings.NewReader(tt.text), "by_byte": iotest.OneByteReader(strings.NewReader(tt.text))} {
				set, err := Load(r, "dir/test.stix2")
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tt.want, seen(set)); diff != "" {
					t.Errorf("%s: %s (-want +got):\n%s", how, tt.text, diff)
				}
			}
		})
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, text string
		want       error
	}{
		{"nothing", "", limit.ErrUnsupported},
		{"text", "hello", limit.ErrUnsupported},
		{"other_json", `{"event":{"info":"x"}}`, limit.ErrUnsupported},
		{"other_list", `[1,{"a":2}]`, limit.ErrUnsupported},
		{"nested", strings.Repeat("[", 100_000), limit.ErrUnsupported},
	} {
		if _, err := Load(strings.NewReader(tt.text), "x"); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	failure := errors.New("disk gone")
	text := bundle(object1(uuid1, "a.com"))
	for n := range len(text) {
		r := io.MultiReader(strings.NewReader(text[:n]), iotest.ErrReader(failure))
		if _, err := Load(r, "x"); !errors.Is(err, failure) {
			t.Fatalf("a read error after %d bytes gives %v", n, err)
		}
	}
}

func TestAbout(t *testing.T) {
	t.Parallel()
	set := load(t, bundle(object1(uuid1, "a.com", `"description":"d"`, `"confidence":80`, `"valid_from":"2024-01-01T00:00:00.5Z"`, `"valid_until":"2024-06-01T00:00:00Z"`,
		`"external_references":[{"source_name":"Lab","url":"https://lab.example/1"},{"source_name":"no link"}]`),
		`{"type":"report","id":"report--1","name":"The report","object_refs":["`+uuid1+`"],"external_references":[{"source_name":"Press","url":"https://press.example"}]}`))
	d := set.at(0)
	want := []Reference{{"Lab", "https://lab.example/1"}, {"Press", "https://press.example"}}
	if diff := cmp.Diff(want, d.References()); diff != "" {
		t.Errorf("references (-want +got):\n%s", diff)
	}
	june := time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC)
	if d.Description() != "d" || d.Confidence() != 80 || !d.ValidUntil().Equal(june) || d.ValidFrom().Year() != 2024 || set.Name != "The report" || d.Revoked() {
		t.Errorf("%q %d %v %v %q", d.Description(), d.Confidence(), d.ValidFrom(), d.ValidUntil(), set.Name)
	}
	if !d.Expired(june) || d.Expired(june.Add(-time.Second)) || load(t, bundle(object1(uuid1, "a.com"))).at(0).Expired(june) {
		t.Error("Expired")
	}
	if types, artifacts, why := d.Scope(); len(types) != 2 || artifacts != nil || why != "" {
		t.Error("Scope", types, artifacts, why)
	}
}

func TestLoadFS(t *testing.T) {
	t.Parallel()
	fsys := fstest.MapFS{
		"a/one.stix2":  {Data: []byte(bundle(object1(uuid1, "a.com")))},
		"a/two.json":   {Data: []byte(bundle(object1(uuid2, "b.com")))},
		"a/again.json": {Data: []byte(bundle(object1(uuid2, "b.com")))},
		"misp.json":    {Data: []byte(`{"Event":{}}`)},
		"bad.stix2":    {Data: []byte("nothing")},
		"notes.txt":    {Data: []byte(bundle())},
	}
	sets, err := LoadFS(fsys)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range sets {
		got = append(got, fmt.Sprint(filepath.ToSlash(s.File), " ", s.Len(), " ", s.Describe().Notes))
	}
	want := []string{"a/again.json 1 []", "a/one.stix2 1 []", "misp.json 0 []", "notes.txt 0 []"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLoadPath(t *testing.T) {
	t.Parallel()
	dir, outside := t.TempDir(), t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	secret := write(filepath.Join(outside, "x.stix2"), bundle(object1(uuid2, "b.com")))
	file := write(filepath.Join(dir, "a.stix2"), bundle(object1(uuid1, "a.com")))
	if err := os.Symlink(secret, filepath.Join(dir, "link.stix2")); err != nil {
		t.Skip("no symbolic links here")
	}
	sets, err := LoadPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(sets) != 2 || sets[0].Len() != 1 || sets[1].Len() != 0 || len(sets[1].Describe().Notes) != 1 || sets[0].File != file {
		t.Errorf("%d sets: %+v", len(sets), sets)
	}
	if sets, err := LoadPath(file); err != nil || len(sets) != 1 || sets[0].SHA256 == "" {
		t.Error(sets, err)
	}
	if _, err := LoadPath(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	if _, err := LoadPath(write(filepath.Join(outside, "bad.stix2"), "?")); !errors.Is(err, limit.ErrUnsupported) {
		t.Error(err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(bundle(object1(uuid1, "a.com"), `{"type":"report","id":"r","name":"n","object_refs":["`+uuid1+`"]}`)))
	f.Add([]byte("\xEF\xBB\xBF[" + bundle(object1("indicator--x", "a.com")) + `,{"type":"malware","id":"m","name":"\ud83d\u00e9"}]`))
	f.Add([]byte(bundle(object1(uuid1, "a.com", `"revoked":tru`))[:150]))
	f.Fuzz(func(t *testing.T, text []byte) {
		set, err := Load(strings.NewReader(string(text)), "x.stix2")
		if err != nil {
			return
		}
		bytewise, err := Load(iotest.OneByteReader(strings.NewReader(string(text))), "x.stix2")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(set.Describe(), bytewise.Describe()); diff != "" {
			t.Errorf("read by the byte (-whole +bytes):\n%s", diff)
		}
		for d := range set.All() {
			d.ID()
			d.Pattern()
		}
		NewMatcher([]*Set{set})
	})
}
