package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/finding"
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
		for _, name := range schema.Undocumented(r) {
			t.Errorf("%s: its artifacts document no field %s", r.ID, name)
		}
	}
}

// TestRulesPageShowsARule: what docs/rules.md gives to copy can be used, and
// the page knows every function.
func TestRulesPageShowsARule(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "rules.md"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, fence string) {
		_, rest, _ := strings.Cut(string(page), "```"+fence+"\n")
		text, _, _ := strings.Cut(rest, "```")
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("example_lure_host.yaml", "yaml")
	write("reference/hosts.yaml", "yaml reference")
	set, err := loadRules([]string{dir})
	if err != nil {
		t.Fatal(err)
	}
	r := set.Rule("example_lure_host")
	if len(r.Examples) != 3 || len(r.Uses()) != 1 {
		t.Fatalf("rule %+v", r)
	}
	for _, fault := range set.RunExamples(r) {
		t.Error(fault)
	}
	for _, name := range rule.FunctionNames() {
		if !strings.Contains(string(page), "`"+name+"(") {
			t.Errorf("docs/rules.md does not know %s()", name)
		}
	}
}

// noRuleFailed holds the built-in rules to records of all kinds: one that
// forgets to ask whether a field is there fails on the first without it.
func noRuleFailed(t *testing.T, run *finding.Run) {
	t.Helper()
	for _, c := range run.Coverage {
		for _, p := range c.Errors {
			if p.Rule != "" {
				t.Errorf("%s: %s", c.Artifact, p.Error)
			}
		}
	}
}
