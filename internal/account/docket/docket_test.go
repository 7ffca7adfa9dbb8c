package docket_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/account/clock"
	"github.com/amparo-project/amparo/internal/account/docket"
	"github.com/amparo-project/amparo/internal/account/notice"
	"github.com/amparo-project/amparo/internal/account/term"
	"github.com/amparo-project/amparo/internal/workspace"
	"github.com/amparo-project/amparo/internal/workspace/sqlite/sqlitetest"
	"github.com/amparo-project/amparo/internal/workspace/workspacetest"
)

func fixture(t *testing.T) (*workspacetest.Fixture, *docket.Docket) {
	t.Helper()
	db, err := sqlitetest.Open(t.Context(), t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	f := workspacetest.New(t, db)
	terms, err := term.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	return f, &docket.Docket{Store: f.Workspace, Case: f.Case.ID, Terms: terms, Today: term.Day(2017, 12, 7)}
}

func TestDocket(t *testing.T) {
	t.Parallel()
	f, d := fixture(t)
	ctx := t.Context()
	source := account.Source{Title: "press"}
	p, err := d.AddPromise(ctx, clock.Promise{Authority: "Government of Mexico", Made: "2017-06-22", Words: "w", Source: source})
	if err != nil {
		t.Fatal(err)
	}
	// 23:50 in Mexico City is of that day there, and of the next in UTC.
	q, err := d.AddRequest(ctx, clock.Request{Kind: clock.Access, Authority: "PGR", Sent: "2017-06-21T04:50:00Z", Subject: "s", Source: source}, "mx", "")
	if err != nil || q.Sent != "2017-06-20" || q.Term == nil || q.Term.ID != "mx-lgtaip-2015" {
		t.Fatalf("%+v, %v", q, err)
	}
	a, err := d.AddAnswer(ctx, clock.Answer{To: q.ID, Kind: clock.Acknowledged, On: "2017-06-21", Text: "t", Source: source})
	if err != nil {
		t.Fatal(err)
	}
	b, err := d.AddAnswer(ctx, clock.Answer{To: p.ID, Kind: clock.Deed, On: "2017-07-01", Text: "t", Source: source, New: true})
	if err != nil {
		t.Fatal(err)
	}
	size, err := f.LedgerSize(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []struct {
		err  error
		says string
	}{
		{errOf(d.AddAnswer(ctx, clock.Answer{To: q.ID, Kind: clock.Answered, On: "2017-01-01", Text: "t", Source: source})), "one of the days is wrong"},
		{errOf(d.AddAnswer(ctx, clock.Answer{To: "A-none", Kind: clock.Answered, On: "2017-07-01", Text: "t", Source: source})), "no promise and no request"},
		{errOf(d.AddRequest(ctx, clock.Request{Kind: clock.Access, Authority: "PGR", Sent: "2017-06", Subject: "s", Source: source}, "mx", "")), "has no day"},
		{errOf(d.AddRequest(ctx, clock.Request{Kind: clock.Access, Authority: "PGR", Sent: "2017-06-20", Subject: "s", Source: source}, "xx", "")), "no calendar"},
		{errOf(d.AddRequest(ctx, clock.Request{Kind: clock.Access, Authority: "PGR", Sent: "2017-06-20", Subject: "s", Source: source}, "mx", "no-such")), "no such term"},
		{errOf(d.AddPromise(ctx, clock.Promise{Authority: "X", Made: "soon", Words: "w", Source: source})), "write 2017-06-20"},
	} {
		if bad.err == nil || !strings.Contains(bad.err.Error(), bad.says) {
			t.Errorf("%v, want %q", bad.err, bad.says)
		}
	}
	if now, err := f.LedgerSize(ctx); err != nil || now != size {
		t.Errorf("what was refused is in the ledger (%v)", err)
	}
	r, known, err := d.Load(ctx)
	if err != nil || len(r.Promises) != 1 || len(r.Requests) != 1 || len(r.Answers) != 2 || known[a.ID] != "2026-05-01" {
		t.Fatalf("%+v, %v, %v", r, known, err)
	}
	happened := docket.Happenings(r.At(d.Today, d.Terms), known)
	if len(happened) != 2 || happened[0].ID != b.ID || happened[0].Who != "Government of Mexico" || happened[1].Kind != notice.TermPassed || happened[1].Day != "2017-07-18" {
		t.Errorf("%+v", happened)
	}
	// What was withdrawn is gone from the account, and stays in the history.
	if _, err := f.RetireEntry(ctx, p.ID, "entered twice"); err != nil {
		t.Fatal(err)
	}
	if r, _, err := d.Load(ctx); err != nil || len(r.Promises) != 0 || len(r.At(d.Today, d.Terms).Timeline) != 3 {
		t.Errorf("%+v, %v", r, err)
	}
}

func errOf[T any](_ T, err error) error { return err }

func TestFindingsAreOfTheirPerson(t *testing.T) {
	t.Parallel()
	f, _ := fixture(t)
	ctx := t.Context()
	ev := f.Store(f.Folder(map[string]string{"a": "x"}))
	run := f.Check(ev, 2)
	if err := f.Decide(ctx, run.ID, "F-000001", workspace.Confirmed, ""); err != nil {
		t.Fatal(err)
	}
	got, err := docket.Findings(ctx, f.Workspace, f.Case.ID)
	if err != nil || len(got) != 1 || got[0].ID != "F-000001" || got[0].People[0] != f.Person.ID || got[0].Day != "2026-05-01" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := f.Run(ctx, "R-none"); !errors.Is(err, workspace.ErrNotFound) {
		t.Error(err)
	}
}
