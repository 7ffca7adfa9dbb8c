package fulltext_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/fulltext"
)

// file is a file of an index in memory.
type file struct{ *bytes.Reader }

func (f file) Size() int64 { return f.Reader.Size() }

func source(artifact, text string) fulltext.Source {
	return fulltext.Source{Artifact: artifact, Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }}
}

func build(t testing.TB, sources ...fulltext.Source) ([]fulltext.File, fulltext.Built) {
	t.Helper()
	var files []fulltext.File
	b, err := fulltext.Build(t.Context(), sources, func(_ int, data []byte) error {
		files = append(files, file{bytes.NewReader(data)})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files, b
}

const messages = `{"kind":"message","times":[{"meaning":"message","at":"2024-05-01T10:00:00Z"}],"data":{"text":"Nos vemos en la Cafetería, mañana a las 5","phone_number":"+5215500000012"},"provenance":{"path":"HomeDomain/sms.db"}}
{"kind":"message","times":[{"meaning":"message"},{"meaning":"read","at":"2023-05-01T10:00:00Z"}],"data":{"text":"the \"link\" is https://evil.example/a?b=1","list":["Zürich",{"deep":"ÁRBOL"}],"n":42}}
this is no record
{"kind":"message","times":[],"data":{"text":"undated cafeteria","note":"caf\u00e9 \ud83d\ude00 emoji"}}
`

func TestSearch(t *testing.T) {
	t.Parallel()
	files, built := build(t, source("ios.sms", messages), source("ios.calls", `{"kind":"call","times":[{"at":"2024-06-01T00:00:00Z"}],"data":{"address":"+5215500000012"}}`))
	if built.Records != 4 || built.Unread != 1 || built.Files != 1 {
		t.Errorf("%+v", built)
	}
	lines := strings.SplitAfter(messages, "\n")
	offset := func(n int) int64 { return int64(len(strings.Join(lines[:n], ""))) }
	for _, c := range []struct {
		query string
		n     fulltext.Narrow
		want  string
	}{
		{"cafeteria", fulltext.Narrow{}, "ios.sms 0, ios.sms 3"},
		{"CAFETERÍA", fulltext.Narrow{}, "ios.sms 0, ios.sms 3"},
		{"cafe", fulltext.Narrow{}, "ios.sms 3"},
		{"cafe*", fulltext.Narrow{}, "ios.sms 0, ios.sms 3"},
		{`"la cafeteria"`, fulltext.Narrow{}, "ios.sms 0"},
		{`"cafeteria la"`, fulltext.Narrow{}, ""},
		{"manana vemos", fulltext.Narrow{}, "ios.sms 0"},
		{"evil.example", fulltext.Narrow{}, "ios.sms 1"},
		{"example.evil", fulltext.Narrow{}, ""},
		{"arbol", fulltext.Narrow{}, "ios.sms 1"},
		{"zurich 42", fulltext.Narrow{}, "ios.sms 1"},
		{"5215500000012", fulltext.Narrow{}, "ios.sms 0, ios.calls 0"},
		{"5215500000012", fulltext.Narrow{Artifact: "ios.calls"}, "ios.calls 0"},
		{"cafe*", fulltext.Narrow{From: 1, To: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()}, "ios.sms 0"},
		{"text", fulltext.Narrow{}, ""}, // a key
		{"homedomain", fulltext.Narrow{}, ""},
		{`") OR words MATCH ("x`, fulltext.Narrow{}, ""},
		{"NEAR(la cafeteria)", fulltext.Narrow{}, ""},
	} {
		c.n.Limit = 10
		hits, more, err := fulltext.Search(t.Context(), files, fulltext.Parse(c.query), c.n)
		if err != nil || more {
			t.Fatalf("%s: %v", c.query, err)
		}
		var got []string
		for _, h := range hits {
			n := 0
			for h.Artifact == "ios.sms" && offset(n) < h.Offset {
				n++
			}
			got = append(got, fmt.Sprint(h.Artifact, " ", n))
		}
		if s := strings.Join(got, ", "); s != c.want {
			t.Errorf("%s: %q, want %q", c.query, s, c.want)
		}
	}
}

// TestPages goes through hits in several files a few at a time: each comes
// once, in the order of time.
func TestPages(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 1))
	var files []fulltext.File
	all := 0
	for range 3 {
		var b strings.Builder
		for range 60 {
			at := ""
			if r.IntN(5) > 0 {
				at = fmt.Sprintf(`"at":"2024-05-01T10:00:%02dZ"`, r.IntN(20))
			}
			fmt.Fprintf(&b, `{"times":[{%s}],"data":{"text":"needle %d"}}`+"\n", at, r.IntN(100))
			all++
		}
		some, _ := build(t, source("ios.sms", b.String()))
		files = append(files, some...)
	}
	var after fulltext.Cursor
	seen, more := map[fulltext.Cursor]bool{}, true
	for more {
		var hits []fulltext.Hit
		var err error
		hits, more, err = fulltext.Search(t.Context(), files, fulltext.Parse("needle"), fulltext.Narrow{After: after, Limit: 7})
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range hits {
			if seen[h.Cursor] || h.Cursor.Compare(after) < 0 && after != (fulltext.Cursor{}) {
				t.Fatalf("%+v after %+v", h, after)
			}
			seen[h.Cursor], after = true, h.Cursor
		}
	}
	if len(seen) != all {
		t.Errorf("%d of %d", len(seen), all)
	}
}

func TestMarks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ query, text, want string }{
		{"cafeteria", "La Cafetería y la CAFETERIA", "La [Cafetería] y la [CAFETERIA]"},
		{`"la cafeteria" manana*`, "la cafetería, mañanas", "[la cafetería], [mañanas]"},
		{"evil.example", "see https://evil.example/x", "see https://[evil.example]/x"},
		{"x", "nothing", "nothing"},
	} {
		at, _ := fulltext.Parse(c.query).Marks(c.text)
		got, from := "", 0
		for _, m := range at {
			got += c.text[from:m[0]] + "[" + c.text[m[0]:m[1]] + "]"
			from = m[1]
		}
		if got += c.text[from:]; got != c.want {
			t.Errorf("%s: %q, want %q", c.query, got, c.want)
		}
	}
}

func FuzzQuery(f *testing.F) {
	f.Add(`caf\u00e9* "a b"*`, messages)
	f.Add(`"`, "a")
	f.Fuzz(func(t *testing.T, query, text string) {
		at, found := fulltext.Parse(query).Marks(text)
		last := 0
		for _, m := range at {
			if m[0] < last || m[1] <= m[0] || m[1] > len(text) {
				t.Fatalf("%q in %q: %v", query, text, at)
			}
			last = m[1]
		}
		if len(at) > 0 && !slices.Contains(found, true) {
			t.Errorf("%q in %q: marks of no term", query, text)
		}
	})
}

// sources are the records of a check: AMPARO_BENCH_RESULT names its folder.
func sources(b *testing.B) (list []fulltext.Source) {
	b.Helper()
	dir := os.Getenv("AMPARO_BENCH_RESULT")
	if dir == "" {
		b.Skip("AMPARO_BENCH_RESULT names no result folder")
	}
	names, err := filepath.Glob(filepath.Join(dir, "records", "*.jsonl"))
	if err != nil {
		b.Fatal(err)
	}
	for _, name := range names {
		list = append(list, fulltext.Source{
			Artifact: strings.TrimSuffix(filepath.Base(name), ".jsonl"), Open: func() (io.ReadCloser, error) { return os.Open(name) },
		})
	}
	return list
}

func BenchmarkBuild(b *testing.B) {
	list := sources(b)
	var built fulltext.Built
	for b.Loop() {
		_, built = build(b, list...)
	}
	b.ReportMetric(float64(built.Records)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(float64(built.Text)/1e6, "MB-text")
	b.ReportMetric(float64(built.Bytes)/1e6, "MB-index")
}

func BenchmarkSearch(b *testing.B) {
	files, _ := build(b, sources(b)...)
	for _, query := range []string{"whatsapp", "donde*", `"let me check"`, "qwertzuiop", "5215500000012"} {
		b.Run(query, func(b *testing.B) {
			n := 0
			for b.Loop() {
				hits, _, err := fulltext.Search(b.Context(), files, fulltext.Parse(query), fulltext.Narrow{Limit: 50})
				if err != nil {
					b.Fatal(err)
				}
				n = len(hits)
			}
			b.ReportMetric(float64(n), "hits")
		})
	}
}
