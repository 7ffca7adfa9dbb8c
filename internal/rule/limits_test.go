package rule

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/finding"
)

// ofCondition returns an engine of one rule with the condition.
func ofCondition(t *testing.T, when string) *Engine {
	t.Helper()
	c, err := NewCompiler(testRefs())
	if err != nil {
		t.Fatal(err)
	}
	r := &Rule{ID: "one", Severity: finding.Low, Artifacts: []string{"a"}, Kinds: []artifact.Kind{"x"}, When: Source{Text: when}}
	if err := r.compile(c); err != nil {
		t.Fatal(err)
	}
	return (&Set{[]*Rule{r}, c.refs, c.names}).For("a")
}

func TestExpressionsThatAreRefused(t *testing.T) {
	t.Parallel()
	c, err := NewCompiler(testRefs())
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ source, want string }{
		"syntax":        {`has(record.a) &&`, "Syntax error"},
		"type":          {`kind == 1`, "no matching overload"},
		"not_a_bool":    {`kind`, "gives string, not bool"},
		"variable":      {`recrd.a == "x"`, "undeclared reference"},
		"function":      {`basenam(path) == "x"`, "undeclared reference"},
		"reference":     {`kind in ref.none`, `no reference data "none"`},
		"reference_any": {`kind in ref[path]`, "must be named"},
		"pattern":       {`kind.matches(path)`, "must be a literal"},
		"bad_pattern":   {`kind.matches("(")`, "invalid matches argument"},
		"large_pattern": {`kind.matches("((a{100}){100}){100}")`, "invalid"},
		"shadow":        {`["a"].exists(record, record == kind)`, "give the elements another name"},
		"long":          {`kind == "` + strings.Repeat("x", maxSource) + `"`, "size exceeds"},
		"deep":          {strings.Repeat("(", 500) + "true" + strings.Repeat(")", 500), "recursion"},
		"nodes":         {"true" + strings.Repeat(" || true", maxNodes), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := c.Condition(tt.source)
			var syntax *SyntaxError
			if !errors.As(err, &syntax) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestRuleThatFails is told once, with how many records it could not tell of.
func TestRuleThatFails(t *testing.T) {
	t.Parallel()
	e := ofCondition(t, `record.text == "x" || record.list.exists(l, l.a == 1)`)
	for range 5 {
		e.Eval(record("x", "text", "y"), nil)
	}
	if got := e.Eval(record("x", "text", "x"), nil); len(got) != 1 {
		t.Errorf("after failures: %v", got)
	}
	e.Eval(record("y", "text", "y"), nil) // another kind
	faults := e.Faults()
	if len(faults) != 1 || faults[0].Count != 5 || faults[0].Stopped {
		t.Fatalf("faults %+v", faults)
	}
	if got := faults[0].Error(); got != "rule one failed on 5 records: no such key: list" {
		t.Error(got)
	}
}

// TestRuleThatTakesTooLong ends: each evaluation by its own limit, and all of
// them by that of the file.
func TestRuleThatTakesTooLong(t *testing.T) {
	t.Parallel()
	ten := `[1,2,3,4,5,6,7,8,9,0]`
	source := "a + b + c + d + e > -1"
	for _, v := range []string{"a", "b", "c", "d", "e"} {
		source = ten + ".all(" + v + ", " + source + ")"
	}
	e := ofCondition(t, source)
	e.Eval(record("x"), nil)
	if f := e.Faults(); len(f) != 1 || !strings.Contains(f[0].Error(), "cost limit") || f[0].Stopped {
		t.Fatalf("faults %v", f)
	}
	e.rules[0].spent = maxSpent - 1
	for range 3 {
		e.Eval(record("x"), nil)
	}
	f := e.Faults()
	if len(f) != 1 || !f[0].Stopped || f[0].Count != 4 {
		t.Fatalf("faults %+v", f[0])
	}
	before := e.subject.spent
	e.Eval(record("x"), nil)
	if e.subject.spent != before {
		t.Error("a rule that was stopped is still applied")
	}
}

// TestLongestText: a text as long as a parser gives is no error.
func TestLongestText(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("a word ", artifact.DefaultLimits.FieldLen/7)
	for _, source := range []string{
		`record.text.contains("nobody")`, `record.text.startsWith("nobody")`, `record.text.endsWith("x")`,
		`record.text.trim() == "x"`, `record.text.lowerAscii().contains("nobody")`, `record.text.matches("^nobody")`,
		`basename(record.text) == "x"`, `host(record.text) != ""`,
	} {
		e := ofCondition(t, source)
		e.Eval(record("x", "text", text), nil)
		for _, f := range e.Faults() {
			t.Errorf("%s: %v", source, f)
		}
	}
}

// TestReasonThatFails: the trace is there, whatever the reason says.
func TestReasonThatFails(t *testing.T) {
	t.Parallel()
	e := ofCondition(t, `has(record.text)`)
	c, err := NewCompiler(testRefs())
	if err != nil {
		t.Fatal(err)
	}
	r := e.rules[0].rule
	if r.reason, err = c.Text(`"seen: " + record.other`); err != nil {
		t.Fatal(err)
	}
	got := e.Eval(record("x", "text", "y"), nil)
	if len(got) != 1 || got[0].Reason != "" || len(e.Faults()) != 1 {
		t.Errorf("a trace was lost to its reason: %v, %v", got, e.Faults())
	}
}

func TestLoadOfNoFolder(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "x.yaml")
	if err := os.WriteFile(file, []byte("id: x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, filepath.Dir(file), filepath.Join(filepath.Dir(file), "none")} {
		if _, err := Load(dir); !errors.Is(err, ErrRules) {
			t.Errorf("%s: %v", dir, err)
		}
	}
}

// FuzzRule: rules may come from a stranger.
func FuzzRule(f *testing.F) {
	names, err := files.ReadDir("heuristics")
	if err != nil {
		f.Fatal(err)
	}
	for _, entry := range names {
		data, err := files.ReadFile("heuristics/" + entry.Name())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	c, err := NewCompiler(testRefs())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r := new(Rule)
		if decode(data, r) != nil || len(r.When.Text) > 500 || r.compile(c) != nil {
			return
		}
		s := c.NewSubject()
		for i := range r.Examples {
			if len(r.Kinds) == 0 || r.when == nil {
				return
			}
			s.Set(r.Examples[i].record(r))
			_, _ = r.when.Holds(s)
		}
	})
}
