package publish

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/account/clock"
	"github.com/amparo-project/amparo/internal/account/term"
	"github.com/amparo-project/amparo/internal/message"
)

const pdf = "%PDF-1.7 an answer"

var pdfSum = fmt.Sprintf("%x", sha256.Sum256([]byte(pdf)))

// input has things to show and things to keep; what is to be kept has the
// word "secret".
func input(t testing.TB) *Input {
	t.Helper()
	terms, err := term.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	lgtaip, err := terms.Term("mx-lgtaip-2015", term.Day(2017, 6, 20))
	if err != nil {
		t.Fatal(err)
	}
	source := account.Source{Title: "A newspaper", URL: "https://news.example.org/a", Archived: strings.Repeat("ab", 32)}
	return &Input{
		Workspace: "W-1", Case: "C-1", Title: "The investigation that was promised", Publisher: "A helpline", On: term.Day(2017, 12, 7), Terms: terms,
		Record: &clock.Record{
			Promises: []clock.Promise{
				{ID: "A-1", Authority: "Government of Mexico", Made: "2017-06-22", Words: "Se investigará <b>a fondo</b>.", Lang: "es", Source: source, Public: true},
				{ID: "A-b2", Authority: "secret office", Made: "2017-06-23", Words: "a secret promise", Source: source},
			},
			Requests: []clock.Request{
				{ID: "A-3", Kind: clock.Access, Authority: "PGR", Sent: "2017-06-20", Subject: "contracts", Reference: "0001700175717", Term: &lgtaip, Source: source, Public: true, Documents: []clock.Document{
					{Name: "request.html", SHA256: strings.Repeat("cd", 32), Public: true}, {Name: "secret.pdf", SHA256: strings.Repeat("ef", 32)},
				}},
				{ID: "A-4", Kind: clock.Complaint, Authority: "PGR", Sent: "2017-06-19", Subject: "a secret complaint", Source: source},
			},
			Answers: []clock.Answer{
				{ID: "A-5", To: "A-3", Kind: clock.Partial, On: "2017-07-18", Text: "some pages, most of them black", Source: source, Public: true, Documents: []clock.Document{{Name: "answer.pdf", SHA256: pdfSum, Public: true}}},
				{ID: "A-6", To: "A-3", Kind: clock.Statement, On: "2017-10-01", Text: "a secret statement", New: true, Source: source},
				{ID: "A-7", To: "A-4", Kind: clock.Answered, On: "2017-11-20", Text: "a secret answer", New: true, Source: source, Public: true},
			},
		},
		Numbers:    Count(people(map[string]int{"journalist": 4, "lawyer": 3, "secret role": 1}), "2017-12-07"),
		Named:      []Person{{ID: "P-1", Role: "journalist", Name: "Named Person"}},
		Concerns:   []Tally{{Text: term.Text{En: "a journalist's sources", Es: "fuentes"}, People: []string{"a", "b", "c", "d"}}, {Text: term.Text{En: "a minor", Es: "menor"}, People: []string{"a"}}, {Text: term.Text{En: "secret concern of nobody"}}},
		Safeguards: []Tally{{Text: term.Text{En: "contradicted by observed use", Es: "contradichas"}, N: 2}},
		Documents:  map[string][]byte{pdfSum: []byte(pdf)},
		Checkpoint: []byte("amparo.invalid/W-1\n12\nabc=\n\n— sig\n"), LedgerKey: "amparo.invalid/W-1+x+y", LedgerSize: 12,
	}
}

func TestSameInputSameBytes(t *testing.T) {
	t.Parallel()
	a, err := Build(input(t), "en")
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		b, err := Build(input(t), "en")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(a, b); diff != "" {
			t.Fatal(diff)
		}
	}
	want := []string{
		"checkpoint", "documents/" + pdfSum + ".pdf", "es.html", "feed.en.xml", "feed.es.xml", "index.html", "ledger.vkey", "style.css", "terms.en.ics", "terms.es.ics",
	}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(a.Files))); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

// TestNothingPrivate looks for what was not marked public in every file.
func TestNothingPrivate(t *testing.T) {
	t.Parallel()
	s, err := Build(input(t), "en")
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range s.Files {
		if i := bytes.Index(data, []byte("secret")); i >= 0 {
			t.Errorf("%s tells a secret: %s", name, data[max(0, i-60):min(len(data), i+60)])
		}
		for _, id := range []string{"A-b2", "A-4", "A-7", strings.Repeat("ef", 32)} {
			if bytes.Contains(data, []byte(id)) {
				t.Errorf("%s names %s", name, id)
			}
		}
	}
	for name, want := range map[string][]string{
		"index.html": {"in part, the rest overdue, 142 days late", "term passed with an answer in part only"},
		"es.html":    {"en parte, el resto vencido, 142 días de retraso", "venció el plazo con respuesta solo parcial"},
	} {
		for _, w := range want {
			if !strings.Contains(string(s.Files[name]), w) {
				t.Errorf("%s does not say %q", name, w)
			}
		}
	}
	// An answer that is kept back still ends a silence: 17 days and not 170.
	if page := string(s.Files["index.html"]); !strings.Contains(page, ">17 <span>days</span>") {
		t.Error("the silence of PGR is not 17 days")
	}
}

// texts lists the texts and addresses of a page.
func texts(t *testing.T, page []byte) []string {
	t.Helper()
	root, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for n := range root.Descendants() {
		if n.Type == html.TextNode && strings.TrimSpace(n.Data) != "" {
			out = append(out, strings.TrimSpace(n.Data))
		}
		if n.Type == html.ElementNode && slices.Contains([]string{"script", "iframe", "object", "img", "form", "base"}, n.Data) {
			t.Errorf("the page has a <%s>", n.Data)
		}
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" {
				t.Errorf("<%s %s=%q>", n.Data, a.Key, a.Val)
			}
			if a.Key == "title" || (a.Key == "href" && strings.Contains(a.Val, "://")) {
				out = append(out, a.Val)
			}
		}
	}
	return out
}

// TestPreviewListsEverything takes the words of the catalogue and those of the
// preview from the page: nothing is left.
func TestPreviewListsEverything(t *testing.T) {
	t.Parallel()
	for _, lang := range message.Languages {
		s, err := Build(input(t), lang)
		if err != nil {
			t.Fatal(err)
		}
		var known []string
		for _, f := range s.Facts {
			known = append(known, f.Text)
		}
		all := strings.Join(known, "\n")
		p := message.New(lang)
		fixed := map[string]bool{"English": true, "Español": true, "SHA-256": true, ":": true, "·": true, "SHA-256 abababababab": true, "(": true, ")": true}
		for _, id := range fixedTexts {
			fixed[p.Text(id)] = true
		}
		for _, text := range texts(t, s.Files[pageName(lang)]) {
			trimmed := strings.TrimSpace(strings.Trim(text, "·:() "))
			trimmed = strings.TrimPrefix(trimmed, p.Text("publish.source")+": ")
			if fixed[text] || fixed[trimmed] || strings.Contains(all, trimmed) || strings.HasPrefix(trimmed, "sha256sum -c manifest") {
				continue
			}
			ok := strings.HasPrefix(trimmed, p.Text("publish.source")) || strings.Contains(trimmed, p.Text("publish.document_absent"))
			for _, part := range strings.Split(trimmed, " · ") {
				ok = ok || strings.Contains(all, part)
			}
			if !ok {
				t.Errorf("%s: the page says %q, and the preview does not", lang, text)
			}
		}
	}
}

// fixedTexts are those of the catalogue that pages show as they are.
var fixedTexts = []string{
	"publish.skip", "publish.silence", "publish.silence_text", "publish.timeline", "publish.timeline_text", "publish.side_asked", "publish.side_given",
	"publish.promises", "publish.column_promise", "publish.column_by", "publish.column_since", "publish.column_state", "publish.requests", "publish.people",
	"publish.column_role", "publish.column_people", "publish.named", "publish.concerns", "publish.concerns_text", "publish.column_concern",
	"publish.safeguards", "publish.safeguards_text", "publish.column_condition", "publish.column_conditions", "publish.verify", "publish.verify_text",
	"publish.footer", "publish.feed", "publish.calendar",
}

func TestNumbersTextIsAFact(t *testing.T) {
	t.Parallel()
	s, err := Build(input(t), "en")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(s.Facts, func(f Fact) bool { return f.Kind == "number" && strings.HasPrefix(f.Text, "journalists: 4") }) {
		t.Errorf("%+v", s.Facts)
	}
}

func TestHostileTexts(t *testing.T) {
	t.Parallel()
	in := input(t)
	in.Title = `</title><script>alert(1)</script>`
	in.Record.Promises[0].Source.URL = "javascript:alert(1)"
	in.Record.Promises[0].Lang = `es" onload="x`
	in.Record.Requests[0].Documents[0].Name = "../../etc/passwd.svg"
	in.Documents[strings.Repeat("cd", 32)] = []byte("<svg onload=alert(1)>")
	s, err := Build(in, "en")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range texts(t, s.Files["index.html"]) {
		if strings.HasPrefix(text, "javascript:") {
			t.Error("a link that runs")
		}
	}
	for name := range s.Files {
		if strings.Contains(name, "..") || strings.HasSuffix(name, ".svg") {
			t.Errorf("file %s", name)
		}
	}
}

func TestManifest(t *testing.T) {
	t.Parallel()
	got := string(Manifest(map[string][]byte{"b": []byte("x"), "a/c": nil}))
	want := "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  a/c\n2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881  b\n"
	if got != want {
		t.Errorf("got %s", got)
	}
}

func TestDay(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ lang, in, want string }{
		{"en", "2017-06-22", "22 June 2017"},
		{"es", "2017-06-02", "2 de junio de 2017"},
		{"es", "2017-12", "diciembre de 2017"},
		{"en", "2017", "2017"},
		{"en", "2017-13-01", "2017-13-01"},
		{"en", "", ""},
	} {
		if got := Day(message.New(tt.lang), tt.in); got != tt.want {
			t.Errorf("%s %s: %s", tt.lang, tt.in, got)
		}
	}
}
