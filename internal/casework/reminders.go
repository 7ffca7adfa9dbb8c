package casework

import (
	"context"

	"github.com/amparo-project/amparo/internal/account/clock"
	"github.com/amparo-project/amparo/internal/account/outbox"
	"github.com/amparo-project/amparo/internal/workspace"
)

// SendReminders drafts the notices of a case that are due, mails each reminder
// to the team once, and sends what is queued. It returns what was drafted, and
// what was sent or failed.
func (w Words) SendReminders(ctx context.Context, ws *workspace.Workspace, b *outbox.Box, caseID string, st *clock.Standing, known map[string]string, due []Reminder) (drafted, moved []outbox.Notice, err error) {
	if drafted, err = DueNotices(ctx, ws, b, caseID, st, known); err != nil {
		return nil, nil, err
	}
	for _, r := range due {
		if err := w.Remind(ctx, b, caseID, r); err != nil {
			return drafted, nil, err
		}
	}
	moved, err = b.Run(ctx, caseID)
	return drafted, moved, err
}
