package feeds

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/account/clock"
	"github.com/amparo-project/amparo/internal/account/term"
	"github.com/amparo-project/amparo/internal/message"
)

func standing(t *testing.T) *clock.Standing {
	t.Helper()
	terms, err := term.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	lgtaip, err := terms.Term("mx-lgtaip-2015", term.Day(2017, 6, 20))
	if err != nil {
		t.Fatal(err)
	}
	source := account.Source{Title: "press", URL: "https://example.org/a?b=1&c=<2>"}
	r := clock.Record{
		Promises: []clock.Promise{{ID: "PR-1", Authority: "Gobierno de México; PGR, FGR", Made: "2017-06", Due: "2017-12-31", Words: strings.Repeat("Se investigará, «á fondo»; ", 9) + "\r\nBEGIN:VEVENT\x01", Source: source, Public: true}},
		Requests: []clock.Request{{ID: "RQ-2", Kind: clock.Access, Authority: "PGR", Sent: "2017-06-20", Subject: "a private subject", Term: &lgtaip, Source: source}},
	}
	return r.At(term.Day(2017, 12, 7), terms)
}

// unfold undoes what RFC 5545, 3.1 prescribes.
func unfold(s string) string { return strings.ReplaceAll(s, "\r\n ", "") }

func TestICS(t *testing.T) {
	t.Parallel()
	for _, lang := range message.Languages {
		o := Options{Workspace: "W-1", Case: "C-1", Printer: message.New(lang)}
		var a, b bytes.Buffer
		if err := ICS(&a, standing(t), o); err != nil {
			t.Fatal(err)
		}
		if err := ICS(&b, standing(t), o); err != nil || !bytes.Equal(a.Bytes(), b.Bytes()) {
			t.Errorf("two calendars of one standing differ (%v)", err)
		}
		for _, line := range strings.Split(strings.TrimSuffix(a.String(), "\r\n"), "\r\n") {
			if len(line) > 75 || strings.ContainsAny(line, "\r\n\x01") {
				t.Errorf("line of %d bytes: %q", len(line), line)
			}
		}
		text := unfold(a.String())
		if got := strings.Count(text, "\r\nBEGIN:VEVENT\r\n"); got != 2 {
			t.Errorf("%d events, want 2:\n%s", got, text)
		}
		for _, want := range []string{"DTSTART;VALUE=DATE:20170718", "DTSTART;VALUE=DATE:20171231", `Gobierno de México\; PGR\, FGR`, `\nBEGIN:VEVENT`, "DESCRIPTION:RQ-2\r\n"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in:\n%s", lang, want, text)
			}
		}
		if strings.Contains(text, "a private subject") {
			t.Error("the calendar tells what is not public")
		}
	}
}

func TestAtom(t *testing.T) {
	t.Parallel()
	for _, lang := range message.Languages {
		o := Options{Workspace: "W-1", Case: "C-1", Printer: message.New(lang)}
		for _, onlyPublic := range []bool{false, true} {
			var a bytes.Buffer
			if err := Atom(&a, standing(t), o, onlyPublic); err != nil {
				t.Fatal(err)
			}
			var got struct {
				ID      string `xml:"id"`
				Updated string `xml:"updated"`
				Entries []struct {
					ID      string `xml:"id"`
					Title   string `xml:"title"`
					Updated string `xml:"updated"`
					Summary string `xml:"summary"`
				} `xml:"entry"`
			}
			if err := xml.Unmarshal(a.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			want := 3 // the request, its term that passed, the promise
			if onlyPublic {
				want = 1
			}
			if len(got.Entries) != want || !strings.HasPrefix(got.ID, "urn:uuid:") || strings.Contains(a.String(), "a private subject") {
				t.Errorf("%s, only public %v: %d entries:\n%s", lang, onlyPublic, len(got.Entries), a.String())
			}
			if last := got.Entries[len(got.Entries)-1]; last.Updated != "2017-06-01T00:00:00Z" || !strings.Contains(last.Summary, "«á fondo»") {
				t.Errorf("the promise: %+v", last)
			}
		}
	}
}

func FuzzFold(f *testing.F) {
	f.Add("Se investigará, «á fondo»; \\ \r\nBEGIN:VEVENT")
	f.Add(strings.Repeat("漢", 60) + "\x00\xff")
	f.Fuzz(func(t *testing.T, text string) {
		var b bytes.Buffer
		out := &folded{w: bufio.NewWriter(&b)}
		out.text("SUMMARY", text)
		if out.w.Flush() != nil || !utf8.Valid(b.Bytes()) {
			t.Fatalf("%q", b.String())
		}
		for _, line := range strings.Split(strings.TrimSuffix(b.String(), "\r\n"), "\r\n") {
			if len(line) > maxLine || strings.ContainsAny(line, "\r\n\x00") {
				t.Errorf("%q", line)
			}
		}
		if lines := strings.Count(unfold(b.String()), "\r\n"); lines != 1 {
			t.Errorf("%d lines", lines)
		}
	})
}
