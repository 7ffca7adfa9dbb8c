package streamtyped

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/format/sqlite"
	"github.com/amparo-project/amparo/internal/limit"
)

func sharedDir() string {
	if dir := os.Getenv("AMPARO_SHARED"); dir != "" {
		return dir
	}
	return "../../../../shared"
}

// realBodies returns public message bodies, which are not part of the
// repository.
func realBodies(t *testing.T) map[string][]byte {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(sharedDir(), "evidence/imessage-exporter/*"))
	if len(files) == 0 {
		t.Skip("no public evidence here: set AMPARO_SHARED")
	}
	bodies := map[string][]byte{}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		bodies[filepath.Base(name)] = data
	}
	return bodies
}

func part(n int64) Attribute {
	return Attribute{Name: "__kIMMessagePartAttributeName", Class: "NSNumber", Value: n}
}

func TestRealBodies(t *testing.T) {
	t.Parallel()
	const guid = "_F0668F79-20C2-49C9-A87F-1B007ABB0CED"
	file := func(n int64, name string) []Attribute {
		return []Attribute{{Name: fileAttribute, Class: "NSString", Value: name}, part(n)}
	}
	want := map[string]Attributed{
		"AttributedBodyTextOnly": {
			Text: "Noter test", Runs: []Run{{Len: 10, Attributes: []Attribute{part(0)}}},
			Attributes: []string{"__kIMMessagePartAttributeName"},
		},
		"AttributedBodyTextOnly2": {
			Text: "Test 3",
			Runs: []Run{{Len: 6, Attributes: []Attribute{
				{Name: "__kIMBaseWritingDirectionAttributeName", Class: "NSNumber", Value: int64(-1)}, part(0),
			}}},
			Attributes: []string{"__kIMBaseWritingDirectionAttributeName", "__kIMMessagePartAttributeName"},
		},
		"Blank": {},
		"MultiPart": {
			Text: "\ufffctest 1\ufffctest 2 \ufffctest 3",
			Runs: []Run{
				{Start: 0, Len: 1, Attributes: file(0, "at_0"+guid)},
				{Start: 1, Len: 6, Attributes: []Attribute{part(1)}},
				{Start: 7, Len: 1, Attributes: file(2, "at_2"+guid)},
				{Start: 8, Len: 7, Attributes: []Attribute{part(3)}},
				{Start: 15, Len: 1, Attributes: file(4, "at_4"+guid)},
				{Start: 16, Len: 6, Attributes: []Attribute{part(5)}},
			},
			Files:      []string{"at_0" + guid, "at_2" + guid, "at_4" + guid},
			Attributes: []string{fileAttribute, "__kIMMessagePartAttributeName"},
		},
		// Its author shortened the text but not its length.
		"ExtraData": {
			Text: "This is parsing  ", Runs: []Run{{Len: 157, Attributes: []Attribute{part(0)}}},
			Attributes: []string{"__kIMMessagePartAttributeName"},
		},
	}
	for name, data := range realBodies(t) {
		got, err := Decode(data)
		if cut := name == "ExtraData"; cut != errors.Is(err, limit.ErrCorrupt) || !cut && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if w, ok := want[name]; ok {
			if diff := cmp.Diff(w, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		if s, _ := Text(data); s != got.Text {
			t.Errorf("%s: Text %q, Decode %q", name, s, got.Text)
		}
	}
}

// TestRealMessages reads the messages of a public database, whose column text
// says what the text of each is. Whoever published it edited that column of two
// messages, and not their bodies, whose runs fit the text that is there.
func TestRealMessages(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join(sharedDir(), "evidence/plaso/sqlite/imessage_chat.db"))
	if err != nil {
		t.Skipf("no public evidence here (set AMPARO_SHARED): %v", err)
	}
	db, err := sqlite.Open(bytes.NewReader(data), int64(len(data)), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	messages, ok := db.Table("message")
	if !ok {
		t.Fatal("no table message")
	}
	n := 0
	for row, err := range messages.Scan(t.Context(), "text", "attributedBody") {
		if err != nil {
			t.Fatal(err)
		}
		body := row.Value(1).Bytes()
		if len(body) == 0 {
			continue
		}
		n++
		want := row.Value(0).Text()
		if id := row.RowID(); id == 6 || id == 10 {
			want = strings.Replace(want, "Open Office", "Microsoft Office", 1)
		}
		got, err := Decode(body)
		if err != nil || got.Text != want {
			t.Errorf("message %d: got %q, %v, want %q", row.RowID(), got.Text, err, want)
		}
		if s, err := Text(body); err != nil || s != want {
			t.Errorf("message %d: Text %q, %v, want %q", row.RowID(), s, err, want)
		}
		units := len(utf16.Encode([]rune(want)))
		if last := got.Runs[len(got.Runs)-1]; last.Start+last.Len != units {
			t.Errorf("message %d: runs up to %d of %d", row.RowID(), last.Start+last.Len, units)
		}
	}
	if n == 0 {
		t.Error("no message has a body")
	}
}
