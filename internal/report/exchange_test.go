package report

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/indicator"
)

// exported makes the samples and what one format makes of them, twice.
func exported(t *testing.T, format func(io.Writer, *Result) error) string {
	t.Helper()
	dir := writeResult(t, sampleRun(), sampleFindings())
	const line = `{"time":"2021-03-04T05:06:07Z","artifact":"ios.sms","event":"message","summary":"mira` + "\\u202e" +
		`","provenance":{"path":"HomeDomain/Library/SMS/sms.db","table":"message","rowid":17}}` + "\n" +
		`{"time":"2021-03-04T06:00:00Z","artifact":"ios.sms","event":"message","summary":"other","provenance":{"path":"HomeDomain/Library/SMS/sms.db","table":"message","rowid":18}}` + "\n"
	if err := os.WriteFile(filepath.Join(dir, "timeline.jsonl"), []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	res, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	var first, second bytes.Buffer
	if err := format(&first, res); err != nil {
		t.Fatal(err)
	}
	if err := format(&second, res); err != nil {
		t.Fatal(err)
	}
	if first.String() != second.String() {
		t.Error("the same folder gives other bytes")
	}
	return first.String()
}

func TestExchangeFormats(t *testing.T) {
	t.Parallel()
	for name, format := range map[string]func(io.Writer, *Result) error{"stix": STIX, "misp": MISP} {
		got := exported(t, format)
		golden(t, "exchange."+name+".json", got)
		// The owner, the phone and the message stay at home.
		for _, private := range []string{"Ana", "F1", "iPhone 13", "esto", "sms.db", "gpj.exe"} {
			if strings.Contains(got, private) {
				t.Errorf("%s names %q", name, private)
			}
		}
	}
}

// TestSTIXIsReadAgain holds the patterns to our own reader of indicators.
func TestSTIXIsReadAgain(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]string{
		{"domain", "evil.example"},
		{"url", "https://evil.example/a?b=c"},
		{"ip", "192.0.2.1"},
		{"ip", "2001:db8::1"},
		{"process", "bh"},
		{"email", "a@example.org"},
		{"file_name", "it's.plist"},
		{"file_path", `/private/a\b`},
		{"app_id", "org.example"},
		{"profile_id", "76DAB334"},
		{"android_property", "ro.x"},
		{"file_hash", strings.Repeat("a", 64)},
		{"file_hash", strings.Repeat("b", 40)},
		{"cert_hash", strings.Repeat("c", 64)},
		{"cert_hash", strings.Repeat("d", 32)},
	} {
		pattern := stixPattern(c[0], c[1])
		bundle, err := json.Marshal(map[string]any{"type": "bundle", "id": "bundle--1", "objects": []any{map[string]string{
			"type": "indicator", "id": "indicator--1", "pattern": pattern,
		}}})
		if err != nil {
			t.Fatal(err)
		}
		set, err := indicator.Load(bytes.NewReader(bundle), "x.stix2")
		if err != nil {
			t.Fatal(err)
		}
		if info := set.Describe(); info.ByType[c[0]] != 1 || len(info.NotUnderstood) > 0 {
			t.Errorf("%s %q as %s: %v, not understood %v", c[0], c[1], pattern, info.ByType, info.NotUnderstood)
		}
	}
	if got := stixPattern("phone", "+1"); got != "" {
		t.Errorf("a phone number has the pattern %s", got)
	}
}

func TestTimesketch(t *testing.T) {
	t.Parallel()
	lines := strings.Split(strings.TrimSpace(exported(t, Timesketch)), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines", len(lines))
	}
	for i, want := range []sketchEvent{
		{Message: "mira⟦U+202E⟧", Datetime: "2021-03-04T05:06:07.000000+00:00", Meaning: "message", Tags: []string{"amparo", "amparo-critical"}},
		{Message: "other", Datetime: "2021-03-04T06:00:00.000000+00:00", Meaning: "message"},
	} {
		var got sketchEvent
		if err := json.Unmarshal([]byte(lines[i]), &got); err != nil {
			t.Fatal(err)
		}
		if got.Message != want.Message || got.Datetime != want.Datetime || got.Meaning != want.Meaning || strings.Join(got.Tags, " ") != strings.Join(want.Tags, " ") {
			t.Errorf("line %d: %+v, want %+v", i+1, got, want)
		}
		if found := len(got.Findings); found != 2*len(want.Tags)/2 {
			t.Errorf("line %d names %d findings", i+1, found)
		}
	}
}

func TestPDF(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"en", "es"} {
		got := exported(t, func(w io.Writer, res *Result) error { return PDF(w, res, Options{Lang: lang}) })
		if !strings.HasPrefix(got, "%PDF-1.") || !strings.HasSuffix(strings.TrimSpace(got), "%%EOF") {
			t.Errorf("%s: no PDF: %q…", lang, got[:min(len(got), 20)])
		}
		if pages := len(regexp.MustCompile(`/Type /Page\b`).FindAllString(got, -1)); pages < 2 {
			t.Errorf("%s: %d pages", lang, pages)
		}
		if strings.Contains(got, "/JavaScript") || strings.Contains(got, "/URI") {
			t.Errorf("%s: it runs or opens something", lang)
		}
	}
}

func TestPrintable(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain": "plain", "mañana": "mañana", "Ελλάδα": "Ελλάδα", "a\nb": "a\nb", "🎉": "⟦U+1F389⟧", "é中": "é⟦U+4E2D⟧",
	} {
		if got := printable(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
