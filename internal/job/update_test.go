package job_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/job"
	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/workspace"
)

// wait waits until something is so.
func wait(tb testing.TB, what string, is func() bool) {
	tb.Helper()
	for until := time.Now().Add(2 * time.Minute); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(until) {
			tb.Fatal("not in two minutes: " + what)
		}
	}
}

func nothing(int) error { return nil }

func (l *lab) update() workspace.Job {
	l.tb.Helper()
	j, err := l.AddJob(l.tb.Context(), workspace.Job{Kind: workspace.JobUpdate}, workspace.JobPrivate{})
	l.ok(err)
	return j
}

// eachWithFeeds runs a test on each database, with a lab that shares indicators
// and a server of feeds.
func eachWithFeeds(t *testing.T, test func(t *testing.T, l *lab, p *publisher)) {
	t.Helper()
	for name, open := range databases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, sharing(t, open), newPublisher(t))
		})
	}
}

// sharing is a lab whose workers share indicators, with a check of a phone in whose
// case hunts are ordered.
func sharing(t *testing.T, open func() *workspace.DB) *lab {
	t.Helper()
	l := newLab(t, open)
	_, err := l.space().ShareIndicators(t.Context(), nil)
	l.ok(err)
	l.observed(l.caseID, "evil.example")
	l.ok(l.OrderHunts(t.Context(), l.caseID, true))
	return l
}

// observed is a run in which a value was seen, of a person who consents to all.
func (l *lab) observed(caseID, value string) {
	l.tb.Helper()
	ctx := l.tb.Context()
	p, err := l.AddPerson(ctx, workspace.Person{Case: caseID, Pseudonym: "ibis"})
	l.ok(err)
	_, err = l.AddConsent(ctx, workspace.Consent{
		Case: caseID, Person: p.ID, Purposes: workspace.Purposes, Until: "2099-12-31", FormSHA256: strings.Repeat("a", 64), Private: workspace.ConsentTerms{GivenBy: "ibis"},
	})
	l.ok(err)
	d, err := l.AddDevice(ctx, caseID, p.ID, "phone")
	l.ok(err)
	dir := l.tb.TempDir()
	l.ok(os.WriteFile(filepath.Join(dir, "file"), []byte("text"), 0o600))
	ev, err := l.space().Receive(ctx, caseID, d.ID, dir, nil)
	l.ok(err)
	_, err = l.SaveRun(ctx, workspace.Run{ID: workspace.NewRunID(), Evidence: ev.ID, Version: "test", Started: "a", Ended: "b"}, nil,
		[]workspace.Sighting{{Type: artifact.Domain, Value: value, Artifact: "ios.sms"}}, func(func(*finding.Finding) error) error { return nil })
	l.ok(err)
}

// hunts are the jobs of kind hunt.
func (l *lab) hunts() int { return l.count("SELECT COUNT(*) FROM job WHERE kind = 'hunt'") }

// found waits for the finding of a hunt.
func (l *lab) found(n int) {
	l.tb.Helper()
	wait(l.tb, "a finding of a hunt", func() bool { return l.count("SELECT COUNT(*) FROM finding WHERE source = 'hunt'") == n })
}

// TestUpdateJob asks feeds in a worker with nobody signed in: what is new is hunted for
// at once; a feed that fails or lies costs no other.
func TestUpdateJob(t *testing.T) {
	t.Parallel()
	eachWithFeeds(t, func(t *testing.T, l *lab, p *publisher) {
		p.publish("/a", "first.example\n")
		p.publish("/shrinks", many(30))
		p.publish("/gone", "!404")
		defer l.worker(feeds(p, nothing, "/a", "/shrinks", "/gone"))()
		j := l.ended(l.update().ID)
		if j.State != workspace.JobDone || j.Progress.Files != 3 || j.Progress.Total != 3 || j.Attempts != 1 {
			t.Errorf("%+v", j)
		}
		l.told(j, "added", "added", "failed")
		wait(t, "the hunt", func() bool { return l.count("SELECT COUNT(*) FROM job WHERE kind = 'hunt' AND state = 'done'") == 1 })
		p.publish("/a", "first.example\nevil.example\n")
		p.publish("/shrinks", many(2))
		j = l.ended(l.update().ID)
		u := l.told(j, "changed", "kept", "failed")
		if u.Feeds[0].Added != 1 || !slices.Equal(u.Feeds[0].Examples, []string{"domain evil.example"}) || u.Hunts != 1 || !strings.Contains(u.Feeds[2].Why, "404") {
			t.Errorf("%+v", u)
		}
		l.found(1)
		before := l.hunts()
		l.told(l.ended(l.update().ID), "unchanged", "kept", "failed")
		if l.hunts() != before {
			t.Error("a hunt for no news")
		}
		p.publish("/a", "!404")
		p.publish("/shrinks", "!404")
		if j = l.ended(l.update().ID); j.State != workspace.JobFailed {
			t.Errorf("where no feed can be asked: %+v", j)
		}
	})
}

func many(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "host%d.example\n", i)
	}
	return b.String()
}

// told holds what came to what is kept of it.
func (l *lab) told(j workspace.Job, states ...string) workspace.FeedUpdate {
	l.tb.Helper()
	u, err := l.LastUpdate(l.tb.Context())
	l.ok(err)
	var got []string
	for _, r := range u.Feeds {
		got = append(got, r.State)
	}
	if u.Job != j.ID || !slices.Equal(got, states) || u.News {
		l.tb.Errorf("%+v, want %v", u, states)
	}
	return u
}

// TestUpdateJobAgain tries feeds again that fail of what passes, and these alone;
// what came is hunted for at once.
func TestUpdateJobAgain(t *testing.T) {
	t.Parallel()
	eachWithFeeds(t, func(t *testing.T, l *lab, p *publisher) {
		p.publish("/a", "evil.example\n")
		p.publish("/busy", "!500")
		p.publish("/cut", "!cut")
		defer l.worker(feeds(p, nothing, "/a", "/busy", "/cut"))()
		j := l.update()
		wait(t, "another try", func() bool {
			got, err := l.Job(t.Context(), j.ID)
			l.ok(err)
			return got.Retries == 1 && got.State == workspace.JobWaiting
		})
		l.found(1)
		p.publish("/busy", "busy.example\n")
		p.publish("/cut", "whole.example\n")
		l.now(j.ID)
		got := l.ended(j.ID)
		if got.State != workspace.JobDone || got.Retries != 1 {
			t.Errorf("%+v", got)
		}
		if u := l.told(j, "added", "added", "added"); u.Hunts != 2 {
			t.Errorf("%d hunts for news that came at two times", u.Hunts)
		}
		if n := p.count("/a"); n != 1 {
			t.Errorf("what was stored was asked %d times", n)
		}
	})
}

// now has a job that waits for another try be brought at once.
func (l *lab) now(id string) {
	l.tb.Helper()
	_, err := l.Database().Pool.ExecContext(l.tb.Context(), "UPDATE job SET due = '' WHERE id = $1", id)
	l.ok(err)
	if l.Database().Dialect == "postgres" {
		_, err = l.Database().Pool.ExecContext(l.tb.Context(), "UPDATE river_job SET state = 'available', scheduled_at = now() WHERE args->>'job' = $1", id)
		l.ok(err)
	}
}

// TestUpdateJobCancelled ends an update in the middle, and while it waits for a server
// that is silent: what came until then is installed, and the next hunts for it.
func TestUpdateJobCancelled(t *testing.T) {
	t.Parallel()
	eachWithFeeds(t, func(t *testing.T, l *lab, p *publisher) {
		p.publish("/a", "evil.example\n")
		p.publish("/silent", "!hang")
		defer l.worker(feeds(p, nothing, "/a", "/silent"))()
		j := l.update()
		wait(t, "the silent feed", func() bool {
			got, err := l.Job(t.Context(), j.ID)
			l.ok(err)
			return p.count("/silent") == 1 && got.Progress.Files == 1 && got.File == "feed of /silent"
		})
		l.ok(l.CancelJob(t.Context(), j.ID))
		if got := l.ended(j.ID); got.State != workspace.JobCancelled {
			t.Errorf("%+v", got)
		}
		if n := l.hunts(); n != 0 {
			t.Errorf("%d hunts of a job that was cancelled", n)
		}
		p.publish("/silent", "other.example\n")
		next := l.ended(l.update().ID)
		l.told(next, "unchanged", "added")
		l.found(1)
	})
}

// TestScheduledUpdate has two workers look at one schedule, with nobody signed in.
func TestScheduledUpdate(t *testing.T) {
	t.Parallel()
	eachWithFeeds(t, func(t *testing.T, l *lab, p *publisher) {
		p.publish("/a", "evil.example\n")
		l.ok(l.SetSchedule(t.Context(), time.Hour))
		for range 2 {
			defer l.worker(feeds(p, nothing, "/a"))()
		}
		l.found(1)
		for n := 2; n < 4; n++ {
			_, err := l.Database().Pool.ExecContext(t.Context(), "UPDATE schedule SET next = '2020-01-01T00:00:00.000000Z'")
			l.ok(err)
			wait(t, "the next update", func() bool {
				return l.count("SELECT COUNT(*) FROM job WHERE kind = 'update' AND state = 'done'") == n
			})
		}
		if n := l.count("SELECT COUNT(*) FROM job WHERE kind = 'update'"); n != 3 {
			t.Errorf("%d updates for 3 times", n)
		}
	})
}

// TestUpdateWithoutWorkers runs the update of a member in the process where they
// opened the workspace, and the hunts that they ordered.
func TestUpdateWithoutWorkers(t *testing.T) {
	t.Parallel()
	eachWithFeeds(t, func(t *testing.T, l *lab, p *publisher) {
		l.ok(l.RemoveWorkers(t.Context()))
		p.publish("/a", "evil.example\n")
		defer l.worker(func(e *job.Engine) {
			feeds(p, nothing, "/a")(e)
			l.ok(e.Member(l.space()))
		})()
		l.told(l.ended(l.update().ID), "added")
		l.found(1)
	})
}

// TestReplacedWorkers leaves an update to the workers with the key of now.
func TestReplacedWorkers(t *testing.T) {
	t.Parallel()
	eachWithFeeds(t, func(t *testing.T, l *lab, p *publisher) {
		p.publish("/a", "evil.example\n")
		defer l.worker(feeds(p, nothing, "/a"))()
		second, err := seal.NewIdentity()
		l.ok(err)
		l.ok(l.SetWorkers(t.Context(), second.Recipient()))
		j := l.update()
		l.pool = second
		defer l.worker(feeds(p, nothing, "/a"))()
		l.told(l.ended(j.ID), "added")
		l.found(1)
	})
}
