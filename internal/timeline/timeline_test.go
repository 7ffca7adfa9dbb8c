package timeline_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/timeline"
)

// lines writes events as the pipeline does.
func lines(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	at := time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range n {
		at = at.Add(time.Duration(r.IntN(200_000)) * time.Millisecond)
		state := [...]string{"live", "wal", "deleted"}[r.IntN(3)]
		fmt.Fprintf(&b, `{"time":%q,"artifact":"ios.%s","event":"sent","summary":"number %d, \"state\":\"deleted\"","provenance":{"path":"a/b","table":"message","rowid":%d,"state":%q}}`+"\n",
			at.Format(time.RFC3339Nano), [...]string{"sms", "calls", "datausage"}[r.IntN(3)], i, i, state)
	}
	return b.Bytes()
}

// TestCountsAgree counts by hand what Count counts, at every zoom.
func TestCountsAgree(t *testing.T) {
	t.Parallel()
	data := lines(3000)
	x, err := timeline.Read(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if x.Len() != 3000 {
		t.Fatalf("%d events", x.Len())
	}
	from, to := x.Span()
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		a := from + r.Int64N(to-from)
		b := a + r.Int64N(to-a+1)
		n := 1 + r.IntN(300)
		rows, more := x.Rows(a, b, "", 0, 10_000)
		if more {
			t.Fatal("more than there are")
		}
		want := map[string][]int32{}
		gone := map[string]int32{}
		for _, row := range rows {
			e, err := x.Event(bytes.NewReader(data), row)
			if err != nil {
				t.Fatal(err)
			}
			if want[e.Artifact] == nil {
				want[e.Artifact] = make([]int32, n)
			}
			ms := e.Time.UnixMilli()
			want[e.Artifact][min(n-1, int(float64(ms-a)*(float64(n)/float64(b-a+1))))]++
			if e.Recovered() {
				gone[e.Artifact]++
			}
		}
		got := x.Count(a, b, n)
		if len(got) != len(want) {
			t.Fatalf("%d lanes, want %d", len(got), len(want))
		}
		for _, lane := range got {
			var recovered int32
			for _, c := range lane.Recovered {
				recovered += c
			}
			if fmt.Sprint(lane.Counts) != fmt.Sprint(want[lane.Artifact]) || recovered != gone[lane.Artifact] {
				t.Fatalf("%s: %v, want %v", lane.Artifact, lane.Counts, want[lane.Artifact])
			}
		}
	}
}

func TestRows(t *testing.T) {
	t.Parallel()
	data := lines(1000)
	x, err := timeline.Read(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	from, to := x.Span()
	seen, after := 0, 0
	for {
		rows, more := x.Rows(from, to, "ios.sms", after, 37)
		for _, row := range rows {
			e, err := x.Event(bytes.NewReader(data), row)
			if err != nil || e.Artifact != "ios.sms" {
				t.Fatalf("%+v %v", e, err)
			}
		}
		seen += len(rows)
		if !more {
			break
		}
		after = rows[len(rows)-1] + 1
	}
	for _, lane := range x.Count(from, to, 1) {
		if lane.Artifact == "ios.sms" && lane.Total != int64(seen) {
			t.Errorf("%d rows of %d", seen, lane.Total)
		}
	}
	if rows, _ := x.Rows(from, to, "ios.none", 0, 10); len(rows) != 0 {
		t.Errorf("%v", rows)
	}
}

func TestForged(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"no JSON":  "hello\n",
		"no time":  `{"time":"yesterday","artifact":"a"}` + "\n",
		"cut":      `{"time":"2021-01-01T00:00:00Z","artifact":"a`,
		"too long": `{"time":"2021-01-01T00:00:00Z","artifact":"a","summary":"` + strings.Repeat("x", 5<<20) + "\"}\n",
	} {
		if _, err := timeline.Read(strings.NewReader(text)); !errors.Is(err, limit.ErrCorrupt) && !errors.Is(err, limit.ErrLimit) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Out of order, with blanks, and with a name that JSON escapes: read all the same.
	x, err := timeline.Read(strings.NewReader(`{ "time": "2021-01-02T00:00:00Z", "artifact": "b" }
{"time":"2021-01-01T00:00:00Z","artifact":"\u0061"}
`))
	if err != nil {
		t.Fatal(err)
	}
	if from, to := x.Span(); to-from != 86_400_000 {
		t.Errorf("%d to %d", from, to)
	}
	if empty, err := timeline.Read(strings.NewReader("")); err != nil || empty.Len() != 0 || len(empty.Count(0, 10, 3)) != 0 {
		t.Error("an empty timeline")
	}
}

func TestSearch(t *testing.T) {
	t.Parallel()
	text := `{"data":{"text":"Está en MÉXICO, \"hoy\" <b>"}}
{"data":{"text":"nothing"}}
{"data":{"text":"` + strings.Repeat("y", 400<<10) + ` needle at the end"}}
`
	for want, needles := range map[int][]string{
		1: {"méxico", "MÉXICO", `"hoy"`, "<b>", "NEEDLE AT"},
		0: {"absent", "mexico"},
		3: {"data"},
	} {
		for _, s := range needles {
			n := 0
			if err := timeline.NewNeedle(s).Search(t.Context(), strings.NewReader(text), func([]byte) bool { n++; return true }); err != nil {
				t.Fatal(err)
			}
			if n != want {
				t.Errorf("%q: %d lines, want %d", s, n, want)
			}
		}
	}
	if !timeline.NewNeedle("").Empty() {
		t.Error("nothing is something to look for")
	}
}

func FuzzRead(f *testing.F) {
	f.Add(lines(3))
	f.Add([]byte(`{ "time": "2021-01-02T00:00:00Z", "artifact": "b" }`))
	f.Fuzz(func(t *testing.T, data []byte) {
		x, err := timeline.Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		from, to := x.Span()
		total := int64(0)
		for _, lane := range x.Count(from, to, 10) {
			total += lane.Total
		}
		if total != int64(x.Len()) {
			t.Errorf("%d of %d events are counted", total, x.Len())
		}
	})
}

func BenchmarkCount(b *testing.B) {
	x, err := timeline.Read(bytes.NewReader(lines(1_000_000)))
	if err != nil {
		b.Fatal(err)
	}
	from, to := x.Span()
	for b.Loop() {
		x.Count(from, to, 1200)
	}
}

func BenchmarkRead(b *testing.B) {
	data := lines(100_000)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := timeline.Read(bytes.NewReader(data)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSearch(b *testing.B) {
	data := lines(100_000)
	b.SetBytes(int64(len(data)))
	n := timeline.NewNeedle("not in there")
	for b.Loop() {
		if err := n.Search(b.Context(), bytes.NewReader(data), func([]byte) bool { return true }); err != nil {
			b.Fatal(err)
		}
	}
}
