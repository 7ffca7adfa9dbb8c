package plist

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	oracle "howett.net/plist"
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
		{"uid_of_eight_bytes", "\x87\xff\xff\xff\xff\xff\xff\xff\xff", uint64(math.MaxUint64)},
		{"sixteen_bytes_negative", "\x14" + strings.Repeat("\xff", 15) + "\xfe", int64(-2)},
		{"sixteen_bytes_wide", "\x14\x00\x00\x00\x00\x00\x00\x00\x01" + strings.Repeat("\x00", 8), "18446744073709551616"},
		{"sixteen_bytes_wide_negative", "\x14" + strings.Repeat("\xff", 8) + strings.Repeat("\x00", 8), "-18446744073709551616"},
		{"not_a_number", "\x23\x7f\xf8\x00\x00\x00\x00\x00\x00", "NaN"},
		{"infinity", "\x22\x7f\x80\x00\x00", "+Inf"},
		{"date_with_a_fraction", "\x33\x3f\xf8\x00\x00\x00\x00\x00\x00", time.Date(2001, 1, 1, 0, 0, 1, 500_000_000, time.UTC)},
		{"date_before_2001", "\x33\xbf\xf8\x00\x00\x00\x00\x00\x00", time.Date(2000, 12, 31, 23, 59, 58, 500_000_000, time.UTC)},
		{"date_that_no_calendar_has", "\x33\x7e\x37\xe4\x3c\x88\x00\x75\x9c", 1e300},
		{"date_that_is_none", "\x33\x7f\xf8\x00\x00\x00\x00\x00\x00", "NaN"},
		{"utf8", "\x73\xe2\x82\xac", "€"},
		{"ascii_that_is_none", "\x53a\xffb", "a\ufffdb"},
		{"set", "\xc0", []any{}},
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
