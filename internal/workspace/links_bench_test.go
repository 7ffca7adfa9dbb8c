package workspace

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/link"
)

// BenchmarkLinkRun reads the values of one phone that can tie people: links of
// a thousand phones do that twice for each.
func BenchmarkLinkRun(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	at := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	var packed [][]byte
	size := 0
	for part := range 40 {
		var seen []Sighting
		for i := range valuesPerPart {
			v := fmt.Sprintf("https://h%d.site-%02d-%d.example/", i%7, part, r.IntN(1_000_000))
			seen = append(seen, Sighting{Type: artifact.URL, Value: v, Artifact: "ios.safari", First: at, Last: at})
			size += len(v)
		}
		packed = append(packed, pack(b, appendPart(nil, seen)))
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		var x linkReader
		n := 0
		for _, p := range packed {
			if err := eachSeen(p, func(row *seenRow) error { x.row(row, func(*link.Seen) { n++ }); return nil }); err != nil {
				b.Fatal(err)
			}
		}
		if n != 40*valuesPerPart {
			b.Fatal(n)
		}
	}
}
