package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/account/notice"
	"github.com/amparo-project/amparo/internal/account/notice/smtptest"
	"github.com/amparo-project/amparo/internal/account/outbox"
	"github.com/amparo-project/amparo/internal/workspace"
	"github.com/amparo-project/amparo/internal/workspace/sqlite/sqlitetest"
	"github.com/amparo-project/amparo/internal/workspace/workspacetest"
)

func fixture(t *testing.T) *workspacetest.Fixture {
	t.Helper()
	db, err := sqlitetest.Open(t.Context(), t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return workspacetest.New(t, db)
}

func config(s *smtptest.Server) *notice.Config {
	c := &notice.Config{
		From: "Helpline <help@example.org>", Team: []string{"team@example.org"},
		Helpline: notice.Helpline{Name: "The helpline", Reach: map[string]string{"en": "Signal", "es": "Signal"}},
	}
	if s != nil {
		c.SMTP = notice.SMTP{Host: "127.0.0.1", Port: s.Port, TLS: notice.StartTLS, CAFile: s.CA, Timeout: 5 * time.Second}
	}
	return c
}

func box(f *workspacetest.Fixture, s *smtptest.Server) *outbox.Box {
	return &outbox.Box{Store: f.Workspace, Config: config(s), Now: f.Clock.Now}
}

func server(t *testing.T, fault string) *smtptest.Server {
	t.Helper()
	s, err := smtptest.Start(smtptest.Options{Fault: fault, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

var happened = []outbox.Happening{{Event: notice.Event{Kind: notice.AnswerReceived, ID: "A-1", Day: "2017-07-18", Who: "PGR"}, Known: "2026-06-01"}}

// approved is a mail that a human approved.
func approved(t *testing.T, b *outbox.Box, f *workspacetest.Fixture) outbox.Notice {
	t.Helper()
	ctx := t.Context()
	if _, err := b.Ask(ctx, f.Case.ID, outbox.Wish{Person: "heron", Channel: notice.Mail, Address: "heron@example.net"}); err != nil {
		t.Fatal(err)
	}
	made, err := b.Due(ctx, f.Case.ID, happened)
	if err != nil || len(made) != 1 || made[0].State != notice.Draft {
		t.Fatalf("%+v, %v", made, err)
	}
	n, err := b.Approve(ctx, made[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestOneNoticeIsSentOnce(t *testing.T) {
	t.Parallel()
	f, s := fixture(t), server(t, smtptest.Works)
	b := box(f, s)
	ctx := t.Context()
	n := approved(t, b, f)
	// Nothing goes out before a human approved it, and nothing twice.
	for range 3 {
		if again, err := b.Due(ctx, f.Case.ID, happened); err != nil || len(again) != 0 {
			t.Fatalf("a second notice of the same: %+v, %v", again, err)
		}
		if _, err := b.Run(ctx, f.Case.ID); err != nil {
			t.Fatal(err)
		}
	}
	got := s.Messages()
	if len(got) != 1 || !strings.Contains(got[0].Data, n.MessageID) || got[0].To != "heron@example.net" {
		t.Fatalf("the server has %+v", got)
	}
	if n, err := b.Reading(ctx, n.ID, "said so by phone"); err != nil || n.State != notice.Read {
		t.Fatalf("%+v, %v", n, err)
	}
	r := f.Verify()
	for _, act := range []string{"notice.asked", "notice.drafted", "notice.queued", "notice.sending", "notice.sent", "notice.read"} {
		if r.Acts[act] != 1 {
			t.Errorf("%s is in the ledger %d times", act, r.Acts[act])
		}
	}
}

// TestTwoProcesses lets many send at the same time: the server gets each mail
// once.
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	f, s := fixture(t), server(t, smtptest.Works)
	b := box(f, s)
	approved(t, b, f)
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			if _, err := b.Run(t.Context(), f.Case.ID); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := s.Messages(); len(got) != 1 {
		t.Errorf("the server has %d messages", len(got))
	}
}

// errDied is what a process says no more.
var errDied = errors.New("the process died")

// dying is a workspace whose process dies at the n-th write: before it is
// written, or after.
type dying struct {
	outbox.Store
	n     int
	after bool
	dead  bool
}

func (d *dying) PutEntry(ctx context.Context, e workspace.Entry) (workspace.Entry, error) {
	if d.dead {
		return e, errDied
	}
	d.n--
	if d.n == 0 && !d.after {
		d.dead = true
		return e, errDied
	}
	out, err := d.Store.PutEntry(ctx, e)
	if d.n == 0 {
		d.dead = true
		return out, errDied
	}
	return out, err
}

// TestDeath kills the process at each write, with servers of each fault, and
// then works on as people do: with a human who asks the server for the
// Message-ID. In the end the server has the mail once.
func TestDeath(t *testing.T) {
	t.Parallel()
	for _, fault := range []string{smtptest.Works, smtptest.DiesBefore250, smtptest.DiesAfter250, smtptest.DiesInTheMiddle, smtptest.Busy} {
		first := 5 // the write of what the server said
		if !testing.Short() && (fault == smtptest.Works || fault == smtptest.DiesBefore250) {
			first = 1
		}
		for n := first; n <= 5; n++ {
			for _, after := range []bool{false, true} {
				for how, run := range map[string]runner{"run": (*outbox.Box).Run, "job": deliver} {
					t.Run(fmt.Sprintf("%.12s_%d_%v_%s", strings.ReplaceAll(fault, " ", "-"), n, after, how), func(t *testing.T) {
						t.Parallel()
						death(t, fault, n, after, run)
					})
				}
			}
		}
	}
}

// runner sends what was approved.
type runner func(b *outbox.Box, ctx context.Context, caseID string) ([]outbox.Notice, error)

// deliver is a job that comes again.
func deliver(b *outbox.Box, ctx context.Context, caseID string) ([]outbox.Notice, error) {
	return b.Deliver(ctx, caseID, false)
}

// TestDeliver sends as a job does: what surely was not sent waits for the next
// time, as the same message; the last time it is for a human.
func TestDeliver(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	f, busy, well := fixture(t), server(t, smtptest.Busy), server(t, smtptest.Works)
	n := approved(t, box(f, busy), f)
	for i, tt := range []struct {
		server *smtptest.Server
		last   bool
		want   notice.State
		err    error
	}{{busy, false, notice.Queued, outbox.ErrAgain}, {busy, true, notice.Failed, nil}, {well, false, notice.Sent, nil}} {
		b := box(f, tt.server)
		if i == 2 {
			if _, err := b.Retry(ctx, n.ID); err != nil {
				t.Fatal(err)
			}
		}
		gone, cancel := context.WithCancel(ctx)
		cancel()
		if moved, err := b.Deliver(gone, f.Case.ID, tt.last); !errors.Is(err, context.Canceled) || len(moved) != 0 {
			t.Errorf("%d: a mail was begun after the end: %+v %v", i, moved, err)
		}
		if _, err := b.Deliver(ctx, f.Case.ID, tt.last); !errors.Is(err, tt.err) {
			t.Errorf("%d: %v", i, err)
		}
		if got, err := b.Notice(ctx, n.ID); err != nil || got.State != tt.want || got.MessageID != n.MessageID {
			t.Errorf("%d: %+v %v", i, got, err)
		}
	}
	if len(well.Messages()) != 1 || len(busy.Messages()) != 0 {
		t.Errorf("%d and %d mails", len(well.Messages()), len(busy.Messages()))
	}
}

func death(t *testing.T, fault string, n int, after bool, run runner) {
	t.Helper()
	ctx := t.Context()
	f, s, well := fixture(t), server(t, fault), server(t, smtptest.Works)
	b := box(f, s)
	b.Store = &dying{Store: f.Workspace, n: n, after: after}
	work := func(b *outbox.Box) {
		_, _ = b.Ask(ctx, f.Case.ID, outbox.Wish{Person: "heron", Channel: notice.Mail, Address: "heron@example.net"})
		_, _ = b.Due(ctx, f.Case.ID, happened)
		list, _ := b.Notices(ctx, f.Case.ID)
		for _, n := range list {
			if n.State == notice.Draft {
				_, _ = b.Approve(ctx, n.ID)
			}
		}
		_, _ = run(b, ctx, f.Case.ID)
	}
	work(b)
	// The next process, with a server that works.
	b = box(f, well)
	work(b)
	f.Clock.Add(notice.MaxSending + time.Minute)
	for range 3 {
		work(b)
		list, err := b.Notices(ctx, f.Case.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range list {
			switch n.State {
			case notice.Unclear:
				if _, err := b.Resolve(ctx, n.ID, has(s, n.MessageID) || has(well, n.MessageID), "asked the server"); err != nil {
					t.Fatal(err)
				}
			case notice.Failed:
				if _, err := b.Retry(ctx, n.ID); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	list, err := b.Notices(ctx, f.Case.ID)
	if err != nil || len(list) != 1 || list[0].State != notice.Sent {
		t.Fatalf("in the end: %+v, %v", list, err)
	}
	if got := len(s.Messages()) + len(well.Messages()); got != 1 {
		t.Errorf("the mail went out %d times", got)
	}
	f.Verify()
}

func has(s *smtptest.Server, messageID string) bool {
	for _, m := range s.Messages() {
		if strings.Contains(m.Data, messageID) {
			return true
		}
	}
	return false
}

func TestNoChannel(t *testing.T) {
	t.Parallel()
	f := fixture(t)
	b := box(f, nil)
	ctx := t.Context()
	// The person has a number in Signal and no address for mail.
	if _, err := b.Ask(ctx, f.Case.ID, outbox.Wish{Person: "heron", Channel: notice.Mail}); err != nil {
		t.Fatal(err)
	}
	made, err := b.Due(ctx, f.Case.ID, happened)
	if err != nil || len(made) != 1 || made[0].State != notice.NoChannel {
		t.Fatalf("%+v, %v", made, err)
	}
	if _, err := b.Approve(ctx, made[0].ID); !errors.Is(err, notice.ErrMove) {
		t.Errorf("approved without a channel: %v", err)
	}
	if again, err := b.Due(ctx, f.Case.ID, happened); err != nil || len(again) != 0 {
		t.Errorf("%+v, %v", again, err)
	}
	// They want to be called instead: the same notice becomes a draft.
	w, err := b.Ask(ctx, f.Case.ID, outbox.Wish{Person: f.Person.ID, Channel: notice.Phone})
	if err != nil || w.Lang != "es" {
		t.Fatalf("%+v, %v", w, err)
	}
	made, err = b.Due(ctx, f.Case.ID, happened)
	if err != nil || len(made) != 1 || made[0].State != notice.Draft || made[0].Address != "+520000" || !strings.Contains(made[0].Text.Body, "PGR") {
		t.Fatalf("%+v, %v", made, err)
	}
	if _, err := b.Approve(ctx, made[0].ID); err != nil {
		t.Fatal(err)
	}
	if moved, err := b.Run(ctx, f.Case.ID); err != nil || len(moved) != 0 {
		t.Errorf("a call was sent: %+v, %v", moved, err)
	}
	if n, err := b.Hand(ctx, made[0].ID, "told by Ana"); err != nil || n.State != notice.Sent {
		t.Errorf("%+v, %v", n, err)
	}
}

func TestWhoIsTold(t *testing.T) {
	t.Parallel()
	f := fixture(t)
	b := box(f, nil)
	ctx := t.Context()
	other, err := f.AddPerson(ctx, workspace.Person{Case: f.Case.ID, Pseudonym: "ibis", Private: workspace.PersonPrivate{Reach: []string{"tel:+1"}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []outbox.Wish{
		{Person: "heron", Channel: notice.Phone, Events: []string{notice.FindingConfirmed}},
		{Person: "ibis", Channel: notice.Phone},
	} {
		if _, err := b.Ask(ctx, f.Case.ID, w); err != nil {
			t.Fatal(err)
		}
	}
	made, err := b.Due(ctx, f.Case.ID, []outbox.Happening{
		{Event: notice.Event{Kind: notice.FindingConfirmed, ID: "F-1"}, People: []string{f.Person.ID}, Known: "2026-06-01"}, // of heron's phone
		{Event: notice.Event{Kind: notice.TermPassed, ID: "A-2", Day: "2017-07-18", Who: "PGR"}, Known: "2026-06-01"},
		{Event: notice.Event{Kind: notice.TermPassed, ID: "A-3", Day: "2017-07-18", Who: "PGR"}, Known: "2026-04-30"}, // before they asked
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, n := range made {
		got = append(got, map[string]string{f.Person.ID: "heron", other.ID: "ibis"}[n.Person]+" "+n.Event.Kind)
	}
	if len(got) != 2 || got[0] != "heron finding" || got[1] != "ibis term" {
		t.Errorf("told: %v", got)
	}
	if _, err := b.Ask(ctx, f.Case.ID, outbox.Wish{Person: "nobody", Channel: notice.Phone}); !errors.Is(err, workspace.ErrNotFound) {
		t.Errorf("%v", err)
	}
	if _, err := b.Ask(ctx, f.Case.ID, outbox.Wish{Person: "ibis", Channel: "pigeon"}); err == nil || !strings.Contains(err.Error(), "pigeon") {
		t.Errorf("%v", err)
	}
}

func TestWhileSending(t *testing.T) {
	t.Parallel()
	f := fixture(t)
	b := box(f, server(t, smtptest.Works))
	n := approved(t, b, f)
	b.Send = func(context.Context, *notice.Config, notice.Message) notice.Outcome {
		if _, err := b.Resolve(t.Context(), n.ID, false, ""); !errors.Is(err, outbox.ErrSending) {
			t.Errorf("resolved while it is sent: %v", err)
		}
		if moved, err := b.Run(t.Context(), f.Case.ID); err != nil || len(moved) != 0 {
			t.Errorf("sent while it is sent: %+v, %v", moved, err)
		}
		return notice.Outcome{State: notice.Sent}
	}
	if moved, err := b.Run(t.Context(), f.Case.ID); err != nil || len(moved) != 1 || moved[0].State != notice.Sent {
		t.Errorf("%+v, %v", moved, err)
	}
}

func TestReminders(t *testing.T) {
	t.Parallel()
	f, s := fixture(t), server(t, smtptest.Works)
	b := box(f, s)
	e := notice.Event{Kind: "reminder", ID: "A-1", Day: "2017-07-18"}
	for range 2 {
		if _, err := b.Remind(t.Context(), f.Case.ID, "en", e, notice.Text{Subject: "s", Body: "b"}); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Run(t.Context(), f.Case.ID); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.Messages(); len(got) != 1 || got[0].To != "team@example.org" {
		t.Errorf("%+v", got)
	}
}
