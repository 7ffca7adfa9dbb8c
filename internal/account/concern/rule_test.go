package concern

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/account/book"
)

// TestExamples is the table of every built-in rule: its positive, negative and
// unknown cases lie beside it, and are what `amparo concerns test` runs.
func TestExamples(t *testing.T) {
	t.Parallel()
	s, faults, err := Load()
	if err != nil || len(faults) > 0 {
		t.Fatal(faults, err)
	}
	if len(s.Rules(false)) < 12 || len(s.Rules(true)) < 6 {
		t.Errorf("%d concerns and %d conditions", len(s.Rules(false)), len(s.Rules(true)))
	}
	for _, r := range append(s.Rules(false), s.Rules(true)...) {
		for _, fault := range r.TestExamples() {
			t.Errorf("%s: %s", r.ID, fault)
		}
	}
}

// TestHostile loads rules of a stranger: what is wrong is told, the rest works.
func TestHostile(t *testing.T) {
	t.Parallel()
	head := func(id, when string) string {
		return "id: " + id + "\ntitle: {en: a, es: a}\nmeaning: {en: a, es: a}\nlaw: [{name: {en: a, es: a}, says: {en: a, es: a}}]\n" +
			"elements:\n  - {id: one, text: {en: a, es: a}, missing: {en: a, es: a}, when: '" + when + "'}\n"
	}
	nest := strings.Repeat("(", 200) + "true" + strings.Repeat(")", 200)
	long := "true" + strings.Repeat(" && true", 5000)
	loop := "event.minor()"
	for _, v := range []string{"a", "b", "c", "d", "e", "f"} {
		loop = "[1,2,3,4,5,6,7,8].all(" + v + ", " + loop + " || " + v + " > 0)"
	}
	dir := t.TempDir()
	for id, when := range map[string]string{
		"number": "1", "no_name": "evnt.minor()", "no_function": "event.guilty()", "wrong_type": "event.role(1)", "deep": nest, "long": long,
		"fine": "event.minor() || true", "loop": loop, "by_zero": "1/0 == 1", "bomb": "\"x\".size() > 0 && [1,2,3].map(a, [1,2,3].map(b, \"xxxxxxxx\")).size() > 0",
	} {
		if err := os.WriteFile(filepath.Join(dir, id+".yaml"), []byte(head(id, when)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{
		"empty": "", "other_name": head("another", "true"), "unknown_field": head("unknown_field", "true") + "verdict: guilty\n",
		"two": head("two", "true") + "---\nid: b\n", "minor": head("minor", "true"), "no_law": strings.Replace(head("no_law", "true"), "law:", "laws:", 1),
	} {
		if err := os.WriteFile(filepath.Join(dir, name+".yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, faults, err := Load(dir)
	if err != nil || len(faults) != 12 {
		t.Errorf("%d faults: %v, %v", len(faults), faults, err)
	}
	c := &book.Case{Events: []*account.Event{{ID: "A-1", Person: "P-1", How: account.ByLure, Basis: account.Basis{Certainty: account.Certain}}}}
	answers := map[string]Answer{}
	for _, a := range s.Judge(c) {
		answers[a.Rule] = a
	}
	if answers["fine"].Answer != account.Yes || answers["bomb"].Answer != account.Yes {
		t.Errorf("%+v", answers["fine"])
	}
	for _, id := range []string{"loop", "by_zero"} {
		if a := answers[id]; a.Answer != account.NotKnown || a.Elements[0].Fault == "" {
			t.Errorf("%s: %+v", id, a)
		}
	}
	if _, _, err := Load(filepath.Join(dir, "nowhere")); !errors.Is(err, ErrRules) {
		t.Error(err)
	}
}

// TestAnswersSayWhy holds what an answer shows of its grounds.
func TestAnswersSayWhy(t *testing.T) {
	t.Parallel()
	s, _, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	basis := func(title string) account.Basis {
		return account.Basis{Sources: []account.Source{{Title: title}}, Certainty: account.Certain}
	}
	c := &book.Case{
		Facts: []*account.Fact{
			{ID: "A-2", Person: "P-1", Kind: account.Nationality, Value: "US", When: account.Span{Always: true}, Basis: basis("passport")},
			{ID: "A-3", Person: "P-2", Kind: account.Location, Value: "MX", When: account.Span{Always: true}, Basis: basis("another's")},
		},
		Events: []*account.Event{{ID: "A-1", Person: "P-1", From: account.MustDate("2016-05-10"), How: account.ByLure, Outcome: account.Attempt, Basis: basis("message")}},
	}
	for _, a := range s.Judge(c) {
		if a.Rule != "us_citizen_abroad" {
			continue
		}
		if a.Answer != account.NotKnown || len(a.Elements) != 3 {
			t.Fatalf("%+v", a)
		}
		first, second, third := a.Elements[0], a.Elements[1], a.Elements[2]
		if first.Answer != account.Yes || first.Facts[0] != "A-2" || first.Sources[0].Title != "passport" {
			t.Errorf("%+v", first)
		}
		if second.Answer != account.NotKnown || len(second.Lacks) != 1 || second.Lacks[0] != (Lack{account.Location, "US"}) || len(second.Facts) != 0 {
			t.Errorf("%+v", second)
		}
		if third.Answer != account.Yes || third.Sources[0].Title != "message" {
			t.Errorf("%+v", third)
		}
	}
}
