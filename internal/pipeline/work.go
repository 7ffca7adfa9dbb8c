package pipeline

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/amparo-project/amparo/internal/finding"
)

// job is a piece of work for one core: a task to run, or a file to hash.
type job struct {
	task int     // -1: hash
	file *opened // of a hash job
	size int64
}

// work runs all tasks and hashes all their files, the largest first so that
// no core is left with a long one at the end. It returns an outcome for each
// task and the first error of the machine.
func (c *check) work(ctx context.Context) ([]outcome, error) {
	outcomes := make([]outcome, len(c.sel.tasks))
	c.progress = &meter{report: c.opts.Progress, tasks: len(c.sel.tasks)}
	done, err := c.goOn(ctx, outcomes)
	if err != nil {
		return outcomes, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	jobs := c.jobs(ctx, done)
	jobs, err = c.alone(ctx, jobs, outcomes)
	if err != nil {
		return outcomes, err
	}
	queue := make(chan job)
	var (
		wg   sync.WaitGroup
		once sync.Once
		fail error
	)
	for range c.opts.Workers {
		wg.Go(func() {
			for j := range queue {
				if err := c.do(ctx, j, outcomes); err != nil {
					once.Do(func() { fail = err; cancel(err) })
				}
			}
		})
	}
	for _, j := range jobs {
		queue <- j
	}
	close(queue)
	wg.Wait()
	// Companions and sidecars are opened by parsers on the way.
	c.files.each(func(_ string, o *opened) {
		if o.sum == "" && o.sumErr == nil && ctx.Err() == nil {
			o.hash(ctx)
		}
	})
	return outcomes, fail
}

// jobs opens the files of all tasks, to know how large each is, and plans those
// that are not done yet.
func (c *check) jobs(ctx context.Context, done []bool) []job {
	var jobs []job
	seen := map[*digest]bool{}
	for i, t := range c.sel.tasks {
		o, err := c.files.get(ctx, t.entry.Path)
		if err != nil {
			if !done[i] {
				jobs = append(jobs, job{task: i})
			}
			continue
		}
		if !done[i] {
			jobs = append(jobs, job{task: i, size: o.file.Size()})
		}
		if !seen[o.digest] {
			seen[o.digest] = true
			c.progress.total += o.size
			// A parser takes about ten times as long as a hash: where both wait, it goes first.
			jobs = append(jobs, job{task: -1, file: o, size: o.size / 10})
		}
	}
	slices.SortStableFunc(jobs, func(a, b job) int { return int(min(1, max(-1, b.size-a.size))) })
	return jobs
}

func (c *check) do(ctx context.Context, j job, outcomes []outcome) (err error) {
	if j.task < 0 {
		j.file.hash(ctx)
		c.keeper.hashed(j.file)
		c.progress.hashed(j.file.size)
		return nil
	}
	if ctx.Err() != nil {
		outcomes[j.task].state = finding.Failed
		outcomes[j.task].errs.add(finding.Problem{
			Path: c.sel.tasks[j.task].entry.Path, Error: "not read: " + context.Cause(ctx).Error(),
		})
		return nil
	}
	outcomes[j.task], err = c.watched(ctx, j.task)
	c.progress.done()
	return err
}

// meter counts what is done and tells it now and then.
type meter struct {
	report       func(Progress)
	tasks        int
	total        int64
	finished     atomic.Int64
	records, sum atomic.Int64
}

// recordsPerReport keeps telling cheap.
const recordsPerReport = 4096

func (m *meter) record() {
	if n := m.records.Add(1); n%recordsPerReport == 0 {
		m.tell()
	}
}

func (m *meter) hashed(n int64) { m.sum.Add(n); m.tell() }
func (m *meter) done()          { m.finished.Add(1); m.tell() }

func (m *meter) tell() {
	if m.report != nil {
		m.report(Progress{
			Tasks: m.tasks, Done: int(m.finished.Load()), Records: m.records.Load(),
			Bytes: m.sum.Load(), Total: m.total,
		})
	}
}
