package rule

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRatesFile(t *testing.T) {
	t.Parallel()
	all, err := parseRates(ratesCSV)
	if err != nil {
		t.Fatal(err)
	}
	if FormatRates(all) != ratesCSV {
		t.Error("rates.csv is not as FormatRates writes it: run make rates")
	}
	set, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range set.Rules() {
		if _, ok := all[r.ID]; !ok || r.Rate == nil {
			t.Errorf("%s was not measured: run make rates", r.ID)
		}
		delete(all, r.ID)
	}
	if len(all) > 0 {
		t.Errorf("measured, but no rules: %v", all)
	}
}

func TestParseRates(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, text string
		want       map[string]Rate
		bad        bool
	}{
		{"one", "# c\nrule;sets;records;findings;fired\na;1;20;3;1\n", map[string]Rate{"a": {Sets: 1, Records: 20, Findings: 3, Fired: 1}}, false},
		{"short", "a;1;2;3\n", nil, true},
		{"word", "a;1;x;3;4\n", nil, true},
		{"negative", "a;1;-2;3;4\n", nil, true},
	} {
		got, err := parseRates(tt.text)
		if (err != nil) != tt.bad || !tt.bad && !cmp.Equal(got, tt.want) {
			t.Errorf("%s: %v, %v", tt.name, got, err)
		}
	}
}
