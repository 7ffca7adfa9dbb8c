package artifact

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func sampleRecord() *Record {
	r := new(Record)
	r.Reset("message")
	r.When("message", MacNanoseconds, IntValue(700_000_000_000_000_000))
	r.When("read", MacSeconds, TextValue("yesterday"))
	r.Set("text", TextValue("hola\n\"mundo\" \u2028 \xff <b>"))
	r.Set("is_read", IntValue(0))
	r.Set("absent", Value{})
	r.Set("ratio", FloatValue(0.5))
	r.Set("flag", BoolValue(true))
	r.Set("raw", BytesValue([]byte{0, 1, 2}))
	r.Set("links", StringsValue([]string{"https://a.example/?x=1&y=<2>"}))
	r.Set("tree", TreeValue(map[string]any{"b": []any{int64(1), "x", nil}, "a": time.Unix(0, 0).UTC()}))
	r.Loc = Location{Path: "HomeDomain/Library/SMS/sms.db", Table: "message", Row: true, RowID: 7, Page: 3, Offset: 8200, Length: 90}
	return r
}

func TestRecordJSON(t *testing.T) {
	t.Parallel()
	got := string(sampleRecord().AppendJSON(nil))
	want := `{"kind":"message",` +
		`"times":[{"meaning":"message","at":"2023-03-08T20:26:40Z","epoch":"mac_ns","raw":700000000000000000},` +
		`{"meaning":"read","epoch":"mac_s","raw":"yesterday"}],` +
		`"data":{"text":"hola\n\"mundo\" \u2028 \ufffd <b>","is_read":0,"ratio":0.5,"flag":true,"raw":"AAEC",` +
		`"links":["https://a.example/?x=1&y=<2>"],"tree":{"a":"1970-01-01T00:00:00Z","b":[1,"x",null]}},` +
		`"provenance":{"path":"HomeDomain/Library/SMS/sms.db","table":"message","rowid":7,"page":3,` +
		`"offset":8200,"length":90,"state":"live"}}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !json.Valid([]byte(got)) {
		t.Error("not valid JSON")
	}
}

// TestAppendInstantIsRFC3339Nano on every day from 1990 to 2100, and with
// every number of digits.
func TestAppendInstantIsRFC3339Nano(t *testing.T) {
	t.Parallel()
	for sec := int64(minUnix) - 86_400; sec < maxUnix+86_400; sec += 86_400 - 7 {
		for _, ns := range []int64{0, 1, 500_000_000, 123_456_789, 120_000, 999_999_999} {
			at := time.Unix(sec, ns).UTC()
			if got, want := string(AppendInstant(nil, at)), at.Format(time.RFC3339Nano); got != want {
				t.Fatalf("got %s, want %s", got, want)
			}
		}
	}
}

func TestFloatsJSONCannotHold(t *testing.T) {
	t.Parallel()
	for _, f := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 1e300, math.Copysign(0, -1), 1e-9, math.MaxFloat64} {
		if b := FloatValue(f).AppendJSON(nil); !json.Valid(b) {
			t.Errorf("%v gives %s", f, b)
		}
	}
}

func TestDeepTreeEnds(t *testing.T) {
	t.Parallel()
	var v any = "bottom"
	for range 100_000 {
		v = []any{v}
	}
	if b := TreeValue(v).AppendJSON(nil); !json.Valid(b) {
		t.Error("not valid JSON")
	}
}

// FuzzAppendString holds the writer to what the standard library reads back.
func FuzzAppendString(f *testing.F) {
	for _, s := range []string{"", "plain", "\x00\x1f\x7f\"\\", "é\xff\u2028", "\xe2\x80", "\U0010ffff\u202e"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b := AppendString(nil, s)
		if string(b) != string(AppendString(nil, []byte(s))) {
			t.Fatal("text and bytes differ")
		}
		var got string
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatalf("%q: %v", b, err)
		}
		if want := strings.ToValidUTF8(s, "\ufffd"); !sameText(got, want, s) {
			t.Fatalf("got %q, want %q", got, want)
		}
	})
}

// sameText allows one U+FFFD for each invalid byte, as encoding/json writes,
// where strings.ToValidUTF8 writes one for a run.
func sameText(got, want, raw string) bool {
	if utf8.ValidString(raw) {
		return got == raw
	}
	var b strings.Builder
	for _, r := range raw {
		b.WriteRune(r)
	}
	return got == b.String() || got == want
}

func BenchmarkRecordJSON(b *testing.B) {
	r := sampleRecord()
	buf := r.AppendJSON(nil)
	b.SetBytes(int64(len(buf)))
	b.ReportAllocs()
	for b.Loop() {
		buf = r.AppendJSON(buf[:0])
	}
}
