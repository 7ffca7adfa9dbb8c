package settings

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/feed"
	"github.com/amparo-project/amparo/internal/workspace"
)

func TestExamples(t *testing.T) {
	t.Parallel()
	for _, name := range workspace.SharedFiles {
		text := Example(name)
		if text == "" || !Known(name) {
			t.Errorf("%s has no example", name)
		}
		if err := Check(name, []byte(text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if of := ofMachines(name, []byte(text)); of != nil {
			t.Errorf("%s says of machines %v: it could not be kept over a page", name, of)
		}
	}
	if Known("other.yaml") || Example("other.yaml") != "" || !errors.Is(Check("other.yaml", nil), workspace.ErrInvalid) {
		t.Error("a file of another name")
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	const good = "helpline: {name: H, reach: {en: x}}\n"
	for what, test := range map[string]struct {
		name, text string
		want       Faults
	}{
		"a password": {workspace.SharedNotices, good + "smtp:\n  host: m\n  password: secret\n", Faults{{Line: 4, Column: 3, Kind: Unknown, Name: "password"}}},
		"a key":      {workspace.SharedFeeds, "feeds:\n- name: A\n  address: https://a.example\n  key: secret\n", Faults{{Line: 4, Column: 3, Kind: Unknown, Name: "key"}}},
		"a password in an address": {
			workspace.SharedFeeds, "feeds:\n- name: A\n  address: https://me:secret@a.example\n", Faults{{Line: 3, Kind: Secret}},
		},
		"a password in a comment":  {workspace.SharedNotices, "# smtp://me:secret@mail.example\n" + good, Faults{{Line: 1, Kind: Secret}}},
		"a second document":        {workspace.SharedNotices, good + "---\nsmtp: {password: secret}\n", Faults{{Line: 2, Kind: Second}}},
		"a broken second document": {workspace.SharedNotices, good + "---\n[", Faults{{Line: 4, Kind: Syntax, Why: "node", Text: "did not find expected node content"}}},
		"two faults": {
			workspace.SharedNotices, good + "smtp: {port: many, hots: m}\n",
			Faults{{Line: 2, Column: 14, Kind: Type, Name: "many", Want: Number}, {Line: 2, Column: 20, Kind: Unknown, Name: "hots"}},
		},
		"a list":       {workspace.SharedNotices, good + "team: one\n", Faults{{Line: 2, Column: 7, Kind: Type, Name: "one", Want: Items}}},
		"a long value": {workspace.SharedNotices, good + "team: one@example.org\n", Faults{{Line: 2, Column: 7, Kind: Type, Name: "one@exa...", Want: Items}}},
		"a feed of two": {
			workspace.SharedFeeds, "feeds:\n- {name: predator, address: https://m.example/p}\nnot_asked:\n  - Predator\n",
			Faults{{Line: 4, Column: 5, Kind: Several, Name: "Predator", Text: feed.BuiltIn()[1].Address + "; https://m.example/p"}},
		},
		"a mapping":        {workspace.SharedNotices, good + "smtp: [a]\n", Faults{{Line: 2, Kind: Type, Name: "seq", Want: Mapping}}},
		"a time":           {workspace.SharedNotices, good + "smtp: {timeout: long}\n", Faults{{Line: 2, Column: 17, Kind: Type, Name: "long", Want: Time}}},
		"not whether":      {workspace.SharedFeeds, "feeds:\n- {name: A, private: perhaps}\n", Faults{{Line: 2, Column: 22, Kind: Type, Name: "perhaps", Want: Bool}}},
		"twice":            {workspace.SharedNotices, good + "team: [a]\nteam: [b]\n", Faults{{Line: 3, Column: 1, Kind: Twice, Name: "team"}}},
		"nothing":          {workspace.SharedTerms, " # a comment\n", Faults{{Kind: Empty}}},
		"no YAML":          {workspace.SharedTerms, "terms:\n  - id: x\n bad\n", Faults{{Line: 3, Kind: Syntax, Why: "key", Text: "did not find expected key"}}},
		"a key of no line": {workspace.SharedTerms, "a: b\nterms\nc: d\n", Faults{{Line: 2, Kind: Syntax, Why: "no_colon", Text: "could not find expected ':'"}}},
		"broken at once":   {workspace.SharedTerms, "]", Faults{{Line: 1, Kind: Syntax, Why: "node", Text: "did not find expected node content"}}},
		"no text":          {workspace.SharedNotices, "a: b\nc: \xff\n", Faults{{Line: 2, Kind: NoText}}},
		"too much":         {workspace.SharedNotices, strings.Repeat("#", MaxSize+1), Faults{{Kind: Large}}},
	} {
		err := Check(test.name, []byte(test.text))
		var got Faults
		if !errors.As(err, &got) || !errors.Is(err, workspace.ErrInvalid) || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: %#v, want %#v", what, err, test.want)
		}
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error quotes a secret: %v", what, err)
		}
	}
}

// TestValues: each value that cannot be has its place, an id of its words and a
// sentence in English.
func TestValues(t *testing.T) {
	t.Parallel()
	const (
		good = "helpline: {name: H, reach: {en: x}}\n"
		smtp = good + "smtp:\n  host: m\n  "
		feed = "feeds:\n- name: A\n  address: https://a.example\n- name: B\n  address: https://b.example\n  "
		cal  = "calendars:\n  x:\n    zone: UTC\n    "
		days = cal + "holidays:\n    - {law: l, month: 1, day: 1}\n    - "
		term = "terms:\n- {id: b, request: access, from: 2020-01-01, days: 1, law: l, unit: days}\n- id: a\n  request: access\n  from: 2020-01-01\n  law: l\n  "
		inst = "source: s\ninstitutions:\n- {id: ok_one, kind: news, names: {en: [x]}}\n- id: two\n  kind: news\n  "
		name = inst + "names: {en: [x]}\n  "
	)
	told := map[string]bool{}
	for _, test := range []struct {
		name, text   string
		line, column int
		why          string
	}{
		{workspace.SharedNotices, "from: a\nhelpline: {name: x}\n", 2, 1, "helpline"},
		{workspace.SharedNotices, smtp + "tls: none\n", 4, 3, "tls"},
		{workspace.SharedNotices, smtp + "timeout: 1ms\n", 4, 3, "timeout"},
		{workspace.SharedNotices, smtp + "password_file: x\n", 4, 3, "path"},
		{workspace.SharedFeeds, "feeds:\n- address: https://a.example\n", 2, 3, "feed_name"},
		{workspace.SharedFeeds, feed + "kind: c\n", 6, 3, "feed_kind"},
		{workspace.SharedFeeds, feed + "auth: c\n", 6, 3, "feed_auth"},
		{workspace.SharedFeeds, feed + "type: c\n", 6, 3, "feed_type"},
		{workspace.SharedFeeds, "feeds:\n- name: A\n  address: ftp://a.example\n", 3, 3, "feed_address"},
		{workspace.SharedFeeds, "feeds:\n- name: A\n  address: https://me@a.example\n", 3, 3, "feed_password"},
		{workspace.SharedTerms, strings.Repeat("#", 1<<20) + "\nterms: []\n", 0, 0, "size"},
		{workspace.SharedTerms, "calendars:\n  a:\n", 2, 3, "calendar_empty"},
		{workspace.SharedTerms, "calendars:\n  a:\n    zone: Nowhere\n", 3, 5, "zone"},
		{workspace.SharedTerms, cal + "library: x\n", 4, 5, "library"},
		{workspace.SharedTerms, days + "{month: 13}\n", 6, 8, "month"},
		{workspace.SharedTerms, days + "{month: 1, day: 2, every: 4, law: l}\n", 6, 26, "every"},
		{workspace.SharedTerms, days + "{month: 1, day: 2}\n", 6, 7, "holiday_law"},
		{workspace.SharedTerms, days + "{month: 1, day: 32, law: l}\n", 6, 18, "day"},
		{workspace.SharedTerms, days + "{month: 1, weekday: noday, law: l}\n", 6, 18, "weekday"},
		{workspace.SharedTerms, "terms:\n- {id: a, request: access, from: 2020-01-01, days: 1}\n", 2, 3, "term_needs"},
		{workspace.SharedTerms, term + "unit: days\n  days: 1\n  until: never\n", 9, 3, "term_until"},
		{workspace.SharedTerms, term + "days: 1\n", 3, 3, "calendar"},
		{workspace.SharedTerms, term + "days: 1\n  calendar: none\n", 8, 3, "calendar"},
		{workspace.SharedTerms, term + "unit: days\n  days: 4000\n", 3, 3, "span"},
		{workspace.SharedTerms, term + "unit: days\n  days: 1\n  appeal: {days: 0}\n", 9, 3, "span"},
		{workspace.SharedInstitutions, "source: s\ninstitutions: []\n", 0, 0, "institutions_none"},
		{workspace.SharedInstitutions, "source: s\ninstitutions:\n-\n", 3, 2, "institution_empty"},
		{workspace.SharedInstitutions, "source: s\ninstitutions:\n- {id: NO}\n", 3, 4, "institution_id"},
		{workspace.SharedInstitutions, "source: s\ninstitutions:\n- {id: ok, kind: none}\n", 3, 12, "institution_kind"},
		{workspace.SharedInstitutions, inst + "country: mx\n", 4, 3, "institution_names"},
		{workspace.SharedInstitutions, inst + "names: {es: [x, '...'], en: [x]}\n", 6, 19, "institution_name_letters"},
		{workspace.SharedInstitutions, name + "domains: [a.example.org, UP.example]\n", 7, 28, "institution_domain"},
		{workspace.SharedInstitutions, name + "domains: [co.uk]\n", 7, 13, "institution_suffix"},
		{workspace.SharedInstitutions, name + "brands: [No]\n", 7, 12, "institution_brand"},
		{workspace.SharedInstitutions, name + "weak: [No]\n", 7, 10, "institution_brand"},
		{workspace.SharedInstitutions, "institutions:\n- {id: ok_one, kind: news, names: {en: [x]}}\n", 2, 3, "institution_source"},
		{workspace.SharedInstitutions, strings.Replace(name, "two", "ok_one", 1), 4, 3, "institution_twice"},
	} {
		told[test.why] = true
		err := Check(test.name, []byte(test.text))
		var got Faults
		if !errors.As(err, &got) || len(got) != 1 || got[0].Kind != Value || got[0].Why != test.why || got[0].Line != test.line || got[0].Column != test.column || got[0].Text == "" {
			t.Errorf("%s: %#v, want %s at line %d, column %d", test.why, err, test.why, test.line, test.column)
		}
	}
	for _, why := range Whys {
		if !told[why] {
			t.Errorf("%s: no file is told so: the test proves nothing", why)
		}
		delete(told, why)
	}
	for why := range told {
		t.Errorf("%s is not listed in Whys", why)
	}
}

// TestForms: the library still says what it is known to say.
func TestForms(t *testing.T) {
	t.Parallel()
	for form, text := range map[string]string{
		"colon": "a: b: c\n", "no_colon": "a: b\nterms\nc: d\n", "key": "terms:\n  - id: x\n bad\n", "dash": "a:\n  - b\n  c: d\n", "bracket": "a: [b\nc: d\n", "brace": "a: {b: c\nd: e\n",
		"node": "]", "token": "a: @b\n", "tab": "a: |\n\tb\n", "end": "a: \"b\n", "escape": "a: \"\\d\"\n", "control": "a: \x01\n", "anchor": "a: *b\n",
	} {
		var got Faults
		if err := Check(workspace.SharedTerms, []byte(text)); !errors.As(err, &got) || got[0].Kind != Syntax || got[0].Why != form {
			t.Errorf("%s: %#v", form, err)
		}
		if !slices.Contains(Forms(), form) {
			t.Errorf("%s is not listed", form)
		}
	}
	if got := formOf("while parsing a tag"); got != "" || len(Forms()) != 13 {
		t.Errorf("%q, of %v", got, Forms())
	}
}

// TestFaultsInEnglish: a command says each.
func TestFaultsInEnglish(t *testing.T) {
	t.Parallel()
	all := Faults{
		{Line: 1, Column: 2, Kind: Unknown, Name: "a"},
		{Line: 2, Kind: Twice, Name: "a"},
		{Line: 3, Kind: Type, Name: "a", Want: Bool},
		{Line: 4, Kind: Syntax, Text: "text"},
		{Kind: Empty},
		{Line: 5, Kind: Second},
		{Line: 6, Kind: Secret},
		{Line: 7, Kind: NoText},
		{Kind: Large},
		{Line: 8, Kind: NoFeed, Name: "a", Text: "b"},
		{Line: 9, Kind: Several, Name: "a", Text: "b"},
		{Kind: Value, Why: "tls", Text: "text"},
		{Kind: Other, Text: "text"},
	}
	for part := range strings.SplitSeq(all.Error(), "; ") {
		if _, text, _ := strings.Cut(part, ": "); part == "" || strings.HasPrefix(part, "line") && text == "" {
			t.Errorf("%q says nothing", part)
		}
	}
}

// TestOfMachines: from afar a file may say of the machines what the kept one
// says, and nothing else.
func TestOfMachines(t *testing.T) {
	t.Parallel()
	const feeds = "feeds:\n- {name: A, address: 'https://a.example/x', key_env: A_KEY}\n- {name: B, address: 'https://b.example/', key_file: /etc/b}\n"
	const mail = "helpline: {name: H, reach: {en: x}}\nsmtp: {host: m.example, user: u, password_file: /etc/p, ca_file: /etc/ca}\n"
	for what, test := range map[string]struct {
		name, old, data string
		refused         bool
	}{
		"the same":              {workspace.SharedFeeds, feeds, feeds, false},
		"another path":          {workspace.SharedFeeds, feeds, strings.Replace(feeds, "/x", "/y", 1), false},
		"a feed less":           {workspace.SharedFeeds, feeds, "feeds: []\n", false},
		"none was kept":         {workspace.SharedFeeds, "", feeds, true},
		"the key to another":    {workspace.SharedFeeds, feeds, strings.Replace(feeds, "a.example", "c.example", 1), true},
		"another variable":      {workspace.SharedFeeds, feeds, strings.Replace(feeds, "A_KEY", "AMPARO_PASSPHRASE", 1), true},
		"another file":          {workspace.SharedFeeds, feeds, strings.Replace(feeds, "/etc/b", "/etc/shadow", 1), true},
		"the same mail":         {workspace.SharedNotices, mail, mail + "team: [a@b.example]\n", false},
		"mail without a file":   {workspace.SharedNotices, "", "helpline: {name: H, reach: {en: x}}\nsmtp: {host: m.example}\n", false},
		"the password to other": {workspace.SharedNotices, mail, strings.Replace(mail, "m.example", "n.example", 1), true},
		"another password file": {workspace.SharedNotices, mail, strings.Replace(mail, "/etc/p", "/etc/shadow", 1), true},
		"other certificates":    {workspace.SharedNotices, mail, strings.Replace(mail, "/etc/ca", "/tmp/ca", 1), true},
		"terms say nothing":     {workspace.SharedTerms, "", Example(workspace.SharedTerms), false},
	} {
		err := nothingNew(test.name, []byte(test.old), []byte(test.data))
		if refused := errors.Is(err, ErrMachine); refused != test.refused || err != nil && !refused {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// FuzzCheck: no file makes it fail otherwise than by saying what is wrong, on a
// line that the file has.
func FuzzCheck(f *testing.F) {
	for i, name := range workspace.SharedFiles {
		f.Add(i, []byte(Example(name)))
	}
	f.Add(0, []byte("a: &a [*a]\n"))
	f.Add(1, []byte("institutions:\n-\n"))
	f.Add(2, []byte("helpline: {name: &x H, reach: {en: *x}}\n<<: {a: b}\n"))
	f.Add(3, []byte("calendars: {a: {library: us, zone: x}}\nterms: [{id: a}]\n"))
	f.Fuzz(func(t *testing.T, n int, data []byte) {
		name := workspace.SharedFiles[uint(n)%uint(len(workspace.SharedFiles))]
		err := Check(name, data)
		_ = nothingNew(name, data, data) // of what was kept once
		if err == nil {
			return
		}
		var all Faults
		if !errors.As(err, &all) || len(all) == 0 {
			t.Fatalf("%T %v", err, err)
		}
		lines := 2 + strings.Count(string(data), "\n") + strings.Count(string(data), "\r")
		if slices.ContainsFunc(all, func(f Fault) bool { return f.Line < 0 || f.Line > lines || f.String() == "" }) {
			t.Fatalf("%v of a file of %d lines", all, lines)
		}
	})
}
