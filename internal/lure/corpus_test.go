package lure

import (
	"os"
	"slices"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/amparo-project/amparo/internal/finding"
)

// sample is one entry of testdata/lures.yaml or benign.yaml.
type sample struct {
	Text, Sender, Theme string
	Kind                Kind
	Want                string
}

func samples(t testing.TB, name string) []sample {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var list []sample
	if err := yaml.Unmarshal(raw, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

func reader(t testing.TB) *Reader {
	t.Helper()
	k, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return k.Reader()
}

func TestLuresAreTold(t *testing.T) {
	t.Parallel()
	r := reader(t)
	for _, s := range append(samples(t, "testdata/lures.yaml"), samples(t, "testdata/unseen.yaml")...) {
		got := r.Read(&Message{Text: s.Text, Sender: s.Sender})
		want, err := finding.ParseSeverity(s.Want)
		if err != nil {
			t.Fatal(err)
		}
		if got.Severity < want {
			t.Errorf("%s, want at least %s: %s\n  %+v", got.Severity, want, s.Text, got)
		}
		if s.Theme != "" && !slices.Contains(got.Pressure, s.Theme) {
			t.Errorf("themes %v, want %s: %s", got.Pressure, s.Theme, s.Text)
		}
		if s.Kind != "" && (got.Pretends == nil || got.Pretends.Kind != s.Kind) {
			t.Errorf("pretends %+v, want %s: %s", got.Pretends, s.Kind, s.Text)
		}
	}
}

func TestOrdinaryMessagesAreLeftAlone(t *testing.T) {
	t.Parallel()
	r := reader(t)
	for _, s := range samples(t, "testdata/benign.yaml") {
		got := r.Read(&Message{Text: s.Text, Sender: s.Sender})
		want, err := finding.ParseSeverity(s.Want)
		if err != nil {
			t.Fatal(err)
		}
		if got.Severity > want {
			t.Errorf("%s, want at most %s: %s\n  %+v", got.Severity, want, s.Text, got)
		}
	}
}
