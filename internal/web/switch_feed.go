package web

import (
	"context"
	"errors"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/feed"
	"github.com/amparo-project/amparo/internal/settings"
	"github.com/amparo-project/amparo/internal/workspace"
)

// askedView is which feeds are asked, and which are switched off.
type askedView struct {
	feed.Feeds
	Asked, Off int64
	Kept       bool // the workspace keeps feeds.yaml
	Own        bool // it does not, and the machine has one of its own
	Broken     bool // feeds.yaml does not read: no feed can be asked
	Manager    bool
	Open       bool // each feed is shown: one was switched
}

// askedView lists the feeds that there are. A feeds.yaml that does not read costs
// nothing else of a page.
func (q *request) askedView(st *feed.Store) (v askedView, err error) {
	v.Manager, v.Open = q.space.Member().Manager, q.value("feeds") == "1"
	_, _, err = q.space.Shared(q.ctx(), workspace.SharedFeeds)
	if v.Kept = err == nil; err != nil && !errors.Is(err, workspace.ErrNotFound) {
		return v, err
	}
	config, err := q.s.o.Feeds(q.ctx(), q.space)
	if err != nil {
		v.Broken = true
		return v, nil
	}
	v.Feeds = *config.List(st.Entries())
	v.Own = !v.Kept && len(config.Feeds)+len(config.NotAsked) > 0
	v.Off = int64(v.Feeds.Off())
	v.Asked = int64(len(v.Feeds.Feeds)) - v.Off
	return v, nil
}

// feeds lists the feeds that there are.
func (s *Server) feeds(ctx context.Context, sp *examine.Space) (l feed.Feeds, err error) {
	st, err := s.o.Store(ctx, sp)
	if err != nil {
		return l, err
	}
	config, err := s.o.Feeds(ctx, sp)
	if err != nil {
		return l, err
	}
	return *config.List(st.Entries()), nil
}

// quiet reports of installed sets whether their feed is switched off; of none
// where feeds.yaml does not read.
func (s *Server) quiet(ctx context.Context, sp *examine.Space, st *feed.Store) func(*feed.Entry) bool {
	config, err := s.o.Feeds(ctx, sp)
	if err != nil {
		config = &feed.Config{}
	}
	return config.List(st.Entries()).Quiet
}

// switchFeed switches a feed off, or on again, for all servers and workers.
func (s *Server) switchFeed(ctx context.Context, sp *examine.Space, name string, on bool) (bool, error) {
	st, err := s.o.Store(ctx, sp)
	if err != nil {
		return false, err
	}
	config, err := s.o.Feeds(ctx, sp)
	if err != nil {
		return false, err
	}
	return settings.SwitchFeed(ctx, sp.Workspace, config, st.Entries(), name, on)
}

// turnFeed switches a feed off, or on again.
func (q *request) turnFeed() error {
	if err := q.form(); err != nil {
		return err
	}
	name, on := q.r.PostFormValue("feed"), q.r.PostFormValue("on") == "1"
	l, err := q.s.feeds(q.ctx(), q.space)
	if err != nil {
		return err
	}
	if _, err := q.s.switchFeed(q.ctx(), q.space, name, on); err != nil {
		return err
	}
	id := map[bool]string{true: "feeds.turned_on", false: "feeds.turned_off"}[on]
	if name == feed.AllBuiltIn {
		return q.done("/indicators#asked", q.Text(id+"_built_in"))
	}
	came := int64(0)
	if x, err := l.Find(name); err == nil {
		name, came = x.Name, x.Count
	}
	said := q.Text(id, "Name", cut(200, name))
	if !on && came > 0 {
		said += " " + q.Text("web.feeds.stays")
	}
	return q.done("/indicators?feeds=1#asked", said)
}
