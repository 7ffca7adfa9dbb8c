package lure

import (
	"strings"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/finding"
)

// TestHugeInput holds time and memory of one message: what a sender can make
// long is bounded before it is looked at.
func TestHugeInput(t *testing.T) {
	t.Parallel()
	r := reader(t)
	for name, m := range map[string]*Message{
		"url":     {Text: "ver http://telcel-pagos.mx/" + strings.Repeat("a", 1<<20), Links: []string{"http://telcel-pagos.mx/" + strings.Repeat("a", 1<<20)}},
		"host":    {Links: []string{"http://" + strings.Repeat("a-", 1<<19) + ".com"}},
		"labels":  {Links: []string{"http://" + strings.Repeat("a.", 1<<19) + "com"}},
		"text":    {Text: strings.Repeat("murió mi papá http://x.example/1 ", 1<<15)},
		"marks":   {Text: strings.Repeat("\u202e\u200b", 1<<19) + " http://x.example"},
		"unicode": {Text: strings.Repeat("ﷺ", 1<<18), Links: []string{"http://" + strings.Repeat("ß", 2000) + ".de"}},
		"invalid": {Text: strings.Repeat("\xff\xfe", 1<<18), Links: []string{"http://\xff\xfe.com", "http://", "", "://", "http://@", "http://:80"}},
		"sender":  {Text: "Telcel http://x.example", Sender: strings.Repeat("@", 1<<20), SenderName: strings.Repeat("Telcel ", 1<<18)},
		"links":   {Links: slicesOf("http://telcel-pagos.mx/", 100_000)},
	} {
		started := time.Now()
		got := r.Read(m)
		if took := time.Since(started); took > 20*time.Second {
			t.Errorf("%s took %s", name, took)
		}
		for _, l := range got.Links {
			if len(l.URL) > maxShown+8 || len(l.Host) > maxHost {
				t.Errorf("%s: a link of %d bytes is kept", name, len(l.URL))
			}
		}
	}
	long := r.Read(&Message{Text: "Telcel: su línea tiene un adeudo, pague hoy http://telcel-pagos.mx/" + strings.Repeat("a", 1<<20)})
	if long.Severity != finding.High {
		t.Errorf("a long link hides what it is: %+v", long)
	}
}

func slicesOf(s string, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = s
	}
	return list
}

func TestHiddenMarks(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"Tu pa\u200bquete": true, "a \u202e b": true, "👨\u200d👩\u200d👧": false, "می\u200cخواهم": false, "plain": false,
		"soft\u00adhyphen": false, "\ufeffstart": false, "end\u200b": false, "word\u200b another": false,
	} {
		if got := invisibleInWord(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

var chatInfo = artifact.Info{Name: "test.chat", Kinds: []artifact.KindInfo{
	{Kind: "message", Fields: []artifact.FieldInfo{{Name: "body"}, {Name: "links"}, {Name: "address"}}},
	{Kind: "visit", Fields: []artifact.FieldInfo{{Name: "links"}, {Name: "title"}}},
}}

// TestArtifactsTakePartByTheirFields: a new messenger needs nothing but the
// fields that the others have.
func TestArtifactsTakePartByTheirFields(t *testing.T) {
	t.Parallel()
	k := reader(t).k
	if k.Records(artifact.Info{Kinds: chatInfo.Kinds[1:]}) != nil {
		t.Error("visits are read as messages")
	}
	var none *Knowledge
	if none.Records(chatInfo) != nil {
		t.Error("without knowledge nothing is read")
	}
	r := k.Records(chatInfo)
	rec := new(artifact.Record)
	fill := func(kind artifact.Kind, direction, text string, links ...string) {
		rec.Reset(kind)
		rec.Set("body", artifact.TextValue(text))
		rec.Set("address", artifact.TextValue("+525512345678"))
		rec.Set("direction", artifact.TextOrNull(direction))
		rec.Set("links", artifact.StringsValue(links))
	}
	const text = "Telcel: su línea tiene un adeudo, pague hoy"
	for _, tt := range []struct {
		kind      artifact.Kind
		direction string
		links     []string
		want      bool
	}{
		{"message", "", []string{"http://telcel-pagos.mx"}, true},
		{"message", "received", []string{"http://telcel-pagos.mx"}, true},
		{"message", "sent", []string{"http://telcel-pagos.mx"}, false},
		{"message", "received", []string{"https://www.telcel.com"}, false},
		{"message", "received", nil, false},
		{"visit", "", []string{"http://telcel-pagos.mx"}, false},
	} {
		fill(tt.kind, tt.direction, text, tt.links...)
		reading, ok := r.Read(rec, false)
		if ok != tt.want || ok && reading.Severity != finding.High {
			t.Errorf("%+v: %v, %+v", tt, ok, reading)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, name := range []string{"testdata/lures.yaml", "testdata/benign.yaml", "testdata/unseen.yaml"} {
		for _, s := range samples(f, name) {
			f.Add(s.Text, s.Sender, "")
		}
	}
	f.Add("a", "x@y", "http://xn--a-.com/\u202e")
	r := reader(f)
	f.Fuzz(func(t *testing.T, text, sender, url string) {
		m := Message{Text: text, Sender: sender, SenderName: sender}
		if url != "" {
			m.Links = []string{url}
		}
		a, b := r.Read(&m), r.k.Reader().Read(&m)
		if a.Severity != b.Severity || len(a.Reasons) != len(b.Reasons) {
			t.Errorf("what was read before changes the reading: %+v, %+v", a, b)
		}
	})
}

// BenchmarkRecords measures the records of a check: nine in ten messages have
// no link, of the others most lead to official domains.
func BenchmarkRecords(b *testing.B) {
	k := reader(b).k
	r := k.Records(chatInfo)
	var records []*artifact.Record
	benign, lures := samples(b, "testdata/benign.yaml"), samples(b, "testdata/lures.yaml")
	for i := range 1000 {
		rec := new(artifact.Record)
		rec.Reset("message")
		s := benign[i%len(benign)]
		if i%200 == 0 {
			s = lures[i/200%len(lures)]
		}
		rec.Set("body", artifact.TextValue(s.Text))
		if i%10 == 0 {
			rec.Set("links", artifact.StringsValue([]string{"https://example-" + string(rune('a'+i/40%26)) + ".com/x"}))
		}
		records = append(records, rec)
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		for _, rec := range records {
			r.Read(rec, false)
		}
		n += len(records)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/record")
}

func BenchmarkRead(b *testing.B) {
	r := reader(b)
	list := samples(b, "testdata/lures.yaml")
	size := 0
	for _, s := range list {
		size += len(s.Text)
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		for _, s := range list {
			r.Read(&Message{Text: s.Text, Sender: s.Sender})
		}
	}
}
