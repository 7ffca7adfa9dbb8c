package settings

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

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
		"a password": {workspace.SharedNotices, good + "smtp:\n  host: m\n  password: secret\n", Faults{{Line: 4, Kind: Unknown, Name: "password"}}},
		"a key":      {workspace.SharedFeeds, "feeds:\n- name: A\n  address: https://a.example\n  key: secret\n", Faults{{Line: 4, Kind: Unknown, Name: "key"}}},
		"a password in an address": {
			workspace.SharedFeeds, "feeds:\n- name: A\n  address: https://me:secret@a.example\n", Faults{{Line: 3, Kind: Secret}},
		},
		"a password in a comment":  {workspace.SharedNotices, "# smtp://me:secret@mail.example\n" + good, Faults{{Line: 1, Kind: Secret}}},
		"a second document":        {workspace.SharedNotices, good + "---\nsmtp: {password: secret}\n", Faults{{Line: 2, Kind: Second}}},
		"a broken second document": {workspace.SharedNotices, good + "---\n[", Faults{{Line: 4, Kind: Syntax, Text: "did not find expected node content"}}},
		"two faults": {
			workspace.SharedNotices, good + "smtp: {port: many, hots: m}\n",
			Faults{{Line: 2, Kind: Type, Name: "many", Want: Number}, {Line: 2, Kind: Unknown, Name: "hots"}},
		},
		"a list":              {workspace.SharedNotices, good + "team: one\n", Faults{{Line: 2, Kind: Type, Name: "one", Want: Items}}},
		"a mapping":           {workspace.SharedNotices, good + "smtp: [a]\n", Faults{{Line: 2, Kind: Type, Name: "seq", Want: Mapping}}},
		"a time":              {workspace.SharedNotices, good + "smtp: {timeout: long}\n", Faults{{Line: 2, Kind: Type, Name: "long", Want: Time}}},
		"not whether":         {workspace.SharedFeeds, "feeds:\n- {name: A, private: perhaps}\n", Faults{{Line: 2, Kind: Type, Name: "perhaps", Want: Bool}}},
		"twice":               {workspace.SharedNotices, good + "team: [a]\nteam: [b]\n", Faults{{Line: 3, Kind: Twice, Name: "team"}}},
		"nothing":             {workspace.SharedTerms, " # a comment\n", Faults{{Kind: Empty}}},
		"no YAML":             {workspace.SharedTerms, "terms:\n  - id: x\n bad\n", Faults{{Line: 3, Kind: Syntax, Text: "did not find expected key"}}},
		"a key of no line":    {workspace.SharedTerms, "a: b\nterms\nc: d\n", Faults{{Line: 2, Kind: Syntax, Text: "could not find expected ':'"}}},
		"broken at once":      {workspace.SharedTerms, "]", Faults{{Line: 1, Kind: Syntax, Text: "did not find expected node content"}}},
		"no text":             {workspace.SharedNotices, "a: b\nc: \xff\n", Faults{{Line: 2, Kind: NoText}}},
		"too much":            {workspace.SharedNotices, strings.Repeat("#", MaxSize+1), Faults{{Kind: Large}}},
		"no way to reach":     {workspace.SharedNotices, "from: a\nhelpline: {name: x}\n", Faults{{Line: 2, Kind: Other, Text: "configuration of notices: helpline needs a name, and reach: how it is reached safely, by language"}}},
		"mail without TLS":    {workspace.SharedNotices, good + "smtp:\n  tls: none\n", Faults{{Line: 3, Kind: Other, Text: `configuration of notices: smtp.tls is starttls or tls, not "none": mail is not sent without TLS`}}},
		"a relative path":     {workspace.SharedNotices, good + "smtp:\n  password_file: x\n", Faults{{Line: 3, Kind: Other, Text: "configuration of notices: x: a path that every machine has begins at the root"}}},
		"a feed of no kind":   {workspace.SharedFeeds, "feeds:\n- name: A\n  address: https://a.example\n- name: B\n  kind: c\n", Faults{{Line: 4, Kind: Other, Text: `feed 2, "B": kind "c": one of file, misp_feed, misp, taxii`}}},
		"a term without law":  {workspace.SharedTerms, "terms:\n- {id: a, request: access, from: 2020-01-01, days: 1}\n", Faults{{Line: 2, Kind: Other, Text: "terms: term 1 (a): id, request, law and from are needed"}}},
		"no calendar":         {workspace.SharedTerms, "terms:\n- {id: b, request: access, from: 2020-01-01, days: 1, law: l, unit: days}\n- {id: a, request: access, from: 2020-01-01, days: 1, law: l}\n", Faults{{Line: 3, Kind: Other, Text: `terms: term a: no calendar ""`}}},
		"an empty calendar":   {workspace.SharedTerms, "calendars:\n  a:\n", Faults{{Line: 2, Kind: Other, Text: "terms: calendar a is empty"}}},
		"an institution":      {workspace.SharedInstitutions, "source: s\ninstitutions:\n- {id: ok_one, kind: news, names: {en: [x]}}\n- {id: NO}\n", Faults{{Line: 4, Kind: Other, Text: `institutions that cannot be used: institutions.yaml: id "NO": small letters, digits and low lines`}}},
		"an institution less": {workspace.SharedInstitutions, "source: s\ninstitutions:\n-\n", Faults{{Line: 3, Kind: Other, Text: "institutions that cannot be used: institutions.yaml: institution 1 is empty"}}},
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

// TestFaultsInEnglish: a command says each.
func TestFaultsInEnglish(t *testing.T) {
	t.Parallel()
	all := Faults{
		{Line: 1, Kind: Unknown, Name: "a"},
		{Line: 2, Kind: Twice, Name: "a"},
		{Line: 3, Kind: Type, Name: "a", Want: Bool},
		{Line: 4, Kind: Syntax, Text: "text"},
		{Kind: Empty},
		{Line: 5, Kind: Second},
		{Line: 6, Kind: Secret},
		{Line: 7, Kind: NoText},
		{Kind: Large},
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
