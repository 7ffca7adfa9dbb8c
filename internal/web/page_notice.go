package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/account/notice"
	"github.com/amparo-project/amparo/internal/account/outbox"
	"github.com/amparo-project/amparo/internal/casework"
	"github.com/amparo-project/amparo/internal/workspace"
)

// noticeData is one notice as it goes out, with the proof of each of its moves.
type noticeData struct {
	Case   workspace.Case
	Notice noticeLine
	Moves  []moveLine // the first first
	Steps  []string   // what a person can do with it now
	Letter bool       // it can be printed
	Edit   bool       // its words can be changed
	Note   string
}

type moveLine struct {
	When, StateText, Detail string
	N                       int64 // of the ledger's entry
}

// step is a move of a notice that a person makes, and when it is offered.
type step struct {
	name string
	fits func(n *outbox.Notice) bool
	do   func(ctx context.Context, b *outbox.Box, id, note string) (outbox.Notice, error)
}

var steps = []step{
	{"approve", in(notice.Draft), func(ctx context.Context, b *outbox.Box, id, _ string) (outbox.Notice, error) {
		return b.Approve(ctx, id)
	}},
	{"told", func(n *outbox.Notice) bool { return n.State == notice.Queued && n.Channel != notice.Mail }, func(ctx context.Context, b *outbox.Box, id, note string) (outbox.Notice, error) {
		return b.Hand(ctx, id, note)
	}},
	{"read", in(notice.Sent), func(ctx context.Context, b *outbox.Box, id, note string) (outbox.Notice, error) {
		return b.Reading(ctx, id, note)
	}},
	{"retry", in(notice.Failed), func(ctx context.Context, b *outbox.Box, id, _ string) (outbox.Notice, error) { return b.Retry(ctx, id) }},
	{"was_sent", in(notice.Unclear, notice.Sending), func(ctx context.Context, b *outbox.Box, id, note string) (outbox.Notice, error) {
		return b.Resolve(ctx, id, true, note)
	}},
	{"was_not_sent", in(notice.Unclear, notice.Sending), func(ctx context.Context, b *outbox.Box, id, note string) (outbox.Notice, error) {
		return b.Resolve(ctx, id, false, note)
	}},
	{"cancel", in(notice.Draft, notice.NoChannel, notice.Queued, notice.Failed), func(ctx context.Context, b *outbox.Box, id, note string) (outbox.Notice, error) {
		return b.Cancel(ctx, id, note)
	}},
}

// stepNamed is the move of that name, nil where there is none.
func stepNamed(name string) func(ctx context.Context, b *outbox.Box, id, note string) (outbox.Notice, error) {
	i := slices.IndexFunc(steps, func(s step) bool { return s.name == name })
	if i < 0 {
		return nil
	}
	return steps[i].do
}

func in(states ...notice.State) func(*outbox.Notice) bool {
	return func(n *outbox.Notice) bool { return slices.Contains(states, n.State) }
}

// theNotice returns a notice of the case in the path.
func (q *request) theNotice() (noticeData, *outbox.Box, error) {
	c, err := q.theCase()
	if err != nil {
		return noticeData{}, nil, err
	}
	b := &outbox.Box{Store: q.space.Workspace, Now: q.s.o.Now}
	n, err := b.Notice(q.ctx(), q.path("notice"))
	if err == nil && n.Case != c.ID {
		err = fmt.Errorf("notice %s: %w", n.ID, workspace.ErrNotFound)
	}
	if err != nil {
		return noticeData{}, nil, err
	}
	people, err := q.people(c.ID)
	if err != nil {
		return noticeData{}, nil, err
	}
	names := map[string]string{}
	for i := range people {
		names[people[i].ID] = people[i].Pseudonym
	}
	d := noticeData{Case: c, Notice: q.noticeLine(&n, names)}
	d.Letter = n.Channel == notice.Letter && in(notice.Queued, notice.Sent, notice.Read)(&n)
	if c.State == workspace.CaseOpen {
		d.Edit = n.State == notice.Draft && n.Channel != notice.Mail
		for _, s := range steps {
			if s.fits(&n) {
				d.Steps = append(d.Steps, s.name)
			}
		}
	}
	return d, b, q.moves(&d)
}

// moves are all states that a notice had, each an act in the ledger.
func (q *request) moves(d *noticeData) error {
	l, err := q.space.Entries(q.ctx(), workspace.EntryFilter{Case: d.Case.ID, ID: d.Notice.ID, History: true}, workspace.Page{Limit: workspace.MaxLimit})
	if err != nil {
		return err
	}
	for _, e := range l.Items {
		var n outbox.Notice
		if n, err = outbox.Parse(e); err != nil {
			return err
		}
		d.Moves = append(d.Moves, moveLine{e.Created, q.Text("notices.state." + string(n.State)), n.Detail, e.N})
	}
	return nil
}

func (q *request) noticePage() error {
	d, _, err := q.theNotice()
	if err != nil {
		return err
	}
	return q.render("notice", q.Text("web.notices.one", "ID", d.Notice.ID), d, inSection("cases"))
}

// moveNotice takes a notice a step further, as a person says.
func (q *request) moveNotice() error {
	if err := q.form(); err != nil {
		return err
	}
	d, b, err := q.theNotice() // of this case, and no other
	if err != nil {
		return err
	}
	d.Note = q.value("note")
	do := stepNamed(q.value("step"))
	if do == nil {
		return badRequest{fmt.Errorf("step %q", q.value("step"))}
	}
	n := outbox.Notice{}
	if err = q.hasRead(b, d.Notice.ID); err == nil {
		n, err = do(q.ctx(), b, d.Notice.ID, d.Note)
	}
	if err != nil {
		return q.again(err, "notice", q.Text("web.notices.one", "ID", d.Notice.ID), d, inSection("cases"))
	}
	to := "/cases/" + d.Case.ID + "/notices/" + d.Notice.ID
	return q.done(to, q.Text("web.notices.now", "State", q.Text("notices.state."+string(n.State))))
}

// hasRead is an error where the words of a notice are not those of the page that
// its sender looked at.
func (q *request) hasRead(b *outbox.Box, id string) error {
	seen := q.value("seen")
	if seen == "" {
		return nil // a step that is not about the words
	}
	version, err := strconv.ParseInt(seen, 10, 64)
	if err != nil {
		return badRequest{err}
	}
	return b.Seen(q.ctx(), id, version)
}

// editNotice gives a draft other words.
func (q *request) editNotice() error {
	if err := q.form(); err != nil {
		return err
	}
	d, b, err := q.theNotice() // of this case, and no other
	if err != nil {
		return err
	}
	version, err := strconv.ParseInt(q.value("seen"), 10, 64)
	if err != nil {
		return badRequest{err}
	}
	text := notice.Text{Subject: q.value("subject"), Body: q.value("body")}
	if _, err = b.Edit(q.ctx(), d.Notice.ID, version, text); err != nil {
		d.Notice.Text = text // as it was typed, to be mended
		if errors.Is(err, account.ErrInvalid) {
			err = invalid{"web.notices.bad_words"}
		}
		return q.again(err, "notice", q.Text("web.notices.one", "ID", d.Notice.ID), d, inSection("cases"))
	}
	return q.done("/cases/"+d.Case.ID+"/notices/"+d.Notice.ID, q.Text("web.notices.edited"))
}

// noticeLetter prints a letter that was approved.
func (q *request) noticeLetter() error {
	d, _, err := q.theNotice()
	if err != nil {
		return err
	}
	if !d.Letter {
		return workspace.ErrNotFound
	}
	b, err := q.box()
	if err != nil {
		return invalid{"web.notices.no_config"}
	}
	var out bytes.Buffer
	n := &d.Notice
	if err := notice.WriteLetter(&out, n.Text, n.Address, n.Lang, b.Config, casework.Today(q.s.o.Now())); err != nil {
		return err
	}
	q.attach(n.ID+".pdf", "application/pdf")
	_, _ = q.w.Write(out.Bytes()) // who does not take it is gone
	return nil
}
