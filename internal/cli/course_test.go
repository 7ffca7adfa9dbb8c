package cli

import (
	"slices"
	"testing"

	"github.com/amparo-project/amparo/internal/chain"
	"github.com/amparo-project/amparo/internal/parsers"
	"github.com/amparo-project/amparo/internal/rule"
)

// TestCourseKnowsRulesAndArtifacts: the course of events names every rule that
// there is, and nothing that there is not.
func TestCourseKnowsRulesAndArtifacts(t *testing.T) {
	t.Parallel()
	rules, err := rule.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	named := chain.Rules()
	for _, r := range rules.Rules() {
		if _, ok := named[r.ID]; !ok {
			t.Errorf("rule %s is in no stage of internal/chain/course.yaml, nor among those without one", r.ID)
		}
		delete(named, r.ID)
	}
	for id := range named {
		t.Errorf("internal/chain/course.yaml names a rule %s that is not there", id)
	}
	var names []string
	for _, p := range parsers.All() {
		names = append(names, p.Info().Name)
	}
	for _, name := range chain.Artifacts() {
		if !slices.Contains(names, name) {
			t.Errorf("internal/chain/course.yaml names an artifact %s that is not there", name)
		}
	}
}
