package pipeline

import (
	"context"

	"github.com/amparo-project/amparo/internal/finding"
)

// A Watch stands by a check in a process that may die of a file: a parser that
// panics costs its own file, but one that exhausts the memory or the stack
// costs the process.
type Watch struct {
	// Reading is told before a parser gets a file, and when it is done with it.
	// It is called from several goroutines. nil: nobody is told.
	Reading func(artifact, path string, done bool)
	// Trust says how a file may be read. nil: all are trusted.
	Trust func(artifact, path string) Trust
}

// Trust is how a file may be read.
type Trust int

// Ways to read a file.
const (
	Trusted Trust = iota
	Alone         // before the others and beside no other: a process died while it and others were read
	LeftOut       // not at all: a process died of it, twice
)

// LeftOutText is what the coverage says of a file that was left out.
const LeftOutText = "left out: the process that read it died, twice"

func (c *check) name(task int) (artifact, path string) {
	t := &c.sel.tasks[task]
	return c.opts.Parsers[t.parser].Info().Name, t.entry.Path
}

func (c *check) trust(task int) Trust {
	if c.opts.Watch.Trust == nil {
		return Trusted
	}
	return c.opts.Watch.Trust(c.name(task))
}

// watched runs a task under the watch.
func (c *check) watched(ctx context.Context, task int) (out outcome, err error) {
	name, path := c.name(task)
	if c.trust(task) == LeftOut {
		out.state = finding.Failed
		out.errs.add(finding.Problem{Path: path, Error: LeftOutText})
		return out, nil
	}
	if c.opts.Watch.Reading != nil {
		c.opts.Watch.Reading(name, path, false)
		defer c.opts.Watch.Reading(name, path, true)
	}
	return c.runTask(ctx, task)
}

// alone runs the tasks that are to run beside no other, and returns the rest.
func (c *check) alone(ctx context.Context, jobs []job, outcomes []outcome) ([]job, error) {
	if c.opts.Watch.Trust == nil {
		return jobs, nil
	}
	rest := jobs[:0:0]
	for _, j := range jobs {
		if j.task < 0 || c.trust(j.task) != Alone {
			rest = append(rest, j)
			continue
		}
		if err := c.do(ctx, j, outcomes); err != nil {
			return nil, err
		}
	}
	return rest, nil
}
