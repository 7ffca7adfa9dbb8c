package cli

import (
	"errors"
	"fmt"
	"time"

	"github.com/amparo-project/amparo/internal/workspace"
)

// indicatorsScheduleCmd is "amparo indicators schedule".
type indicatorsScheduleCmd struct {
	Every time.Duration `help:"indicators_schedule_every" placeholder:"DURATION"`
	Off   bool          `help:"indicators_schedule_off"`
	JSON  bool          `name:"json" help:"json"`
	anyFlags
}

// scheduled is what --json says of the schedule and of the last update.
type scheduled struct {
	Every string                 `json:"every,omitempty"`
	Next  string                 `json:"next,omitempty"`
	By    string                 `json:"by,omitempty"`
	Last  *workspace.Job         `json:"last,omitempty"`
	Feeds []workspace.FeedResult `json:"feeds"`
	Hunts int                    `json:"hunts"`
}

// Run sets the schedule, or shows it with what came last.
func (c *indicatorsScheduleCmd) Run(a *app) error {
	if c.Off && c.Every != 0 || c.Every%time.Minute != 0 {
		return usageError{fmt.Errorf("%w: --every is in whole minutes, and not with --off", workspace.ErrInvalid)}
	}
	return c.either(a, func(s works) error {
		if c.Off || c.Every != 0 {
			if err := s.SetSchedule(a.ctx, c.Every); err != nil {
				return err
			}
		}
		out := scheduled{Feeds: []workspace.FeedResult{}}
		when, err := s.Schedule(a.ctx)
		if err != nil {
			return err
		}
		if out.By, out.Next = when.By, when.Next; when.Every != 0 {
			out.Every = when.Every.String()
		}
		j, u, err := s.Updated(a.ctx)
		switch {
		case err == nil:
			out.Last, out.Feeds, out.Hunts = &j, append(out.Feeds, u.Feeds...), u.Hunts
		case !errors.Is(err, workspace.ErrNotFound):
			return err
		}
		if c.JSON {
			return writeJSON(a.Out, out)
		}
		a.showSchedule(&when, &out)
		return nil
	})
}

func (a *app) showSchedule(when *workspace.Schedule, s *scheduled) {
	switch {
	case when.Every == 0:
		fmt.Fprintln(a.Out, a.Text("indicators.schedule_none"))
	case when.Next == "":
		fmt.Fprintln(a.Out, a.Text("indicators.schedule_now", "Every", a.every(when.Every), "Name", safe(when.By)))
	default:
		fmt.Fprintln(a.Out, a.Text("indicators.schedule_next", "Every", a.every(when.Every), "Name", safe(when.By), "Next", day(when.Next)))
	}
	if s.Last == nil {
		return
	}
	fmt.Fprintln(a.Out, a.Text("indicators.schedule_last", "Job", s.Last.ID, "State", a.Or("job.state.", s.Last.State), "Time", day(s.Last.Created)))
	for i := range s.Feeds {
		a.showFeed(&s.Feeds[i])
	}
	if s.Hunts > 0 {
		fmt.Fprintln(a.Out, a.Count("web.feeds.hunts", int64(s.Hunts)))
	}
}

// every says how often, as people do.
func (a *app) every(d time.Duration) string {
	switch minutes := int64(d / time.Minute); {
	case minutes%1440 == 0:
		return a.Count("web.every.days", minutes/1440)
	case minutes%60 == 0:
		return a.Count("web.every.hours", minutes/60)
	default:
		return a.Count("web.every.minutes", minutes)
	}
}

// showFeed says what became of one feed that a job asked.
func (a *app) showFeed(r *workspace.FeedResult) {
	name := safe(r.Name)
	switch r.State {
	case "added":
		fmt.Fprintln(a.Out, "  "+a.Text("web.feeds.added", "Name", name, "Count", a.Number(int64(r.Count))))
	case "changed":
		fmt.Fprintln(a.Out, "  "+a.Text("indicators.update_changed", "Name", name, "Added", a.Number(int64(r.Added)), "Removed", a.Number(int64(r.Removed)), "Count", a.Number(int64(r.Count))))
	case "unchanged":
		fmt.Fprintln(a.Out, "  "+a.Text("indicators.update_unchanged", "Name", name))
	case "kept":
		fmt.Fprintln(a.Out, "  "+a.Text("indicators.update_kept", "Name", name, "Why", oneLine(r.Why)))
	default:
		fmt.Fprintln(a.Out, "  "+a.Text("indicators.update_failed", "Name", name, "Why", oneLine(r.Why)))
	}
	for _, v := range r.Examples {
		fmt.Fprintln(a.Out, "    + "+safe(v))
	}
}
