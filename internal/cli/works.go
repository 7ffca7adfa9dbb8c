package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/account/book"
	"github.com/amparo-project/amparo/internal/account/outbox"
	"github.com/amparo-project/amparo/internal/casework"
	"github.com/amparo-project/amparo/internal/client"
	"github.com/amparo-project/amparo/internal/compare"
	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/settings"
	"github.com/amparo-project/amparo/internal/workspace"
)

// works is what a workspace does for commands: one of this machine, or one at
// a server. Each method does what that of package workspace does.
type works interface {
	book.Store
	outbox.Store

	Info() workspace.Info
	Member() workspace.Member
	LedgerSize(ctx context.Context) (int64, error)
	MembersNamed(ctx context.Context, name string, p workspace.Page) (workspace.List[workspace.Member], error)

	CreateCase(ctx context.Context, title string) (workspace.Case, error)
	Cases(ctx context.Context, state string, p workspace.Page) (workspace.List[workspace.Case], error)
	Case(ctx context.Context, id string) (workspace.Case, error)
	CloseCase(ctx context.Context, id string) error
	ShareCase(ctx context.Context, caseID, member string, role workspace.Role, person string) error
	CaseMembers(ctx context.Context, caseID string) ([]workspace.CaseMember, error)
	ChangeRole(ctx context.Context, caseID, member string, role workspace.Role, person string) error
	RemoveFromCase(ctx context.Context, caseID, member string) error
	Exports(ctx context.Context, caseID, evidence string, p workspace.Page) (workspace.List[workspace.Export], error)

	AddPerson(ctx context.Context, p workspace.Person) (workspace.Person, error)
	PeopleBy(ctx context.Context, caseID string, by workspace.PersonFilter, p workspace.Page) (workspace.List[workspace.Person], error)
	AddDevice(ctx context.Context, caseID, person, label string) (workspace.Device, error)
	Devices(ctx context.Context, caseID, person string, p workspace.Page) (workspace.List[workspace.Device], error)
	AddConsent(ctx context.Context, c workspace.Consent) (workspace.Consent, error)
	Consents(ctx context.Context, caseID, person string, p workspace.Page) (workspace.List[workspace.Consent], error)
	ConsentsHolding(ctx context.Context, caseID, person string, p workspace.Page) (workspace.List[workspace.Consent], error)
	Withdraw(ctx context.Context, id string) (workspace.Remains, error) // and delete what it covered

	Receive(ctx context.Context, caseID, device, path string, progress func(files, bytes int64)) (workspace.Evidence, error)
	Evidences(ctx context.Context, caseID, device string, p workspace.Page) (workspace.List[workspace.Evidence], error)
	Evidence(ctx context.Context, id string) (workspace.Evidence, error)
	EvidenceBy(ctx context.Context, caseID string, by workspace.EvidenceFilter, p workspace.Page) (workspace.List[workspace.Evidence], error)
	Runs(ctx context.Context, by workspace.RunFilter, p workspace.Page) (workspace.List[workspace.Run], error)
	Run(ctx context.Context, id string) (workspace.Run, error)
	Viewed(ctx context.Context, evidence, what string) error
	CompareRuns(ctx context.Context, a, b string, each func(*compare.Difference, *finding.Finding) error) (*compare.Result, error)
	Findings(ctx context.Context, by workspace.FindingFilter, p workspace.Page) (workspace.List[workspace.Finding], error)
	Decide(ctx context.Context, run, id, state, note string) error

	AddJob(ctx context.Context, j workspace.Job, private workspace.JobPrivate) (workspace.Job, error)
	Jobs(ctx context.Context, by workspace.JobFilter, p workspace.Page) (workspace.List[workspace.Job], error)
	Job(ctx context.Context, id string) (workspace.Job, error)
	CancelJob(ctx context.Context, id string) error
	FetchJob(ctx context.Context, id string, w io.Writer) error

	Schedule(ctx context.Context) (workspace.Schedule, error)
	SetSchedule(ctx context.Context, every time.Duration) error
	Updated(ctx context.Context) (workspace.Job, workspace.FeedUpdate, error) // the last update of the feeds
	OrderHunts(ctx context.Context, caseID string, on bool) error
	HuntsOrdered(ctx context.Context) ([]string, error)

	RetireEntry(ctx context.Context, id, reason string) (workspace.Entry, error)
	PutFacts(ctx context.Context, caseID string, facts []*account.Fact) ([]string, error)
	PutEvents(ctx context.Context, caseID string, events []*account.Event) ([]string, error)
	FoundEvents(ctx context.Context, caseID string, findings []string, operator string) ([]string, error)
	PutRegister(ctx context.Context, caseID string, r *book.Register) ([]string, error)

	Acts(ctx context.Context, subject string, p workspace.Page) (workspace.List[workspace.Act], error)
	Checkpoint(ctx context.Context) (signed []byte, n int64, err error)
	Prove(ctx context.Context, i, n int64, checkpoint []byte, open bool) ([]byte, error)
	PublishLedger(ctx context.Context, dir string, n int64, checkpoint []byte) error

	SharedList(ctx context.Context) ([]workspace.SharedFile, error)
	KeptFile(ctx context.Context, name string) ([]byte, error)
	KeepFile(ctx context.Context, name string, data []byte, wish settings.Wish) error
	RemoveFile(ctx context.Context, name string, wish settings.Wish) error

	AddWebhook(ctx context.Context, h workspace.Webhook) (workspace.Webhook, string, error)
	Webhooks(ctx context.Context) ([]workspace.Webhook, error)
	Deliveries(ctx context.Context, id string, limit int) ([]workspace.Delivery, error)
	TestWebhook(ctx context.Context, id string) error
	RemoveWebhook(ctx context.Context, id string) error
}

// here is a workspace of this machine.
type here struct{ *examine.Space }

// Withdraw implements works.
func (h here) Withdraw(ctx context.Context, id string) (workspace.Remains, error) {
	left, err := h.WithdrawConsent(ctx, id)
	if err != nil {
		return left, err
	}
	// Their key is gone: what cannot be deleted now cannot be read either.
	for _, id := range left.Destroyed {
		err = errors.Join(err, h.Vault.Delete(ctx, id))
	}
	return left, err
}

// FetchJob implements works. That it was fetched is in the ledger before the
// first byte.
func (h here) FetchJob(ctx context.Context, id string, w io.Writer) error {
	k, err := h.Kept(ctx, id)
	if err != nil {
		return err
	}
	for _, ev := range k.Private.Of {
		if err := h.Viewed(ctx, ev, id); err != nil {
			return err
		}
	}
	return casework.Fetch(ctx, h.Space, id, Version, func(string, string) io.Writer { return w })
}

// CompareRuns implements works. That both were looked at is in the ledger first.
func (h here) CompareRuns(ctx context.Context, a, b string, each func(*compare.Difference, *finding.Finding) error) (*compare.Result, error) {
	for _, id := range []string{a, b} {
		r, err := h.Run(ctx, id)
		if err != nil {
			return nil, err
		}
		if err := h.Viewed(ctx, r.Evidence, id); err != nil {
			return nil, err
		}
	}
	return h.Compare(ctx, a, b, each)
}

// KeptFile implements works.
func (h here) KeptFile(ctx context.Context, name string) ([]byte, error) {
	data, _, err := h.Shared(ctx, name)
	return data, err
}

// KeepFile implements works.
func (h here) KeepFile(ctx context.Context, name string, data []byte, wish settings.Wish) error {
	return settings.Keep(ctx, h.Workspace, name, data, wish)
}

// RemoveFile implements works.
func (h here) RemoveFile(ctx context.Context, name string, wish settings.Wish) error {
	return settings.Remove(ctx, h.Workspace, name, wish)
}

// Updated implements works.
func (h here) Updated(ctx context.Context) (workspace.Job, workspace.FeedUpdate, error) {
	j, err := h.UpdateJob(ctx)
	if err != nil {
		return j, workspace.FeedUpdate{}, err
	}
	u, err := h.LastUpdate(ctx)
	if errors.Is(err, workspace.ErrNotFound) { // it waits
		err = nil
	}
	return j, u, err
}

// PutFacts implements works.
func (h here) PutFacts(ctx context.Context, caseID string, facts []*account.Fact) ([]string, error) {
	return book.PutFacts(ctx, h.Workspace, caseID, facts)
}

// PutEvents implements works.
func (h here) PutEvents(ctx context.Context, caseID string, events []*account.Event) ([]string, error) {
	return book.PutEvents(ctx, h.Workspace, caseID, events)
}

// PutRegister implements works.
func (h here) PutRegister(ctx context.Context, caseID string, r *book.Register) ([]string, error) {
	return book.PutRegister(ctx, h.Workspace, caseID, r)
}

// FoundEvents implements works.
func (h here) FoundEvents(ctx context.Context, caseID string, findings []string, operator string) ([]string, error) {
	events, err := casework.Events(ctx, h.Space, caseID, findings)
	if err != nil || len(events) == 0 {
		return []string{}, err
	}
	for _, e := range events {
		e.Operator = operator
	}
	return book.PutEvents(ctx, h.Workspace, caseID, events)
}

// Environment variables of a server.
const (
	serverVariable = "AMPARO_SERVER" // https://HOST
	tokenVariable  = "AMPARO_TOKEN"  // made on its page "Programs"
)

// Errors of commands and servers.
var (
	errNotOverServer = errors.New("this command works on a workspace of this machine: leave --server out and unset " + serverVariable)
	errNotHere       = errors.New("that is the server's: leave it out, or leave --server out")
)

// maxToken bounds a file of a token in bytes, maxCA one of certificates.
const (
	maxToken = 4096
	maxCA    = 1 << 20
)

// server is where the workspace is, "" for this machine.
func (f *serverFlags) server() string { return cmp.Or(f.Server, os.Getenv(serverVariable)) }

// dial opens the workspace at the server.
func (f *serverFlags) dial(a *app) (*client.Client, error) {
	o := client.Options{URL: f.server(), Token: os.Getenv(tokenVariable), Lang: a.Lang()}
	if f.TokenFile != "" {
		data, err := a.readBounded(f.TokenFile, maxToken)
		if err != nil {
			return nil, fmt.Errorf("token: %w", err)
		}
		o.Token = strings.TrimSpace(string(data))
	}
	if f.ServerCA != "" {
		var err error
		if o.CA, err = a.readBounded(f.ServerCA, maxCA); err != nil {
			return nil, fmt.Errorf("certificates: %w", err)
		}
	}
	return client.New(a.ctx, o)
}

// either opens the workspace, here or at a server, runs fn and closes it.
func (f *anyFlags) either(a *app, fn func(s works) error) error {
	if f.server() == "" {
		return f.with(a, func(s *space) error { return fn(here{s.Space}) })
	}
	c, err := f.dial(a)
	if err != nil {
		return err
	}
	return fn(c)
}

// moveNotice takes a notice a step further, here or at a server.
func moveNotice(a *app, s works, id, step, note string) (outbox.Notice, error) {
	if c, ok := s.(*client.Client); ok {
		return c.MoveNotice(a.ctx, id, step, note)
	}
	b := boxOver(s)
	switch step {
	case "approve":
		return b.Approve(a.ctx, id)
	case "told":
		return b.Hand(a.ctx, id, note)
	case "read":
		return b.Reading(a.ctx, id, note)
	case "cancel":
		return b.Cancel(a.ctx, id, note)
	case "retry":
		return b.Retry(a.ctx, id)
	}
	return b.Resolve(a.ctx, id, step == "was_sent", note)
}
