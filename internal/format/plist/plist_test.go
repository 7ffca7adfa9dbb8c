package plist

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	oracle "howett.net/plist"

	"github.com/amparo-project/amparo/internal/limit"
)

// makeList builds a binary list from objects as they lie there, with one-byte
// offsets and references.
func makeList(root byte, objects ...string) []byte {
	b := []byte("bplist00")
	var offsets []byte
	for _, o := range objects {
		offsets = append(offsets, byte(len(b)))
		b = append(b, o...)
	}
	table := len(b)
	b = append(b, offsets...)
	trailer := make([]byte, trailerSize)
	trailer[6], trailer[7] = 1, 1
	trailer[15], trailer[23], trailer[31] = byte(len(objects)), root, byte(table)
	return append(b, trailer...)
}

func TestScalars(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, object string
		want         any
	}{
		{"true", "\x09", true},
		{"false", "\x08", false},
		{"null", "\x00", nil},
		{"one_byte_is_unsigned", "\x10\xff", int64(255)},
		{"two_bytes", "\x11\xff\xff", int64(65535)},
		{"four_bytes", "\x12\xff\xff\xff\xff", int64(math.MaxUint32)},
		{"eight_bytes_are_signed", "\x13\xff\xff\xff\xff\xff\xff\xff\xff", int64(-1)},
		{"sixteen_bytes", "\x14\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff", uint64(math.MaxUint64)},
		{"float", "\x22\x3f\x00\x00\x00", 0.5},
		{"double", "\x23\x3f\xe0\x00\x00\x00\x00\x00\x00", 0.5},
		{"date", "\x33\x00\x00\x00\x00\x00\x00\x00\x00", time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)},
		{"data", "\x42\x01\x02", []byte{1, 2}},
		{"ascii", "\x53abc", "abc"},
		{"utf16", "\x62\x00\xe9\x20\xac", "é€"},
		{"surrogates", "\x62\xd8\x3d\xde\x00", "😀"},
		{"lone_surrogate", "\x61\xd8\x3d", "\ufffd"},
		{"long_length", "\x5f\x10\x03abc", "abc"},
		{"uid", "\x80\x07", uint64(7)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v, err := Parse(makeList(0, tt.object))
			if err != nil {
				t.Fatal(err)
			}
			got, err := Any(v, DefaultLimits)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDict(t *testing.T) {
	t.Parallel()
	v, err := Parse(makeList(0, "\xd2\x01\x03\x02\x04", "\x51a", "\x10\x01", "\x51b", "\xa1\x02"))
	if err != nil {
		t.Fatal(err)
	}
	if i, ok := v.Get("a").Int(); !ok || i != 1 {
		t.Errorf("a is %d, %v", i, ok)
	}
	if k := v.Get("c").Kind(); k != Invalid || v.Get("c").Err() != nil {
		t.Errorf("an absent key is %v", k)
	}
	if v.Get("b").At(0).Offset() != v.Get("a").Offset() || v.Offset() != 8 {
		t.Error("offsets")
	}
	if v.At(5).Kind() != Invalid || v.Key(-1).Kind() != Invalid || v.Get("a").Get("x").Kind() != Invalid {
		t.Error("outside is not Invalid")
	}
}

// bomb is a list of arrays, each referring ten times to the next.
func bomb() []byte {
	var objects []string
	for i := range 12 {
		objects = append(objects, "\xaa"+strings.Repeat(string(rune(i+1)), 10))
	}
	return makeList(0, append(objects, "\x51x")...)
}

func nestedArrays(n int) []byte {
	b := []byte("bplist00")
	var offsets []byte
	for i := range n {
		at := len(b)
		offsets = append(offsets, byte(at>>24), byte(at>>16), byte(at>>8), byte(at))
		next := i + 1
		b = append(b, 0xa1, byte(next>>24), byte(next>>16), byte(next>>8), byte(next))
	}
	at := len(b)
	offsets = append(offsets, byte(at>>24), byte(at>>16), byte(at>>8), byte(at))
	b = append(b, 0x09)
	table := len(b)
	b = append(b, offsets...)
	trailer := make([]byte, trailerSize)
	trailer[6], trailer[7] = 4, 4
	for i, v := range []int{n + 1, 0, table} {
		for j := range 8 {
			trailer[8+8*i+j] = byte(v >> (56 - 8*j))
		}
	}
	return append(b, trailer...)
}

// TestHostile gives each input on which public libraries panic, overflow the
// stack or never end.
func TestHostile(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		data []byte
		want error
	}{
		{"array_that_holds_itself", makeList(0, "\xa1\x00"), limit.ErrLimit},
		{"dict_that_holds_itself", makeList(0, "\xd1\x01\x00", "\x51k"), limit.ErrLimit},
		{"shared_references", bomb(), limit.ErrLimit},
		{"nested_300000_deep", nestedArrays(300_000), limit.ErrLimit},
		{"huge_utf16", makeList(0, "\x6f\x13\x7f\xff\xff\xff\xff\xff\xff\xff"), limit.ErrCorrupt},
		{"huge_data", makeList(0, "\x4f\x13\xff\xff\xff\xff\xff\xff\xff\xff"), limit.ErrCorrupt},
		{"huge_array", makeList(0, "\xaf\x13\x00\xff\xff\xff\xff\xff\xff\xff"), limit.ErrCorrupt},
		{"reference_outside", makeList(0, "\xa1\x09"), limit.ErrCorrupt},
		{"unknown_marker", makeList(0, "\x70\xf0"), nil},
		{"empty", nil, limit.ErrCorrupt},
		{"old_text", bytes.Repeat([]byte("("), 20_000_000), limit.ErrUnsupported},
		{"xml_3_million_deep", []byte("<plist>" + strings.Repeat("<array>", 3_000_000)), limit.ErrLimit},
		{"xml_cut", []byte("<plist><dict><key>a</key>"), limit.ErrCorrupt},
		{"xml_entities", []byte(`<!DOCTYPE p [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><plist><string>&b;</string></plist>`), limit.ErrCorrupt},
		{"xml_value_without_key", []byte("<plist><dict><true/></dict></plist>"), limit.ErrCorrupt},
		{"xml_unknown", []byte("<plist><script/></plist>"), limit.ErrCorrupt},
		{"xml_empty", []byte("<plist/>"), limit.ErrCorrupt},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			v, err := Parse(tt.data)
			if err == nil {
				_, err = Any(v, DefaultLimits)
			}
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

func TestEveryTruncationAndBitFlip(t *testing.T) {
	t.Parallel()
	data, err := oracle.Marshal(randomValue(rand.New(rand.NewPCG(3, 4)), 4), oracle.BinaryFormat)
	if err != nil {
		t.Fatal(err)
	}
	lim := Limits{Depth: 50, Nodes: 10_000, Bytes: 1 << 20}
	for n := range data {
		if v, err := Parse(data[:n]); err == nil {
			_, _ = Any(v, lim)
		}
		c := bytes.Clone(data)
		c[n] ^= 0xff
		if v, err := Parse(c); err == nil {
			_, _ = Any(v, lim)
		}
	}
}

// randomValue makes a value that both libraries know.
func randomValue(rng *rand.Rand, depth int) any {
	n := 8
	if depth == 0 {
		n = 6
	}
	switch rng.IntN(n) {
	case 0:
		return rng.Int64() - rng.Int64()
	case 1:
		return rng.NormFloat64()
	case 2:
		return rng.IntN(2) == 0
	case 3:
		return []string{"", "plain", "é€😀", "a<b>&\"c\"", strings.Repeat("long ", 100)}[rng.IntN(5)]
	case 4:
		return bytes.Repeat([]byte{byte(rng.IntN(256))}, rng.IntN(40))
	case 5:
		return time.Unix(rng.Int64N(2_000_000_000), 0).UTC()
	case 6:
		list := make([]any, rng.IntN(20))
		for i := range list {
			list[i] = randomValue(rng, depth-1)
		}
		return list
	default:
		m := map[string]any{}
		for range rng.IntN(20) {
			m[fmt.Sprintf("k%d", rng.IntN(1000))] = randomValue(rng, depth-1)
		}
		return m
	}
}

func TestEqualToTheOracle(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		want := map[string]any{"root": randomValue(rand.New(rand.NewPCG(seed, 1)), 4)}
		for _, format := range []int{oracle.BinaryFormat, oracle.XMLFormat} {
			data, err := oracle.Marshal(want, format)
			if err != nil {
				t.Fatal(err)
			}
			v, err := Parse(data)
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			got, err := Any(v, DefaultLimits)
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			if diff := cmp.Diff(any(want), got, cmp.Comparer(sameBytes)); diff != "" {
				t.Fatalf("seed %d, format %d (-want +got):\n%s", seed, format, diff)
			}
		}
	}
}

// sameBytes takes nil and empty data for the same.
func sameBytes(a, b []byte) bool { return bytes.Equal(a, b) }

func TestUTF16XML(t *testing.T) {
	t.Parallel()
	text := `<?xml version="1.0" encoding="UTF-16"?><plist version="1.0"><dict><key>ñ</key><integer>-3</integer></dict></plist>`
	data := []byte{0xfe, 0xff}
	for _, r := range text {
		data = append(data, byte(r>>8), byte(r))
	}
	v, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	if i, ok := v.Get("ñ").Int(); !ok || i != -3 {
		t.Errorf("got %d, %v", i, ok)
	}
}

// TestRealLists reads all public lists: it may refuse those that were made to
// be broken, and must read the rest as the oracle does.
func TestRealLists(t *testing.T) {
	t.Parallel()
	shared := os.Getenv("AMPARO_SHARED")
	if shared == "" {
		shared = "../../../../shared"
	}
	var files []string
	for _, pattern := range []string{"evidence/libplist/*plist", "evidence/plaso/plist/*.plist", "evidence/plaso/ios/*.plist", "evidence/ios_backup_small/Info.plist"} {
		list, _ := filepath.Glob(filepath.Join(shared, pattern))
		files = append(files, list...)
	}
	if len(files) == 0 {
		t.Skip("no public evidence here: set AMPARO_SHARED")
	}
	broken := map[string]bool{"recursion.bplist": true, "amp.plist": true, "empty.plist": true}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		v, err := Parse(data)
		if err == nil {
			_, err = Any(v, DefaultLimits)
		}
		if base := filepath.Base(name); (err != nil) != broken[base] {
			t.Errorf("%s: %v", base, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(makeList(0, "\xd2\x01\x03\x02\x04", "\x51a", "\x10\x01", "\x51b", "\xa1\x02"))
	f.Add(bomb())
	f.Add([]byte(`<?xml version="1.0"?><plist version="1.0"><dict><key>a</key><date>2020-01-01T00:00:00Z</date></dict></plist>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := Parse(data)
		if err != nil {
			return
		}
		_, _ = Any(v, Limits{Depth: 20, Nodes: 5000, Bytes: 1 << 20})
		for k, e := range v.All() {
			_ = k
			_ = e.Kind()
			break
		}
	})
}
