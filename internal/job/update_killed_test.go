package job_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/job"
	"github.com/amparo-project/amparo/internal/workspace"
)

// errDied stands for a process that dies: what comes after is done by another.
var errDied = errors.New("killed")

// TestUpdateJobKilled kills the process that runs the job after each step in turn:
// after a feed was stored and before that was kept, and between the last feed and the
// hunts. Nothing that was stored is asked again, and nothing is hunted for twice.
func TestUpdateJobKilled(t *testing.T) {
	t.Parallel()
	eachWithFeeds(t, func(t *testing.T, l *lab, p *publisher) {
		paths := []string{"/a", "/b", "/c"}
		for at := range paths {
			for _, path := range paths {
				p.publish(path, fmt.Sprintf("%s%d.example\n", path[1:], at))
			}
			j := l.update()
			l.dieAsking(p, j, at, paths)
			before := l.hunts()
			stop := l.worker(feeds(p, nothing, paths...))
			j = l.ended(j.ID)
			stop()
			l.told(j, sameStates(at, paths)...)
			if n := l.hunts(); n != before+1 {
				t.Errorf("killed at %d: %d hunts", at, n-before)
			}
			for _, path := range paths {
				if n := p.count(path); n != at+1 {
					t.Errorf("killed at %d: %s was asked %d times for %d versions", at, path, n, at+1)
				}
			}
			stop = l.worker(feeds(p, nothing, paths...))
			wait(t, "hunts", func() bool { return l.count("SELECT COUNT(*) FROM job WHERE kind = 'hunt' AND state <> 'done'") == 0 })
			stop()
		}
	})
}

func sameStates(at int, paths []string) (out []string) {
	for range paths {
		if at == 0 {
			out = append(out, "added")
		} else {
			out = append(out, "changed")
		}
	}
	return out
}

// dieAsking runs the job as a worker that dies when the at-th feed was stored and
// nothing was said of it.
func (l *lab) dieAsking(p *publisher, j workspace.Job, at int, paths []string) {
	l.tb.Helper()
	ctx := l.tb.Context()
	dead := workspace.NewWorker(l.Database(), workspace.WorkerOptions{Now: time.Now})
	claimed, err := dead.Claim(ctx, j.ID)
	l.ok(err)
	w, _, err := workspace.OpenJob(ctx, l.Database(), time.Now, l.pool, &claimed)
	l.ok(err)
	s := &examine.Space{Workspace: w.Under(&claimed, dead.Name()), Vault: l.store, Dir: l.dir}
	e := &job.Engine{}
	feeds(p, nothing, paths...)(e)
	err = e.Update(ctx, s, j.ID, func(a job.Asking) error {
		u := workspace.FeedUpdate{Job: j.ID}
		for i := range paths {
			r, err := a.Ask(ctx, i)
			l.ok(err)
			if i == at {
				return errDied
			}
			u.Feeds, u.News = append(u.Feeds, r), u.News || r.News()
			l.ok(s.KeepUpdate(ctx, &u))
		}
		return nil
	})
	if !errors.Is(err, errDied) {
		l.tb.Fatal(err)
	}
}

// killUpdate has a worker killed that asks feeds: each version is stored once, and is
// what was published last; the ledger tells it once, and one hunt follows.
func killUpdate(l *lab) *kill {
	ctx := l.tb.Context()
	p := newPublisher(l.tb)
	_, err := l.space().ShareIndicators(ctx, nil)
	l.ok(err)
	l.observed(l.caseID, "evil.example")
	l.ok(l.OrderHunts(ctx, l.caseID, true))
	paths := []string{"/a", "/b"}
	told := l.once("changes of what is shared", func() int { return l.acts("shared.changed") })
	hunted := l.once("hunts", l.hunts)
	rounds := 0
	return &kill{
		kind: workspace.JobUpdate,
		begin: func(int) (workspace.Job, workspace.JobPrivate) {
			rounds++
			for _, path := range paths {
				p.publish(path, many(rounds))
			}
			_, err := l.Database().Pool.ExecContext(ctx, "UPDATE job SET state = 'done' WHERE kind = 'hunt'") // one that waits covers the next news too
			l.ok(err)
			return workspace.Job{}, workspace.JobPrivate{}
		},
		does: feeds(p, nothing, paths...),
		holds: func(j workspace.Job) {
			told(len(paths))
			hunted(1)
			l.told(j, sameStates(rounds-1, paths)...)
			st, err := l.space().Indicators(ctx, nil)
			l.ok(err)
			l.ok(errors.Join(st.Verify()...))
			if n := len(st.Entries()); n != len(paths) {
				l.tb.Errorf("%d sets of %d feeds", n, len(paths))
			}
			for _, e := range st.Entries() {
				for i, v := range e.Versions { // of one set the last twelve are kept
					if want := rounds - len(e.Versions) + 1 + i; v.Count != want {
						l.tb.Errorf("version %d of %s has %d indicators, not %d", i, e.ID, v.Count, want)
					}
				}
			}
		},
	}
}
