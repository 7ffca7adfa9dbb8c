package pipeline

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/rule"
)

// TestRuleThatFailsIsToldOnce for all files of an artifact, and what was read
// stays read.
func TestRuleThatFailsIsToldOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := `
id: failing
severity: low
artifacts: [t.a, t.b]
kinds: [line]
when: 'record.word != "quiet" && record.nothing == "x"'
title: {en: T}
meaning: {en: M}
other_explanations: {en: O}
next_step: {en: N}
measured: {en: not measured}
sources: [https://example.org/]
`
	if err := os.WriteFile(filepath.Join(dir, "failing.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	rules, err := rule.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	run, _, err := runCheck(t, memory(map[string]string{
		"D/a": "1500000000 quiet\n", "D/b": "1500000000 one\n1500000000 quiet\nbroken\n", "E/b": "1500000000 two\n",
	}), 2, func(o *Options) { o.Rules = rules })
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range run.Coverage {
		var want []finding.Problem
		lost := int64(0)
		if c.Artifact == "t.b" {
			lost = 1
			want = []finding.Problem{
				{Path: "D/b", Rule: "failing", Error: "rule failing failed on 2 records: no such key: nothing"},
				{Path: "D/b", Place: "offset 32", Error: "corrupt data"},
			}
		}
		if diff := cmp.Diff(want, c.Errors); diff != "" || c.Lost != lost {
			t.Errorf("%s: %d lost (-want +got):\n%s", c.Artifact, c.Lost, diff)
		}
	}
}
