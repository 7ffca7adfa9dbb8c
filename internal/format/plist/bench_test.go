package plist

import (
	"math/rand/v2"
	"strings"
	"testing"

	oracle "howett.net/plist"
)

// BenchmarkDoc reads one value of a small list, as is done for each row of a
// table: it must take no memory.
func BenchmarkDoc(b *testing.B) {
	data, err := oracle.Marshal(map[string]any{"amsc": 1, "ust": true, "hbr": "x", "rp": []any{1, 2}}, oracle.BinaryFormat)
	if err != nil {
		b.Fatal(err)
	}
	var d Doc
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if err := d.Reset(data); err != nil {
			b.Fatal(err)
		}
		if n, ok := d.Root().Get("rp").At(1).Int(); !ok || n != 2 {
			b.Fatal(n)
		}
	}
}

func TestDocTakesNoMemory(t *testing.T) {
	data := makeList(0, "\xd2\x01\x03\x02\x04", "\x51a", "\x10\x01", "\x61\x00b", "\xa1\x02")
	var d Doc
	n := testing.AllocsPerRun(100, func() {
		if err := d.Reset(data); err != nil {
			t.Fatal(err)
		}
		root := d.Root()
		if i, ok := root.Get("b").At(0).Int(); !ok || i != 1 || root.Get("none").Kind() != Invalid {
			t.Fatal(i)
		}
		for k, v := range root.Pairs() {
			_, _ = k.ASCII(), v.Err()
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func benchmarkAny(b *testing.B, format int) {
	rng := rand.New(rand.NewPCG(1, 2))
	var big []any
	for range 200 {
		big = append(big, randomValue(rng, 3))
	}
	data, err := oracle.Marshal(map[string]any{"list": big}, format)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		v, err := Parse(data)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := Any(v, DefaultLimits); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAny(b *testing.B) {
	b.Run("binary", func(b *testing.B) { benchmarkAny(b, oracle.BinaryFormat) })
	b.Run("xml", func(b *testing.B) { benchmarkAny(b, oracle.XMLFormat) })
}

// BenchmarkIcons reads a list like the Info.plist of old backups, which is
// nearly all pictures.
func BenchmarkIcons(b *testing.B) {
	line := "\t\t" + strings.Repeat("iVBORw0K", 8) + "\n"
	data := []byte(header + "<plist><dict><key>icon</key><data>\n" + strings.Repeat(line, 100_000) + "</data></dict></plist>")
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(data); err != nil {
			b.Fatal(err)
		}
	}
}
