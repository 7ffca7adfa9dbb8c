package rule

import (
	"testing"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/finding"
)

// TestWhatExpressionsCanSay holds the language to docs/rules.md, in CEL and in
// the fast form.
func TestWhatExpressionsCanSay(t *testing.T) {
	t.Parallel()
	c, err := NewCompiler(testRefs())
	if err != nil {
		t.Fatal(err)
	}
	r := record("x", "text", "abc", "n", 7, "yes", true, "tree", tree{map[string]any{"a": []any{int64(1), "b"}, "on": true}}, "scalar", tree{"abc"})
	r.Set("list", artifact.StringsValue([]string{"abc", "/a/b"}))
	r.Set("f", artifact.FloatValue(1.5))
	r.Set("raw", artifact.BytesValue([]byte("abc")))
	r.Loc.Path = "HomeDomain/Library/SMS/sms.db"
	s := c.NewSubject()
	s.Set(r)
	for source, want := range map[string]bool{
		`kind == "x" && path.endsWith("/sms.db")`:                         true,
		`record.size() == 8`:                                              true,
		`record.exists(name, name == "list")`:                             true,
		`record == record`:                                                true,
		`"text" in record && !("nothing" in record)`:                      true,
		`record["text"] == "abc"`:                                         true,
		`has(record.nothing)`:                                             false,
		`record.tree.a[0] == 1 && record.tree.a[1] == "b"`:                true,
		`has(record.tree.on) && record.tree.on`:                           true,
		`record.scalar == "abc"`:                                          true,
		`record.n == 7.0 && record.f > 1`:                                 true,
		`record.raw == b"abc"`:                                            true,
		`record.raw == "abc"`:                                             false,
		`record.text in ref.words && !(record.n in ref.words)`:            true,
		`ref.words.size() == 4 && ref.words[1] == "abc"`:                  true,
		`record.text in ref.table && ref.table[record.text] == "x"`:       true,
		`record.list.exists(p, dirname(p) == "/a")`:                       true,
		`record.list.all(p, p.startsWith("/"))`:                           false,
		`basename("/a/b") == "b" && basename("b") == "b"`:                 true,
		`dirname("/a/b") == "/a" && dirname("/a") == "/"`:                 true,
		`dirname("b") == ""`:                                              true,
		`host("HTTPS://A.Example:8443/x") == "a.example"`:                 true,
		`scheme("HTTPS://a/") == "https" && host("no url%") == ""`:        true,
		`port("https://a:8443/x") == "8443" && port("https://a") == ""`:   true,
		`url_path("https://a.example/x/y?z") == "/x/y"`:                   true,
		`site("a.b.example.co.uk") == "example.co.uk"`:                    true,
		`site("EXAMPLE.com.") == "example.com"`:                           true,
		`site("10.0.0.1") == "10.0.0.1" && site("phone") == "phone"`:      true,
		`subdomains("a.b.example.com") == 2`:                              true,
		`subdomains("www.example.com.mx") == 1`:                           true,
		`subdomains("10.0.0.1") + subdomains("example.com") == 0`:         true,
		`is_ip("10.0.0.1") && is_ip("[::1]") && !is_ip("a.example")`:      true,
		`looks_random("/szev4hz") && !looks_random("/signIn")`:            true,
		`mimics_ios("/tmp/x/neagentd") == "neagent"`:                      true,
		`mimics_ios("neagentd/a.b") + mimics_ios("neagent") == "neagent"`: true,
		`ships_with_ios("tccd/a.b") && !ships_with_ios("/tmp/bh")`:        true,
		`record.text.matches("^a.c$") && !record.text.matches("^b")`:      true,
		`"%s-%d".format([record.text, record.n]) == "abc-7"`:              true,
	} {
		condition, err := c.Condition(source)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		got, err := condition.holds(s)
		if err != nil || got != want {
			t.Errorf("%s: got %v, %v", source, got, err)
		}
		if quick := condition.quick(s); quick != unsure && quick != verdictOf(want) {
			t.Errorf("%s: the fast form says %d", source, quick)
		}
	}
}

// TestCheckInGo: a condition that CEL cannot say is a function, and may lower
// the severity.
func TestCheckInGo(t *testing.T) {
	t.Parallel()
	c, err := NewCompiler(testRefs())
	if err != nil {
		t.Fatal(err)
	}
	r := &Rule{ID: "no_such_check", Severity: finding.High, Artifacts: []string{"a"}, Kinds: []artifact.Kind{"x"}, Code: true}
	if err := r.compile(c); err == nil {
		t.Error("code without a check and without a condition")
	}
	r.check = func(r *artifact.Record) (string, finding.Severity, bool) {
		return r.Text("text"), finding.Low, r.Text("text") != ""
	}
	e := (&Set{[]*Rule{r}, c.refs, c.names}).For("a")
	if got := e.Eval(record("x", "text", "abc"), nil); len(got) != 1 || got[0].Severity != finding.Low || got[0].Reason != "abc" {
		t.Errorf("got %+v", got)
	}
	if got := e.Eval(record("x"), nil); len(got) != 0 {
		t.Errorf("got %+v", got)
	}
}
