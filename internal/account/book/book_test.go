package book

import (
	"errors"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/finding"
)

func TestDecode(t *testing.T) {
	t.Parallel()
	one, err := Decode[account.Fact]([]byte(` {"kind": "role", "when": {"from": "2016-05"}} `))
	if err != nil || len(one) != 1 || one[0].When.From.Precision() != account.Month {
		t.Errorf("%+v, %v", one, err)
	}
	if two, err := Decode[account.Fact]([]byte(`[{"kind": "role"}, {"kind": "birth"}]`)); err != nil || len(two) != 2 {
		t.Errorf("%+v, %v", two, err)
	}
	for _, bad := range []string{"", "[]", "[null]", "{", `{"a": 1}`, `{} {}`, `[{}] x`, `"x"`, "null null", `{"when": {"from": "yesterday"}}`} {
		if got, err := Decode[account.Fact]([]byte(bad)); !errors.Is(err, account.ErrInvalid) {
			t.Errorf("%q: %v, %v", bad, got, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`[{"person": "a", "kind": "role", "value": "lawyer", "when": {"from": "2016"}, "sources": [{"title": "x"}], "certainty": "certain"}]`))
	f.Add([]byte(`{"parties": []}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := Decode[account.Fact](data)
		if err != nil {
			return
		}
		for _, fact := range list {
			if fact.Validate() == nil && len(fact.Sources) == 0 {
				t.Error("a fact without source is valid")
			}
		}
	})
}

func TestEventOf(t *testing.T) {
	t.Parallel()
	at, row := time.Date(2016, 3, 1, 15, 4, 5, 0, time.UTC), int64(7)
	link := &finding.Finding{
		ID: "F-1", Severity: finding.Critical, Kind: finding.Indicator, Title: "link", Artifact: "ios.sms", Time: &at,
		Indicator: &finding.Matched{Type: "domain", Threats: []string{"Pegasus"}}, Where: finding.Provenance{Path: "sms.db", Table: "message", RowID: &row},
	}
	pretends := &finding.Finding{
		ID: "F-2", Severity: finding.High, Kind: finding.Lure, Title: "lure", Artifact: "ios.sms", Time: &at,
		Lure: &finding.Pretended{Kind: "embassy", Institution: "us_embassy", Name: "US Embassy"}, Where: link.Where,
	}
	process := &finding.Finding{
		ID: "F-3", Severity: finding.Critical, Kind: finding.Indicator, Artifact: "ios.datausage", Time: &at,
		Indicator: &finding.Matched{Type: "process", Threats: []string{"Pegasus"}}, Where: finding.Provenance{Path: "DataUsage.sqlite"},
	}
	history := &finding.Finding{ID: "F-4", Severity: finding.Critical, Kind: finding.Indicator, Artifact: "ios.safari_history", Indicator: &finding.Matched{Type: "domain"}, Where: finding.Provenance{Path: "History.db"}}
	private := &finding.Finding{ID: "F-5", Severity: finding.Critical, Artifact: "ios.sms", Indicator: &finding.Matched{Type: "url", Private: true, Threats: []string{"secret"}}}
	var list []Confirmed
	for _, f := range []*finding.Finding{link, pretends, process, history, private} {
		list = append(list, Confirmed{Finding: f, Run: "R-1", Evidence: "E-1", Person: "P-1", Device: "D-1"})
	}
	country := func(id string) string { return map[string]string{"us_embassy": "us"}[id] }
	groups := ByRecord(list)
	if len(groups) != 4 || len(groups[0]) != 2 {
		t.Fatalf("%d groups", len(groups))
	}
	for i, want := range []struct{ how, outcome, threat string }{
		{account.ByLure, account.Attempt, "Pegasus"},
		{account.HowUnknown, account.Infected, "Pegasus"},
		{account.HowUnknown, account.OutcomeUnknown, ""},
		{account.ByLure, account.Attempt, ""},
	} {
		e := EventOf(groups[i], country)
		if e.How != want.how || e.Outcome != want.outcome || e.Threat != want.threat || e.Certainty != account.Certain {
			t.Errorf("group %d: %+v", i, e)
		}
		if err := e.Validate(); err != nil {
			t.Error(err)
		}
	}
	embassy := EventOf(groups[0], country)
	if len(embassy.Impersonates) != 1 || embassy.Impersonates[0].Country != "US" || embassy.From.String() != "2016-03-01T15:04:05Z" {
		t.Errorf("%+v", embassy)
	}
}
