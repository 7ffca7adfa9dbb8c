package job_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/casework"
	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/job"
	"github.com/amparo-project/amparo/internal/workspace"
)

// TestLinksJob compares people by a worker, which cannot read the graph that it
// keeps, also after another was killed when it had kept it.
func TestLinksJob(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *lab) {
		l.checked()
		times := 0
		compare := func(ctx context.Context, s *examine.Space, caseID string, m *indicator.Matcher) error {
			times++
			_, err := casework.Links(ctx, s.Workspace, caseID, m)
			return err
		}
		j := l.add(workspace.JobLinks)
		stop := l.worker(func(e *job.Engine) { quick(e); e.Links = compare })
		if got := l.ended(j.ID); got.State != workspace.JobDone {
			t.Errorf("%+v", got)
		}
		stop()
		got, err := l.KeptLinks(t.Context(), l.caseID, "")
		l.ok(err)
		again, err := casework.Links(t.Context(), l.Workspace, l.caseID, nil)
		l.ok(err)
		if got.Made == "" || got.People != 1 {
			t.Errorf("%+v", got)
		}
		again.Made = got.Made
		if d := cmp.Diff(again, got); d != "" {
			t.Errorf("the worker's graph (-member +worker): %s", d)
		}

		j = l.add(workspace.JobLinks)
		dead := workspace.NewWorker(l.Database(), workspace.WorkerOptions{Now: time.Now})
		claimed, err := dead.Claim(t.Context(), j.ID)
		l.ok(err)
		w, _, err := workspace.OpenJob(t.Context(), l.Database(), time.Now, l.pool, &claimed)
		l.ok(err)
		_, err = casework.Links(t.Context(), w.Under(&claimed, dead.Name()), l.caseID, nil)
		l.ok(err)
		before := times
		stop = l.worker(func(e *job.Engine) { quick(e); e.Links = compare })
		if got := l.ended(j.ID); got.State != workspace.JobDone || got.Attempts != 2 || times != before {
			t.Errorf("compared %d times more: %+v", times-before, got)
		}
		stop()
	})
}
