package timeline_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
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

// built is an index with its file.
func built(data []byte) (x *timeline.Index, file *bytes.Reader, err error) {
	var b bytes.Buffer
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
	if err := timeline.Build(open, &b); err != nil {
		return nil, nil, err
	}
	file = bytes.NewReader(b.Bytes())
	x, err = timeline.Open(file, file.Size())
	return x, file, err
}

func mustBuild(t testing.TB, data []byte) (*timeline.Index, *bytes.Reader) {
	t.Helper()
	x, file, err := built(data)
	if err != nil {
		t.Fatal(err)
	}
	return x, file
}

// TestCountsAgree counts by hand what Count counts, at every zoom.
func TestCountsAgree(t *testing.T) {
	t.Parallel()
	data := lines(3000)
	x, file := mustBuild(t, data)
	if x.Len() != 3000 {
		t.Fatalf("%d events", x.Len())
	}
	from, to := x.Span()
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		a := from + r.Int64N(to-from)
		b := a + r.Int64N(to-a+1)
		n := 1 + r.IntN(300)
		rows, more, err := x.Rows(file, a, b, "", 0, 10_000)
		if more || err != nil {
			t.Fatal("more than there are", err)
		}
		want := map[string][]int32{}
		gone := map[string]int32{}
		for _, row := range rows {
			e, err := timeline.ReadEvent(bytes.NewReader(data), row.Offset)
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
		got, err := x.Count(file, a, b, n)
		if err != nil {
			t.Fatal(err)
		}
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
	x, file := mustBuild(t, data)
	from, to := x.Span()
	seen, after := 0, int64(0)
	for {
		rows, more, err := x.Rows(file, from, to, "ios.sms", after, 37)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			e, err := timeline.ReadEvent(bytes.NewReader(data), row.Offset)
			if err != nil || e.Artifact != "ios.sms" {
				t.Fatalf("%+v %v", e, err)
			}
		}
		seen += len(rows)
		if !more {
			break
		}
		after = rows[len(rows)-1].Number + 1
	}
	lanes, err := x.Count(file, from, to, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, lane := range lanes {
		if lane.Artifact == "ios.sms" && lane.Total != int64(seen) {
			t.Errorf("%d rows of %d", seen, lane.Total)
		}
	}
	if rows, _, _ := x.Rows(file, from, to, "ios.none", 0, 10); len(rows) != 0 {
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
		if _, _, err := built([]byte(text)); !errors.Is(err, limit.ErrCorrupt) && !errors.Is(err, limit.ErrLimit) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Out of order, with blanks, and with a name that JSON escapes: read all the same.
	x, _ := mustBuild(t, []byte(`{ "time": "2021-01-02T00:00:00Z", "artifact": "b" }
{"time":"2021-01-01T00:00:00Z","artifact":"\u0061"}
`))
	if from, to := x.Span(); to-from != 86_400_000 {
		t.Errorf("%d to %d", from, to)
	}
	empty, file := mustBuild(t, nil)
	if lanes, err := empty.Count(file, 0, 10, 3); err != nil || empty.Len() != 0 || len(lanes) != 0 {
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

// TestOrder holds a file that is not in the order of time to the same answers
// as one that is.
func TestOrder(t *testing.T) {
	t.Parallel()
	list := bytes.SplitAfter(lines(700), []byte("\n"))
	rand.New(rand.NewPCG(5, 6)).Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	mixed := bytes.Join(list, nil)
	x, file := mustBuild(t, mixed)
	from, to := x.Span()
	rows, _, err := x.Rows(file, from, to, "", 0, 1000)
	if err != nil || len(rows) != 700 {
		t.Fatalf("%d rows: %v", len(rows), err)
	}
	for i, r := range rows {
		e, err := timeline.ReadEvent(bytes.NewReader(mixed), r.Offset)
		if err != nil || e.Time.UnixMilli() != r.At || i > 0 && r.At < rows[i-1].At {
			t.Fatalf("row %d: %+v %v", i, e, err)
		}
	}
}

// TestParts sets three timelines as one against each of them.
func TestParts(t *testing.T) {
	t.Parallel()
	var parts timeline.Parts
	for _, n := range []int{900, 0, 300} {
		x, file := mustBuild(t, lines(n))
		parts = append(parts, timeline.Part{Index: x, File: file})
	}
	if parts.Len() != 1200 {
		t.Fatalf("%d events", parts.Len())
	}
	from, to := parts.Span()
	lanes, err := parts.Count(from, to, 50)
	if err != nil {
		t.Fatal(err)
	}
	var total int64
	for _, l := range lanes {
		sum := int64(0)
		for _, n := range l.Counts {
			sum += int64(n)
		}
		if sum != l.Total {
			t.Errorf("%s: %d of %d", l.Artifact, sum, l.Total)
		}
		total += l.Total
	}
	if total != 1200 {
		t.Errorf("%d events are counted", total)
	}
	var after []int64
	n, last := 0, from
	for first := true; first || after != nil; first = false {
		var rows []timeline.PartRow
		if rows, after, err = parts.Rows(from, to, "", after, 41); err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			if r.At < last {
				t.Fatalf("row %d is before the one before it", n)
			}
			n, last = n+1, r.At
		}
	}
	if n != 1200 {
		t.Errorf("%d rows", n)
	}
}

func FuzzBuild(f *testing.F) {
	f.Add(lines(3))
	f.Add(lines(600))
	f.Add([]byte(`{ "time": "2021-01-02T00:00:00Z", "artifact": "b" }`))
	f.Fuzz(func(t *testing.T, data []byte) {
		x, file, err := built(data)
		if err != nil {
			if !errors.Is(err, limit.ErrCorrupt) && !errors.Is(err, limit.ErrLimit) {
				t.Errorf("%v", err)
			}
			return
		}
		from, to := x.Span()
		total := int64(0)
		lanes, err := x.Count(file, from, to, 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, lane := range lanes {
			total += lane.Total
		}
		if total != x.Len() {
			t.Errorf("%d of %d events are counted", total, x.Len())
		}
	})
}

// FuzzOpen reads an index that is none: it gives an error or an answer.
func FuzzOpen(f *testing.F) {
	for _, n := range []int{0, 3, 600} {
		_, file, err := built(lines(n))
		if err != nil {
			f.Fatal(err)
		}
		data := make([]byte, file.Size())
		if _, err := file.ReadAt(data, 0); err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r := bytes.NewReader(data)
		x, err := timeline.Open(r, r.Size())
		if err != nil {
			return
		}
		from, to := x.Span()
		_, _ = x.Count(r, from, to, 7)                 // whatever it says, it ends
		_, _, _ = x.Rows(r, from, to, "ios.sms", 2, 5) // likewise
	})
}

// BenchmarkCount counts a million events in 1,200 parts, and a hundredth of
// them.
func BenchmarkCount(b *testing.B) {
	x, file := mustBuild(b, lines(1_000_000))
	from, to := x.Span()
	for name, end := range map[string]int64{"all": to, "hundredth": from + (to-from)/100} {
		b.Run(name, func(b *testing.B) {
			b.ReportMetric(float64(file.Size())/float64(x.Len()), "B/event")
			for b.Loop() {
				if _, err := x.Count(file, from, end, 1200); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkBuild(b *testing.B) {
	data := lines(100_000)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, _, err := built(data); err != nil {
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
