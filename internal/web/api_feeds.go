package web

import (
	"context"
	"net/http"
	"time"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/feed"
	"github.com/amparo-project/amparo/internal/workspace"
)

// scheduleAnswer is how often the feeds are asked.
type scheduleAnswer struct {
	Minutes int64  `json:"minutes" doc:"0: only when somebody asks"`
	Next    string `json:"next,omitempty" doc:"not before"`
	By      string `json:"by,omitempty" doc:"name of the member for whom the jobs act"`
	Made    string `json:"made,omitempty"`
}

// scheduleBody says how often the feeds are to be asked.
type scheduleBody struct {
	Body struct {
		Minutes int64 `json:"minutes" minimum:"0" maximum:"44640" doc:"15 at least; 0 ends it"`
	}
}

// orderBody says whether a case is hunted in after each news.
type orderBody struct {
	InCase
	Body struct {
		On bool `json:"on"`
	}
}

// huntsAnswer is where hunts are ordered, and where they are due.
type huntsAnswer struct {
	Ordered []string `json:"ordered" doc:"cases that are hunted in after each news of the feeds"`
	Due     []string `json:"due" doc:"open cases with a check that some installed set was not set against"`
}

// switchBody says of a feed whether it is to be asked.
type switchBody struct {
	Body struct {
		Feed string `json:"feed" minLength:"1" maxLength:"4000" doc:"its name or address; built-in: all that Amparo knows"`
		On   bool   `json:"on"`
	}
}

// switchAnswer says what came of it.
type switchAnswer struct {
	Changed bool `json:"changed" doc:"false: the feed was as it shall be"`
	feed.Feeds
}

// feeds asks the feeds for news, once or again and again, and hunts for what came.
func (a *api) feeds() {
	create(a, ScopeHunt, "/indicators/update", "queue-update", "Queue a job that asks the feeds of indicators for news: it reaches their addresses; one that waits or runs is returned",
		func(ctx context.Context, sp *examine.Space, _ *nothing) (workspace.Job, error) {
			return a.queue(ctx, sp, workspace.Job{Kind: workspace.JobUpdate}, workspace.JobPrivate{})
		})
	add(a, ScopeRead, http.MethodGet, "/indicators/update", "get-update", "How the last update of indicators stands, or ended, feed by feed",
		func(ctx context.Context, sp *examine.Space, _ *nothing) (Feeds, error) { return feedsOf(ctx, sp) })
	add(a, ScopeRead, http.MethodGet, "/indicators/feeds", "list-feeds", "The feeds of indicators that there are, and which of them are asked",
		func(ctx context.Context, sp *examine.Space, _ *nothing) (feed.Feeds, error) {
			return a.s.feeds(ctx, sp)
		})
	add(a, ScopeManage, http.MethodPut, "/indicators/feeds", "switch-feed",
		"Switch a feed off, or on again, in the feeds.yaml that the workspace keeps; what came of it stays; for managers",
		func(ctx context.Context, sp *examine.Space, in *switchBody) (out switchAnswer, err error) {
			if out.Changed, err = a.s.switchFeed(ctx, sp, in.Body.Feed, in.Body.On); err != nil {
				return out, err
			}
			out.Feeds, err = a.s.feeds(ctx, sp)
			return out, err
		})
	add(a, ScopeRead, http.MethodGet, "/indicators/schedule", "get-schedule", "How often the feeds are asked",
		func(ctx context.Context, sp *examine.Space, _ *nothing) (scheduleAnswer, error) {
			return scheduleOf(ctx, sp)
		})
	add(a, ScopeHunt, http.MethodPut, "/indicators/schedule", "set-schedule", "Have the feeds asked again and again, by whichever machine looks first; for managers",
		func(ctx context.Context, sp *examine.Space, in *scheduleBody) (scheduleAnswer, error) {
			if err := sp.SetSchedule(ctx, time.Duration(in.Body.Minutes)*time.Minute); err != nil {
				return scheduleAnswer{}, err
			}
			return scheduleOf(ctx, sp)
		})
	add(a, ScopeHunt, http.MethodGet, "/indicators/hunts", "list-hunts", "The cases that are hunted in after each news of the feeds, and those that were not hunted in with all that is installed",
		func(ctx context.Context, sp *examine.Space, _ *nothing) (h huntsAnswer, err error) {
			st, err := a.s.o.Store(ctx, sp)
			if err != nil {
				return h, err
			}
			if h.Due, err = sp.NotHunted(ctx, sumsOf(st)); err != nil {
				return h, err
			}
			list, err := sp.HuntsOrdered(ctx)
			h.Ordered = append([]string{}, list...)
			return h, err
		})
	create(a, ScopeHunt, "/indicators/hunts", "queue-hunts", "Queue a hunt in each case that was not hunted in with all that is installed",
		func(ctx context.Context, sp *examine.Space, _ *nothing) ([]workspace.Job, error) {
			return a.s.queueHunts(ctx, sp)
		})
	add(a, ScopeHunt, http.MethodPut, "/cases/{case}/hunts", "order-hunts", "Have a case hunted in after each news of the feeds, with nobody there; or end that",
		func(ctx context.Context, sp *examine.Space, in *orderBody) (nothing, error) {
			return nothing{}, sp.OrderHunts(ctx, in.Case, in.Body.On)
		})
}

func scheduleOf(ctx context.Context, sp *examine.Space) (scheduleAnswer, error) {
	s, err := sp.Schedule(ctx)
	return scheduleAnswer{Minutes: int64(s.Every / time.Minute), Next: s.Next, By: s.By, Made: s.Made}, err
}
