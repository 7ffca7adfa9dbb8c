package workspacetest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/ledger/client"
	"github.com/amparo-project/amparo/internal/ledger/fsck"
	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/workspace"
)

// Fixture is a workspace with a case, a person, a device and consent.
type Fixture struct {
	*workspace.Workspace
	T        *testing.T
	DB       *workspace.DB
	Identity seal.Identity
	Clock    *Clock
	Vault    vault.Store
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
