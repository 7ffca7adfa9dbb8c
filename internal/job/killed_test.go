package job_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/account/notice"
	"github.com/amparo-project/amparo/internal/account/outbox"
	"github.com/amparo-project/amparo/internal/casework"
	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/exhibit"
	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/job"
	"github.com/amparo-project/amparo/internal/rule"
	"github.com/amparo-project/amparo/internal/testevidence"
	"github.com/amparo-project/amparo/internal/workspace"
	"github.com/amparo-project/amparo/internal/workspace/sqlite"
)

// A kill is a kind of job that is killed at each of its steps.
type kill struct {
	kind string
	// every is at which steps, where a round takes long: 1 is each. With
	// AMPARO_TEST_KILLS=all it is each of all kinds.
	every int64
	// begin makes what there is to do in one more round.
	begin func(round int) (workspace.Job, workspace.JobPrivate)
	// does is what the process of one attempt adds to its engine.
	does func(e *job.Engine)
	// holds looks at what came of a round: the same as if nobody had been killed.
	holds func(j workspace.Job)
}

// dsnOf is how a driver finds the database of a test.
func dsnOf(db *workspace.DB) string {
	at, _ := places.Load(db)
	if db.Dialect == "postgres" {
		return at.(string) //nolint:forcetypeassert // a test's own
	}
	name := filepath.Join(at.(string), sqlite.File) //nolint:forcetypeassert // a test's own
	pragmas := url.Values{"_txlock": {"immediate"}, "_pragma": {"journal_mode(wal)", "synchronous(off)", "foreign_keys(on)", "busy_timeout(60000)"}}
	return "file:" + name + "?" + pragmas.Encode()
}

// process is one that does a job, with so many steps to live: before and after
// all that lasts.
func (l *lab) process(k *kill, lives int64) (e *job.Engine, end func()) {
	l.tb.Helper()
	m := &mortal{}
	m.left.Store(lives)
	db, store := m.database(l.Database(), dsnOf(l.Database())), m.store(l.store)
	e = &job.Engine{
		DB: db, Now: time.Now, Log: slog.New(slog.DiscardHandler), Explain: func(error) string { return "web.job.failed_text" },
		Space: func(w *workspace.Workspace) *examine.Space {
			return &examine.Space{Workspace: w, Vault: store, Dir: l.dir}
		},
		With: func(context.Context, *examine.Space) (examine.With, error) {
			return examine.With{Rules: &rule.Set{}, Version: "test"}, nil
		},
		KeepEvery: time.Nanosecond,
	}
	k.does(e)
	l.ok(e.Workers(l.pool))
	return e, func() { l.ok(db.Close()) }
}

// immortal is more steps than any job has.
const immortal = 1 << 40

// killed does jobs of a kind, a new one each round, and kills the first process
// of the n-th round at its n-th step; another does it then. It ends with the
// round in which nobody had to be killed.
func (l *lab) killed(k *kill) {
	l.tb.Helper()
	ctx := l.tb.Context()
	step := max(k.every, 1)
	if os.Getenv("AMPARO_TEST_KILLS") == "all" {
		step = 1
	}
	for lives := int64(1); ; lives += step {
		j, private := k.begin(int(lives))
		if j.Kind = k.kind; k.kind != workspace.JobUpdate { // which is of no case
			j.Case = l.caseID
		}
		j, err := l.AddJob(ctx, j, private)
		l.ok(err)
		e, end := l.process(k, lives)
		first := e.Attempt(ctx, j.ID)
		end()
		if first != nil && !errors.Is(first, errKilled) {
			l.tb.Fatalf("at step %d: %v", lives, first)
		}
		reaper := workspace.NewWorker(l.Database(), workspace.WorkerOptions{Now: time.Now, Silent: 1})
		for range 2 { // seen, and seen to be silent
			l.ok(reaper.Mend(ctx))
		}
		now, err := l.Job(ctx, j.ID)
		l.ok(err)
		if now.State == workspace.JobWaiting {
			e, end := l.process(k, immortal)
			if err := e.Attempt(ctx, j.ID); err != nil {
				l.tb.Fatalf("again after step %d: %v", lives, err)
			}
			end()
			now, err = l.Job(ctx, j.ID)
			l.ok(err)
		}
		if now.State != workspace.JobDone {
			l.tb.Fatalf("after step %d: %+v", lives, now)
		}
		k.holds(now)
		if l.tb.Failed() {
			l.tb.Fatalf("it was killed at step %d", lives)
		}
		if first == nil {
			l.tb.Logf("%s: fewer than %d steps", k.kind, lives)
			return
		}
	}
}

// acts counts the entries of the ledger of a kind.
func (l *lab) acts(kind string) (n int) {
	l.tb.Helper()
	for page := (workspace.Page{Limit: workspace.MaxLimit}); ; {
		list, err := l.Acts(l.tb.Context(), "", page)
		l.ok(err)
		for _, a := range list.Items {
			if strings.Contains(a.Entry, kind) {
				n++
			}
		}
		if page.After = list.Next; page.After == "" {
			return n
		}
	}
}

// once holds what was counted to have grown by so many since the last call.
func (l *lab) once(what string, count func() int) func(by int) {
	before := count()
	return func(by int) {
		l.tb.Helper()
		now := count()
		if now-before != by {
			l.tb.Errorf("%s: %d more, not %d", what, now-before, by)
		}
		before = now
	}
}

// TestKilled kills jobs of each kind before and after each thing that lasts, in
// the database and in the store, and has another process do them again: all is as if nobody
// had been killed, and nothing is there twice.
func TestKilled(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("the same work many times, by one worker")
	}
	for name := range databases(t) {
		for kind, begin := range map[string]func(*lab) *kill{
			workspace.JobHunt: killHunt, workspace.JobLinks: killLinks, workspace.JobIndex: killIndex, workspace.JobExport: killExport,
			workspace.JobNotice: killNotice, workspace.JobRemind: killRemind, workspace.JobReceive: killReceive,
			workspace.JobUpdate: killUpdate,
		} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				l := newLab(t, databases(t)[name])
				l.killed(begin(l))
			})
		}
	}
}

func killHunt(l *lab) *kill {
	dir := l.tb.TempDir()
	l.ok(testevidence.WriteIndicators(dir))
	r := l.checked()
	sets, err := indicator.LoadPath(dir)
	l.ok(err)
	exec := func(query string) {
		_, err := l.Database().Pool.ExecContext(l.tb.Context(), query)
		l.ok(err)
	}
	found := 0
	done := l.once("hunts", func() int { return l.acts("hunt.done") })
	return &kill{
		kind: workspace.JobHunt,
		begin: func(int) (workspace.Job, workspace.JobPrivate) {
			exec("DELETE FROM finding")
			exec("DELETE FROM hunted")
			return workspace.Job{}, workspace.JobPrivate{}
		},
		does: func(e *job.Engine) {
			e.Sets = func(context.Context, *examine.Space) ([]*indicator.Set, error) { return sets, nil }
		},
		holds: func(workspace.Job) {
			done(len(sets))
			n := l.count("SELECT COUNT(*) FROM finding")
			if n == 0 || found != 0 && n != found {
				l.tb.Errorf("%d findings in %s, before there were %d", n, r.ID, found)
			}
			found = n
		},
	}
}

func killLinks(l *lab) *kill {
	l.checked()
	made := l.once("comparisons", func() int { return l.acts("links.made") })
	return &kill{
		kind:  workspace.JobLinks,
		begin: func(int) (workspace.Job, workspace.JobPrivate) { return workspace.Job{}, workspace.JobPrivate{} },
		does: func(e *job.Engine) {
			e.Links = func(ctx context.Context, s *examine.Space, caseID string, m *indicator.Matcher) error {
				_, err := casework.Links(ctx, s.Workspace, caseID, m)
				return err
			}
		},
		holds: func(workspace.Job) {
			made(1)
			if g, err := l.KeptLinks(l.tb.Context(), l.caseID, ""); err != nil || g.People != 1 {
				l.tb.Errorf("%+v, %v", g, err)
			}
		},
	}
}

func killIndex(l *lab) *kill {
	r := l.checked()
	const parts = "SELECT COUNT(*) FROM bundle_batch WHERE bundle LIKE 'I-%'"
	whole := l.count(parts)
	return &kill{
		kind: workspace.JobIndex,
		begin: func(int) (workspace.Job, workspace.JobPrivate) {
			for _, table := range []string{"bundle_batch", "segment_ref"} {
				_, err := l.Database().Pool.ExecContext(l.tb.Context(), "DELETE FROM "+table+" WHERE bundle LIKE 'I-%'")
				l.ok(err)
			}
			return workspace.Job{}, workspace.JobPrivate{}
		},
		does: func(*job.Engine) {},
		holds: func(workspace.Job) {
			w, err := l.space().Words(l.tb.Context(), &r)
			l.ok(err)
			x, err := l.space().Timeline(l.tb.Context(), &r)
			l.ok(err)
			l.ok(errors.Join(w.Close(), x.Close()))
			if n := l.count(parts); n != whole {
				l.tb.Errorf("%d parts of indexes, not %d", n, whole)
			}
		},
	}
}

func killExport(l *lab) *kill {
	r := l.checked()
	l.consentTo(r, "evidence:the court")
	left := l.once("exports", func() int { return l.acts("evidence.exported") })
	var payload map[string]string
	return &kill{
		kind: workspace.JobExport, every: 17,
		begin: func(int) (workspace.Job, workspace.JobPrivate) {
			return workspace.Job{}, workspace.JobPrivate{Lang: "en", Output: &workspace.JobOutput{
				Subject: r.Evidence, Recipient: "the court", Evidence: exhibit.Needed, Formats: []string{"json"}, Languages: []string{"en"},
			}}
		},
		does: export,
		holds: func(j workspace.Job) {
			left(1)
			data, err := l.fetch(j.ID)
			l.ok(err)
			got := l.exhibit(data)
			delete(got, "data/export.json") // which names it, and its day
			if payload == nil {
				payload = got
			}
			if !maps.Equal(payload, got) {
				l.tb.Errorf("the exhibit is %v, not %v", got, payload)
			}
			if n := l.count("SELECT COUNT(*) FROM kept WHERE made = '' OR job_id NOT IN (SELECT id FROM job)"); n != 0 {
				l.tb.Errorf("%d results are left that nobody fetches", n)
			}
		},
	}
}

// post is a mail server that counts what it took.
type post struct {
	mu   sync.Mutex
	took map[string]int // guarded by mu; by message
}

func (p *post) box(s outbox.Store, later time.Duration) *outbox.Box {
	return &outbox.Box{
		Store: s, Now: func() time.Time { return time.Now().Add(later) },
		Config: &notice.Config{
			From: "help@example.org", Team: []string{"team@example.org"}, SMTP: notice.SMTP{Host: "127.0.0.1", Port: 1},
			Helpline: notice.Helpline{Name: "H", Reach: map[string]string{"en": "x", "es": "x"}},
		},
		Send: func(_ context.Context, _ *notice.Config, m notice.Message) notice.Outcome {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.took[m.ID]++
			return notice.Outcome{State: notice.Sent}
		},
	}
}

// holds looks at all notices: each went out once, or was being sent when the
// process was killed, and a human decides.
func (p *post) holds(l *lab, want int) {
	l.tb.Helper()
	list, err := p.box(l.Workspace, 0).Notices(l.tb.Context(), l.caseID)
	l.ok(err)
	if len(list) != want {
		l.tb.Errorf("%d notices, not %d", len(list), want)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range list {
		n := &list[i]
		sent := p.took[n.MessageID]
		if sent > 1 || n.State == notice.Sent && sent != 1 || n.State != notice.Sent && n.State != notice.Unclear {
			l.tb.Errorf("notice %s is %s, and was sent %d times", n.ID, n.State, sent)
		}
	}
}

func event(round int) []outbox.Happening {
	return []outbox.Happening{{Event: notice.Event{Kind: notice.AnswerReceived, ID: fmt.Sprintf("A-%d", round), Day: "2017-07-18", Who: "PGR"}, Known: "2099-01-01"}}
}

// mailed is a person who wants to be told by mail.
func (p *post) mailed(l *lab) {
	l.tb.Helper()
	_, err := l.AddPerson(l.tb.Context(), workspace.Person{Case: l.caseID, Pseudonym: "heron"})
	l.ok(err)
	_, err = p.box(l.Workspace, 0).Ask(l.tb.Context(), l.caseID, outbox.Wish{Person: "heron", Channel: notice.Mail, Address: "heron@example.net", Lang: "en"})
	l.ok(err)
}

func killNotice(l *lab) *kill {
	p := &post{took: map[string]int{}}
	p.mailed(l)
	rounds, attempts := 0, 0
	return &kill{
		kind: workspace.JobNotice,
		begin: func(round int) (workspace.Job, workspace.JobPrivate) {
			b := p.box(l.Workspace, 0)
			made, err := b.Due(l.tb.Context(), l.caseID, event(round))
			l.ok(err)
			if len(made) != 1 {
				l.tb.Fatalf("%+v", made)
			}
			_, err = b.Approve(l.tb.Context(), made[0].ID)
			l.ok(err)
			rounds++
			return workspace.Job{}, workspace.JobPrivate{}
		},
		does: func(e *job.Engine) {
			attempts++
			later := time.Duration(attempts) * 2 * notice.MaxSending // the next process comes when no other can be sending
			e.Deliver = func(ctx context.Context, s *examine.Space, caseID string, last bool) error {
				_, err := p.box(s.Workspace, later).Deliver(ctx, caseID, last)
				return err
			}
		},
		holds: func(workspace.Job) { p.holds(l, rounds) },
	}
}

func killRemind(l *lab) *kill {
	p := &post{took: map[string]int{}}
	rounds, attempts := 0, 0
	return &kill{
		kind: workspace.JobRemind,
		begin: func(int) (workspace.Job, workspace.JobPrivate) {
			rounds++
			return workspace.Job{}, workspace.JobPrivate{}
		},
		does: func(e *job.Engine) {
			attempts++
			later := time.Duration(attempts) * 2 * notice.MaxSending
			e.Remind = func(ctx context.Context, s *examine.Space, caseID string) error {
				b := p.box(s.Workspace, later)
				ev := notice.Event{Kind: "reminder", ID: fmt.Sprintf("R-%d", rounds), Day: "2017-07-18"}
				if _, err := b.Remind(ctx, caseID, "en", ev, notice.Text{Subject: "due", Body: "it is due"}); err != nil {
					return err
				}
				_, err := b.Run(ctx, caseID)
				return err
			}
		},
		holds: func(workspace.Job) { p.holds(l, rounds) },
	}
}

func killReceive(l *lab) *kill {
	ctx := l.tb.Context()
	p, err := l.AddPerson(ctx, workspace.Person{Case: l.caseID, Pseudonym: "heron"})
	l.ok(err)
	_, err = l.AddConsent(ctx, workspace.Consent{
		Case: l.caseID, Person: p.ID, Purposes: workspace.Purposes, Until: "2099-12-31", FormSHA256: strings.Repeat("a", 64),
		Private: workspace.ConsentTerms{GivenBy: "heron"},
	})
	l.ok(err)
	backup := filepath.Join(l.tb.TempDir(), "backup")
	_, err = testevidence.WriteIOSBackup(backup, testevidence.Options{Messages: 100})
	l.ok(err)
	stored := l.once("pieces of evidence", func() int { return l.count("SELECT COUNT(*) FROM evidence") })
	whole := l.once("pieces of evidence that are whole", func() int { return l.count("SELECT COUNT(*) FROM evidence WHERE state = 'stored'") })
	runs := l.once("checks", func() int { return l.count("SELECT COUNT(*) FROM run WHERE state = 'stored'") })
	return &kill{
		kind: workspace.JobReceive, every: 17,
		begin: func(int) (workspace.Job, workspace.JobPrivate) {
			d, err := l.AddDevice(ctx, l.caseID, p.ID, "phone")
			l.ok(err)
			return workspace.Job{Device: d.ID}, workspace.JobPrivate{Path: backup, Lang: "en"}
		},
		does: func(*job.Engine) {},
		holds: func(j workspace.Job) {
			stored(1)
			whole(1)
			runs(1)
			if len(j.Runs) != 1 || j.Evidence == "" {
				l.tb.Errorf("%+v", j)
			}
		},
	}
}
