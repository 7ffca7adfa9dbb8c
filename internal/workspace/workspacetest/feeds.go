package workspacetest

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/workspace"
)

// update queues a job that asks the feeds.
func (f *Fixture) update() (workspace.Job, error) {
	return f.AddJob(f.T.Context(), workspace.Job{Kind: workspace.JobUpdate}, workspace.JobPrivate{})
}

// pool gives the workspace workers, and indicators that they share.
func (f *Fixture) pool() seal.Identity {
	f.T.Helper()
	id, err := seal.NewIdentity()
	ok(f.T, err)
	ok(f.T, f.SetWorkers(f.T.Context(), id.Recipient()))
	ok(f.T, f.ChangeShared(f.T.Context(), workspace.SharedIndicators, func([]byte) ([]byte, map[string]any, error) {
		return []byte{}, nil, nil
	}))
	return id
}

// testUpdateJob takes a job of no case through its life, and holds it to who may see
// and end it: the team, and nobody of what other programs list.
func testUpdateJob(t *testing.T, f *Fixture) {
	ctx := t.Context()
	_, err := f.AddJob(ctx, workspace.Job{Kind: workspace.JobUpdate, Case: f.Case.ID}, workspace.JobPrivate{})
	is(t, err, workspace.ErrInvalid)
	_, err = f.AddJob(ctx, workspace.Job{Kind: workspace.JobHunt}, workspace.JobPrivate{})
	is(t, err, workspace.ErrInvalid)
	alone, err := f.update()
	ok(t, err)
	if alone.Queue != f.Member().ID || alone.Priority != 2 || alone.Version != 4 || alone.Case != "" {
		t.Errorf("without workers: %+v", alone)
	}
	if again, err := f.update(); err != nil || again.ID != alone.ID {
		t.Errorf("two at a time: %+v %v", again, err)
	}
	ok(t, f.CancelJob(ctx, alone.ID))

	id, err := seal.NewIdentity()
	ok(t, err)
	ok(t, f.SetWorkers(ctx, id.Recipient()))
	_, err = f.update()
	is(t, err, workspace.ErrNoneShared)
	is(t, f.SetSchedule(ctx, time.Hour), workspace.ErrNoneShared)
	pool := f.pool()
	j, err := f.update()
	ok(t, err)
	if j.Queue != workspace.ForWorkers {
		t.Errorf("with workers: %+v", j)
	}
	old := f.process(workspace.WorkerOptions{Version: 3})
	_, err = old.Next(ctx, []string{workspace.ForWorkers})
	is(t, err, workspace.ErrNotFound)
	_, err = old.Claim(ctx, j.ID)
	is(t, err, workspace.ErrLater)

	// Who lists cases, as any program does, sees no case more.
	l, err := f.Cases(ctx, "", workspace.Page{})
	ok(t, err)
	if len(l.Items) != 1 {
		t.Errorf("cases: %+v", l.Items)
	}
	_, err = f.Jobs(ctx, workspace.JobFilter{ID: j.ID}, workspace.Page{})
	ok(t, err)
	jobs, err := f.Within([]string{f.Case.ID}).Jobs(ctx, workspace.JobFilter{}, workspace.Page{})
	ok(t, err)
	if len(jobs.Items) != 0 {
		t.Errorf("who is limited to a case sees %+v", jobs.Items)
	}
	_, err = f.Within([]string{f.Case.ID}).AllowsWith(ctx, see, workspace.Thing{Job: j.ID})
	is(t, err, workspace.ErrNotFound)
	reader := f.member("reader")
	ok(t, f.ShareCase(ctx, f.Case.ID, "reader", workspace.RoleReader, ""))
	if _, err := reader.Job(ctx, j.ID); err != nil {
		t.Errorf("a reader is of the team: %v", err)
	}
	is(t, reader.CancelJob(ctx, j.ID), workspace.ErrNotAllowed)
	_, err = reader.AddJob(ctx, workspace.Job{Kind: workspace.JobUpdate}, workspace.JobPrivate{})
	is(t, err, workspace.ErrNotAllowed)
	theirs := f.member("heron")
	ok(t, f.ShareCase(ctx, f.Case.ID, "heron", workspace.RolePerson, f.Person.ID))
	_, err = theirs.Job(ctx, j.ID)
	is(t, err, workspace.ErrNotFound)
	is(t, theirs.CancelJob(ctx, j.ID), workspace.ErrNotFound)
	_, err = theirs.AddJob(ctx, workspace.Job{Kind: workspace.JobUpdate}, workspace.JobPrivate{})
	is(t, err, workspace.ErrNotAllowed)
	_, err = f.Within([]string{f.Case.ID}).AddJob(ctx, workspace.Job{Kind: workspace.JobUpdate}, workspace.JobPrivate{})
	is(t, err, workspace.ErrLimited)

	f.runUpdate(t, j, pool)
	ok(t, f.RemoveWorkers(ctx))
	f.Verify()
}

// runUpdate runs the job in two processes, of which the first is taken for dead.
func (f *Fixture) runUpdate(t *testing.T, j workspace.Job, pool seal.Identity) {
	t.Helper()
	ctx := t.Context()
	one, two := f.process(workspace.WorkerOptions{}), f.process(workspace.WorkerOptions{Silent: time.Nanosecond})
	claimed, err := one.Claim(ctx, j.ID)
	ok(t, err)
	other, err := seal.NewIdentity()
	ok(t, err)
	_, _, err = workspace.OpenJob(ctx, f.DB, f.Clock.Now, other, &claimed)
	is(t, err, workspace.ErrLater)
	w, _, err := workspace.OpenJob(ctx, f.DB, f.Clock.Now, pool, &claimed)
	ok(t, err)
	if l, err := w.Jobs(ctx, workspace.JobFilter{}, workspace.Page{}); err != nil || len(l.Items) != 0 {
		t.Errorf("it reaches jobs of cases: %+v %v", l.Items, err)
	}
	if _, err := w.Case(ctx, f.Case.ID); err == nil {
		if _, err := w.People(ctx, f.Case.ID, workspace.Page{}); err == nil {
			t.Error("it reaches a case")
		}
	}
	key, err := w.SharedKey(ctx)
	ok(t, err)
	ok(t, claimed.Progress.ReadingNow(key, "planted-feed"))
	_, err = one.Beat(ctx, &claimed)
	ok(t, err)
	if got, err := f.Job(ctx, j.ID); err != nil || got.File != "planted-feed" {
		t.Errorf("what it asks now: %+v %v", got, err)
	}
	u := workspace.FeedUpdate{Job: j.ID, News: true, Feeds: []workspace.FeedResult{{Name: "planted-feed", State: "added", Added: 2}}}
	ok(t, w.Under(&claimed, one.Name()).KeepUpdate(ctx, &u))
	f.noNames("planted-feed")

	ok(t, two.Mend(ctx))
	ok(t, two.Mend(ctx))
	again, err := two.Claim(ctx, j.ID)
	ok(t, err)
	is(t, w.Under(&claimed, one.Name()).KeepUpdate(ctx, &u), workspace.ErrLost)
	is(t, w.Under(&claimed, one.Name()).HuntNews(ctx, &u), workspace.ErrLost)
	if !u.News {
		t.Error("a process that lost its job takes the news for hunted")
	}
	got, err := f.LastUpdate(ctx)
	ok(t, err)
	if got.Job != j.ID || len(got.Feeds) != 1 || got.Feeds[0].Name != "planted-feed" {
		t.Errorf("%+v", got)
	}
	ok(t, w.Under(&again, two.Name()).HuntNews(ctx, &u))
	ok(t, f.CancelJob(ctx, j.ID))
	if cancel, err := two.Beat(ctx, &again); err != nil || !cancel {
		t.Errorf("cancelled: %v %v", cancel, err)
	}
	ok(t, two.End(ctx, &again, workspace.JobCancelled, ""))
	next, err := f.update()
	ok(t, err)
	if next.ID == j.ID {
		t.Error("it is the job that ended")
	}
}

// testSchedule has many processes look at one schedule: each time it is due one
// job is queued, however wrong clocks are and however long nobody looked.
func testSchedule(t *testing.T, f *Fixture) {
	ctx := t.Context()
	f.pool()
	for _, wrong := range []time.Duration{time.Minute, -time.Hour, 400 * 24 * time.Hour} {
		is(t, f.SetSchedule(ctx, wrong), workspace.ErrInvalid)
	}
	if s, err := f.Schedule(ctx); err != nil || s != (workspace.Schedule{}) {
		t.Errorf("%+v %v", s, err)
	}
	ok(t, f.SetSchedule(ctx, time.Hour))
	s, err := f.Schedule(ctx)
	ok(t, err)
	if s.Every != time.Hour || s.Next != "" || s.By != "analyst" {
		t.Errorf("%+v", s)
	}
	due := func() (queued int) {
		t.Helper()
		var all sync.WaitGroup
		var mu sync.Mutex
		for range 4 {
			k := f.process(workspace.WorkerOptions{})
			all.Go(func() {
				for range 3 {
					did, err := k.Due(ctx)
					if err != nil {
						t.Error(err)
					}
					mu.Lock()
					if did {
						queued++
					}
					mu.Unlock()
				}
			})
		}
		all.Wait()
		return queued
	}
	end := func() {
		t.Helper()
		k := f.process(workspace.WorkerOptions{})
		id, err := k.Next(ctx, []string{workspace.ForWorkers})
		ok(t, err)
		j, err := k.Claim(ctx, id)
		ok(t, err)
		ok(t, k.End(ctx, &j, workspace.JobDone, ""))
	}
	next := func(at string) {
		t.Helper()
		_, err := f.DB.Pool.ExecContext(ctx, "UPDATE schedule SET next = $1", at)
		ok(t, err)
	}
	if n := due(); n != 1 {
		t.Errorf("%d jobs at once", n)
	}
	if n := due(); n != 0 {
		t.Errorf("%d jobs before it is time", n)
	}
	next("2020-01-01T00:00:00.000000Z") // nobody looked for years
	if n := due(); n != 0 {
		t.Errorf("%d jobs beside one that waits", n)
	}
	end()
	next("2020-01-01T00:00:00.000000Z")
	if n := due(); n != 1 {
		t.Errorf("%d jobs after years", n)
	}
	end()
	next("2999-01-01T00:00:00.000000Z") // a clock that was wrong
	if n := due(); n != 1 {
		t.Errorf("%d jobs after a clock was wrong", n)
	}
	end()

	// Who removes the member takes over what they had set.
	second := f.member("second")
	_, err = f.DB.Pool.ExecContext(ctx, "UPDATE member SET manager = 1 WHERE id = $1", second.Member().ID)
	ok(t, err)
	ok(t, second.SetSchedule(ctx, 30*time.Minute))
	ok(t, f.RemoveMember(ctx, second.Member().ID))
	if s, err = f.Schedule(ctx); err != nil || s.By != "analyst" || s.Every != 30*time.Minute {
		t.Errorf("%+v %v", s, err)
	}
	is(t, f.member("third").SetSchedule(ctx, time.Hour), workspace.ErrNotAllowed)
	ok(t, f.SetSchedule(ctx, 0))
	if n := due(); n != 0 {
		t.Errorf("%d jobs of no schedule", n)
	}
	f.Verify()
}

// testHuntOrders hunts for news in cases where somebody ordered it, with no key of
// theirs, once for each news, and no longer than the order holds.
func testHuntOrders(t *testing.T, f *Fixture) {
	ctx := t.Context()
	pool := f.pool()
	f.Seen = []workspace.Sighting{{Type: artifact.Domain, Value: "evil.example", Artifact: "ios.sms"}}
	f.Check(f.Store(f.Folder(map[string]string{"a": "1"})), 0)
	sets := []*indicator.Set{set(t, "evil.example")}
	if due, err := f.NotHunted(ctx, []string{sets[0].SHA256}); err != nil || !slices.Equal(due, []string{f.Case.ID}) {
		t.Errorf("due: %v %v", due, err)
	}
	j, err := f.update()
	ok(t, err)
	news := func() int {
		t.Helper()
		u := workspace.FeedUpdate{Job: j.ID, News: true}
		ok(t, f.HuntNews(ctx, &u))
		was := u.Hunts
		ok(t, f.HuntNews(ctx, &u))
		if u.Hunts != was || u.News {
			t.Errorf("hunted twice for one news: %+v", u)
		}
		return was
	}
	if n := news(); n != 0 {
		t.Errorf("%d hunts that nobody ordered", n)
	}
	ok(t, f.OrderHunts(ctx, f.Case.ID, true))
	if n := news(); n != 1 {
		t.Errorf("%d hunts", n)
	}
	if n := news(); n != 0 {
		t.Errorf("%d hunts beside one that waits", n)
	}
	hunt := f.huntByOrder(t)
	_, err = f.process(workspace.WorkerOptions{Version: 3}).Claim(ctx, hunt.ID)
	is(t, err, workspace.ErrLater)
	w, err := f.claimed(t, hunt, pool)
	ok(t, err)
	h, err := w.HuntIn(ctx, f.Case.ID, sets)
	ok(t, err)
	if len(h.Findings) != 1 {
		t.Errorf("%+v", h)
	}
	if _, err := w.People(ctx, f.Case.ID, workspace.Page{}); err == nil {
		t.Error("it opens what is sealed for the case")
	}
	if due, err := f.NotHunted(ctx, []string{sets[0].SHA256}); err != nil || len(due) != 0 {
		t.Errorf("due: %v %v", due, err)
	}
	f.endOrders(t, pool, news)
	f.Verify()
}

// huntByOrder is the hunt that waits.
func (f *Fixture) huntByOrder(t *testing.T) workspace.Job {
	t.Helper()
	l, err := f.Jobs(t.Context(), workspace.JobFilter{Case: f.Case.ID, State: workspace.JobWaiting}, workspace.Page{})
	ok(t, err)
	if len(l.Items) != 1 || l.Items[0].Kind != workspace.JobHunt {
		t.Fatalf("%+v", l.Items)
	}
	return l.Items[0]
}

// claimed opens the workspace for a job as a worker does.
func (f *Fixture) claimed(t *testing.T, j workspace.Job, pool seal.Identity) (*workspace.Workspace, error) {
	t.Helper()
	k := f.process(workspace.WorkerOptions{Silent: time.Hour})
	j, err := k.Claim(t.Context(), j.ID)
	ok(t, err)
	w, _, err := workspace.OpenJob(t.Context(), f.DB, f.Clock.Now, pool, &j)
	if err != nil {
		ok(t, k.End(t.Context(), &j, workspace.JobFailed, ""))
		return nil, err
	}
	return w.Under(&j, k.Name()), nil
}

// endOrders ends orders in each way: by their role, by who ends them, with the case.
func (f *Fixture) endOrders(t *testing.T, pool seal.Identity, news func() int) {
	t.Helper()
	ctx := t.Context()
	luz := f.member("luz")
	analyst := func() {
		t.Helper()
		if err := f.ShareCase(ctx, f.Case.ID, "luz", workspace.RoleAnalyst, ""); !errors.Is(err, workspace.ErrInvalid) {
			ok(t, err)
			return
		}
		ok(t, f.ChangeRole(ctx, f.Case.ID, "luz", workspace.RoleAnalyst, ""))
	}
	for name, end := range map[string]func() error{
		"role":    func() error { return f.ChangeRole(ctx, f.Case.ID, "luz", workspace.RoleReader, "") },
		"removed": func() error { return f.RemoveFromCase(ctx, f.Case.ID, "luz") },
		"ended":   func() error { return f.OrderHunts(ctx, f.Case.ID, false) },
	} {
		analyst()
		ok(t, luz.OrderHunts(ctx, f.Case.ID, true))
		if n := news(); n != 1 {
			t.Fatalf("%s: %d hunts", name, n)
		}
		hunt := f.huntByOrder(t)
		ok(t, end())
		if got, err := f.Job(ctx, hunt.ID); err != nil || got.State != workspace.JobCancelled {
			t.Errorf("%s: %+v %v", name, got, err)
		}
		if list, err := f.HuntsOrdered(ctx); err != nil || len(list) != 0 {
			t.Errorf("%s: %v %v", name, list, err)
		}
		if n := news(); n != 0 {
			t.Errorf("%s: %d hunts", name, n)
		}
	}
	// A program of before that took the role ended no order: it does not hold.
	analyst()
	ok(t, luz.OrderHunts(ctx, f.Case.ID, true))
	if n := news(); n != 1 {
		t.Fatalf("%d hunts", n)
	}
	_, err := f.DB.Pool.ExecContext(ctx, "UPDATE case_member SET role = 'reader' WHERE member_id = $1", luz.Member().ID)
	ok(t, err)
	if _, err := f.claimed(t, f.huntByOrder(t), pool); !errors.Is(err, workspace.ErrNotAllowed) {
		t.Errorf("a hunt of who may not any more: %v", err)
	}
	if n := news(); n != 0 {
		t.Errorf("%d hunts of who may not any more", n)
	}
	ok(t, f.OrderHunts(ctx, f.Case.ID, true))
	ok(t, f.CloseCase(ctx, f.Case.ID))
	if n := news(); n != 0 {
		t.Errorf("%d hunts in a case that is closed", n)
	}
	is(t, f.OrderHunts(ctx, f.Case.ID, true), workspace.ErrClosed)
}
