// Package workspacetest is the suite that every database of a workspace
// passes: the same behaviour, whatever holds the tables.
package workspacetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/ledger/client"
	"github.com/amparo-project/amparo/internal/ledger/fsck"
	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/workspace"
)

// Opener opens one database twice, or more often, as several processes do.
type Opener func(t *testing.T) *workspace.DB

// Fixture is a workspace with a case, a person, a device and consent.
type Fixture struct {
	*workspace.Workspace
	T        *testing.T
	DB       *workspace.DB
	Identity seal.Identity
	Clock    *Clock
	Vault    *vault.Dir
	VaultDir string
	Case     workspace.Case
	Person   workspace.Person
	Device   workspace.Device
	Consent  workspace.Consent
	Seen     []workspace.Sighting // what runs of Check observed
}

// Clock is a clock that tests set.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now returns the time, a second later each time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Second)
	return c.now
}

// Add moves the clock.
func (c *Clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

const form = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// New makes a Fixture in an empty database.
func New(t *testing.T, db *workspace.DB) *Fixture {
	t.Helper()
	ctx := t.Context()
	id, err := seal.NewIdentity()
	ok(t, err)
	f := &Fixture{T: t, DB: db, Identity: id, VaultDir: t.TempDir(), Clock: &Clock{now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}}
	f.Workspace, err = workspace.Create(ctx, db, workspace.Options{Identity: id, Now: f.Clock.Now}, "analyst")
	ok(t, err)
	f.Vault, err = vault.OpenDir(f.VaultDir)
	ok(t, err)
	f.Case, err = f.CreateCase(ctx, "The case of a journalist")
	ok(t, err)
	f.Person, err = f.AddPerson(ctx, workspace.Person{
		Case: f.Case.ID, Pseudonym: "heron",
		Private: workspace.PersonPrivate{Name: "Planted Name", Languages: []string{"es"}, Reach: []string{"signal:+520000"}},
	})
	ok(t, err)
	f.Device, err = f.AddDevice(ctx, f.Case.ID, "heron", "the old phone")
	ok(t, err)
	f.Consent = f.Agree(f.Person.ID)
	return f
}

// Agree records a consent to everything.
func (f *Fixture) Agree(person string) workspace.Consent {
	f.T.Helper()
	c, err := f.AddConsent(f.T.Context(), workspace.Consent{
		Case: f.Case.ID, Person: person, Purposes: workspace.Purposes, Until: "2027-01-01", FormSHA256: form,
		Private: workspace.ConsentTerms{GivenBy: "Planted Name", Shares: []string{"findings:court"}},
	})
	ok(f.T, err)
	return c
}

// Folder writes files to a new folder.
func (f *Fixture) Folder(files map[string]string) string {
	f.T.Helper()
	dir := f.T.TempDir()
	for name, text := range files {
		ok(f.T, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700))
		ok(f.T, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	return dir
}

// Store takes a folder as evidence.
func (f *Fixture) Store(dir string) workspace.Evidence {
	f.T.Helper()
	ev, key, err := f.ReceiveEvidence(f.T.Context(), f.Case.ID, f.Device.ID, dir)
	ok(f.T, err)
	files, err := vault.Add(f.T.Context(), f.Vault, f.Index(), vault.AddOptions{Bundle: ev.ID, Case: f.Case.ID, Key: key, Path: dir})
	ok(f.T, err)
	ev, err = f.CompleteEvidence(f.T.Context(), ev.ID, files)
	ok(f.T, err)
	return ev
}

// Check stores a run with n findings.
func (f *Fixture) Check(ev workspace.Evidence, n int) workspace.Run {
	f.T.Helper()
	at := time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)
	r, err := f.SaveRun(f.T.Context(), workspace.Run{
		ID: workspace.NewRunID(), Evidence: ev.ID, Version: "test", Started: "a", Ended: "b",
		Summary: workspace.RunSummary{Totals: finding.Totals{Findings: int64(n)}},
	}, nil, f.Seen, func(add func(*finding.Finding) error) error {
		for i := range n {
			if err := add(&finding.Finding{
				ID: fmt.Sprintf("F-%06d", i), Severity: finding.Severity(5 - i%5), Kind: finding.Indicator, Title: "t\x00\xff", Artifact: "ios.sms", Time: &at,
				Indicator: &finding.Matched{Type: "domain", Value: "evil.example", Threats: []string{"T"}},
			}); err != nil {
				return err
			}
		}
		return nil
	})
	ok(f.T, err)
	return r
}

// Verify publishes the ledger and recomputes all of it, against every
// checkpoint there ever was.
func (f *Fixture) Verify() *fsck.Report {
	f.T.Helper()
	ctx := f.T.Context()
	earlier, err := f.Checkpoints(ctx)
	ok(f.T, err)
	signed, n, err := f.Checkpoint(ctx)
	ok(f.T, err)
	dir := f.T.TempDir()
	ok(f.T, f.PublishLedger(ctx, dir, n, signed))
	p, err := client.Policy(f.Info().Key, nil, 0)
	ok(f.T, err)
	r, err := fsck.Check(os.DirFS(dir), p, earlier...)
	ok(f.T, err)
	return r
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func is(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got error %v, want %v", err, want)
	}
}

// Exercise runs every behaviour. open returns a new, empty database; again
// opens the one of a Fixture once more.
func Exercise(t *testing.T, open Opener, again func(t *testing.T, db *workspace.DB) *workspace.DB) {
	t.Helper()
	tests := map[string]func(t *testing.T, f *Fixture){
		"Sealed": testSealed, "NoConsentNoEvidence": testConsent, "Minor": testMinor, "Members": testMembers,
		"Withdraw": testWithdraw, "Shared": testShared, "Pages": testPages, "Decide": testDecide, "Clock": testClock, "Custody": testCustody,
		"Tampering": testTampering, "ManyFindings": testManyFindings, "Closed": testClosed, "Hunt": testHunt,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := open(t)
			t.Cleanup(func() { _ = db.Close() })
			test(t, New(t, db))
		})
	}
	t.Run("TwoProcesses", func(t *testing.T) {
		t.Parallel()
		db := open(t)
		t.Cleanup(func() { _ = db.Close() })
		testTwoProcesses(t, New(t, db), again)
	})
}

func testSealed(t *testing.T, f *Fixture) {
	l, err := f.People(t.Context(), f.Case.ID, workspace.Page{})
	ok(t, err)
	if d := cmp.Diff([]workspace.Person{f.Person}, l.Items); d != "" {
		t.Error(d)
	}
	// Without the identity of a member of the case nothing opens.
	other, err := seal.NewIdentity()
	ok(t, err)
	_, err = workspace.Open(t.Context(), f.DB, workspace.Options{Identity: other, Now: f.Clock.Now})
	is(t, err, workspace.ErrNotMember)
	_, err = f.AddMember(t.Context(), "second", other.Recipient())
	ok(t, err)
	w, err := workspace.Open(t.Context(), f.DB, workspace.Options{Identity: other, Now: f.Clock.Now})
	ok(t, err)
	_, err = w.People(t.Context(), f.Case.ID, workspace.Page{})
	is(t, err, workspace.ErrNoAccess)
	c, err := w.Case(t.Context(), f.Case.ID)
	ok(t, err)
	if !c.Sealed || c.Title != "" {
		t.Errorf("%+v", c)
	}
	ev := f.Store(f.Folder(map[string]string{"a": "1"}))
	f.Check(ev, 1)
	found, err := w.Findings(t.Context(), workspace.FindingFilter{}, workspace.Page{})
	ok(t, err)
	runs, err := w.Runs(t.Context(), workspace.RunFilter{}, workspace.Page{})
	ok(t, err)
	if len(found.Items)+len(runs.Items) != 0 {
		t.Error("findings of another's case are seen")
	}
	is(t, w.Decide(t.Context(), "", "F-000000", workspace.Confirmed, ""), workspace.ErrNoAccess)
	_, err = w.EvidenceKey(t.Context(), ev.ID, workspace.Analysis)
	is(t, err, workspace.ErrNoAccess)
	_, err = w.AddPerson(t.Context(), workspace.Person{Case: f.Case.ID})
	is(t, err, workspace.ErrNoAccess)
	ok(t, f.ShareCase(t.Context(), f.Case.ID, "second"))
	_, err = w.EvidenceKey(t.Context(), ev.ID, workspace.Analysis)
	ok(t, err)
}

func testConsent(t *testing.T, f *Fixture) {
	ctx := t.Context()
	dir := f.Folder(map[string]string{"a": "1"})
	p, err := f.AddPerson(ctx, workspace.Person{Case: f.Case.ID, Pseudonym: "silent"})
	ok(t, err)
	d, err := f.AddDevice(ctx, f.Case.ID, p.ID, "phone")
	ok(t, err)
	_, _, err = f.ReceiveEvidence(ctx, f.Case.ID, d.ID, dir)
	is(t, err, workspace.ErrNoConsent)
	_, err = f.AddConsent(ctx, workspace.Consent{
		Case: f.Case.ID, Person: p.ID, Purposes: []string{workspace.Analysis}, Until: "2026-05-10", FormSHA256: form,
		Private: workspace.ConsentTerms{GivenBy: "x"},
	})
	ok(t, err)
	ev, _, err := f.ReceiveEvidence(ctx, f.Case.ID, d.ID, dir)
	ok(t, err)
	_, err = f.EvidenceKey(ctx, ev.ID, workspace.Hunting)
	is(t, err, workspace.ErrNoConsent)
	f.Clock.Add(30 * 24 * time.Hour)
	_, err = f.EvidenceKey(ctx, ev.ID, workspace.Analysis)
	is(t, err, workspace.ErrNoConsent)
	if !strings.Contains(err.Error(), "ended on 2026-05-10") {
		t.Error(err)
	}
}

func testMinor(t *testing.T, f *Fixture) {
	p, err := f.AddPerson(t.Context(), workspace.Person{Case: f.Case.ID, Pseudonym: "child", Minor: true})
	ok(t, err)
	c := workspace.Consent{
		Case: f.Case.ID, Person: "child", Purposes: []string{workspace.Analysis}, Until: "2027-01-01", FormSHA256: form,
		Private: workspace.ConsentTerms{GivenBy: "child"},
	}
	_, err = f.AddConsent(t.Context(), c)
	is(t, err, workspace.ErrNoConsent)
	c.Guardian = true
	c, err = f.AddConsent(t.Context(), c)
	ok(t, err)
	if c.Person != p.ID {
		t.Error(c)
	}
}

func testMembers(t *testing.T, f *Fixture) {
	ctx := t.Context()
	ev := f.Store(f.Folder(map[string]string{"a": "1"}))
	before, err := f.EvidenceKey(ctx, ev.ID, workspace.Analysis)
	ok(t, err)
	next, err := seal.NewIdentity()
	ok(t, err)
	ok(t, f.RotateKey(ctx, next))
	_, err = workspace.Open(ctx, f.DB, workspace.Options{Identity: f.Identity, Now: f.Clock.Now})
	is(t, err, workspace.ErrNotMember)
	w, err := workspace.Open(ctx, f.DB, workspace.Options{Identity: next, Now: f.Clock.Now})
	ok(t, err)
	after, err := w.EvidenceKey(ctx, ev.ID, workspace.Analysis)
	ok(t, err)
	if before.Recipient() != after.Recipient() {
		t.Error("the evidence has another key")
	}
	_, _, err = w.Checkpoint(ctx)
	ok(t, err)
}

func testWithdraw(t *testing.T, f *Fixture) {
	ctx := t.Context()
	ev := f.Store(f.Folder(map[string]string{"a": "1", "b/c": "2"}))
	run := f.Check(ev, 3)
	size, err := f.LedgerSize(ctx)
	ok(t, err)
	left, err := f.WithdrawConsent(ctx, f.Consent.ID)
	ok(t, err)
	if len(left.Evidence) != 1 || left.Hashes[0] != ev.ManifestSHA256 || left.Findings != 3 || len(left.Destroyed) != 2 {
		t.Errorf("%+v", left)
	}
	_, err = f.EvidenceKey(ctx, ev.ID, workspace.Analysis)
	is(t, err, workspace.ErrErased)
	found, err := f.Findings(ctx, workspace.FindingFilter{Run: run.ID}, workspace.Page{})
	ok(t, err)
	if len(found.Items) != 0 {
		t.Error("findings are left")
	}
	if r := f.Verify(); r.Acts["key.destroyed"] != 1 || r.Acts["consent.withdrawn"] != 1 || r.Size != size+2 {
		t.Errorf("%+v", r)
	}
	got, err := f.Evidence(ctx, ev.ID)
	ok(t, err)
	if got.State != workspace.Erased || got.Private.Source != "" {
		t.Errorf("%+v", got)
	}
	again, err := f.WithdrawConsent(ctx, f.Consent.ID)
	ok(t, err)
	if len(again.Ledger) != 0 {
		t.Errorf("a second withdrawal did something: %+v", again)
	}
}

// testShared lets two people's evidence hold the same file: it is stored once,
// and erasing one leaves the other whole.
func testShared(t *testing.T, f *Fixture) {
	ctx := t.Context()
	p, err := f.AddPerson(ctx, workspace.Person{Case: f.Case.ID, Pseudonym: "ibis"})
	ok(t, err)
	first := f.Device
	second, err := f.AddDevice(ctx, f.Case.ID, p.ID, "phone")
	ok(t, err)
	f.Agree(p.ID)
	f.Store(f.Folder(map[string]string{"same": "the same bytes", "x": "1", "twice": "the same bytes"}))
	f.Device = second
	ev := f.Store(f.Folder(map[string]string{"same": "the same bytes", "y": "2"}))
	f.Device = first
	known, err := f.KnownSegments(ctx)
	ok(t, err)
	if len(known) != 3 {
		t.Errorf("%d segments are stored, want 3", len(known))
	}
	left, err := f.WithdrawConsent(ctx, f.Consent.ID)
	ok(t, err)
	for _, id := range left.Destroyed {
		ok(t, f.Vault.Delete(ctx, id))
	}
	key, err := f.EvidenceKey(ctx, ev.ID, workspace.Analysis)
	ok(t, err)
	b, err := vault.Open(ctx, f.Vault, f.Index(), ev.ID, key)
	ok(t, err)
	bad, err := b.Verify(ctx, nil)
	ok(t, err)
	if len(bad) != 0 || len(b.Files()) != 2 {
		t.Errorf("%v %v", bad, b.Files())
	}
}

func testPages(t *testing.T, f *Fixture) {
	ctx := t.Context()
	for i := range 7 {
		_, err := f.AddPerson(ctx, workspace.Person{Case: f.Case.ID, Pseudonym: fmt.Sprint("p", i)})
		ok(t, err)
	}
	var got []string
	page := workspace.Page{Limit: 3}
	for n := 0; ; n++ {
		l, err := f.People(ctx, f.Case.ID, page)
		ok(t, err)
		for _, p := range l.Items {
			got = append(got, p.Pseudonym)
		}
		if page.After = l.Next; l.Next == "" {
			break
		}
		if n > 5 {
			t.Fatal("pages without end")
		}
	}
	if d := cmp.Diff([]string{"heron", "p0", "p1", "p2", "p3", "p4", "p5", "p6"}, got); d != "" {
		t.Error(d)
	}
	_, err := f.People(ctx, f.Case.ID, workspace.Page{After: "x' OR 1=1"})
	is(t, err, workspace.ErrInvalid)
}

func testDecide(t *testing.T, f *Fixture) {
	ctx := t.Context()
	run := f.Check(f.Store(f.Folder(map[string]string{"a": "1"})), 4)
	ok(t, f.Decide(ctx, run.ID, "F-000002", workspace.Confirmed, "seen by hand"))
	ok(t, f.Decide(ctx, "", "F-000001", workspace.Dismissed, ""))
	ok(t, f.Decide(ctx, "", "F-000002", "", "and noted again"))
	is(t, f.Decide(ctx, "", "F-999999", workspace.Confirmed, ""), workspace.ErrNotFound)
	l, err := f.Findings(ctx, workspace.FindingFilter{State: workspace.Confirmed}, workspace.Page{})
	ok(t, err)
	if len(l.Items) != 1 || l.Items[0].Note != "and noted again" || l.Items[0].DecidedBy != "analyst" {
		t.Errorf("%+v", l.Items)
	}
	l, err = f.Findings(ctx, workspace.FindingFilter{Run: run.ID, AtLeast: finding.High}, workspace.Page{})
	ok(t, err)
	if len(l.Items) != 2 {
		t.Errorf("%+v", l.Items)
	}
	if r := f.Verify(); r.Acts["finding.confirmed"] != 1 || r.Acts["finding.noted"] != 1 || r.Acts["finding.dismissed"] != 1 {
		t.Errorf("%+v", r)
	}
}

func testClock(t *testing.T, f *Fixture) {
	f.Clock.Add(-24 * time.Hour)
	c, err := f.CreateCase(t.Context(), "after the clock jumped back")
	ok(t, err)
	if c.Created < f.Case.Created {
		t.Error("an act is older than the one before it")
	}
	acts, err := f.Acts(t.Context(), c.ID, workspace.Page{})
	ok(t, err)
	if len(acts.Items) != 1 || !strings.Contains(acts.Items[0].Opening.Detail, `"clock":"2026-04-30`) {
		t.Errorf("what the clock said is not kept: %+v", acts.Items)
	}
	f.Verify()
}

func testCustody(t *testing.T, f *Fixture) {
	ctx := t.Context()
	ev := f.Store(f.Folder(map[string]string{"a": "1"}))
	f.Check(ev, 1)
	ok(t, f.Viewed(ctx, ev.ID, "report"))
	acts, err := f.Acts(ctx, ev.ID, workspace.Page{})
	ok(t, err)
	signed, n, err := f.Checkpoint(ctx)
	ok(t, err)
	p, err := client.Policy(f.Info().Key, nil, 0)
	ok(t, err)
	var names []string
	for _, a := range acts.Items {
		proof, err := f.Prove(ctx, a.N, n, signed, true)
		ok(t, err)
		got, err := client.Proof(proof, p)
		ok(t, err)
		names = append(names, got.Entry.Act)
		if !strings.Contains(got.Opening.Detail, ev.ID) || strings.Contains(got.Opening.Detail, "Planted") {
			t.Error(got.Opening.Detail)
		}
	}
	if d := cmp.Diff([]string{"evidence.received", "evidence.hashed", "evidence.checked", "evidence.viewed"}, names); d != "" {
		t.Error(d)
	}
}

// testTampering changes the database behind the ledger's back.
func testTampering(t *testing.T, f *Fixture) {
	ctx := t.Context()
	f.Verify()
	_, err := f.CreateCase(ctx, "one more")
	ok(t, err)
	_, err = f.DB.Pool.ExecContext(ctx, "UPDATE ledger_entry SET data = (SELECT data FROM ledger_entry WHERE n = 1) WHERE n = 2")
	ok(t, err)
	signed, n, err := f.Checkpoint(ctx)
	ok(t, err)
	dir := t.TempDir()
	ok(t, f.PublishLedger(ctx, dir, n, signed))
	p, err := client.Policy(f.Info().Key, nil, 0)
	ok(t, err)
	_, err = fsck.Check(os.DirFS(dir), p)
	is(t, err, fsck.ErrTampered)
}

func testManyFindings(t *testing.T, f *Fixture) {
	if testing.Short() {
		t.Skip("100,000 findings take some seconds")
	}
	run := f.Check(f.Store(f.Folder(map[string]string{"a": "1"})), 100_000)
	n, page := 0, workspace.Page{Limit: workspace.MaxLimit}
	for {
		l, err := f.Findings(t.Context(), workspace.FindingFilter{Run: run.ID}, page)
		ok(t, err)
		n += len(l.Items)
		if page.After = l.Next; l.Next == "" {
			break
		}
	}
	if n != 100_000 {
		t.Errorf("%d findings", n)
	}
}

func testClosed(t *testing.T, f *Fixture) {
	ok(t, f.CloseCase(t.Context(), f.Case.ID))
	_, err := f.AddPerson(t.Context(), workspace.Person{Case: f.Case.ID})
	is(t, err, workspace.ErrClosed)
	_, _, err = f.ReceiveEvidence(t.Context(), f.Case.ID, f.Device.ID, t.TempDir())
	is(t, err, workspace.ErrClosed)
	_, err = f.Workspace.Case(t.Context(), "C-nosuchcase0")
	is(t, err, workspace.ErrNotFound)
}

// testTwoProcesses lets several connections act at once: every act is there,
// and the ledger is one.
func testTwoProcesses(t *testing.T, f *Fixture, again func(*testing.T, *workspace.DB) *workspace.DB) {
	const writers, each = 4, 15
	before, err := f.LedgerSize(t.Context())
	ok(t, err)
	var wg sync.WaitGroup
	errs := make(chan error, writers)
	for i := range writers {
		db := again(t, f.DB)
		t.Cleanup(func() { _ = db.Close() })
		w, err := workspace.Open(t.Context(), db, workspace.Options{Identity: f.Identity, Now: f.Clock.Now})
		ok(t, err)
		wg.Go(func() { errs <- people(context.WithoutCancel(t.Context()), w, f.Case.ID, i, each) })
	}
	wg.Wait()
	for range writers {
		ok(t, <-errs)
	}
	r := f.Verify()
	if r.Size != before+writers*each || r.Acts["person.added"] != 1+writers*each {
		t.Errorf("%+v", r)
	}
}

func people(ctx context.Context, w *workspace.Workspace, caseID string, i, n int) error {
	for k := range n {
		if _, err := w.AddPerson(ctx, workspace.Person{Case: caseID, Pseudonym: fmt.Sprintf("w%d-%d", i, k)}); err != nil {
			return err
		}
	}
	return nil
}

func set(t *testing.T, domains ...string) *indicator.Set {
	t.Helper()
	s, err := indicator.Load(strings.NewReader(bundleOf(domains)), "x.stix2")
	ok(t, err)
	return s
}

// bundleOf is a STIX bundle of domains.
func bundleOf(domains []string) string {
	var b strings.Builder
	b.WriteString(`{"type":"bundle","id":"bundle--1","objects":[`)
	for i, d := range domains {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"type":"indicator","id":"indicator--00000000-0000-4000-8000-%012d","pattern_type":"stix","pattern":"[domain-name:value = '%s']",
			"valid_from":"2020-01-01T00:00:00Z","created":"2020-01-01T00:00:00Z","modified":"2020-01-01T00:00:00Z"}`, i, d)
	}
	b.WriteString("]}")
	return b.String()
}

func testHunt(t *testing.T, f *Fixture) {
	ctx := t.Context()
	at := time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)
	f.Seen = []workspace.Sighting{
		{Type: artifact.URL, Value: "https://cdn.evil.example/x\x00", Artifact: "ios.sms", First: at, Last: at},
		{Type: artifact.Domain, Value: "notevil.example", Artifact: "ios.sms"},
		{Type: artifact.Domain, Value: "evil.example.org", Artifact: "ios.sms"},
	}
	run := f.Check(f.Store(f.Folder(map[string]string{"a": "1"})), 0)
	s := set(t, "evil.example", "other.example")
	h, err := f.Hunt(ctx, []*indicator.Set{s})
	ok(t, err)
	if len(h.Findings) != 1 || h.Findings[0].Run != run.ID || h.Indicators != 2 || h.Runs != 1 {
		t.Fatalf("%+v", h)
	}
	h, err = f.Hunt(ctx, []*indicator.Set{s})
	ok(t, err)
	if len(h.Findings) != 0 || h.Indicators != 0 {
		t.Errorf("hunted twice: %+v", h)
	}
	l, err := f.Findings(ctx, workspace.FindingFilter{Source: workspace.ByHunt}, workspace.Page{})
	ok(t, err)
	if len(l.Items) != 1 || l.Items[0].Found == "" {
		t.Errorf("%+v", l.Items)
	}
	_, err = f.WithdrawConsent(ctx, f.Consent.ID)
	ok(t, err)
	for _, table := range []string{"observable", "observable_key", "sighting", "hunted", "finding"} {
		var n int
		ok(t, f.DB.Pool.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+table).Scan(&n))
		if n != 0 {
			t.Errorf("%d rows of %s are left of what was erased", n, table)
		}
	}
	h, err = f.Hunt(ctx, []*indicator.Set{set(t, "example.org")})
	ok(t, err)
	if h.Runs != 0 || len(h.Findings) != 0 {
		t.Errorf("erased evidence was hunted in: %+v", h)
	}
	f.Verify()
}
