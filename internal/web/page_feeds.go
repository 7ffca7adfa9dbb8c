package web

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/feed"
	"github.com/amparo-project/amparo/internal/workspace"
)

// updateFeeds queues a job that asks the feeds of indicators for news: the one
// act of the pages that reaches a network, to the addresses of feeds alone.
func (q *request) updateFeeds() error {
	if err := q.form(); err != nil {
		return err
	}
	if _, err := q.space.AddJob(q.ctx(), workspace.Job{Kind: workspace.JobUpdate}, workspace.JobPrivate{}); err != nil {
		return err
	}
	q.s.wake()
	return q.redirect("/indicators#update")
}

// Feeds is how the last update of the feeds stands, whichever process runs it.
type Feeds struct {
	Job     *workspace.Job         `json:"job,omitempty" doc:"the last that asked the feeds, or asks them"`
	Running bool                   `json:"running" doc:"it waits or runs"`
	Total   int64                  `json:"total" doc:"feeds"`
	Asked   int64                  `json:"asked" doc:"of these so far"`
	Done    []workspace.FeedResult `json:"done" doc:"what became of each, of the last job that began"`
	Ended   string                 `json:"ended,omitempty"`
	Failed  bool                   `json:"failed,omitempty" doc:"no feed could be asked"`
	Hunts   int64                  `json:"hunts" doc:"hunts that were queued for what came"`
}

// feedsOf reads how the last update stands.
func feedsOf(ctx context.Context, sp *examine.Space) (Feeds, error) {
	f := Feeds{Done: []workspace.FeedResult{}}
	j, err := sp.UpdateJob(ctx)
	if errors.Is(err, workspace.ErrNotFound) {
		return f, nil
	}
	if err != nil {
		return f, err
	}
	f.Job, f.Running, f.Ended, f.Total, f.Asked = &j, j.Ended == "", j.Ended, j.Progress.Total, j.Progress.Files
	f.Failed = j.State == workspace.JobFailed
	u, err := sp.LastUpdate(ctx)
	if errors.Is(err, workspace.ErrNotFound) {
		return f, nil
	}
	if u.Job == j.ID || j.State == workspace.JobWaiting {
		f.Done, f.Hunts = append(f.Done, u.Feeds...), int64(u.Hunts)
	}
	return f, err
}

// feedLine is what became of a feed, in words.
type feedLine struct {
	Text, Why string
	Examples  []string
	Bad       bool
}

type feedsView struct {
	Feeds
	News []feedLine // of feeds that brought something, or something that looks wrong
	Bad  []feedLine // that could not be asked
	Same []feedLine // without news

	BadCount, SameCount int64

	Error  string // why the job failed, or is tried again
	MayEnd bool
	// NoneAsked says that there was no feed to ask: all are switched off.
	NoneAsked bool
	Soon      bool // a schedule was set, and no process has looked at it yet
	Schedule  workspace.Schedule
	Minutes   []int64 // to choose from
	Every     int64   // minutes
	Manager   bool
	// Ordered is how many cases are hunted in after each news; Due how many were not
	// hunted in with all that is installed.
	Ordered, Due int64
}

// scheduleMinutes are the times that the page offers.
var scheduleMinutes = []int64{15, 30, 60, 180, 360, 720, 1440}

func (q *request) feedsView(st *feed.Store) (v feedsView, err error) {
	if v.Feeds, err = feedsOf(q.ctx(), q.space); err != nil {
		return v, err
	}
	if v.Job != nil && v.Job.Error != "" {
		v.Error = q.Text(v.Job.Error)
	}
	for i := range v.Done {
		to := &v.News
		switch r := &v.Done[i]; {
		case r.Failed():
			to = &v.Bad
		case r.State == "unchanged":
			to = &v.Same
		}
		*to = append(*to, q.feedLine(&v.Done[i]))
	}
	v.NoneAsked = v.Job != nil && v.Job.State == workspace.JobDone && v.Total == 0
	v.BadCount, v.SameCount = int64(len(v.Bad)), int64(len(v.Same))
	if v.Schedule, err = q.space.Schedule(q.ctx()); err != nil {
		return v, err
	}
	v.Every, v.Manager = int64(v.Schedule.Every/time.Minute), q.space.Member().Manager
	v.Minutes, v.Soon = scheduleMinutes, v.Every > 0 && v.Schedule.Next == "" && !v.Running
	if v.Every > 0 && !slices.Contains(v.Minutes, v.Every) {
		v.Minutes = append(slices.Clone(v.Minutes), v.Every)
		slices.Sort(v.Minutes)
	}
	v.MayEnd = q.space.Allows(q.ctx(), workspace.ActHunt) == nil
	if !v.MayEnd {
		return v, nil
	}
	ordered, err := q.space.HuntsOrdered(q.ctx())
	if err != nil {
		return v, err
	}
	if v.Ordered = int64(len(ordered)); v.Running { // what is due changes with each feed that is asked
		return v, nil
	}
	due, err := q.space.NotHunted(q.ctx(), sumsOf(st))
	v.Due = int64(len(due))
	return v, err
}

// sumsOf are the SHA-256 of what is installed.
func sumsOf(st *feed.Store) (sums []string) {
	for _, e := range st.Entries() {
		if v := e.Current(); v != nil {
			sums = append(sums, v.SHA256)
		}
	}
	return sums
}

func (q *request) feedLine(r *workspace.FeedResult) feedLine {
	line := feedLine{Why: cut(400, r.Why), Examples: r.Examples, Bad: r.Failed() || r.State == "kept"}
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
	return line
}

// setSchedule says how often the feeds are asked.
func (q *request) setSchedule() error {
	if err := q.form(); err != nil {
		return err
	}
	minutes, err := strconv.ParseInt(q.r.PostFormValue("minutes"), 10, 32)
	if err != nil {
		return fmt.Errorf("%w: minutes", workspace.ErrInvalid)
	}
	if err := q.space.SetSchedule(q.ctx(), time.Duration(minutes)*time.Minute); err != nil {
		return err
	}
	return q.redirect("/indicators#update")
}

// caseHunts orders hunts in a case after each news, or ends that.
func (q *request) caseHunts() error {
	if err := q.form(); err != nil {
		return err
	}
	if err := q.space.OrderHunts(q.ctx(), q.path("case"), q.r.PostFormValue("on") == "1"); err != nil {
		return err
	}
	return q.redirect("/cases/" + q.path("case") + "#hunts")
}

// hunts hunts in all cases that were not hunted in with what is installed, or orders
// hunts in all cases from now on.
func (q *request) hunts() error {
	if err := q.form(); err != nil {
		return err
	}
	if q.r.PostFormValue("order") == "1" {
		n, err := orderAll(q.ctx(), q.space.Workspace)
		if err != nil {
			return err
		}
		return q.done("/indicators", q.Count("web.feeds.ordered", int64(n)))
	}
	jobs, err := q.s.queueHunts(q.ctx(), q.space)
	if err != nil {
		return err
	}
	return q.done("/indicators", q.Count("web.feeds.hunts", int64(len(jobs))))
}

// orderAll orders hunts in all open cases in which the member may hunt, and returns
// in how many there are some.
func orderAll(ctx context.Context, w *workspace.Workspace) (n int, err error) {
	cases, err := all(ctx, func(ctx context.Context, p workspace.Page) (workspace.List[workspace.Case], error) {
		return w.Cases(ctx, workspace.CaseOpen, p)
	})
	if err != nil {
		return 0, err
	}
	ordered, err := w.HuntsOrdered(ctx)
	if err != nil {
		return 0, err
	}
	for i := range cases {
		if c := &cases[i]; !c.Sealed && c.Role.MayAll(workspace.ActHunt) {
			if n++; slices.Contains(ordered, c.ID) {
				continue
			}
			if err := w.OrderHunts(ctx, c.ID, true); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

// queueHunts queues a hunt in each case that was not hunted in with all that is
// installed.
func (s *Server) queueHunts(ctx context.Context, sp *examine.Space) ([]workspace.Job, error) {
	st, err := s.o.Store(ctx, sp)
	if err != nil {
		return nil, err
	}
	due, err := sp.NotHunted(ctx, sumsOf(st))
	if err != nil {
		return nil, err
	}
	jobs := []workspace.Job{}
	for _, id := range due {
		j, err := sp.AddJob(ctx, workspace.Job{Case: id, Kind: workspace.JobHunt}, workspace.JobPrivate{})
		if err != nil {
			return jobs, err
		}
		jobs = append(jobs, j)
	}
	s.wake()
	return jobs, nil
}

// setData is one installed set with its history.
type setData struct {
	Set      feed.Entry
	Versions []versionOfSet // the newest first
	Quiet    bool           // its feed is not asked any more
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
	d := setData{Set: entries[i], Quiet: q.s.quiet(q.ctx(), q.space, st)(&entries[i])}
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
