package streamtyped

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/limit"
)

// realBodies returns public message bodies, which are not part of the
// repository.
func realBodies(t *testing.T) map[string][]byte {
	t.Helper()
	shared := os.Getenv("AMPARO_SHARED")
	if shared == "" {
		shared = "../../../../shared"
	}
	files, _ := filepath.Glob(filepath.Join(shared, "evidence/imessage-exporter/*"))
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
