package workspacetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/workspace"
)

// Hunting measures a hunt of 10,000 new indicators against a number of devices
// with 20,000 distinct observables each. Three of ten values are a device's
// own; the others come from a pool that all share, the front of it more often,
// as hosts of the web do. hits devices hold one of the indicators.
func Hunting(b *testing.B, db *workspace.DB, devices int) {
	b.Helper()
	const each, indicators, hits = 20_000, 10_000, 25
	f := newBench(b, db, devices)
	ev := f.Evidence
	started := time.Now()
	r := rand.New(rand.NewPCG(7, 7))
	for d := range devices {
		seen := observed(r, d, each)
		if d%max(devices/hits, 1) == 0 {
			seen[0].Value = fmt.Sprintf("https://x.bad-%05d.example/p", d%indicators)
		}
		saveFor(b, f, ev[d], seen)
	}
	b.Logf("%d devices indexed in %s", devices, time.Since(started).Round(time.Second))
	started = time.Now()
	l, err := f.W.Links(b.Context(), "")
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("%d people linked in %s: %d clusters", l.People, time.Since(started).Round(100*time.Millisecond), len(l.Clusters))
	n := 0
	b.ResetTimer()
	for b.Loop() {
		n++
		domains := make([]string, indicators)
		for i := range domains {
			domains[i] = fmt.Sprintf("bad-%05d.example", i)
		}
		domains[0] = fmt.Sprintf("bad-%05d.example", n*indicators) // another set each time
		domains[1], domains[len(domains)-1] = domains[len(domains)-1], domains[1]
		b.StopTimer()
		s := benchSet(b, domains)
		b.StartTimer()
		h, err := f.W.Hunt(b.Context(), []*indicator.Set{s})
		if err != nil {
			b.Fatal(err)
		}
		if h.Runs != devices || n == 1 && len(h.Findings) == 0 {
			b.Fatalf("%d runs, %d findings", h.Runs, len(h.Findings))
		}
		b.ReportMetric(float64(len(h.Findings)), "findings")
	}
}

func observed(r *rand.Rand, device, n int) []workspace.Sighting {
	at := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	seen := make([]workspace.Sighting, 0, n)
	have := map[string]bool{}
	for i := 0; len(seen) < n; i++ {
		v := fmt.Sprintf("https://h%d.site-%d-%d.example/", i%7, device, i)
		if i%10 >= 3 {
			x := r.Float64()
			v = fmt.Sprintf("https://www.pool-%d.example/", int(x*x*200_000))
		}
		if !have[v] {
			have[v] = true
			seen = append(seen, workspace.Sighting{Type: artifact.URL, Value: v, Artifact: "ios.safari", First: at, Last: at})
		}
	}
	return seen
}

// Bench is a workspace for measuring.
type Bench struct {
	W        *workspace.Workspace
	Evidence []workspace.Evidence
}

func saveFor(b *testing.B, f *Bench, ev workspace.Evidence, seen []workspace.Sighting) {
	b.Helper()
	_, err := f.W.SaveRun(context.WithoutCancel(b.Context()), workspace.Run{
		ID: workspace.NewRunID(), Evidence: ev.ID, Version: "bench",
	}, nil, seen, func(func(*finding.Finding) error) error { return nil })
	if err != nil {
		b.Fatal(err)
	}
}

// newBench makes a workspace with people, each with a device and evidence.
func newBench(b *testing.B, db *workspace.DB, devices int) *Bench {
	b.Helper()
	ctx := b.Context()
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	id, err := seal.NewIdentity()
	must(err)
	w, err := workspace.Create(ctx, db, workspace.Options{Identity: id, Now: time.Now}, "bench")
	must(err)
	c, err := w.CreateCase(ctx, "bench")
	must(err)
	f := &Bench{W: w}
	for i := range devices {
		p, err := w.AddPerson(ctx, workspace.Person{Case: c.ID, Pseudonym: fmt.Sprint("person-", i)})
		must(err)
		_, err = w.AddConsent(ctx, workspace.Consent{
			Case: c.ID, Person: p.ID, Purposes: workspace.Purposes, Until: "2999-01-01", FormSHA256: form, Private: workspace.ConsentTerms{GivenBy: "x"},
		})
		must(err)
		d, err := w.AddDevice(ctx, c.ID, p.ID, fmt.Sprint("phone ", i))
		must(err)
		ev, _, err := w.ReceiveEvidence(ctx, c.ID, d.ID, "/nowhere")
		must(err)
		ev, err = w.CompleteEvidence(ctx, ev.ID, nil)
		must(err)
		f.Evidence = append(f.Evidence, ev)
	}
	return f
}

func benchSet(b *testing.B, domains []string) *indicator.Set {
	b.Helper()
	s, err := indicator.Load(strings.NewReader(bundleOf(domains)), "x.stix2")
	if err != nil {
		b.Fatal(err)
	}
	return s
}
