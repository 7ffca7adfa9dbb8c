package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/account/clock"
	"github.com/amparo-project/amparo/internal/account/notice"
	"github.com/amparo-project/amparo/internal/account/outbox"
	"github.com/amparo-project/amparo/internal/casework"
	"github.com/amparo-project/amparo/internal/client"
)

// noticeCmd is "amparo notice".
type noticeCmd struct {
	Ask     noticeAskCmd     `cmd:"" help:"notice_ask"`
	Wishes  noticeWishesCmd  `cmd:"" help:"notice_wishes"`
	Due     noticeDueCmd     `cmd:"" help:"notice_due"`
	List    noticeListCmd    `cmd:"" help:"notice_list"`
	Show    noticeShowCmd    `cmd:"" help:"notice_show"`
	Edit    noticeEditCmd    `cmd:"" help:"notice_edit"`
	Approve noticeApproveCmd `cmd:"" help:"notice_approve"`
	Send    noticeSendCmd    `cmd:"" help:"notice_send"`
	Letter  noticeLetterCmd  `cmd:"" help:"notice_letter"`
	Told    noticeToldCmd    `cmd:"" help:"notice_told"`
	Read    noticeReadCmd    `cmd:"" help:"notice_read"`
	Cancel  noticeCancelCmd  `cmd:"" help:"notice_cancel"`
	Retry   noticeRetryCmd   `cmd:"" help:"notice_retry"`
	Resolve noticeResolveCmd `cmd:"" help:"notice_resolve"`
}

// box is the outbox of the workspace, as commands use it.
type box struct {
	*outbox.Box
	space *space
}

// box opens the outbox. Without a configuration it can list and move notices,
// and neither draft nor send.
func (a *app) box(s *space, config string) (*box, error) {
	b := &box{&outbox.Box{Store: s.Workspace, Now: a.Now}, s}
	var err error
	b.Config, err = configOf(a.ctx, s, config)
	return b, err
}

// configOf reads how notices go out: from a file, from the workspace, or from
// beside the identity.
func configOf(ctx context.Context, of any, file string) (*notice.Config, error) {
	if file == "" {
		return noticesOf(ctx, of)
	}
	return notice.LoadConfig(file)
}

// noticesConfig reads how notices go out, from beside the identity.
func noticesConfig() (*notice.Config, error) {
	name, err := userDir("notices.yaml")
	if err != nil {
		return nil, err
	}
	return notice.LoadConfig(name)
}

// boxOver is the outbox without a configuration: it lists and moves.
func boxOver(s outbox.Store) *outbox.Box { return &outbox.Box{Store: s, Now: time.Now} }

// due drafts what is due of all that happened.
func (b *box) due(caseID string, st *clock.Standing, known map[string]string) ([]outbox.Notice, error) {
	return casework.DueNotices(b.space.app.ctx, b.space.Workspace, b.Box, caseID, st, known)
}

type noticeAskCmd struct {
	Case     string   `arg:"" help:"case_id"`
	Person   string   `arg:"" help:"device_person"`
	Channel  string   `help:"notice_channel" enum:"mail,letter,phone" required:"" placeholder:"mail|letter|phone"`
	Event    []string `help:"notice_event" placeholder:"finding,answer,term"`
	Language string   `help:"notice_language" enum:"en,es," default:"" placeholder:"en|es"`
	Address  string   `help:"notice_address" placeholder:"FILE"`
	Since    string   `help:"notice_since" placeholder:"DAY"`
	JSON     bool     `name:"json" help:"json"`
	anyFlags
}

// Run records that a person wants to be told.
func (c *noticeAskCmd) Run(a *app) (err error) {
	w := outbox.Wish{Person: c.Person, Channel: c.Channel, Events: c.Event, Lang: c.Language, Since: c.Since}
	if c.Address != "" {
		if w.Address, err = a.text(c.Address); err != nil {
			return err
		}
	}
	return c.either(a, func(s works) error {
		w, err := askNotice(a, s, c.Case, w)
		if err != nil {
			return err
		}
		return a.made(c.JSON, w, w.ID)
	})
}

type noticeWishesCmd struct {
	Case string `arg:"" help:"case_id"`
	JSON bool   `name:"json" help:"json"`
	anyFlags
}

// Run lists who asked to be told.
func (c *noticeWishesCmd) Run(a *app) error {
	return c.either(a, func(s works) error {
		list, err := boxOver(s).Wishes(a.ctx, c.Case)
		if err != nil {
			return err
		}
		if c.JSON {
			return writeJSON(a.Out, list)
		}
		return a.table([]string{"id", "person", "channel", "events", "languages", "since"}, rowsOf(list, func(w outbox.Wish) []string {
			return []string{w.ID, w.Person, a.Text("notices.channel." + w.Channel), strings.Join(w.Events, ","), w.Lang, w.Since}
		}), "")
	})
}

type noticeDueCmd struct {
	accountAt
	Config string `help:"notice_config" placeholder:"FILE"`
	anyFlags
}

// Run drafts the notices that are due.
func (c *noticeDueCmd) Run(a *app) error {
	return c.either(a, func(s works) error {
		made, err := c.draft(a, s)
		if err != nil {
			return err
		}
		if c.JSON {
			return writeJSON(a.Out, noticeList(made))
		}
		for _, n := range made {
			if n.State == notice.NoChannel {
				fmt.Fprintln(a.Err, "amparo: "+a.Text("notices.no_way", "Person", n.Person, "Channel", a.Text("notices.channel."+n.Channel)))
			}
		}
		return a.notices(made)
	})
}

// draft drafts the notices that are due. At a server its own day and
// configuration count.
func (c *noticeDueCmd) draft(a *app, s works) ([]outbox.Notice, error) {
	if far, ok := s.(*client.Client); ok {
		if c.Config != "" || c.On != "" {
			return nil, usageError{fmt.Errorf("--config, --on: %w", errNotHere)}
		}
		return far.DueNotices(a.ctx, c.Case)
	}
	h, _ := s.(here) // there is no other
	b, err := a.box(&space{h.Space, a}, c.Config)
	if err != nil {
		return nil, err
	}
	st, known, err := c.both(a, s)
	if err != nil {
		return nil, err
	}
	return b.due(c.Case, st, known)
}

// askNotice records a wish, here or at a server.
func askNotice(a *app, s works, caseID string, w outbox.Wish) (outbox.Wish, error) {
	if far, ok := s.(*client.Client); ok {
		return far.AskNotice(a.ctx, caseID, w)
	}
	return boxOver(s).Ask(a.ctx, caseID, w)
}

func noticeList(list []outbox.Notice) []outbox.Notice {
	if list == nil {
		return []outbox.Notice{}
	}
	return list
}

func (a *app) notices(list []outbox.Notice) error {
	return a.table([]string{"id", "person", "channel", "event", "state", "detail"}, rowsOf(list, func(n outbox.Notice) []string {
		return []string{n.ID, n.Person, a.Text("notices.channel." + n.Channel), n.Event.Kind + " " + n.Event.ID, a.Text("notices.state." + string(n.State)), n.Detail}
	}), "")
}

type noticeListCmd struct {
	Case  string `arg:"" help:"case_id"`
	State string `help:"notice_state" placeholder:"STATE"`
	JSON  bool   `name:"json" help:"json"`
	anyFlags
}

// Run lists notices.
func (c *noticeListCmd) Run(a *app) error {
	return c.either(a, func(s works) error {
		all, err := boxOver(s).Notices(a.ctx, c.Case)
		if err != nil {
			return err
		}
		list := []outbox.Notice{}
		for _, n := range all {
			if c.State == "" || string(n.State) == c.State {
				list = append(list, n)
			}
		}
		if c.JSON {
			return writeJSON(a.Out, list)
		}
		return a.notices(list)
	})
}

type noticeShowCmd struct {
	ID   string `arg:"" help:"notice_id"`
	JSON bool   `name:"json" help:"json"`
	anyFlags
}

// Run shows a notice as it would go out.
func (c *noticeShowCmd) Run(a *app) error {
	return c.either(a, func(s works) error {
		n, err := boxOver(s).Notice(a.ctx, c.ID)
		if err != nil {
			return err
		}
		if c.JSON {
			return writeJSON(a.Out, n)
		}
		fmt.Fprintf(a.Out, "%s  %s  %s\n", n.ID, a.Text("notices.channel."+n.Channel), a.Text("notices.state."+string(n.State)))
		for _, line := range []struct{ name, value string }{{"to", n.Address}, {"message_id", n.MessageID}, {"detail", n.Detail}} {
			if line.value != "" {
				fmt.Fprintf(a.Out, "%s: %s\n", a.Text("notices."+line.name), safe(line.value))
			}
		}
		fmt.Fprintf(a.Out, "\n%s\n\n", safe(n.Text.Subject))
		for _, line := range strings.Split(n.Text.Body, "\n") {
			fmt.Fprintln(a.Out, safe(line))
		}
		return nil
	})
}

type noticeEditCmd struct {
	ID   string `arg:"" help:"notice_id"`
	Text string `arg:"" help:"notice_text"`
	JSON bool   `name:"json" help:"json"`
	anyFlags
}

// Run gives a draft other words.
func (c *noticeEditCmd) Run(a *app) error {
	text, err := a.text(c.Text)
	if err != nil {
		return err
	}
	subject, body, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return c.either(a, func(s works) error {
		n, err := boxOver(s).Notice(a.ctx, c.ID)
		if err != nil {
			return err
		}
		words := notice.Text{Subject: subject, Body: body}
		if far, ok := s.(*client.Client); ok {
			n, err = far.EditNotice(a.ctx, c.ID, n.Version, words)
		} else {
			n, err = boxOver(s).Edit(a.ctx, c.ID, n.Version, words)
		}
		if err != nil {
			return err
		}
		return a.made(c.JSON, n, n.ID)
	})
}

type noticeApproveCmd struct {
	ID []string `arg:"" help:"notice_ids"`
	anyFlags
}

// Run lets drafts go out that a human has read.
func (c *noticeApproveCmd) Run(a *app) error {
	return c.either(a, func(s works) error {
		for _, id := range c.ID {
			if _, err := moveNotice(a, s, id, "approve", ""); err != nil {
				return err
			}
		}
		return nil
	})
}

type noticeSendCmd struct {
	Case   string `arg:"" help:"case_id"`
	Config string `help:"notice_config" placeholder:"FILE"`
	JSON   bool   `name:"json" help:"json"`
	anyFlags
}

// errNotSent ends the command when a mail did not go out.
var errNotSent = fmt.Errorf("not every mail was sent")

// Run sends the mails that were approved.
func (c *noticeSendCmd) Run(a *app) error {
	return c.either(a, func(s works) error {
		moved, err := c.send(a, s)
		if err != nil {
			return err
		}
		if c.JSON {
			err = writeJSON(a.Out, noticeList(moved))
		} else {
			a.moved(a.Out, moved)
		}
		for _, n := range moved {
			if n.State != notice.Sent && err == nil {
				err = errNotSent
			}
		}
		return err
	})
}

// send sends what was approved, here or at a server, whose configuration counts.
func (c *noticeSendCmd) send(a *app, s works) ([]outbox.Notice, error) {
	if far, ok := s.(*client.Client); ok {
		if c.Config != "" {
			return nil, usageError{fmt.Errorf("--config: %w", errNotHere)}
		}
		return far.SendNotices(a.ctx, c.Case)
	}
	h, _ := s.(here) // there is no other
	b, err := a.box(&space{h.Space, a}, c.Config)
	if err != nil {
		return nil, err
	}
	return b.Run(a.ctx, c.Case)
}

// moved says what became of each mail.
func (a *app) moved(w io.Writer, list []outbox.Notice) {
	if len(list) == 0 {
		fmt.Fprintln(w, a.Text("notices.nothing_to_send"))
	}
	for _, n := range list {
		fmt.Fprintf(w, "%s  %s: %s\n", n.ID, a.Text("notices.state."+string(n.State)), safe(n.Detail))
		if n.State == notice.Unclear {
			fmt.Fprintln(w, "  "+a.Text("notices.resolve", "ID", n.ID, "MessageID", n.MessageID))
		}
	}
}

type noticeLetterCmd struct {
	ID     string `arg:"" help:"notice_id"`
	Out    string `help:"notice_out" required:"" placeholder:"FILE"`
	Config string `help:"notice_config" placeholder:"FILE"`
	anyFlags
}

// Run writes an approved letter as PDF. Who writes and where from is this
// machine's to say.
func (c *noticeLetterCmd) Run(a *app) error {
	return c.either(a, func(s works) error {
		config, err := configOf(a.ctx, s, c.Config)
		if err != nil {
			return err
		}
		n, err := boxOver(s).Notice(a.ctx, c.ID)
		if err != nil {
			return err
		}
		if n.Channel != notice.Letter || (n.State != notice.Queued && n.State != notice.Sent && n.State != notice.Read) {
			return fmt.Errorf("%w: notice %s is a %s and %s: a letter that was approved is printed", account.ErrInvalid, n.ID, n.Channel, n.State)
		}
		return writeFile(c.Out, func(w io.Writer) error { return notice.WriteLetter(w, n.Text, n.Address, n.Lang, config, today()) })
	})
}

// noticeMove is a move that a human notes.
type noticeMove struct {
	ID   string `arg:"" help:"notice_id"`
	Note string `help:"notice_note" placeholder:"FILE"`
	JSON bool   `name:"json" help:"json"`
	anyFlags
}

func (c *noticeMove) move(a *app, step string) (err error) {
	note := ""
	if c.Note != "" {
		if note, err = a.text(c.Note); err != nil {
			return err
		}
	}
	return c.either(a, func(s works) error {
		n, err := moveNotice(a, s, c.ID, step, note)
		if err != nil {
			return err
		}
		if c.JSON {
			return writeJSON(a.Out, n)
		}
		fmt.Fprintf(a.Out, "%s  %s\n", n.ID, a.Text("notices.state."+string(n.State)))
		return nil
	})
}

type noticeToldCmd struct{ noticeMove }

// Run notes that somebody was told by phone, or given or sent the letter.
func (c *noticeToldCmd) Run(a *app) error {
	return c.move(a, "told")
}

type noticeReadCmd struct{ noticeMove }

// Run notes that the person has read it.
func (c *noticeReadCmd) Run(a *app) error {
	return c.move(a, "read")
}

type noticeCancelCmd struct{ noticeMove }

// Run calls a notice off.
func (c *noticeCancelCmd) Run(a *app) error {
	return c.move(a, "cancel")
}

type noticeRetryCmd struct{ noticeMove }

// Run queues a mail again that was not sent.
func (c *noticeRetryCmd) Run(a *app) error {
	return c.move(a, "retry")
}

type noticeResolveCmd struct {
	noticeMove
	Sent bool `help:"notice_sent" xor:"sent" required:""`
	Not  bool `name:"not-sent" help:"notice_not_sent" xor:"sent" required:""`
}

// Run takes the word of a human on a mail that may have been sent.
func (c *noticeResolveCmd) Run(a *app) error {
	if c.Sent {
		return c.move(a, "was_sent")
	}
	return c.move(a, "was_not_sent")
}
