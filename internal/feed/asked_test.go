package feed

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func entries(list ...string) (out []Entry) {
	for _, address := range list {
		out = append(out, Entry{ID: "set-of-" + filepath.Base(address), Name: "N " + filepath.Base(address), Address: address, Versions: []Version{{Count: 3}}})
	}
	return append(out, Entry{ID: "by-hand", Name: "A file", Versions: []Version{{Count: 1}}})
}

func config(t *testing.T, text string) *Config {
	t.Helper()
	c, err := ParseConfig([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestFeedsThatAreAsked: a name, an address, or all that Amparo knows is switched
// off; what a team lists itself, and what it adds, is asked all the same.
func TestFeedsThatAreAsked(t *testing.T) {
	t.Parallel()
	known := len(BuiltIn())
	if known < 15 {
		t.Fatalf("%d feeds are known", known)
	}
	predator := BuiltIn()[1]
	for what, test := range map[string]struct {
		text    string
		have    []Entry
		asked   int
		quiet   []string // of have, by id
		unknown []string
	}{
		"nothing is said":         {"feeds: []", entries(predator.Address, "https://a.example/x"), known + 1, nil, nil},
		"by name":                 {"not_asked: [predator]", entries(predator.Address), known - 1, []string{"set-of-predator.stix2"}, nil},
		"by address":              {"not_asked: ['" + predator.Address + "']", entries(predator.Address), known - 1, []string{"set-of-predator.stix2"}, nil},
		"all of Amparo":           {"not_asked: [built-in]", entries(predator.Address), 0, []string{"set-of-predator.stix2"}, nil},
		"and one of a team":       {"not_asked: [built-in]\nfeeds: [{name: A, address: https://a.example/a}]", nil, 1, nil, nil},
		"listed by the team":      {"not_asked: [built-in]\nfeeds: [{name: P, address: " + predator.Address + "}]", entries(predator.Address), 1, nil, nil},
		"one that was added":      {"not_asked: [https://a.example/x]", entries("https://a.example/x"), known, []string{"set-of-x"}, nil},
		"one that is not there":   {"not_asked: [Preditor, https://a.example/gone]", nil, known, nil, []string{"Preditor", "https://a.example/gone"}},
		"a mirror of that name":   {"not_asked: ['" + predator.Address + "']\nfeeds: [{name: Predator, address: https://a.example/m}]", nil, known, nil, nil},
		"a name of two is both's": {"not_asked: [Predator]\nfeeds: [{name: Predator, address: https://a.example/m}]", nil, known - 1, nil, nil},
	} {
		l := config(t, test.text).List(test.have)
		var quiet []string
		for i := range test.have {
			if l.Quiet(&test.have[i]) {
				quiet = append(quiet, test.have[i].ID)
			}
		}
		if len(l.Asked()) != test.asked || len(l.Feeds)-l.Off() != test.asked || !slices.Equal(quiet, test.quiet) || !slices.Equal(l.Unknown, test.unknown) {
			t.Errorf("%s: %d asked, %d off, quiet %v, unknown %v", what, len(l.Asked()), l.Off(), quiet, l.Unknown)
		}
	}
}

// TestCatalogues: what a command names is asked, though Amparo knows it too and is
// not to ask it, unless the feed itself is switched off.
func TestCatalogues(t *testing.T) {
	t.Parallel()
	predator, other := BuiltIn()[1], Source{Name: "Other", Address: "https://a.example/o", Kind: File}
	l := config(t, "feeds: [{name: X, address: https://a.example/m}, {name: x, address: https://a.example/n}]\nnot_asked: [x, Cellebrite]").List(nil)
	if !slices.Equal(l.Several, []string{"x"}) || l.Off() != 3 {
		t.Errorf("%v, %d", l.Several, l.Off())
	}
	l = config(t, "not_asked: [built-in, other]").List(nil, predator, other)
	if asked := l.Asked(); len(asked) != 1 || asked[0].Name != predator.Name {
		t.Errorf("%+v", asked)
	}
}

// TestNames: a wrong name is said with those that there are.
func TestNames(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]error{
		"not_asked: [built-in, Predator, https://whatever.example/x]": nil,
		"not_asked: [Preditor]":               ErrNoFeed,
		"not_asked: ['']":                     ErrNoFeed,
		"not_asked: [http://plain.example/x]": ErrNoFeed,
		"not_asked: [Predator]\nfeeds: [{name: predator, address: https://a.example/m}]": ErrSeveral,
		"not_asked: [Own]\nfeeds: [{name: own, address: https://a.example/m}]":           nil,
	} {
		err := config(t, text).Check()
		if !errors.Is(err, want) || (err == nil) != (want == nil) {
			t.Errorf("%s: %v", text, err)
		}
		if errors.Is(err, ErrNoFeed) && !strings.Contains(err.Error(), "Predator; ") {
			t.Errorf("%v does not say which there are", err)
		}
		if errors.Is(err, ErrSeveral) && !strings.Contains(err.Error(), "https://a.example/m") {
			t.Errorf("%v does not say the addresses", err)
		}
	}
}

// TestSwitch changes what it is told, and no other line.
func TestSwitch(t *testing.T) {
	t.Parallel()
	predator := BuiltIn()[1].Address
	const own = "# ours\nfeeds:\n\n  - name: A   # of a partner\n    address: https://a.example/a\n"
	const off = own + "\n# the proxy lets none of these through\nnot_asked:\n  # old\n  - Predator # since May\n  - Cellebrite\n"
	for what, test := range map[string]struct {
		text, name string
		on         bool
		want       string
		err        error
	}{
		"no file":                  {"", "predator", false, "not_asked:\n  - Predator\n", nil},
		"comments alone":           {"# nothing\n", "built-in", false, "# nothing\nnot_asked:\n  - built-in\n", nil},
		"no end of line":           {"feeds: []", "A file", false, "", ErrNoFeed},
		"no list yet":              {strings.TrimSuffix(own, "\n"), "A", false, own + "not_asked:\n  - A\n", nil},
		"one more":                 {off, "ResidentBat", false, off + "  - ResidentBat\n", nil},
		"one less":                 {off, predator, true, strings.Replace(off, "  # old\n  - Predator # since May\n", "", 1), nil},
		"the last":                 {"feeds: []\nnot_asked:\n- Predator\n", "Predator", true, "feeds: []\n", nil},
		"the last of all":          {"# x\nnot_asked:\n- Predator\n", "Predator", true, "# x\nfeeds: []\n", nil},
		"no indentation":           {"not_asked:\n- Cellebrite\nfeeds: []\n", "Predator", false, "not_asked:\n- Cellebrite\n- Predator\nfeeds: []\n", nil},
		"lines of Windows":         {"not_asked:\r\n  - Cellebrite", "Predator", false, "not_asked:\r\n  - Cellebrite\r\n  - Predator\r\n", nil},
		"a list in a line":         {"not_asked: [Cellebrite] # x\n", "Predator", false, "not_asked: [Cellebrite, Predator] # x\n", nil},
		"nothing in the list":      {"not_asked:\nfeeds: []\n", "Predator", false, "not_asked:\n  - Predator\nfeeds: []\n", nil},
		"all in a line":            {"{feeds: []}\n", "Predator", false, "feeds: []\nnot_asked:\n  - Predator\n", nil},
		"it is off":                {off, "Predator", false, off, nil},
		"it is on":                 {off, "ResidentBat", true, off, nil},
		"all are off":              {"not_asked: [built-in]\n", "Predator", false, "not_asked: [built-in]\n", nil},
		"on, of all":               {"not_asked: [built-in]\n", "Predator", true, "", ErrTogether},
		"all on":                   {"not_asked:\n  - built-in\n  - Predator\n", "built-in", true, "not_asked:\n  - Predator\n", nil},
		"one that was added":       {"feeds: []\n", "N x", false, "feeds: []\nnot_asked:\n  - https://b.example/x\n", nil},
		"a mirror":                 {"feeds: [{name: Predator, address: https://m.example/p}]\n", "Predator", false, "", ErrSeveral},
		"a mirror by address":      {"feeds: [{name: Predator, address: https://m.example/p}]\n", predator, false, "feeds: [{name: Predator, address: https://m.example/p}]\nnot_asked:\n  - " + predator + "\n", nil},
		"a name of none, away":     {"feeds: []\nnot_asked:\n  - Preditor\n", "Preditor", true, "feeds: []\n", nil},
		"a name of none":           {"feeds: []\n", "Preditor", false, "", ErrNoFeed},
		"a name of none, on":       {"feeds: []\n", "Preditor", true, "", ErrNoFeed},
		"a second document":        {"feeds: []\n---\nx: y\n", "Predator", false, "", ErrByHand},
		"a list that is another's": {"feeds: []\nnot_asked: &x [Cellebrite]\n", "Predator", false, "feeds: []\nnot_asked: [Cellebrite, Predator]\n", nil},
	} {
		got, err := Switch([]byte(test.text), entries("https://b.example/x"), test.name, test.on)
		if !errors.Is(err, test.err) || (err == nil) != (test.err == nil) || err == nil && string(got) != test.want {
			t.Errorf("%s: %v\n%s\nwant\n%s", what, err, got, test.want)
		}
	}
}

// TestSwitchFile keeps what a link leads to, and who may read it.
func TestSwitchFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	to, name := filepath.Join(dir, "to"), filepath.Join(dir, "feeds.yaml")
	for _, err := range []error{os.WriteFile(to, []byte("feeds: []\n"), 0o640), os.Symlink(to, name)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []bool{true, false} {
		if changed, err := SwitchFile(name, nil, "Predator", false); err != nil || changed != want {
			t.Fatal(changed, err)
		}
	}
	data, err := os.ReadFile(to)
	info, serr := os.Lstat(to)
	if err := errors.Join(err, serr); err != nil || string(data) != "feeds: []\nnot_asked:\n  - Predator\n" || info.Mode().Perm() != 0o640 {
		t.Errorf("%s %v %v", data, info, err)
	}
	if _, err := os.Readlink(name); err != nil {
		t.Error(err)
	}
	if changed, err := SwitchFile(filepath.Join(dir, "new", "feeds.yaml"), nil, AllBuiltIn, false); err != nil || !changed {
		t.Error(changed, err)
	}
	if _, err := SwitchFile(name, nil, "Preditor", false); !errors.Is(err, ErrNoFeed) {
		t.Error(err)
	}
}

// FuzzSwitch: whatever a file looks like, a feed that is switched off in it is not
// asked, is asked when it is switched on again, and nothing else changes.
func FuzzSwitch(f *testing.F) {
	for _, text := range []string{
		"", "# x\n", "feeds: []\n", "not_asked:\n  - Cellebrite # x\n  # y\n  - Nile Phish\nfeeds:\n- {name: A, address: 'https://a.example'}\n", "{not_asked: [a], feeds: []}",
		"not_asked: &a\n- *a\n", "not_asked:\n- >\n  x\n  y\n- b\n", "feeds: []\r\nnot_asked:\r\n- \"a\\nb\"\r\n", "a: b\u2028not_asked:\n- x", "---\nnot_asked: [x]\n...\n", "? not_asked\n: - x\n",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		const name = "Predator"
		before, err := ParseConfig(data)
		off, oerr := Switch(data, nil, name, false)
		if err != nil || oerr != nil {
			return
		}
		c, err := ParseConfig(off)
		if err != nil {
			t.Fatalf("%q: %v", off, err)
		}
		if x, err := c.List(nil).Find(name); err != nil || x.Asked || len(c.Feeds) != len(before.Feeds) {
			t.Fatalf("%q: %+v, %v", off, x, err)
		}
		on, err := Switch(off, nil, name, true)
		if errors.Is(err, ErrTogether) || errors.Is(err, ErrByHand) {
			return
		}
		if err != nil {
			t.Fatalf("%q: %v", off, err)
		}
		if c, err = ParseConfig(on); err != nil {
			t.Fatalf("%q: %v", on, err)
		}
		if x, err := c.List(nil).Find(name); err != nil || !x.Asked || len(c.Feeds) != len(before.Feeds) {
			t.Fatalf("%q: %+v, %v", on, x, err)
		}
	})
}
