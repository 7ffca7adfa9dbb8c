package jbig2

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/testevidence"
)

func TestScan(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		pdf  []byte
		want Report
	}{
		{"scan", testevidence.JBIG2PDF(1, 2), Report{Streams: 2, Segments: 3, Refinements: 2, Symbols: 1 << 31}},
		// Twice half of all: one more than can be counted.
		{"forcedentry", testevidence.JBIG2PDF(2, 0), Report{Streams: 2, Segments: 1, Symbols: 1 << 32, Overflow: true}},
		{"long_form", testevidence.JBIG2PDF(300, 0), Report{Streams: 2, Segments: 1, Symbols: 300 << 31, Overflow: true}},
		{"none", []byte("%PDF-1.4\nstream\nx\nendstream"), Report{}},
		{"no_stream", []byte("%PDF-1.4\n/Filter /JBIG2Decode"), Report{}},
		{"cut", testevidence.JBIG2PDF(1, 2)[:310], Report{Streams: 2, Segments: 3, Refinements: 1, Symbols: 1 << 31}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, Scan(tt.pdf)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestPacked: a stream in JBIG2 may be packed once more.
func TestPacked(t *testing.T) {
	t.Parallel()
	plain := testevidence.JBIG2PDF(2, 0)
	from := bytes.LastIndex(plain, []byte("stream\n\x00")) + len("stream\n")
	data := plain[from:bytes.LastIndex(plain, []byte("\nendstream"))]
	shared := plain[bytes.Index(plain, []byte("stream\n"))+7:]
	shared = shared[:bytes.Index(shared, []byte("\nendstream"))]
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, _ = w.Write(append(bytes.Clone(shared), data...))
	_ = w.Close()
	pdf := fmt.Sprintf("%%PDF-1.7\n7 0 obj <</Filter [/FlateDecode /JBIG2Decode]>> stream\r\n%s\r\nendstream", b.Bytes())
	if r := Scan([]byte(pdf)); !r.Overflow || r.Segments != 2 {
		t.Errorf("%+v", r)
	}
}

func TestSegments(t *testing.T) {
	t.Parallel()
	var r Reader
	// An unknown length: only a decoder knows where it ends.
	if err := r.Segments([]byte{0, 0, 0, 1, 38, 0, 1, 0xff, 0xff, 0xff, 0xff, 1, 2, 3}); err != nil || !r.Report().Partial {
		t.Errorf("%+v, %v", r.Report(), err)
	}
	for name, data := range map[string][]byte{
		"short": {0, 0, 0}, "references": {0, 0, 0, 1, 6, 5 << 5, 1, 1, 1, 1, 1}, "long": {0, 0, 0, 1, 6, 0xff, 0xff, 0xff, 0xff},
		"length": {0, 0, 0, 1, 48, 0, 1, 0, 0, 0, 9, 1},
	} {
		if err := new(Reader).Segments(data); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if refWidth(256) != 1 || refWidth(257) != 2 || refWidth(65537) != 4 {
		t.Error("widths of references")
	}
}

func FuzzScan(f *testing.F) {
	f.Add(testevidence.JBIG2PDF(1, 2))
	f.Add(testevidence.JBIG2PDF(2, 0))
	f.Add([]byte("%PDF-1.7\n7 0 obj <</Filter [/FlateDecode /JBIG2Decode]>> stream\r\nx\x9c\r\nendstream"))
	f.Fuzz(func(t *testing.T, pdf []byte) {
		if r := Scan(pdf); r.Overflow != (r.Symbols > math.MaxUint32) {
			t.Errorf("%+v", r)
		}
	})
}

func BenchmarkScan(b *testing.B) {
	pdf := testevidence.JBIG2PDF(2, 10_000)
	b.SetBytes(int64(len(pdf)))
	b.ReportAllocs()
	for b.Loop() {
		Scan(pdf)
	}
}
