package lure

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/message"
)

func TestInstitutions(t *testing.T) {
	t.Parallel()
	k := reader(t).k
	list := k.Institutions()
	if len(list) < 200 {
		t.Errorf("%d institutions, at least 200 are promised", len(list))
	}
	owner := map[string]string{}
	kinds := map[Kind]int{}
	for _, in := range list {
		kinds[in.Kind]++
		if len(in.Domains) == 0 {
			t.Errorf("%s has no domain", in.ID)
		}
		for _, d := range in.Domains {
			if other := owner[d]; other != "" {
				t.Errorf("%s belongs to %s and %s", d, other, in.ID)
			}
			owner[d] = in.ID
		}
	}
	for _, kind := range Kinds {
		if kinds[kind] == 0 && kind != "colleague" && kind != "family" {
			t.Errorf("no institution is a %s", kind)
		}
	}
}

// TestWordsForAllThatIsSaid holds the catalogue to kinds and themes.
func TestWordsForAllThatIsSaid(t *testing.T) {
	t.Parallel()
	k := reader(t).k
	for _, lang := range message.Languages {
		p := message.New(lang)
		var ids []string
		for _, kind := range Kinds {
			ids = append(ids, "lure.kind."+string(kind))
		}
		for _, theme := range k.Themes() {
			ids = append(ids, "lure.theme."+theme, "lure.reason.pressure_"+theme)
		}
		for _, trick := range []string{byTypo, byDigits, byHomoglyph, byHyphen, byAddedWord, bySuffix, bySubdomain, byGovernment} {
			ids = append(ids, "lure.reason.lookalike_"+trick)
		}
		for _, id := range ids {
			if !p.Has(id) {
				t.Errorf("%s has no %s", lang, id)
			}
		}
	}
}

// TestEveryReasonHasASentence reads all samples and asks the catalogue for each reason.
func TestEveryReasonHasASentence(t *testing.T) {
	t.Parallel()
	r := reader(t)
	p := message.New("es")
	for _, name := range []string{"testdata/lures.yaml", "testdata/benign.yaml", "testdata/unseen.yaml"} {
		for _, s := range samples(t, name) {
			for _, reason := range r.Read(&Message{Text: s.Text, Sender: "+525512345678", Listed: true}).Reasons {
				if !p.Has("lure.reason." + reason.ID) {
					t.Errorf("no sentence for %s", reason.ID)
				}
			}
		}
	}
}

func write(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "team.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestATeamAddsItsOwn(t *testing.T) {
	t.Parallel()
	k, err := Load(write(t, `source: "its own site"
institutions:
  - {id: casa_del_migrante, kind: ngo, names: {es: [Casa del Migrante]}, domains: [casadelmigrante.example]}
  - {id: telcel, kind: phone, names: {any: [Telcel]}, domains: [telcel.example], brands: [telcel]}
`))
	if err != nil {
		t.Fatal(err)
	}
	r := k.Reader()
	if l, _ := r.link("http://casadelmigrante-ayuda.example"); l.Kind != Lookalike || l.Of != "casa_del_migrante" {
		t.Errorf("%+v", l)
	}
	if l, _ := r.link("http://pagos.telcel.example"); l.Kind != Official {
		t.Errorf("an entry of the team takes the place of ours: %+v", l)
	}
	if got, want := len(k.Refs()), len(reader(t).k.Refs())+1; got != want {
		t.Errorf("%d files are named, want %d", got, want)
	}
}

func TestBadInstitutions(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"suffix":        "source: s\ninstitutions: [{id: ab, kind: ngo, names: {any: [Ab]}, domains: [com.mx]}]",
		"kind":          "source: s\ninstitutions: [{id: ab, kind: spy, names: {any: [Ab]}}]",
		"no_name":       "source: s\ninstitutions: [{id: ab, kind: ngo}]",
		"no_source":     "institutions: [{id: ab, kind: ngo, names: {any: [Ab]}}]",
		"unknown_field": "source: s\ninstitutions: [{id: ab, kind: ngo, names: {any: [Ab]}, domain: [x.org]}]",
		"twice":         "source: s\ninstitutions: [{id: ab, kind: ngo, names: {any: [Ab]}}, {id: ab, kind: ngo, names: {any: [Ab]}}]",
		"empty":         "source: s",
		"not_yaml":      "{",
		"url":           "source: s\ninstitutions: [{id: ab, kind: ngo, names: {any: [Ab]}, domains: ['https://x.org']}]",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := Load(write(t, text)); !errors.Is(err, ErrInstitutions) {
				t.Errorf("got %v", err)
			}
		})
	}
	if _, err := Load(filepath.Join(t.TempDir(), "missing")); !errors.Is(err, ErrInstitutions) {
		t.Errorf("got %v", err)
	}
}

func TestSenders(t *testing.T) {
	t.Parallel()
	r := reader(t)
	for _, tt := range []struct {
		sender, text string
		reason       string
	}{
		{"+525512345678", "Embajada de EU: su visa fue cancelada, vea http://bit.ly/1", "sender_country"},
		{"5512345678", "Telcel: su línea tiene un adeudo, pague en http://telcel-pagos.mx", "sender_number"},
		{"aviso@telcel-pagos.mx", "Su factura http://example.net", "sender_lookalike"},
		{"juan@example.net", "Banamex: su cuenta fue bloqueada, entre a http://example.net", "sender_address"},
	} {
		got := r.Read(&Message{Text: tt.text, Sender: tt.sender})
		found := false
		for _, reason := range got.Reasons {
			found = found || reason.ID == tt.reason
		}
		if !found {
			t.Errorf("%s: no %s in %+v", tt.sender, tt.reason, got.Reasons)
		}
	}
	got := r.Read(&Message{Text: "BBVA: su estado de cuenta http://www.bbva.mx", Sender: "+525512345678"})
	if got.Severity != finding.Info {
		t.Errorf("an official link from an ordinary number is %s", got.Severity)
	}
}
