package web

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/account/clock"
	"github.com/amparo-project/amparo/internal/account/outbox"
	"github.com/amparo-project/amparo/internal/account/trade"
	"github.com/amparo-project/amparo/internal/casework"
	"github.com/amparo-project/amparo/internal/message"
)

// keysOf lists the keys that a value of a type has in JSON, by what they belong to.
func keysOf(t reflect.Type, in string, seen map[string]bool) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t.Implements(reflect.TypeFor[interface{ MarshalText() ([]byte, error) }]()) {
		return
	}
	for i := range t.NumField() {
		f := t.Field(i)
		key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case !f.IsExported() || key == "-":
		case key == "":
			keysOf(f.Type, in, seen)
		case !seen[in+"."+key]:
			seen[in+"."+key] = true
			keysOf(f.Type, key, seen)
		}
	}
}

// TestSaidInWords: a page knows words, in both languages, for every key that a
// statement can have.
func TestSaidInWords(t *testing.T) {
	t.Parallel()
	for kind, of := range map[string]any{
		account.KindFact: account.Fact{}, account.KindEvent: account.Event{}, account.KindParty: account.Party{}, account.KindDeal: account.Deal{}, account.KindAttribution: account.Attribution{},
		trade.KindList: trade.List{}, clock.KindPromise: clock.Promise{}, clock.KindRequest: clock.Request{}, clock.KindAnswer: clock.Answer{},
		outbox.KindWish: outbox.Wish{}, outbox.KindNotice: outbox.Notice{}, casework.KindDecision: casework.Decision{},
	} {
		seen := map[string]bool{}
		keysOf(reflect.TypeOf(of), kind, seen)
		if len(seen) < 4 {
			t.Errorf("%s has the keys %v: the test proves little", kind, seen)
		}
		for _, lang := range []string{"en", "es"} {
			s := &said{q: &request{Printer: message.New(lang)}, kind: kind}
			for at := range seen {
				in, key, _ := strings.Cut(at, ".")
				if got := s.word(in, key); !s.q.Has("web.said."+key) && !s.q.Has("web.said."+at) || got == "" {
					t.Errorf("%s: %s of a %s: %q", lang, at, kind, got)
				}
			}
		}
	}
	if s := (&said{q: &request{Printer: message.New("en")}}); s.word("fact", "no_such_key") != "no_such_key" {
		t.Error("a key of another version is not shown as it is")
	}
}

// TestSaid: what matters comes first, values are in words, and what can be opened
// is linked.
func TestSaid(t *testing.T) {
	t.Parallel()
	s := &said{
		q: &request{Printer: message.New("es")}, caseID: "C-1", kind: clock.KindAnswer, names: map[string]string{"P-1": "heron"},
		links: &sourceLinks{known: map[string]bool{"R-1": true, "R-2": false}},
	}
	body := `{"zz": 1234567, "new": true, "to": "A-1", "kind": "refusal", "person": "P-1", "sources": [{"run": "R-1", "finding": "F-1"}, {"run": "R-2", "finding": "F-2"}], "text": "No."}`
	got, more := s.body(json.RawMessage(body))
	want := []pairLine{
		{"persona", "heron", ""},
		{"clase", s.q.Text("promises.kind.refusal"), ""},
		{"responde a", "A-1", "/cases/C-1/entries/A-1"},
		{"texto", "No.", ""},
		{"fuente 1 · hallazgo", "F-1", "/runs/R-1/findings/F-1"},
		{"fuente 1 · revisión", "R-1", "/runs/R-1"},
		{"fuente 2 · hallazgo", "F-2", ""},
		{"fuente 2 · revisión", "R-2", ""},
		{"información nueva", "sí", ""},
		{"zz", s.q.Number(1234567), ""},
	}
	if more || !reflect.DeepEqual(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got, more := s.body(json.RawMessage(`{"text": [` + strings.Repeat(`"x",`, maxFlat) + `"x"]}`)); len(got) != maxFlat || !more {
		t.Errorf("%d lines, more: %v", len(got), more)
	}
	for _, none := range []string{"", "{", "3", "null"} {
		if got, more := s.body(json.RawMessage(none)); got != nil || more {
			t.Errorf("%q: %q", none, got)
		}
	}
}
