package casework

import (
	"context"
	"fmt"
	"time"

	"github.com/amparo-project/amparo/internal/account/clock"
	"github.com/amparo-project/amparo/internal/account/docket"
	"github.com/amparo-project/amparo/internal/account/notice"
	"github.com/amparo-project/amparo/internal/account/outbox"
	"github.com/amparo-project/amparo/internal/account/term"
	"github.com/amparo-project/amparo/internal/workspace"
)

// Today is the day that it is here, by a clock.
func Today(now time.Time) time.Time {
	y, m, d := now.Date()
	return term.Day(y, m, d)
}

// Standing counts how the account of a case stands on a day, and tells on which
// day each answer became known.
func Standing(ctx context.Context, d *docket.Docket, on time.Time) (*clock.Standing, map[string]string, error) {
	r, known, err := d.Load(ctx)
	if err != nil {
		return nil, nil, err
	}
	return r.At(on, d.Terms), known, nil
}

// DueNotices drafts the notices that are due of all that happened in a case.
func DueNotices(ctx context.Context, w *workspace.Workspace, b *outbox.Box, caseID string, st *clock.Standing, known map[string]string) ([]outbox.Notice, error) {
	findings, err := docket.Findings(ctx, w, caseID)
	if err != nil {
		return nil, err
	}
	return b.Due(ctx, caseID, append(findings, docket.Happenings(st, known)...))
}

// A Reminder is a date that is near or past.
type Reminder struct {
	clock.Date
	Passed bool `json:"passed"`
}

// DueWithin lists the dates of the next days, and those that have passed.
func DueWithin(st *clock.Standing, days int) []Reminder {
	out := []Reminder{}
	last := st.On.AddDate(0, 0, days).Format(time.DateOnly)
	on := st.On.Format(time.DateOnly)
	for _, d := range st.Dates {
		if d.Day <= last {
			out = append(out, Reminder{d, d.Day < on})
		}
	}
	return out
}

// Reminder says what is due.
func (w Words) Reminder(r Reminder) string {
	when := w.Text("promises.reminder_coming")
	if r.Passed {
		when = w.Text("promises.reminder_passed")
	}
	return fmt.Sprintf("%s  %s: %s (%s)", r.Day, when, w.Date(r.Date), r.ID)
}

// Remind queues one reminder to the team, once for each date and stage.
func (w Words) Remind(ctx context.Context, b *outbox.Box, caseID string, r Reminder) error {
	stage := "coming"
	if r.Passed {
		stage = "passed"
	}
	text := notice.Text{
		Subject: w.Text("promises.reminder_subject", "Case", caseID), Body: w.Text("promises.reminder_body", "Case", caseID, "Line", w.Reminder(r)),
	}
	_, err := b.Remind(ctx, caseID, w.Lang(), notice.Event{Kind: "reminder", ID: r.ID + " " + r.Kind + " " + stage, Day: r.Day}, text)
	return err
}
