package workspacetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/workspace"
)

// consent records a consent of a person with these terms.
func (f *Fixture) consent(person, until string, purposes, shares []string) workspace.Consent {
	f.T.Helper()
	c, err := f.AddConsent(f.T.Context(), workspace.Consent{
		Case: f.Case.ID, Person: person, Purposes: purposes, Until: until, FormSHA256: form,
		Private: workspace.ConsentTerms{GivenBy: "Planted Name", Shares: shares},
	})
	ok(f.T, err)
	return c
}

// testSharing holds what may be shared with whom to the consents that hold.
func testSharing(t *testing.T, f *Fixture) {
	ctx := t.Context()
	ev := f.Store(f.Folder(map[string]string{"a": "1"}))
	most := func(recipient string) workspace.Share {
		t.Helper()
		s, err := f.Sharing(ctx, ev.ID, recipient)
		ok(t, err)
		return s.Most
	}
	analysis := []string{workspace.Analysis}
	more := f.consent(f.Person.ID, "2026-06-01", analysis, []string{"evidence:Court", "indicators: the  lab "})
	f.consent(f.Person.ID, "2027-01-01", analysis, []string{"indicators:court", workspace.NamePublic})
	for recipient, want := range map[string]workspace.Share{
		"court": workspace.ShareEvidence, "COURT": workspace.ShareEvidence, "the lab": workspace.ShareIndicators, "press": workspace.ShareNothing, "public": workspace.ShareNothing,
		"cour": workspace.ShareNothing, "": workspace.ShareNothing, f.Person.ID: workspace.ShareEvidence, f.Person.Pseudonym: workspace.ShareNothing,
	} {
		if got := most(recipient); got != want {
			t.Errorf("%q may have %v, want %v", recipient, got, want)
		}
	}
	// One that ended, or was withdrawn, lets nobody have anything.
	f.Clock.Add(45 * 24 * time.Hour)
	if got := most("court"); got != workspace.ShareFindings {
		t.Errorf("after one ended: %v", got)
	}
	_, err := f.WithdrawConsent(ctx, f.Consent.ID)
	ok(t, err)
	if got := most("court"); got != workspace.ShareIndicators {
		t.Errorf("after one was withdrawn: %v", got)
	}
	s, err := f.Sharing(ctx, ev.ID, "court")
	ok(t, err)
	if len(s.Consents) != 1 || s.Consents[0].ID == more.ID {
		t.Errorf("%+v", s.Consents)
	}
	f.Clock.Add(300 * 24 * time.Hour)
	_, err = f.Sharing(ctx, ev.ID, "court")
	is(t, err, workspace.ErrNoConsent)
	for _, bad := range []string{"findings", "findings:", "everything:court", "nothing:court", ":court", "name:court", "name:"} {
		_, err := f.AddConsent(ctx, workspace.Consent{
			Case: f.Case.ID, Person: f.Person.ID, Purposes: analysis, Until: "2099-01-01", FormSHA256: form,
			Private: workspace.ConsentTerms{GivenBy: "x", Shares: []string{bad}},
		})
		is(t, err, workspace.ErrInvalid)
	}
}

// testPurposes tries each act under each purpose: what was not consented to is
// not done, and there is one answer to what was.
func testPurposes(t *testing.T, f *Fixture) {
	ctx := t.Context()
	for _, purpose := range workspace.Purposes {
		purposes := []string{workspace.Analysis}
		if purpose != workspace.Analysis {
			purposes = append(purposes, purpose)
		}
		p, err := f.AddPerson(ctx, workspace.Person{Case: f.Case.ID})
		ok(t, err)
		d, err := f.AddDevice(ctx, f.Case.ID, p.ID, "phone")
		ok(t, err)
		f.Device = d
		dir := f.Folder(map[string]string{"a": purpose})
		if _, _, err := f.ReceiveEvidence(ctx, f.Case.ID, d.ID, dir); !errors.Is(err, workspace.ErrNoConsent) {
			t.Errorf("evidence was taken without consent: %v", err)
		}
		f.consent(p.ID, "2027-01-01", purposes, nil)
		ev := f.Store(dir)
		f.Seen = []workspace.Sighting{{Type: artifact.Domain, Value: purpose + ".example.com", Artifact: "ios.sms"}}
		f.Check(ev, 1)
		for _, asked := range workspace.Purposes {
			allowed := strings.Contains(strings.Join(purposes, ","), asked)
			if err := f.Permits(ctx, ev.ID, asked); (err == nil) != allowed || err != nil && !errors.Is(err, workspace.ErrNoConsent) {
				t.Errorf("consent to %v permits %s: %v", purposes, asked, err)
			}
			if _, err := f.EvidenceKey(ctx, ev.ID, asked); (err == nil) != allowed {
				t.Errorf("consent to %v opens the key for %s: %v", purposes, asked, err)
			}
		}
	}
	set, err := indicator.Load(strings.NewReader("example.com\n"), "x.txt")
	ok(t, err)
	h, err := f.Hunt(ctx, []*indicator.Set{set})
	ok(t, err)
	if len(h.Findings) != 1 || h.Findings[0].Value != "example.com" || h.NoConsent != 3 {
		t.Errorf("a hunt looks at what it may: %+v", h)
	}
	l, err := f.Links(ctx, "")
	ok(t, err)
	if l.NoConsent != 3 {
		t.Errorf("links compare whom they may: %+v", l)
	}
}

// testPrivateHunt: the value of an indicator that must not be named is in no
// list, whether a check or a hunt found it.
func testPrivateHunt(t *testing.T, f *Fixture) {
	ctx := t.Context()
	f.Seen = []workspace.Sighting{
		{Type: artifact.Domain, Value: "a.secret.example.com", Artifact: "ios.sms"}, {Type: artifact.Domain, Value: "b.hidden.example.org", Artifact: "ios.sms"},
	}
	f.Check(f.Store(f.Folder(map[string]string{"a": "1"})), 1)
	set, err := indicator.LoadWith(strings.NewReader("secret.example.com\nhidden.example.org\n"), "x.txt", indicator.Options{Private: true})
	ok(t, err)
	h, err := f.Hunt(ctx, []*indicator.Set{set})
	ok(t, err)
	l, err := f.Findings(ctx, workspace.FindingFilter{Source: workspace.ByHunt}, workspace.Page{})
	ok(t, err)
	if len(h.Findings) != 2 || len(l.Items) != 2 {
		t.Errorf("%d and %d findings, want 2: one hides the other", len(h.Findings), len(l.Items))
	}
	if said := fmt.Sprintf("%+v %+v", h, l); strings.Contains(said, "secret") || strings.Contains(said, "hidden") {
		t.Error(said)
	}
}

// testExports holds exports to be recorded once, listed, and told when consent
// is withdrawn.
func testExports(t *testing.T, f *Fixture) {
	ctx := t.Context()
	a, b := f.Store(f.Folder(map[string]string{"a": "1"})), f.Store(f.Folder(map[string]string{"b": "2"}))
	x := workspace.Export{
		ID: workspace.NewExportID(), Case: f.Case.ID, Subject: f.Case.ID, SHA256: form, Evidence: []string{a.ID, b.ID},
		Private: workspace.ExportPrivate{Recipient: "the court", Most: "findings"},
	}
	before, err := f.LedgerSize(ctx)
	ok(t, err)
	first, err := f.RecordExport(ctx, x)
	ok(t, err)
	again, err := f.RecordExport(ctx, x)
	ok(t, err)
	if d := cmp.Diff(first, again); d != "" {
		t.Error(d)
	}
	if r := f.Verify(); r.Acts["evidence.exported"] != 2 || r.Size != before+2 || first.Entry != before {
		t.Errorf("%+v %+v", r, first)
	}
	l, err := f.Exports(ctx, f.Case.ID, b.ID, workspace.Page{})
	ok(t, err)
	if len(l.Items) != 1 || l.Items[0].Private.Recipient != "the court" || len(l.Items[0].Evidence) != 2 {
		t.Errorf("%+v", l)
	}
	var clear int
	ok(t, f.DB.Pool.QueryRowContext(ctx, "SELECT COUNT(*) FROM ledger_entry WHERE detail LIKE '%the court%'").Scan(&clear))
	if clear != 0 {
		t.Error("the recipient is in clear in the database")
	}
	other, err := seal.NewIdentity()
	ok(t, err)
	_, err = f.AddMember(ctx, "second", other.Recipient())
	ok(t, err)
	w, err := workspace.Open(ctx, f.DB, workspace.Options{Identity: other, Now: f.Clock.Now})
	ok(t, err)
	x.ID = workspace.NewExportID()
	_, err = w.RecordExport(ctx, x)
	is(t, err, workspace.ErrNoAccess)
	left, err := f.WithdrawConsent(ctx, f.Consent.ID)
	ok(t, err)
	if len(left.Exports) != 2 || left.Exports[0].Private.Recipient != "the court" {
		t.Errorf("who has copies is not told: %+v", left.Exports)
	}
}
