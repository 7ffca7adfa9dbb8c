package message

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

var placeholder = regexp.MustCompile(`{{\s*\.(\w+)\s*}}`)

// read returns, for each message of an area, the placeholders it uses.
func read(t *testing.T, name string) map[string][]string {
	t.Helper()
	raw, err := catalogue.ReadFile(path.Join("catalogue", name))
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := yaml.Unmarshal(raw, &m); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	out := map[string][]string{}
	for id, v := range m {
		var text []byte
		if text, err = yaml.Marshal(v); err != nil {
			t.Fatal(err)
		}
		used := map[string]bool{}
		for _, p := range placeholder.FindAllStringSubmatch(string(text), -1) {
			used[p[1]] = true
		}
		out[id] = slices.Sorted(maps.Keys(used))
	}
	return out
}

func TestLanguagesHoldTheSameMessages(t *testing.T) {
	t.Parallel()
	files, err := catalogue.ReadDir("catalogue")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		area, isEnglish := strings.CutSuffix(f.Name(), ".en.yaml")
		if !isEnglish {
			continue
		}
		if diff := cmp.Diff(read(t, f.Name()), read(t, area+".es.yaml")); diff != "" {
			t.Errorf("%s: en and es differ (-en +es):\n%s", area, diff)
		}
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	if got := New("es").Text("severity.high"); got != "alta" {
		t.Errorf("got %q", got)
	}
	if got := New("fr").Lang(); got != "en" {
		t.Errorf("an unknown language gave %q", got)
	}
	if New("en").Has("no.such.message") {
		t.Error("Has finds a message that is not there")
	}
}

func TestCountHasAFormForEveryNumber(t *testing.T) {
	t.Parallel()
	for _, lang := range Languages {
		for _, n := range []int64{0, 1, 2, 999, 1_000_000, 2_000_000} {
			if got := New(lang).Count("summary.lost", n); !strings.HasPrefix(got, New(lang).Number(n)) {
				t.Errorf("%s, %d: %q", lang, n, got)
			}
		}
	}
	if got := New("es").Or("severity.", "forged"); got != "forged" {
		t.Errorf("got %q", got)
	}
}

func TestNumber(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		lang string
		n    int64
		want string
	}{
		{"en", 0, "0"},
		{"en", 999, "999"},
		{"en", 1000, "1,000"},
		{"en", -1234567, "-1,234,567"},
		{"es", 1234567, "1\u202f234\u202f567"},
	} {
		if got := New(tt.lang).Number(tt.n); got != tt.want {
			t.Errorf("%s %d: got %q, want %q", tt.lang, tt.n, got, tt.want)
		}
	}
}
