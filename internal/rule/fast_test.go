package rule

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"cel.dev/cel-go/interpreter"
	"pgregory.net/rapid"

	"github.com/amparo-project/amparo/internal/artifact"
)

// testRefs are reference data for generated expressions.
func testRefs() References {
	return newReferences(map[string]*Reference{
		"words": {Name: "words", List: []string{"", "abc", "/a/b", "b"}},
		"table": {Name: "table", Map: map[string]any{"abc": "x", "b": 1}},
	})
}

var (
	texts = rapid.SampledFrom([]string{"", "a", "b", "abc", "/a/b", " abc ", "É", "ABC", "http://a.example/x", "10.0.0.1", strings.Repeat("ab", maxFast)})
	short = texts.Filter(func(s string) bool { return len(s) < 30 })
	ints  = rapid.Int64Range(-2, 2)
	field = rapid.SampledFrom([]string{"a", "b", "c", "d"})
)

// anyValue draws a field's value of any type.
func anyValue(t *rapid.T) artifact.Value {
	switch rapid.IntRange(0, 9).Draw(t, "type") {
	case 0, 1, 2:
		return artifact.TextValue(texts.Draw(t, "text"))
	case 3, 4:
		return artifact.IntValue(ints.Draw(t, "int"))
	case 5:
		return artifact.BoolValue(rapid.Bool().Draw(t, "bool"))
	case 6:
		return artifact.FloatValue(rapid.SampledFrom([]float64{-1, 0, 0.5, 1}).Draw(t, "float"))
	case 7:
		return artifact.StringsValue(rapid.SliceOfN(texts, 0, 3).Draw(t, "texts"))
	case 8:
		return artifact.BytesValue([]byte(texts.Draw(t, "bytes")))
	}
	return artifact.TreeValue(rapid.SampledFrom([]any{
		"abc", int64(1), true, 0.5, uint64(1), []any{"abc"}, map[string]any{"abc": int64(1)},
	}).Draw(t, "tree"))
}

// scalarSource draws an expression that is a value.
func scalarSource(t *rapid.T, depth int) string {
	quoted := func() string { return fmt.Sprintf("%q", short.Draw(t, "literal")) }
	switch n := rapid.IntRange(0, 13).Draw(t, "value"); {
	case n < 4:
		return "record." + field.Draw(t, "field")
	case n == 4:
		return fmt.Sprintf("record[%q]", field.Draw(t, "field"))
	case n < 7:
		return quoted()
	case n == 7:
		return fmt.Sprintf("dyn(%d)", ints.Draw(t, "int"))
	case n == 8:
		return rapid.SampledFrom([]string{"kind", "path", "dyn(true)", "dyn(0.5)", "dyn(1)"}).Draw(t, "variable")
	case depth == 0:
		return quoted()
	case n == 9:
		return rapid.SampledFrom([]string{"basename", "dirname", "host", "site", "scheme", "url_path", "port", "mimics_ios"}).Draw(t, "function") +
			"(dyn(" + scalarSource(t, depth-1) + "))"
	case n == 10:
		return "dyn(" + scalarSource(t, depth-1) + ")." + rapid.SampledFrom([]string{"trim", "lowerAscii"}).Draw(t, "method") + "()"
	case n == 11:
		return "(" + conditionSource(t, depth-1) + " ? dyn(" + scalarSource(t, depth-1) + ") : dyn(" + scalarSource(t, depth-1) + "))"
	case n == 12:
		return rapid.SampledFrom([]string{"subdomains", "is_ip", "looks_random", "ships_with_ios"}).Draw(t, "function") + "(dyn(" + scalarSource(t, depth-1) + "))"
	}
	return quoted()
}

// conditionSource draws an expression that is true or false.
func conditionSource(t *rapid.T, depth int) string {
	n := rapid.IntRange(0, 16).Draw(t, "condition")
	if depth == 0 {
		n %= 6
	}
	value := func() string { return "dyn(" + scalarSource(t, max(depth-1, 0)) + ")" }
	switch n {
	case 0, 1:
		return "has(record." + field.Draw(t, "field") + ")"
	case 2:
		return fmt.Sprintf("(%q in record)", field.Draw(t, "field"))
	case 3:
		return fmt.Sprintf("(record.%s %s %q)", field.Draw(t, "field"), rapid.SampledFrom([]string{"==", "!="}).Draw(t, "operator"), short.Draw(t, "literal"))
	case 4:
		op := rapid.SampledFrom([]string{"==", "!=", "<", "<=", ">", ">="}).Draw(t, "operator")
		return "(" + value() + " " + op + " " + value() + ")"
	case 5:
		method := rapid.SampledFrom([]string{"startsWith", "endsWith", "contains"}).Draw(t, "method")
		if rapid.Bool().Draw(t, "field and literal") {
			return fmt.Sprintf("record.%s.%s(%q)", field.Draw(t, "field"), method, short.Draw(t, "literal"))
		}
		return value() + "." + method + "(" + value() + ")"
	case 15:
		method := rapid.SampledFrom([]string{"startsWith", "endsWith", "contains"}).Draw(t, "method")
		return value() + "." + method + "(" + value() + ")"
	case 6, 7:
		return "(" + conditionSource(t, depth-1) + " && " + conditionSource(t, depth-1) + ")"
	case 8, 9:
		return "(" + conditionSource(t, depth-1) + " || " + conditionSource(t, depth-1) + ")"
	case 10:
		return "!(" + conditionSource(t, depth-1) + ")"
	case 11:
		list := rapid.SampledFrom([]string{`["abc", "", "/a/b"]`, `[true, 1]`, `["abc", 1, 0.5, false]`, "[]", "ref.words", "ref.table", "record.d"})
		return "(" + value() + " in dyn(" + list.Draw(t, "list") + "))"
	case 12:
		list := rapid.SampledFrom([]string{`["abc", "", "/a/b"]`, "ref.words", "record.d", "record.c"})
		loop := rapid.SampledFrom([]string{"exists", "all", "exists_one"})
		body := rapid.SampledFrom([]string{
			"record.a.startsWith(x)", "record.b.trim().contains(x)", "kind.endsWith(x)", "record.c.contains(x)", "x == record.b", "basename(x) == record.a.trim()", "has(record.b) && x != kind", "x.contains(record.a)", "record.d.exists(y, y == x)",
		})
		return list.Draw(t, "list") + "." + loop.Draw(t, "loop") + "(x, " + body.Draw(t, "body") + ")"
	case 13:
		return value() + `.matches("^/?a")`
	case 14:
		return "(" + conditionSource(t, depth-1) + " ? " + conditionSource(t, depth-1) + " : " + conditionSource(t, depth-1) + ")"
	}
	return "(record." + field.Draw(t, "field") + " && " + conditionSource(t, depth-1) + ")"
}

// TestFastFormSaysWhatCELSays holds the two forms of a condition to each
// other, over generated conditions and records.
func TestFastFormSaysWhatCELSays(t *testing.T) {
	t.Parallel()
	compiler, err := NewCompiler(testRefs())
	if err != nil {
		t.Fatal(err)
	}
	seen := map[verdict]int{}
	check := func(t *rapid.T) {
		source := conditionSource(t, 3)
		condition, err := compiler.Condition(source)
		if err != nil {
			t.Fatalf("%s: %v", source, err)
		}
		subject := compiler.NewSubject()
		for range 8 {
			r := &artifact.Record{Kind: "abc"}
			r.Loc.Path = "/a/b"
			for _, name := range rapid.Permutation([]string{"a", "b", "c", "d"}).Draw(t, "order") {
				if rapid.IntRange(0, 3).Draw(t, "absent") > 0 {
					r.Set(name, anyValue(t))
				}
			}
			subject.Set(r)
			quick := condition.quick(subject)
			seen[quick]++
			got, err := condition.holds(subject)
			want := verdictOf(got)
			if err != nil {
				want = failed
			}
			var cancelled interpreter.EvalCancelledError
			if errors.As(err, &cancelled) {
				continue // CEL gave up over long texts; the fast form looked at others
			}
			if quick != unsure && quick != want {
				t.Fatalf("%s\nover %s\nfast %d, CEL %d (%v)", source, r.AppendJSON(nil), quick, want, err)
			}
		}
	}
	// A round of conditions may by chance have few that fail.
	few := func() bool { return min(seen[no], seen[yes], seen[failed]) < 20 }
	for round := 0; few() && round < 100 && !t.Failed(); round++ {
		rapid.Check(t, check)
	}
	if few() {
		t.Errorf("too few of a verdict: %v", seen)
	}
	t.Logf("verdicts: %v", seen)
}
