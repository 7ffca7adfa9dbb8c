package pipeline

import (
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/indicator"
)

// TestBroadIsLowered grades what an indicator of a popular host, of an address
// on it, and of a host of its own is worth.
func TestBroadIsLowered(t *testing.T) {
	t.Parallel()
	set, err := indicator.Load(strings.NewReader("bit.ly\nhttps://tinyurl.com/ol6qzec\nevil-one.com\n"), "iocs.txt")
	if err != nil {
		t.Fatal(err)
	}
	c := collector{matcher: indicator.NewMatcher([]*indicator.Set{set})}
	for _, tt := range []struct {
		url, short string
		want       finding.Severity
		broad      bool
	}{
		{"https://bit.ly/2AbC", "bit.ly", finding.Low, true},
		{"https://tinyurl.com/ol6qzec", "tinyurl.com", finding.Critical, false},
		{"https://evil-one.com/x", "", finding.Critical, false},
	} {
		r := &artifact.Record{Observed: []artifact.Observable{{Type: artifact.URL, Value: tt.url}}}
		hits := c.matcher.Match("ios.sms", r.Observed, nil)
		if len(hits) != 1 {
			t.Fatalf("%s: %d hits", tt.url, len(hits))
		}
		f := c.byIndicator(r, &hits[0])
		if f.Severity != tt.want || f.Indicator.Broad != tt.broad || f.Indicator.Short != tt.short {
			t.Errorf("%s: %s, broad %v, short link %q", tt.url, f.Severity, f.Indicator.Broad, f.Indicator.Short)
		}
	}
}
