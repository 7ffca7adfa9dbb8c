package streamtyped

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/limit"
)

// stream is an attributed string as iMessage writes it: "hola https://a.example/x"
// with a link attribute, its key referred to again in a second run.
const stream = "\x04\x0bstreamtyped\x81\xe8\x03\x84\x01@\x84\x84\x84\x12NSAttributedString\x00\x84\x84\x08NSObject\x00\x85" +
	"\x92\x84\x84\x84\x08NSString\x01\x94\x84\x01+\x18hola https://a.example/x\x86" +
	"\x84\x02iI\x01\x05\x92\x84\x84\x84\x0cNSDictionary\x00\x94\x84\x01i\x01" +
	"\x92\x84\x96\x96\x16__kIMLinkAttributeName\x86" +
	"\x92\x84\x84\x84\x05NSURL\x00\x94\x84\x01c\x00\x92\x84\x96\x96\x13https://a.example/x\x86\x86\x86\x86"

func TestDecode(t *testing.T) {
	t.Parallel()
	got, err := Decode([]byte(stream))
	if err != nil {
		t.Fatal(err)
	}
	want := Attributed{
		Text: "hola https://a.example/x", Links: []string{"https://a.example/x"},
		Attributes: []string{"__kIMLinkAttributeName"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if s, err := Text([]byte(stream)); err != nil || s != want.Text {
		t.Errorf("Text: %q, %v", s, err)
	}
}

func TestRealBodies(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("AMPARO_SHARED")
	if dir == "" {
		dir = "../../../../shared"
	}
	files, _ := filepath.Glob(filepath.Join(dir, "evidence/imessage-exporter/*"))
	if len(files) == 0 {
		t.Skip("no public evidence here: set AMPARO_SHARED")
	}
	want := map[string]string{
		"AttributedBodyTextOnly":  "Noter test",
		"AttributedBodyTextOnly2": "Test 3",
		"Blank":                   "",
		"MultiPart":               "\ufffctest 1\ufffctest 2 \ufffctest 3",
		"ExtraData":               "This is parsing  ", // the length before it is not its own
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		full, err := Decode(data)
		if cut := filepath.Base(name) == "ExtraData"; cut != errors.Is(err, limit.ErrCorrupt) {
			t.Errorf("%s: %v", filepath.Base(name), err)
		}
		if quick, _ := Text(data); quick != full.Text {
			t.Errorf("%s: quick %q, full %q", filepath.Base(name), quick, full.Text)
		}
		if w, ok := want[filepath.Base(name)]; ok && w != full.Text {
			t.Errorf("%s: got %q, want %q", filepath.Base(name), full.Text, w)
		}
	}
}

func TestEveryPrefixGivesAnError(t *testing.T) {
	t.Parallel()
	// The last two bytes only close objects whose content is complete.
	for n := range len(stream) - 4 {
		if n == 16 {
			continue // a stream of nothing but its header
		}
		if _, err := Decode([]byte(stream[:n])); err == nil {
			t.Errorf("the first %d bytes decode without an error", n)
		}
	}
	if _, err := Decode([]byte("bplist00")); !errors.Is(err, limit.ErrUnsupported) {
		t.Errorf("got %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(stream))
	f.Add([]byte("\x04\x0btypedstream\x81\x03\xe8\x84\x01@\x85"))
	f.Add([]byte("\x04\x0bstreamtyped\x81\xe8\x03\x84\x05[99c]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := Decode(data)
		if len(a.Text) > len(data) {
			t.Fatal("more text than bytes")
		}
		if s, qerr := Text(data); err == nil && qerr == nil && a.Text != "" && s != a.Text {
			t.Fatalf("quick %q, full %q", s, a.Text)
		}
	})
}

func BenchmarkText(b *testing.B) {
	b.SetBytes(int64(len(stream)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Text([]byte(stream)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	b.SetBytes(int64(len(stream)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode([]byte(stream)); err != nil {
			b.Fatal(err)
		}
	}
}
