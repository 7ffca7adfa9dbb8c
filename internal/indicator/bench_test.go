package indicator

import (
	"fmt"
	"io"
	"runtime"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
)

// bigBundle gives a bundle of n domains as real feeds are written, with a
// relationship for each, without holding it.
func bigBundle(n int) io.Reader { return &feed{n: n} }

type feed struct {
	i, n int
	text []byte
	at   int
}

func (f *feed) Read(b []byte) (int, error) {
	if f.at == len(f.text) {
		if f.i > f.n {
			return 0, io.EOF
		}
		f.text, f.at = f.item(f.text[:0]), 0
		f.i++
	}
	n := copy(b, f.text[f.at:])
	f.at += n
	return n, nil
}

// item appends the head of the bundle, one indicator, or the tail.
func (f *feed) item(b []byte) []byte {
	if f.i == 0 {
		return append(b, `{"type": "bundle", "id": "bundle--1", "objects": [
        {"type": "malware", "id": "malware--e61dbe7b-c0c6-40b2-a516-00b7f157089b", "name": "Test"}`...)
	}
	id := append([]byte("f48f3070-7f02-428c-b69c-"), fmt.Sprintf("%012x", f.i)...)
	b = append(b, `,
        {
            "type": "indicator",
            "spec_version": "2.1",
            "id": "indicator--`...)
	b = append(append(b, id...), `",
            "created": "2026-03-15T13:01:20.335242Z",
            "modified": "2026-03-15T13:01:20.335242Z",
            "indicator_types": [
                "malicious-activity"
            ],
            "pattern": "[domain-name:value='`...)
	b = append(append(b, listedDomain(f.i-1)...), `']",
            "pattern_type": "stix",
            "pattern_version": "2.1",
            "valid_from": "2026-03-15T13:01:20.335242Z"
        },
        {
            "type": "relationship",
            "spec_version": "2.1",
            "id": "relationship--`...)
	b = append(append(b, id...), `",
            "created": "2026-03-15T13:01:20.341071Z",
            "modified": "2026-03-15T13:01:20.341071Z",
            "relationship_type": "indicates",
            "source_ref": "indicator--`...)
	b = append(append(b, id...), `",
            "target_ref": "malware--e61dbe7b-c0c6-40b2-a516-00b7f157089b"
        }`...)
	if f.i == f.n {
		b = append(b, "]}"...)
	}
	return b
}

func listedDomain(i int) string { return fmt.Sprintf("news%x-update.com", uint32(i)*2654435761) }

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestLoadIsBounded loads many domains: the memory they keep is bounded, and
// so is the time, loosely, for slow machines.
func TestLoadIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("loads many indicators")
	}
	const n = 50_000 // held to the bounds of one in twenty
	before := heap()
	began := time.Now()
	set, err := Load(bigBundle(n), "big.stix2")
	if err != nil {
		t.Fatal(err)
	}
	m := NewMatcher([]*Set{set})
	took := time.Since(began)
	used := int64(heap()) - int64(before)
	t.Logf("%d indicators in %v, %d bytes each", n, took, used/n)
	if used > 250*n {
		t.Errorf("%d bytes an indicator, at most 250", used/n)
	}
	if took > 30*time.Second {
		t.Errorf("took %v", took)
	}
	hits := m.Match("ios.sms", []artifact.Observable{{Type: artifact.URL, Value: "https://a." + listedDomain(n-1) + "/x"}}, nil)
	if len(hits) != 1 || hits[0].How != ParentDomain || hits[0].Indicator.Threats()[0] != "Test" {
		t.Errorf("hits %+v", hits)
	}
	runtime.KeepAlive(set)
}

// BenchmarkLoad is the time for a million indicators and as many
// relationships, some 750 MB, and the memory that they keep.
func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		before := heap()
		began := time.Now()
		set, err := Load(bigBundle(1_000_000), "big.stix2")
		if err != nil {
			b.Fatal(err)
		}
		loaded := time.Since(began)
		m := NewMatcher([]*Set{set})
		b.ReportMetric(loaded.Seconds(), "s/load")
		b.ReportMetric((time.Since(began) - loaded).Seconds(), "s/index")
		b.ReportMetric(float64(heap()-before)/1e6, "MB")
		runtime.KeepAlive(m)
	}
}

// BenchmarkMatch compares the cost of records without a hit among a thousand
// indicators and among a million.
func BenchmarkMatch(b *testing.B) {
	records := make([][]artifact.Observable, 4096)
	for i := range records {
		records[i] = []artifact.Observable{
			{Type: artifact.URL, Value: fmt.Sprintf("https://www.site%d.example.com/path/%d?q=1", i, i)},
			{Type: artifact.FilePath, Value: fmt.Sprintf("/private/var/mobile/Library/SMS/Attachments/%02x/%d/IMG.jpg", i%256, i)},
			{Type: artifact.Process, Value: "com.apple.mobilesafari"},
		}
	}
	for _, n := range []int{1_000, 1_000_000} {
		set, err := Load(bigBundle(n), "big.stix2")
		if err != nil {
			b.Fatal(err)
		}
		other := load(b, bundleOf(expression("process:name", "bh"), expression("file:path", "/private/var/tmp/x"),
			expression("file:name", "x.js"), expression("url:value", "http://bit.ly/x"), expression("ipv4-addr:value", "1.2.3.4")))
		m := NewMatcher([]*Set{set, other})
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			var hits []Hit
			i := 0
			for b.Loop() {
				hits = m.Match("ios.test", records[i%len(records)], hits[:0])
				i++
			}
			if len(hits) > 0 {
				b.Fatal("hit")
			}
			b.ReportMetric(3e9*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "observables/s")
		})
	}
}
