package web

import (
	"archive/tar"
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/amparo-project/amparo/internal/account/book"
	"github.com/amparo-project/amparo/internal/account/notice"
	"github.com/amparo-project/amparo/internal/account/outbox"
	"github.com/amparo-project/amparo/internal/account/term"
	"github.com/amparo-project/amparo/internal/casework"
	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/limit"
)

type (
	wishBody struct {
		InCase
		Body struct {
			Person  string   `json:"person" minLength:"1" maxLength:"200" doc:"id or pseudonym"`
			Channel string   `json:"channel" enum:"mail,letter,phone"`
			Events  []string `json:"events,omitempty" maxItems:"3" doc:"finding, answer, term; without it: all"`
			Lang    string   `json:"lang,omitempty" enum:"en,es"`
			Address string   `json:"address,omitempty" maxLength:"2000" doc:"without it: one of the person's ways to be reached"`
			Since   string   `json:"since,omitempty" format:"date" doc:"without it: today"`
		}
	}
	noticeStep struct {
		Notice string `path:"notice" maxLength:"20"`
		Body   struct {
			Step string `json:"step" enum:"approve,told,read,retry,was_sent,was_not_sent,cancel"`
			Note string `json:"note,omitempty" maxLength:"15000"`
		}
	}
	noticeWords struct {
		Notice string `path:"notice" maxLength:"20"`
		Body   struct {
			Version int64  `json:"version" doc:"that was read: there may be a later one, which is not overwritten"`
			Subject string `json:"subject" minLength:"1" maxLength:"200"`
			Body    string `json:"body" minLength:"1" maxLength:"15000"`
		}
	}
	concernBody struct {
		InCase
		Body struct {
			Rule   string `json:"rule" minLength:"1" maxLength:"100"`
			Event  string `json:"event" minLength:"1" maxLength:"20"`
			State  string `json:"state" enum:"confirmed,dismissed"`
			Reason string `json:"reason" minLength:"1" maxLength:"15000"`
		}
	}
	registerBody struct {
		InCase
		Body book.Register
	}
	listFile struct {
		InCase
		Form string `path:"form" enum:"bis,eu,ofac,inventory"`
	}
	remindBody struct {
		InCase
		Body struct {
			On     string `json:"on,omitempty" format:"date" doc:"without it: today"`
			Within int    `json:"within,omitempty" minimum:"0" maximum:"3650" default:"7" doc:"days"`
		}
	}
	remindedAnswer struct {
		Due     []casework.Reminder `json:"due"`
		Drafted []outbox.Notice     `json:"drafted"`
		Sent    []outbox.Notice     `json:"sent"`
	}
	noticesAnswer struct {
		Notices []outbox.Notice `json:"notices"`
	}
	listAnswer struct {
		ID      string   `json:"id,omitempty"`
		Entries int      `json:"entries,omitempty"`
		SHA256  []string `json:"sha256"`
		Parties []string `json:"parties,omitempty" doc:"of an inventory: ids"`
	}
)

// outboxOf is the outbox of a workspace. Without a configuration err says why.
func (a *api) outboxOf(ctx context.Context, sp *examine.Space) (b *outbox.Box, err error) {
	b = &outbox.Box{Store: sp.Workspace, Now: a.s.o.Now, Send: a.s.o.SendMail}
	b.Config, err = a.s.o.Notices(ctx, sp)
	return b, err
}

func (a *api) notices() {
	add(a, ScopeAccount, http.MethodPost, "/cases/{case}/wishes", "ask-to-be-told", "Record that a person wants to be told, in place of what they asked for before",
		func(ctx context.Context, sp *examine.Space, in *wishBody) (outbox.Wish, error) {
			b, _ := a.outboxOf(ctx, sp) // asking needs no configuration
			x := &in.Body
			return b.Ask(ctx, in.Case, outbox.Wish{Person: x.Person, Channel: x.Channel, Events: x.Events, Lang: x.Lang, Address: x.Address, Since: x.Since})
		})
	add(a, ScopeAccount, http.MethodPost, "/cases/{case}/notices/due", "draft-notices", "Draft what is due: one notice for each person and event",
		func(ctx context.Context, sp *examine.Space, in *InCase) (noticesAnswer, error) {
			b, err := a.outboxOf(ctx, sp)
			if err != nil {
				return noticesAnswer{}, err
			}
			d, err := a.docketOf(ctx, sp, in.Case)
			if err != nil {
				return noticesAnswer{}, err
			}
			st, known, err := casework.Standing(ctx, d, d.Today)
			if err != nil {
				return noticesAnswer{}, err
			}
			made, err := casework.DueNotices(ctx, sp.Workspace, b, in.Case, st, known)
			return noticesAnswer{append([]outbox.Notice{}, made...)}, err
		})
	add(a, ScopeAccount, http.MethodPost, "/cases/{case}/notices/send", "send-notices", "Send the mails that were approved, each once",
		func(ctx context.Context, sp *examine.Space, in *InCase) (noticesAnswer, error) {
			b, err := a.outboxOf(ctx, sp)
			if err != nil {
				return noticesAnswer{}, err
			}
			moved, err := b.Run(context.WithoutCancel(ctx), in.Case)
			return noticesAnswer{append([]outbox.Notice{}, moved...)}, err
		})
	add(a, ScopeAccount, http.MethodPost, "/cases/{case}/reminders", "send-reminders", "Draft the notices that are due, mail each reminder to the team once, and send what is queued",
		func(ctx context.Context, sp *examine.Space, in *remindBody) (out remindedAnswer, err error) {
			return a.remind(ctx, sp, in)
		})
	add(a, ScopeAccount, http.MethodPost, "/notices/{notice}", "move-notice", "Take a notice a step further, as a person says",
		func(ctx context.Context, sp *examine.Space, in *noticeStep) (outbox.Notice, error) {
			b := &outbox.Box{Store: sp.Workspace, Now: a.s.o.Now}
			return stepNamed(in.Body.Step)(ctx, b, in.Notice, in.Body.Note)
		})
}

func (a *api) remind(ctx context.Context, sp *examine.Space, in *remindBody) (out remindedAnswer, err error) {
	b, err := a.outboxOf(ctx, sp)
	if err != nil {
		return out, err
	}
	d, err := a.docketOf(ctx, sp, in.Case)
	if err != nil {
		return out, err
	}
	on := d.Today
	if in.Body.On != "" {
		if on, err = term.ParseDay(in.Body.On, time.UTC); err != nil {
			return out, err
		}
	}
	st, known, err := casework.Standing(ctx, d, on)
	if err != nil {
		return out, err
	}
	out.Due = casework.DueWithin(st, in.Body.Within)
	drafted, sent, err := callerOf(ctx).words().SendReminders(context.WithoutCancel(ctx), sp.Workspace, b, in.Case, st, known, out.Due)
	out.Drafted, out.Sent = append([]outbox.Notice{}, drafted...), append([]outbox.Notice{}, sent...)
	return out, err
}

// editing is the operation that gives drafts other words.
func (a *api) editing() {
	add(a, ScopeAccount, http.MethodPut, "/notices/{notice}/text", "edit-notice", "Give a draft other words: a letter, or what is said by phone; a mail says the same to everybody",
		func(ctx context.Context, sp *examine.Space, in *noticeWords) (outbox.Notice, error) {
			b := &outbox.Box{Store: sp.Workspace, Now: a.s.o.Now}
			return b.Edit(ctx, in.Notice, in.Body.Version, notice.Text{Subject: in.Body.Subject, Body: in.Body.Body})
		})
}

func (a *api) concerns() {
	add(a, ScopeAccount, http.MethodPost, "/cases/{case}/concerns", "decide-concern", "Confirm or dismiss a concern that a rule proposes of an event",
		func(ctx context.Context, sp *examine.Space, in *concernBody) (casework.Decision, error) {
			rules, _, err := a.s.o.Concerns()
			if err != nil {
				return casework.Decision{}, err
			}
			x := &in.Body
			return casework.Decide(ctx, sp.Workspace, rules, in.Case, casework.Decision{Rule: x.Rule, Event: x.Event, State: x.State, Reason: x.Reason})
		})
	create(a, ScopeAccount, "/cases/{case}/register", "add-register", "Write parties, deals and attributions of the trade down, all or none",
		func(ctx context.Context, sp *examine.Space, in *registerBody) (idsAnswer, error) {
			ids, err := book.PutRegister(ctx, sp.Workspace, in.Case, &in.Body)
			return idsAnswer{ids}, err
		})
	receive(a, ScopeAccount, http.MethodPut, "/cases/{case}/lists/{form}", "put-list",
		"Take in a list as it is published, in place of the one before, or an inventory; several files of one list come as application/x-tar", bytesType,
		func(ctx context.Context, sp *examine.Space, in *listFile) (listAnswer, error) {
			files, err := callerOf(ctx).listFiles()
			if err != nil {
				return listAnswer{}, err
			}
			done, err := casework.Import(ctx, sp.Workspace, in.Case, in.Form, files, a.s.o.Now())
			return listAnswer{done.ID, done.Entries, done.SHA256, done.Parties}, err
		})
}

// maxListFiles bounds the files of one list.
const maxListFiles = 16

// listFiles reads the body: a file, or an archive of several.
func (c *caller) listFiles() ([][]byte, error) {
	body := http.MaxBytesReader(c.w, c.stream, maxTradeFile)
	if c.r.Header.Get("Content-Type") != tarType {
		data, err := limit.ReadAll(body, maxTradeFile)
		return [][]byte{data}, err
	}
	var files [][]byte
	for t := tar.NewReader(body); ; {
		_, err := t.Next()
		switch {
		case errors.Is(err, io.EOF):
			return files, nil
		case err != nil:
			return nil, badRequest{err}
		case len(files) == maxListFiles:
			return nil, invalid{"web.trade.not_read"}
		}
		data, err := limit.ReadAll(t, maxTradeFile)
		if err != nil {
			return nil, err
		}
		files = append(files, data)
	}
}
