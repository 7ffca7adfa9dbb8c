package web

import (
	"context"
	"errors"
	"io/fs"
	"slices"

	"github.com/amparo-project/amparo/internal/account/notice"
	"github.com/amparo-project/amparo/internal/account/outbox"
	"github.com/amparo-project/amparo/internal/casework"
	"github.com/amparo-project/amparo/internal/workspace"
)

// noticesData is who is to be told, of what, and how far that has come.
type noticesData struct {
	Case      workspace.Case
	Wishes    []wishLine
	Notices   []noticeLine
	Queued    int  // mails that were approved
	Ready     bool // mail can be sent
	NoConfig  bool // there is no configuration
	BadConfig bool // there is one, and it lacks something
	File      string
	From      string
	People    []choiceLine
	Channels  []choiceLine
	Languages []choiceLine
	Kinds     []choiceLine
	Form      fields
}

type wishLine struct{ ID, Person, Channel, Events, Lang, Since, Address string }

type noticeLine struct {
	outbox.Notice
	Who, ChannelText, StateText, What string
}

// box is the outbox of the workspace. Without a configuration it lists and
// moves notices, and neither drafts nor sends; err says why there is none.
func (q *request) box() (b *outbox.Box, err error) {
	b = &outbox.Box{Store: q.space.Workspace, Now: q.s.o.Now, Send: q.s.o.SendMail}
	b.Config, err = q.s.o.Notices(q.ctx(), q.space)
	return b, err
}

func (q *request) noticesPage() error {
	d, err := q.noticesData()
	if err != nil {
		return err
	}
	return q.render("notices", q.Text("web.notices.title"), d, inSection("cases"))
}

func (q *request) noticesData() (noticesData, error) {
	c, err := q.theCase()
	if err != nil {
		return noticesData{}, err
	}
	b, cerr := q.box()
	d := noticesData{Case: c, File: "notices.yaml", Form: fields{"event": notice.Events}}
	switch {
	case errors.Is(cerr, fs.ErrNotExist):
		d.NoConfig = true
	case cerr != nil:
		d.BadConfig = true
	default:
		d.Ready, d.From = b.Config.Ready() == nil, b.Config.From
	}
	if err := q.noticeLists(&d, b); err != nil {
		return d, err
	}
	d.Channels = q.choices("notices.channel.", notice.Channels)
	d.Kinds = q.choices("web.notices.event.", notice.Events)
	d.Languages = []choiceLine{{"", q.Text("web.notices.their_language")}, {"en", "English"}, {"es", "Español"}}
	return d, nil
}

func (q *request) noticeLists(d *noticesData, b *outbox.Box) error {
	people, err := all(q.ctx(), func(ctx context.Context, p workspace.Page) (workspace.List[workspace.Person], error) {
		return q.space.People(ctx, d.Case.ID, p)
	})
	if err != nil {
		return err
	}
	names := map[string]string{}
	for _, p := range people {
		names[p.ID] = p.Pseudonym
		d.People = append(d.People, choiceLine{p.ID, p.Pseudonym})
	}
	wishes, err := b.Wishes(q.ctx(), d.Case.ID)
	if err != nil {
		return err
	}
	for _, w := range wishes {
		line := wishLine{ID: w.ID, Person: names[w.Person], Channel: q.Or("notices.channel.", w.Channel), Lang: w.Lang, Since: w.Since, Address: w.Address}
		for i, e := range w.Events {
			if i > 0 {
				line.Events += ", "
			}
			line.Events += q.Or("web.notices.event.", e)
		}
		d.Wishes = append(d.Wishes, line)
	}
	list, err := b.Notices(q.ctx(), d.Case.ID)
	if err != nil {
		return err
	}
	slices.Reverse(list)
	for i := range list {
		d.Notices = append(d.Notices, q.noticeLine(&list[i], names))
		if list[i].State == notice.Queued && list[i].Channel == notice.Mail {
			d.Queued++
		}
	}
	return nil
}

func (q *request) noticeLine(n *outbox.Notice, names map[string]string) noticeLine {
	line := noticeLine{Notice: *n, Who: names[n.Person], ChannelText: q.Or("notices.channel.", n.Channel), StateText: q.Text("notices.state." + string(n.State))}
	if n.Person == "" {
		line.Who = q.Text("web.notices.team")
	}
	line.What = q.Or("web.notices.event.", n.Event.Kind)
	return line
}

// askNotice records that a person wants to be told, in place of what they
// asked for before.
func (q *request) askNotice() error {
	if err := q.form(); err != nil {
		return err
	}
	d, err := q.noticesData()
	if err != nil {
		return err
	}
	d.Form = fields(q.r.Form)
	b, _ := q.box() // asking needs no configuration
	_, err = b.Ask(q.ctx(), d.Case.ID, outbox.Wish{
		Person: q.value("person"), Channel: q.value("channel"), Events: q.r.Form["event"], Lang: q.value("lang"), Address: q.value("address"), Since: q.value("since"),
	})
	if err != nil {
		return q.again(err, "notices", q.Text("web.notices.title"), d, inSection("cases"))
	}
	return q.done("/cases/"+d.Case.ID+"/notices", q.Text("web.notices.asked"))
}

// dueNotices drafts what is due; sendNotices sends what was approved. Both need
// the configuration.
func (q *request) dueNotices() error {
	return q.withConfig(func(b *outbox.Box, caseID string) (string, error) {
		d, err := q.docket(caseID)
		if err != nil {
			return "", err
		}
		st, known, err := casework.Standing(q.ctx(), d, d.Today)
		if err != nil {
			return "", err
		}
		made, err := casework.DueNotices(q.ctx(), q.space.Workspace, b, caseID, st, known)
		return q.Count("notices.drafted", int64(len(made))), err
	})
}

func (q *request) sendNotices() error {
	return q.withConfig(func(b *outbox.Box, caseID string) (string, error) {
		// What was begun is brought to its end, whoever waits for it or not.
		moved, err := b.Run(context.WithoutCancel(q.ctx()), caseID)
		n := 0
		for i := range moved {
			if moved[i].State == notice.Sent {
				n++
			}
		}
		said := q.Count("web.notices.sent", int64(n))
		if n < len(moved) {
			said += " " + q.Count("web.notices.not_sent", int64(len(moved)-n))
		}
		return said, err
	})
}

func (q *request) withConfig(do func(b *outbox.Box, caseID string) (said string, err error)) error {
	if err := q.form(); err != nil {
		return err
	}
	d, err := q.noticesData()
	if err != nil {
		return err
	}
	b, err := q.box()
	if err != nil {
		return q.again(invalid{"web.notices.no_config"}, "notices", q.Text("web.notices.title"), d, inSection("cases"))
	}
	said, err := do(b, d.Case.ID)
	if err != nil {
		return q.again(err, "notices", q.Text("web.notices.title"), d, inSection("cases"))
	}
	return q.done("/cases/"+d.Case.ID+"/notices", said)
}
