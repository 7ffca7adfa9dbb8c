package compare

import (
	"errors"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/finding"
)

// with is a side with findings.
func with(run *finding.Run, parsers map[string]int, list ...finding.Finding) Side {
	return Side{Files: fstest.MapFS{}, Run: run, Parsers: parsers, Findings: func(fn func(*finding.Finding) error) error {
		for i := range list {
			f := list[i]
			if f.Indicator != nil {
				m := *f.Indicator
				f.Indicator = &m
			}
			if err := fn(&f); err != nil {
				return err
			}
		}
		return nil
	}}
}

func found(id string, row int64, reason string, m *finding.Matched) finding.Finding {
	return finding.Finding{ID: id, Kind: "rule", Rule: "r", Artifact: "ios.sms", Reason: reason, Indicator: m, Record: []byte("{}"), Where: finding.Provenance{Path: "sms.db", Table: "message", RowID: &row}}
}

// TestFindings: the same by id, or by what they are about; of a set that was
// published anew they are the same.
func TestFindings(t *testing.T) {
	t.Parallel()
	was := &finding.Matched{Value: "a.example", Set: "S", SetSHA256: "1"}
	now := &finding.Matched{Value: "a.example", Set: "S", SetSHA256: "2"}
	a := with(&finding.Run{}, nil, found("F-1", 1, "x", nil), found("F-2", 2, "x", nil), found("F-3", 3, "x", was), found("F-4", 4, "x", nil), found("F-7", 7, "x", nil))
	b := with(&finding.Run{}, nil, found("F-1", 1, "x", nil), found("F-2", 2, "y", nil), found("F-33", 3, "x", now), found("F-44", 4, "y", nil), found("F-5", 5, "x", nil))
	res, err := Beside(a, b)
	if err != nil {
		t.Fatal(err)
	}
	want := Found{New: []string{"F-5"}, Gone: []string{"F-7"}, Changed: []string{"F-2", "F-44"}, Same: 2}
	if diff := cmp.Diff(want, res.Findings); diff != "" || res.Equal() {
		t.Errorf("-want +got:\n%s", diff)
	}
	if res, err = Beside(a, a); err != nil || !res.Equal() || res.Findings.Same != 5 {
		t.Errorf("with itself: %+v, %v", res, err)
	}
	broken := errors.New("broken")
	b.Findings = func(func(*finding.Finding) error) error { return broken }
	if _, err := Beside(a, b); !errors.Is(err, broken) {
		t.Errorf("findings that cannot be read: %v", err)
	}
}

func TestWithout(t *testing.T) {
	t.Parallel()
	s := Statements{}
	for _, f := range []finding.Finding{
		found("F-1", 1, "", nil), found("F-2", 2, "", &finding.Matched{Set: "S", SetSHA256: "1"}), found("F-3", 3, "", &finding.Matched{Set: "T", SetSHA256: "2"}), found("F-4", 4, "", &finding.Matched{Set: "U", SetSHA256: "3"}),
	} {
		if err := s.Add(&f); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.Without(&finding.Run{Indicators: []finding.IndicatorSet{{Name: "S", SHA256: "new"}, {Name: "renamed", SHA256: "2"}}}); n != 1 || len(s) != 3 {
		t.Errorf("%d taken out, %d left", n, len(s))
	}
}

// TestBasis: sets and rules that came, went and were published anew, also where
// several have one name.
func TestBasis(t *testing.T) {
	t.Parallel()
	set := func(name, sum string) finding.IndicatorSet { return finding.IndicatorSet{Name: name, SHA256: sum} }
	rule := func(id, sum string) finding.RuleRef { return finding.RuleRef{ID: id, SHA256: sum} }
	a := with(&finding.Run{
		Version: "1", Indicators: []finding.IndicatorSet{set("same", "1"), set("anew", "2"), set("gone", "3"), set("double", "4"), set("double", "5")},
		Rules: []finding.RuleRef{rule("r", "1")}, RuleData: []finding.RuleRef{rule("d", "2")}, LureData: []finding.RuleRef{rule("l", "3")}, Totals: finding.Totals{Records: 1},
	}, map[string]int{"ios.sms": 3, "ios.calls": 1, "ios.before": 1})
	b := with(&finding.Run{
		Version: "1", Indicators: []finding.IndicatorSet{set("double", "5"), set("double", "6"), set("double", "7"), set("same", "1"), set("anew", "22"), set("new", "8")},
		Rules: []finding.RuleRef{rule("r", "1")}, RuleData: []finding.RuleRef{rule("d", "22")}, LureData: []finding.RuleRef{rule("l", "3")}, Totals: finding.Totals{Records: 2},
	}, map[string]int{"ios.sms": 4, "ios.calls": 1, "ios.since": 1})
	res, err := Beside(a, b)
	if err != nil {
		t.Fatal(err)
	}
	want := Basis{
		Parsers: Things{Differ: []Thing{{"ios.sms", Changed, "3", "4"}}, Same: 1},
		Indicators: Things{Differ: []Thing{
			{"anew", Changed, "2", "22"}, {"double", Changed, "4", "6"}, {"double", New, "", "7"}, {"gone", Gone, "3", ""}, {"new", New, "", "8"},
		}, Same: 2},
		Rules:  Things{Differ: []Thing{{"d", Changed, "2", "22"}}, Same: 2},
		Totals: [2]finding.Totals{{Records: 1}, {Records: 2}},
	}
	if diff := cmp.Diff(want, res.Basis); diff != "" || res.Equal() {
		t.Errorf("-want +got:\n%s", diff)
	}
}
