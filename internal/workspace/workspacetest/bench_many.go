package workspacetest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/scale"
	"github.com/amparo-project/amparo/internal/workspace"
)

// How many distinct values phones have, by the logarithm: the middle is that of
// the two whole pieces of public evidence that were counted, a bugreport (3,220
// values) and a backup of a phone that was hardly used (3,390); one in forty has
// as many as the generated backup of a phone with 20,000 messages (16,388).
const (
	manyMiddle = 3300
	manySpread = 0.82
	manyMost   = 100_000
)

// kinds of values and their part of all, in thousandths: the mean of those three
// pieces, each counted the same.
var manyKinds = []struct {
	kind  artifact.ObservableType
	part  int
	value string // with a number
}{
	{artifact.FilePath, 550, "/private/var/mobile/Containers/Data/Application/%08d/Library/x"},
	{artifact.AppID, 185, "com.example.app%d"},
	{artifact.AndroidProperty, 85, "ro.vendor.property.%d"},
	{artifact.Process, 80, "exampled%d"},
	{artifact.URL, 60, "https://www.site-%d.example/"},
	{artifact.FileName, 20, "attachment-%d.heic"},
	{artifact.Phone, 15, "+52155%08d"},
	{artifact.Email, 5, "person%d@site.example"},
}

// HuntingMany measures a hunt with 10,000 new indicators in many phones, and
// prints what it took. Of the values three of ten are a phone's own; the others
// come from a pool of each kind, the front of it more often: what phones share
// was not counted on real ones.
func HuntingMany(b *testing.B, db *workspace.DB, devices int) {
	b.Helper()
	const indicators, hits = 10_000, 25
	f := newBench(b, db, devices)
	begun := time.Now()
	r := rand.New(rand.NewPCG(7, 7))
	x := scale.Hunt{Engine: "sqlite", Devices: devices, Indicators: indicators}
	for d := range devices {
		seen := manyValues(r, d)
		if d%max(devices/hits, 1) == 0 {
			seen[0] = workspace.Sighting{Type: artifact.URL, Value: fmt.Sprintf("https://x.bad-%05d.example/p", d%indicators), Artifact: "ios.safari"}
		}
		x.Values += int64(len(seen))
		saveFor(b, f, f.Evidence[d], seen)
	}
	x.Index = time.Since(begun).Seconds()
	size := "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
	if db.Dialect == "postgres" {
		x.Engine, size = "postgres", "SELECT pg_database_size(current_database())"
	}
	if err := db.Pool.QueryRowContext(b.Context(), size).Scan(&x.Database); err != nil {
		b.Fatal(err)
	}
	n := 0
	var took time.Duration
	for b.Loop() {
		n++
		domains := make([]string, indicators)
		for i := range domains {
			domains[i] = fmt.Sprintf("bad-%05d.example", i)
		}
		domains[1] = fmt.Sprintf("new-%d.example", n) // another set each time
		s := benchSet(b, domains)
		begun := time.Now()
		h, err := f.W.Hunt(b.Context(), []*indicator.Set{s})
		if err != nil {
			b.Fatal(err)
		}
		took += time.Since(begun)
		if h.Runs != devices || n == 1 && len(h.Findings) == 0 {
			b.Fatalf("%d runs, %d findings", h.Runs, len(h.Findings))
		}
	}
	x.Seconds = took.Seconds() / float64(n)
	if err := scale.Print(os.Stdout, scale.Costs{Hunts: []scale.Hunt{x}}); err != nil {
		b.Fatal(err)
	}
}

// manyValues are the distinct values of one phone.
func manyValues(r *rand.Rand, device int) []workspace.Sighting {
	at := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	n := int(min(max(manyMiddle*math.Exp(manySpread*r.NormFloat64()), 10), manyMost))
	seen := make([]workspace.Sighting, 0, n)
	for i := range manyKinds {
		k := &manyKinds[i]
		have := map[int]bool{}
		for range n * k.part / 1000 {
			number := 1_000_000 + device*manyMost + len(have)
			if x := r.Float64(); r.IntN(10) >= 3 {
				number = int(x * x * 200_000)
			}
			if have[number] {
				continue
			}
			have[number] = true
			v := fmt.Sprintf(k.value, number)
			if k.kind == artifact.AndroidProperty {
				v += "=1"
			}
			seen = append(seen, workspace.Sighting{Type: k.kind, Value: v, Artifact: "ios.safari", First: at, Last: at})
		}
	}
	return seen
}
