package job

import (
	"context"

	"github.com/amparo-project/amparo/internal/workspace"
)

// Attempt has this process claim a job, do it and say so, once. Where something
// fails nothing more is written, as if the process had been killed there.
func (e *Engine) Attempt(ctx context.Context, id string) error {
	e.init()
	j, err := e.worker.Claim(ctx, id)
	if err != nil {
		return err
	}
	c := &running{job: j}
	if c.space, c.private, err = e.open(ctx, &j); err != nil {
		return err
	}
	if err := e.work(ctx, c); err != nil {
		return err
	}
	last := c.now()
	return e.worker.End(ctx, &last, workspace.JobDone, "")
}
