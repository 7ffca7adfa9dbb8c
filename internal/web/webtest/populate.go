package webtest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/account/clock"
	"github.com/amparo-project/amparo/internal/account/docket"
	"github.com/amparo-project/amparo/internal/account/term"
	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/lure"
	"github.com/amparo-project/amparo/internal/rule"
	"github.com/amparo-project/amparo/internal/testevidence"
	"github.com/amparo-project/amparo/internal/workspace"
)

// Size is how much to make.
type Size struct {
	Cases, Devices int // cases; devices of each
	Findings       int // of each phone but the first of a case, at most
	Messages       int // of a backup: 20,000 make some 50,000 events
}

// A World is what was made, by its ids.
type World struct {
	Cases    []Case
	Devices  int
	Events   int64
	Findings int64
}

// Case is one case and what belongs to it.
type Case struct {
	ID                  string
	People, Consents    []string
	Devices, Evidence   []string
	Runs, Jobs          []string
	FindingsOf          map[string][]string // by run
	firstEvidence, work string
}

// Populate fills the workspace of a member, in the proportions of a helpline.
// Folders for what is made first lie below work, and are removed.
//
// The first phone of each case is a synthetic backup that is taken in and
// checked as any other. The other phones of the case have its files and its
// result, with findings of their own: what is the same in a case lies in the
// vault once, so that fifty million events take a few gigabytes.
func Populate(ctx context.Context, sp *examine.Space, size Size, work string, progress func(string)) (*World, error) {
	with, err := checkedWith(work)
	if err != nil {
		return nil, err
	}
	w := &World{}
	for i := range size.Cases {
		m := &maker{ctx: ctx, sp: sp, size: size, with: with, world: w, n: i}
		if err := m.one(filepath.Join(work, fmt.Sprintf("case-%d", i))); err != nil {
			return nil, fmt.Errorf("case %d: %w", i, err)
		}
		if progress != nil {
			progress(fmt.Sprintf("%d of %d cases, %d devices, %d findings, %d events", i+1, size.Cases, w.Devices, w.Findings, w.Events))
		}
	}
	return w, nil
}

// checkedWith is what backups are checked with: the indicators of what is
// planted in them.
func checkedWith(work string) (examine.With, error) {
	dir := filepath.Join(work, "indicators")
	if err := testevidence.WriteIndicators(dir); err != nil {
		return examine.With{}, err
	}
	sets, err := indicator.LoadPath(dir)
	if err != nil {
		return examine.With{}, err
	}
	rules, err := rule.Builtin()
	if err != nil {
		return examine.With{}, err
	}
	lures, err := lure.Builtin()
	if err != nil {
		return examine.With{}, err
	}
	w := examine.With{Matcher: indicator.NewMatcher(sets), Rules: rules, Lures: lures, Version: "test"}
	for _, s := range sets {
		w.Sets = append(w.Sets, s.Describe())
	}
	return w, nil
}

// maker makes one case.
type maker struct {
	ctx   context.Context //nolint:containedctx // of the one call
	sp    *examine.Space
	size  Size
	with  examine.With
	world *World
	n     int
	c     Case
}

const form = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func (m *maker) one(work string) error {
	c, err := m.sp.CreateCase(m.ctx, fmt.Sprintf("Case %d: a newsroom and those around it", m.n))
	if err != nil {
		return err
	}
	m.c = Case{ID: c.ID, FindingsOf: map[string][]string{}, work: work}
	for i := range m.size.Devices {
		if err := m.phone(i); err != nil {
			return err
		}
	}
	if err := m.account(); err != nil {
		return err
	}
	m.world.Cases = append(m.world.Cases, m.c)
	return os.RemoveAll(work)
}

// phone makes a person with a phone and its evidence, checked.
func (m *maker) phone(i int) error {
	p, err := m.sp.AddPerson(m.ctx, workspace.Person{
		Case: m.c.ID, Pseudonym: fmt.Sprintf("heron-%d-%d", m.n, i),
		Private: workspace.PersonPrivate{Name: fmt.Sprintf("Person %d", i), Languages: []string{"es"}, Reach: []string{"signal:+5255000000"}},
	})
	if err != nil {
		return err
	}
	k, err := m.sp.AddConsent(m.ctx, workspace.Consent{
		Case: m.c.ID, Person: p.ID, Purposes: workspace.Purposes, Until: "2999-01-01", FormSHA256: form,
		Private: workspace.ConsentTerms{GivenBy: p.Pseudonym},
	})
	if err != nil {
		return err
	}
	d, err := m.sp.AddDevice(m.ctx, m.c.ID, p.ID, fmt.Sprintf("iPhone %d", i))
	if err != nil {
		return err
	}
	m.c.People, m.c.Consents, m.c.Devices = append(m.c.People, p.ID), append(m.c.Consents, k.ID), append(m.c.Devices, d.ID)
	m.world.Devices++
	if i == 0 {
		err = m.first(d.ID)
	} else {
		err = m.another(d.ID, i)
	}
	if err != nil {
		return err
	}
	j, err := m.sp.AddJob(m.ctx, workspace.Job{Case: m.c.ID, Kind: workspace.JobCheck, Device: d.ID, Evidence: m.c.Evidence[i]}, workspace.JobPrivate{})
	if err != nil {
		return err
	}
	m.c.Jobs = append(m.c.Jobs, j.ID)
	return m.sp.CancelJob(m.ctx, j.ID)
}

// first takes a backup in and checks it.
func (m *maker) first(device string) error {
	backup := filepath.Join(m.c.work, "backup")
	if err := os.MkdirAll(m.c.work, 0o700); err != nil {
		return err
	}
	if _, err := testevidence.WriteIOSBackup(backup, testevidence.Options{
		Seed: uint64(m.n + 1), Messages: m.size.Messages, Plant: true, Decoys: true, Partial: true,
	}); err != nil {
		return err
	}
	ev, err := m.sp.Receive(m.ctx, m.c.ID, device, backup, nil)
	if err != nil {
		return err
	}
	stored, err := m.sp.Open(m.ctx, ev)
	if err != nil {
		return err
	}
	runs, err := stored.Check(m.ctx, m.with)
	if err != nil {
		return err
	}
	m.c.firstEvidence = ev.ID
	m.c.Evidence = append(m.c.Evidence, ev.ID)
	return m.took(runs[0])
}

// took notes a run and its findings.
func (m *maker) took(run string) error {
	m.c.Runs = append(m.c.Runs, run)
	r, err := m.sp.Run(m.ctx, run)
	if err != nil {
		return err
	}
	m.world.Events += r.Summary.Totals.Events
	l, err := m.sp.Findings(m.ctx, workspace.FindingFilter{Run: run}, workspace.Page{Limit: workspace.MaxLimit})
	if err != nil {
		return err
	}
	m.world.Findings += int64(len(l.Items))
	for i := range l.Items {
		m.c.FindingsOf[run] = append(m.c.FindingsOf[run], l.Items[i].ID)
	}
	return nil
}

// account adds a promise and what became of it.
func (m *maker) account() error {
	terms, err := term.Load(nil)
	if err != nil {
		return err
	}
	d := &docket.Docket{Store: m.sp.Workspace, Case: m.c.ID, Terms: terms, Today: term.Day(2026, time.March, 1)}
	for i := range 3 {
		if _, err := d.AddPromise(m.ctx, clock.Promise{
			Authority: fmt.Sprintf("Authority %d", i), Made: "2025-06-01", Due: "2025-07-01", Words: "It will be investigated",
			Source: account.Source{Title: "Press release", URL: "https://example.org/promise"},
		}); err != nil {
			return err
		}
	}
	return nil
}

// of changes what is a phone's own in a finding.
func of(f *finding.Finding, phone int) {
	f.ID = fmt.Sprintf("F-%012x", hashOf(f.ID, phone))
}
