package cli

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/parsers"
	"github.com/amparo-project/amparo/internal/pipeline"
	"github.com/amparo-project/amparo/internal/rule"
)

// TestCleanNamesImitateNothing: no process of a clean phone is told to imitate
// one of iOS, not even as a low finding.
func TestCleanNamesImitateNothing(t *testing.T) {
	t.Parallel()
	rules, err := rule.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	run, err := pipeline.Check(t.Context(), pipeline.Options{
		Source: cleanPhones(t), Parsers: parsers.All(), Matcher: indicator.NewMatcher(nil), Rules: rules, Now: time.Now,
		Findings: func(line json.RawMessage) error {
			var f finding.Finding
			if err := json.Unmarshal(line, &f); err != nil {
				return err
			}
			if f.Rule == "process_mimics_ios" {
				t.Errorf("%s", line)
			}
			return nil
		},
	})
	if err != nil || run.Totals.Records < 90 {
		t.Errorf("%d records, %v", run.Totals.Records, err)
	}
}
