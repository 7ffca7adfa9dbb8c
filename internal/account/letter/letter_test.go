package letter

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/account/clock"
	"github.com/amparo-project/amparo/internal/account/term"
	"github.com/amparo-project/amparo/internal/message"
)

func input(t testing.TB, lang string) *Input {
	t.Helper()
	terms, err := term.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	lgtaip, err := terms.Term("mx-lgtaip-2015", term.Day(2017, 6, 20))
	if err != nil {
		t.Fatal(err)
	}
	source := account.Source{Title: "A newspaper", URL: "https://news.example.org/a?b=1&c=2", Date: account.MustDate("2017-06-22"), Archived: strings.Repeat("ab", 32)}
	r := clock.Record{
		Promises: []clock.Promise{
			{ID: "A-1", Authority: "Government of Mexico", Made: "2017-06-22", Words: "It will be <investigated> & \x01more", Source: source},
			{ID: "A-9", Authority: "PGR", Made: "2017-06", Words: "A promise that was kept", Source: source},
		},
		Requests: []clock.Request{{ID: "A-2", Kind: clock.Access, Authority: "PGR", Sent: "2017-06-20", Subject: "contracts", Term: &lgtaip, Source: source}},
		Answers: []clock.Answer{
			{ID: "A-3", To: "A-2", Kind: clock.Acknowledged, On: "2017-06-21", Text: "received", Source: source},
			{ID: "A-4", To: "A-9", Kind: clock.Kept, On: "2017-07-01", Text: "done", Source: source},
		},
	}
	return &Input{
		Lang: lang, To: "PGR", From: "A helpline", On: term.Day(2017, 12, 7), Standing: r.At(term.Day(2017, 12, 7), terms),
		Facts: []Fact{{Text: "On 4 March 2016 the phone of heron got a message.", Notes: []string{"finding F-1", "evidence E-1"}}},
		Concerns: []Concern{{Title: "Interception without order", Law: "art. 16", Elements: []Element{
			{Text: "a private communication", Answer: account.Yes, Notes: []string{"finding F-1"}},
			{Text: "no judicial order", Answer: account.NotKnown, Missing: "a certificate of the court"},
			{Text: "a third", Answer: account.No},
		}}},
		Safeguards: []Fact{{Text: "governments only: observed against a lawyer", Notes: []string{"finding F-1"}}},
	}
}

func text(l *Letter) string {
	var b strings.Builder
	for _, x := range l.Blocks {
		fmt.Fprintf(&b, "%s: %s %v\n", x.Kind, x.Text, x.Notes)
	}
	return b.String()
}

func TestDraft(t *testing.T) {
	t.Parallel()
	got := text(Draft(input(t, "en")))
	for _, want := range []string{
		"heading: Facts", "item: On 4 March 2016 the phone of heron got a message. [finding F-1 evidence E-1]",
		"subitem: no judicial order: not known. Missing to know: a certificate of the court.", "subitem: a third: not met.",
		"“It will be <investigated>", "That was 168 days ago.", "Government of Mexico has given no new information for 168 days, since 22 June 2017.",
		"Request for information to PGR, received 20 June 2017: contracts. State: overdue. The term ended on 18 July 2017, 142 days ago.",
		"20 business days after 20 June 2017", "subitem: 21 June 2017: receipt acknowledged: received [A newspaper",
		"item: What do you know of what Government of Mexico has done since 22 June 2017 to do what it promised?",
		"item: The term to answer the request about “contracts” ended on 18 July 2017: when will it be answered?",
		"item: Interception without order: what do you know of this element: no judicial order? [art. 16]",
		"archived copy SHA-256 abab",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the letter does not say %q:\n%s", want, got)
		}
	}
	if strings.Contains(got, "A promise that was kept") {
		t.Error("a promise that was kept is open")
	}
	if es := text(Draft(input(t, "es"))); !strings.Contains(es, "no ha dado información nueva en 168 días, desde el 22 de junio de 2017") || strings.Contains(es, "<no value>") {
		t.Error(es)
	}
}

// TestRestIsAskedFor asks for the rest of what was answered in part.
func TestRestIsAskedFor(t *testing.T) {
	t.Parallel()
	for lang, want := range map[string][]string{
		"en": {"State: in part, the rest overdue. The term ended", "was answered in part, and its term ended on 18 July 2017: when will the rest be answered?"},
		"es": {"Estado: en parte, el resto vencido.", "se respondió en parte y su plazo terminó el 18 de julio de 2017: ¿cuándo se responderá el resto?"},
	} {
		in := input(t, lang)
		in.Standing.Requests[0].Part = true
		got := text(Draft(in))
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("the letter does not say %q:\n%s", w, got)
			}
		}
	}
}

// TestEveryStatementHasItsNote wants a footnote on each fact, promise, request
// and element whose answer is known.
func TestEveryStatementHasItsNote(t *testing.T) {
	t.Parallel()
	in := input(t, "en")
	asked := false
	for _, b := range Draft(in).Blocks {
		asked = asked || b.Text == message.New("en").Text("letter.questions")
		known := b.Kind == Item || (b.Kind == SubItem && strings.Contains(b.Text, ": met."))
		if !asked && known && len(b.Notes) == 0 {
			t.Errorf("no note: %s", b.Text)
		}
	}
}

// parts opens a document and holds every part to well-formed XML.
func parts(t *testing.T, data []byte) map[string]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		for dec := xml.NewDecoder(bytes.NewReader(raw)); ; {
			if _, err := dec.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", f.Name, err)
			}
		}
		out[f.Name] = string(raw)
	}
	return out
}

func TestDOCX(t *testing.T) {
	t.Parallel()
	for _, lang := range message.Languages {
		l := Draft(input(t, lang))
		var a, b bytes.Buffer
		if err := errors.Join(l.WriteDOCX(&a), Draft(input(t, lang)).WriteDOCX(&b)); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a.Bytes(), b.Bytes()) {
			t.Error("two documents of one letter differ")
		}
		got := parts(t, a.Bytes())
		// What is declared is there, and what is there is declared.
		for name := range got {
			if !strings.HasSuffix(name, ".rels") && name != "[Content_Types].xml" && !strings.Contains(got["[Content_Types].xml"], `"/`+name+`"`) {
				t.Errorf("%s has no content type", name)
			}
		}
		for _, rels := range []struct{ file, dir string }{{"_rels/.rels", ""}, {"word/_rels/document.xml.rels", "word/"}} {
			for _, piece := range strings.Split(got[rels.file], `Target="`)[1:] {
				target, _, _ := strings.Cut(piece, `"`)
				if got[rels.dir+target] == "" {
					t.Errorf("%s names %s, which is not there", rels.file, target)
				}
			}
		}
		// Each reference has its footnote, and each footnote its reference.
		want := 0
		for _, block := range l.Blocks {
			want += len(block.Notes)
		}
		for i := 1; i <= want; i++ {
			ref, note := fmt.Sprintf(`<w:footnoteReference w:id="%d"/>`, i), fmt.Sprintf(`<w:footnote w:id="%d">`, i)
			if strings.Count(got["word/document.xml"], ref) != 1 || strings.Count(got["word/footnotes.xml"], note) != 1 {
				t.Errorf("footnote %d of %d", i, want)
			}
		}
		if n := strings.Count(got["word/footnotes.xml"], "<w:footnoteRef/>"); n != want {
			t.Errorf("%d footnotes, want %d", n, want)
		}
		if !strings.Contains(got["word/document.xml"], "&lt;investigated&gt; &amp; \uFFFDmore") {
			t.Error("the text is not as it was said")
		}
	}
}

func TestPDF(t *testing.T) {
	t.Parallel()
	for _, lang := range message.Languages {
		var a, b bytes.Buffer
		if err := errors.Join(Draft(input(t, lang)).WritePDF(&a), Draft(input(t, lang)).WritePDF(&b)); err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(a.Bytes(), []byte("%PDF-")) || !bytes.Equal(a.Bytes(), b.Bytes()) {
			t.Errorf("%s: %d and %d bytes, or they differ", lang, a.Len(), b.Len())
		}
	}
}
