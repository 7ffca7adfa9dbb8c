package web

import (
	"context"
	"errors"
	"time"

	"github.com/amparo-project/amparo/internal/casework"
	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/fault"
	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/job"
	"github.com/amparo-project/amparo/internal/workspace"
)

// admitted runs the jobs of a member who opened the workspace, from the first
// time until the server ends: a job that was begun is not left half done
// because a page was closed.
func (s *Server) admitted(sp *examine.Space) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deliverBy(sp)
	id := sp.Member().ID
	if s.admittedOnce[id] || s.ended.Err() != nil || s.house == nil || s.house.vault == nil {
		return
	}
	s.admittedOnce[id] = true
	if s.jobs == nil {
		s.jobs = s.newEngine()
		s.working.Go(func() { s.jobs.Run(s.ended) })
	}
	if err := s.jobs.Member(sp); err != nil {
		s.o.Log.ErrorContext(s.ended, "jobs of a member are not run here", fault.Kind(err))
	}
	if s.o.Daily != nil {
		s.working.Go(func() {
			tick := time.NewTicker(time.Minute)
			defer tick.Stop()
			everyDay(s.ended, s.o.Now, tick.C, func() { s.o.Daily(s.ended, sp) })
		})
	}
}

func (s *Server) newEngine() *job.Engine {
	h, store, dir := s.house, s.house.vault, s.house.at.Dir()
	return &job.Engine{
		DB: h.db, Space: func(w *workspace.Workspace) *examine.Space {
			return &examine.Space{Workspace: w, Vault: store, Dir: dir}
		},
		With: s.with, Sets: s.o.Sets, Remind: s.o.Remind, Deliver: s.o.Deliver, Export: s.export, Links: s.keepLinks, Update: s.o.Update, Child: s.o.Child, Explain: ExplainJob, Now: s.o.Now, Log: s.o.Log, Silent: s.silent,
		Begun: s.o.JobBegun, Counted: s.o.JobCounted,
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

// wake says that there is something to do.
func (s *Server) wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.jobs != nil {
		s.jobs.Wake()
	}
}

// stopJobs ends the engine and waits: jobs that run are given back.
func (s *Server) stopJobs() {
	s.end()
	s.working.Wait()
	s.delivering.Wait()
}

// with is what evidence is checked with: what is installed when a job begins.
func (s *Server) with(ctx context.Context, sp *examine.Space) (examine.With, error) {
	m, sets, err := s.o.Indicators(ctx, sp)
	if err != nil {
		return examine.With{}, err
	}
	rules, err := s.o.Rules()
	if err != nil {
		return examine.With{}, err
	}
	lures, err := s.o.Lures(ctx, sp)
	if err != nil {
		return examine.With{}, err
	}
	return examine.With{Matcher: m, Sets: sets, Rules: rules, Lures: lures, Version: s.o.Version}, nil
}

func (s *Server) export(ctx context.Context, sp *examine.Space, j *workspace.Job, p *workspace.JobPrivate, progress func(files, bytes, of int64)) error {
	return casework.Keep(ctx, sp, j, p, casework.Keeping{Version: s.o.Version, Log: s.o.Log, Progress: progress})
}

func (*Server) keepLinks(ctx context.Context, sp *examine.Space, caseID string, m *indicator.Matcher) error {
	_, err := casework.Links(ctx, sp.Workspace, caseID, m)
	return err
}

// ExplainJob is the id of the message for why a job failed.
func ExplainJob(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "web.error.interrupted"
	}
	_, id := causeOf(err)
	if id == "web.error.internal" {
		return "web.job.failed_text"
	}
	return id
}
