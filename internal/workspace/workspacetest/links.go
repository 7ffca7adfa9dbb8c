package workspacetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/link"
	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/workspace"
)

// target makes a person of a case, with consent to some purposes, whose phone
// was sent to evil.example on a day.
func (f *Fixture) target(c workspace.Case, name string, day int, purposes ...string) (workspace.Person, workspace.Run) {
	f.T.Helper()
	ctx := f.T.Context()
	p, err := f.AddPerson(ctx, workspace.Person{Case: c.ID, Pseudonym: name})
	ok(f.T, err)
	_, err = f.AddConsent(ctx, workspace.Consent{
		Case: c.ID, Person: p.ID, Purposes: purposes, Until: "2027-01-01", FormSHA256: form, Private: workspace.ConsentTerms{GivenBy: "x"},
	})
	ok(f.T, err)
	d, err := f.AddDevice(ctx, c.ID, p.ID, "phone")
	ok(f.T, err)
	ev, _, err := f.ReceiveEvidence(ctx, c.ID, d.ID, "/nowhere/"+name)
	ok(f.T, err)
	ev, err = f.CompleteEvidence(ctx, ev.ID, nil)
	ok(f.T, err)
	at := time.Date(2025, 3, day, 10, 0, 0, 0, time.UTC)
	run, err := f.SaveRun(ctx, workspace.Run{ID: workspace.NewRunID(), Evidence: ev.ID, Version: "test"}, nil, []workspace.Sighting{
		{Type: artifact.URL, Value: "https://x.evil.example/" + name, Artifact: "ios.sms", First: at, Last: at},
		{Type: artifact.Phone, Value: "+1 999 000 1111", Artifact: "ios.sms", First: at, Last: at},
		{Type: artifact.URL, Value: "https://192.168.1.1/admin", Artifact: "ios.safari", First: at, Last: at},
		{Type: artifact.AppID, Value: "org.example.app", Artifact: "ios.applications"},
		{Type: workspace.ObservedLure, Value: "evil.example", Artifact: "ios.sms", First: at, Last: at},
	}, func(add func(*finding.Finding) error) error {
		return add(&finding.Finding{
			ID: "F-" + name, Severity: finding.Critical, Kind: finding.Indicator, Artifact: "ios.sms", Time: &at,
			Indicator: &finding.Matched{Type: "domain", Value: "evil.example", Threats: []string{"T"}},
		})
	})
	ok(f.T, err)
	return p, run
}

// testLinks: people of two cases are tied for who is a member of both, and only
// those who consented; a finding that was dismissed ties nobody.
func testLinks(t *testing.T, f *Fixture) {
	ctx := t.Context()
	other, err := f.CreateCase(ctx, "Another case")
	ok(t, err)
	a, run := f.target(f.Case, "a", 1, workspace.Analysis, workspace.Linking)
	b, _ := f.target(other, "b", 4, workspace.Analysis, workspace.Linking)
	f.target(f.Case, "c", 4, workspace.Analysis, workspace.Hunting)
	l, err := f.Links(ctx, "")
	ok(t, err)
	if len(l.Clusters) != 1 || l.NoConsent != 1 || l.People != 2 {
		t.Fatalf("%+v", l)
	}
	want := []link.Member{{ID: a.ID, Case: f.Case.ID, Name: "a"}, {ID: b.ID, Case: other.ID, Name: "b"}}
	c := l.Clusters[0]
	if d := cmp.Diff(want, sorted(c.People, a.ID)); d != "" {
		t.Error(d)
	}
	var values []string
	for _, v := range c.Values {
		values = append(values, string(v.Kind)+" "+v.Value)
	}
	// The host below the domain of the indicator and the lure that leads to it are
	// not counted once more, and addresses of a home and apps tie nobody.
	if d := cmp.Diff([]string{"indicator domain evil.example", "phone +19990001111"}, values); d != "" {
		t.Error(d)
	}
	if got := []string{c.First.Format(time.DateOnly), c.Last.Format(time.DateOnly)}; got[0] != "2025-03-01" || got[1] != "2025-03-04" {
		t.Error(got)
	}
	l, err = f.Links(ctx, other.ID)
	ok(t, err)
	if len(l.Clusters) != 1 {
		t.Errorf("%+v", l)
	}

	// Who may see one of the cases sees no link to the other.
	id, err := seal.NewIdentity()
	ok(t, err)
	_, err = f.AddMember(ctx, "second", id.Recipient())
	ok(t, err)
	ok(t, f.ShareCase(ctx, f.Case.ID, "second", workspace.RoleAnalyst, ""))
	w, err := workspace.Open(ctx, f.DB, workspace.Options{Identity: id, Now: f.Clock.Now})
	ok(t, err)
	l, err = w.Links(ctx, "")
	ok(t, err)
	if len(l.Clusters) != 0 || l.People != 1 {
		t.Errorf("%+v", l)
	}
	_, err = w.Links(ctx, other.ID)
	is(t, err, workspace.ErrNoAccess)

	// A withdrawn consent changes what is compared; nothing else did.
	basis, n, err := f.LinkBasis(ctx, "")
	ok(t, err)
	if again, _, err := f.LinkBasis(ctx, ""); err != nil || again != basis || n != 2 {
		t.Errorf("the basis is %s, then %s, of %d checks: %v", basis, again, n, err)
	}
	if theirs, n, err := w.LinkBasis(ctx, ""); err != nil || theirs == basis || n != 1 {
		t.Errorf("the basis of who sees one case: %s, of %d checks: %v", theirs, n, err)
	}

	ok(t, f.Decide(ctx, run.ID, "F-a", workspace.Dismissed, ""))
	l, err = f.Links(ctx, "")
	ok(t, err)
	if len(l.Clusters) != 1 || l.Clusters[0].Values[0].Kind != link.Lure {
		t.Errorf("the lure ties where the finding was dismissed: %+v", l.Clusters)
	}
	if r := f.Verify(); r.Acts["links.made"] != 4 {
		t.Errorf("%+v", r.Acts)
	}
}

// sorted puts a member first.
func sorted(list []link.Member, first string) []link.Member {
	if len(list) == 2 && list[0].ID != first {
		return []link.Member{list[1], list[0]}
	}
	return list
}
