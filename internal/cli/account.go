package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/amparo-project/amparo/internal/account/clock"
	"github.com/amparo-project/amparo/internal/account/docket"
	"github.com/amparo-project/amparo/internal/account/feeds"
	"github.com/amparo-project/amparo/internal/account/notice"
	"github.com/amparo-project/amparo/internal/account/outbox"
	"github.com/amparo-project/amparo/internal/account/term"
	"github.com/amparo-project/amparo/internal/casework"
	"github.com/amparo-project/amparo/internal/client"
	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/workspace"
)

// accountCmd is "amparo account".
type accountCmd struct {
	Show   accountShowCmd   `cmd:"" default:"withargs" help:"account_show"`
	Remind accountRemindCmd `cmd:"" help:"account_remind"`
}

// accountAt is a case on a day.
type accountAt struct {
	Case string `arg:"" help:"case_id"`
	On   string `help:"account_on" placeholder:"DAY"`
	JSON bool   `name:"json" help:"json"`
}

func (c *accountAt) day() (time.Time, error) {
	if c.On == "" {
		return today(), nil
	}
	return term.ParseDay(c.On, time.UTC)
}

// standing counts how everything stands.
func (c *accountAt) standing(a *app, s docket.Store) (*clock.Standing, error) {
	st, _, err := c.both(a, s)
	return st, err
}

func (c *accountAt) both(a *app, s docket.Store) (*clock.Standing, map[string]string, error) {
	on, err := c.day()
	if err != nil {
		return nil, nil, err
	}
	d, err := a.docket(s, c.Case)
	if err != nil {
		return nil, nil, err
	}
	return casework.Standing(a.ctx, d, on)
}

type accountShowCmd struct {
	accountAt
	ICS        string `name:"ics" help:"account_ics" placeholder:"FILE"`
	Atom       string `help:"account_atom" placeholder:"FILE"`
	OnlyPublic bool   `help:"account_only_public"`
	anyFlags
}

// Run shows the account of a case at a glance.
func (c *accountShowCmd) Run(a *app) error {
	return c.either(a, func(s works) error {
		st, err := c.standing(a, s)
		if err != nil {
			return err
		}
		o := feeds.Options{Workspace: s.Info().UID, Case: c.Case, Printer: a.Printer}
		if c.ICS != "" {
			if err := writeFile(c.ICS, func(w io.Writer) error { return feeds.ICS(w, st, o) }); err != nil {
				return err
			}
		}
		if c.Atom != "" {
			if err := writeFile(c.Atom, func(w io.Writer) error { return feeds.Atom(w, st, o, c.OnlyPublic) }); err != nil {
				return err
			}
		}
		if c.JSON {
			return writeJSON(a.Out, st)
		}
		notices, err := (&outbox.Box{Store: s}).Notices(a.ctx, c.Case)
		if err != nil {
			return err
		}
		return a.glance(c.Case, st, notices)
	})
}

// glance writes the account for people: silence first.
func (a *app) glance(caseID string, st *clock.Standing, notices []outbox.Notice) error {
	fmt.Fprintln(a.Out, a.Text("promises.head", "Case", caseID, "Day", st.On.Format(time.DateOnly)))
	part := func(id string, n int) bool {
		fmt.Fprintf(a.Out, "\n%s\n", a.Text("promises.title_"+id))
		if n == 0 {
			fmt.Fprintln(a.Out, "  "+a.Text("promises.none"))
		}
		return n > 0
	}
	if part("silence", len(st.Silence)) {
		for _, s := range st.Silence {
			fmt.Fprintf(a.Out, "  %s: %s (%s)\n", safe(s.Authority), a.words().Silence(s), safe(a.words().Since(s)))
		}
	}
	if part("promises", len(st.Promises)) {
		if err := a.promises(st); err != nil {
			return err
		}
	}
	if part("requests", len(st.Requests)) {
		if err := a.requests(st); err != nil {
			return err
		}
	}
	if part("dates", len(st.Dates)) {
		for _, d := range st.Dates {
			fmt.Fprintf(a.Out, "  %s  %s (%s)\n", d.Day, safe(a.words().Date(d)), d.ID)
		}
	}
	if len(st.Contradictions) > 0 {
		part("contradictions", len(st.Contradictions))
		for _, line := range a.words().Contradictions(st) {
			fmt.Fprintln(a.Out, "  "+safe(line))
		}
	}
	counts := map[notice.State]int{}
	for _, n := range notices {
		counts[n.State]++
	}
	if part("notices", len(notices)) {
		for _, state := range notice.States {
			if counts[state] > 0 {
				fmt.Fprintf(a.Out, "  %s: %s\n", a.Text("notices.state."+string(state)), a.Number(int64(counts[state])))
			}
		}
	}
	return nil
}

type accountRemindCmd struct {
	accountAt
	Within int    `help:"account_within" default:"7"`
	Send   bool   `help:"account_send"`
	Config string `help:"notice_config" placeholder:"FILE"`
	anyFlags
}

// Run lists what is due, drafts the notices that are, and with --send mails
// each reminder to the team once. It is made for cron.
func (c *accountRemindCmd) Run(a *app) error {
	return c.either(a, func(s works) error {
		st, known, err := c.both(a, s)
		if err != nil {
			return err
		}
		due := casework.DueWithin(st, c.Within)
		var drafted, moved []outbox.Notice
		if c.Send {
			if drafted, moved, err = c.send(a, s, st, known, due); err != nil {
				return err
			}
		}
		if c.JSON {
			return writeJSON(a.Out, map[string]any{"due": due, "drafted": noticeList(drafted), "sent": noticeList(moved)})
		}
		var out bytes.Buffer
		for _, r := range due {
			fmt.Fprintln(&out, safe(a.words().Reminder(r)))
		}
		if len(due) == 0 {
			fmt.Fprintln(&out, a.Text("promises.nothing_due"))
		}
		if c.Send {
			fmt.Fprintln(&out, a.Count("notices.drafted", int64(len(drafted))))
			a.moved(&out, moved)
		}
		_, err = a.Out.Write(out.Bytes())
		return err
	})
}

// send sends what is due, here or at a server, whose configuration counts.
func (c *accountRemindCmd) send(a *app, s works, st *clock.Standing, known map[string]string, due []casework.Reminder) (drafted, moved []outbox.Notice, err error) {
	if far, ok := s.(*client.Client); ok {
		if c.Config != "" {
			return nil, nil, usageError{fmt.Errorf("--config: %w", errNotHere)}
		}
		return far.Remind(a.ctx, c.Case, c.On, c.Within)
	}
	h, _ := s.(here) // there is no other
	b, err := a.box(&space{h.Space, a}, c.Config)
	if err != nil {
		return nil, nil, err
	}
	return b.send(c.Case, st, known, due)
}

// send sends what is due in a case.
func (b *box) send(caseID string, st *clock.Standing, known map[string]string, due []casework.Reminder) (drafted, moved []outbox.Notice, err error) {
	return b.space.app.words().SendReminders(b.space.app.ctx, b.space.Workspace, b.Box, caseID, st, known, due)
}

// daily queues for the cases that notices.yaml names what "account remind
// --send" does: one job a case and day, by however many servers. A reminder
// goes out once.
func (a *app) daily(ctx context.Context, sp *examine.Space) {
	q := &app{a.Streams, a.Printer, ctx}
	b, err := q.box(&space{sp, q}, "")
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		fmt.Fprintln(a.Err, "amparo: "+safe(err.Error()))
		return
	}
	for _, id := range b.Config.Daily.Cases {
		once := "remind " + id + " " + a.Now().UTC().Format(time.DateOnly)
		_, err := sp.AddJob(ctx, workspace.Job{Case: id, Kind: workspace.JobRemind, Once: once}, workspace.JobPrivate{})
		if errors.Is(err, workspace.ErrNotAllowed) {
			continue // another member's role lets them: theirs does it when they come
		}
		if err != nil && ctx.Err() == nil {
			fmt.Fprintln(a.Err, "amparo: "+a.Text("promises.daily_failed", "Case", safe(id), "Error", safe(err.Error())))
		}
	}
}

// daily sends what is due in a case.
func (b *box) daily(caseID string) error {
	st, known, err := (&accountAt{Case: caseID}).both(b.space.app, b.space.Workspace)
	if err != nil {
		return err
	}
	_, _, err = b.send(caseID, st, known, casework.DueWithin(st, b.Config.Daily.Within))
	return err
}
