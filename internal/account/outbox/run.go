package outbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/account/notice"
	"github.com/amparo-project/amparo/internal/workspace"
)

// ErrSending says that a process may still be sending a notice.
var ErrSending = errors.New("the notice is being sent")

// Run sends every mail of a case that was approved, and returns what moved.
// What a dead process left Sending becomes Unclear. Letters and calls wait for
// Hand. It may be run by several processes, and again at any time.
func (b *Box) Run(ctx context.Context, caseID string) ([]Notice, error) {
	return b.run(ctx, caseID, notice.Failed)
}

// ErrAgain says that mails surely were not sent, for a reason that passes, and
// wait to be sent again.
var ErrAgain = errors.New("mails were not sent, and are tried again")

// Deliver is Run for a job that comes again: what surely was not sent, for a
// reason that passes, waits for it in the state Queued, and the error wraps
// ErrAgain. The last time it is Failed, for a human. When ctx ends, a mail that
// was begun is brought to its end, and no other is begun.
func (b *Box) Deliver(ctx context.Context, caseID string, last bool) ([]Notice, error) {
	if last {
		return b.run(ctx, caseID, notice.Failed)
	}
	return b.run(ctx, caseID, notice.Queued)
}

// run sends mails. later is the state of those that were not sent for a reason
// that passes.
func (b *Box) run(ctx context.Context, caseID string, later notice.State) ([]Notice, error) {
	list, err := b.Notices(ctx, caseID)
	if err != nil {
		return nil, err
	}
	var moved []Notice
	var again error
	for i := range list {
		if ctx.Err() != nil {
			return moved, context.Cause(ctx)
		}
		n := &list[i]
		switch {
		case n.State == notice.Sending && b.dead(n):
			err = b.move(ctx, n, notice.Unclear, "the process that sent it ended without a word")
		case n.State == notice.Queued && n.Channel == notice.Mail:
			err = b.send(context.WithoutCancel(ctx), n, later)
			if err == nil && n.State == notice.Queued {
				again = fmt.Errorf("case %s: %w", caseID, ErrAgain)
			}
		default:
			continue
		}
		if errors.Is(err, workspace.ErrChanged) {
			continue // another process has it
		}
		if err != nil {
			return moved, err
		}
		moved = append(moved, *n)
	}
	return moved, again
}

func (b *Box) dead(n *Notice) bool {
	until, err := time.Parse(time.RFC3339, n.Until)
	return err != nil || b.Now().After(until)
}

// send sends one mail.
func (b *Box) send(ctx context.Context, n *Notice, later notice.State) error {
	if err := b.Config.Ready(); err != nil {
		return err
	}
	now := b.Now().UTC()
	next := *n
	next.Until = now.Add(notice.MaxSending).Format(time.RFC3339)
	if next.Date == "" {
		next.Date = now.Format(time.RFC3339)
	}
	if err := b.move(ctx, &next, notice.Sending, ""); err != nil {
		return err
	}
	*n = next
	date, err := time.Parse(time.RFC3339, n.Date)
	if err != nil {
		return fmt.Errorf("notice %s: %w", n.ID, err)
	}
	give := b.Send
	if give == nil {
		give = notice.Send
	}
	o := give(ctx, b.Config, notice.Message{ID: n.MessageID, To: n.Address, Text: n.Text, Date: date})
	if o.State == notice.Failed && o.Passes {
		o.State = later
	}
	return b.move(ctx, n, o.State, o.Detail)
}

// Approve lets a draft go out: a human has read it.
func (b *Box) Approve(ctx context.Context, id string) (Notice, error) {
	return b.step(ctx, id, notice.Queued, "")
}

// Cancel calls a notice off.
func (b *Box) Cancel(ctx context.Context, id, why string) (Notice, error) {
	return b.step(ctx, id, notice.Cancelled, why)
}

// Retry queues a mail again that surely was not sent: the same message.
func (b *Box) Retry(ctx context.Context, id string) (Notice, error) {
	return b.step(ctx, id, notice.Queued, "")
}

// Hand notes that a person was told by phone, or given or sent a letter.
func (b *Box) Hand(ctx context.Context, id, note string) (Notice, error) {
	n, err := b.Notice(ctx, id)
	if err == nil && n.Channel == notice.Mail {
		err = fmt.Errorf("%w: notice %s is a mail: it is sent, not handed over", account.ErrInvalid, id)
	}
	if err != nil {
		return n, err
	}
	return n, b.move(ctx, &n, notice.Sent, note)
}

// Reading notes that the person has read it, or said so.
func (b *Box) Reading(ctx context.Context, id, note string) (Notice, error) {
	return b.step(ctx, id, notice.Read, note)
}

func (b *Box) step(ctx context.Context, id string, to notice.State, detail string) (Notice, error) {
	n, err := b.Notice(ctx, id)
	if err != nil {
		return n, err
	}
	return n, b.move(ctx, &n, to, detail)
}

// Resolve takes the word of a human on a mail that may have been sent: who
// looked for its Message-ID at the server, or asked the person. One that was
// not sent is Failed, and can be queued again. The error wraps ErrSending
// while a process may still be at it.
func (b *Box) Resolve(ctx context.Context, id string, sent bool, note string) (Notice, error) {
	n, err := b.Notice(ctx, id)
	if err != nil {
		return n, err
	}
	if n.State == notice.Sending {
		if !b.dead(&n) {
			return n, fmt.Errorf("%w, until %s", ErrSending, n.Until)
		}
		if err := b.move(ctx, &n, notice.Unclear, "the process that sent it ended without a word"); err != nil {
			return n, err
		}
	}
	if n.State != notice.Unclear {
		return n, fmt.Errorf("notice %s: %w: it is %s, and not unclear", id, notice.ErrMove, n.State)
	}
	to := notice.Failed
	if sent {
		to = notice.Sent
	}
	return n, b.move(ctx, &n, to, note)
}

// Remind queues a mail to the team, once for a cause.
func (b *Box) Remind(ctx context.Context, caseID, lang string, e notice.Event, text notice.Text) ([]Notice, error) {
	var made []Notice
	for _, to := range b.Config.Team {
		n := Notice{
			Case: caseID, State: notice.Queued, Channel: notice.Mail, Lang: lang, Address: to, Event: e, Text: text,
			MessageID: notice.NewMessageID(b.Config.From), key: keyOf("team "+to, e),
		}
		err := b.put(ctx, &n, "reminder.queued")
		if errors.Is(err, workspace.ErrExists) {
			continue
		}
		if err != nil {
			return made, err
		}
		made = append(made, n)
	}
	return made, nil
}
