package workspace

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"pgregory.net/rapid"

	"github.com/amparo-project/amparo/internal/artifact"
)

func unpacked(t *testing.T, packed []byte) (out []Sighting) {
	t.Helper()
	err := eachSeen(packed, func(r *seenRow) error {
		s := Sighting{Type: artifact.ObservableType(r.kind), Value: string(r.value), Artifact: r.artifact}
		if r.dated {
			s.First, s.Last = time.UnixMicro(r.first).UTC(), time.UnixMicro(r.last).UTC()
		}
		out = append(out, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func pack(t testing.TB, clear []byte) []byte {
	t.Helper()
	enc, err := packer()
	if err != nil {
		t.Fatal(err)
	}
	return enc.EncodeAll(clear, nil)
}

// TestPartsHoldWhatTheyWereGiven: unpacked is what was packed, dates of 1970
// and before included.
func TestPartsHoldWhatTheyWereGiven(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		var in []Sighting
		for range rapid.IntRange(0, 40).Draw(r, "n") {
			s := Sighting{
				Type:     artifact.ObservableType(rapid.SampledFrom([]string{"url", "domain", ""}).Draw(r, "type")),
				Value:    rapid.OneOf(rapid.StringN(0, 6, 20), rapid.SampledFrom([]string{"https://a.example/", "https://a.example/b\x00\xff"})).Draw(r, "value"),
				Artifact: rapid.SampledFrom([]string{"ios.sms", "ios.safari"}).Draw(r, "artifact"),
			}
			if rapid.Bool().Draw(r, "dated") {
				s.First = time.UnixMicro(rapid.Int64Range(-1<<50, 1<<50).Draw(r, "first")).UTC()
				s.Last = s.First.Add(time.Duration(rapid.Int64Range(0, 1<<40).Draw(r, "span")) * time.Microsecond)
			}
			in = append(in, s)
		}
		if d := cmp.Diff(in, unpacked(t, pack(t, appendPart(nil, in)))); d != "" {
			r.Fatal(d)
		}
	})
}

// TestDamagedPart: bytes of a damaged database are told, and cost no more.
func TestDamagedPart(t *testing.T) {
	t.Parallel()
	whole := appendPart(nil, []Sighting{
		{Type: artifact.URL, Value: "https://a.example/x", Artifact: "ios.sms", First: time.Unix(0, 0), Last: time.Unix(9, 0)},
		{Type: artifact.URL, Value: "https://a.example/y", Artifact: "ios.sms"},
	})
	none := func(*seenRow) error { return nil }
	for n := range whole {
		if err := eachSeen(pack(t, whole[:n]), none); !errors.Is(err, ErrDamaged) {
			t.Errorf("cut after %d bytes: %v", n, err)
		}
	}
	if err := eachSeen(whole, none); !errors.Is(err, ErrDamaged) {
		t.Error(err)
	}
	if err := eachMark([]byte{9, 0, 0, 0, 1}, func(int, uint32) {}); !errors.Is(err, ErrDamaged) {
		t.Error(err)
	}
	if err := eachMark([]byte{9}, func(int, uint32) {}); !errors.Is(err, ErrDamaged) {
		t.Error(err)
	}
}

func FuzzPart(f *testing.F) {
	f.Add(appendPart(nil, []Sighting{{Type: artifact.URL, Value: "https://a.example/x", Artifact: "ios.sms"}}))
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, clear []byte) {
		err := eachSeen(enc.EncodeAll(clear, nil), func(*seenRow) error { return nil })
		if err != nil && !errors.Is(err, ErrDamaged) {
			t.Fatal(err)
		}
	})
}

// TestMarkTable compares the table with a look through the whole list.
func TestMarkTable(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 3, 1000} {
		var marks []setMark
		for range n {
			marks = append(marks, setMark{r.Uint32N(5000), r.Int32N(3)})
		}
		table := newMarkTable(slices.Clone(marks))
		for mark := range uint32(5000) {
			var want []int32
			for set := range int32(3) {
				if slices.Contains(marks, setMark{mark, set}) {
					want = append(want, set)
				}
			}
			got := table.sets(mark)
			if fmt.Sprint(got) != fmt.Sprint(want) || len(want) > 0 && !table.maybe(mark) {
				t.Fatalf("%d of %d: %v, want %v", mark, n, got, want)
			}
		}
	}
}
