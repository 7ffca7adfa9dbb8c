package web

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/job"
)

// running is the runner of a member, from the first time that they open the
// workspace until the server ends: a job that was begun is not left half done
// because a page was closed.
type running struct {
	runner *job.Runner
	done   sync.WaitGroup
}

// admitted starts the jobs of a member who opened the workspace.
func (s *Server) admitted(sp *examine.Space) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deliverBy(sp)
	id := sp.Member().ID
	if s.runners[id] != nil || s.ended.Err() != nil {
		return
	}
	r := &running{runner: &job.Runner{Space: sp, With: s.with, Explain: explainJob, Now: s.o.Now, Log: s.o.Log}}
	s.runners[id] = r
	r.done.Go(func() { r.runner.Run(s.ended) })
	if s.o.Daily != nil {
		r.done.Go(func() {
			tick := time.NewTicker(time.Minute)
			defer tick.Stop()
			everyDay(s.ended, s.o.Now, tick.C, func() { s.o.Daily(s.ended, sp) })
		})
	}
}

// everyDay calls a function now, and at the first tick of each day after.
func everyDay(ctx context.Context, now func() time.Time, tick <-chan time.Time, do func()) {
	for last := ""; ; {
		if day := now().Format(time.DateOnly); day != last {
			last = day
			do()
		}
		select {
		case <-ctx.Done():
			return
		case <-tick:
		}
	}
}

// wake says to the member's runner that there is something to do.
func (s *Server) wake(sp *examine.Space) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.runners[sp.Member().ID]; r != nil {
		r.runner.Wake()
	}
}

// stopJobs ends all runners and waits: their jobs are given back.
func (s *Server) stopJobs() {
	s.end()
	s.mu.Lock()
	var all []*running
	for _, r := range s.runners {
		all = append(all, r)
	}
	s.mu.Unlock()
	for _, r := range all {
		r.done.Wait()
	}
	s.delivering.Wait()
}

// with is what evidence is checked with: what is installed when a job begins.
func (s *Server) with() (examine.With, error) {
	m, sets, err := s.o.Indicators()
	if err != nil {
		return examine.With{}, err
	}
	rules, err := s.o.Rules()
	if err != nil {
		return examine.With{}, err
	}
	lures, err := s.o.Lures()
	if err != nil {
		return examine.With{}, err
	}
	return examine.With{Matcher: m, Sets: sets, Rules: rules, Lures: lures, Version: s.o.Version}, nil
}

// explainJob is the message for why a job failed.
func explainJob(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "web.error.interrupted"
	}
	_, id := causeOf(err)
	if id == "web.error.internal" {
		return "web.job.failed_text"
	}
	return id
}
