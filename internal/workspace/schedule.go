package workspace

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/amparo-project/amparo/internal/ledger"
)

// Bounds of how often feeds are asked: publishers have many readers, and what is
// asked less than once a month is no schedule.
const (
	MinEvery = 15 * time.Minute
	MaxEvery = 31 * 24 * time.Hour
)

// Schedule is how often the feeds of indicators are asked for news, by whichever
// process of the workspace looks first. Zero: only when somebody asks.
type Schedule struct {
	Every time.Duration `json:"-"`
	Next  string        `json:"next,omitempty"` // not before; "": at once
	By    string        `json:"by,omitempty"`   // name of the member for whom the jobs act
	Made  string        `json:"made,omitempty"`
}

// SetSchedule has the feeds asked again and again, from now on; 0 ends that. It is
// for managers: like the workers and the files that all go by, it holds for
// everybody and goes on when who set it is not there. Errors wrap
// ErrNotAllowed, ErrInvalid and ErrNoneShared.
func (w *Workspace) SetSchedule(ctx context.Context, every time.Duration) error {
	if every != 0 && (every < MinEvery || every > MaxEvery) {
		return fmt.Errorf("%w: feeds are asked every 15 minutes at most, and every 31 days at least", ErrInvalid)
	}
	if every != 0 { // the jobs act in the name of who sets it
		if err := w.mayUpdate(ctx); err != nil {
			return err
		}
	}
	return w.act(ctx, func(t *tx) error {
		if err := t.manages(); err != nil {
			return err
		}
		if every == 0 {
			if t.exec("DELETE FROM schedule WHERE kind = $1", JobUpdate) > 0 {
				t.record("schedule.removed", "", "", map[string]any{"kind": JobUpdate})
			}
			return t.err
		}
		var j Job
		if err := t.lockOfNone(&j, w.member.ID); err != nil {
			return err
		}
		if _, err := t.ensureShared(); err != nil {
			return err
		}
		if err := t.shareWithWorkers(); err != nil {
			return err
		}
		t.caseOfNone()
		t.exec(`INSERT INTO schedule (kind, member_id, every, next, made) VALUES ($1, $2, $3, '', $4)
			ON CONFLICT (kind) DO UPDATE SET member_id = excluded.member_id, every = excluded.every, next = '', made = excluded.made`,
			JobUpdate, w.member.ID, int64(every/time.Second), t.now)
		t.record("schedule.set", "", "", map[string]any{"kind": JobUpdate, "every": every.String()})
		return t.err
	})
}

// Schedule returns how often the feeds are asked. The error wraps ErrNotAllowed.
func (w *Workspace) Schedule(ctx context.Context) (s Schedule, err error) {
	if err := w.mayShared(ctx); err != nil {
		return s, err
	}
	var seconds int64
	err = w.db.Pool.QueryRowContext(ctx, `SELECT s.every, s.next, s.made, m.name FROM schedule s JOIN member m ON m.id = s.member_id
		WHERE s.kind = $1`, JobUpdate).Scan(&seconds, &s.Next, &s.Made, &s.By)
	if errors.Is(err, sql.ErrNoRows) {
		return Schedule{}, nil
	}
	if err != nil {
		return s, w.fail("schedule", err)
	}
	s.Every = time.Duration(seconds) * time.Second
	return s, nil
}

// due is a schedule as a process sees it that looks whether it is its time.
type due struct {
	member, next string
	every        time.Duration
	now          time.Time
}

// is reports whether it is time. A clock that was wrong when the schedule was
// last looked at may have put it off: no time lies further ahead than one step.
func (d *due) is() bool {
	return d.next <= d.now.Format(ledger.TimeLayout) || d.next > d.now.Add(d.every).Format(ledger.TimeLayout)
}

// Due queues the update of the feeds when it is its time. Of all processes that
// look one queues it, once for all times that passed since the last.
func (k *Worker) Due(ctx context.Context) (queued bool, err error) {
	d, err := k.schedule(ctx, k.db.Pool)
	if err != nil || d == nil || !d.is() {
		return false, err
	}
	err = k.in(ctx, func(t *tx) error {
		if err := t.begin(); err != nil { // jobs are numbered one at a time
			return err
		}
		d, err := k.schedule(ctx, t)
		if err != nil || d == nil || !d.is() {
			return err
		}
		t.exec("UPDATE schedule SET next = $1 WHERE kind = $2", d.now.Add(d.every).Format(ledger.TimeLayout), JobUpdate)
		queued, err = t.queueDue(d)
		return err
	})
	return queued, err
}

// schedule reads the schedule, nil where there is none.
func (k *Worker) schedule(ctx context.Context, q queryer) (*due, error) {
	d := due{now: k.o.Now().UTC()}
	var seconds int64
	err := q.QueryRowContext(ctx, "SELECT member_id, every, next FROM schedule WHERE kind = $1", JobUpdate).Scan(&d.member, &seconds, &d.next)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, k.fail("schedule", err)
	}
	d.every = time.Duration(seconds) * time.Second
	if k.db.Dialect == "postgres" { // one clock for all machines
		if err := q.QueryRowContext(ctx, "SELECT clock_timestamp()").Scan(&d.now); err != nil {
			return nil, k.fail("clock of the database", err)
		}
		d.now = d.now.UTC()
	}
	return &d, nil
}

// queueDue queues the update of a schedule, unless one waits or runs, or it cannot
// be run: by nobody who was removed, and by workers only where they share indicators.
func (t *tx) queueDue(d *due) (bool, error) {
	j := Job{Kind: JobUpdate, ID: newID("J"), State: JobWaiting, Created: t.now, Runs: []string{}, Priority: jobKinds[JobUpdate].priority, member: d.member}
	err := t.lockOfNone(&j, d.member)
	if errors.Is(err, ErrNoneShared) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	var n int
	if err := t.scan("SELECT COUNT(*) FROM member WHERE id = $1 AND removed = '' AND NOT EXISTS (SELECT 1 FROM job WHERE once = $2)", []any{d.member, j.Once}, &n); err != nil || n == 0 {
		return false, err
	}
	t.caseOfNone()
	return true, t.storeJob(&j)
}
