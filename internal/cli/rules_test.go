package cli

import (
	"testing"

	"github.com/amparo-project/amparo/internal/parsers"
	"github.com/amparo-project/amparo/internal/rule"
)

// TestBuiltinRulesAskForWhatParsersYield: a rule over a field that no parser
// sets finds nothing and says so.
func TestBuiltinRulesAskForWhatParsersYield(t *testing.T) {
	t.Parallel()
	set, err := rule.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	schema := rule.NewSchema(parsers.All())
	for _, r := range set.Rules() {
		for _, fault := range schema.Check(r) {
			t.Errorf("%s: %v", r.ID, fault)
		}
	}
}
