package streamtyped

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/limit"
)

// prefix begins a stream up to the attributes of its first run.
const prefix = "\x04\x0bstreamtyped\x81\xe8\x03\x84\x01@\x84\x84\x84\x12NSAttributedString\x00\x84\x84\x08NSObject\x00\x85" +
	"\x92\x84\x84\x84\x08NSString\x01\x94\x84\x01+\x18hola https://a.example/x\x86"

// stream is an attributed string as iMessage writes it, byte for byte.
const stream = prefix +
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
		Text: "hola https://a.example/x",
		Runs: []Run{{Len: 5, Attributes: []Attribute{
			{Name: "__kIMLinkAttributeName", Class: "NSURL", Value: "https://a.example/x"},
		}}},
		Links: []string{"https://a.example/x"}, Attributes: []string{"__kIMLinkAttributeName"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if s, err := Text([]byte(stream)); err != nil || s != want.Text {
		t.Errorf("Text: %q, %v", s, err)
	}
}

// TestEveryKindOfAttribute reads what the test's own writer wrote, in both
// byte orders.
func TestEveryKindOfAttribute(t *testing.T) {
	t.Parallel()
	shared := []Attribute{{Name: "__kIMMessagePartAttributeName", Class: "NSNumber", Value: int64(0)}}
	want := Attributed{
		Text: "\ufffc ¡mira, @Ana! 😀 " + strings.Repeat("x", 40_000),
		Runs: []Run{
			{Start: 0, Len: 1, Attributes: []Attribute{
				{Name: fileAttribute, Class: "NSString", Value: "at_0_F0668F79"},
				{Name: "n", Class: "NSNumber", Value: int64(-70_000)},
				{Name: "f", Class: "NSNumber", Value: 2.5},
			}},
			{Start: 1, Len: 7, Attributes: shared},
			{Start: 8, Len: 4, Attributes: []Attribute{
				{Name: mentionAttribute, Class: "NSString", Value: "+525500000000"},
				{Name: "data", Class: "NSMutableData", Value: []byte{0x81, 0x84, 0x86}},
				{Name: "list", Class: "NSArray", Value: []any{"a", int64(300), nil}},
				{Name: "dict", Class: "NSDictionary", Value: map[string]any{"k": []any{}}},
				{Name: "nothing"},
			}},
			{Start: 12, Len: 40_000, Attributes: shared},
		},
		Files: []string{"at_0_F0668F79"}, Mentions: []string{"+525500000000"},
		Attributes: []string{
			fileAttribute, "n", "f", "__kIMMessagePartAttributeName",
			mentionAttribute, "data", "list", "dict", "nothing",
		},
	}
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		t.Run(order.String(), func(t *testing.T) {
			t.Parallel()
			data := newWriter(order).attributed(want)
			got, err := Decode(data)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if s, err := Text(data); s != want.Text || err != nil {
				t.Errorf("Text: %d bytes, %v", len(s), err)
			}
		})
	}
}

// TestWhatIsWrittenIsRead holds Decode to random strings of the test's writer.
func TestWhatIsWrittenIsRead(t *testing.T) {
	t.Parallel()
	for seed := range uint64(500) {
		rng := rand.New(rand.NewPCG(seed, 7))
		want := Attributed{Text: strings.Repeat("ñ😀a", rng.IntN(200))}
		at := 0
		for i := range rng.IntN(300) {
			run := Run{Start: at, Len: rng.IntN(70_000)}
			at += run.Len
			if i > 0 && rng.IntN(2) == 0 {
				run.Attributes = want.Runs[rng.IntN(i)].Attributes
			} else {
				url := fmt.Sprintf("https://%d.example/", rng.IntN(100))
				run.Attributes = []Attribute{{Name: linkAttribute, Class: "NSURL", Value: url}}
			}
			want.Runs = append(want.Runs, run)
		}
		got, err := Decode(newWriter(binary.LittleEndian).attributed(want))
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if got.Text != want.Text {
			t.Fatalf("seed %d: got %d bytes of text, want %d", seed, len(got.Text), len(want.Text))
		}
		if diff := cmp.Diff(want.Runs, got.Runs); diff != "" {
			t.Fatalf("seed %d (-want +got):\n%s", seed, diff)
		}
		seen := map[string]bool{}
		for _, l := range got.Links {
			if seen[l] {
				t.Fatalf("seed %d: link %s twice", seed, l)
			}
			seen[l] = true
		}
	}
}

func TestUnknownClassesCostNothing(t *testing.T) {
	t.Parallel()
	w := newWriter(binary.LittleEndian)
	w.begin("XXRope", "XXThing")
	w.name("{pair=cC[2{in=*d}]}")
	w.b = append(w.b, 0x84, 0x86) // chars have no markers
	for _, s := range []string{"one", "two"} {
		w.b = append(w.b, newMarker)
		w.entries++
		w.name(s)
		w.int(4) // a double that is written as an integer
	}
	w.string("the text")
	w.name("#")
	w.int(int64(w.classes["XXThing"]) + firstReference - 256)
	w.begin("XXMore")
	w.url("https://a.example/")
	w.end()
	w.end()
	got, err := Decode(w.b)
	if err != nil {
		t.Fatal(err)
	}
	want := Attributed{Text: "the text", Links: []string{"https://a.example/"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRelativeURL(t *testing.T) {
	t.Parallel()
	w := newWriter(binary.LittleEndian)
	w.begin("NSURL")
	w.name("c")
	w.b = append(w.b, 1)
	w.url("https://a.example/")
	w.string("x?y")
	w.end()
	got, err := Decode(w.b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"https://a.example/x?y", "https://a.example/"}, got.Links); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTextThatIsNotUTF8(t *testing.T) {
	t.Parallel()
	data := bytes.Replace([]byte(stream), []byte("hola"), []byte("ho\xff\xfe"), 1)
	const want = "ho\ufffd https://a.example/x"
	got, err := Decode(data)
	if err != nil || got.Text != want {
		t.Errorf("Decode: %q, %v", got.Text, err)
	}
	if s, err := Text(data); err != nil || s != want {
		t.Errorf("Text: %q, %v", s, err)
	}
}

// TestTextWithAForgedLength has a length of 157 before a text of 15 bytes.
func TestTextWithAForgedLength(t *testing.T) {
	t.Parallel()
	data := bytes.Replace([]byte(stream), []byte("+\x18"), []byte("+\x81\x9d\x01"), 1)
	got, err := Decode(data)
	if !errors.Is(err, limit.ErrCorrupt) {
		t.Errorf("got %v", err)
	}
	if got.Text != "hola https://a.example/x" || len(got.Links) != 1 {
		t.Errorf("got %q, links %q", got.Text, got.Links)
	}
}

func TestEveryPrefixGivesAnErrorAndWhatItHas(t *testing.T) {
	t.Parallel()
	textEnd := len(prefix) - 1
	for n := range len(stream) - 1 {
		if n == 16 {
			continue // a stream of nothing but its header
		}
		data := []byte(stream)[:n]
		got, err := Decode(data)
		if err == nil {
			t.Errorf("the first %d bytes decode without an error", n)
		}
		if n > textEnd && got.Text != "hola https://a.example/x" {
			t.Errorf("the first %d bytes have text %q", n, got.Text)
		}
		if s, err := Text(data); s != got.Text || s == "" && err == nil {
			t.Errorf("the first %d bytes: Text %q, %v; Decode %q", n, s, err, got.Text)
		}
	}
	if _, err := Decode([]byte("bplist00")); !errors.Is(err, limit.ErrUnsupported) {
		t.Errorf("got %v", err)
	}
}

// TestHostile holds streams that grow without bound to an error within a second.
func TestHostile(t *testing.T) {
	t.Parallel()
	const head = littleHeader + "\x81\xe8\x03"
	// An NSDictionary that holds itself twice, under the key and as the value.
	loop := head + "\x84\x01@\x84\x84\x84\x12NSAttributedString\x00\x85" +
		"\x92\x84\x84\x84\x08NSString\x00\x85\x84\x01+\x01x\x86" +
		"\x84\x02iI\x01\x01\x92\x84\x84\x84\x0cNSDictionary\x00\x85\x84\x01i\x02" +
		strings.Repeat("\x92\x96\x92\x96", 20) + "\x86\x86"
	long := "\x84\x82\x00\x00\x04\x00" + strings.Repeat("!", 1<<18)
	for _, tt := range []struct {
		name, data string
		want       error
	}{
		{"nested_objects", head + "\x84\x01@\x84\x85" + strings.Repeat("\x92\x84\x85", 1_000_000), limit.ErrLimit},
		{"superclasses", head + "\x84\x01@\x84" + strings.Repeat("\x84\x84\x01A\x00", 1_000_000), limit.ErrLimit},
		{"nested_types", head + "\x84\x82\x00\x00\x10\x00" + strings.Repeat("[1", 1<<19), limit.ErrUnsupported},
		{"nested_closed_types", head + "\x84\x81\xd0\x07" + strings.Repeat("[1", 500) + strings.Repeat("]", 1000) + strings.Repeat("a", 100), limit.ErrLimit},
		{"types_without_values", head + long + strings.Repeat("\x92", 300_000), limit.ErrLimit},
		{"array_of_nothing", head + "\x84\x09[9999{=}]" + strings.Repeat("x", 10_000), limit.ErrCorrupt},
		{"array_past_the_end", head + "\x84\x0c[2147483647i]", limit.ErrUnsupported},
		{"huge_length", head + "\x84\x01+\x82\xff\xff\xff\xff", limit.ErrCorrupt},
		{"negative_length", head + "\x84\xff", limit.ErrCorrupt},
		{"many_values", head + "\x84\x01i\x01" + strings.Repeat("\x92\x01", 300_000), limit.ErrLimit},
		{"many_objects", head + "\x84\x01@\x84\x85\x86" + strings.Repeat("\x92\x84\x85\x86", 300_000), limit.ErrLimit},
		{"many_names", head + strings.Repeat("\x84\x01!", 300_000), limit.ErrLimit},
		{"dictionary_that_holds_itself", loop, limit.ErrLimit},
		{"reference_to_nothing", head + "\x84\x01@\x99", limit.ErrCorrupt},
		{"name_that_is_not_there", head + "\x99", limit.ErrCorrupt},
		{"unknown_type", head + "\x84\x01?", limit.ErrUnsupported},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			_, err := Decode([]byte(tt.data))
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if took := time.Since(start); took > deadline {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// deadline is a second, and room for a slow, busy machine with the race detector.
const deadline = 20 * time.Second

func TestEveryByteInverted(t *testing.T) {
	t.Parallel()
	for i := range len(stream) {
		data := []byte(stream)
		data[i] ^= 0xff
		_, _ = Decode(data)
		_, _ = Text(data)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(stream))
	f.Add([]byte("\x04\x0btypedstream\x81\x03\xe8\x84\x01@\x85"))
	f.Add([]byte("\x04\x0bstreamtyped\x81\xe8\x03\x84\x05[99c]"))
	f.Add([]byte("\x04\x0bstreamtyped\x81\xe8\x03\x84\x0a{a=f[2i]*}\x05\x01\x02\x84\x84\x01b"))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := Decode(data)
		if len(a.Text) > 3*len(data) { // U+FFFD has three bytes
			t.Fatal("more text than bytes")
		}
		if s, textErr := Text(data); err == nil && (textErr != nil || s != a.Text) {
			t.Fatalf("Text %q, %v; Decode %q", s, textErr, a.Text)
		}
		at := 0
		for _, run := range a.Runs {
			if run.Start != at || run.Len < 0 {
				t.Fatalf("run at %d of %d, want %d", run.Start, run.Len, at)
			}
			at += run.Len
		}
	})
}

func BenchmarkText(b *testing.B) {
	data := []byte(stream)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Text(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	data := []byte(stream)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(data); err != nil {
			b.Fatal(err)
		}
	}
}
