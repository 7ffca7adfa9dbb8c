package web

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/feed"
	"github.com/amparo-project/amparo/internal/workspace"
)

// updateFeeds asks the feeds of indicators for news: the one act of the pages
// that reaches a network, to the addresses of feeds alone.
func (q *request) updateFeeds() error {
	if err := q.form(); err != nil {
		return err
	}
	if err := q.space.InTeam(q.ctx()); err != nil {
		return err
	}
	q.s.updating.start(q.s.ended, q.s.o.Now, q.space, q.s.o.Update)
	return q.redirect("/indicators#update")
}

// feedLine is what became of a feed, in words.
type feedLine struct {
	Text, Why string
	Examples  []string
	Bad       bool
}

type feedsView struct {
	Running, Failed, Asked bool
	Done, Total            int
	Ended                  string
	Lines                  []feedLine
}

func (q *request) feedsView() feedsView {
	now := q.s.updating.state()
	v := feedsView{Running: now.Running, Failed: now.Failed, Done: len(now.Done), Total: now.Total, Ended: now.Ended, Asked: now.Running || now.Ended != ""}
	for _, r := range now.Done {
		line := feedLine{Why: cut(400, r.Why), Examples: r.Examples, Bad: r.State == "failed" || r.State == "kept"}
		switch r.State {
		case "added":
			line.Text = q.Text("web.feeds.added", "Name", r.Name, "Count", q.Number(int64(r.Count)))
		case "changed":
			line.Text = q.Text("indicators.update_changed", "Name", r.Name, "Added", q.Number(int64(r.Added)), "Removed", q.Number(int64(r.Removed)), "Count", q.Number(int64(r.Count)))
		case "unchanged":
			line.Text = q.Text("indicators.update_unchanged", "Name", r.Name)
		case "kept":
			line.Text = q.Text("web.feeds.kept", "Name", r.Name)
		default:
			line.Text = q.Text("web.feeds.failed", "Name", r.Name)
		}
		v.Lines = append(v.Lines, line)
	}
	return v
}

// setData is one installed set with its history.
type setData struct {
	Set      feed.Entry
	Versions []versionOfSet // the newest first
}

type versionOfSet struct {
	feed.Version
	Added   string
	Change  int // indicators more, or fewer, than before
	First   bool
	Current bool
	Types   string
}

// removeIndicators takes a set out, and returns what it was called.
func (s *Server) removeIndicators(ctx context.Context, sp *examine.Space, id string) (name string, err error) {
	err = s.o.Change(ctx, sp, func(st *feed.Store) error {
		entries := st.Entries()
		i := slices.IndexFunc(entries, func(e feed.Entry) bool { return e.ID == id })
		if i < 0 {
			return fmt.Errorf("set %s: %w", id, workspace.ErrNotFound)
		}
		name = entries[i].Name
		return st.Remove(id)
	})
	return name, err
}

// removeSet takes a set out. What was found by it stays found.
func (q *request) removeSet() error {
	if err := q.form(); err != nil {
		return err
	}
	if err := q.space.InTeam(q.ctx()); err != nil {
		return err
	}
	name, err := q.s.removeIndicators(q.ctx(), q.space, q.path("set"))
	if err != nil {
		return err
	}
	return q.done("/indicators", q.Text("web.feeds.removed", "Name", cut(200, name)))
}

func (q *request) setPage() error {
	st, err := q.s.o.Store(q.ctx(), q.space)
	if err != nil {
		return err
	}
	entries := st.Entries()
	i := slices.IndexFunc(entries, func(e feed.Entry) bool { return e.ID == q.path("set") })
	if i < 0 {
		return fmt.Errorf("set %s: %w", q.path("set"), workspace.ErrNotFound)
	}
	d := setData{Set: entries[i]}
	for n := range entries[i].Versions {
		v := entries[i].Versions[n]
		line := versionOfSet{Version: v, Added: v.Added.UTC().Format("2006-01-02 15:04"), First: n == 0, Current: n == len(entries[i].Versions)-1}
		if n > 0 {
			line.Change = v.Count - entries[i].Versions[n-1].Count
		}
		var types []string
		for t, count := range v.ByType {
			types = append(types, q.Or("observable.", t)+" "+q.Number(int64(count)))
		}
		slices.Sort(types)
		line.Types = strings.Join(types, ", ")
		d.Versions = append(d.Versions, line)
	}
	slices.Reverse(d.Versions)
	return q.render("set", d.Set.Name, d, inSection("indicators"))
}
