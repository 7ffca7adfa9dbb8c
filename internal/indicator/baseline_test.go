package indicator

import (
	"fmt"
	"strings"
	"testing"

	ahocorasick "github.com/petar-dambovaliev/aho-corasick"

	"github.com/amparo-project/amparo/internal/artifact"
)

// baselineDomains is how many domains both matchers get: an automaton of a
// million takes gigabytes.
const baselineDomains = 20_000

func baselineURLs() []string {
	urls := make([]string, 4096)
	for i := range urls {
		urls[i] = fmt.Sprintf("https://www.site%d.example.com/path/%d?q=1", i, i)
	}
	return urls
}

// BenchmarkBaseline sets the matcher beside a search for substrings by an
// automaton of Aho and Corasick, over the same addresses. The automaton would
// still have to test label borders, and finds notevil.com for evil.com.
func BenchmarkBaseline(b *testing.B) {
	urls := baselineURLs()
	var domains []string
	for i := range baselineDomains {
		domains = append(domains, listedDomain(i))
	}
	b.Run("amparo", func(b *testing.B) {
		set, err := Load(strings.NewReader(strings.Join(domains, "\n")), "domains.txt")
		if err != nil {
			b.Fatal(err)
		}
		m := NewMatcher([]*Set{set})
		var hits []Hit
		var o [1]artifact.Observable
		i := 0
		for b.Loop() {
			o[0] = artifact.Observable{Type: artifact.URL, Value: urls[i%len(urls)]}
			hits = m.Match("ios.sms", o[:], hits[:0])
			i++
		}
		report(b, len(hits))
	})
	b.Run("aho_corasick", func(b *testing.B) {
		builder := ahocorasick.NewAhoCorasickBuilder(ahocorasick.Opts{MatchKind: ahocorasick.LeftMostLongestMatch, DFA: true})
		automaton := builder.Build(domains)
		found, i := 0, 0
		for b.Loop() {
			found = len(automaton.FindAll(urls[i%len(urls)]))
			i++
		}
		report(b, found)
	})
}

func report(b *testing.B, found int) {
	b.Helper()
	if found > 0 {
		b.Fatal("hit")
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "observables/s")
}
