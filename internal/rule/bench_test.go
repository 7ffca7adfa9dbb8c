package rule

import (
	"fmt"
	"testing"

	"github.com/amparo-project/amparo/internal/artifact"
)

// message is a record as ios.sms yields by the hundred thousand.
func message() *artifact.Record {
	return record("message", "rowid", 7, "guid", "C2A4B6B2-0A0B-4C0D-8E0F-102030405060", "direction", "received",
		"phone_number", "+525512345678", "text", "an ordinary message of a few words, as most are",
		"text_source", "text", "service", "iMessage", "account", "P:+525587654321", "chat_identifier", "+525512345678",
		"is_read", 1, "is_delivered", 1)
}

func engine(tb testing.TB, name string) *Engine {
	tb.Helper()
	s, err := Builtin()
	if err != nil {
		tb.Fatal(err)
	}
	return s.For(name)
}

// BenchmarkRulesSilent applies the built-in rules to a message on which none
// fires, as nearly all of a phone's are.
func BenchmarkRulesSilent(b *testing.B) {
	e, r := engine(b, "ios.sms"), message()
	var dst []Match
	b.ReportAllocs()
	for b.Loop() {
		dst = e.Eval(r, dst[:0])
	}
	if len(dst) > 0 {
		b.Fatal("a rule fired")
	}
}

// BenchmarkRulesFire applies them to one on which a rule fires.
func BenchmarkRulesFire(b *testing.B) {
	e, r := engine(b, "ios.sms"), record("message", "text", "ALERT: State-sponsored attackers may be targeting your iPhone")
	var dst []Match
	b.ReportAllocs()
	for b.Loop() {
		dst = e.Eval(r, dst[:0])
	}
}

// BenchmarkCondition compares the fast form of a condition with CEL's.
func BenchmarkCondition(b *testing.B) {
	c, err := NewCompiler(testRefs())
	if err != nil {
		b.Fatal(err)
	}
	condition, err := c.Condition(`has(record.service) && record.service == "SMS" && record.text.startsWith("x")`)
	if err != nil {
		b.Fatal(err)
	}
	s := c.NewSubject()
	r := message()
	b.Run("fast", func(b *testing.B) {
		for b.Loop() {
			s.Set(r)
			_ = condition.quick(s)
		}
	})
	b.Run("cel", func(b *testing.B) {
		for b.Loop() {
			s.Set(r)
			_, _ = condition.holds(s)
		}
	})
}

// BenchmarkLoad compiles the built-in rules, which every check does once.
func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := loadBuiltin(files); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkManyRules is a set of the size that all artifacts together may need
// for one kind of record.
func BenchmarkManyRules(b *testing.B) {
	c, err := NewCompiler(testRefs())
	if err != nil {
		b.Fatal(err)
	}
	set := &Set{names: c.names, refs: c.refs}
	for i := range 20 {
		r := &Rule{ID: fmt.Sprint(i), Artifacts: []string{"a"}, Kinds: []artifact.Kind{"message"}}
		r.When.Text = fmt.Sprintf(`has(record.service) && record.service == "service %d"`, i)
		if err := r.compile(c); err != nil {
			b.Fatal(err)
		}
		set.rules = append(set.rules, r)
	}
	e, r := set.For("a"), message()
	for b.Loop() {
		e.Eval(r, nil)
	}
}
