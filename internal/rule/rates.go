package rule

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// ratesCSV is written by TestRates of internal/cli ("make rates").
//
//go:embed rates.csv
var ratesCSV string

// A Rate says how often a rule fired on public evidence of clean phones. It is
// counted by a test over that evidence, never written by hand.
type Rate struct {
	Sets     int64 `json:"sets"`     // sets of evidence that had records for it
	Records  int64 `json:"records"`  // records that it looked at
	Findings int64 `json:"findings"` // times that it fired
	Fired    int64 `json:"fired"`    // sets of evidence in which it fired
}

var rates = sync.OnceValues(func() (map[string]Rate, error) { return parseRates(ratesCSV) })

// parseRates reads lines of id;sets;records;findings;fired, below a comment
// and the names of the columns.
func parseRates(text string) (map[string]Rate, error) {
	all := map[string]Rate{}
	for i, line := range strings.Split(strings.TrimSpace(text), "\n") {
		if strings.HasPrefix(line, "#") || strings.HasPrefix(line, "rule;") {
			continue
		}
		f := strings.Split(line, ";")
		if len(f) != 5 {
			return nil, fmt.Errorf("rates.csv:%d: %d columns, want 5", i+1, len(f))
		}
		var n [4]int64
		for k := range n {
			v, err := strconv.ParseInt(f[k+1], 10, 64)
			if err != nil || v < 0 {
				return nil, fmt.Errorf("rates.csv:%d: %q is no count", i+1, f[k+1])
			}
			n[k] = v
		}
		all[f[0]] = Rate{Sets: n[0], Records: n[1], Findings: n[2], Fired: n[3]}
	}
	return all, nil
}

// FormatRates writes rates as rates.csv has them, by id.
func FormatRates(all map[string]Rate) string {
	ids := make([]string, 0, len(all))
	for id := range all {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	var b strings.Builder
	b.WriteString("# How often each rule fired on public evidence of clean phones. Written by \"make rates\"; held by TestRates of internal/cli.\n")
	b.WriteString("rule;sets;records;findings;fired\n")
	for _, id := range ids {
		r := all[id]
		fmt.Fprintf(&b, "%s;%d;%d;%d;%d\n", id, r.Sets, r.Records, r.Findings, r.Fired)
	}
	return b.String()
}

// withRates gives the rules of Amparo what was measured of them. A rule that
// the file lacks was not measured, and says so.
func (s *Set) withRates() (*Set, error) {
	all, err := rates()
	if err != nil {
		return nil, err
	}
	for _, r := range s.rules {
		r.Rate = new(Rate)
		*r.Rate = all[r.ID]
	}
	return s, nil
}
