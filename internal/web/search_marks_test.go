package web

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/amparo-project/amparo/internal/fulltext"
	"github.com/amparo-project/amparo/internal/message"
	"github.com/amparo-project/amparo/internal/report"
)

// TestWhatMatched: a hit shows the fields with what was looked for, with it marked
// and with what stands around it, however long the value and however many
// fields a record has.
func TestWhatMatched(t *testing.T) {
	t.Parallel()
	far := strings.Repeat("á ", 3000)
	data := map[string]any{"body": far + "the needle lies here " + far + "and a thread there " + far, "zz": "a thread", "zzz": "needle needle"}
	for i := range 60 {
		data[fmt.Sprintf("field%02d", i)] = "hay"
	}
	for i := range 12 { // as many fields as are shown, with one of the words
		data[fmt.Sprintf("a%02d", i)] = "a needle"
	}
	line, err := json.Marshal(map[string]any{"data": data, "times": []map[string]any{{"meaning": "sent", "at": "2020-01-02T03:04:05Z"}}})
	if err != nil {
		t.Fatal(err)
	}
	s := &search{q: &request{Printer: message.New("en")}, words: fulltext.Parse("thread NEEDLE")}
	h, ok := s.hit(line, "ios.sms", s.words.Marks)
	if !ok || len(h.Marked) != shownFields || h.More != 1+len(data)-shownFields || !h.Dated {
		t.Fatalf("%v %d fields, %d more", ok, len(h.Marked), h.More)
	}
	marked := map[string]string{}
	for _, m := range h.Marked {
		for _, p := range m.Pieces {
			if p.Mark {
				marked[m.Name] += p.Text + ","
			}
		}
		if marked[m.Name] == "" {
			t.Errorf("%s has nothing of what was looked for, and stands before what has", m.Name)
		}
	}
	if marked["a00"] != "needle," || marked["body"] != "needle,thread," {
		t.Errorf("%v", marked)
	}
	for i, f := range h.Fields {
		if f.Name != "body" {
			continue
		}
		if len(f.Value) > 2*shownValue || !strings.Contains(f.Value, "á the needle lies here á") || strings.Count(f.Value, "…") != 3 || !utf8.ValidString(f.Value) {
			t.Errorf("%q", f.Value)
		}
		if i > 1 {
			t.Errorf("what shows both words comes as number %d", i)
		}
	}
}

func TestMarkedOf(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 400)
	for _, test := range []struct {
		value string
		at    [][2]int
		want  string
	}{
		{"short", nil, "short"},
		{"a short one", [][2]int{{2, 7}}, "a [short] one"},
		{long + long, nil, long + strings.Repeat("x", 100) + "…"},
		{"ab" + long + long, [][2]int{{0, 2}}, "[ab]" + strings.Repeat("x", aroundMarked) + "…"},
		{long + long + "ab", [][2]int{{800, 802}}, "…" + strings.Repeat("x", aroundMarked) + "[ab]"},
		{"ab cd" + long + long, [][2]int{{0, 2}, {3, 5}}, "[ab] [cd]" + strings.Repeat("x", aroundMarked) + "…"},
		{strings.Repeat("y", 2000), [][2]int{{0, 2000}}, "[" + strings.Repeat("y", shownValue) + "]…"},
	} {
		m, short := markedOf(&report.Pair{Name: "n", Value: test.value}, test.at)
		var got, plain strings.Builder
		for _, p := range m.Pieces {
			if p.Mark {
				got.WriteString("[" + p.Text + "]")
			} else {
				got.WriteString(p.Text)
			}
			plain.WriteString(p.Text)
		}
		if got.String() != test.want || plain.String() != short {
			t.Errorf("%.20q %v: %q, %q, want %q", test.value, test.at, got.String(), short, test.want)
		}
	}
}
